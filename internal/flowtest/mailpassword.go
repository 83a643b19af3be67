package flowtest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// mailPasswordFlows: a link by mail sets a password, once, for whom a password lets in, and
// goes past nothing else.
func mailPasswordFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"another password":             resetSets,
		"the first password":           resetFirst,
		"ten at once":                  resetRace,
		"the second factor stays":      resetFactor,
		"where single sign-on is":      resetSSO,
		"Owners past single sign-on":   resetOwner,
		"an account nobody has proven": resetTrap,
		"links for something else":     linkMatrix,
		"changed meanwhile":            resetMeanwhile,
		"an org that keeps them out":   resetOtherOrg,
		"whatever fails":               resetFaults,
	})
}

// reset asks for a link to set a password, and has it.
func (p *post) reset(w *world, address string, want accesssec.Template) letter {
	w.t.Helper()
	return w.of(p.asks(w, w.visit(), address, accesssec.MailPassword), want)
}

// sets is why a link sets no password; "" it is set.
func (w *world) sets(token, password string) accesssec.Code {
	w.t.Helper()
	step, err := w.svc.SignIn().SetPassword(w.ctx, w.visit(), token, password)
	if err == nil && step.Entered == nil && step.Next == policy.NextNone || err != nil && step.Entered != nil {
		w.t.Fatalf("%+v, %v", step, err)
	}
	return w.code(err)
}

func resetSets(t *testing.T, w *world) {
	p, acme := mailing(w)
	old := []*accesssec.Entered{must1(w.byPassword("ann@example.com", right)), must1(w.byPassword("ann@example.com", right))}
	m := p.reset(w, "ann@example.com", accesssec.TemplateMailPassword)
	if m.To != "ann@example.com" || !m.Expires.Equal(w.clock().Add(time.Hour)) || m.code != "" {
		t.Errorf("mailed %+v", m.Notice)
	}
	for range 3 {
		if got := must1(w.svc.SignIn().Mailed(w.ctx, w.visit(), m.token)); !got.Here || !got.Account || got.For != accesssec.MailPassword {
			t.Errorf("shown %+v", got)
		}
	}
	if code := w.sets(m.token, "short"); code != accesssec.CodePasswordRules {
		t.Errorf("a bad password: %s", code)
	}
	v := w.visit()
	step := must1(w.svc.SignIn().SetPassword(w.ctx, v, m.token, another))
	if step.Entered == nil || step.Entered.Principal.OrgID != acme.owner.OrgID {
		t.Fatalf("%+v", step)
	}
	ses := must1(w.store.Sessions(w.ctx, store.SessionQuery{UserID: step.Entered.Principal.UserID})).Items
	if len(ses) != 1 || !slices.Equal(ses[0].Methods, []string{"password"}) {
		t.Errorf("sessions %+v", ses)
	}
	for _, in := range old {
		if _, err := w.svc.Authenticate(w.ctx, in.Token()); w.code(err) != accesssec.CodeSignedOut {
			t.Errorf("signed in before: %v", err)
		}
	}
	if _, err := w.byPassword("ann@example.com", right); w.code(err) != accesssec.CodeWrongPassword {
		t.Errorf("the old password: %v", err)
	}
	must1(w.byPassword("ann@example.com", another))
	runs := w.hasher.Runs()
	if code := w.sets(m.token, another+"!"); code != accesssec.CodeLinkOver || w.hasher.Runs() != runs {
		t.Errorf("used again: %s, %d computations", code, w.hasher.Runs()-runs)
	}
	e := acme.last(audit.PasswordSet)
	if len(e.Facts) != 1 || e.Facts[0].Value != "2" || e.Targets[0].ID != step.Entered.Principal.UserID {
		t.Errorf("the log has %+v", e)
	}
	w.one(p.takes(w), accesssec.TemplatePasswordSet)
	m = p.reset(w, "ann@example.com", accesssec.TemplateMailPassword)
	w.advance(time.Hour)
	if code := w.sets(m.token, right); code != accesssec.CodeLinkOver {
		t.Errorf("after an hour: %s", code)
	}
}

func resetFirst(t *testing.T, w *world) {
	p, acme := mailing(w)
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "bare@example.com", Verified: true, Role: policy.Member}))
	v := w.visit()
	in := must1(w.svc.SignIn().Link(w.ctx, v, p.linked(w, v, "bare@example.com").token)).Entered
	me := w.svc.Me(in.Principal)
	if _, err := me.Prove(w.ctx, right); w.code(err) != accesssec.CodeNoPassword {
		t.Errorf("asked to prove: %v", err)
	}
	w.must(me.SendPasswordLink(w.ctx, "/back"))
	m := w.one(p.takes(w), accesssec.TemplateMailFirstPassword)
	step := must1(w.svc.SignIn().SetPassword(w.ctx, v, m.token, another))
	if step.After != "/back" || step.Entered == nil || step.Entered.Principal.OrgID != acme.owner.OrgID {
		t.Errorf("%+v", step)
	}
	must1(w.svc.Me(step.Entered.Principal).Prove(w.ctx, another))
	if err := w.svc.Me(in.Principal).SendPasswordLink(w.ctx, ""); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("the session of before: %v", err)
	}
}

// resetRace: of ten passwords one is set, and one is signed in.
func resetRace(t *testing.T, w *world) {
	p, _ := mailing(w)
	m := p.reset(w, "ann@example.com", accesssec.TemplateMailPassword)
	var wg sync.WaitGroup
	errs := make([]error, 10)
	for n := range errs {
		wg.Go(func() {
			_, errs[n] = w.svc.SignIn().SetPassword(w.ctx, w.visit(), m.token, another+string(rune('a'+n)))
		})
	}
	wg.Wait()
	set := []string{}
	for n, err := range errs {
		switch code := w.code(err); code {
		case "":
			set = append(set, another+string(rune('a'+n)))
		case accesssec.CodeLinkOver, accesssec.CodeLocked:
		default:
			t.Errorf("refused as %s", code)
		}
	}
	u, _ := w.user("ann@example.com")
	if n := w.sessions(store.SessionQuery{UserID: u.ID}); len(set) != 1 || n != 1 {
		t.Fatalf("set: %v, %d sessions", set, n)
	}
	must1(w.byPassword("ann@example.com", set[0]))
}

func resetFactor(t *testing.T, w *world) {
	p, acme := mailing(w)
	h := acme.newHolder(policy.Member, "bob@example.com")
	waits := h.half()
	p.takes(w)
	v := w.visit()
	m := p.reset(w, "bob@example.com", accesssec.TemplateMailPassword)
	step := must1(w.svc.SignIn().SetPassword(w.ctx, v, m.token, another))
	if step.Entered != nil || step.Next != policy.NextFactor || w.sessions(store.SessionQuery{UserID: h.id}) != 0 {
		t.Fatalf("a reset leads to %+v", step)
	}
	if _, no := h.shows(waits, h.next()); no != accesssec.CodeHalfOver {
		t.Errorf("who waited with the old password: %q", no)
	}
	if in, no := h.shows(v, h.next()); no != "" || in.Entered == nil {
		t.Errorf("with the code: %q", no)
	}
}

// resetSSO: whom single sign-on keeps out is sent no link, and by one of before sets nothing.
func resetSSO(t *testing.T, w *world) {
	p := w.watched()
	acme := withAnn(w)
	p.takes(w)
	m := p.reset(w, "ann@example.com", accesssec.TemplateMailPassword)
	in := must1(w.byPassword("ann@example.com", right))
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	p.takes(w)
	before, _ := w.user("ann@example.com")
	runs := w.hasher.Runs()
	for _, err := range []error{w.visitMailed(w.visit(), m.token), second(w.svc.SignIn().SetPassword(w.ctx, w.visit(), m.token, another))} {
		if no := refusal(w, err); no.Code != accesssec.Code(policy.SSORequired) || no.Next != policy.NextSSO {
			t.Errorf("refused as %s, next %q", no.Code, no.Next)
		}
	}
	if after, _ := w.user("ann@example.com"); after != before || w.hasher.Runs() != runs {
		t.Errorf("%d computations, and the account is %+v", w.hasher.Runs()-runs, after)
	}
	if n := w.one(p.asks(w, w.visit(), "ann@example.com", accesssec.MailPassword), accesssec.TemplateMailOtherWay); n.token != "" {
		t.Errorf("mailed %+v", n)
	}
	if e := acme.last(audit.MailWithheld); e.Reason != string(policy.SSORequired) {
		t.Errorf("the log has %+v", e)
	}
	if err := w.svc.Me(in.Principal).SendPasswordLink(w.ctx, ""); err == nil {
		t.Error("sent to who may not use a password")
	}
	w.advance(time.Hour)
	w.must(w.svc.SignIn().SendMail(w.ctx, w.visit(), "nobody@example.com", accesssec.MailPassword))
	if got := p.takes(w); len(got) != 0 {
		t.Errorf("to nobody: %+v", got)
	}
}

func resetOwner(t *testing.T, w *world) {
	p := w.watched()
	acme := withAnn(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	p.takes(w)
	m := p.reset(w, "owner@example.com", accesssec.TemplateMailPassword)
	if code := w.sets(m.token, another); code != "" {
		t.Fatalf("an Owner: %s", code)
	}
	if len(acme.events(audit.LoginBypassed)) != 1 {
		t.Error("nobody is told that it went past single sign-on")
	}
}

func resetTrap(t *testing.T, w *world) {
	p, acme := mailing(w)
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "vic@example.com", Password: right, Role: policy.Member}))
	trap := w.holder("vic@example.com")
	p.takes(w)
	m := p.reset(w, "vic@example.com", accesssec.TemplateMailPassword)
	step := must1(w.svc.SignIn().SetPassword(w.ctx, w.visit(), m.token, another))
	if step.Entered == nil {
		t.Fatalf("their factor is asked for: %+v", step)
	}
	u, _ := w.user("vic@example.com")
	if !u.AddressVerified || w.sessions(store.SessionQuery{UserID: trap.id}) != 1 || len(acme.events(audit.UserCleared))+len(w.system(audit.UserCleared)) != 1 {
		t.Errorf("left %+v, %d sessions", u, w.sessions(store.SessionQuery{UserID: trap.id}))
	}
}

// linkMatrix: each link opens what it was sent for, and nothing else does.
func linkMatrix(t *testing.T, w *world) {
	p, acme := mailing(w)
	v := w.visit()
	in := must1(w.byPassword("ann@example.com", right))
	w.prove(in)
	w.must(w.svc.Me(in.Principal).ChangeAddress(w.ctx, "ann@example.net"))
	_, invited := acme.invite(p, "nia@example.com", policy.Member)
	p.takes(w)
	tokens := map[string]string{
		"empty": "", "a blank": " ", "the mark alone": "m1.", "junk": "m1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "a session's": in.Token(), "an invitation's": invited,
	}
	w.must(w.svc.Me(in.Principal).ChangeAddress(w.ctx, "ann@example.org"))
	tokens["address"] = w.of(p.takes(w), accesssec.TemplateAddressConfirm).token
	tokens["sign in"] = p.linked(w, v, "ann@example.com").token
	tokens["password"] = p.reset(w, "ann@example.com", accesssec.TemplateMailPassword).token
	tokens["sign up"] = w.of(p.asks(w, v, "zed@example.com", accesssec.MailSignUp), accesssec.TemplateMailSignUp).token
	opens := map[string]func(string) error{
		"sign in":  func(token string) error { return second(w.svc.SignIn().Link(w.ctx, v, token)) },
		"password": func(token string) error { return second(w.svc.SignIn().SetPassword(w.ctx, v, token, another)) },
		"sign up":  func(token string) error { return second(w.svc.SignIn().SignUp(w.ctx, v, token, newcomer())) },
		"address":  func(token string) error { return w.svc.SignIn().ConfirmAddress(w.ctx, v, token) },
	}
	runs := w.hasher.Runs()
	for name, open := range opens {
		for kind, token := range tokens {
			if kind == name {
				continue
			}
			if code := w.code(open(token)); code != accesssec.CodeLinkOver {
				t.Errorf("%s by %s: %q", name, kind, code)
			}
		}
	}
	if w.hasher.Runs() != runs {
		t.Errorf("%d computations for nothing", w.hasher.Runs()-runs)
	}
	for _, name := range []string{"sign in", "sign up", "address"} {
		if code := w.code(opens[name](tokens[name])); code != "" {
			t.Errorf("%s by its own: %q", name, code)
		}
	}
	// That of a password was for the address of before.
	if code := w.code(opens["password"](tokens["password"])); code != accesssec.CodeLinkOver {
		t.Errorf("password, after the address was changed: %q", code)
	}
}

func resetMeanwhile(t *testing.T, w *world) {
	p, acme := mailing(w)
	first := p.reset(w, "ann@example.com", accesssec.TemplateMailPassword)
	newer := p.reset(w, "ann@example.com", accesssec.TemplateMailPassword)
	if code := w.sets(first.token, another); code != accesssec.CodeLinkOver {
		t.Errorf("the one before: %s", code)
	}
	u, _ := w.user("ann@example.com")
	u.Disabled = true
	w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, u) })
	if code := w.sets(newer.token, another); code != accesssec.Code(policy.PersonDisabled) {
		t.Errorf("disabled: %s", code)
	}
	u, _ = w.user("ann@example.com")
	u.Disabled = false
	w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, u) })
	v := w.visit()
	link := p.linked(w, v, "ann@example.com")
	if code := w.sets(newer.token, another); code != "" {
		t.Errorf("good again: %s", code)
	}
	if code := w.clicked(v, link.token); code != accesssec.CodeLinkOver {
		t.Errorf("a link to sign in of before: %s", code)
	}
	acme.refuses(w.visitMailed(v, link.token), accesssec.CodeLinkOver)
}

// resetOtherOrg: a password is of no org: one that lets the person not in is in nobody's way.
func resetOtherOrg(t *testing.T, w *world) {
	p := w.watched()
	acme := withAnn(w)
	acme.add(policy.Member, "ext@example.net")
	other := w.newOrg("Other", "owner@example.org")
	other.add(policy.Member, "ext@example.net")
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.BlockExternal = true, true })
	p.takes(w)
	v := w.visit()
	v.OrgID = acme.owner.OrgID
	m := w.one(p.asks(w, v, "ext@example.net", accesssec.MailPassword), accesssec.TemplateMailPassword)
	step := must1(w.svc.SignIn().SetPassword(w.ctx, v, m.token, another))
	if step.Entered == nil || step.Entered.Principal.OrgID != other.owner.OrgID {
		t.Errorf("%+v", step)
	}
}

func resetFaults(t *testing.T, w *world) {
	p, acme := mailing(w)
	n := 0
	acme.untilIn(func(ctx context.Context) (*accesssec.Entered, error) {
		w.advance(25 * time.Hour)
		before, _ := w.user("ann@example.com")
		step, err := w.svc.SignIn().SetPassword(ctx, w.visit(), p.reset(w, "ann@example.com", accesssec.TemplateMailPassword).token, another)
		if after, _ := w.user("ann@example.com"); err != nil && after != before {
			t.Fatalf("failure %d: the account is %+v", n, after)
		}
		n++
		return step.Entered, err
	})
}
