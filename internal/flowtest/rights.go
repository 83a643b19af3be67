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

// rightFlows are ways to have, or to keep, more than one was given.
func rightFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"what ends is not made to last":             rightsThatEnd,
		"what ends is not made to last by a team":   rightsThatEndByTeam,
		"what ends is not made to last by a role":   rightsThatEndByRole,
		"what no role has is an Owner's to give":    rightsOfNobody,
		"what the host has given up for a while":    rightsGivenUp,
		"the log says what went, and whose it was":  rightsInTheLog,
		"a grant that has ended and is given again": rightsAgain,
		"an address that nobody has proven":         rightsUnproven,
		"what who is disabled has begun":            rightsBegun,
		"what who is disabled is told":              rightsTold,
	})
}

// grantsUntil is what somebody grants, and what comes of it.
func (c *customer) grantsUntil(who string, to accesssec.Subject, project, role string, end time.Time) accesssec.Code {
	c.w.t.Helper()
	_, err := c.as(who).Grant(c.w.ctx, accesssec.Grant{To: to, Project: project, Role: role, Expires: end})
	return c.w.code(err)
}

// until is what the Owner grants for a time.
func (c *customer) until(to accesssec.Subject, project, role string, end time.Time) {
	c.w.t.Helper()
	if code := c.grantsUntil("owner@example.com", to, project, role, end); code != "" {
		c.w.t.Fatal(code)
	}
}

// rightsThatEnd: who has a project for a day gives nobody more than that day, and least of all
// themselves.
func rightsThatEnd(t *testing.T, w *world) {
	acme := withRoles(w)
	acme.add(policy.Member, "lead@example.com")
	lead, ann, all := acme.person("lead@example.com"), acme.person("ann@example.com"), accesssec.Subject{Kind: accesssec.ToEveryone}
	day := w.clock().Add(24 * time.Hour)
	acme.until(lead, "p1", string(policy.ProjectAdmin), day)
	before := len(acme.events(audit.ChangeRefused))
	for _, tt := range []struct {
		name string
		to   accesssec.Subject
		role string
		end  time.Time
		want accesssec.Code
	}{
		{"their own again, for ever", lead, "admin", time.Time{}, accesssec.CodeAbove},
		{"their own again, a bit longer", lead, "admin", day.Add(time.Second), accesssec.CodeAbove},
		{"another, for ever", lead, "analyst", time.Time{}, accesssec.CodeAbove},
		{"everyone, for ever", all, "consumer", time.Time{}, accesssec.CodeAbove},
		{"a friend, for ever", ann, "admin", time.Time{}, accesssec.CodeAbove},
		{"a friend, as long", ann, "admin", day, ""},
		{"a friend, less long", ann, "analyst", day.Add(-time.Hour), ""},
	} {
		if got := acme.grantsUntil("lead@example.com", tt.to, "p1", tt.role, tt.end); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if n := len(acme.events(audit.ChangeRefused)) - before; n != 5 {
		t.Errorf("%d refusals in the log", n)
	}
	// What they have besides, and for good, is theirs to give for good.
	acme.grant(lead, "", string(policy.ProjectAdmin))
	if got := acme.grantsUntil("lead@example.com", ann, "p1", "analyst", time.Time{}); got != "" {
		t.Errorf("by what lasts: %q", got)
	}
	w.advance(24 * time.Hour)
	acme.may(ann, "p1", "host.export", policy.EditProject, policy.ViewProject)
}

// rightsThatEndByTeam: nor by getting into a team that has it for good. To take somebody out
// of one takes no more than what one may now.
func rightsThatEndByTeam(t *testing.T, w *world) {
	acme := withRoles(w)
	admin := acme.person("admin@example.com")
	day := w.clock().Add(24 * time.Hour)
	acme.until(admin, "p1", string(policy.ProjectOwner), day)
	good, brief := acme.team("Good", "ann@example.com"), acme.team("Brief")
	acme.grant(toTeam(good), "p1", string(policy.ProjectOwner))
	acme.until(toTeam(brief), "p1", string(policy.ProjectOwner), day)
	me := acme.as("admin@example.com")
	acme.refuses(me.ChangeTeam(w.ctx, good.ID, accesssec.TeamChange{Add: []string{admin.ID}}), accesssec.CodeAbove)
	acme.refuses(me.ChangeTeam(w.ctx, good.ID, accesssec.TeamChange{Add: []string{admin.ID}, Remove: acme.members("ann@example.com")}), accesssec.CodeAbove)
	w.must(me.ChangeTeam(w.ctx, brief.ID, accesssec.TeamChange{Add: []string{admin.ID}}))
	w.must(me.ChangeTeam(w.ctx, good.ID, accesssec.TeamChange{Remove: acme.members("ann@example.com")}))
	acme.inTeam(good.ID)
	w.advance(24 * time.Hour)
	acme.may(admin, "p1", "host.export", policy.EditProject, policy.ManageProject, policy.ViewProject)
	acme.refuses(acme.as("admin@example.com").DeleteTeam(w.ctx, good.ID), accesssec.CodeAbove)
}

// rightsThatEndByRole: nor by putting it into a role that one has for good, or having such a
// role become one.
func rightsThatEndByRole(t *testing.T, w *world) {
	acme := withRoles(w)
	admin := acme.person("admin@example.com")
	mine := acme.role("Mine", policy.ViewProject)
	acme.grant(admin, "", mine.ID)
	day := w.clock().Add(24 * time.Hour)
	acme.until(admin, "", string(policy.ProjectOwner), day)
	me := acme.as("admin@example.com")
	wide := mine
	wide.Actions = []policy.Action{policy.ViewProject, policy.DeleteProject}
	_, err := me.PutRole(w.ctx, wide)
	acme.refuses(err, accesssec.CodeAbove)
	_, err = me.PutRole(w.ctx, accesssec.Role{Name: "New", Actions: wide.Actions})
	acme.refuses(err, accesssec.CodeAbove)
	p, err := me.PreviewRoleDeletion(w.ctx, mine.ID, policy.ProjectOwner)
	w.must(err)
	acme.refuses(me.DeleteRole(w.ctx, mine.ID, policy.ProjectOwner, p.Hash), accesssec.CodeAbove)
	// What is in the role already may stay in it, or be taken out, by who may it now.
	high := acme.role("High", policy.ViewProject, policy.DeleteProject)
	high.Name = "Higher"
	high, err = me.PutRole(w.ctx, high)
	w.must(err)
	high.Actions = []policy.Action{policy.ViewProject}
	_, err = me.PutRole(w.ctx, high)
	w.must(err)
	w.advance(24 * time.Hour)
	acme.may(admin, "p1", "host.export", policy.EditProject, policy.ManageProject, policy.ViewProject)
}

// rightsOfNobody: an Owner gives what no role has by itself, and takes it back. Nobody else
// does who lacks it.
func rightsOfNobody(t *testing.T, w *world) {
	acme := withRoles(w)
	ann, admin := acme.person("ann@example.com"), acme.as("admin@example.com")
	r := acme.role("Sensitive", "host.sensitive")
	g, err := acme.admin().Grant(w.ctx, accesssec.Grant{To: ann, Project: "p1", Role: r.ID})
	if err != nil {
		t.Fatalf("an Owner grants it: %v", err)
	}
	acme.may(ann, "p1", "host.sensitive")
	acme.refuses(admin.Revoke(w.ctx, g.ID), accesssec.CodeAbove)
	w.must(acme.admin().Revoke(w.ctx, g.ID))
	acme.may(ann, "p1")
	team := acme.team("Few")
	acme.grant(toTeam(team), "p1", r.ID)
	acme.refuses(admin.ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: acme.members("admin@example.com")}), accesssec.CodeAbove)
	w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{ann.ID}}))
	acme.may(ann, "p1", "host.sensitive")
	acme.refuses(admin.DeleteTeam(w.ctx, team.ID), accesssec.CodeAbove)
	w.must(acme.admin().DeleteTeam(w.ctx, team.ID))
	acme.may(ann, "p1")
}

// rightsGivenUp: an action that the host does not know at the moment, as an instance of before
// does not while a new release goes out, is nobody's to grant but an Owner's: it comes back.
func rightsGivenUp(t *testing.T, w *world) {
	acme := withRoles(w)
	r := acme.role("Sensitive", policy.ViewProject, "host.sensitive")
	sa, err := acme.admin().PutServiceAccount(w.ctx, accesssec.ServiceAccount{Name: "n", Purpose: "p"})
	w.must(err)
	admin, ann := acme.person("admin@example.com"), acme.person("ann@example.com")
	team := acme.team("Few")
	acme.grant(toTeam(team), "p1", r.ID)
	g := acme.grant(ann, "p1", r.ID)
	acme.grant(accesssec.Subject{Kind: accesssec.ToServiceAccount, ID: sa.ID}, "p1", r.ID)
	w.rehost(supported)
	me := acme.as("admin@example.com")
	acme.may(ann, "p1", policy.ViewProject)
	if got := acme.grantsUntil("admin@example.com", admin, "p1", r.ID, time.Time{}); got != accesssec.CodeAbove {
		t.Errorf("an Admin grants themselves what is hidden: %q", got)
	}
	acme.refuses(me.ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{admin.ID}}), accesssec.CodeAbove)
	acme.refuses(me.Revoke(w.ctx, g.ID), accesssec.CodeAbove)
	acme.refuses(me.DeleteServiceAccount(w.ctx, sa.ID), accesssec.CodeAbove)
	w.must(acme.admin().Revoke(w.ctx, g.ID))
	w.rehost(exports)
	acme.may(admin, "p1", "host.export", policy.EditProject, policy.ManageProject, policy.ViewProject)
}

// rightsInTheLog: a grant that is taken back is found by whose it was, and who is removed
// leaves a count of what went with them.
func rightsInTheLog(t *testing.T, w *world) {
	acme := withRoles(w)
	ann := acme.person("ann@example.com")
	g := acme.grant(ann, "p1", "analyst")
	w.must(acme.admin().Revoke(w.ctx, g.ID))
	e := acme.last(audit.GrantRevoked)
	if f := factsOf(e); e.Targets[0].Kind != audit.KindUser || e.Targets[0].ID != ann.ID || e.Targets[0].Name != "ann@example.com" || f["grant"] != g.ID || f["role"] != "analyst" || f["project"] != "p1" {
		t.Errorf("the log says %+v", e)
	}
	acme.grant(ann, "p1", "analyst")
	acme.grant(ann, "p2", "consumer")
	w.must(acme.admin().RemoveMember(w.ctx, ann.ID))
	if e := acme.last(audit.MemberRemoved); factsOf(e)["grants_revoked"] != "2" {
		t.Errorf("the log says %+v", e)
	}
	if left := acme.grants(); len(left) != 0 {
		t.Errorf("left is %q", left)
	}
}

// rightsAgain: somebody who has had nothing for a month has it since today.
func rightsAgain(t *testing.T, w *world) {
	acme := withRoles(w)
	ann := acme.person("ann@example.com")
	acme.until(ann, "p1", "analyst", w.clock().Add(time.Hour))
	w.advance(30 * 24 * time.Hour)
	acme.may(ann, "p1")
	g := acme.grant(ann, "p1", "analyst")
	if !g.Since.Equal(w.clock()) {
		t.Errorf("granted again at %v, and they have it since %v", w.clock(), g.Since)
	}
	if e := acme.last(audit.GrantAdded); len(e.Changes) != 0 {
		t.Errorf("the log takes it for the one of before: %+v", e)
	}
	acme.may(ann, "p1", "host.export", policy.EditProject, policy.ViewProject)
}

// rightsUnproven: what an identity provider has put under an address, and into teams, waits
// for who has shown that the address is theirs. Who has merely typed it does not get it.
func rightsUnproven(t *testing.T, w *world) {
	acme := withRoles(w)
	team := acme.team("Board")
	acme.grant(toTeam(team), "p1", "owner")
	waits := func(id, address string) store.Entry {
		return store.Entry{
			OrgID: acme.owner.OrgID, ID: id, ConnectionID: "con-1", Type: store.EntryUser, Name: address, NameKey: address,
			ExternalID: id, Active: true, CreatedAt: w.clock(), ModifiedAt: w.clock(),
		}
	}
	w.change(func(tx store.Tx) error {
		for _, e := range []store.Entry{waits("ent-1", "boss@example.com"), waits("ent-2", "chief@example.com")} {
			if err := tx.PutEntry(w.ctx, e); err != nil {
				return err
			}
		}
		return tx.ChangeEntryMembers(w.ctx, acme.owner.OrgID, team.ID, store.MemberDelta{Add: []string{"ent-1", "ent-2"}})
	})
	err := w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "boss@example.com", Role: policy.Member})
	acme.refuses(err, accesssec.CodeUnproven)
	// The host's own code makes a member of somebody who says that they are the chief.
	u := store.User{ID: "usr-mallory", Address: "chief@example.com", AddressKey: "chief@example.com", CreatedAt: w.clock()}
	w.change(func(tx store.Tx) error {
		if err := tx.CreateUser(w.ctx, u); err != nil {
			return err
		}
		return tx.PutMembership(w.ctx, store.Membership{OrgID: acme.owner.OrgID, UserID: u.ID, Role: "member", JoinedAt: w.clock()})
	})
	w.must(w.svc.PersonChanged(w.ctx, u.ID))
	mallory := accesssec.Subject{Kind: accesssec.ToPerson, ID: u.ID}
	acme.may(mallory, "p1")
	w.hostSets("chief@example.com", func(u *store.User) { u.AddressVerified = true })
	w.must(w.svc.PersonChanged(w.ctx, u.ID))
	acme.may(mallory, "p1", "host.export", "host.purge", policy.DeleteProject, policy.EditProject, policy.ManageProject, policy.ViewProject)
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "boss@example.com", Verified: true, Role: policy.Member}))
	if got := acme.sources("boss@example.com", "p1"); !slices.Equal(got, []string{"team owner"}) {
		t.Errorf("the boss has it from %q", got)
	}
}

// rightsBegun: the link by which somebody is to confirm that their second factor is reset is
// worth no more than who has asked for it.
func rightsBegun(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.net")
	acme.add(policy.Admin, "admin@example.com")
	adminID := acme.member("admin@example.com")
	got := must1(acme.as("admin@example.com").ResetFactors(w.ctx, h.id))
	if got[0].Outcome != accesssec.ResetAsked {
		t.Fatalf("%+v", got)
	}
	token := p.link(w, h.address)
	w.must(acme.admin().DisableMember(w.ctx, adminID))
	h.linkOver("who has asked is disabled in the org", token, right)
	w.must(acme.admin().EnableMember(w.ctx, adminID))
	w.must(acme.admin().SetRole(w.ctx, adminID, policy.Billing))
	h.linkOver("who has asked is no Admin any more", token, right)
	w.must(acme.admin().SetRole(w.ctx, adminID, policy.Admin))
	w.must(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), token, right))
}

// rightsTold: what happens in the org is not for an Admin who is kept out of it.
func rightsTold(t *testing.T, w *world) {
	p := newPost()
	acme := withAnn(w)
	acme.add(policy.Admin, "admin@example.com")
	w.svc = w.instance(w.store, p.sink(works))
	w.must(acme.admin().DisableMember(w.ctx, acme.member("admin@example.com")))
	acme.toggle()
	if got := p.told(w); !slices.Equal(got, []string{"settings_changed owner@example.com"}) {
		t.Errorf("told %q", got)
	}
	w.must(acme.admin().EnableMember(w.ctx, acme.member("admin@example.com")))
	acme.toggle()
	if got := p.told(w); !slices.Equal(got, []string{"settings_changed admin@example.com", "settings_changed owner@example.com"}) {
		t.Errorf("told %q", got)
	}
}
