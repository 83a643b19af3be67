package flowtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// limitsFlows: on guessing, from one place and from many, and what they don't do to the
// person who is guessed at.
func limitsFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"doubling, and forgotten":           limitDoubles,
		"one address from many networks":    limitWide,
		"many addresses from one network":   limitNetwork,
		"a known browser is counted apart":  limitKnownBrowser,
		"one address, however it is typed":  limitSpellings,
		"a flood of others forgets nothing": limitFlood,
		"headers that anybody can send":     limitForgedHeaders,
		"an IPv6 network is one":            limitIPv6,
		"bad responses don't fill the log":  limitResponses,
		"a success forgets the failures":    limitForgets,
		"a zero visit starts no sign-on":    limitZeroVisit,
		"what is due is done":               limitTick,
		"Prove and signing in don't mingle": limitProveApart,
		"a fault is no guess":               limitFault,
	})
}

// from is a new browser in that network.
func (w *world) from(ip string) accesssec.Visit {
	v := w.visit()
	v.IP = ip
	return v
}

func (w *world) guess(v accesssec.Visit, address, password string) accesssec.Code {
	w.t.Helper()
	_, err := w.svc.SignIn().Password(w.ctx, v, address, password)
	return w.code(err)
}

func limitDoubles(t *testing.T, w *world) {
	withAnn(w)
	v := w.from("192.0.2.1")
	for range 5 {
		w.guess(v, "ann@example.com", "wrong")
	}
	for _, wait := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute} {
		w.advance(wait - time.Microsecond)
		if got := w.guess(v, "ann@example.com", right); got != accesssec.CodeLocked {
			t.Errorf("before %v have passed: %q", wait, got)
		}
		w.advance(time.Microsecond)
		if got := w.guess(v, "ann@example.com", "wrong"); got != accesssec.CodeWrongPassword {
			t.Errorf("after %v: %q", wait, got)
		}
	}
	w.advance(25 * time.Hour)
	if got := w.guess(v, "ann@example.com", right); got != "" {
		t.Errorf("a day later: %q", got)
	}
}

func limitWide(t *testing.T, w *world) {
	withAnn(w)
	looked := 0
	for i := range 100 {
		if w.guess(w.from(fmt.Sprintf("192.0.2.%d", i)), "ann@example.com", "wrong") == accesssec.CodeWrongPassword {
			looked++
		}
	}
	if looked != 50 {
		t.Errorf("%d of 100 were looked at, want 50", looked)
	}
	if got := w.guess(w.from("198.51.100.1"), "zoe@example.com", right); got != "" {
		t.Errorf("somebody else: %q", got)
	}
}

// limitFlood: counts are the store's, so that many of them push none out.
func limitFlood(t *testing.T, w *world) {
	withAnn(w)
	locked := w.from("192.0.2.1")
	for range 6 {
		w.guess(locked, "ann@example.com", "wrong")
	}
	for i := range 300 {
		w.guess(w.from(fmt.Sprintf("198.51.%d.%d", 100+i/200, i%200)), fmt.Sprintf("p%d@example.com", i), "wrong")
	}
	w.tick(w.svc)
	if got := w.guess(locked, "ann@example.com", right); got != accesssec.CodeLocked {
		t.Errorf("after the flood: %q", got)
	}
}

func limitNetwork(t *testing.T, w *world) {
	acme := withAnn(w)
	looked := 0
	for i := range 150 {
		if w.guess(w.from("192.0.2.1"), fmt.Sprintf("p%d@example.com", i), "wrong") == accesssec.CodeWrongPassword {
			looked++
		}
	}
	if looked != 100 {
		t.Errorf("%d of 150 were looked at, want 100", looked)
	}
	if n := len(acme.events(audit.LoginRefused)); n != 100 {
		t.Errorf("%d lines in the log", n)
	}
	if got := w.guess(w.from("192.0.2.2"), "ann@example.com", right); got != "" {
		t.Errorf("from another network: %q", got)
	}
}

func limitSpellings(t *testing.T, w *world) {
	withAnn(w)
	v := w.from("192.0.2.1")
	for i, address := range []string{"ann@example.com", "ANN@example.com", "Ann@Example.COM", "anN@example.Com", "ann@EXAMPLE.com", "aNN@example.com"} {
		want := accesssec.CodeWrongPassword
		if i == 5 {
			want = accesssec.CodeLocked
		}
		if got := w.guess(v, address, "wrong"); got != want {
			t.Errorf("%q: %q", address, got)
		}
	}
}

// limitForgedHeaders: whoever is not told to trust a header has the address of the connection.
func limitForgedHeaders(t *testing.T, w *world) {
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "True-Client-Ip", "Client-Ip", "Cf-Connecting-Ip"} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr = "192.0.2.1:4711"
		r.Header.Set(name, "203.0.113.7")
		if v := w.svc.SignIn().Visit(httptest.NewRecorder(), r); v.IP != "192.0.2.1" {
			t.Errorf("by %s it comes from %q", name, v.IP)
		}
	}
}

// limitKnownBrowser: strangers can't keep a person out of the browser they use.
func limitKnownBrowser(t *testing.T, w *world) {
	withAnn(w)
	mine := w.from("203.0.113.9")
	if got := w.guess(mine, "ann@example.com", right); got != "" {
		t.Fatal(got)
	}
	for i := range 60 {
		w.guess(w.from(fmt.Sprintf("192.0.2.%d", i)), "ann@example.com", "wrong")
	}
	for i := range 110 {
		w.guess(w.from("203.0.113.9"), fmt.Sprintf("p%d@example.com", i), "wrong")
	}
	if got := w.guess(w.from("198.51.100.1"), "ann@example.com", right); got != accesssec.CodeLocked {
		t.Errorf("a new browser: %q", got)
	}
	if got := w.guess(mine, "ANN@example.com", right); got != "" {
		t.Errorf("the known one: %q", got)
	}
	// It is known for one person, and guesses are counted there as well.
	if got := w.guess(mine, "zoe@example.com", right); got != accesssec.CodeLocked {
		t.Errorf("somebody else in it: %q", got)
	}
	for range 5 {
		w.guess(mine, "ann@example.com", "wrong")
	}
	if got := w.guess(mine, "ann@example.com", right); got != accesssec.CodeLocked {
		t.Errorf("after five wrong ones there: %q", got)
	}
}

func limitIPv6(t *testing.T, w *world) {
	withAnn(w)
	looked := 0
	for i := range 10 {
		if w.guess(w.from(fmt.Sprintf("2001:db8:1:2::%x", i+1)), "ann@example.com", "wrong") == accesssec.CodeWrongPassword {
			looked++
		}
	}
	if looked != 5 {
		t.Errorf("%d of 10 from one /64 were looked at", looked)
	}
}

func limitResponses(t *testing.T, w *world) {
	acme := withAnn(w)
	for range 200 {
		_, err := w.svc.SignIn().FinishSSO(w.ctx, w.from("192.0.2.1"), acme.conn.ID, saml.Message{})
		acme.refuses(err, "saml_encoding")
	}
	if n := len(acme.events(audit.LoginRefused)); n != 50 {
		t.Errorf("%d lines in the log, want 50", n)
	}
	l := acme.start()
	l.visit.IP = "192.0.2.1"
	if _, err := l.finish(l.answer(ann)); err != nil {
		t.Errorf("a good one from there: %v", err)
	}
}

func limitForgets(t *testing.T, w *world) {
	withAnn(w)
	v := w.from("192.0.2.1")
	for range 3 {
		for range 4 {
			if got := w.guess(v, "ann@example.com", "wrong"); got != accesssec.CodeWrongPassword {
				t.Errorf("wrong: %q", got)
			}
		}
		if got := w.guess(v, "ann@example.com", right); got != "" {
			t.Errorf("right: %q", got)
		}
	}
}

func limitZeroVisit(_ *testing.T, w *world) {
	acme := withAnn(w)
	_, err := w.svc.SignIn().StartSSO(w.ctx, accesssec.Visit{}, acme.conn.ID, nil)
	acme.refuses(err, accesssec.CodeBrowser)
}

func limitTick(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.start()
	acme.signIn(ann)
	w.guess(w.visit(), "ann@example.com", "wrong")
	w.advance(15 * 24 * time.Hour)
	if n, err := w.svc.Tick(w.ctx); err != nil || n < 5 {
		t.Errorf("%d done, %v", n, err)
	}
	if n := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID}); n != 0 {
		t.Errorf("%d sessions are left that are over", n)
	}
	for _, kind := range []store.Kind{"request", "assertion"} {
		page, err := w.store.Docs(w.ctx, kind, acme.owner.OrgID, store.DocQuery{})
		w.must(err)
		if len(page.Items) != 0 {
			t.Errorf("%d of kind %s are left", len(page.Items), kind)
		}
	}
	page, err := w.store.AuditEvents(w.ctx, acme.owner.OrgID, store.AuditQuery{Unsealed: true})
	w.must(err)
	if len(page.Items) != 0 {
		t.Errorf("%d events are not sealed", len(page.Items))
	}
	acme.signIn(ann)
}

func limitProveApart(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.add(policy.Admin, "adam@example.com")
	in := must1(w.byPassword("adam@example.com", right))
	for range 10 {
		w.guess(w.from("192.0.2.1"), "adam@example.com", "wrong")
	}
	if _, err := w.svc.Me(in.Principal).Prove(w.ctx, right); err != nil {
		t.Errorf("locked out of the settings by a stranger: %v", err)
	}
}

// broken is a store whose transactions fail for a while.
type broken struct {
	store.Store
	is atomic.Bool
}

func (b *broken) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	if b.is.Load() {
		return errAway
	}
	return b.Store.RunInTx(ctx, fn)
}

// limitFault: while the store is away, who types the right password is not counted as
// guessing; who types a wrong one is.
func limitFault(t *testing.T, w *world) {
	st := &broken{Store: w.store}
	w.store = st
	w.svc = w.service(w.host.URL)
	acme := withAnn(w)
	acme.add(policy.Member, "bob@example.com")
	v := w.from("192.0.2.1")
	st.is.Store(true)
	for range 20 {
		if _, err := w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right); !errors.Is(err, errAway) {
			t.Fatalf("while the store is away: %v", err)
		}
	}
	for range 5 {
		w.guess(v, "bob@example.com", "wrong")
	}
	st.is.Store(false)
	if got := w.guess(v, "ann@example.com", right); got != "" {
		t.Errorf("the right password afterwards: %q", got)
	}
	if got := w.guess(v, "bob@example.com", right); got != accesssec.CodeLocked {
		t.Errorf("after five wrong ones: %q", got)
	}
}
