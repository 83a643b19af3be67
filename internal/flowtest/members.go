package flowtest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// memberFlows: what becomes of somebody in an org by the will of others, or their own.
func memberFlows(t *testing.T, open func(*testing.T) store.Store) {
	flows := map[string]flow{
		"who may do what to whom":              memberMatrix,
		"the last Owner":                       memberLastOwner,
		"Owners against each other":            memberOwnersRace,
		"gone, and back with nothing":          memberGone,
		"removed by the host, and let in anew": memberGoneByHost,
		"disabled, and back with everything":   memberDisabled,
		"disabled, and sent by the IdP":        memberDisabledSSO,
		"disabled by the host":                 memberDisabledByHost,
		"what rested on a role elsewhere":      memberElsewhere,
		"leaving":                              memberLeaves,
		"whatever call fails, all of it":       memberFaults,
		"logins while somebody is removed":     memberLoginRace,
	}
	for name, act := range endings() {
		flows["what ends when "+name] = func(t *testing.T, w *world) { memberEnds(t, w, act) }
	}
	each(t, open, flows)
}

// ending is one way to take from somebody what they may do in an org. by is what the Owner
// may do, in is a session of the person.
type ending struct {
	event audit.Type
	do    func(ctx context.Context, w *world, by *accesssec.Admin, in *accesssec.Entered) error
}

func endings() map[string]ending {
	return map[string]ending{
		"the role is another": {audit.MemberRoleChanged, func(ctx context.Context, _ *world, by *accesssec.Admin, in *accesssec.Entered) error {
			return by.SetRole(ctx, in.Principal.UserID, policy.Member)
		}},
		"removed": {audit.MemberRemoved, func(ctx context.Context, _ *world, by *accesssec.Admin, in *accesssec.Entered) error {
			return by.RemoveMember(ctx, in.Principal.UserID)
		}},
		"disabled": {audit.MemberDisabled, func(ctx context.Context, _ *world, by *accesssec.Admin, in *accesssec.Entered) error {
			return by.DisableMember(ctx, in.Principal.UserID)
		}},
		"they leave": {audit.MemberRemoved, func(ctx context.Context, w *world, _ *accesssec.Admin, in *accesssec.Entered) error {
			return w.svc.Me(in.Principal).LeaveOrg(ctx)
		}},
	}
}

// passwordAt signs in to one org by password.
func (w *world) passwordAt(orgID, address string) *accesssec.Entered {
	w.t.Helper()
	v := w.visit()
	v.OrgID = orgID
	step, err := w.svc.SignIn().Password(w.ctx, v, address, right)
	w.must(err)
	if step.Entered == nil {
		w.t.Fatalf("%s: the password leads to %+v", address, step)
	}
	return step.Entered
}

// halfAt is half, on the way to one org.
func (h *holder) halfAt(c *customer) accesssec.Visit {
	h.w.t.Helper()
	v := h.w.visit()
	v.OrgID = c.owner.OrgID
	h.halfIn(v)
	return v
}

// memberEnds: an Admin is signed in in three browsers, has sent an invitation, and waits in a
// fourth for their second factor. In the very next request nothing of it is left, but
// for what they have elsewhere.
func memberEnds(t *testing.T, w *world, end ending) {
	w.watched()
	acme := w.newCustomer("Acme", "example.com", ann)
	other := w.newOrg("Other", "owner@example.org")
	acme.add(policy.Admin, "ann@example.com")
	acme.add(policy.Admin, "zoe@example.com")
	other.add(policy.Billing, "ann@example.com")
	h := w.holder("ann@example.com") // signed in where it was set up
	half, in := h.half(), h.signIn()
	b := w.browser()
	b.sso(acme, "ann@example.com")
	zoe := must1(w.byPassword("zoe@example.com", right))
	there := must1(w.svc.SignIn().SecondFactor(w.ctx, h.halfAt(other), h.next())).Entered
	must1(acme.as("ann@example.com").Invite(w.ctx, "friend@example.net", policy.Admin))
	must1(acme.as("zoe@example.com").Invite(w.ctx, "other@example.net", policy.Member))
	if roleAt(b) != "admin" || in.Principal.Role != policy.Admin || there.Principal.Role != policy.Billing {
		t.Fatalf("in as %q, %+v and %+v", roleAt(b), in.Principal, there.Principal)
	}
	w.advance(time.Second)
	w.must(end.do(w.ctx, w, acme.admin(), in))
	if roleAt(b) != "" {
		t.Error("signed in after it")
	}
	w.alive(in, false)
	w.alive(h.in, false)
	_, code := h.shows(half, h.next())
	if code != accesssec.CodeHalfOver {
		t.Errorf("the second factor after it: %q", code)
	}
	if got := acme.invites(); !slices.Equal(got, []string{"other@example.net"}) {
		t.Errorf("invited are %q", got)
	}
	w.alive(there, true)
	w.alive(zoe, true)
	if got := other.roleOf("ann@example.com"); got != policy.Billing {
		t.Errorf("elsewhere they are %q", got)
	}
	e := acme.last(end.event)
	if e.Targets[0].ID != in.Principal.UserID || factsOf(e)["sessions_ended"] != "3" || factsOf(e)["sign_ins_ended"] != "1" || factsOf(e)["invitations_ended"] != "1" {
		t.Errorf("the log says %+v", e)
	}
	if n := len(other.events(end.event)); n != 0 {
		t.Errorf("%d lines in the log of another org", n)
	}
}

// actOn is one thing that is done to a member.
func actOn(ctx context.Context, a *accesssec.Admin, act, userID string) error {
	switch act {
	case "remove":
		return a.RemoveMember(ctx, userID)
	case "disable":
		return a.DisableMember(ctx, userID)
	case "enable":
		return a.EnableMember(ctx, userID)
	}
	return a.SetRole(ctx, userID, policy.Role(act))
}

// memberMatrix is every role that acts, on every role, in every way; and on themselves.
func memberMatrix(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	roles := []policy.Role{policy.Owner, policy.Admin, policy.Billing, policy.Member}
	for _, r := range roles {
		w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID,
			accesssec.Person{Address: string(r) + "-acts@example.com", Verified: true, Role: r},
			accesssec.Person{Address: string(r) + "-is@example.com", Verified: true, Role: r}))
	}
	may := func(actor, target policy.Role, self bool, act string) bool {
		switch {
		case actor == policy.Owner:
			return !self || act != "disable"
		case actor == policy.Admin && self:
			return act != "owner" && act != "disable"
		case actor == policy.Admin:
			return (target == policy.Billing || target == policy.Member) && act != "owner"
		}
		return false
	}
	acts := []string{"owner", "admin", "billing", "member", "remove", "disable", "enable"}
	for _, actor := range roles {
		for _, target := range append(slices.Clone(roles), "self") {
			self, is, address := target == "self", target, string(target)+"-is@example.com"
			if self {
				is, address = actor, string(actor)+"-acts@example.com"
			}
			id := acme.member(address)
			for _, act := range acts {
				who := fmt.Sprintf("%s, on %s: %s", actor, target, act)
				err := actOn(w.ctx, acme.as(string(actor)+"-acts@example.com"), act, id)
				want := accesssec.Code("")
				if !may(actor, is, self, act) {
					want = accesssec.CodeAbove
					if actor == policy.Billing || actor == policy.Member {
						want = accesssec.CodeNotAllowed
					}
				}
				if got := w.code(err); got != want {
					t.Errorf("%s: %q, not %q", who, got, want)
				}
				acme.becomes(who, id, is, act, err == nil)
			}
		}
	}
	for _, id := range []string{"usr-nobodys", "", w.newOrg("Other", "owner@example.org").owner.UserID} {
		for _, act := range acts {
			if err := actOn(w.ctx, acme.admin(), act, id); w.code(err) != accesssec.CodeNotFound {
				t.Errorf("%s of no member: %v", act, err)
			}
		}
	}
	for _, role := range []policy.Role{"", "Owner", "root"} {
		if err := acme.admin().SetRole(w.ctx, acme.member("member-is@example.com"), role); err == nil {
			t.Errorf("%q is a role", role)
		}
	}
}

// becomes compares what has become of a member, and makes them again what they were.
func (c *customer) becomes(who, userID string, was policy.Role, act string, done bool) {
	w := c.w
	w.t.Helper()
	want := store.Membership{OrgID: c.owner.OrgID, UserID: userID, Role: string(was)}
	there := true
	switch {
	case !done || act == "enable":
	case act == "remove":
		there = false
	case act == "disable":
		want.Disabled = true
	default:
		want.Role = act
	}
	m, err := w.store.Membership(w.ctx, c.owner.OrgID, userID)
	if (err == nil) != there || there && (m.Role != want.Role || m.Disabled != want.Disabled) {
		w.t.Errorf("%s: has become %+v, %v", who, m.Membership, err)
	}
	if m.Role == string(was) && !m.Disabled {
		return
	}
	want.Role, want.Disabled, want.Version, want.JoinedAt = string(was), false, m.Version, w.clock()
	w.change(func(tx store.Tx) error { return tx.PutMembership(w.ctx, want) })
}

// owners counts those who can come in.
func (c *customer) owners() int {
	c.w.t.Helper()
	page, err := c.w.store.Memberships(c.w.ctx, c.owner.OrgID, store.MembershipQuery{Roles: []string{"owner"}})
	c.w.must(err)
	n := 0
	for _, m := range page.Items {
		if !m.Disabled && !m.User.Disabled {
			n++
		}
	}
	return n
}

// memberLastOwner: another Owner who can't come in is none.
func memberLastOwner(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Owner, "second@example.com")
	acme.add(policy.Admin, "admin@example.com")
	second := acme.member("second@example.com")
	in := must1(w.byPassword("owner@example.com", right))
	refused := func(what string) {
		t.Helper()
		before := len(acme.events(audit.ChangeRefused))
		for name, err := range map[string]error{
			"down to Admin":  acme.admin().SetRole(w.ctx, acme.owner.UserID, policy.Admin),
			"down to Member": acme.admin().SetRole(w.ctx, acme.owner.UserID, policy.Member),
			"removed":        acme.admin().RemoveMember(w.ctx, acme.owner.UserID),
			"leaving":        w.svc.Me(in.Principal).LeaveOrg(w.ctx),
		} {
			if w.code(err) != accesssec.CodeLastOwner {
				t.Errorf("%s, %s: %v", what, name, err)
			}
		}
		if n := len(acme.events(audit.ChangeRefused)) - before; n != 4 {
			t.Errorf("%s: %d refusals in the log, want 4", what, n)
		}
		if acme.owners() != 1 || acme.roleOf("owner@example.com") != policy.Owner {
			t.Errorf("%s: nobody is Owner", what)
		}
		w.alive(in, true)
	}
	w.must(acme.admin().DisableMember(w.ctx, second))
	refused("the other is disabled in the org")
	// The other, who can't come in, may be taken out all the same, and come down.
	w.must(acme.admin().SetRole(w.ctx, second, policy.Member))
	w.must(acme.admin().SetRole(w.ctx, second, policy.Owner))
	w.must(acme.admin().EnableMember(w.ctx, second))
	w.hostSets("second@example.com", disable)
	refused("the other's account is disabled")
	w.hostSets("second@example.com", func(u *store.User) { u.Disabled = false })
	w.must(acme.admin().SetRole(w.ctx, second, policy.Admin))
	refused("the other is an Admin")
	w.must(acme.admin().SetRole(w.ctx, second, policy.Owner))
	w.must(acme.admin().SetRole(w.ctx, acme.owner.UserID, policy.Member))
	w.alive(in, false)
}

// memberOwnersRace: two Owners, and each takes the other out, or both go. One of them stays.
func memberOwnersRace(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Owner, "second@example.com")
	ids := acme.members("owner@example.com", "second@example.com")
	again := func() {
		w.change(func(tx store.Tx) error {
			for _, id := range ids {
				m, err := tx.Membership(w.ctx, acme.owner.OrgID, id)
				if err != nil {
					m = store.Member{Membership: store.Membership{OrgID: acme.owner.OrgID, UserID: id, JoinedAt: w.clock()}}
				}
				m.Role, m.Disabled = "owner", false
				if err := tx.PutMembership(w.ctx, m.Membership); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, act := range []string{"remove", "disable", "member", "admin", "themselves", "leave", "both"} {
		again()
		admins := []*accesssec.Admin{acme.as("owner@example.com"), acme.as("second@example.com")}
		var ins []*accesssec.Entered
		if act == "leave" {
			ins = []*accesssec.Entered{w.passwordAt(acme.owner.OrgID, "owner@example.com"), w.passwordAt(acme.owner.OrgID, "second@example.com")}
		}
		won, codes := w.race(2, func(i int) error {
			switch act {
			case "themselves":
				return admins[i].SetRole(w.ctx, ids[i], policy.Admin)
			case "leave":
				return w.svc.Me(ins[i].Principal).LeaveOrg(w.ctx)
			case "both":
				return []func() error{
					func() error { return admins[0].RemoveMember(w.ctx, ids[0]) },
					func() error { return admins[0].DisableMember(w.ctx, ids[1]) },
				}[i]()
			}
			return actOn(w.ctx, admins[i], act, ids[1-i])
		})
		if won != 1 || codes[accesssec.CodeNotAllowed]+codes[accesssec.CodeAbove]+codes[accesssec.CodeLastOwner] != 1 {
			t.Errorf("%s: %d have won, refused as %v", act, won, codes)
		}
		if n := acme.owners(); n != 1 {
			t.Errorf("%s: %d Owners are left who can come in", act, n)
		}
	}
}

// memberElsewhere: an Admin passes by the single sign-on that all others have to use, also on
// the way to another org. When they are Admin no more, what came of that is over.
func memberElsewhere(t *testing.T, w *world) {
	for name, end := range endings() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, w.store)
			domain := fmt.Sprintf("e%d.example.com", len(name))
			address := "adam@" + domain
			acme := w.newCustomer("Acme", domain, samltest.Person{Email: address})
			other := w.newOrg("Other", "owner@other-"+domain)
			acme.add(policy.Admin, address)
			other.add(policy.Member, address)
			acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = true, true })
			bypass, in := w.passwordAt(other.owner.OrgID, address), w.passwordAt(acme.owner.OrgID, address)
			l := acme.startFor(other.owner.OrgID)
			sso := must1(l.finish(l.answer(samltest.Person{Email: address}))).Entered
			if sso.Principal.OrgID != other.owner.OrgID {
				t.Fatalf("in as %+v", sso.Principal)
			}
			w.must(end.do(w.ctx, w, acme.admin(), in))
			w.alive(in, false)
			w.alive(bypass, false)
			w.alive(sso, true)
			if got := factsOf(acme.last(end.event))["sessions_ended_elsewhere"]; got != "1" {
				t.Errorf("%q sessions elsewhere", got)
			}
		})
	}
}

// memberLeaves: who is not signed in to an org leaves none.
func memberLeaves(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	acme.add(policy.Billing, "bob@example.com")
	acme.refuses(w.svc.Me(acme.owner).LeaveOrg(w.ctx), accesssec.CodeSignedOut) // the host vouches for no browser
	one, two := w.passwordAt(acme.owner.OrgID, "ann@example.com"), w.passwordAt(acme.owner.OrgID, "ann@example.com")
	w.must(w.svc.Me(one.Principal).LeaveOrg(w.ctx))
	acme.refuses(w.svc.Me(one.Principal).LeaveOrg(w.ctx), accesssec.CodeSignedOut)
	acme.refuses(w.svc.Me(two.Principal).LeaveOrg(w.ctx), accesssec.CodeSignedOut)
	e := acme.last(audit.MemberRemoved)
	if e.Actor.ID != one.Principal.UserID || e.Session != one.Principal.SessionID || factsOf(e)["role"] != "member" {
		t.Errorf("the log says %+v", e)
	}
	own := must1(w.byPassword("ann@example.com", right))
	if own.Principal.OrgID != "" {
		t.Fatalf("in as %+v", own.Principal)
	}
	acme.refuses(w.svc.Me(own.Principal).LeaveOrg(w.ctx), accesssec.CodeNotFound)
	w.alive(own, true)
	bob := w.passwordAt(acme.owner.OrgID, "bob@example.com")
	w.must(w.svc.Me(bob.Principal).LeaveOrg(w.ctx)) // whoever they are
	acme.add(policy.Admin, "adam@example.com")
	for n, roles := range [][]policy.Role{{policy.Member, policy.Billing}, {policy.Admin}, {policy.Owner, policy.Admin, policy.Billing}} {
		if page := must1(acme.admin().Members(w.ctx, accesssec.MemberQuery{Roles: roles})); len(page.Items) != n {
			t.Errorf("%d members are %v, want %d", len(page.Items), roles, n)
		}
	}
	if page := must1(acme.admin().Members(w.ctx, accesssec.MemberQuery{})); len(page.Items) != 2 {
		t.Errorf("%d members are left", len(page.Items))
	}
}

// orgState is all that the end of a membership may touch.
type orgState struct {
	Teams       teamState
	Members     []store.Member
	Sessions    []store.Session
	Invitations []store.Doc
	Halves      int
}

func (c *customer) state(userID string) orgState {
	w := c.w
	w.t.Helper()
	out := orgState{Teams: c.teamState()}
	out.Members = must1(w.store.Memberships(w.ctx, c.owner.OrgID, store.MembershipQuery{})).Items
	out.Sessions = must1(w.store.Sessions(w.ctx, store.SessionQuery{UserID: userID})).Items
	out.Invitations = must1(w.store.Docs(w.ctx, "invitation", c.owner.OrgID, store.DocQuery{})).Items
	out.Halves = len(w.docsOf("half_login", userID))
	return out
}

func memberFaults(t *testing.T, w *world) {
	w.watched()
	for name, end := range endings() {
		acme := w.newOrg(name, fmt.Sprintf("owner@e%d.example.com", len(name)))
		address := fmt.Sprintf("ann@e%d.example.com", len(name))
		h := acme.newHolder(policy.Admin, address)
		team := acme.team("Design", address)
		acme.grant(toTeam(team), "p1", "analyst")
		acme.grant(accesssec.Subject{Kind: accesssec.ToPerson, ID: h.id}, "p2", "analyst")
		must1(acme.as(address).Invite(w.ctx, "friend@example.net", policy.Admin))
		h.half()
		w.advance(period)
		in, admin := h.signIn(), acme.admin()
		h.half()
		untilChanged(w, name, func() orgState { return acme.state(h.id) }, func(ctx context.Context) error { return end.do(ctx, w, admin, in) })
		left := acme.state(h.id)
		if len(left.Sessions) != 0 || left.Halves != 0 || len(left.Invitations) != 0 {
			t.Errorf("%s: left over are %+v", name, left)
		}
		if n := len(acme.events(end.event)); n != 1 {
			t.Errorf("%s: %d times in the log", name, n)
		}
	}
}

// memberLoginRace: somebody is removed while they sign in twenty times.
func memberLoginRace(t *testing.T, w *world) {
	acme := withPeople(w)
	u, _ := w.user("ann@example.com")
	admin := acme.admin()
	visits := make([]accesssec.Visit, 20)
	for i := range visits {
		visits[i] = w.from(fmt.Sprintf("192.0.2.%d", i+1))
	}
	won, codes := w.race(21, func(i int) error {
		if i == 20 {
			return admin.RemoveMember(w.ctx, u.ID)
		}
		_, err := w.svc.SignIn().Password(w.ctx, visits[i], "ann@example.com", right)
		return err
	})
	if won != 21 {
		t.Errorf("%d without an error, refused as %v", won, codes)
	}
	if n := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID, UserID: u.ID}); n != 0 {
		t.Errorf("%d sessions of somebody who was removed", n)
	}
}

// same compares two states.
func same[S any](t *testing.T, what string, want, got S) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}
