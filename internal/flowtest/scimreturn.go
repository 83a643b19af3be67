package flowtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// scimReturnFlows: whom a client has made, deleted, and makes again. The account comes back while
// nothing has become of it; else it is somebody's.
func scimReturnFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"deleted, and made again":           scimReturns,
		"the account is theirs by now":      scimReturnTheirs,
		"signed in since":                   scimReturnUsed,
		"another has ended the membership":  scimReturnRemoved,
		"of another org's provisioning":     scimReturnForeign,
		"for a year":                        scimReturnEnds,
		"two posts, one comes back":         scimReturnRace,
		"an invitation that waits is spent": scimReturnInvited,
	})
}

// leaves makes somebody and deletes them, and returns their account.
func (p *provisioner) leaves(address string) store.User {
	p.w.t.Helper()
	p.says(204, "DELETE", "/Users/"+p.makes(address), "")
	u, ok := p.w.user(address)
	if !ok {
		p.w.t.Fatalf("the account of %s is gone", address)
	}
	return u
}

// stays holds that a POST does not bring an account back, and that a preview says so.
func (p *provisioner) stays(c *customer, why, address string) {
	p.w.t.Helper()
	n := len(c.people())
	v := must1(c.admin().PreviewSCIM(p.w.ctx, []scim.User{{UserName: address, Active: true}}))[0]
	if v.Action != accesssec.SCIMRefuse || v.Status != 409 || !strings.Contains(v.Reason, "Invite this person") {
		p.w.t.Errorf("%s: a preview says %+v", why, v)
	}
	p.w.advance(time.Second)
	if a := p.do("POST", "/Users", userBody(address)); a.status != 409 || !strings.Contains(a.body, "Invite this person") {
		p.w.t.Errorf("%s: %d %s", why, a.status, a.body)
	}
	if len(c.people()) != n {
		p.w.t.Errorf("%s: a member has come", why)
	}
}

func scimReturns(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.maps(accesssec.SCIMGroupRole{Group: "A", OrgRole: policy.Admin})
	p := acme.provisioner()
	id := p.makes("bob@example.com", `"externalId":"00u1"`, `"name":{"givenName":"Bob"}`)
	u, _ := w.user("bob@example.com")
	group := p.group("A", id)
	team := acme.team("Design", "bob@example.com")
	acme.grant(accesssec.Subject{Kind: accesssec.ToPerson, ID: u.ID}, "p1", "analyst")
	acme.is("bob@example.com", policy.Admin)
	acme.signIn(samltest.Person{Email: "bob@example.com"})
	n := len(acme.events())
	p.says(204, "DELETE", "/Users/"+id, "")
	acme.logged("deleted", n, audit.MemberRemoved)
	if _, ok := w.user("bob@example.com"); !ok || acme.roleOf("bob@example.com") != "" {
		t.Error("the account is gone, or still a member")
	}
	for _, m := range []string{"GET", "DELETE"} {
		p.says(404, m, "/Users/"+id, "")
	}
	p.says(404, "PATCH", "/Users/"+id, setActive(false))
	v := must1(acme.admin().PreviewSCIM(w.ctx, []scim.User{{UserName: "bob@example.com", ExternalID: "00u2", Active: true}}))[0]
	if v.Action != accesssec.SCIMCreate || v.UserID != u.ID || v.EntryID != "" {
		t.Errorf("a preview says %+v", v)
	}
	// As somebody new: by another externalId, and with nothing of before.
	n = len(acme.events())
	again := p.makes("bob@example.com", `"externalId":"00u2"`, `"name":{"givenName":"Bobby"}`)
	acme.logged("again", n, audit.UserRenamed, audit.MemberAdded)
	if e := acme.last(); factsOf(e)["account"] != "kept" || factsOf(e)["source"] != "scim" || e.Actor.ID != p.id {
		t.Errorf("the log says %+v", e)
	}
	now, _ := w.user("bob@example.com")
	if again == id || now.ID != u.ID || now.FirstName != "Bobby" || acme.roleOf("bob@example.com") != policy.Member {
		t.Errorf("again: %s of before %s, %+v, a %s", again, id, now, acme.roleOf("bob@example.com"))
	}
	acme.inTeam(team.ID)
	acme.inTeam(group)
	if a := must1(w.svc.AccessOf(w.ctx, acme.owner.OrgID, accesssec.Subject{Kind: accesssec.ToPerson, ID: u.ID}, "p1")); len(a.Sources) != 0 {
		t.Errorf("has kept %+v", a.Sources)
	}
	in := acme.signIn(samltest.Person{Email: "bob@example.com"})
	// As often as a client likes: JumpCloud does it whenever it is connected. Also inactive.
	p.says(204, "DELETE", "/Users/"+again, "")
	w.alive(in, false)
	third := p.makes("bob@example.com", `"active":false`)
	if m := must1(w.store.Membership(w.ctx, acme.owner.OrgID, u.ID)); !m.Disabled {
		t.Error("comes back active, and was not said to be")
	}
	p.says(200, "PATCH", "/Users/"+third, setActive(true))
	acme.signIn(samltest.Person{Email: "bob@example.com"})
	p.stays(acme, "a member already is nobody to invite", p.leavesBy("jit@example.com", acme))
}

// leavesBy is of somebody who was here before provisioning knew them, and whom it has linked.
func (p *provisioner) leavesBy(address string, c *customer) string {
	p.w.t.Helper()
	p.w.must(p.w.svc.ImportPeople(p.w.ctx, c.owner.OrgID, accesssec.Person{Address: address, Verified: true, Role: policy.Member}))
	id := p.idOf(address)
	p.says(200, "PUT", "/Users/"+id, userBody(address, `"externalId":"linked"`))
	p.says(204, "DELETE", "/Users/"+id, "")
	return address
}

func scimReturnTheirs(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	other := w.newOrg("Other", "owner@example.org")
	p := acme.provisioner()
	doc := func(kind store.Kind) func(store.User) {
		return func(u store.User) {
			d := store.Doc{Kind: kind, ID: u.ID, Owner: u.ID, At: w.clock(), Body: []byte(`{}`)}
			w.change(func(tx store.Tx) error { return tx.PutDocs(w.ctx, d) })
		}
	}
	sets := func(change func(*store.User)) func(store.User) {
		return func(u store.User) { w.hostSets(u.Address, change) }
	}
	whole := map[string]func(store.User){
		"a password":           sets(func(u *store.User) { u.Password = "a password's hash" }),
		"a password of theirs": sets(func(u *store.User) { u.PasswordSetByUser = true }),
		"a disabled account":   sets(func(u *store.User) { u.Disabled = true }),
		"an unproven one":      sets(func(u *store.User) { u.AddressVerified = false }),
		"another name":         sets(func(u *store.User) { u.FirstName = "Other" }),
		"a second factor":      doc("factor"),
		"one half set up":      doc("factor_pending"),
		"a login elsewhere":    doc("login"),
		"another org":          func(u store.User) { other.add(policy.Member, u.Address) },
		"a change by the host": func(u store.User) { w.must(w.svc.PersonChanged(w.ctx, u.ID)) },
	}
	for i, why := range slices.Sorted(maps.Keys(whole)) {
		address := string(rune('a'+i)) + "@example.com"
		u := p.leaves(address)
		whole[why](u)
		p.stays(acme, why, address)
		// And so before it is deleted.
		address = string(rune('a'+i)) + "2@example.com"
		id := p.makes(address)
		u, _ = w.user(address)
		if whole[why](u); why == "another name" || why == "a change by the host" {
			continue // of a member that is nothing
		}
		p.says(204, "DELETE", "/Users/"+id, "")
		p.stays(acme, why+", before", address)
	}
	// What was there when they were deleted, and is not any more, counts all the same.
	id := p.makes("late@example.com")
	other.add(policy.Member, "late@example.com")
	p.says(204, "DELETE", "/Users/"+id, "")
	late := other.member("late@example.com")
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, other.owner.OrgID, late) })
	p.stays(acme, "another org when deleted", "late@example.com")
	// Where the host's own tables do not count versions an address tells by itself.
	u := p.leaves("uncounted@example.com")
	w.hostSets("uncounted@example.com", func(u *store.User) { u.Address, u.AddressKey = "counted@example.com", "counted@example.com" })
	w.change(func(tx store.Tx) error {
		d, err := tx.Doc(w.ctx, "person_changed", "", u.ID)
		if err != nil {
			return err
		}
		d.Body = []byte(strings.Replace(string(d.Body), fmt.Sprintf(`"version":%d`, u.Version), fmt.Sprintf(`"version":%d`, u.Version+1), 1))
		return tx.PutDocs(w.ctx, d)
	})
	p.stays(acme, "another address under one version", "counted@example.com")
	// Nor whoever has had another address meanwhile.
	u = p.leaves("moved@example.com")
	for _, to := range []string{"moving@example.com", "moved@example.com"} {
		w.change(func(tx store.Tx) error {
			now, err := tx.User(w.ctx, u.ID)
			now.Address, now.AddressKey = to, to
			if err == nil {
				err = tx.UpdateUser(w.ctx, now)
			}
			return err
		})
		p.stays(acme, "another address", to)
	}
}

func scimReturnUsed(t *testing.T, w *world) {
	post := w.watched()
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	// To their own account, in no org.
	p.leaves("own@example.com")
	v := w.visit()
	m := w.of(post.asks(w, v, "own@example.com", accesssec.MailSignIn), accesssec.TemplateMailSignIn)
	if code := w.clicked(v, m.token); code != "" {
		t.Fatalf("refused as %s", code)
	}
	p.stays(acme, "signed in to their own account", "own@example.com")
	w.advance(100 * 24 * time.Hour) // the session is over
	w.tick(w.svc)
	p.stays(acme, "signed in long ago", "own@example.com")
	// A mail that was asked for alone is nothing of theirs.
	u := p.leaves("asked@example.com")
	w.of(post.asks(w, w.visit(), "asked@example.com", accesssec.MailSignIn), accesssec.TemplateMailSignIn)
	p.makes("asked@example.com")
	if now, _ := w.user("asked@example.com"); now.ID != u.ID {
		t.Error("another account")
	}
	// To the org itself, by single sign-on, and out again.
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	u = p.leaves("jit@example.com")
	acme.signIn(samltest.Person{Email: "jit@example.com"})
	p.refused(409, "uniqueness", "member already", "POST", "/Users", userBody("jit@example.com"))
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, u.ID) })
	p.stays(acme, "signed on, and taken out by the host", "jit@example.com")
}

func scimReturnRemoved(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	other := w.newOrg("Other", "owner@example.org")
	p := acme.provisioner()
	p.makes("by-hand@example.com")
	w.must(acme.admin().RemoveMember(w.ctx, acme.member("by-hand@example.com")))
	p.stays(acme, "removed by an Owner", "by-hand@example.com")
	// Also who was deleted, came back by hand, and was removed by hand; here or elsewhere.
	for _, c := range []*customer{acme, other} {
		u := p.leaves(strings.ToLower(c.name) + "@example.com")
		w.must(w.svc.ImportPeople(w.ctx, c.owner.OrgID, accesssec.Person{Address: u.Address, Verified: true, Role: policy.Member}))
		w.must(c.admin().RemoveMember(w.ctx, u.ID))
		p.stays(acme, "removed from "+c.name, u.Address)
	}
}

func scimReturnForeign(t *testing.T, w *world) {
	acme, beta, into := sharingWith(w)
	own := acme.provisioner()
	own.leaves("own@example.com")
	into.refused(409, "uniqueness", "Invite this person", "POST", "/Users", userBody("own@example.com"))
	u := into.leaves("into@example.com")
	own.stays(acme, "another directory", "into@example.com")
	into.makes("into@example.com")
	if m, err := w.store.Membership(w.ctx, beta.owner.OrgID, u.ID); err != nil || m.Role != string(policy.Member) {
		t.Errorf("%+v, %v", m, err)
	}
	// A domain that the org has no more is none of its, and whoever has it next has not made them.
	own.leaves("lost@example.com")
	acme.withdraw("example.com")
	own.refused(403, "", "no verified domain", "POST", "/Users", userBody("lost@example.com"))
	gamma := w.newCustomer("Gamma", "example.com")
	gamma.provisioner().stays(gamma, "the next holder of the domain", "lost@example.com")
}

func scimReturnEnds(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	soon, late := p.leaves("soon@example.com"), p.leaves("late@example.com")
	w.advance(365*24*time.Hour - time.Minute)
	p.makes("soon@example.com")
	if now, _ := w.user("soon@example.com"); now.ID != soon.ID {
		t.Error("another account")
	}
	w.advance(time.Minute)
	p.stays(acme, "a year later", "late@example.com")
	w.tick(w.svc)
	left, err := w.store.Docs(w.ctx, "person_changed", "", store.DocQuery{Owners: []string{late.ID}})
	w.must(err)
	if len(left.Items) != 0 {
		t.Errorf("kept are %+v", left.Items)
	}
}

func scimReturnRace(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	u := p.leaves("bob@example.com")
	status := make([]int, 8)
	w.race(len(status), func(i int) error {
		for status[i] == 0 || status[i] == 503 {
			status[i] = p.do("POST", "/Users", userBody("bob@example.com")).status
		}
		return nil
	})
	slices.Sort(status)
	if diff := cmp.Diff([]int{201, 409, 409, 409, 409, 409, 409, 409}, status); diff != "" {
		t.Errorf("answers (-want +got)\n%s", diff)
	}
	if acme.roleOf("bob@example.com") != policy.Member || acme.member("bob@example.com") != u.ID || len(acme.people()) != 2 {
		t.Errorf("members are %+v", acme.people())
	}
}

// scimReturnInvited: whoever comes back by provisioning needs no invitation any more.
func scimReturnInvited(t *testing.T, w *world) {
	post := w.watched()
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	p.leaves("bob@example.com")
	acme.invite(post, "bob@example.com", policy.Admin)
	p.makes("bob@example.com")
	if open := acme.invites(); len(open) != 0 {
		t.Errorf("open are %v", open)
	}
	acme.is("bob@example.com", policy.Member)
}
