package flowtest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// invitationFlows: who is invited comes in, once, as who they are, and by no other way than
// the rules of their domain leave open.
func invitationFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"a newcomer":                         invitedNewcomer,
		"somebody with an account":           invitedAccount,
		"a second factor between":            invitedFactor,
		"an invitation for somebody else":    invitedOther,
		"who may invite whom":                invitedBy,
		"external people are kept out":       invitedExternal,
		"through single sign-on":             invitedSSO,
		"no new password where it is closed": invitedClosed,
		"past a lapsed domain":               invitedLapsed,
		"who sent it may no more":            invitedSender,
		"it is over":                         invitedOver,
		"sent again":                         invitedAgain,
		"no way back for who was removed":    invitedRemoved,
		"an account that nobody has proven":  invitedTrap,
		"ten browsers":                       invitedRace,
		"limits":                             invitedLimits,
		"of one org alone":                   invitedTenant,
		"whatever fails":                     invitedFaults,
		"one link, tried too often":          invitedTooOften,
	})
}

// newcomer is what somebody types who has no account yet.
func newcomer() accesssec.Newcomer {
	return accesssec.Newcomer{FirstName: "Nia", LastName: "New", Password: right}
}

// inviting is an org whose mails are kept. It has no domain.
func inviting(w *world) (*post, *customer) {
	p := w.watched()
	return p, w.newOrg("Acme", "owner@example.com")
}

// invitation is the token that was mailed to an address, which is of nobody's account.
func (p *post) invitation(w *world, to string) string {
	w.t.Helper()
	token, userID := p.mailed(w, accesssec.TemplateInvitation, to, "invitation")
	if token == "" || userID != "" {
		w.t.Fatalf("to %s: the invitation %q, for %q", to, token, userID)
	}
	return token
}

// invite is an invitation by the Owner, and its token.
func (c *customer) invite(p *post, address string, role policy.Role) (accesssec.Invitation, string) {
	c.w.t.Helper()
	inv, err := c.admin().Invite(c.w.ctx, address, role)
	c.w.must(err)
	return inv, p.invitation(c.w, inv.Address)
}

// with is a browser that has opened the link.
func (w *world) with(token string) accesssec.Visit {
	v := w.visit()
	v.Invitation = token
	return v
}

// accept is why a newcomer is refused.
func (w *world) accept(token string) accesssec.Code {
	w.t.Helper()
	_, err := w.svc.SignIn().AcceptInvitation(w.ctx, w.with(token), newcomer())
	return w.code(err)
}

// roleOf is what somebody is in the org, "" nobody.
func (c *customer) roleOf(address string) policy.Role {
	c.w.t.Helper()
	u, ok := c.w.user(address)
	if !ok {
		return ""
	}
	m, err := c.w.store.Membership(c.w.ctx, c.owner.OrgID, u.ID)
	if err != nil {
		return ""
	}
	return policy.Role(m.Role)
}

// invites are the addresses that wait.
func (c *customer) invites() []string {
	c.w.t.Helper()
	out := []string{}
	for _, inv := range must1(c.admin().Invitations(c.w.ctx, store.Paging{})).Items {
		out = append(out, inv.Address)
	}
	return out
}

func invitedNewcomer(t *testing.T, w *world) {
	p, acme := inviting(w)
	inv, token := acme.invite(p, "Nia@Example.net", policy.Billing)
	want := accesssec.Invitation{ID: inv.ID, Address: "Nia@Example.net", Role: policy.Billing, By: acme.owner.UserID, At: w.clock(), Expires: w.clock().Add(7 * 24 * time.Hour)}
	if diff := cmp.Diff(want, inv); diff != "" {
		t.Errorf("invited (-want +got)\n%s", diff)
	}
	// Looking changes nothing, however often.
	for range 3 {
		got := must1(w.svc.SignIn().Invitation(w.ctx, w.with(token)))
		want := accesssec.Invited{OrgID: acme.owner.OrgID, OrgName: "Acme", Address: inv.Address, Role: policy.Billing, By: "owner@example.com", Expires: inv.Expires,
			Step: accesssec.Step{Next: policy.NextPassword, Allows: []policy.Method{policy.Password}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("shown (-want +got)\n%s", diff)
		}
	}
	for _, weak := range []string{"", "short", strings.Repeat("x", 2000)} {
		_, err := w.svc.SignIn().AcceptInvitation(w.ctx, w.with(token), accesssec.Newcomer{Password: weak})
		acme.refuses(err, accesssec.CodePasswordRules)
	}
	v := w.with(token)
	v.OrgID, v.After = "org-other", "/invoices"
	step := must1(w.svc.SignIn().AcceptInvitation(w.ctx, v, newcomer()))
	pr := step.Entered.Principal
	if pr.OrgID != acme.owner.OrgID || pr.Role != policy.Billing || step.After != "/invoices" {
		t.Errorf("entered as %+v to %q", pr, step.After)
	}
	if u, _ := w.user("nia@example.net"); !u.AddressVerified || u.FirstName != "Nia" || u.LastName != "New" || u.ID != pr.UserID {
		t.Errorf("made %+v", u)
	}
	if ses := w.row(step.Entered); !ses.ProvedAt.IsZero() {
		t.Error("a password that nobody asked for counts as asked for")
	}
	e := acme.last(audit.InvitationAccepted)
	if e.Targets[0].ID != inv.ID || e.Actor.ID != pr.UserID || factsOf(acme.last(audit.MemberAdded))["source"] != "invitation" {
		t.Errorf("the log says %+v", e)
	}
	if got := w.accept(token); got != accesssec.CodeLinkOver {
		t.Errorf("once more: %q", got)
	}
	if len(acme.invites()) != 0 || len(w.docsOf("invited", inv.ID)) != 0 {
		t.Error("it is left")
	}
	must1(w.byPassword("nia@example.net", right))
	p.told(w)
	for _, kind := range []store.Kind{"invitation", "invited"} {
		if page := must1(w.store.Docs(w.ctx, kind, acme.owner.OrgID, store.DocQuery{})); len(page.Items) != 0 {
			t.Errorf("%d %s left", len(page.Items), kind)
		}
	}
}

func invitedAccount(t *testing.T, w *world) {
	p, acme := inviting(w)
	other := w.newOrg("Other", "boss@example.org")
	other.add(policy.Member, "ann@example.net")
	_, token := acme.invite(p, "ANN@example.net", policy.Admin)
	if got := must1(w.svc.SignIn().Invitation(w.ctx, w.with(token))); !got.Account || !got.Step.Offers(policy.Password) {
		t.Errorf("shown %+v", got)
	}
	if got := w.accept(token); got != accesssec.CodeAccount {
		t.Errorf("a new password for an account that has one: %q", got)
	}
	step, err := w.svc.SignIn().Password(w.ctx, w.with(token), "ann@example.net", "a wrong password")
	if acme.refuses(err, accesssec.CodeWrongPassword); step.Entered != nil || acme.roleOf("ann@example.net") != "" {
		t.Error("in by a wrong password")
	}
	step = must1(w.svc.SignIn().Password(w.ctx, w.with(token), "Ann@Example.net", right))
	if pr := step.Entered.Principal; pr.OrgID != acme.owner.OrgID || pr.Role != policy.Admin {
		t.Errorf("entered as %+v", pr)
	}
	if other.roleOf("ann@example.net") != policy.Member {
		t.Error("no member of the other org any more")
	}
	// It is used up, and says nothing any more.
	if _, err := w.svc.SignIn().Invitation(w.ctx, w.with(token)); w.code(err) != accesssec.CodeLinkOver {
		t.Errorf("shown again: %v", err)
	}
}

func invitedFactor(t *testing.T, w *world) {
	p, acme := inviting(w)
	other := w.newOrg("Other", "boss@example.org")
	h := other.newHolder(policy.Member, "ann@example.net")
	_, token := acme.invite(p, h.address, policy.Member)
	v := w.with(token)
	if step := must1(w.svc.SignIn().Password(w.ctx, v, h.address, right)); step.Next != policy.NextFactor || step.Entered != nil || acme.roleOf(h.address) != "" {
		t.Fatalf("after the password: %+v", step)
	}
	v.Invitation = "" // the browser's half login has it
	if got := h.mustShow(v, h.next(), ""); got.Entered.Principal.OrgID != acme.owner.OrgID {
		t.Errorf("entered %+v", got.Entered.Principal)
	}
}

// invitedOther: who has somebody else's link is who they were.
func invitedOther(t *testing.T, w *world) {
	p, acme := inviting(w)
	other := w.newCustomer("Other", "example.org", ann)
	other.add(policy.Member, "ann@example.org", "eve@example.net")
	_, token := acme.invite(p, "bob@example.net", policy.Owner)
	step := must1(w.svc.SignIn().Password(w.ctx, w.with(token), "eve@example.net", right))
	if step.Entered.Principal.OrgID == acme.owner.OrgID || acme.roleOf("eve@example.net") != "" {
		t.Errorf("by another's invitation: %+v", step.Entered.Principal)
	}
	l := other.startIn(w.with(token))
	if step, err := l.finish(l.answer(samltest.Person{Email: "ann@example.org"})); err != nil || step.Entered.Principal.OrgID == acme.owner.OrgID {
		t.Errorf("by single sign-on: %+v, %v", step.Entered, err)
	}
	if diff := cmp.Diff([]string{"bob@example.net"}, acme.invites()); diff != "" {
		t.Errorf("waiting (-want +got)\n%s", diff)
	}
	for _, guess := range []string{"", "i1.", token[:len(token)-1], token + "A", "s1." + token[3:], strings.ToUpper(token), "i1." + strings.Repeat("A", 43)} {
		if got := w.accept(guess); got != accesssec.CodeLinkOver {
			t.Errorf("%q: %q", guess, got)
		}
	}
	if got := w.accept(token); got != "" {
		t.Errorf("and then whom it is for: %q", got)
	}
}

func invitedBy(t *testing.T, w *world) {
	p, acme := inviting(w)
	acme.add(policy.Admin, "adam@example.com")
	acme.add(policy.Billing, "bill@example.com")
	acme.add(policy.Member, "max@example.com")
	for _, tc := range []struct {
		by, to string
		role   policy.Role
		want   accesssec.Code
	}{
		{"max@example.com", "a@example.net", policy.Member, accesssec.CodeNotAllowed},
		{"bill@example.com", "a@example.net", policy.Member, accesssec.CodeNotAllowed},
		{"adam@example.com", "a@example.net", policy.Owner, accesssec.CodeAbove},
		{"adam@example.com", "a@example.net", policy.Admin, ""},
		{"owner@example.com", "b@example.net", policy.Owner, ""},
		{"owner@example.com", "MAX@example.com", policy.Member, accesssec.CodeMember},
		{"owner@example.com", "A@EXAMPLE.net", policy.Member, accesssec.CodeInvited},
		{"owner@example.com", "nobody", policy.Member, accesssec.CodeAddress},
		{"owner@example.com", "x@example.net\r\nBcc: y@example.net", policy.Member, accesssec.CodeAddress},
	} {
		_, err := acme.as(tc.by).Invite(w.ctx, tc.to, tc.role)
		if got := w.code(err); got != tc.want {
			t.Errorf("%s invites %s as %s: %q, want %q", tc.by, tc.to, tc.role, got, tc.want)
		}
	}
	if _, err := acme.admin().Invite(w.ctx, "c@example.net", "king"); err == nil {
		t.Error("a role that there is none of")
	}
	list := must1(acme.admin().Invitations(w.ctx, store.Paging{})).Items
	if len(list) != 2 {
		t.Fatalf("waiting: %v", list)
	}
	// An Admin has no say in what makes an Owner.
	for _, inv := range list {
		want := accesssec.Code("")
		if inv.Role == policy.Owner {
			want = accesssec.CodeAbove
		}
		_, err := acme.as("adam@example.com").ResendInvitation(w.ctx, inv.ID)
		acme.refuses(err, want)
		acme.refuses(acme.as("adam@example.com").CancelInvitation(w.ctx, inv.ID), want)
		acme.refuses(acme.as("max@example.com").CancelInvitation(w.ctx, inv.ID), accesssec.CodeNotAllowed)
	}
	if _, err := acme.as("max@example.com").Invitations(w.ctx, store.Paging{}); w.code(err) != accesssec.CodeNotAllowed {
		t.Errorf("a Member sees them: %v", err)
	}
	if e := acme.last(audit.ChangeRefused); e.Outcome != audit.Refused {
		t.Errorf("%+v", e)
	}
	p.told(w)
	w.svc = w.service(w.host.URL)
	_, err := acme.admin().Invite(w.ctx, "d@example.net", policy.Member)
	acme.refuses(err, accesssec.CodeNoMail)
}

func invitedExternal(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newCustomer("Acme", "example.com", ann)
	_, before := acme.invite(p, "early@example.net", policy.Member)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.BlockExternal = true, true })
	_, err := acme.admin().Invite(w.ctx, "out@example.net", policy.Member)
	acme.refuses(err, reasonCode(policy.ExternalBlocked))
	if acme.last(audit.ChangeRefused).Reason != string(policy.ExternalBlocked) {
		t.Error("not in the log")
	}
	_, err = acme.admin().Invite(w.ctx, "in@example.com", policy.Member)
	w.must(err)
	if got := w.accept(before); got != reasonCode(policy.ExternalBlocked) {
		t.Errorf("invited before that: %q", got)
	}
	if _, there := w.user("early@example.net"); there {
		t.Error("refused, and the account is there")
	}
	acme.apply(func(s *accesssec.Settings) { s.BlockExternal = false })
	if got := w.accept(before); got != "" {
		t.Errorf("once it is allowed again: %q", got)
	}
}

func invitedSSO(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newCustomer("Acme", "example.com", ann)
	_, token := acme.invite(p, "new@example.com", policy.Admin)
	got := must1(w.svc.SignIn().Invitation(w.ctx, w.with(token)))
	if got.Step.Next != policy.NextPassword || got.Step.Connection != acme.conn.ID || !got.Step.Offers(policy.SSO) {
		t.Errorf("shown %+v", got)
	}
	l := acme.startIn(w.with(token))
	step := must1(l.finish(l.answer(samltest.Person{Email: "new@example.com"})))
	if pr := step.Entered.Principal; pr.OrgID != acme.owner.OrgID || pr.Role != policy.Admin {
		t.Errorf("entered as %+v", pr)
	}
	// By the connection of one org into another, where the address is from outside.
	rival := w.newOrg("Rival", "boss@example.net")
	_, token = rival.invite(p, "zed@example.com", policy.Member)
	l = acme.startIn(w.with(token))
	step = must1(l.finish(l.answer(samltest.Person{Email: "zed@example.com"})))
	if pr := step.Entered.Principal; pr.OrgID != rival.owner.OrgID || acme.roleOf("zed@example.com") != "" {
		t.Errorf("entered as %+v", pr)
	}
}

// invitedClosed: who is on a domain where single sign-on comes first has no other way in by a
// password of a moment ago, whatever they are invited as.
func invitedClosed(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newCustomer("Acme", "example.com", ann)
	rival := w.newOrg("Rival", "boss@example.net")
	for name, set := range map[string]func(*accesssec.Settings){
		"required": func(s *accesssec.Settings) { s.RequireSSO = true },
		"managed":  func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = false, true },
		"both":     func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = true, true },
	} {
		acme.apply(set)
		for _, role := range []policy.Role{policy.Owner, policy.Member} {
			for _, by := range []*customer{acme, rival} {
				inv, token := by.invite(p, "nia@example.com", role)
				_, err := w.svc.SignIn().AcceptInvitation(w.ctx, w.with(token), newcomer())
				if acme.refuses(err, reasonCode(policy.SSORequired)); refusalOf(err).Next != policy.NextSSO {
					t.Errorf("%s: %+v", name, err)
				}
				if _, there := w.user("nia@example.com"); there {
					t.Errorf("%s: refused, and the account is there", name)
				}
				got := must1(w.svc.SignIn().Invitation(w.ctx, w.with(token)))
				if got.Step.Next != policy.NextSSO || got.Step.Offers(policy.Password) || got.Step.Connection != acme.conn.ID {
					t.Errorf("%s: shown %+v", name, got.Step)
				}
				w.must(by.admin().CancelInvitation(w.ctx, inv.ID))
				w.advance(7 * time.Minute)
			}
		}
	}
	if e := acme.last(audit.LoginRefused); e.Actor.Kind != audit.KindStranger {
		t.Errorf("the log says %+v", e)
	}
	_, token := rival.invite(p, "nia@example.com", policy.Owner)
	l := acme.startIn(w.with(token))
	if step := must1(l.finish(l.answer(samltest.Person{Email: "nia@example.com"}))); step.Entered.Principal.Role != policy.Owner || step.Entered.Principal.OrgID != rival.owner.OrgID {
		t.Errorf("entered as %+v", step.Entered.Principal)
	}
}

// invitedLapsed: the bypass of Owners is for who has a password, not for who sets one.
func invitedLapsed(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newCustomer("Acme", "example.com", ann)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	_, token := acme.invite(p, "nia@example.com", policy.Owner)
	acme.lapsed("example.com")
	_, err := w.svc.SignIn().AcceptInvitation(w.ctx, w.with(token), newcomer())
	if acme.refuses(err, reasonCode(policy.SSORequired)); refusalOf(err).Next != policy.NextNone {
		t.Errorf("%+v", err)
	}
	if _, there := w.user("nia@example.com"); there || acme.roleOf("nia@example.com") != "" {
		t.Error("refused, and something is there")
	}
}

func invitedTenant(t *testing.T, w *world) {
	p, acme := inviting(w)
	other := w.newOrg("Other", "boss@example.org")
	inv, token := acme.invite(p, "nia@example.net", policy.Member)
	_, err := other.admin().ResendInvitation(w.ctx, inv.ID)
	other.refuses(err, accesssec.CodeNotFound)
	other.refuses(other.admin().CancelInvitation(w.ctx, inv.ID), accesssec.CodeNotFound)
	if got := other.invites(); len(got) != 0 {
		t.Errorf("another org sees %v", got)
	}
	_, theirs := other.invite(p, "nia@example.net", policy.Admin)
	if got := w.accept(token); got != "" {
		t.Fatalf("%q", got)
	}
	if other.roleOf("nia@example.net") != "" || acme.roleOf("nia@example.net") != policy.Member {
		t.Error("in by the invitation of another org")
	}
	step := must1(w.svc.SignIn().Password(w.ctx, w.with(theirs), "nia@example.net", right))
	if step.Entered.Principal.OrgID != other.owner.OrgID || step.Entered.Principal.Role != policy.Admin {
		t.Errorf("entered as %+v", step.Entered.Principal)
	}
}
