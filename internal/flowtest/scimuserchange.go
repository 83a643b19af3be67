package flowtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

func scimUserNames(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com", samltest.Person{Email: "bob@example.com", FirstName: "Asserted", LastName: "Name"})
	beta := w.newOrg("Beta", "owner@example.org")
	acme.add(policy.Member, "bob@example.com")
	beta.add(policy.Member, "bob@example.com")
	p := acme.provisioner()
	id := p.idOf("bob@example.com")
	acme.signIn(samltest.Person{Email: "bob@example.com", FirstName: "Asserted", LastName: "Name"})
	if found := p.list("Users", `name.givenName eq "asserted"`); len(found) != 1 {
		t.Errorf("after single sign-on %v have the name", found)
	}
	p.says(200, "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"name.givenName","value":"Bob\u202e"}`))
	u, _ := w.user("bob@example.com")
	if u.FirstName != "Bob" || u.LastName != "Name" || u.NamesFrom != "scim" {
		t.Errorf("%q %q by %s", u.FirstName, u.LastName, u.NamesFrom)
	}
	acme.signIn(samltest.Person{Email: "bob@example.com", FirstName: "Asserted", LastName: "Name"})
	if u, _ = w.user("bob@example.com"); u.FirstName != "Bob" {
		t.Errorf("after single sign-on %q", u.FirstName)
	}
	// The other org reads it too.
	beta.verify("example.org")
	if found := beta.provisioner().list("Users", `name.givenName sw "bo"`); len(found) != 1 {
		t.Errorf("elsewhere %v have the name", found)
	}
	p.says(200, "PATCH", "/Users/"+id, patchBody(`{"op":"remove","path":"name"}`))
	if u, _ = w.user("bob@example.com"); u.FirstName != "Bob" {
		t.Error("a name that is said no more is taken away")
	}
}

func scimUserMoves(t *testing.T, w *world) {
	post := w.watched()
	acme := w.newCustomer("Acme", "example.com")
	acme.verify("example.net")
	beta := w.newOrg("Beta", "owner@example.org")
	p := acme.provisioner()
	id := p.makes("bob@example.com", `"externalId":"00u1"`)
	u, _ := w.user("bob@example.com")
	w.must(w.svc.ImportPeople(w.ctx, beta.owner.OrgID, accesssec.Person{Address: "bob@example.com", Verified: true, Role: policy.Member}))
	in := acme.signIn(samltest.Person{Email: "bob@example.com"})
	post.told(w)
	n := len(acme.events())
	p.says(200, "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"userName","value":"Robert@example.net"}`))
	acme.logged("moved", n, audit.UserAddressChanged, audit.MemberProvisioned)
	now, ok := w.user("robert@example.net")
	if !ok || now.ID != u.ID || now.Address != "Robert@example.net" || !now.AddressVerified {
		t.Errorf("the account is %+v", now)
	}
	if _, there := w.user("bob@example.com"); there {
		t.Error("the old address leads somewhere")
	}
	w.alive(in, true)
	if told := strings.Join(post.told(w), "\n"); strings.Count(told, "address_changed") != 2 || !strings.Contains(told, "bob@example.com") || !strings.Contains(told, "Robert@example.net") {
		t.Errorf("told\n%s", told)
	}
	if again := acme.signIn(samltest.Person{Email: "robert@example.net"}); again.Principal.UserID != u.ID {
		t.Error("somebody else comes in by the new address")
	}
	// Whoever gets the old address is somebody else, also to the connection.
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	if next := acme.signIn(samltest.Person{Email: "bob@example.com"}); next.Principal.UserID == u.ID {
		t.Error("the old address comes in as the one who had it")
	}
	page := must1(w.store.Entries(w.ctx, beta.owner.OrgID, store.EntryQuery{Filter: &store.Filter{Path: "userId", Op: store.OpEq, Value: u.ID}}))
	if len(page.Items) != 1 || page.Items[0].NameKey != "robert@example.net" {
		t.Errorf("elsewhere the directory has %+v", page.Items)
	}
	acme.add(policy.Member, "taken@example.com")
	p.refused(409, "uniqueness", "Another account", "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"userName","value":"TAKEN@example.com"}`))
	beta.add(policy.Member, "elsewhere@example.com")
	p.refused(409, "uniqueness", "Another account", "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"userName","value":"elsewhere@example.com"}`))
	// Where the host has moved them since, the same address in another case is no other address.
	w.hostSets("robert@example.net", func(u *store.User) { u.Address, u.AddressKey = "rob@example.com", "rob@example.com" })
	p.says(200, "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"userName","value":"ROBERT@example.net"}`))
	if now, _ := w.user("rob@example.com"); now.ID != u.ID {
		t.Error("moved back by what was said before")
	}
}

func scimUserNoAddress(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	p.refused(400, "invalidValue", "address", "POST", "/Users", userBody("jdoe"))
	p.refused(400, "invalidValue", "address", "POST", "/Users", userBody("jdoe", `"emails":[{"value":"not one"}]`))
	id := p.makes("JDoe", `"emails":[{"value":"home@gmail.com","type":"home"},{"value":"jane@example.com","type":"work"}]`)
	u, ok := w.user("jane@example.com")
	if !ok || acme.roleOf("jane@example.com") != policy.Member {
		t.Fatalf("%+v", u)
	}
	if p.idOf("jdoe") != id {
		t.Error("not found")
	}
	p.refused(409, "uniqueness", "userName", "POST", "/Users", userBody("jDOE", `"emails":[{"value":"other@example.com"}]`))
	if _, there := w.user("other@example.com"); there {
		t.Error("half of it was made")
	}
	p.refused(403, "", "no verified domain", "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"emails[type eq \"home\"].primary","value":true}`,
		`{"op":"remove","path":"emails[type eq \"work\"]"}`))
	p.refused(400, "invalidValue", "address", "PATCH", "/Users/"+id, patchBody(`{"op":"remove","path":"emails"}`))
	p.says(200, "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"emails[type eq \"work\"].value","value":"j.doe@example.com"}`))
	if now, ok := w.user("j.doe@example.com"); !ok || now.ID != u.ID {
		t.Errorf("%+v", now)
	}
}

func scimUserFound(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	acme.add(policy.Member, "imported@example.com", "friend@example.org")
	acme.signIn(samltest.Person{Email: "jit@example.com", FirstName: "Jitter"})
	p := acme.provisioner()
	p.makes("made@example.com", `"name":{"givenName":"Made"}`)
	all := []string{"friend@example.org", "imported@example.com", "jit@example.com", "made@example.com", "owner@example.com"}
	for filter, want := range map[string][]string{
		`userName pr`: all,
		`emails.value ew "@example.com" and emails[type eq "work" and primary eq true]`: {"imported@example.com", "jit@example.com", "owner@example.com"},
		`name.givenName eq "JITTER" or name.givenName co "ad"`:                          {"jit@example.com", "made@example.com"},
		`userName sw "im"`:                {"imported@example.com"},
		`active eq false`:                 {},
		`meta.created ge "2000-01-01"`:    all,
		`not (userName co "example.com")`: {"friend@example.org"},
	} {
		if strings.Contains(filter, "meta.created") {
			filter = `meta.created ge "2000-01-01T00:00:00Z"`
		}
		if diff := cmp.Diff(want, p.list("Users", filter)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", filter, diff)
		}
	}
	a := p.says(200, "GET", "/Users?sortBy=userName&sortOrder=descending&startIndex=2&count=2&attributes=userName", "")
	var got []string
	for _, r := range resourcesOf(a) {
		got = append(got, r["userName"].(string))
	}
	if diff := cmp.Diff([]string{"made@example.com", "jit@example.com"}, got); diff != "" {
		t.Errorf("sorted (-want +got)\n%s", diff)
	}
	// An entry from before they said anything still says who it is.
	w.change(func(tx store.Tx) error {
		page, err := tx.Entries(w.ctx, acme.owner.OrgID, store.EntryQuery{Type: store.EntryUser})
		for _, e := range page.Items {
			if e.Name == "imported@example.com" {
				e.Attributes, e.Index = nil, nil
				return tx.PutEntry(w.ctx, e)
			}
		}
		return err
	})
	id := acme.entryOf("imported@example.com").ID
	if a := p.says(200, "GET", "/Users/"+id, ""); a.json["userName"] != "imported@example.com" || a.json["active"] != true || a.json["emails"] == nil {
		t.Errorf("an old one: %s", a.body)
	}
	w.must(w.svc.PersonChanged(w.ctx, acme.member("imported@example.com")))
	if p.idOf("imported@example.com") != id {
		t.Error("is not found again")
	}
}

// entryOf is somebody's entry in the directory.
func (c *customer) entryOf(address string) store.Entry {
	c.w.t.Helper()
	q := store.EntryQuery{Filter: &store.Filter{Path: "userId", Op: store.OpEq, Value: c.member(address)}}
	page := must1(c.w.store.Entries(c.w.ctx, c.owner.OrgID, q))
	if len(page.Items) != 1 {
		c.w.t.Fatalf("%s has %d entries", address, len(page.Items))
	}
	return page.Items[0]
}

func scimUserByAdmin(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	id := p.makes("bob@example.com")
	active := func(want bool) {
		t.Helper()
		if a := p.says(200, "GET", "/Users/"+id, ""); a.json["active"] != want {
			t.Errorf("%s", a.body)
		}
		if found := p.list("Users", fmt.Sprintf(`active eq %t and userName eq "bob@example.com"`, want)); len(found) != 1 {
			t.Errorf("%v", found)
		}
	}
	active(true)
	w.must(acme.admin().DisableMember(w.ctx, acme.member("bob@example.com")))
	active(false)
	p.says(200, "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"title","value":"x"}`))
	active(false)
	w.must(acme.admin().EnableMember(w.ctx, acme.member("bob@example.com")))
	active(true)
	off := p.makes("off@example.com", `"active":false`)
	if m := must1(w.store.Membership(w.ctx, acme.owner.OrgID, acme.member("off@example.com"))); !m.Disabled {
		t.Error("comes in")
	}
	p.says(200, "PATCH", "/Users/"+off, setActive(true))
	if m := must1(w.store.Membership(w.ctx, acme.owner.OrgID, acme.member("off@example.com"))); m.Disabled {
		t.Error("does not come in")
	}
}

func scimUserRace(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	status := make([]int, 16)
	w.race(16, func(i int) error {
		// A 503 says to come again: so many at once that this one never found its moment.
		for status[i] == 0 || status[i] == 503 {
			status[i] = p.do("POST", "/Users", userBody("bob@example.com", fmt.Sprintf(`"externalId":"u%d"`, i%2))).status
		}
		return nil
	})
	slices.Sort(status)
	if status[0] != 201 || status[1] != 409 || status[15] != 409 {
		t.Errorf("%v", status)
	}
	if page := must1(w.store.Memberships(w.ctx, acme.owner.OrgID, store.MembershipQuery{})); len(page.Items) != 2 {
		t.Errorf("%d members", len(page.Items))
	}
}

func scimUserRaceChanges(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	id := p.makes("bob@example.com")
	const n = 32
	w.race(n, func(i int) error {
		for {
			a := p.do("PATCH", "/Users/"+id, patchBody(fmt.Sprintf(`{"op":"add","path":"phoneNumbers","value":[{"value":"%d","type":"t%d"}]}`, i, i)))
			if a.status == 503 { // and says to come again
				continue
			}
			if a.status != 200 {
				return fmt.Errorf("%d %s", a.status, a.body)
			}
			return nil
		}
	})
	a := p.says(200, "GET", "/Users/"+id, "")
	if phones, _ := a.json["phoneNumbers"].([]any); len(phones) != n {
		t.Errorf("%d of %d are there", len(phones), n)
	}
}

func scimUserSame(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	body := userBody("bob@example.com", `"externalId":"00u1"`, `"name":{"givenName":"Bob"}`, `"active":true`)
	id := p.makes("bob@example.com", `"externalId":"00u1"`, `"name":{"givenName":"Bob"}`)
	tag := p.says(200, "GET", "/Users/"+id, "").header.Get("ETag")
	n := len(acme.events())
	for range 2 {
		p.says(200, "PUT", "/Users/"+id, body)
		p.says(200, "PATCH", "/Users/"+id, setActive(true))
	}
	acme.logged("the same", n)
	if got := p.says(200, "GET", "/Users/"+id, "").header.Get("ETag"); got != tag || tag == "" {
		t.Errorf("the tag was %q and is %q", tag, got)
	}
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	if got := p.says(200, "GET", "/Users/"+id, "").header.Get("ETag"); got == tag {
		t.Error("the tag is the same")
	}
}

func scimUserPreview(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Member, "link@example.com")
	w.newOrg("Beta", "owner@example.org").add(policy.Member, "invite@example.com")
	p := acme.provisioner()
	p.makes("skip@example.com", `"externalId":"1"`)
	p.makes("update@example.com", `"externalId":"2"`)
	back := p.makes("back@example.com", `"externalId":"3"`)
	p.says(200, "PATCH", "/Users/"+back, setActive(false))
	n := len(acme.events())
	var users []scim.User
	for i, name := range []string{"new@example.com", "link@example.com", "skip@example.com", "update@example.com", "back@example.com", "invite@example.com", "foreign@example.org", "nobody"} {
		users = append(users, scim.User{UserName: name, Active: true})
		if i >= 2 && i <= 4 {
			users[i].ExternalID = fmt.Sprint(i - 1)
		}
	}
	users[3].Extra = map[string]any{"title": "Boss"}
	var got []string
	for _, v := range must1(acme.admin().PreviewSCIM(w.ctx, users)) {
		got = append(got, fmt.Sprintf("%s %s %d", v.UserName, v.Action, v.Status))
	}
	want := []string{
		"new@example.com create 0", "link@example.com link 0", "skip@example.com skip 0", "update@example.com update 0", "back@example.com reactivate 0",
		"invite@example.com refuse 409", "foreign@example.org refuse 403", "nobody refuse 400",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a preview (-want +got)\n%s", diff)
	}
	acme.logged("a preview", n)
	if _, made := w.user("new@example.com"); made {
		t.Error("a preview has made somebody")
	}
}
