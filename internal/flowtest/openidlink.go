package flowtest

import (
	"slices"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// waits is a browser in which somebody has come by the provider, and has an account already.
func (g *provider) waits(subject string) accesssec.Visit {
	g.w.t.Helper()
	v := g.w.visit()
	if step, no := g.comes(v, subject); no != "" || step.Entered != nil || step.Next != policy.NextLink {
		g.w.t.Fatalf("%s: %+v, refused as %q", subject, step, no)
	}
	return v
}

// passwordIn signs in by password in that browser; h, if any, shows a code.
func (g *provider) passwordIn(v accesssec.Visit, address string, h *holder) *accesssec.Entered {
	g.w.t.Helper()
	step, err := g.w.svc.SignIn().Password(g.w.ctx, v, address, right)
	g.w.must(err)
	if h != nil {
		step = h.mustShow(v, h.next(), "")
	}
	return step.Entered
}

// links is the whole ceremony.
func (g *provider) links(address, subject string, h *holder) *accesssec.Entered {
	g.w.t.Helper()
	v := g.waits(subject)
	in := g.passwordIn(v, address, h)
	g.w.must(g.w.svc.Me(in.Principal).LinkLogin(g.w.ctx, v))
	return in
}

// linkable is an account with a password, in an org, that the provider knows as g-1.
func linkable(w *world) (*provider, *customer) {
	w.t.Helper()
	other := gina()
	other.Subject = "g-2"
	g := w.offering(nil, accesssec.OpenIDClaims{Subject: "g-1", Address: "ann@example.com", Verified: true}, other)
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com", "zoe@example.com")
	return g, acme
}

// linking is why a browser can't link what waits in it.
func (w *world) linking(in *accesssec.Entered, v accesssec.Visit) accesssec.Code {
	w.t.Helper()
	return w.code(w.svc.Me(in.Principal).LinkLogin(w.ctx, v))
}

func loginLinks(t *testing.T, w *world) {
	g, acme := linkable(w)
	v := w.visit()
	v.After = "/reports"
	step, no := g.comes(v, "g-1")
	if no != "" || step.Next != policy.NextLink || step.Entered != nil || step.After != "/reports" {
		t.Fatalf("%+v, refused as %q", step, no)
	}
	u, _ := w.user("ann@example.com")
	if n := w.sessions(store.SessionQuery{UserID: u.ID}) + len(w.docsOf("login", u.ID)); n != 0 {
		t.Fatal("something was made for who has shown nothing of the account")
	}
	in := g.passwordIn(v, "ann@example.com", nil)
	me := w.svc.Me(in.Principal)
	waiting, err := me.PendingLogin(w.ctx, v)
	if w.must(err); waiting.Issuer != g.Issuer() || waiting.Address != "ann@example.com" {
		t.Errorf("shown %+v", waiting)
	}
	w.must(me.LinkLogin(w.ctx, v))
	if no := w.linking(in, v); no != accesssec.CodeNotFound {
		t.Errorf("once more: refused as %q", no)
	}
	if e := acme.last(audit.LoginLinked); e.Session != in.Principal.SessionID || factsOf(e)["issuer"] != g.Issuer() || e.Targets[0].ID != u.ID {
		t.Errorf("the log says %+v", e)
	}
	if told := g.p.told(w); !slices.Equal(told, []string{"login_linked ann@example.com"}) {
		t.Errorf("told %v", told)
	}
	again := g.in("g-1")
	if again.Principal.UserID != u.ID || again.Principal.OrgID != acme.owner.OrgID {
		t.Errorf("in as %+v", again.Principal)
	}
	if asked := w.system(audit.LoginLinkAsked); len(asked) != 1 || asked[0].Targets[0].ID != u.ID {
		t.Errorf("the log says %+v", asked)
	}
}

// loginWaits: an attacker who has the address at the provider begins, and the victim signs in.
func loginWaits(t *testing.T, w *world) {
	g, _ := linkable(w)
	v := g.waits("g-1")
	victim := must1(w.byPassword("ann@example.com", right))
	mine := w.visit()
	mine2 := g.passwordIn(mine, "ann@example.com", nil)
	for name, try := range map[string]struct {
		in *accesssec.Entered
		v  accesssec.Visit
	}{
		"the victim's own browser":            {victim, w.visit()},
		"the browser that they signed in in":  {mine2, mine},
		"no browser":                          {victim, accesssec.Visit{}},
		"another account in the attacker's":   {g.passwordIn(v, "zoe@example.com", nil), v},
		"an account of the provider's making": {g.in("g-2"), v},
	} {
		if _, err := w.svc.Me(try.in.Principal).PendingLogin(w.ctx, try.v); w.code(err) != accesssec.CodeNotFound {
			t.Errorf("%s: shown, %v", name, err)
		}
		if no := w.linking(try.in, try.v); no != accesssec.CodeNotFound {
			t.Errorf("%s: refused as %q", name, no)
		}
	}
	u, _ := w.user("ann@example.com")
	if n := len(w.docsOf("login", u.ID)); n != 0 {
		t.Errorf("%d logins are linked", n)
	}
}

func loginOver(t *testing.T, w *world) {
	g, _ := linkable(w)
	v := g.waits("g-1")
	w.advance(10 * time.Minute)
	in := g.passwordIn(v, "ann@example.com", nil)
	if no := w.linking(in, v); no != accesssec.CodeNotFound {
		t.Errorf("after ten minutes: refused as %q", no)
	}
	v = g.waits("g-1")
	w.hostSets("ann@example.com", func(u *store.User) { u.Address, u.AddressKey = "ann@example.org", "ann@example.org" })
	in = g.passwordIn(v, "ann@example.org", nil)
	if no := w.linking(in, v); no != accesssec.CodeNotFound {
		t.Errorf("with another address by now: refused as %q", no)
	}
}

func loginRace(t *testing.T, w *world) {
	g, _ := linkable(w)
	v := g.waits("g-1")
	in := g.passwordIn(v, "ann@example.com", nil)
	won, codes := w.race(10, func(int) error { return w.svc.Me(in.Principal).LinkLogin(w.ctx, v) })
	if won != 1 || codes[accesssec.CodeNotFound] != 9 {
		t.Errorf("%d have linked, refused as %v", won, codes)
	}
	if n := len(w.docsOf("login", in.Principal.UserID)); n != 1 {
		t.Errorf("%d logins", n)
	}
}

func loginProof(t *testing.T, w *world) {
	g, _ := linkable(w)
	in := must1(w.byPassword("ann@example.com", right))
	w.advance(5 * time.Minute)
	v := g.waits("g-1")
	if no := w.linking(in, v); no != accesssec.CodeProve {
		t.Fatalf("by a session of five minutes ago: refused as %q", no)
	}
	w.prove(in)
	if no := w.linking(in, v); no != "" {
		t.Errorf("proven: refused as %q", no)
	}
}

func loginTaken(t *testing.T, w *world) {
	g, acme := linkable(w)
	v := g.waits("g-1")
	// Meanwhile the provider's person has another address, and an account with it.
	c := gina()
	c.Subject = "g-1"
	g.Set(c)
	other := g.in("g-1")
	in := g.passwordIn(v, "ann@example.com", nil)
	if no := w.linking(in, v); no != accesssec.CodeLinked {
		t.Errorf("refused as %q", no)
	}
	if e := acme.last(audit.ChangeRefused); e.Reason != string(accesssec.CodeLinked) {
		t.Errorf("the log says %+v", e)
	}
	if g.in("g-1").Principal.UserID != other.Principal.UserID {
		t.Error("another account's by now")
	}
}

func loginUnlinks(t *testing.T, w *world) {
	g, acme := linkable(w)
	g.links("ann@example.com", "g-1", nil)
	byGoogle, byPassword := g.in("g-1"), must1(w.byPassword("ann@example.com", right))
	login := must1(w.svc.Me(byPassword.Principal).Logins(w.ctx))[0]
	w.prove(byPassword)
	if err := w.svc.Me(byGoogle.Principal).UnlinkLogin(w.ctx, login.ID); w.code(err) != accesssec.CodeProve {
		t.Errorf("without a proof: %v", err)
	}
	zoe := must1(w.byPassword("zoe@example.com", right))
	w.prove(zoe)
	if err := w.svc.Me(zoe.Principal).UnlinkLogin(w.ctx, login.ID); w.code(err) != accesssec.CodeNotFound {
		t.Errorf("another's: %v", err)
	}
	g.p.told(w)
	me := w.svc.Me(byPassword.Principal)
	w.must(me.UnlinkLogin(w.ctx, login.ID))
	if err := me.UnlinkLogin(w.ctx, login.ID); w.code(err) != accesssec.CodeNotFound {
		t.Errorf("twice: %v", err)
	}
	w.alive(byGoogle, false)
	w.alive(byPassword, true)
	if e := acme.last(audit.LoginUnlinked); factsOf(e)["sessions_ended"] != "1" {
		t.Errorf("the log says %+v", e)
	}
	if told := g.p.told(w); !slices.Equal(told, []string{"login_unlinked ann@example.com"}) {
		t.Errorf("told %v", told)
	}
	g.waits("g-1") // a stranger again
}

func loginLastWay(t *testing.T, w *world) {
	only := func(o *accesssec.Options) {
		o.Methods, o.Notify = []policy.Method{policy.Password, policy.Google}, nil
	}
	g := w.offering(only, gina())
	g.in("g-1")
	v := w.visit()
	step := must1(w.svc.SignIn().StartGoogle(w.ctx, v, &accesssec.StartOptions{Fresh: true}))
	in, no := g.finish(v, must1(g.Answer(step.URL, "g-1")))
	if no != "" {
		t.Fatal(no)
	}
	me := w.svc.Me(in.Entered.Principal)
	id := must1(me.Logins(w.ctx))[0].ID
	if err := me.UnlinkLogin(w.ctx, id); w.code(err) != accesssec.CodeLastWay {
		t.Errorf("the only one: %v", err)
	}
	g.in("g-1")
	// Where a link can be mailed there is another.
	w.svc = w.serviceOn(w.store, w.host.URL, func(o *accesssec.Options) { o.Google, o.Notify = g, g.p.sink(works) })
	w.must(w.svc.Me(in.Entered.Principal).UnlinkLogin(w.ctx, id))
}

func loginGone(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	first := g.in("g-1").Principal.UserID
	w.change(func(tx store.Tx) error { return tx.DeleteUser(w.ctx, first) })
	second := g.in("g-1").Principal.UserID
	if second == first {
		t.Error("the account is back")
	}
	w.change(func(tx store.Tx) error { return tx.DeleteUser(w.ctx, second) })
	w.must(w.svc.PersonChanged(w.ctx, second))
	if n := len(w.docsOf("login", second)) + len(w.docsOf("login", first)); n != 0 {
		t.Errorf("%d logins are left", n)
	}
	if e := w.system(audit.UserChanged); len(e) != 1 || factsOf(e[0])["logins"] != "removed" {
		t.Errorf("the log says %+v", e)
	}
}

func loginClosed(t *testing.T, w *world) {
	g, acme := linkable(w)
	v := g.waits("g-1")
	in := g.passwordIn(v, "ann@example.com", nil)
	acme.apply(func(s *accesssec.Settings) { s.Methods = []policy.Method{policy.Password} })
	if _, err := w.svc.Authenticate(w.ctx, in.Token()); err != nil {
		in = g.passwordIn(v, "ann@example.com", nil)
	}
	if no := w.linking(in, v); no != reasonCode(policy.MethodOff) {
		t.Errorf("where the org has it off: refused as %q", no)
	}
	if n := len(w.docsOf("login", in.Principal.UserID)); n != 0 {
		t.Errorf("%d logins", n)
	}
}
