package sqltest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// OnePostWins posts one good response a hundred times at once, half of them to another
// process that is an instance of the same host. One is let in.
func OnePostWins(t *testing.T, d Database) {
	const posts = 100
	h := newHost(t, d.Store(t))
	k := d.task("serve")
	k.Origin, k.Secret = h.site.URL, h.secret[:]
	other := start(t, k)
	site, err := other.line()
	if err != nil {
		t.Fatal(err)
	}
	_, cookies, resp, err := h.start(t.Context(), "192.0.2.1")
	must(t, err)
	path := strings.TrimPrefix(resp.ACS, h.site.URL)
	if path == resp.ACS {
		t.Fatalf("the response goes to %s", resp.ACS)
	}
	form := url.Values{"SAMLResponse": {resp.SAMLResponse}, "RelayState": {resp.RelayState}}.Encode()
	client := &http.Client{Timeout: soon, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	in := map[string]int{} // by status, and whether there is a session
	var mu sync.Mutex
	together(t, posts, func(i int) error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, []string{h.site.URL, site}[i%2]+path, strings.NewReader(form))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, c := range cookies {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
		res, err := client.Do(r)
		if err != nil {
			return err
		}
		res.Body.Close()
		session := false
		for _, c := range res.Cookies() {
			session = session || c.Name == "__Host-accesssec" && c.Value != ""
		}
		mu.Lock()
		defer mu.Unlock()
		in[fmt.Sprintf("%d, session %v", res.StatusCode, session)]++
		return nil
	})
	if in["303, session true"] != 1 || in["403, session false"] != posts-1 {
		t.Errorf("answers: %v; want one 303 with a session and %d times 403 without", in, posts-1)
	}
	if n := len(h.sessions(t)); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
	if n := len(h.events(t, string(audit.SessionCreated))); n != 1 {
		t.Errorf("%d sign-ins in the log, want 1", n)
	}
	must(t, other.end())
}

// serveTask is an instance of the host, until the end of its input.
func serveTask(ctx context.Context, k task) error {
	db, err := k.database().open()
	if err != nil {
		return err
	}
	defer db.Close()
	st, err := sqlstore.Open(db, k.Dialect, &sqlstore.Options{Prefix: k.Prefix, Schema: k.Schema})
	if err != nil {
		return err
	}
	if len(k.Secret) != 32 {
		return errors.New("sqltest: no key")
	}
	svc, err := service(st, k.Origin, [32]byte(k.Secret))
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: handler(svc)}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	if err := ready("http://" + l.Addr().String()); err != nil {
		return err
	}
	err = srv.Shutdown(ctx)
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		return end
	}
	return err
}

// signIns compares what the store has with what the log says and with what people were
// told: every session has its event, every event its session, and who was let in has one
// of them.
func (h *host) signIns(t *testing.T, in []*accesssec.Entered) {
	t.Helper()
	kept := map[string]bool{}
	for _, s := range h.sessions(t) {
		kept[s.ID] = true
	}
	events := h.events(t, string(audit.SessionCreated))
	for _, e := range events {
		found := false
		for id := range kept {
			found = found || strings.Contains(string(e.Body), `"`+id+`"`)
		}
		if !found {
			t.Errorf("the log says that somebody signed in of whom there is no session: %s", e.Body)
		}
	}
	if len(events) != len(kept) {
		t.Errorf("%d sessions, %d sign-ins in the log", len(kept), len(events))
	}
	for _, e := range in {
		if !kept[e.Principal.SessionID] {
			t.Error("somebody was let in of whom there is no session")
		}
	}
}

// together runs fn n times at once. An error fails the test.
func together(t testing.TB, n int, fn func(int) error) {
	t.Helper()
	errs := make([]error, n)
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-gate
			errs[i] = fn(i)
		})
	}
	close(gate)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}
