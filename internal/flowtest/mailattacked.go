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

// byLink signs in by a link, in a new browser.
func (p *post) byLink(w *world, address string) *accesssec.Entered {
	w.t.Helper()
	v := w.visit()
	step := must1(w.svc.SignIn().Link(w.ctx, v, p.linked(w, v, address).token))
	if step.Entered == nil {
		w.t.Fatalf("%+v", step)
	}
	return step.Entered
}

// goesOn reports whether a session goes on.
func (w *world) goesOn(in *accesssec.Entered) bool {
	w.t.Helper()
	_, err := w.svc.Authenticate(w.ctx, in.Token())
	if code := w.code(err); code != "" && code != accesssec.CodeSignedOut {
		w.t.Fatalf("refused as %s", code)
	}
	return err == nil
}

// mailClosed: where no link lets in any more, nobody stays in by one. A password of an Owner or
// Admin goes on.
func mailClosed(t *testing.T, w *world) {
	p := w.watched()
	acme := withAnn(w)
	acme.add(policy.Admin, "ext@example.net")
	acme.apply(func(s *accesssec.Settings) { s.Methods = []policy.Method{policy.Link} })
	p.takes(w)
	owner, ext, ann := p.byLink(w, "owner@example.com"), p.byLink(w, "ext@example.net"), p.byLink(w, "ann@example.com")
	byPassword, extPassword := must1(w.byPassword("owner@example.com", right)), must1(w.byPassword("ext@example.net", right))
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	if w.goesOn(owner) {
		t.Error("an Owner stays in by a link where single sign-on is required")
	}
	if w.goesOn(ann) {
		t.Error("a Member stays in by a link where single sign-on is required")
	}
	if !w.goesOn(ext) || !w.goesOn(byPassword) || !w.goesOn(extPassword) {
		t.Error("who may come in all the same is out")
	}
	acme.apply(func(s *accesssec.Settings) { s.BlockExternal = true })
	if w.goesOn(ext) || !w.goesOn(byPassword) || !w.goesOn(extPassword) {
		t.Errorf("where people from outside are kept out: by a link %v, by passwords %v and %v", w.goesOn(ext), w.goesOn(byPassword), w.goesOn(extPassword))
	}
}

// mailLate: a mail counts from when it was asked for, and not from when it was written.
func mailLate(t *testing.T, w *world) {
	p, _ := mailing(w)
	in, v := provenAs(w, "ann@example.com"), w.visit()
	w.must(w.svc.Me(in.Principal).ChangeAddress(w.ctx, "mal@example.net"))
	w.must(w.svc.SignIn().SendMail(w.ctx, v, "ann@example.com", accesssec.MailSignIn))
	w.advance(time.Second)
	w.must(w.svc.Me(in.Principal).SignOutEverywhere(w.ctx, false))
	w.advance(time.Second)
	got := p.takes(w)
	if code := w.confirms(w.of(slices.Clone(got), accesssec.TemplateAddressConfirm).token); code != accesssec.CodeLinkOver {
		t.Errorf("an address that was asked for before: %q", code)
	}
	if code := w.clicked(v, w.of(got, accesssec.TemplateMailSignIn).token); code != accesssec.CodeSignedOut {
		t.Errorf("a link that was asked for before: %q", code)
	}
}

// addressUntold: neither the links of before nor the log of an org of the asker's own tell whether
// somebody has an address.
func addressUntold(t *testing.T, w *world) {
	p, acme := mailing(w)
	other := w.newOrg("Other", "mal@example.org")
	said := map[string]string{}
	for _, to := range []string{"ann@example.com", "nobody@example.com"} {
		w.advance(25 * time.Hour)
		in := provenAs(w, "mal@example.org")
		before := p.moves(w, in, "mal@example.net")
		n := len(other.events())
		w.must(w.svc.Me(in.Principal).ChangeAddress(w.ctx, to))
		if got := p.takes(w); len(got) != 2 {
			t.Errorf("mailed %+v", got)
		}
		said[to] = string(w.code(w.visitMailed(w.visit(), before.token)))
		all := other.events() // the newest first
		for _, e := range all[:len(all)-n] {
			said[to] += " " + string(e.Type) + " " + string(e.Outcome) + " " + e.Reason
		}
	}
	if said["ann@example.com"] != said["nobody@example.com"] {
		t.Errorf("told apart: %q", said)
	}
	if len(acme.events(audit.MailRequested, audit.MailWithheld)) != 0 || len(w.system(audit.MailWithheld)) != 1 {
		t.Error("the log does not say what became of it")
	}
}

// mailEmptied: who has made an account that was never proven keeps nothing of it, also where it
// never had a password by which a link could be told to be theirs.
func mailEmptied(t *testing.T, w *world) {
	p, _ := mailing(w)
	in := provenAs(w, "ann@example.com")
	u, _ := w.user("ann@example.com")
	u.AddressVerified, u.Password = false, ""
	w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, u) })
	m := p.moves(w, in, "mal@example.net")
	p.byLink(w, "ann@example.com")
	if code := w.confirms(m.token); code != accesssec.CodeLinkOver {
		t.Errorf("the account is moved by who has lost it: %q", code)
	}
	if n := len(w.docsOf("mail_link", u.ID)) + len(w.docsOf("half_login", u.ID)); n != 0 {
		t.Errorf("%d links and half logins are left", n)
	}
}
