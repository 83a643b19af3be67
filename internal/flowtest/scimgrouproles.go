package flowtest

import (
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// scimGroupRoleFlows: roles that people have by being in a group.
func scimGroupRoleFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"come and go with the group":      scimRolesComeAndGo,
		"the highest of several":          scimRolesHighest,
		"what is given by hand stays":     scimRolesByHand,
		"other settings, other roles":     scimRolesChanged,
		"on projects":                     scimRolesProjects,
		"a group that takes another name": scimRolesRenamed,
		"a team that nobody pushes":       scimRolesUnmanaged,
		"externals have none":             scimRolesExternals,
		"a role that is gone":             scimRolesGone,
	})
}

// maps sets the roles of groups.
func (c *customer) maps(roles ...accesssec.SCIMGroupRole) {
	c.w.t.Helper()
	next := c.scimState().Settings
	next.GroupRoles = roles
	must1(c.admin().SetSCIM(c.w.ctx, next))
}

func (c *customer) is(address string, want policy.Role) {
	c.w.t.Helper()
	if got := c.roleOf(address); got != want {
		c.w.t.Errorf("%s is %s, want %s", address, got, want)
	}
}

func scimRolesComeAndGo(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.maps(accesssec.SCIMGroupRole{Group: "Admins", OrgRole: policy.Admin})
	p := acme.provisioner()
	ann, owner := p.makes("ann@example.com"), p.idOf("owner@example.com")
	acme.is("ann@example.com", policy.Member)
	in := acme.signIn(samltest.Person{Email: "ann@example.com"})
	group := p.group("ADMINS", ann, owner)
	acme.is("ann@example.com", policy.Admin)
	acme.is("owner@example.com", policy.Owner)
	w.alive(in, false)
	e := acme.last(audit.MemberRoleChanged)
	if e.Actor.ID != p.id || e.Changes[0].Old != "member" || e.Changes[0].New != "admin" || factsOf(e)["sessions_ended"] != "1" {
		t.Errorf("the log says %+v", e)
	}
	n := len(acme.events())
	p.patches(group, add(ann))
	acme.logged("again", n)
	_, err := acme.as("ann@example.com").Invite(w.ctx, "friend@example.net", policy.Admin)
	if acme.w.code(err) == accesssec.CodeNotAllowed {
		t.Error("an Admin may not invite")
	}
	p.patches(group, remove(ann), remove(owner))
	acme.is("ann@example.com", policy.Member)
	acme.is("owner@example.com", policy.Owner)
	p.patches(group, add(ann))
	acme.is("ann@example.com", policy.Admin)
	p.says(200, "PATCH", "/Users/"+ann, setActive(false))
	acme.is("ann@example.com", policy.Admin) // and can't come in
	p.says(204, "DELETE", "/Groups/"+group, "")
	acme.is("ann@example.com", policy.Member)
	if docs := must1(w.store.Docs(w.ctx, "scim_role", acme.owner.OrgID, store.DocQuery{})).Items; len(docs) != 0 {
		t.Errorf("left over are %+v", docs)
	}
}

func scimRolesHighest(_ *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.maps(accesssec.SCIMGroupRole{Group: "A", OrgRole: policy.Admin}, accesssec.SCIMGroupRole{Group: "B", OrgRole: policy.Billing})
	p := acme.provisioner()
	ann := p.makes("ann@example.com")
	a, b := p.group("A", ann), p.group("B", ann)
	acme.is("ann@example.com", policy.Admin)
	p.patches(a, `{"op":"remove","path":"members"}`)
	acme.is("ann@example.com", policy.Billing)
	p.patches(a, add(ann))
	p.patches(b, remove(ann))
	acme.is("ann@example.com", policy.Admin)
	p.patches(a, remove(ann))
	acme.is("ann@example.com", policy.Member)
}

func scimRolesByHand(_ *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.maps(accesssec.SCIMGroupRole{Group: "B", OrgRole: policy.Billing}, accesssec.SCIMGroupRole{Group: "A", OrgRole: policy.Admin})
	acme.add(policy.Admin, "ann@example.com")
	acme.add(policy.Billing, "bob@example.com", "carl@example.com")
	p := acme.provisioner()
	ann, bob, carl := p.idOf("ann@example.com"), p.idOf("bob@example.com"), p.idOf("carl@example.com")
	b := p.group("B", ann, bob)
	acme.is("ann@example.com", policy.Admin)
	p.patches(b, remove(ann, bob))
	acme.is("ann@example.com", policy.Admin)
	acme.is("bob@example.com", policy.Billing)
	a := p.group("A", bob, carl)
	acme.is("bob@example.com", policy.Admin)
	p.patches(a, remove(bob))
	acme.is("bob@example.com", policy.Billing)
	// Once an Owner has said what somebody is, the group takes nothing.
	w.must(acme.admin().SetRole(w.ctx, acme.member("carl@example.com"), policy.Member))
	w.must(acme.admin().SetRole(w.ctx, acme.member("carl@example.com"), policy.Admin))
	p.patches(a, remove(carl))
	acme.is("carl@example.com", policy.Admin)
	// Nor of somebody who has left, and come back as an Admin.
	p.patches(a, add(bob))
	acme.is("bob@example.com", policy.Admin)
	w.must(acme.admin().RemoveMember(w.ctx, acme.member("bob@example.com")))
	acme.add(policy.Admin, "bob@example.com")
	p.patches(a, add(p.idOf("bob@example.com")))
	p.patches(a, remove(p.idOf("bob@example.com")))
	acme.is("bob@example.com", policy.Admin)
	// An Owner who was made one while in the group stays one.
	p.patches(a, add(carl))
	w.must(acme.admin().SetRole(w.ctx, acme.member("carl@example.com"), policy.Owner))
	p.patches(a, remove(carl))
	acme.is("carl@example.com", policy.Owner)
}

func scimRolesChanged(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	ann := p.makes("ann@example.com")
	p.group("G", ann)
	acme.is("ann@example.com", policy.Member)
	acme.maps(accesssec.SCIMGroupRole{Group: "g", OrgRole: policy.Admin})
	acme.is("ann@example.com", policy.Admin)
	if e := acme.last(audit.MemberRoleChanged); e.Actor.OnBehalfOf != acme.owner.UserID {
		t.Errorf("the log says %+v", e)
	}
	acme.maps(accesssec.SCIMGroupRole{Group: "g", OrgRole: policy.Billing})
	acme.is("ann@example.com", policy.Billing)
	acme.maps()
	acme.is("ann@example.com", policy.Member)
	if docs := must1(w.store.Docs(w.ctx, "scim_role", acme.owner.OrgID, store.DocQuery{})).Items; len(docs) != 0 {
		t.Errorf("left over are %+v", docs)
	}
}

func scimRolesProjects(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.maps(accesssec.SCIMGroupRole{Group: "G", Project: "p1", Role: string(policy.Analyst)})
	p := acme.provisioner()
	ann := p.makes("ann@example.com")
	group := p.group("G", ann)
	has := func(project string, want policy.ProjectRole) {
		t.Helper()
		a := must1(w.svc.AccessOf(w.ctx, acme.owner.OrgID, accesssec.Subject{Kind: accesssec.ToPerson, ID: acme.member("ann@example.com")}, project))
		if a.Role != want {
			t.Errorf("on %s: %q, want %q", project, a.Role, want)
		}
	}
	has("p1", policy.Analyst)
	acme.grant(accesssec.Subject{Kind: accesssec.ToTeam, ID: group}, "p3", string(policy.Consumer))
	acme.maps(accesssec.SCIMGroupRole{Group: "G", Project: "p1", Role: string(policy.ProjectAdmin)}, accesssec.SCIMGroupRole{Group: "G", Role: string(policy.Consumer)})
	has("p1", policy.ProjectAdmin)
	has("p2", policy.Consumer)
	n := len(acme.events(audit.GrantAdded, audit.GrantRevoked))
	p.patches(group, `{"op":"replace","value":{"displayName":"Else"}}`)
	has("p1", "")
	has("p3", policy.Consumer)
	if got := len(acme.events(audit.GrantAdded, audit.GrantRevoked)) - n; got != 2 {
		t.Errorf("%d grants in the log", got)
	}
	p.patches(group, `{"op":"replace","value":{"displayName":"g"}}`)
	has("p1", policy.ProjectAdmin)
	acme.maps()
	has("p1", "")
	has("p3", policy.Consumer)
}

// scimRolesGone: a mapping to a role that was deleted gives nothing, to nobody who comes later
// and to no group that takes the name; what it gave became what who deleted the role said.
func scimRolesGone(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	role := must1(acme.admin().PutRole(w.ctx, accesssec.Role{Name: "Exporter", Actions: []policy.Action{policy.ViewProject}}))
	acme.maps(accesssec.SCIMGroupRole{Group: "G", Project: "p1", Role: string(role.ID)}, accesssec.SCIMGroupRole{Group: "H", Project: "p1", Role: string(role.ID)})
	p := acme.provisioner()
	ann, ben := p.makes("ann@example.com"), p.makes("ben@example.com")
	group := p.group("G", ann)
	has := func(who string, want policy.ProjectRole, view bool) {
		t.Helper()
		a := must1(w.svc.AccessOf(w.ctx, acme.owner.OrgID, accesssec.Subject{Kind: accesssec.ToPerson, ID: acme.member(who)}, "p1"))
		if a.Role != want || a.Can(policy.ViewProject) != view {
			t.Errorf("%s is %q on it, and can see it: %v; want %q, %v", who, a.Role, a.Can(policy.ViewProject), want, view)
		}
	}
	has("ann@example.com", "", true)
	preview := must1(acme.admin().PreviewRoleDeletion(w.ctx, role.ID, policy.Consumer))
	w.must(acme.admin().DeleteRole(w.ctx, role.ID, policy.Consumer, preview.Hash))
	has("ann@example.com", policy.Consumer, true)
	n := len(acme.events(audit.GrantAdded))
	p.group("H", ben)
	has("ben@example.com", "", false)
	p.patches(group, `{"op":"replace","value":{"displayName":"Else"}}`)
	has("ann@example.com", "", false)
	p.patches(group, `{"op":"replace","value":{"displayName":"G"}}`)
	has("ann@example.com", "", false)
	if got := len(acme.events(audit.GrantAdded)); got != n {
		t.Errorf("%d grants of a role that is gone", got-n)
	}
}

func scimRolesRenamed(_ *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.maps(accesssec.SCIMGroupRole{Group: "G", OrgRole: policy.Admin})
	p := acme.provisioner()
	ann, bob := p.makes("ann@example.com"), p.makes("bob@example.com")
	group := p.group("Else", ann)
	acme.is("ann@example.com", policy.Member)
	p.patches(group, `{"op":"replace","value":{"displayName":"G"}}`, add(bob))
	acme.is("ann@example.com", policy.Admin)
	acme.is("bob@example.com", policy.Admin)
	p.patches(group, `{"op":"replace","value":{"displayName":"Else"}}`)
	acme.is("ann@example.com", policy.Member)
	acme.is("bob@example.com", policy.Member)
}

func scimRolesUnmanaged(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Member, "ann@example.com", "bob@example.com")
	team := acme.team("G", "ann@example.com")
	acme.maps(accesssec.SCIMGroupRole{Group: "G", OrgRole: policy.Admin}, accesssec.SCIMGroupRole{Group: "G", Role: string(policy.Analyst)})
	acme.is("ann@example.com", policy.Member)
	p := acme.provisioner()
	if id := p.group("G"); id != team.ID { // from now on it is theirs
		t.Errorf("pushed as %s", id)
	}
	acme.is("ann@example.com", policy.Admin)
	if found := acme.sources("ann@example.com", "p1"); len(found) != 2 {
		t.Errorf("has %v", found)
	}
	// So it is when all that is said of it is who else is in it.
	other := acme.team("H", "bob@example.com")
	acme.maps(accesssec.SCIMGroupRole{Group: "G", OrgRole: policy.Admin}, accesssec.SCIMGroupRole{Group: "H", OrgRole: policy.Billing})
	acme.is("bob@example.com", policy.Member)
	p.patches(other.ID, add(p.makes("carl@example.com")))
	acme.is("bob@example.com", policy.Billing)
	acme.is("carl@example.com", policy.Billing)
}

func scimRolesExternals(_ *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Member, "friend@example.org", "ann@example.com")
	acme.team("G", "friend@example.org", "ann@example.com")
	acme.maps(accesssec.SCIMGroupRole{Group: "G", OrgRole: policy.Admin})
	p := acme.provisioner()
	p.group("G")
	acme.is("ann@example.com", policy.Admin)
	acme.is("friend@example.org", policy.Member)
}
