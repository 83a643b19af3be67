package flowtest

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

func sharingLandingFlows() map[string]flow {
	return map[string]flow{
		"where a member lands":                    landingMember,
		"who is a member of none":                 landingNone,
		"chosen, over HTTP":                       landingChosen,
		"an answer that is asked about, replayed": landingReplay,
		"the answer to a sign-in of before":       landingMoved,
		"and after the end":                       landingMovedBack,
		"from the identity provider's own page":   landingUnasked,
		"it does not go round":                    landingRound,
		"to a domain that rests":                  landingRests,
		"another org's people":                    landingForeign,
		"fresh":                                   landingFresh,
	}
}

// lands is where somebody comes in who wants no org.
func (c *customer) lands(p samltest.Person) (accesssec.Step, error) {
	c.w.t.Helper()
	l := c.start()
	return l.finish(l.answer(p))
}

func names(orgs []accesssec.OrgChoice) []string {
	var out []string
	for _, o := range orgs {
		out = append(out, o.Name)
	}
	slices.Sort(out)
	return out
}

func landingMember(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	gamma := w.newOrg("Gamma", "owner@example.org")
	beta.linkTo(acme, true)
	gamma.linkTo(acme, true)
	for _, tt := range []struct {
		who string
		in  []*customer
		off []*customer
	}{
		{"one@example.com", []*customer{acme}, nil},
		{"two@example.net", []*customer{beta}, nil},
		{"three@example.com", []*customer{beta, gamma}, nil},
		{"four@example.com", []*customer{acme, gamma}, nil},
		{"five@example.com", []*customer{acme, beta, gamma}, []*customer{gamma, acme}},
		{"six@example.com", []*customer{beta}, []*customer{beta}},
	} {
		var want []string
		for _, c := range tt.in {
			c.add(policy.Member, tt.who)
			if slices.Contains(tt.off, c) {
				w.must(c.admin().DisableMember(w.ctx, c.member(tt.who)))
			} else {
				want = append(want, c.name)
			}
		}
		step, err := acme.lands(samltest.Person{Email: tt.who})
		switch len(want) {
		case 0:
			acme.refuses(err, reasonCode(policy.MemberDisabled))
		case 1:
			w.must(err)
			at := map[string]string{acme.owner.OrgID: "Acme", beta.owner.OrgID: "Beta", gamma.owner.OrgID: "Gamma"}
			if step.Entered == nil || at[step.Entered.Principal.OrgID] != want[0] {
				t.Errorf("%s: %+v, want %v", tt.who, step, want)
			}
		default:
			w.must(err)
			if step.Entered != nil || step.Next != policy.NextOrg || !slices.Equal(names(step.Orgs), want) || step.Connection != acme.conn.ID {
				t.Errorf("%s: %+v, want %v", tt.who, step, want)
			}
			u, _ := w.user(tt.who)
			if n := w.sessions(store.SessionQuery{UserID: u.ID}); n != 0 {
				t.Errorf("%s has %d sessions", tt.who, n)
			}
		}
	}
}

func landingNone(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	new1, new2 := samltest.Person{Email: "new1@example.com"}, samltest.Person{Email: "new2@example.com"}
	beta.linkTo(acme, true)
	_, err := acme.lands(new1)
	acme.refuses(err, reasonCode(policy.NotMember))
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	step, err := acme.lands(new1)
	w.must(err)
	if step.Entered.Principal.OrgID != beta.owner.OrgID {
		t.Errorf("landed in %+v", step.Entered.Principal)
	}
	facts := ""
	for _, e := range beta.events(audit.MemberAdded) {
		for _, f := range e.Facts {
			facts += f.Key + "=" + f.Value + " "
		}
	}
	if !strings.Contains(facts, "sign_on_of="+acme.owner.OrgID) || !strings.Contains(facts, "connection="+acme.conn.ID) {
		t.Errorf("the log says %s", facts)
	}
	gamma := w.newOrg("Gamma", "owner@example.org")
	gamma.linkTo(acme, true)
	step, err = acme.lands(new2)
	w.must(err)
	if step.Entered != nil || !slices.Equal(names(step.Orgs), []string{"Beta", "Gamma"}) {
		t.Errorf("%+v", step)
	}
	if _, there := w.user(new2.Email); there {
		t.Error("an account was made for somebody who has not said where")
	}
	l := acme.startFor(gamma.owner.OrgID)
	step, err = l.finish(l.answer(new2))
	w.must(err)
	if step.Entered.Principal.OrgID != gamma.owner.OrgID {
		t.Errorf("chose Gamma, and is in %+v", step.Entered.Principal)
	}
}

// landingChosen is the page, and what comes of it.
func landingChosen(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	beta.add(policy.Admin, ann.Email)
	beta.linkTo(acme, true)
	b := w.browser()
	a := b.walk(b.startSSO(acme, "next", "/reports"), ann.Email)
	if a.status != http.StatusOK || !strings.Contains(a.body, "Acme") || !strings.Contains(a.body, "Beta") || !strings.Contains(a.body, `value="/reports"`) {
		t.Fatalf("status %d\n%s", a.status, a.body)
	}
	if user, _, _ := b.whoami(); user != "" {
		t.Fatal("signed in before anything was chosen")
	}
	fields := regexp.MustCompile(`name="(connection|org|next)" value="([^"]+)"`).FindAllStringSubmatch(a.body, -1)
	if len(fields) != 6 {
		t.Fatalf("%v", fields)
	}
	var send []string
	for _, f := range fields[3:] {
		send = append(send, f[1], f[2])
	}
	stay := *b.Client
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := b.send(&stay, "sso/start", send...)
	w.must(err)
	res.Body.Close()
	a = b.walk(res.Header.Get("Location"), ann.Email)
	if a.at.Path != "/reports" {
		t.Errorf("ended at %v", a.at)
	}
	if _, org, role := b.whoami(); org != send[3] || role == "" {
		t.Errorf("in %s as %s, chose %v", org, role, send)
	}
	if n := len(acme.events(audit.LoginOrgAsked)); n != 1 {
		t.Errorf("asked %d times by the log", n)
	}
}

// startSSO is where the browser is sent for a customer's sign-on.
func (b *browser) startSSO(c *customer, fields ...string) string {
	b.w.t.Helper()
	stay := *b.Client
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := b.send(&stay, "sso/start", append([]string{"connection", c.conn.ID}, fields...)...)
	b.w.must(err)
	res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		b.w.t.Errorf("not sent to an identity provider: status %d", res.StatusCode)
	}
	return res.Header.Get("Location")
}

// walk signs in at one identity provider after another, as long as it is sent to one.
func (b *browser) walk(to, email string) answer {
	b.w.t.Helper()
	a := b.read(samltest.Login(b.w.ctx, b.Client, to, email))
	for n := 0; n < 5 && strings.HasPrefix(a.at.Path, "/idp"); n++ {
		a = b.read(samltest.Login(b.w.ctx, b.Client, a.at.String(), email))
	}
	return a
}

func landingReplay(_ *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	beta.add(policy.Member, ann.Email)
	beta.linkTo(acme, true)
	l := acme.start()
	m := l.answer(ann)
	_, err := l.finish(m)
	w.must(err)
	_, err = l.finish(m)
	if err == nil {
		w.t.Error("an answer that was used up is asked about again")
	}
}

// moved compares that a sign-in was started elsewhere, and finishes it there.
func (l *login) movesTo(err error, to *customer, p samltest.Person) accesssec.Step {
	l.c.w.t.Helper()
	var no *accesssec.Refusal
	if !errors.As(err, &no) || no.Bounce == nil {
		l.c.w.t.Fatalf("not sent on: %v", err)
	}
	r, err := http.NewRequest(http.MethodGet, no.Bounce.URL(), nil)
	l.c.w.must(err)
	next := &login{c: to, visit: l.visit}
	next.req, err = to.idp.ReadRequest(r)
	l.c.w.must(err)
	step, err := next.finish(next.answer(p))
	l.c.w.must(err)
	return step
}

func landingMoved(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	acme.add(policy.Member, bea.Email)
	v := w.visit()
	v.After = "/reports"
	l := beta.startIn(v)
	m := l.answer(bea)
	beta.linkTo(acme, true)
	_, err := l.finish(m)
	step := l.movesTo(err, acme, bea)
	// Also of Acme, she was on her way into Beta.
	if step.Entered.Principal.OrgID != beta.owner.OrgID || step.After != "/reports" {
		t.Errorf("in %+v, on to %q", step.Entered.Principal, step.After)
	}
	if n := len(beta.events(audit.LoginRefused)) + len(acme.events(audit.LoginRefused)); n != 0 {
		t.Errorf("%d refusals in the logs", n)
	}
	// And who starts at Beta's from a page of before.
	r, err := http.NewRequest(http.MethodGet, must1(w.svc.SignIn().StartSSO(w.ctx, l.visit, beta.conn.ID, nil)).Bounce.URL(), nil)
	w.must(err)
	if _, err := acme.idp.ReadRequest(r); err != nil {
		t.Errorf("not sent to Acme's: %v", err)
	}
}

func landingMovedBack(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	beta.linkTo(acme, true)
	l := acme.startFor(beta.owner.OrgID)
	m := l.answer(bea)
	beta.unlink(beta, true)
	_, err := l.finish(m)
	if step := l.movesTo(err, beta, bea); step.Entered.Principal.OrgID != beta.owner.OrgID {
		t.Errorf("in %+v", step.Entered.Principal)
	}
	w.advance(31 * 24 * time.Hour)
	l = acme.startFor(beta.owner.OrgID)
	_, err = l.finish(l.answer(bea))
	acme.refuses(err, reasonCode(policy.DomainOfAnother))
}

func landingUnasked(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	for n, strict := range []bool{true, false} {
		if !strict {
			beta.letIn()
		}
		beta.linkTo(acme, true)
		b := w.browser()
		to := acme.away(b.carry(beta.unasked(bea)))
		if to == "" {
			t.Fatal("not sent to Acme's identity provider")
		}
		b.walk(to, bea.Email)
		if _, org, _ := b.whoami(); org != beta.owner.OrgID {
			t.Errorf("in %q", org)
		}
		beta.unlink(beta, true)
		b = w.browser()
		if to = beta.away(b.carry(acme.unasked(bea))); to == "" {
			t.Fatalf("%d: not sent back to Beta's", n)
		}
		b.walk(to, bea.Email)
		if _, org, _ := b.whoami(); org != beta.owner.OrgID {
			t.Errorf("in %q", org)
		}
	}
}

// landingRound: who is sent on and never comes back signed in sees a page in the end.
func landingRound(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	var answers []*login
	for range 6 {
		answers = append(answers, beta.start())
	}
	beta.linkTo(acme, true)
	sent := 0
	for _, l := range answers {
		_, err := l.finish(l.answer(bea))
		var no *accesssec.Refusal
		if !errors.As(err, &no) {
			t.Fatal(err)
		}
		if no.Bounce != nil {
			sent++
		}
	}
	if sent != 3 {
		t.Errorf("sent on %d times", sent)
	}
	if e := beta.last(audit.LoginRefused); e.Reason != string(policy.DomainOfAnother) {
		t.Errorf("the log says %s", e.Reason)
	}
	// What led to a session is forgotten.
	w.advance(time.Hour)
	for range 6 {
		l := beta.start2(acme)
		acme.signIn2(l, bea)
	}
}

// start2 begins at the customer's connection, which rests, and so at another's.
func (c *customer) start2(at *customer) *login {
	c.w.t.Helper()
	l := &login{c: at, visit: c.w.visit()}
	step, err := c.w.svc.SignIn().StartSSO(c.w.ctx, l.visit, c.conn.ID, nil)
	c.w.must(err)
	r, err := http.NewRequest(http.MethodGet, step.Bounce.URL(), nil)
	c.w.must(err)
	l.req, err = at.idp.ReadRequest(r)
	c.w.must(err)
	return l
}

func (c *customer) signIn2(l *login, p samltest.Person) {
	c.w.t.Helper()
	_, err := l.finish(l.answer(p))
	c.w.must(err)
}

func landingRests(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	l := beta.start()
	m := l.answer(bea)
	beta.linkTo(acme, false)
	_, err := l.finish(m)
	beta.refuses(err, reasonCode(policy.DomainIsSuspended))
	var no *accesssec.Refusal
	if errors.As(err, &no) && no.Bounce != nil {
		t.Error("sent to an identity provider that does not know her")
	}
	res := w.browser().carry(beta.unasked(bea))
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("status %d, to %s", res.StatusCode, res.Header.Get("Location"))
	}
	acme.admin() // Acme's own go on
	acme.signIn(ann)
	w.must(acme.admin().Enable(w.ctx, acme.conn.ID, false))
	if _, err := w.svc.SignIn().StartSSO(w.ctx, w.visit(), beta.conn.ID, nil); w.code(err) != reasonCode(policy.ConnectionInactive) {
		t.Errorf("nobody's sign-on is active: %v", err)
	}
}

// landingForeign: who is vouched for by a stranger is not sent anywhere.
func landingForeign(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	evil := w.newCustomer("Evil", "example.org", bea)
	beta.linkTo(acme, true)
	for range 2 {
		l := evil.startFor(beta.owner.OrgID)
		_, err := l.finish(l.answer(bea))
		evil.refuses(err, reasonCode(policy.DomainOfAnother))
		var no *accesssec.Refusal
		if errors.As(err, &no) && no.Bounce != nil {
			t.Error("sent on by a stranger's word")
		}
		evil.linkTo(acme, false) // which makes it no less of a stranger to Beta's people
		_, err = w.svc.SignIn().FinishSSO(w.ctx, l.visit, evil.conn.ID, l.answer(bea))
		if err == nil {
			t.Error("let in")
		}
		evil.unlink(evil, false)
	}
}

func landingFresh(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	l := beta.startFresh()
	w.advance(time.Minute)
	m := l.answer(bea)
	beta.linkTo(acme, true)
	_, err := l.finish(m)
	step := l.movesTo(err, acme, bea)
	if w.row(step.Entered).ProvedAt.IsZero() {
		t.Error("what was asked for anew is asked for no more")
	}
}
