package flowtest

import (
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// active reports what SCIM says of somebody, by reading and by a filter, and whether they are
// kept out.
func (p *provisioner) active(c *customer, id, address string, want bool) {
	p.w.t.Helper()
	if a := p.says(200, "GET", "/Users/"+id, ""); a.json["active"] != want {
		p.w.t.Errorf("%s is shown as %s", address, a.body)
	}
	if found := p.list("Users", `active eq false and userName eq "`+address+`"`); (len(found) == 0) != want {
		p.w.t.Errorf("%s: inactive are %v", address, found)
	}
	if m := must1(p.w.store.Membership(p.w.ctx, c.owner.OrgID, c.member(address))); m.Disabled == want {
		p.w.t.Errorf("%s: the membership is %+v", address, m.Membership)
	}
}

// scimHeldByAdmin: whom an Owner or Admin keeps out no identity provider lets in.
func scimHeldByAdmin(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	id := p.makes("bob@example.com", `"externalId":"1"`, `"title":"x"`)
	bob := acme.member("bob@example.com")
	w.must(acme.admin().DisableMember(w.ctx, bob))
	n := len(acme.events())
	before := acme.entryOf("bob@example.com")
	for range 2 {
		a := p.says(200, "PATCH", "/Users/"+id, setActive(true))
		if a.json["active"] != false {
			t.Errorf("told %s", a.body)
		}
	}
	p.says(200, "PUT", "/Users/"+id, userBody("bob@example.com", `"externalId":"1"`, `"title":"x"`, `"active":true`))
	acme.logged("held", n)
	if diff := acme.entryOf("bob@example.com"); diff.Version != before.Version {
		t.Error("the entry was written")
	}
	p.refused(409, "uniqueness", "disabled in the application", "POST", "/Users", userBody("bob@example.com", `"externalId":"1"`, `"active":true`))
	p.active(acme, id, "bob@example.com", false)
	if v := must1(acme.admin().PreviewSCIM(w.ctx, []scim.User{{UserName: "bob@example.com", ExternalID: "1", Active: true, Extra: map[string]any{"title": "x"}}})); v[0].Action != accesssec.SCIMSkip {
		t.Errorf("a preview says %+v", v)
	}
	// What else is said with it is taken.
	a := p.says(200, "PATCH", "/Users/"+id, patchBody(`{"op":"replace","value":{"active":true,"title":"Boss"}}`))
	if a.json["active"] != false || a.json["title"] != "Boss" {
		t.Errorf("told %s", a.body)
	}
	p.active(acme, id, "bob@example.com", false)
	// Nor does it help to deactivate first.
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	p.says(200, "PATCH", "/Users/"+id, setActive(true))
	p.active(acme, id, "bob@example.com", false)
	// Nor to delete them, so that they come in as somebody new.
	p.refused(403, "", "has disabled this person", "DELETE", "/Users/"+id, "")
	p.active(acme, id, "bob@example.com", false)
	w.must(acme.admin().EnableMember(w.ctx, bob))
	p.active(acme, id, "bob@example.com", true)
	// Whom the identity provider has deactivated it lets in, until an Admin says otherwise.
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	p.says(200, "PATCH", "/Users/"+id, setActive(true))
	p.active(acme, id, "bob@example.com", true)
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	n = len(acme.events())
	w.must(acme.admin().DisableMember(w.ctx, bob))
	acme.logged("held as well", n, audit.MemberDisabled)
	w.must(acme.admin().DisableMember(w.ctx, bob)) // nothing is left to do
	acme.logged("held as well", n, audit.MemberDisabled)
	p.says(200, "PATCH", "/Users/"+id, setActive(true))
	p.active(acme, id, "bob@example.com", false)
	// An Admin may let in whom the identity provider keeps out, and who deactivates them again
	// is the identity provider.
	w.must(acme.admin().EnableMember(w.ctx, bob))
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	w.must(acme.admin().EnableMember(w.ctx, bob))
	p.active(acme, id, "bob@example.com", true)
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	p.says(200, "PATCH", "/Users/"+id, setActive(true))
	p.active(acme, id, "bob@example.com", true)
	// Whoever was disabled before the identity provider knew them stays so when it links them.
	acme.add(policy.Member, "ann@example.com")
	w.must(acme.admin().DisableMember(w.ctx, acme.member("ann@example.com")))
	ann := p.idOf("ann@example.com")
	p.says(200, "PUT", "/Users/"+ann, userBody("ann@example.com", `"externalId":"2"`, `"active":true`))
	p.active(acme, ann, "ann@example.com", false)
	// Nobody left behind what would let the next membership be opened.
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	w.must(acme.admin().RemoveMember(w.ctx, bob))
	if docs := must1(w.store.Docs(w.ctx, "scim_off", acme.owner.OrgID, store.DocQuery{})).Items; len(docs) != 0 {
		t.Errorf("left over are %+v", docs)
	}
}

// scimHeldByHost: nor whom the host's own code keeps out; and whoever it lets in, the identity
// provider can deactivate.
func scimHeldByHost(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	id := p.makes("bob@example.com", `"externalId":"1"`)
	bob := acme.member("bob@example.com")
	sets := func(disabled bool) {
		t.Helper()
		w.change(func(tx store.Tx) error {
			m, err := tx.Membership(w.ctx, acme.owner.OrgID, bob)
			m.Disabled = disabled
			if err == nil {
				err = tx.PutMembership(w.ctx, m.Membership)
			}
			return err
		})
		w.must(w.svc.PersonChanged(w.ctx, bob))
	}
	is := func(disabled bool) {
		t.Helper()
		if m := must1(w.store.Membership(w.ctx, acme.owner.OrgID, bob)); m.Disabled != disabled {
			t.Errorf("disabled: %v", m.Disabled)
		}
		if a := p.says(200, "GET", "/Users/"+id, ""); a.json["active"] == disabled {
			t.Errorf("shown as %s", a.body)
		}
	}
	sets(true)
	is(true)
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	p.says(200, "PATCH", "/Users/"+id, setActive(true))
	is(true)
	sets(false)
	is(false)
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	is(true)
	sets(false)
	in := acme.signIn(samltest.Person{Email: "bob@example.com"})
	p.says(200, "PATCH", "/Users/"+id, setActive(false)) // what it has said before, and is true no more
	is(true)
	w.alive(in, false)
	// Removed and made a member anew by the host: what was said of the one before is over.
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, bob) })
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "bob@example.com", Verified: true, Role: policy.Member}))
	id = acme.entryOf("bob@example.com").ID
	is(false)
	sets(true)
	p.says(200, "PATCH", "/Users/"+id, setActive(true))
	is(true)
	sets(false)
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	is(true)
}

// scimOwnersAddress: a token makes nobody who they are by whose mail they read.
func scimOwnersAddress(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Admin, "admin@example.com")
	acme.add(policy.Owner, "second@example.com")
	acme.add(policy.Billing, "bill@example.com")
	p := acme.provisioner()
	moved := func(status int, from, to string) {
		t.Helper()
		id := p.idOf(from)
		body := patchBody(`{"op":"replace","path":"userName","value":"` + to + `"}`)
		if a := p.says(status, "PATCH", "/Users/"+id, body); status == 403 && !strings.Contains(a.body, "Owner or Admin") {
			t.Errorf("told %s", a.body)
		}
		if _, there := w.user(to); there != (status == 200) {
			t.Errorf("%s is there: %v", to, there)
		}
	}
	before := acme.people()
	moved(403, "owner@example.com", "thief@example.com")
	moved(403, "second@example.com", "thief@example.com")
	moved(403, "admin@example.com", "thief@example.com")
	if e := acme.last(); e.Type != audit.ChangeRefused || e.Reason != string(accesssec.CodeAbove) || e.Actor.ID != p.id {
		t.Errorf("the log says %+v", e)
	}
	// Nor by being let in again.
	p.says(200, "PUT", "/Users/"+p.idOf("second@example.com"), userBody("second@example.com", `"externalId":"2"`, `"active":false`))
	p.refused(403, "", "Owner or Admin", "POST", "/Users", userBody("thief@example.com", `"externalId":"2"`))
	if v := must1(acme.admin().PreviewSCIM(w.ctx, []scim.User{{UserName: "thief@example.com", ExternalID: "2", Active: true}})); v[0].Action != accesssec.SCIMRefuse || v[0].Status != 403 {
		t.Errorf("a preview says %+v", v)
	}
	p.says(200, "PATCH", "/Users/"+p.idOf("second@example.com"), setActive(true))
	for i, m := range acme.people() {
		if m.User.AddressKey != before[i].User.AddressKey || m.Role != before[i].Role || m.Disabled {
			t.Errorf("was %+v, is %+v", before[i], m)
		}
	}
	moved(200, "bill@example.com", "bella@example.com")
	// Whom a group has made an Admin is the identity provider's all the same.
	acme.maps(accesssec.SCIMGroupRole{Group: "A", OrgRole: policy.Admin})
	ann := p.makes("ann@example.com")
	p.group("A", ann, p.idOf("admin@example.com"))
	acme.is("ann@example.com", policy.Admin)
	moved(200, "ann@example.com", "anna@example.com")
	moved(403, "admin@example.com", "thief@example.com")
	// Once an Owner has made them one by hand they are not.
	w.must(acme.admin().SetRole(w.ctx, acme.member("anna@example.com"), policy.Member))
	w.must(acme.admin().SetRole(w.ctx, acme.member("anna@example.com"), policy.Admin))
	moved(403, "anna@example.com", "thief@example.com")
	// Where the host has changed the address the client may say so as well.
	admin := p.idOf("admin@example.com")
	w.hostSets("admin@example.com", func(u *store.User) { u.Address, u.AddressKey = "boss@example.com", "boss@example.com" })
	p.says(200, "PATCH", "/Users/"+admin, patchBody(`{"op":"replace","path":"userName","value":"boss@example.com"}`))
}

// scimAdoptsAbove: a token is no way to a team with roles that its maker may not give.
func scimAdoptsAbove(t *testing.T, w *world) {
	w.rehost(exports)
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Admin, "admin@example.com")
	secret := acme.role("Secret", "host.sensitive")
	sees, plain := acme.team("Sees"), acme.team("Plain")
	acme.grant(toTeam(sees), "p1", secret.ID)
	acme.grant(toTeam(plain), "p1", string(policy.Analyst))
	owners := acme.provisioner()
	bob := owners.makes("bob@example.com")
	admins := &provisioner{w: w, url: owners.url}
	made := must1(acme.as("admin@example.com").CreateSCIMToken(w.ctx, &accesssec.SCIMTokenOptions{Overlap: 24 * 3600e9}))
	admins.id, admins.token = made.ID, made.Secret()
	n := len(acme.events())
	for _, try := range []func(){
		func() { admins.refused(403, "", "may not give", "POST", "/Groups", groupBody("sees", bob)) },
		func() { admins.refused(403, "", "may not give", "PATCH", "/Groups/"+sees.ID, patchBody(add(bob))) },
		func() {
			admins.refused(403, "", "may not give", "PATCH", "/Groups/"+sees.ID, patchBody(`{"op":"replace","path":"displayName","value":"Mine"}`))
		},
		func() { admins.refused(403, "", "may not give", "PUT", "/Groups/"+sees.ID, groupBody("Sees", bob)) },
	} {
		try()
	}
	acme.logged("refused", n, audit.ChangeRefused, audit.ChangeRefused, audit.ChangeRefused, audit.ChangeRefused)
	acme.inTeam(sees.ID)
	if got := must1(acme.admin().Team(w.ctx, sees.ID)); got.Managed || got.Name != "Sees" {
		t.Errorf("the team is %+v", got)
	}
	if id := admins.group("Plain", bob); id != plain.ID {
		t.Error("what an Admin may give is not adopted")
	}
	if id := owners.group("Sees", bob); id != sees.ID {
		t.Error("what an Owner may give is not adopted")
	}
	acme.inTeam(sees.ID, "bob@example.com")
	// A maker who is gone gives nothing.
	late := acme.team("Late")
	acme.grant(toTeam(late), "p1", string(policy.Analyst))
	w.must(acme.admin().RemoveMember(w.ctx, acme.member("admin@example.com")))
	admins.refused(403, "", "may not give", "POST", "/Groups", groupBody("Late", bob))
}

// scimOtherAddress: whose the account is counts for who may be touched, not what an entry says.
func scimOtherAddress(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	gone, stays := p.makes("gone@example.com"), p.makes("stays@example.com")
	group := p.group("G", gone, stays)
	w.hostSets("gone@example.com", func(u *store.User) { u.Address, u.AddressKey = "gone@example.org", "gone@example.org" })
	p.refused(403, "", "read-only", "PATCH", "/Users/"+gone, setActive(false))
	p.refused(403, "", "gone@example.org", "PATCH", "/Groups/"+group, patchBody(remove(gone)))
	p.patches(group, `{"op":"remove","path":"members"}`)
	acme.inTeam(group, "gone@example.org")
	must1(acme.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{HideExternals: true}))
	if got := p.members(group); len(got) != 0 {
		t.Errorf("shown are %v", got)
	}
	// Who is hidden is not named either.
	p.patches(group, remove(gone))
	acme.inTeam(group, "gone@example.org")
	other := p.group("H", gone, stays)
	acme.inTeam(other, "stays@example.com")
}

// scimEndsVouched: whom the identity provider deactivates, or deletes, is signed out of all that
// it has signed them in to, also in orgs that have their sign-on from this one.
func scimEndsVouched(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	p := acme.provisioner()
	id := p.makes("bob@example.com", `"externalId":"1"`)
	bob := acme.member("bob@example.com")
	other := w.newOrg("Other", "owner@example.org")
	for _, c := range []*customer{beta, other} {
		w.must(w.svc.ImportPeople(w.ctx, c.owner.OrgID, accesssec.Person{Address: "bob@example.com", Verified: true, Role: policy.Member}))
	}
	beta.linkTo(acme, false)
	enter := func(at *customer) *accesssec.Entered {
		t.Helper()
		l := acme.startFor(at.owner.OrgID)
		step, err := l.finish(l.answer(samltest.Person{Email: "bob@example.com"}))
		w.must(err)
		if step.Entered.Principal.OrgID != at.owner.OrgID {
			t.Fatalf("came into %+v", step.Entered.Principal)
		}
		return step.Entered
	}
	for _, out := range []func(){
		func() { p.says(200, "PATCH", "/Users/"+id, setActive(false)) },
		func() { p.says(200, "PATCH", "/Users/"+id, setActive(true)); p.says(204, "DELETE", "/Users/"+id, "") },
	} {
		there := []*accesssec.Entered{enter(beta), enter(other)}
		out()
		for _, in := range there {
			w.alive(in, false)
		}
		if n := w.sessions(store.SessionQuery{UserID: bob}); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		if e := acme.last(audit.MemberDisabled, audit.MemberRemoved); factsOf(e)["sso_sessions_ended_elsewhere"] != "2" {
			t.Errorf("the log says %+v", e)
		}
	}
}

// scimEndsBypass: who is an Admin no more, because of provisioning, is signed out elsewhere of what
// was good for an Admin alone: a password where everybody else has to come by single sign-on.
func scimEndsBypass(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	other := w.newOrg("Other", "owner@example.org")
	p := acme.provisioner()
	acme.maps(accesssec.SCIMGroupRole{Group: "A", OrgRole: policy.Admin})
	people := []string{"off@example.com", "gone@example.com", "group@example.com"}
	for _, address := range people {
		other.add(policy.Member, address)
		acme.add(policy.Member, address)
	}
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = true, true })
	off, gone, member := p.idOf(people[0]), p.idOf(people[1]), p.idOf(people[2])
	group := p.group("A", off, gone, member)
	for address, out := range map[string]func(){
		people[0]: func() { p.says(200, "PATCH", "/Users/"+off, setActive(false)) },
		people[1]: func() { p.says(204, "DELETE", "/Users/"+gone, "") },
		people[2]: func() { p.patches(group, remove(member)) },
	} {
		bypass := w.passwordAt(other.owner.OrgID, address)
		out()
		w.alive(bypass, false)
		if e := acme.last(audit.MemberDisabled, audit.MemberRemoved, audit.MemberRoleChanged); factsOf(e)["sessions_ended_elsewhere"] != "1" {
			t.Errorf("%s: the log says %+v", address, e)
		}
	}
}

// scimMovedLeaves: what waits in the org for the address that somebody gets is not needed any
// more, and would outlive their removal.
func scimMovedLeaves(t *testing.T, w *world) {
	post := w.watched()
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	id := p.makes("bob@example.com")
	_, token := acme.invite(post, "robert@example.com", policy.Admin)
	p.says(200, "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"userName","value":"robert@example.com"}`))
	if open := acme.invites(); len(open) != 0 {
		t.Errorf("open are %v", open)
	}
	p.says(204, "DELETE", "/Users/"+id, "")
	w.hostSets("robert@example.com", func(u *store.User) { u.Password = must1(w.hasher.Hash(w.ctx, right)) })
	_, err := w.svc.SignIn().Password(w.ctx, w.with(token), "robert@example.com", right)
	if acme.roleOf("robert@example.com") != "" {
		t.Errorf("came in by an invitation to the address: %v", err)
	}
}

// scimRoleOfAnother: what a group has made of a member is of that membership alone.
func scimRoleOfAnother(_ *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.maps(accesssec.SCIMGroupRole{Group: "A", OrgRole: policy.Admin})
	p := acme.provisioner()
	group := p.group("A", p.makes("bob@example.com", `"externalId":"1"`))
	acme.is("bob@example.com", policy.Admin)
	bob := acme.member("bob@example.com")
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, bob) })
	w.must(w.svc.PersonChanged(w.ctx, bob))
	w.advance(time.Hour)
	acme.add(policy.Admin, "bob@example.com") // by hand
	p.patches(group, remove(acme.entryOf("bob@example.com").ID))
	acme.is("bob@example.com", policy.Admin)
}
