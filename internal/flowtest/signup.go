package flowtest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// signUpFlows: who has a mailbox makes an account, once, unless their domain or the host says
// otherwise.
func signUpFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"a newcomer":                   signUpNew,
		"ten at once":                  signUpRace,
		"an account by then":           signUpLate,
		"an account nobody has proven": signUpTrap,
		"single sign-on comes first":   signUpSSO,
		"with an invitation":           signUpInvited,
		"by invitation only":           signUpClosed,
		"whatever fails":               signUpFaults,
	})
}

// signUp asks for a link to make an account, and has it.
func (p *post) signUp(w *world, v accesssec.Visit, address string) letter {
	w.t.Helper()
	return w.one(p.asks(w, v, address, accesssec.MailSignUp), accesssec.TemplateMailSignUp)
}

// makes is why a link makes no account; "" it does, and signs in.
func (w *world) makes(token string) accesssec.Code {
	w.t.Helper()
	step, err := w.svc.SignIn().SignUp(w.ctx, w.visit(), token, newcomer())
	if (err == nil) != (step.Entered != nil) {
		w.t.Fatalf("%+v, %v", step, err)
	}
	return w.code(err)
}

func signUpNew(t *testing.T, w *world) {
	p, _ := mailing(w)
	v := w.visit()
	v.After = "/welcome"
	m := p.signUp(w, v, "Nia@Example.net")
	if m.To != "Nia@Example.net" || m.UserID != "" || !m.Expires.Equal(w.clock().Add(24*time.Hour)) {
		t.Errorf("mailed %+v", m.Notice)
	}
	want := accesssec.Mailed{For: accesssec.MailSignUp, Address: "Nia@Example.net", Expires: m.Expires, Here: true}
	for range 3 {
		if diff := cmp.Diff(want, must1(w.svc.SignIn().Mailed(w.ctx, w.visit(), m.token))); diff != "" {
			t.Errorf("shown (-want +got)\n%s", diff)
		}
	}
	if _, there := w.user("nia@example.net"); there {
		t.Error("looking has made an account")
	}
	bad := newcomer()
	bad.Password = "short"
	if _, err := w.svc.SignIn().SignUp(w.ctx, v, m.token, bad); w.code(err) != accesssec.CodePasswordRules {
		t.Errorf("a bad password: %v", err)
	}
	step := must1(w.svc.SignIn().SignUp(w.ctx, w.visit(), m.token, newcomer())) // in another browser
	if step.Entered == nil || step.Entered.Principal.OrgID != "" || step.After != "/welcome" {
		t.Fatalf("%+v", step)
	}
	u, _ := w.user("nia@example.net")
	if !u.AddressVerified || u.FirstName != "Nia" || u.Address != "Nia@Example.net" || len(w.system(audit.UserCreated)) != 1 {
		t.Errorf("made %+v", u)
	}
	must1(w.byPassword("nia@example.net", right))
	if code := w.makes(m.token); code != accesssec.CodeLinkOver {
		t.Errorf("used again: %s", code)
	}
	m = p.signUp(w, v, "zed@example.net")
	w.advance(24 * time.Hour)
	if code := w.makes(m.token); code != accesssec.CodeLinkOver {
		t.Errorf("after a day: %s", code)
	}
}

func signUpRace(t *testing.T, w *world) {
	p, _ := mailing(w)
	m := p.signUp(w, w.visit(), "nia@example.net")
	var wg sync.WaitGroup
	errs := make([]error, 10)
	for n := range errs {
		wg.Go(func() { _, errs[n] = w.svc.SignIn().SignUp(w.ctx, w.visit(), m.token, newcomer()) })
	}
	wg.Wait()
	in := 0
	for _, err := range errs {
		switch code := w.code(err); code {
		case "":
			in++
		case accesssec.CodeLinkOver, accesssec.CodeLocked, accesssec.CodeAccount:
		default:
			t.Errorf("refused as %s", code)
		}
	}
	u, _ := w.user("nia@example.net")
	if n := w.sessions(store.SessionQuery{UserID: u.ID}); in != 1 || n != 1 || len(w.system(audit.UserCreated)) != 1 {
		t.Errorf("%d in, %d sessions", in, n)
	}
}

// signUpLate: an account that came meanwhile is signed in to, and gets no other password.
func signUpLate(t *testing.T, w *world) {
	p, acme := mailing(w)
	m := p.signUp(w, w.visit(), "nia@example.net")
	acme.add(policy.Member, "nia@example.net")
	before, _ := w.user("nia@example.net")
	if got := must1(w.svc.SignIn().Mailed(w.ctx, w.visit(), m.token)); !got.Account {
		t.Errorf("shown %+v", got)
	}
	runs := w.hasher.Runs()
	if code := w.makes(m.token); code != accesssec.CodeAccount || w.hasher.Runs() != runs {
		t.Errorf("refused as %q, %d computations", code, w.hasher.Runs()-runs)
	}
	if after, _ := w.user("nia@example.net"); after != before {
		t.Errorf("the account is %+v", after)
	}
	if n := w.one(p.asks(w, w.visit(), "nia@example.net", accesssec.MailSignUp), accesssec.TemplateMailAccount); n.token != "" || n.Values["link"] != w.host.URL+"/auth/" {
		t.Errorf("mailed %+v", n)
	}
}

func signUpTrap(t *testing.T, w *world) {
	p, acme := mailing(w)
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "vic@example.net", Password: another, Role: policy.Member}))
	in := must1(w.byPassword("vic@example.net", another))
	m := p.signUp(w, w.visit(), "vic@example.net")
	if code := w.makes(m.token); code != "" {
		t.Fatalf("its owner: %s", code)
	}
	if _, err := w.svc.Authenticate(w.ctx, in.Token()); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("who has made the account: %v", err)
	}
	if _, err := w.byPassword("vic@example.net", another); w.code(err) != accesssec.CodeWrongPassword {
		t.Errorf("their password: %v", err)
	}
	// One that was disabled before its owner came stays so.
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "off@example.net", Password: another, Role: policy.Member}))
	m = p.signUp(w, w.visit(), "off@example.net")
	u, _ := w.user("off@example.net")
	u.Disabled = true
	w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, u) })
	if code := w.makes(m.token); code != accesssec.Code(policy.PersonDisabled) {
		t.Errorf("disabled: %s", code)
	}
}

// signUpSSO: on a domain that sends everybody to single sign-on nobody makes an account.
func signUpSSO(t *testing.T, w *world) {
	p := w.watched()
	acme := withAnn(w)
	for _, s := range []func(*accesssec.Settings){
		func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = true, false },
		func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = false, true },
		func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = true, true },
	} {
		acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = false, false })
		p.takes(w)
		m := p.signUp(w, w.visit(), "new@example.com")
		acme.apply(s)
		p.takes(w)
		runs := w.hasher.Runs()
		for _, err := range []error{
			w.svc.SignIn().SendMail(w.ctx, w.visit(), "new@example.com", accesssec.MailSignUp), w.visitMailed(w.visit(), m.token),
			second(w.svc.SignIn().SignUp(w.ctx, w.visit(), m.token, newcomer())),
		} {
			if no := refusal(w, err); no.Code != accesssec.Code(policy.SSORequired) || no.Next != policy.NextSSO {
				t.Errorf("refused as %s, next %q", no.Code, no.Next)
			}
		}
		if _, there := w.user("new@example.com"); there || w.hasher.Runs() != runs {
			t.Error("something was made")
		}
		w.advance(25 * time.Hour)
	}
	// What was asked for before it was switched on, and is decided after, is not sent.
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = false, false })
	w.must(w.svc.SignIn().SendMail(w.ctx, w.visit(), "new@example.com", accesssec.MailSignUp))
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	for _, n := range p.takes(w) {
		if n.To == "new@example.com" {
			t.Errorf("sent %+v", n)
		}
	}
}

func signUpInvited(t *testing.T, w *world) {
	p, acme := mailing(w)
	inv, token := acme.invite(p, "nia@example.net", policy.Billing)
	for address, want := range map[string]policy.Role{"zed@example.net": "", inv.Address: policy.Billing} {
		v := w.with(token)
		m := p.signUp(w, v, address)
		step := must1(w.svc.SignIn().SignUp(w.ctx, w.visit(), m.token, newcomer()))
		if step.Entered == nil || step.Entered.Principal.Role != want || acme.roleOf(address) != want {
			t.Errorf("%s: %+v", address, step)
		}
	}
}

func signUpClosed(t *testing.T, w *world) {
	p, acme := mailing(w)
	m := p.signUp(w, w.visit(), "nia@example.net")
	closed := w.serviceOn(w.store, w.host.URL, func(o *accesssec.Options) { o.Notify, o.InviteOnly = p.sink(works), true })
	_, err := closed.SignIn().SignUp(w.ctx, w.visit(), m.token, newcomer())
	acme.refuses(err, accesssec.CodeNotOffered)
	if _, there := w.user("nia@example.net"); there {
		t.Error("an account was made")
	}
}

func signUpFaults(t *testing.T, w *world) {
	p, acme := mailing(w)
	acme.untilIn(func(ctx context.Context) (*accesssec.Entered, error) {
		w.advance(49 * time.Hour)
		step, err := w.svc.SignIn().SignUp(ctx, w.visit(), p.signUp(w, w.visit(), "nia@example.net").token, newcomer())
		if _, there := w.user("nia@example.net"); err != nil && there {
			t.Fatal("an account without its session")
		}
		return step.Entered, err
	})
}
