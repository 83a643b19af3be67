package flowtest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

func openIDBound(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	v := w.visit()
	q := g.answer(v, "g-1")
	for name, other := range map[string]accesssec.Visit{"another browser": w.visit(), "none": {}} {
		if _, no := g.finish(other, q); no != accesssec.CodeBrowser {
			t.Errorf("in %s: refused as %q", name, no)
		}
	}
	g.nobody("gina@example.net")
	if _, no := g.finish(v, q); no != "" { // which keeps nobody from finishing where they began
		t.Fatalf("refused as %q", no)
	}
	if _, no := g.finish(v, q); no != accesssec.CodeOpenID {
		t.Errorf("again: refused as %q", no)
	}
	q = g.answer(v, "g-1")
	w.advance(10 * time.Minute)
	if _, no := g.finish(v, q); no != accesssec.CodeOpenID {
		t.Errorf("after ten minutes: refused as %q", no)
	}
	q.Set("state", "o1."+strings.Repeat("A", 43))
	if _, no := g.finish(v, q); no != accesssec.CodeOpenID {
		t.Errorf("a state nobody has made: refused as %q", no)
	}
}

// openIDSwapped: an attacker has the victim's browser bring a code of the attacker's, or brings
// one of the victim's.
func openIDSwapped(t *testing.T, w *world) {
	g := w.offering(nil, gina(), accesssec.OpenIDClaims{Subject: "evil", Address: "eve@example.net", Verified: true})
	victim, attacker := w.visit(), w.visit()
	theirs, his := g.answer(victim, "g-1"), g.answer(attacker, "evil")
	theirs["code"], his["code"] = his["code"], theirs["code"]
	for name, try := range map[string]struct {
		v accesssec.Visit
		q url.Values
	}{"the victim": {victim, theirs}, "the attacker": {attacker, his}} {
		if _, no := g.finish(try.v, try.q); no != accesssec.CodeOpenID {
			t.Errorf("%s: refused as %q", name, no)
		}
	}
	g.nobody("gina@example.net")
	g.nobody("eve@example.net")
}

func openIDRefused(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	v := w.visit()
	q := g.answer(v, "g-1")
	said := url.Values{"state": q["state"], "error": {"access_denied\r\n" + strings.Repeat("x", 200)}, "error_description": {"see <b>there</b>"}}
	_, err := w.svc.SignIn().FinishGoogle(w.ctx, v, said)
	var no *accesssec.Refusal
	if !errors.As(err, &no) || no.Code != accesssec.CodeOpenID || !strings.HasPrefix(no.Detail, "the provider says: access_denied") ||
		len(no.Detail) > 100 || strings.ContainsAny(no.Detail, "\r\n<") {
		t.Fatalf("%+v", err)
	}
	if _, no := g.finish(v, q); no != accesssec.CodeOpenID {
		t.Errorf("what was refused is answered after all: %q", no)
	}
	if refused := w.system(audit.LoginRefused); len(refused) != 2 || factsOf(refused[0])["method"] != "google" {
		t.Errorf("the log says %+v", refused)
	}
}

func openIDMalformed(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	v := w.visit()
	for name, spoil := range map[string]func(url.Values){
		"no state":        func(q url.Values) { q.Del("state") },
		"two states":      func(q url.Values) { q["state"] = append(q["state"], q["state"]...) },
		"no code":         func(q url.Values) { q.Del("code") },
		"an empty code":   func(q url.Values) { q.Set("code", "") },
		"two codes":       func(q url.Values) { q.Add("code", "x") },
		"a long code":     func(q url.Values) { q.Set("code", strings.Repeat("x", 4097)) },
		"no text":         func(q url.Values) { q.Set("code", "\xff") },
		"a code and more": func(q url.Values) { q.Set("error", "server_error") },
		"two issuers":     func(q url.Values) { q.Add("iss", g.Issuer()) },
		"another issuer":  func(q url.Values) { q.Set("iss", "https://evil.example") },
	} {
		q := g.answer(v, "g-1")
		spoil(q)
		if _, no := g.finish(v, q); no != accesssec.CodeOpenID {
			t.Errorf("%s: refused as %q", name, no)
		}
	}
	for name, c := range map[string]accesssec.OpenIDClaims{
		"a long issuer":  {Issuer: "https://" + strings.Repeat("x", 255)},
		"a line too far": {Issuer: "https://host.example\n"},
	} {
		c.Subject, c.Address, c.Verified = "g-1", "gina@example.net", true
		g.Set(c)
		q := g.answer(v, "g-1")
		q.Del("iss")
		if _, no := g.finish(v, q); no != accesssec.CodeOpenID {
			t.Errorf("%s: refused as %q", name, no)
		}
	}
	g.nobody("gina@example.net")
	// What is not ours is left alone.
	g.Set(gina())
	q := g.answer(v, "g-1")
	q["scope"], q["authuser"] = []string{"a", "b"}, []string{"0"}
	q.Del("iss")
	if _, no := g.finish(v, q); no != "" {
		t.Errorf("refused as %q", no)
	}
}

func openIDExchange(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	g.Fail(errAway)
	v := w.visit()
	q := g.answer(v, "g-1")
	if _, no := g.finish(v, q); no != accesssec.CodeOpenID {
		t.Errorf("refused as %q", no)
	}
	g.nobody("gina@example.net")
	g.Fail(nil)
	if _, no := g.finish(v, q); no != accesssec.CodeOpenID {
		t.Errorf("the same state again: refused as %q", no)
	}
	g.nobody("gina@example.net")
	// A browser that has hung up is told nothing, and a fault is no refusal.
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	if step, err := w.svc.SignIn().FinishGoogle(ctx, v, g.answer(v, "g-1")); err == nil || step.Entered != nil {
		t.Errorf("%+v, %v", step, err)
	}
}

func openIDRaceAnswer(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	v := w.visit()
	q := g.answer(v, "g-1")
	won, codes := w.race(10, func(int) error {
		_, err := w.svc.SignIn().FinishGoogle(w.ctx, v, q)
		return err
	})
	if won != 1 || codes[accesssec.CodeOpenID] != 9 {
		t.Errorf("%d are in, refused as %v", won, codes)
	}
}

func openIDRaceFirst(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	const n = 20
	visits, answers := make([]accesssec.Visit, n), make([]url.Values, n)
	for i := range n {
		visits[i] = w.visit()
		answers[i] = g.answer(visits[i], "g-1")
	}
	won, codes := w.race(n, func(i int) error {
		_, err := w.svc.SignIn().FinishGoogle(w.ctx, visits[i], answers[i])
		return err
	})
	u, _ := w.user("gina@example.net")
	if won != n || w.sessions(store.SessionQuery{UserID: u.ID}) != n || len(w.docsOf("login", u.ID)) != 1 || len(w.system(audit.UserCreated)) != 1 {
		t.Errorf("%d are in, refused as %v; %d sessions, %d logins", won, codes, w.sessions(store.SessionQuery{UserID: u.ID}), len(w.docsOf("login", u.ID)))
	}
}

func openIDSignedOut(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	in := g.in("g-1")
	v := w.visit()
	q := g.answer(v, "g-1")
	w.advance(time.Second)
	w.must(w.svc.Me(in.Principal).SignOutEverywhere(w.ctx, false))
	if _, no := g.finish(v, q); no != accesssec.CodeSignedOut {
		t.Errorf("who began before: refused as %q", no)
	}
	g.in("g-1")
}

func openIDFaults(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	acme := w.newOrg("Acme", "owner@example.com")
	acme.untilIn(func(ctx context.Context) (*accesssec.Entered, error) {
		g.nobody("gina@example.net")
		v := w.visit()
		step, err := w.svc.SignIn().FinishGoogle(ctx, v, g.answer(v, "g-1"))
		return step.Entered, err
	})
	// And of the link: all of it, or nothing.
	acme.add(policy.Member, "ann@example.com")
	g.Set(accesssec.OpenIDClaims{Subject: "g-2", Address: "ann@example.com", Verified: true})
	v := g.waits("g-2")
	in := g.passwordIn(v, "ann@example.com", nil)
	for n := int64(0); ; n++ {
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		err := w.svc.Me(in.Principal).LinkLogin(ctx, v)
		linked := len(w.docsOf("login", in.Principal.UserID))
		if err == nil {
			if linked != 1 || n < 5 {
				t.Errorf("after %d failures: %d logins", n, linked)
			}
			return
		}
		var no *accesssec.Refusal
		if linked != 0 || errors.As(err, &no) || n > 1000 {
			t.Fatalf("failure %d: %d logins, %v", n, linked, err)
		}
	}
}

// openIDCareless: an adapter whose address leaves out what binds the answer.
func openIDCareless(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	for _, name := range []string{"state", "nonce", "code_challenge", "code_challenge_method"} {
		svc := w.serviceOn(w.store, w.host.URL, func(o *accesssec.Options) { o.Google = careless{g, name} })
		if step, err := svc.SignIn().StartGoogle(w.ctx, w.visit(), nil); err == nil || !strings.Contains(err.Error(), name) || step.URL != "" {
			t.Errorf("without %s: %+v, %v", name, step, err)
		}
	}
}

type careless struct {
	*provider
	leaves string
}

func (c careless) AuthURL(state, nonce, challenge string, fresh bool) string {
	u := must1(url.Parse(c.provider.AuthURL(state, nonce, challenge, fresh)))
	q := u.Query()
	q.Del(c.leaves)
	u.RawQuery = q.Encode()
	return u.String()
}

// listening is a provider that notes what passes it by.
type listening struct {
	*provider
	c *canary
}

func (l listening) Exchange(ctx context.Context, code, verifier, nonce string) (accesssec.OpenIDClaims, error) {
	l.c.secret("a code", code)
	l.c.secret("a verifier", verifier)
	l.c.secret("a nonce", nonce)
	return l.provider.Exchange(ctx, code, verifier, nonce)
}

func openIDCanary(t *testing.T, w *world) {
	g := w.offering(nil, gina(), accesssec.OpenIDClaims{Subject: "g-2", Address: "ann@example.com", Verified: true})
	log := &lockedBuffer{}
	c := &canary{w: w, secrets: map[string][]string{}, sinks: map[string]*strings.Builder{}}
	w.svc = w.serviceOn(w.store, w.host.URL, func(o *accesssec.Options) {
		o.Google, o.Notify = listening{g, c}, g.p.sink(works)
		o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	stored := func() {
		for _, kind := range []store.Kind{"openid_state", "login", "login_pending"} {
			for _, d := range must1(w.store.Docs(w.ctx, kind, "", store.DocQuery{Paging: store.Paging{Limit: 1000}})).Items {
				c.doc("docs of kind "+string(kind), d.ID, d.Key+" "+d.Owner, d.Body)
			}
		}
		c.stored(acme.owner.OrgID)
	}
	v, mark := w.marked()
	c.secret("the browser's mark", mark, mark[3:])
	for _, subject := range []string{"g-1", "g-1", "g-2"} {
		q := g.answer(v, subject)
		c.secret("a state", q.Get("state"), q.Get("state")[3:])
		stored()
		step, err := w.svc.SignIn().FinishGoogle(w.ctx, v, q)
		w.must(err)
		c.held(step)
		_, err = w.svc.SignIn().FinishGoogle(w.ctx, v, q)
		c.failed(err)
		stored()
	}
	in := g.passwordIn(v, "ann@example.com", nil)
	c.entered(in)
	c.held(must1(w.svc.Me(in.Principal).PendingLogin(w.ctx, v)))
	w.must(w.svc.Me(in.Principal).LinkLogin(w.ctx, v))
	c.held(must1(w.svc.Me(in.Principal).Logins(w.ctx)))
	g.Fail(errAway)
	_, err := w.svc.SignIn().FinishGoogle(w.ctx, v, g.answer(v, "g-2"))
	c.failed(err)
	stored()
	w.advance(3 * time.Minute) // what has been looked at was leased
	w.tick(w.svc)
	for _, n := range g.p.tried {
		c.write("notices", n.Subject, n.Text)
	}
	c.write("log lines", log.String())
	c.check("notices", "log lines", "errors", "what a host prints", "the log", "docs of kind openid_state", "docs of kind login", "docs of kind login_pending")
}

// openIDPages: as a browser does it, with the provider's own page in between.
func openIDPages(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	b := w.browser()
	choose := b.submit("google/start")
	if choose.status != http.StatusOK || choose.at.Host == w.host.Listener.Addr().String() || choose.at.Path != "/authorize" {
		t.Fatalf("%d at %s", choose.status, choose.at)
	}
	res, err := b.PostForm(choose.at.String(), url.Values{"subject": {"g-1"}})
	if got := b.read(res, err); got.status != http.StatusOK {
		t.Errorf("%d at %s: %s", got.status, got.at, got.body)
	}
	if id, _, _ := b.whoami(); id == "" {
		t.Error("not signed in")
	}
	// A browser that has never asked is given somebody's answer.
	other := w.browser()
	at := w.host.URL + w.svc.Path() + "google/callback?" + g.answer(w.visit(), "g-1").Encode()
	res, err = other.Get(at)
	if got := other.read(res, err); got.status/100 != 4 {
		t.Errorf("%d at %s", got.status, got.at)
	}
	if id, _, _ := other.whoami(); id != "" {
		t.Error("signed in to what was pressed on them")
	}
}
