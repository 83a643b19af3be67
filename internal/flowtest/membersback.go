package flowtest

import (
	"slices"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// endowed is an org with IdP-managed access where Ann is in a team, which has p1, and has p2
// herself.
func endowed(w *world) (acme *customer, team accesssec.Team) {
	w.t.Helper()
	acme = withPeople(w)
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	team = acme.team("Design", "ann@example.com")
	acme.grant(toTeam(team), "p1", string(policy.Analyst))
	acme.grant(accesssec.Subject{Kind: accesssec.ToPerson, ID: acme.member("ann@example.com")}, "p2", string(policy.Consumer))
	return acme, team
}

// has compares what somebody can do on p1 and p2.
func (c *customer) has(address string, p1, p2 []string) {
	c.w.t.Helper()
	if got := c.sources(address, "p1"); !slices.Equal(got, p1) {
		c.w.t.Errorf("p1 comes from %q, not %q", got, p1)
	}
	if got := c.sources(address, "p2"); !slices.Equal(got, p2) {
		c.w.t.Errorf("p2 comes from %q, not %q", got, p2)
	}
}

// back are the ways in which somebody becomes a member again.
func back(p *post) map[string]func(*world, *customer) {
	return map[string]func(*world, *customer){
		"imported":     func(_ *world, c *customer) { c.add(policy.Member, "ann@example.com") },
		"just in time": func(_ *world, c *customer) { c.signIn(ann) },
		"invited": func(w *world, c *customer) {
			_, token := c.invite(p, "ann@example.com", policy.Member)
			v := w.with(token)
			must1(w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right))
		},
	}
}

// memberGone: grants and teams go with the membership, and do not come back with another.
func memberGone(t *testing.T, w *world) {
	p := w.watched()
	acme, team := endowed(w)
	u, _ := w.user("ann@example.com")
	acme.has("ann@example.com", []string{"team analyst"}, []string{"grant consumer"})
	w.must(acme.admin().RemoveMember(w.ctx, u.ID))
	for name, again := range back(p) {
		acme.inTeam(team.ID)
		if got := entriesOf(w, acme, u.ID); len(got) != 0 {
			t.Errorf("%s: the directory still has %q", name, got)
		}
		grants := must1(w.store.Grants(w.ctx, acme.owner.OrgID, store.GrantQuery{Subjects: []string{u.ID}}))
		if len(grants.Items) != 0 {
			t.Errorf("%s: granted are still %+v", name, grants.Items)
		}
		again(w, acme)
		acme.inTeam(team.ID)
		acme.has("ann@example.com", []string{}, []string{})
		if now, _ := w.user("ann@example.com"); now.ID != u.ID || acme.roleOf("ann@example.com") != policy.Member {
			t.Errorf("%s: is %q, with the account %s of before %s", name, acme.roleOf("ann@example.com"), now.ID, u.ID)
		}
		w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{u.ID}}))
		acme.has("ann@example.com", []string{"team analyst"}, []string{})
		w.must(acme.admin().RemoveMember(w.ctx, u.ID))
	}
}

// memberGoneByHost: the host takes somebody out of its own tables, and nobody is told. Who
// is let in by us afterwards begins anew.
func memberGoneByHost(t *testing.T, w *world) {
	p := w.watched()
	acme, team := endowed(w)
	u, _ := w.user("ann@example.com")
	gone := func() {
		w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, u.ID) })
		w.must(w.svc.PersonChanged(w.ctx, u.ID))
	}
	gone()
	for name, again := range back(p) {
		again(w, acme)
		acme.inTeam(team.ID)
		acme.has("ann@example.com", []string{}, []string{})
		if got := entriesOf(w, acme, u.ID); !slices.Equal(got, []string{"ann@example.com"}) {
			t.Errorf("%s: the directory has %q", name, got)
		}
		w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{u.ID}}))
		acme.grant(accesssec.Subject{Kind: accesssec.ToPerson, ID: u.ID}, "p2", string(policy.Consumer))
		acme.has("ann@example.com", []string{"team analyst"}, []string{"grant consumer"})
		gone()
	}
}

// memberDisabled keeps everything and has none of it, and nothing changes elsewhere.
func memberDisabled(t *testing.T, w *world) {
	acme, team := endowed(w)
	other := w.newOrg("Other", "owner@example.org")
	other.add(policy.Admin, "ann@example.com")
	u, _ := w.user("ann@example.com")
	b := w.browser()
	b.submit("password", "address", "ann@example.com", "password", right)
	if b.project("p1") != "analyst" || b.project("p2") != "consumer" {
		t.Fatal("Ann has nothing")
	}
	there := w.passwordAt(other.owner.OrgID, "ann@example.com")
	w.must(acme.admin().DisableMember(w.ctx, u.ID))
	w.must(acme.admin().DisableMember(w.ctx, u.ID)) // nothing to do
	if got := []string{roleAt(b), b.project("p1"), b.project("p2")}; got[0]+got[1]+got[2] != "" {
		t.Errorf("disabled, and in as %q", got)
	}
	acme.has("ann@example.com", []string{}, []string{})
	acme.inTeam(team.ID, "ann@example.com")
	m := must1(w.store.Membership(w.ctx, acme.owner.OrgID, u.ID))
	if m.Role != "member" || m.User.Disabled || acme.active(u) {
		t.Errorf("kept are %+v, active %v", m, acme.active(u))
	}
	for _, one := range must1(acme.admin().Members(w.ctx, accesssec.MemberQuery{Search: "ann"})).Items {
		if !one.Disabled || one.Role != policy.Member {
			t.Errorf("listed as %+v", one)
		}
	}
	w.alive(there, true)
	own := w.passwordAt(acme.owner.OrgID, "ann@example.com")
	if own.Principal.OrgID != "" {
		t.Errorf("a disabled member is in as %+v", own.Principal)
	}
	if got := w.passwordAt(other.owner.OrgID, "ann@example.com"); got.Principal.Role != policy.Admin {
		t.Errorf("in the other org as %+v", got.Principal)
	}
	w.advance(time.Second)
	w.must(acme.admin().EnableMember(w.ctx, u.ID))
	w.must(acme.admin().EnableMember(w.ctx, u.ID))
	if n, m := len(acme.events(audit.MemberDisabled)), len(acme.events(audit.MemberEnabled)); n != 1 || m != 1 {
		t.Errorf("%d and %d times in the log", n, m)
	}
	if roleAt(b) != "" {
		t.Error("a session is back")
	}
	b.submit("password", "address", "ann@example.com", "password", right)
	if got := []string{b.project("p1"), b.project("p2")}; got[0] != "analyst" || got[1] != "consumer" || !acme.active(u) {
		t.Errorf("enabled again: %q, active %v", got, acme.active(u))
	}
	w.alive(own, true)
}

// memberDisabledSSO: an identity provider that vouches for somebody does not undo what an
// Admin has done, also where it makes the members.
func memberDisabledSSO(t *testing.T, w *world) {
	acme, _ := endowed(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	u, _ := w.user("ann@example.com")
	in := acme.signIn(ann)
	waiting := acme.start() // begun before
	w.must(acme.admin().DisableMember(w.ctx, u.ID))
	w.alive(in, false)
	members := must1(w.store.Memberships(w.ctx, acme.owner.OrgID, store.MembershipQuery{})).Items
	for _, l := range []*login{waiting, acme.start(), acme.startFor(acme.owner.OrgID)} {
		_, err := l.finish(l.answer(ann))
		acme.refuses(err, reasonCode(policy.MemberDisabled))
	}
	same(t, "the members", members, must1(w.store.Memberships(w.ctx, acme.owner.OrgID, store.MembershipQuery{})).Items)
	if n := w.sessions(store.SessionQuery{UserID: u.ID}); n != 0 {
		t.Errorf("%d sessions", n)
	}
	acme.signIn(samltest.Person{Email: "new@example.com"}) // others go on
	// An Admin who is disabled passes by nothing.
	acme.add(policy.Admin, "adam@example.com")
	must1(w.byPassword("adam@example.com", right))
	w.must(acme.admin().DisableMember(w.ctx, acme.member("adam@example.com")))
	if _, err := w.byPassword("adam@example.com", right); w.code(err) != reasonCode(policy.SSORequired) {
		t.Errorf("a disabled Admin by password: %v", err)
	}
	w.must(acme.admin().EnableMember(w.ctx, u.ID))
	acme.signIn(ann)
}

// memberDisabledByHost: the host's own tables say that somebody is disabled in an org, and
// PersonChanged is told. What DisableMember has set it leaves alone.
func memberDisabledByHost(t *testing.T, w *world) {
	acme, _ := endowed(w)
	u, _ := w.user("ann@example.com")
	sets := func(disabled bool) {
		w.change(func(tx store.Tx) error {
			m, err := tx.Membership(w.ctx, acme.owner.OrgID, u.ID)
			if err != nil {
				return err
			}
			m.Disabled = disabled
			return tx.PutMembership(w.ctx, m.Membership)
		})
		w.must(w.svc.PersonChanged(w.ctx, u.ID))
	}
	one, two := inTwoBrowsers(w, acme, "ann@example.com")
	sets(true)
	if roleAt(one) != "" || roleAt(two) != "" || acme.active(u) {
		t.Errorf("in as %q and %q, active %v", roleAt(one), roleAt(two), acme.active(u))
	}
	if e := acme.last(audit.UserChanged); factsOf(e)["sessions_ended"] != "2" || factsOf(e)["entries_written"] != "1" {
		t.Errorf("the log says %+v", e)
	}
	acme.has("ann@example.com", []string{}, []string{})
	sets(false)
	inTwoBrowsers(w, acme, "ann@example.com")
	if acme.has("ann@example.com", []string{"team analyst"}, []string{"grant consumer"}); !acme.active(u) {
		t.Error("inactive in the directory")
	}
	w.must(acme.admin().DisableMember(w.ctx, u.ID))
	w.must(w.svc.PersonChanged(w.ctx, u.ID))
	if m := must1(w.store.Membership(w.ctx, acme.owner.OrgID, u.ID)); !m.Disabled || acme.active(u) {
		t.Errorf("the host says something else, and back is %+v, active %v", m.Membership, acme.active(u))
	}
	// The account is disabled as well: to enable the member is not enough to be active.
	w.hostSets("ann@example.com", disable)
	w.must(acme.admin().EnableMember(w.ctx, u.ID))
	if acme.active(u) {
		t.Error("active with an account that is disabled")
	}
	w.hostSets("ann@example.com", func(u *store.User) { u.Disabled = false })
	w.must(w.svc.PersonChanged(w.ctx, u.ID))
	if !acme.active(u) {
		t.Error("inactive when nothing is disabled any more")
	}
}
