package flowtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// refusalOf is err as one; the zero one when it is none.
func refusalOf(err error) accesssec.Refusal {
	var no *accesssec.Refusal
	if !errors.As(err, &no) {
		return accesssec.Refusal{}
	}
	return *no
}

// invitedSender: what somebody sent who may not send it any more lets nobody in.
func invitedSender(t *testing.T, w *world) {
	p, acme := inviting(w)
	acme.add(policy.Admin, "adam@example.com", "abe@example.com", "amy@example.com", "alf@example.com", "ada@example.com")
	id := func(address string) string { u, _ := w.user(address); return u.ID }
	invite := func(by string) string {
		to := "by-" + by[:strings.Index(by, "@")] + "@example.net"
		must1(acme.as(by).Invite(w.ctx, to, policy.Admin))
		return p.invitation(w, to)
	}
	for by, change := range map[string]func(){
		"adam@example.com": func() { w.must(acme.admin().SetRole(w.ctx, id("adam@example.com"), policy.Billing)) },
		"abe@example.com":  func() { w.must(acme.admin().RemoveMember(w.ctx, id("abe@example.com"))) },
		"amy@example.com":  func() { w.must(acme.admin().DisableMember(w.ctx, id("amy@example.com"))) },
		"alf@example.com":  func() { w.hostSets("alf@example.com", disable) },
		"ada@example.com":  func() { w.hostRoles(acme, id("ada@example.com"), policy.Member) },
	} {
		token := invite(by)
		change()
		if got := w.accept(token); got != accesssec.CodeLinkOver {
			t.Errorf("of %s: %q", by, got)
		}
		if _, err := w.svc.SignIn().Invitation(w.ctx, w.with(token)); w.code(err) != accesssec.CodeLinkOver {
			t.Errorf("of %s, shown: %v", by, err)
		}
		w.advance(7 * time.Minute)
	}
	// Who is an Owner sends it again, and it is theirs.
	list := must1(acme.admin().Invitations(w.ctx, store.Paging{})).Items
	if len(list) != 2 {
		t.Fatalf("left: %+v", list) // of those whom the host has changed by itself
	}
	w.must(w.svc.PersonChanged(w.ctx, id("ada@example.com")))
	inv := must1(acme.admin().ResendInvitation(w.ctx, list[0].ID))
	if inv.By != acme.owner.UserID {
		t.Errorf("sent by %s", inv.By)
	}
	if got := w.accept(p.invitation(w, inv.Address)); got != "" {
		t.Errorf("sent by an Owner: %q", got)
	}
}

func invitedOver(t *testing.T, w *world) {
	p, acme := inviting(w)
	inv, token := acme.invite(p, "nia@example.net", policy.Member)
	w.must(acme.admin().CancelInvitation(w.ctx, inv.ID))
	if got := w.accept(token); got != accesssec.CodeLinkOver {
		t.Errorf("called back: %q", got)
	}
	acme.refuses(acme.admin().CancelInvitation(w.ctx, inv.ID), accesssec.CodeNotFound)
	if e := acme.last(audit.InvitationCancelled); e.Targets[0].ID != inv.ID || e.Targets[0].Name != "nia@example.net" {
		t.Errorf("the log says %+v", e)
	}
	inv, token = acme.invite(p, "nia@example.net", policy.Member)
	w.advance(7*24*time.Hour - time.Microsecond)
	must1(w.svc.SignIn().Invitation(w.ctx, w.with(token)))
	half := w.with(token)
	w.advance(time.Microsecond)
	for _, err := range []error{
		func() error { _, err := w.svc.SignIn().Invitation(w.ctx, half); return err }(),
		func() error { _, err := w.svc.SignIn().AcceptInvitation(w.ctx, half, newcomer()); return err }(),
	} {
		acme.refuses(err, accesssec.CodeLinkOver)
	}
	if got := acme.invites(); len(got) != 0 {
		t.Errorf("still waiting: %v", got)
	}
	_, err := acme.admin().ResendInvitation(w.ctx, inv.ID)
	acme.refuses(err, accesssec.CodeNotFound)
	// Nobody has deleted it, and there is room for the next.
	next, token := acme.invite(p, "nia@example.net", policy.Admin)
	if next.ID == inv.ID {
		t.Error("the same again")
	}
	if got := w.accept(token); got != "" || acme.roleOf("nia@example.net") != policy.Admin {
		t.Errorf("%q as %q", got, acme.roleOf("nia@example.net"))
	}
	_, token = acme.invite(p, "zoe@example.net", policy.Member)
	w.must(w.svc.DeleteOrg(w.ctx, acme.owner.OrgID, "they left"))
	if got := w.accept(token); got != accesssec.CodeLinkOver {
		t.Errorf("into an org that is no more: %q", got)
	}
}

func invitedAgain(t *testing.T, w *world) {
	p, acme := inviting(w)
	inv, first := acme.invite(p, "nia@example.net", policy.Member)
	w.advance(6 * 24 * time.Hour)
	again := must1(acme.admin().ResendInvitation(w.ctx, inv.ID))
	if again.ID != inv.ID || !again.Expires.Equal(w.clock().Add(7*24*time.Hour)) {
		t.Errorf("sent again: %+v", again)
	}
	second := p.invitation(w, "nia@example.net")
	if got := w.accept(first); got != accesssec.CodeLinkOver || first == second {
		t.Errorf("the first link: %q", got)
	}
	w.advance(2 * 24 * time.Hour)
	w.tick(w.svc) // the first one would be over
	_, err := acme.admin().Invite(w.ctx, "nia@example.net", policy.Member)
	acme.refuses(err, accesssec.CodeInvited)
	if e := acme.last(audit.InvitationSent); factsOf(e)["sent"] != "again" {
		t.Errorf("the log says %+v", e)
	}
	if got := w.accept(second); got != "" {
		t.Errorf("the second link: %q", got)
	}
}

// invitedRemoved: what was sent to somebody who has come in another way since is no way back.
func invitedRemoved(t *testing.T, w *world) {
	p, acme := inviting(w)
	_, token := acme.invite(p, "nia@example.net", policy.Owner)
	acme.add(policy.Member, "nia@example.net")
	if got := acme.invites(); len(got) != 0 {
		t.Errorf("a member is invited: %v", got)
	}
	u, _ := w.user("nia@example.net")
	w.must(acme.admin().RemoveMember(w.ctx, u.ID))
	step := must1(w.svc.SignIn().Password(w.ctx, w.with(token), "nia@example.net", right))
	if step.Entered.Principal.OrgID != "" || acme.roleOf("nia@example.net") != "" {
		t.Errorf("back as %+v", step.Entered.Principal)
	}
	// A member's address becomes that of an invitation.
	acme.add(policy.Member, "zoe@example.net")
	_, token = acme.invite(p, "new@example.net", policy.Owner)
	u = w.hostSets("zoe@example.net", func(u *store.User) { u.Address, u.AddressKey = "new@example.net", "new@example.net" })
	if got := w.accept(token); got != accesssec.CodeAccount {
		t.Errorf("by a member: %q", got)
	}
	step = must1(w.svc.SignIn().Password(w.ctx, w.with(token), "new@example.net", right))
	if step.Entered.Principal.Role != policy.Member {
		t.Errorf("a member became %s", step.Entered.Principal.Role)
	}
	w.must(acme.admin().RemoveMember(w.ctx, u.ID))
	step = must1(w.svc.SignIn().Password(w.ctx, w.with(token), "new@example.net", right))
	if step.Entered.Principal.OrgID != "" {
		t.Errorf("back as %+v", step.Entered.Principal)
	}
}

func invitedTrap(t *testing.T, w *world) {
	h := trap(w, "ann@example.com")
	p, acme := inviting(w)
	_, token := acme.invite(p, "ann@example.com", policy.Admin)
	if got := must1(w.svc.SignIn().Invitation(w.ctx, w.with(token))); got.Account {
		t.Error("somebody else's account is shown as theirs")
	}
	// Whoever made it has not the mailbox, and if they have the link they are not let in by it.
	v := w.with(token)
	step := must1(w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right))
	if step.Entered != nil || step.Next != policy.NextFactor {
		t.Fatalf("%+v", step)
	}
	if in := h.mustShow(v, h.next(), "").Entered; in.Principal.OrgID == acme.owner.OrgID || acme.roleOf("ann@example.com") != "" {
		t.Errorf("in as %+v", in.Principal)
	}
	const mine = "The password of the real 1"
	step = must1(w.svc.SignIn().AcceptInvitation(w.ctx, w.with(token), accesssec.Newcomer{FirstName: "Ann", Password: mine}))
	if step.Entered.Principal.Role != policy.Admin || step.Entered.Principal.OrgID != acme.owner.OrgID {
		t.Errorf("in as %+v", step.Entered.Principal)
	}
	h.emptied()
	if n := w.sessions(store.SessionQuery{UserID: h.id}); n != 1 {
		t.Errorf("%d sessions", n)
	}
	if _, err := w.byPassword("ann@example.com", right); w.code(err) != accesssec.CodeWrongPassword {
		t.Errorf("the trap's password: %v", err)
	}
	must1(w.byPassword("ann@example.com", mine))
}

func invitedRace(t *testing.T, w *world) {
	p, acme := inviting(w)
	inv, token := acme.invite(p, "nia@example.net", policy.Member)
	services := w.two()
	won, codes := w.race(8, func(i int) error {
		if i == 7 {
			_, err := services[i%2].SignIn().AcceptInvitation(w.ctx, w.with(token), accesssec.Newcomer{Password: "Another password of hers 2"})
			return err
		}
		_, err := services[i%2].SignIn().AcceptInvitation(w.ctx, w.with(token), newcomer())
		return err
	})
	if won != 1 || codes[accesssec.CodeLinkOver]+codes[accesssec.CodeAccount]+codes[accesssec.CodeLocked] != 7 {
		t.Errorf("%d in, refused as %v", won, codes)
	}
	if n := len(acme.events(audit.InvitationAccepted)); n != 1 {
		t.Errorf("taken up %d times", n)
	}
	// Called back or taken up, and never both.
	inv, token = acme.invite(p, "zoe@example.net", policy.Member)
	admin := acme.admin()
	won, codes = w.race(2, func(i int) error {
		if i == 0 {
			return admin.CancelInvitation(w.ctx, inv.ID)
		}
		_, err := w.svc.SignIn().AcceptInvitation(w.ctx, w.with(token), newcomer())
		return err
	})
	cancelled := len(acme.events(audit.InvitationCancelled)) == 1
	if joined := acme.roleOf("zoe@example.net") != ""; won != 1 || joined == cancelled {
		t.Errorf("%d won (%v): joined %v, called back %v", won, codes, joined, cancelled)
	}
	// Of many who invite one address at once there is one open.
	won, codes = w.race(6, func(int) error {
		_, err := admin.Invite(w.ctx, "lea@example.net", policy.Member)
		return err
	})
	if won != 1 || len(acme.invites()) != 1 {
		t.Errorf("%d invited (%v), waiting %v", won, codes, acme.invites())
	}
}

func invitedLimits(t *testing.T, w *world) {
	p, acme := inviting(w)
	to := func(i int, domain string) string { return string(rune('a'+i)) + "@" + domain }
	for i := range 10 {
		inv := must1(acme.admin().Invite(w.ctx, to(i, "example.net"), policy.Member))
		if i%2 == 0 {
			w.must(acme.admin().CancelInvitation(w.ctx, inv.ID)) // which makes no room
		}
	}
	_, err := acme.admin().Invite(w.ctx, to(10, "example.net"), policy.Member)
	w.locked(err, 6*time.Minute)
	list := must1(acme.admin().Invitations(w.ctx, store.Paging{})).Items
	_, err = acme.admin().ResendInvitation(w.ctx, list[0].ID)
	w.locked(err, 6*time.Minute)
	must1(acme.admin().Invite(w.ctx, to(0, "example.org"), policy.Member))
	w.newOrg("Other", "boss@example.org")
	w.advance(6 * time.Minute)
	must1(acme.admin().Invite(w.ctx, to(10, "example.net"), policy.Member))
	_, err = acme.admin().Invite(w.ctx, to(11, "example.net"), policy.Member)
	w.locked(err, 6*time.Minute)
	w.advance(time.Hour)
	must1(acme.admin().Invite(w.ctx, to(11, "example.net"), policy.Member))
	// What is refused for another reason does not count.
	for range 20 {
		_, err = acme.admin().Invite(w.ctx, "owner@example.com", policy.Member)
		acme.refuses(err, accesssec.CodeMember)
	}
	p.told(w)
	// Up to a thousand may be open.
	w.change(func(tx store.Tx) error {
		for i := range 1000 {
			id := "inv-" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
			d := store.Doc{Kind: "invitation", OrgID: acme.owner.OrgID, ID: id, Key: id, At: w.clock(), ExpiresAt: w.clock().Add(time.Hour), Body: []byte("{}")}
			if err := tx.PutDocs(w.ctx, d); err != nil {
				return err
			}
		}
		return nil
	})
	_, err = acme.admin().Invite(w.ctx, "nia@example.com", policy.Member)
	acme.refuses(err, accesssec.CodeRoleLimit)
	w.advance(time.Hour)
	must1(acme.admin().Invite(w.ctx, "nia@example.com", policy.Member))
}

// invitedFaults: a store that fails lets nobody in, and makes nothing.
func invitedFaults(t *testing.T, w *world) {
	p, acme := inviting(w)
	_, token := acme.invite(p, "nia@example.net", policy.Member)
	acme.untilIn(func(ctx context.Context) (*accesssec.Entered, error) {
		if _, there := w.user("nia@example.net"); there || acme.roleOf("nia@example.net") != "" {
			t.Fatal("failed, and something is there")
		}
		w.advance(5 * time.Minute) // what failed was counted
		step, err := w.svc.SignIn().AcceptInvitation(ctx, w.with(token), newcomer())
		return step.Entered, err
	})
	inv := acme.untilSent(func(ctx context.Context) (accesssec.Invitation, error) {
		return acme.admin().Invite(ctx, "zoe@example.net", policy.Member)
	})
	p.hears(w, "of the one that was kept", "invitation zoe@example.net")
	if got := acme.invites(); len(got) != 1 || inv.ID == "" {
		t.Errorf("waiting: %v", got)
	}
	if n := len(acme.events(audit.InvitationSent)); n != 2 {
		t.Errorf("%d in the log", n)
	}
}

// untilSent runs fn with the store failing ever later, until it succeeds.
func (c *customer) untilSent(fn func(context.Context) (accesssec.Invitation, error)) accesssec.Invitation {
	c.w.t.Helper()
	for n := int64(0); n < 1000; n++ {
		ctx := &dying{Context: c.w.ctx}
		ctx.left.Store(n)
		c.w.advance(10 * time.Minute)
		inv, err := fn(ctx)
		if err == nil {
			return inv
		}
		if inv != (accesssec.Invitation{}) || refusalOf(err).Code != "" {
			c.w.t.Fatalf("failure %d: %+v, %v", n, inv, err)
		}
	}
	c.w.t.Fatal("never sent")
	return accesssec.Invitation{}
}

// invitedTooOften: who has a link that leads to nothing does not fill the log with it.
func invitedTooOften(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newCustomer("Acme", "example.com")
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	_, token := acme.invite(p, "nia@example.com", policy.Owner)
	codes := map[accesssec.Code]int{}
	for range 50 {
		codes[w.accept(token)]++
	}
	if codes[reasonCode(policy.SSORequired)] != 10 || codes[accesssec.CodeLocked] != 40 {
		t.Errorf("refused as %v", codes)
	}
	if n := len(acme.events(audit.LoginRefused)); n != 10 {
		t.Errorf("%d lines in the log", n)
	}
}
