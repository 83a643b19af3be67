package accesssectest_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/accesssectest"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// test is a testing.TB that may fail without this one failing.
type test struct {
	testing.TB
	mu     sync.Mutex
	out    bytes.Buffer
	fatal  string
	helped int
	ends   []func()
}

func (f *test) Helper()           { f.helped++ }
func (f *test) Cleanup(fn func()) { f.ends = append(f.ends, fn) }
func (f *test) Output() io.Writer { return f }
func (f *test) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.out.Write(p)
}
func (f *test) Fatal(args ...any)                 { f.stop(fmt.Sprint(args...)) }
func (f *test) Fatalf(format string, args ...any) { f.stop(fmt.Sprintf(format, args...)) }

func (f *test) stop(why string) {
	f.fatal = why
	panic(f)
}

func (f *test) said() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.out.String()
}

// run runs fn until it is over or has failed, and then what it has put off.
func (f *test) run(fn func()) {
	defer func() {
		if r := recover(); r != nil && r != any(f) {
			panic(r)
		}
		for _, end := range f.ends {
			end()
		}
	}()
	fn()
}

func TestNewFailsTheTest(t *testing.T) {
	t.Parallel()
	f := &test{TB: t}
	f.run(func() { accesssectest.New(f, &accesssectest.Options{Domain: "localhost"}) })
	if !strings.HasPrefix(f.fatal, "accesssectest: ") || f.helped == 0 {
		t.Errorf("failed with %q, Helper called %d times", f.fatal, f.helped)
	}
}

// deleteOwner takes the Owner out of the customer, as nothing of ours would.
func deleteOwner(t testing.TB, w *accesssectest.World) {
	t.Helper()
	ok(t, w.Store.RunInTx(t.Context(), func(tx store.Tx) error {
		return tx.DeleteMembership(t.Context(), w.Owner.OrgID, w.Owner.UserID)
	}))
}

func TestAdminFailsTheTest(t *testing.T) {
	t.Parallel()
	f := &test{TB: t}
	f.run(func() {
		w := accesssectest.New(f, nil)
		deleteOwner(t, w)
		f.helped = 0
		w.Admin()
	})
	if !strings.Contains(f.fatal, "not found") || f.helped == 0 {
		t.Errorf("failed with %q, Helper called %d times", f.fatal, f.helped)
	}
}

func TestAdminPanicsWithoutATest(t *testing.T) {
	t.Parallel()
	w, err := accesssectest.Start(nil)
	ok(t, err)
	defer w.Close()
	deleteOwner(t, w)
	if err := w.ChangeSettings(func(*accesssec.Settings) {}); err == nil {
		t.Error("nobody has changed the settings")
	}
	defer func() {
		if err, is := recover().(error); !is || !strings.HasPrefix(err.Error(), "accesssectest: ") {
			t.Errorf("panicked with %v", err)
		}
	}()
	w.Admin()
}

// What no caller sees is in the test's output, and nothing is written there afterwards.
func TestFaultsAreInTheOutput(t *testing.T) {
	t.Parallel()
	f := &test{TB: t}
	var log func()
	f.run(func() {
		w := accesssectest.New(f, &accesssectest.Options{Handler: func(svc *accesssec.Service) http.Handler {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a nil map") })
		}})
		c := w.Client()
		if _, err := c.Get(w.URL + "/"); err == nil {
			t.Error("a page all the same")
		}
		log = func() { c.Get(w.URL + "/") }
	})
	before := f.said()
	if !strings.Contains(before, "a nil map") {
		t.Errorf("the output is %q", before)
	}
	log()
	if f.said() != before {
		t.Errorf("written after the end: %q", f.said())
	}
}

// A connection whose identity provider takes requests by POST alone: the host answers
// with a form that posts itself.
func TestSignInByPost(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	before, after, found := strings.Cut(string(w.IdP.Metadata()), `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"`)
	_, after, closed := strings.Cut(after, "/>")
	if !found || !closed {
		t.Fatalf("the metadata is %s", w.IdP.Metadata())
	}
	theirs, err := saml.ParseMetadata([]byte(before+after), "")
	ok(t, err)
	conns, err := w.Admin().Connections(t.Context())
	ok(t, err)
	_, err = w.Admin().Configure(t.Context(), conns[0].ID, theirs, nil)
	ok(t, err)
	ann, err := w.SignIn("ann@example.com")
	ok(t, err)
	says(t, ann, w.URL+"/", "ann@example.com is member of Acme")
}

// Hosts whose pages are not as they should be: an error that says what is missing.
func TestPagesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	html := func(pages map[string]string) func(*accesssec.Service) http.Handler {
		return func(*accesssec.Service) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				io.WriteString(w, "<title>App</title><style>p{}</style><script>var a</script><p>Hello   there</p>"+pages[r.URL.Path])
			})
		}
	}
	address := `<form method="post" action="/auth/next"><input name="address"><input type="checkbox" name="stay"></form>`
	for name, tc := range map[string]struct {
		pages            map[string]string
		reason, password string
	}{
		"nothing":  {nil, "there is no field for an address", "there is no field for an address"},
		"by get":   {map[string]string{"/auth/": `<form action="/auth/next"><input name="address"></form>`}, "there is no field for an address", "there is no field for an address"},
		"no way":   {map[string]string{"/auth/": address}, "no single sign-on is offered", "no password is asked for"},
		"nowhere":  {map[string]string{"/auth/": address, "/auth/next": `<form method="POST" action="/auth/x"><input type=hidden name=connection value=c><input name=password></form>`}, "the host does not lead to the identity provider", ""},
		"evil IdP": {map[string]string{"/auth/": address, "/auth/next": `<form method="POST" action="/auth/x"><input type=hidden name=connection value=c><input name=password></form>`, "/auth/x": `<form method=post action="https://evil.example/sso"><input name=SAMLRequest></form>`}, "the host does not lead to the identity provider", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := accesssectest.New(t, &accesssectest.Options{Handler: html(tc.pages)})
			c, err := w.SignIn("ann@example.com")
			if no := refused(t, c, err); no.Reason != tc.reason || no.Text != "Hello there" || no.Status != 200 || no.Address != "ann@example.com" {
				t.Errorf("%+v", no)
			} else if !strings.Contains(no.Error(), tc.reason) {
				t.Errorf("%v", no)
			}
			c, err = w.SignInPassword("ann@example.com", accesssectest.Password)
			if no := refused(t, c, err); no.Reason != tc.password {
				t.Errorf("%+v", no)
			}
		})
	}
}

// An error is short however long the page is.
func TestRefusedErrorIsShort(t *testing.T) {
	t.Parallel()
	err := &accesssectest.RefusedError{Address: "ann@example.com", Status: 403, URL: "u", Text: strings.Repeat("é", 1000)}
	if got := err.Error(); len([]rune(got)) > 400 || !strings.HasSuffix(got, "é…") {
		t.Errorf("%d characters: %s", len([]rune(got)), got)
	}
}

// A host that sends everybody in circles, or too much, is no refusal but an error.
func TestPagesWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"circle": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/auth/?"+url.Values{"again": {"1"}}.Encode(), http.StatusSeeOther)
		},
		"large": func(w http.ResponseWriter, r *http.Request) {
			for range 5 << 4 {
				w.Write(make([]byte, 1<<16))
			}
		},
	} {
		w := accesssectest.New(t, &accesssectest.Options{Handler: func(*accesssec.Service) http.Handler { return h }})
		if _, err := w.SignIn("ann@example.com"); err == nil || !strings.HasPrefix(err.Error(), "accesssectest: ") {
			t.Errorf("%s: %v", name, err)
		} else if _, is := err.(*accesssectest.RefusedError); is {
			t.Errorf("%s: %v", name, err)
		}
	}
}
