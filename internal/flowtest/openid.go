package flowtest

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/accesssectest"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// openIDFlows: people sign in by an OpenID provider, and link its logins to their accounts.
func openIDFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"the first makes the account, and later ones find it": openIDFirst,
		"by subject, whatever the address":                    openIDSubject,
		"an address that is not verified":                     openIDUnverified,
		"by invitation, and by that alone":                    openIDInvited,
		"an account nobody has proven":                        openIDTakesOver,
		"the second factor is asked":                          openIDFactor,
		"disabled people":                                     openIDDisabled,
		"where single sign-on is required":                    openIDRequired,
		"where it is not offered":                             openIDNotOffered,
		"proof by a fresh sign-in":                            openIDFresh,
		"a proof is one person's":                             openIDProves,
		"over the pages":                                      openIDPages,

		"once, and in one browser":        openIDBound,
		"codes that are swapped":          openIDSwapped,
		"what the provider refuses":       openIDRefused,
		"answers that are none":           openIDMalformed,
		"a code that can't be exchanged":  openIDExchange,
		"ten with one answer":             openIDRaceAnswer,
		"twenty first sign-ins at once":   openIDRaceFirst,
		"all sessions ended meanwhile":    openIDSignedOut,
		"whatever call fails":             openIDFaults,
		"no secret is written":            openIDCanary,
		"an adapter that forgets to bind": openIDCareless,

		"a login is linked":                    loginLinks,
		"what waits is for one account":        loginWaits,
		"what waits is over":                   loginOver,
		"ten links at once":                    loginRace,
		"to link wants a proof":                loginProof,
		"linked to another account meanwhile":  loginTaken,
		"unlinked":                             loginUnlinks,
		"the last way in":                      loginLastWay,
		"the account is gone":                  loginGone,
		"what keeps a login out keeps it away": loginClosed,
	})
}

// provider is an OpenID provider beside a host that offers it.
type provider struct {
	*accesssectest.OpenID
	w *world
	p *post
}

// offering has the host offer an OpenID provider that knows these people.
func (w *world) offering(set func(*accesssec.Options), people ...accesssec.OpenIDClaims) *provider {
	w.t.Helper()
	g := &provider{must1(accesssectest.NewOpenID(people...)), w, newPost()}
	w.t.Cleanup(func() { w.must(g.Close()) })
	w.rehost(func(o *accesssec.Options) {
		supported(o)
		o.Google, o.Notify = g, g.p.sink(works)
		if set != nil {
			set(o)
		}
	})
	g.ReturnTo(w.host.URL+w.svc.Path()+"google/callback", w.clock)
	return g
}

// gina is somebody whom the provider knows.
func gina() accesssec.OpenIDClaims {
	return accesssec.OpenIDClaims{Subject: "g-1", Address: "gina@example.net", Verified: true, FirstName: "Gina", LastName: "Gold"}
}

// sent is where a browser is sent.
func (g *provider) sent(v accesssec.Visit) string {
	g.w.t.Helper()
	step, err := g.w.svc.SignIn().StartGoogle(g.w.ctx, v, nil)
	g.w.must(err)
	return step.URL
}

// answer is what a browser brings back that was sent there.
func (g *provider) answer(v accesssec.Visit, subject string) url.Values {
	g.w.t.Helper()
	return must1(g.Answer(g.sent(v), subject))
}

// finish is an answer that a browser brings. What is not an error is a session, or a next step.
func (g *provider) finish(v accesssec.Visit, q url.Values) (accesssec.Step, accesssec.Code) {
	g.w.t.Helper()
	step, err := g.w.svc.SignIn().FinishGoogle(g.w.ctx, v, q)
	if err != nil && (step.Entered != nil || step.Next != "") || err == nil && step.Entered == nil && step.Next == "" {
		g.w.t.Fatalf("%+v beside %v", step, err)
	}
	return step, g.w.code(err)
}

// comes is the whole of it, in that browser.
func (g *provider) comes(v accesssec.Visit, subject string) (accesssec.Step, accesssec.Code) {
	g.w.t.Helper()
	return g.finish(v, g.answer(v, subject))
}

// in is the whole of it for somebody who is let in.
func (g *provider) in(subject string) *accesssec.Entered {
	g.w.t.Helper()
	step, no := g.comes(g.w.visit(), subject)
	if no != "" || step.Entered == nil || step.Next != "" {
		g.w.t.Fatalf("%s: %+v, refused as %q", subject, step, no)
	}
	return step.Entered
}

// refuses is the whole of it for somebody who is not.
func (g *provider) refuses(subject string, want accesssec.Code) {
	g.w.t.Helper()
	if _, no := g.comes(g.w.visit(), subject); no != want {
		g.w.t.Errorf("%s: refused as %q, want %q", subject, no, want)
	}
}

// nobody compares that there is no account, and no session of anybody.
func (g *provider) nobody(address string) {
	w := g.w
	w.t.Helper()
	if _, there := w.user(address); there {
		w.t.Errorf("%s has an account", address)
	}
}

func openIDFirst(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	v := w.visit()
	v.After = "/reports"
	step, no := g.comes(v, "g-1")
	if no != "" || step.Entered == nil || step.After != "/reports" {
		t.Fatalf("%+v, refused as %q", step, no)
	}
	u, _ := w.user("gina@example.net")
	if u.ID != step.Entered.Principal.UserID || !u.AddressVerified || u.Password != "" || u.FirstName != "Gina" || u.LastName != "Gold" {
		t.Errorf("the account is %+v", u)
	}
	w.by(step.Entered, "google")
	if !w.row(step.Entered).ProvedAt.IsZero() {
		t.Error("nobody has proven anything just now")
	}
	if again := g.in("g-1"); again.Principal.UserID != u.ID {
		t.Error("another account")
	}
	logins, err := w.svc.Me(step.Entered.Principal).Logins(w.ctx)
	if w.must(err); len(logins) != 1 || logins[0].Issuer != g.Issuer() || logins[0].Address != "gina@example.net" {
		t.Errorf("linked are %+v", logins)
	}
	var types []audit.Type
	for _, e := range w.system(audit.UserCreated, audit.LoginLinked, audit.SessionCreated) {
		types = append(types, e.Type)
	}
	slices.Sort(types)
	if want := []audit.Type{audit.LoginLinked, audit.SessionCreated, audit.SessionCreated, audit.UserCreated}; !slices.Equal(types, want) {
		t.Errorf("the log has %v", types)
	}
	if told := g.p.told(w); len(told) != 0 {
		t.Errorf("told %v of what they did a moment ago", told)
	}
}

func openIDSubject(t *testing.T, w *world) {
	g := w.offering(nil, gina(), accesssec.OpenIDClaims{Subject: "g-2", Address: "zoe@example.net", Verified: true})
	first := g.in("g-1")
	// Another address, and one that is not verified: it is looked at no more.
	for _, c := range []accesssec.OpenIDClaims{{Subject: "g-1", Address: "zoe@example.net", Verified: true}, {Subject: "g-1"}} {
		g.Set(c)
		if in := g.in("g-1"); in.Principal.UserID != first.Principal.UserID {
			t.Errorf("%+v leads to another account", c)
		}
	}
	g.nobody("zoe@example.net")
	// Who has the address at the provider now has none of the account.
	c := gina()
	c.Subject = "g-2"
	g.Set(c)
	if step, no := g.comes(w.visit(), "g-2"); no != "" || step.Entered != nil || step.Next != policy.NextLink {
		t.Errorf("%+v, refused as %q", step, no)
	}
	// A subject is one issuer's.
	c.Subject, c.Issuer = "g-1", "https://other.example"
	g.Set(c)
	q := g.answer(w.visit(), "g-1")
	q.Del("iss")
	v := w.visit()
	q = g.answer(v, "g-1")
	q.Del("iss")
	if step, no := g.finish(v, q); no != "" || step.Next != policy.NextLink {
		t.Errorf("another issuer: %+v, refused as %q", step, no)
	}
}

func openIDUnverified(_ *testing.T, w *world) {
	none := gina()
	none.Verified = false
	g := w.offering(nil, none)
	g.refuses("g-1", accesssec.CodeOpenID)
	g.nobody("gina@example.net")
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "gina@example.net")
	g.refuses("g-1", accesssec.CodeOpenID) // alike, with an account
	none.Verified, none.Address = true, "no address"
	g.Set(none)
	g.refuses("g-1", accesssec.CodeAddress)
}

func openIDInvited(t *testing.T, w *world) {
	g := w.offering(func(o *accesssec.Options) { o.InviteOnly = true }, gina(), accesssec.OpenIDClaims{Subject: "g-2", Address: "eve@example.net", Verified: true})
	acme := w.newOrg("Acme", "owner@example.com")
	g.refuses("g-1", accesssec.CodeNotOffered)
	_, token := acme.invite(g.p, "gina@example.net", policy.Billing)
	g.refuses("g-1", accesssec.CodeNotOffered) // the invitation was not shown
	if _, no := g.comes(w.with(token), "g-2"); no != accesssec.CodeNotOffered {
		t.Errorf("another's invitation: refused as %q", no)
	}
	g.nobody("gina@example.net")
	g.nobody("eve@example.net")
	step, no := g.comes(w.with(token), "g-1")
	if no != "" || step.Entered == nil || step.Entered.Principal.OrgID != acme.owner.OrgID || acme.roleOf("gina@example.net") != policy.Billing {
		t.Fatalf("%+v, refused as %q", step, no)
	}
	if left := acme.invites(); len(left) != 0 {
		t.Errorf("%v are invited still", left)
	}
	g.in("g-1") // the account is there
}

func openIDTakesOver(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	h := trap(w, "gina@example.net")
	step, no := g.comes(w.visit(), "g-1")
	if no != "" || step.Entered == nil || step.Entered.Principal.UserID != h.id {
		t.Fatalf("%+v, refused as %q", step, no)
	}
	h.emptied()
	if u, _ := w.user("gina@example.net"); u.Password != "" || !u.AddressVerified || u.FirstName != "Gina" {
		t.Errorf("the account is %+v", u)
	}
	if _, err := w.byPassword("gina@example.net", right); w.code(err) != accesssec.CodeWrongPassword {
		t.Errorf("the password of before: %v", err)
	}
	if told := g.p.told(w); !slices.Equal(told, []string{"login_linked gina@example.net"}) {
		t.Errorf("told %v", told)
	}
}

func openIDFactor(t *testing.T, w *world) {
	g := w.offering(nil, accesssec.OpenIDClaims{Subject: "g-1", Address: "ann@example.com", Verified: true})
	_, h := withHolder(w)
	g.links("ann@example.com", "g-1", h)
	v := w.visit()
	step, no := g.comes(v, "g-1")
	if no != "" || step.Entered != nil || step.Next != policy.NextFactor {
		t.Fatalf("%+v, refused as %q", step, no)
	}
	in := h.mustShow(v, h.next(), "").Entered
	w.by(in, "google totp")
	// Proof in that session asks for no code again, as by a password, and makes it no longer. A
	// sign-in does.
	w.advance(time.Hour)
	asked := must1(w.svc.Me(in.Principal).ProveGoogle(w.ctx, v))
	step, no = g.finish(v, must1(g.Answer(asked.URL, "g-1")))
	if no != "" || step.Entered == nil || !w.row(step.Entered).ProvedAt.Equal(w.clock()) {
		t.Fatalf("%+v, refused as %q", step, no)
	}
	if !step.Entered.EndsAt.Equal(in.EndsAt) {
		t.Errorf("the code is good until %v, and was until %v", step.Entered.EndsAt, in.EndsAt)
	}
	w.by(step.Entered, "google totp")
	asked = must1(w.svc.Me(step.Entered.Principal).ProveGoogle(w.ctx, v))
	w.must(w.svc.Me(step.Entered.Principal).SignOut(w.ctx))
	if step, no := g.finish(v, must1(g.Answer(asked.URL, "g-1"))); no != accesssec.CodeSignedOut {
		t.Errorf("from a session that has ended: %+v, refused as %q", step, no)
	}
	if step, no := g.comes(v, "g-1"); no != "" || step.Next != policy.NextFactor {
		t.Errorf("%+v, refused as %q", step, no)
	}
}

func openIDDisabled(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	in := g.in("g-1")
	w.hostSets("gina@example.net", disable)
	w.must(w.svc.PersonChanged(w.ctx, in.Principal.UserID))
	g.refuses("g-1", reasonCode(policy.PersonDisabled))
	w.hostSets("gina@example.net", func(u *store.User) { u.Disabled = false })
	if g.in("g-1").Principal.UserID != in.Principal.UserID {
		t.Error("another account")
	}
	// One that nobody has proven is not emptied for somebody who is kept out.
	acme := w.newOrg("Acme", "owner@example.com")
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "una@example.net", Password: right, Role: policy.Member}))
	before := w.hostSets("una@example.net", disable)
	g.Set(accesssec.OpenIDClaims{Subject: "g-2", Address: "una@example.net", Verified: true})
	g.refuses("g-2", reasonCode(policy.PersonDisabled))
	if u, _ := w.user("una@example.net"); u.AddressVerified || u.Password != before.Password {
		t.Error("a refusal has emptied the account")
	}
}

func openIDRequired(t *testing.T, w *world) {
	g := w.offering(nil)
	acme := w.newCustomer("Acme", "example.com", ann)
	acme.add(policy.Member, "ann@example.com")
	acme.add(policy.Admin, "ada@example.com")
	for subject, address := range map[string]string{"g-1": "ann@example.com", "g-2": "ada@example.com", "g-3": "new@example.com", "g-4": "una@example.com"} {
		g.Set(accesssec.OpenIDClaims{Subject: subject, Address: address, Verified: true})
	}
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "una@example.com", Password: right, Role: policy.Member}))
	g.links("ann@example.com", "g-1", nil)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	for subject := range map[string]bool{"g-1": true, "g-2": true, "g-3": true, "g-4": true} {
		v := w.visit()
		_, err := w.svc.SignIn().FinishGoogle(w.ctx, v, g.answer(v, subject))
		if w.code(err) != reasonCode(policy.SSORequired) {
			t.Errorf("%s: %v", subject, err)
		}
	}
	g.nobody("new@example.com")
	if u, _ := w.user("una@example.com"); u.AddressVerified {
		t.Error("taken over")
	}
	for _, kind := range []store.Kind{"login_pending", "openid_state"} {
		if n := len(must1(w.store.Docs(w.ctx, kind, "", store.DocQuery{})).Items); n != 0 {
			t.Errorf("%d of %s wait", n, kind)
		}
	}
	acme.signIn(ann) // single sign-on goes on
}

func openIDNotOffered(t *testing.T, w *world) {
	g := w.offering(func(o *accesssec.Options) { o.Methods = []policy.Method{policy.Password} }, gina())
	if _, err := w.svc.SignIn().StartGoogle(w.ctx, w.visit(), nil); w.code(err) != accesssec.CodeNotOffered {
		t.Errorf("started: %v", err)
	}
	if _, no := g.finish(w.visit(), url.Values{}); no != accesssec.CodeNotOffered {
		t.Errorf("finished: refused as %q", no)
	}
	g = w.offering(nil, gina())
	if _, err := w.svc.SignIn().StartGoogle(w.ctx, accesssec.Visit{}, nil); w.code(err) != accesssec.CodeBrowser {
		t.Errorf("without a browser: %v", err)
	}
	// An org may leave it out for its members.
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	g.Set(accesssec.OpenIDClaims{Subject: "g-2", Address: "ann@example.com", Verified: true})
	g.links("ann@example.com", "g-2", nil)
	acme.apply(func(s *accesssec.Settings) { s.Methods = []policy.Method{policy.Password} })
	v := w.visit()
	v.OrgID = acme.owner.OrgID
	if _, no := g.comes(v, "g-2"); no != reasonCode(policy.MethodOff) {
		t.Errorf("where the org has it off: refused as %q", no)
	}
}

func openIDFresh(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	fresh := func() (accesssec.Visit, url.Values) {
		v := w.visit()
		step := must1(w.svc.SignIn().StartGoogle(w.ctx, v, &accesssec.StartOptions{Fresh: true}))
		return v, must1(g.Answer(step.URL, "g-1"))
	}
	step, no := g.finish(fresh())
	if no != "" || !w.row(step.Entered).ProvedAt.Equal(w.clock()) {
		t.Fatalf("refused as %q, or not proven", no)
	}
	for name, at := range map[string]int64{
		"before": w.clock().Add(-2 * time.Minute).Unix(), "ahead": w.clock().Add(2 * time.Minute).Unix(), "never": -1, "out of all time": 1 << 62,
	} {
		c := gina()
		c.AuthTime = at
		g.Set(c)
		if _, no := g.finish(fresh()); no != accesssec.CodeNotFresh {
			t.Errorf("asked %s: refused as %q", name, no)
		}
	}
}

func openIDProves(t *testing.T, w *world) {
	g := w.offering(nil, gina(), accesssec.OpenIDClaims{Subject: "g-2", Address: "zoe@example.net", Verified: true})
	in := g.in("g-1")
	v := w.visit()
	prove := func(subject string) (accesssec.Step, accesssec.Code) {
		step := must1(w.svc.Me(in.Principal).ProveGoogle(w.ctx, v))
		return g.finish(v, must1(g.Answer(step.URL, subject)))
	}
	if _, no := prove("g-2"); no != accesssec.CodeLinked {
		t.Errorf("somebody else: refused as %q", no)
	}
	g.nobody("zoe@example.net")
	w.alive(in, true)
	step, no := prove("g-1")
	if no != "" || !w.row(step.Entered).ProvedAt.Equal(w.clock()) || step.Entered.Principal.UserID != in.Principal.UserID {
		t.Fatalf("%+v, refused as %q", step, no)
	}
	w.alive(in, false)
	w.alive(step.Entered, true)
	// In the account of one's own one stays there.
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "gina@example.net")
	own := step.Entered
	asked := must1(w.svc.Me(own.Principal).ProveGoogle(w.ctx, v))
	if step, no = g.finish(v, must1(g.Answer(asked.URL, "g-1"))); no != "" || step.Entered.Principal.OrgID != "" {
		t.Errorf("%+v, refused as %q", step, no)
	}
	if _, err := w.svc.Me(in.Principal).ProveGoogle(w.ctx, v); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("from a session that is over: %v", err)
	}
}
