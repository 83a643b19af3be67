package accesssectest_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/accesssectest"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// says gets a page and compares what it says.
func says(t testing.TB, c *http.Client, url, want string) {
	t.Helper()
	if got := strings.TrimSpace(text(c.Get(url))); got != want {
		t.Errorf("%s says %q, want %q", url, got, want)
	}
}

// isOut looks whether the default host's page asks to sign in.
func isOut(t testing.TB, c *http.Client, w *accesssectest.World) {
	t.Helper()
	res, err := c.Get(w.URL + "/")
	ok(t, err)
	res.Body.Close()
	if res.Request.URL.Path != w.Service.Path() {
		t.Errorf("came out at %s", res.Request.URL)
	}
}

// refused wants a RefusedError, and returns it.
func refused(t testing.TB, c *http.Client, err error) *accesssectest.RefusedError {
	t.Helper()
	var no *accesssectest.RefusedError
	if !errors.As(err, &no) || c != nil {
		t.Fatalf("browser %v, error %v", c, err)
	}
	return no
}

func TestSignInMakesMember(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	before, err := w.Admin().Members(t.Context(), accesssec.MemberQuery{Search: "ann@"})
	ok(t, err)
	ann, err := w.SignIn("ann@example.com")
	ok(t, err)
	says(t, ann, w.URL+"/", "ann@example.com is member of Acme")
	after, err := w.Admin().Members(t.Context(), accesssec.MemberQuery{Search: "ann@"})
	ok(t, err)
	if len(before.Items) != 0 || len(after.Items) != 1 {
		t.Fatalf("%d members, then %d", len(before.Items), len(after.Items))
	}
	if m := after.Items[0]; m.FirstName != "Ann" || m.LastName != "Archer" || m.Source != "jit" {
		t.Errorf("made %+v", m)
	}
	// Somebody the identity provider's page does not list: without names.
	bob, err := w.SignIn("bob@example.com")
	ok(t, err)
	says(t, bob, w.URL+"/", "bob@example.com is member of Acme")
	says(t, ann, w.URL+"/", "ann@example.com is member of Acme")
	isOut(t, w.Client(), w)
}

// The identity provider is a site of its own, with a page that a browser can use.
func TestIdPIsServed(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	if got := text(w.Client().Get(w.IdP.EntityID())); got != string(w.IdP.Metadata()) {
		t.Errorf("served %q", got)
	}
	conns, err := w.Admin().Connections(t.Context())
	ok(t, err)
	c := w.Client()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := c.PostForm(w.URL+"/auth/sso/start", url.Values{"connection": {conns[0].ID}})
	ok(t, err)
	res.Body.Close()
	c.CheckRedirect = nil
	res, err = samltest.Login(t.Context(), c, res.Header.Get("Location"), "ann@example.com")
	ok(t, err)
	res.Body.Close()
	says(t, c, w.URL+"/", "ann@example.com is member of Acme")
}

func TestSignInPassword(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	ok(t, w.AddMember(policy.Member, "max@example.com"))
	ok(t, w.AddMember(policy.Billing, "bill@example.net"))
	for address, want := range map[string]string{
		"owner@example.com": "owner@example.com is owner of Acme",
		"max@example.com":   "max@example.com is member of Acme", // behind "Use a password instead"
		"bill@example.net":  "bill@example.net is billing of Acme",
	} {
		c, err := w.SignInPassword(address, accesssectest.Password)
		ok(t, err)
		says(t, c, w.URL+"/", want)
	}
	c, err := w.SignInPassword("max@example.com", "a guess of somebody's")
	if no := refused(t, c, err); no.Status != http.StatusUnauthorized || !strings.Contains(no.Text, "The address or the password is wrong.") {
		t.Errorf("%+v", no)
	}
	// What changes is asked of the host, not remembered by the harness.
	ok(t, w.ChangeSettings(func(s *accesssec.Settings) { s.RequireSSO = true }))
	c, err = w.SignInPassword("max@example.com", accesssectest.Password)
	if no := refused(t, c, err); no.Status != http.StatusForbidden || !strings.Contains(no.Error(), "max@example.com") {
		t.Errorf("%v", no)
	}
	if _, err = w.SignInPassword("owner@example.com", accesssectest.Password); err != nil {
		t.Errorf("the Owner: %v", err)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	c, err := w.SignIn("mallory@example.net") // a domain that nobody has claimed
	if no := refused(t, c, err); no.Reason == "" || no.URL != w.URL+"/auth/" {
		t.Errorf("%+v", no)
	}
	c, err = w.SignInPassword("mallory@example.net", accesssectest.Password)
	refused(t, c, err)
	c, err = w.SignIn("no address")
	if no := refused(t, c, err); no.Status != http.StatusBadRequest {
		t.Errorf("%+v", no)
	}
	ok(t, w.ChangeSettings(func(s *accesssec.Settings) { s.IdPManaged = false }))
	c, err = w.SignIn("ann@example.com") // vouched for, and nobody's member
	if no := refused(t, c, err); no.Status != http.StatusForbidden || no.Reason != "" || !strings.HasSuffix(no.URL, "/acs") {
		t.Errorf("%+v", no)
	}
	page, err := w.Admin().Events(t.Context(), store.AuditQuery{Types: []string{string(audit.LoginRefused)}})
	ok(t, err)
	if len(page.Items) != 1 {
		t.Errorf("the log has %d refusals", len(page.Items))
	}
}

// Each forged answer reaches the host, and is refused there.
func TestAttacksAreRefused(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	_, err := w.SignIn("ann@example.com") // an answer to be replayed
	ok(t, err)
	for _, attack := range samltest.Attacks() {
		c, err := w.SignIn("ann@example.com", attack)
		class := 4
		if attack == samltest.NoInResponseTo || attack == samltest.UnknownRequest {
			class = 3 // a sign-in is started in its place
		}
		if no := refused(t, c, err); no.Status/100 != class || !strings.HasSuffix(no.URL, "/acs") {
			t.Errorf("%s: %+v", attack, no)
		}
	}
	if _, err := w.SignIn("ann@example.com", "no such attack"); err == nil || errors.As(err, new(*accesssectest.RefusedError)) {
		t.Errorf("an attack that does not exist: %v", err)
	}
}

// The clock is that of the host, of its identity provider and of its browsers, wherever
// the machine's stands.
func TestAdvance(t *testing.T) {
	t.Parallel()
	for name, now := range map[string]time.Time{
		"now": {}, "past": time.Date(2001, 9, 9, 1, 46, 40, 123456789, time.UTC), "future": time.Date(2090, 3, 2, 12, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := accesssectest.New(t, &accesssectest.Options{Now: now})
			began := w.Now()
			if want := now.Truncate(time.Microsecond); !now.IsZero() && !began.Equal(want) {
				t.Errorf("it is %s", began)
			}
			ann, err := w.SignIn("ann@example.com")
			ok(t, err)
			for range 13 { // never idle for a day
				w.Advance(23 * time.Hour)
				says(t, ann, w.URL+"/", "ann@example.com is member of Acme")
			}
			w.Advance(14*24*time.Hour - 13*23*time.Hour)
			isOut(t, ann, w)
			if got := w.Now().Sub(began); got != 14*24*time.Hour {
				t.Errorf("%s have passed", got)
			}
			again, err := w.SignIn("ann@example.com")
			ok(t, err)
			says(t, again, w.URL+"/", "ann@example.com is member of Acme")
			if _, err := w.Admin().Settings(t.Context()); err != nil {
				t.Errorf("the Owner is not vouched for anew: %v", err)
			}
		})
	}
}

func TestDNS(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	d, err := w.Admin().ClaimDomain(t.Context(), "example.org")
	ok(t, err)
	if _, err := w.Admin().VerifyDomain(t.Context(), d.ID); err == nil {
		t.Error("verified without a record")
	}
	w.DNS.SetTXT(d.Records()[0].Name, d.Records()[0].Value)
	_, err = w.Admin().VerifyDomain(t.Context(), d.ID)
	ok(t, err)
	c, err := w.SignIn("zoe@example.org")
	ok(t, err)
	says(t, c, w.URL+"/", "zoe@example.org is member of Acme")
}

func TestServiceOptions(t *testing.T) {
	t.Parallel()
	mine := &accesssec.Options{Path: "/login/", Product: "mine", Support: "help@host.example"}
	w := accesssectest.New(t, &accesssectest.Options{
		Service: mine, Domain: "Acme.Example.com",
		People: []samltest.Person{{Email: "zoe@acme.example.com", FirstName: "Zoe"}},
	})
	if w.Service.Path() != "/login/" || w.Domain != "acme.example.com" {
		t.Errorf("at %s, for %s", w.Service.Path(), w.Domain)
	}
	zoe, err := w.SignIn("Zoe@" + w.Domain)
	ok(t, err)
	says(t, zoe, w.URL+"/", "zoe@acme.example.com is member of Acme")
	members, err := w.Admin().Members(t.Context(), accesssec.MemberQuery{Search: "zoe"})
	ok(t, err)
	if len(members.Items) != 1 || members.Items[0].FirstName != "Zoe" {
		t.Errorf("members %+v", members.Items)
	}
	if mine.Now != nil || mine.Hasher != nil || mine.Notify != nil || mine.Log != nil {
		t.Errorf("changed the host's own options: %+v", mine)
	}
	for name, bad := range map[string]*accesssec.Options{
		"clock":     {Now: time.Now},
		"resolvers": {Resolvers: []domainclaim.Resolver{w.DNS.Resolver()}},
		"authority": {Authority: w.DNS.Authority()},
		"notify":    {Notify: w.Outbox},
		"path":      {Path: "no slashes"},
	} {
		if _, err := accesssectest.Start(&accesssectest.Options{Service: bad}); err == nil || !strings.HasPrefix(err.Error(), "accesssectest: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestChangeSettingsSaysWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	err := w.ChangeSettings(func(s *accesssec.Settings) { s.SessionIdle = time.Second })
	var no *accesssec.Refusal
	if !errors.As(err, &no) || no.Code != accesssec.CodeSettings || !strings.Contains(err.Error(), "session times are out of bounds") {
		t.Errorf("%v", err)
	}
	now, err := w.Admin().Settings(t.Context())
	ok(t, err)
	if now.SessionIdle != 24*time.Hour || !now.IdPManaged {
		t.Errorf("the settings are %+v", now)
	}
}

// A plan without single sign-on: what is on stays on, and no more can be had.
func TestEntitled(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, &accesssectest.Options{Service: &accesssec.Options{
		Entitled: func(context.Context, string, accesssec.Feature) (bool, error) { return false, nil },
	}})
	_, err := w.SignIn("ann@example.com")
	ok(t, err)
	if err := w.ChangeSettings(func(s *accesssec.Settings) { s.RequireSSO = true }); err == nil {
		t.Error("required all the same")
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]*accesssectest.Options{
		"domain":      {Domain: "localhost"},
		"free mail":   {Domain: "gmail.com"},
		"people":      {People: []samltest.Person{{}}},
		"no handler":  {Handler: func(*accesssec.Service) http.Handler { return nil }},
		"broken disk": {Store: brokenStore{memory.New()}},
	} {
		w, err := accesssectest.Start(bad)
		if err == nil || !strings.HasPrefix(err.Error(), "accesssectest: ") {
			t.Errorf("%s: %v", name, err)
		}
		if w != nil {
			t.Errorf("%s: a World all the same", name)
		}
	}
}

func TestCloseIsTheEnd(t *testing.T) {
	t.Parallel()
	w, err := accesssectest.Start(nil)
	ok(t, err)
	c := w.Client()
	isOut(t, c, w)
	ok(t, w.Close())
	ok(t, w.Close())
	if _, err := c.Get(w.URL + "/"); err == nil {
		t.Error("the host still answers")
	}
	if _, err := w.SignIn("ann@example.com"); err == nil || errors.As(err, new(*accesssectest.RefusedError)) {
		t.Errorf("sign in: %v", err)
	}
	if _, err := w.Instance(); err == nil {
		t.Error("an instance of what is closed")
	}
}

// Who is no member of anything is signed in to their own account.
func TestOwnAccount(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	ok(t, w.AddMember(policy.Member, "bill@example.net"))
	if err := w.AddMember(policy.Member, "Bill@Example.net"); err == nil {
		t.Error("a member twice")
	}
	members, err := w.Admin().Members(t.Context(), accesssec.MemberQuery{Search: "bill@"})
	ok(t, err)
	ok(t, w.Store.RunInTx(t.Context(), func(tx store.Tx) error {
		return tx.DeleteMembership(t.Context(), w.Owner.OrgID, members.Items[0].UserID)
	}))
	bill, err := w.SignInPassword("bill@example.net", accesssectest.Password)
	ok(t, err)
	says(t, bill, w.URL+"/", "bill@example.net is in no org")
}

// Close does not wait for ever: not for a handler that looks at its context, and not
// for one that does not.
func TestCloseWhileServing(t *testing.T) {
	t.Parallel()
	stubborn, began := make(chan struct{}), make(chan struct{}, 2)
	w, err := accesssectest.Start(&accesssectest.Options{Handler: func(*accesssec.Service) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			began <- struct{}{}
			if r.URL.Path == "/stubborn" {
				<-stubborn
			}
			<-r.Context().Done()
		})
	}})
	ok(t, err)
	var asked sync.WaitGroup
	for _, path := range []string{"/", "/stubborn"} {
		asked.Go(func() { text(w.Client().Get(w.URL + path)) })
	}
	<-began
	<-began
	ok(t, w.Close())
	asked.Wait() // the connection is cut
	close(stubborn)
}

// What the host does wrong must not look like a refusal by it, nor be let through.
func TestHandlerThatPanics(t *testing.T) {
	t.Parallel()
	w, err := accesssectest.Start(&accesssectest.Options{Handler: func(*accesssec.Service) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("nil map") })
	}})
	ok(t, err)
	defer w.Close()
	if _, err := w.SignIn("ann@example.com"); err == nil || errors.As(err, new(*accesssectest.RefusedError)) {
		t.Errorf("sign in: %v", err)
	}
}
