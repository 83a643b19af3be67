package flowtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// scimUserAttackedFlows: what a client may not do to people, be it wrong or bent.
func scimUserAttackedFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"an address on somebody's domain":     scimUserForeign,
		"externals are read-only, or hidden":  scimUserExternals,
		"a domain that has lapsed":            scimUserLapsed,
		"a domain below, and whose it is":     scimUserBelow,
		"the last Owner":                      scimUserLastOwner,
		"nothing of other orgs":               scimUserOtherOrgs,
		"nobody makes themselves more":        scimUserRights,
		"an account that nobody has proven":   scimUserSquatted,
		"odd ids and names":                   scimUserOdd,
		"one externalId, two people":          scimUserExternalIDs,
		"who has left by the host's own code": scimUserLeft,
		"what the host has disabled stays so": scimUserHostDisabled,
		"a token that ends in the middle":     scimUserTokenEnds,
		"whatever call fails, all of it":      scimUserFaults,
		"whom an Admin keeps out":             scimHeldByAdmin,
		"whom the host's own code keeps out":  scimHeldByHost,
		"an Owner's address":                  scimOwnersAddress,
		"a team above who made the token":     scimAdoptsAbove,
		"an account that says another thing":  scimOtherAddress,
		"signed out of all it vouched for":    scimEndsVouched,
		"signed out of what an Admin could":   scimEndsBypass,
		"what waits for the new address":      scimMovedLeaves,
		"a role of the membership before":     scimRoleOfAnother,
	})
}

// accounts are all that is known of people in an org, to see that nothing was changed.
func (c *customer) people() []store.Member {
	c.w.t.Helper()
	return must1(c.w.store.Memberships(c.w.ctx, c.owner.OrgID, store.MembershipQuery{Paging: store.Paging{Limit: 1000}})).Items
}

func scimUserForeign(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	beta := w.newCustomer("Beta", "example.org")
	beta.add(policy.Admin, "boss@example.org")
	p := acme.provisioner()
	id := p.makes("bob@example.com")
	before, others := acme.people(), beta.people()
	const no = "no verified domain"
	for _, address := range []string{"new@example.org", "boss@example.org", "new@gmail.com", "new@sub.example.com", "new@example.com.evil.net", "new@xn--exmple-cua.com"} {
		p.refused(403, "", no, "POST", "/Users", userBody(address))
		p.refused(403, "", no, "PUT", "/Users/"+id, userBody(address))
		p.refused(403, "", no, "PATCH", "/Users/"+id, patchBody(fmt.Sprintf(`{"op":"replace","path":"userName","value":%q}`, address)))
		p.refused(403, "", no, "POST", "/Users", userBody("nick", fmt.Sprintf(`"emails":[{"value":"new@example.com"},{"value":%q,"primary":true}]`, address)))
		// The userName counts where it is an address, whatever stands in emails.
		p.refused(403, "", no, "POST", "/Users", userBody(address, `"emails":[{"value":"new@example.com","primary":true}]`))
	}
	if e := acme.last(); e.Type != audit.ChangeRefused || e.Reason != string(accesssec.CodeSCIMDomain) || e.Actor.Kind != audit.KindSCIMToken {
		t.Errorf("the log says %+v", e)
	}
	same(t, "members of Acme", before, acme.people())
	same(t, "members of Beta", others, beta.people())
	// An account whose address is in emails alone is not touched either.
	p.makes("ann@example.com", `"emails":[{"value":"boss@example.org","primary":true}]`)
	same(t, "members of Beta", others, beta.people())
}

func scimUserExternals(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Member, "friend@example.org", "ann@example.com")
	p := acme.provisioner()
	id := p.idOf("friend@example.org")
	if a := p.says(200, "GET", "/Users/"+id, ""); a.json["userType"] != "External" {
		t.Errorf("shown as %s", a.body)
	}
	if a := p.says(200, "GET", "/Users/"+p.idOf("ann@example.com"), ""); a.json["userType"] != nil {
		t.Errorf("shown as %s", a.body)
	}
	before := acme.people()
	for _, body := range []string{setActive(false), patchBody(`{"op":"replace","path":"title","value":"x"}`),
		patchBody(`{"op":"replace","path":"userName","value":"friend@example.com"}`)} {
		p.refused(403, "", "read-only", "PATCH", "/Users/"+id, body)
	}
	p.refused(403, "", "read-only", "PUT", "/Users/"+id, userBody("friend@example.com", `"active":false`))
	p.refused(403, "", "read-only", "DELETE", "/Users/"+id, "")
	same(t, "members", before, acme.people())
	must1(acme.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{HideExternals: true}))
	p.says(404, "GET", "/Users/"+id, "")
	p.says(404, "DELETE", "/Users/"+id, "")
	p.says(404, "PATCH", "/Users/"+id, setActive(false))
	if diff := cmp.Diff([]string{"ann@example.com", "owner@example.com"}, p.list("Users", "userName pr")); diff != "" {
		t.Errorf("hidden (-want +got)\n%s", diff)
	}
	p.makes("nick", `"emails":[{"value":"nick@example.com"}]`)
	if found := p.list("Users", `userName eq "nick"`); len(found) != 1 {
		t.Error("hidden as well is who has another userName")
	}
	same(t, "the external", before[1], acme.people()[1])
}

func scimUserLapsed(t *testing.T, w *world) {
	acme := withAnn(w)
	p := acme.provisioner()
	id := p.idOf("ann@example.com")
	lapse(w, acme)
	before := acme.people()
	p.refused(403, "", "no verified domain", "POST", "/Users", userBody("new@example.com"))
	p.refused(403, "", "read-only", "PATCH", "/Users/"+id, setActive(false))
	p.refused(403, "", "read-only", "DELETE", "/Users/"+id, "")
	same(t, "members", before, acme.people())
}

func scimUserBelow(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	p.refused(403, "", "no verified domain", "POST", "/Users", userBody("a@eu.example.com"))
	page := must1(w.store.Domains(w.ctx, acme.owner.OrgID, store.Paging{}))
	must1(acme.admin().CoverSubdomains(w.ctx, page.Items[0].ID))
	id := p.makes("a@eu.example.com")
	beta := w.newCustomer("Beta", "us.example.com")
	p.refused(403, "", "no verified domain", "POST", "/Users", userBody("b@us.example.com"))
	p.refused(403, "", "no verified domain", "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"userName","value":"a@us.example.com"}`))
	beta.provisioner().makes("b@us.example.com")
}

func scimUserLastOwner(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	id := p.idOf("owner@example.com")
	before := acme.people()
	p.refused(403, "", "last Owner", "PATCH", "/Users/"+id, setActive(false))
	p.refused(403, "", "last Owner", "PUT", "/Users/"+id, userBody("owner@example.com", `"active":false`))
	p.refused(403, "", "last Owner", "DELETE", "/Users/"+id, "")
	if e := acme.last(); e.Type != audit.ChangeRefused || e.Reason != string(accesssec.CodeLastOwner) {
		t.Errorf("the log says %+v", e)
	}
	same(t, "members", before, acme.people())
	acme.add(policy.Owner, "second@example.com")
	second := p.idOf("second@example.com")
	p.says(200, "PATCH", "/Users/"+second, setActive(false))
	p.refused(403, "", "last Owner", "DELETE", "/Users/"+id, "")
	p.says(204, "DELETE", "/Users/"+second, "")
}

func scimUserOtherOrgs(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	beta := w.newCustomer("Beta", "example.org")
	theirs := beta.provisioner()
	id := theirs.makes("bob@example.org", `"externalId":"00u1"`)
	group := theirs.group("Design", id)
	before := beta.people()
	p := acme.provisioner()
	mine := p.group("Mine")
	for _, path := range []string{"/Users/" + id, "/Groups/" + group, "/Users/" + group, "/Groups/" + id, "/Users/ent-nobodys"} {
		for method, body := range map[string]string{"GET": "", "DELETE": "", "PATCH": setActive(false), "PUT": userBody("bob@example.com")} {
			if strings.HasPrefix(path, "/Groups") && body != "" {
				body = strings.NewReplacer("core:2.0:User", "core:2.0:Group", `"userName"`, `"displayName"`, `{"active":false}`, `{"displayName":"x"}`).Replace(body)
			}
			p.says(404, method, path, body)
		}
	}
	for _, filter := range []string{`externalId eq "00u1"`, `id eq "` + id + `"`, `userName eq "bob@example.org"`} {
		if found := p.list("Users", filter); len(found) != 0 {
			t.Errorf("%s finds %v", filter, found)
		}
	}
	p.says(204, "PATCH", "/Groups/"+mine, patchBody(fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q}]}`, id)))
	if got := p.members(mine); len(got) != 0 {
		t.Errorf("in the group are %v", got)
	}
	// The same names are free here.
	p.makes("carl@example.com", `"externalId":"00u1"`)
	p.group("Design")
	same(t, "members of Beta", before, beta.people())
	if got := theirs.members(group); !slices.Equal(got, []string{id}) {
		t.Errorf("in Beta's group are %v", got)
	}
}

func scimUserRights(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	id := p.makes("bob@example.com", `"roles":[{"value":"owner","primary":true}]`, `"entitlements":[{"value":"admin"}]`, `"groups":[{"value":"x"}]`, `"userType":"owner"`)
	p.says(200, "PATCH", "/Users/"+id, patchBody(`{"op":"add","path":"roles","value":[{"value":"admin"}]}`))
	if role := acme.roleOf("bob@example.com"); role != policy.Member {
		t.Errorf("is %s", role)
	}
	// Nobody is an Owner by a group, and no Owner is less by one.
	for _, role := range []policy.Role{policy.Owner, policy.Member, "root"} {
		if _, err := acme.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{GroupRoles: []accesssec.SCIMGroupRole{{Group: "G", OrgRole: role}}}); err == nil {
			t.Errorf("a group makes people %s", role)
		}
	}
}

func scimUserSquatted(t *testing.T, w *world) {
	in := squatter(w)
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	p.refused(409, "uniqueness", "Invite this person", "POST", "/Users", userBody("adam@example.com"))
	if u, _ := w.user("adam@example.com"); u.AddressVerified || acme.roleOf("adam@example.com") != "" {
		t.Error("adopted")
	}
	w.alive(in, true)
	// One that nobody has proven stays so when it is a member, whatever the client says.
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "eve@example.com", Role: policy.Member, Password: right}))
	p.says(200, "PUT", "/Users/"+p.idOf("eve@example.com"), userBody("eva@example.com"))
	if u, _ := w.user("eva@example.com"); u.AddressVerified {
		t.Error("an address counts as proven that nobody has proven")
	}
}

func scimUserOdd(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	for _, id := range []string{"%00", "ent%00x", strings.Repeat("x", 300), strings.Repeat("x", 3000), "%ff%fe", "'%20OR%201=1--", "..%2f..", "%0a"} {
		for _, kind := range []string{"/Users/", "/Groups/"} {
			if a := p.says404(kind + id); a.json["status"] != "404" {
				t.Errorf("%s: %d %s", kind+id, a.status, a.body)
			}
		}
	}
	group := p.group("Odd")
	odd := []string{`""`, `"\u0001"`, `"` + strings.Repeat("y", 255) + `"`, `"ent-x"`, `"🙂"`}
	p.says(204, "PATCH", "/Groups/"+group, patchBody(`{"op":"add","path":"members","value":[{"value":`+strings.Join(odd[1:], `},{"value":`)+`}]}`))
	if got := p.members(group); len(got) != 0 {
		t.Errorf("in the group are %v", got)
	}
	for _, name := range []string{"a\u202eb@example.com", "a b@example.com", "a\u200bb@example.com", `"q"@example.com`, "a@example.com\u0000", "@example.com", "a@@example.com", strings.Repeat("a", 65) + "@example.com"} {
		if a := p.do("POST", "/Users", userBody(name)); a.status != 400 {
			t.Errorf("%q: %d %s", name, a.status, a.body)
		}
	}
	// Letters that look alike are other domains, and nobody's.
	p.refused(403, "", "no verified domain", "POST", "/Users", userBody("ann@ex\u0430mple.com"))
	if a, err := domainclaim.ParseAddress("ann@ex\u0430mple.com"); err != nil || a.Domain() == "example.com" {
		t.Errorf("%v %v", a.Domain(), err)
	}
	// The longest values that the engine lets through are kept and found.
	long := strings.Repeat("ü", 255)
	id := p.makes(long, `"externalId":"`+long+`"`, `"emails":[{"value":"long@example.com"}]`, `"title":"`+strings.Repeat("t", 4096)+`"`, `"displayName":"`+strings.Repeat("\u1e9e", 1300)+`"`)
	if found := p.list("Users", `externalId eq "`+long+`" and userName eq "`+strings.ToUpper(long)+`"`); len(found) != 1 {
		t.Errorf("found are %v", found)
	}
	p.says(204, "DELETE", "/Users/"+id, "")
}

func (p *provisioner) says404(path string) scimAnswer {
	p.w.t.Helper()
	p.w.advance(100 * time.Millisecond)
	return p.do("GET", path, "")
}

func scimUserExternalIDs(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	ann, bob := p.makes("ann@example.com", `"externalId":"1"`), p.makes("bob@example.com", `"externalId":"2"`)
	before := acme.people()
	p.refused(409, "uniqueness", "externalId", "PATCH", "/Users/"+bob, patchBody(`{"op":"replace","path":"externalId","value":"1"}`))
	p.refused(409, "uniqueness", "externalId", "POST", "/Users", userBody("carl@example.com", `"externalId":"1"`))
	p.refused(409, "uniqueness", "", "PATCH", "/Users/"+bob, patchBody(`{"op":"replace","path":"userName","value":"ANN@example.com"}`))
	same(t, "members", before, acme.people())
	// Ann is deactivated, and her externalId is posted with Bob's address: neither is taken for the other.
	p.says(200, "PATCH", "/Users/"+ann, setActive(false))
	p.refused(409, "uniqueness", "", "POST", "/Users", userBody("bob@example.com", `"externalId":"1"`))
	if m := must1(w.store.Membership(w.ctx, acme.owner.OrgID, acme.member("ann@example.com"))); !m.Disabled {
		t.Error("is let in")
	}
}

func scimUserLeft(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	id := p.makes("bob@example.com", `"externalId":"1"`)
	u, _ := w.user("bob@example.com")
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, u.ID) })
	w.must(w.svc.PersonChanged(w.ctx, u.ID))
	p.says(404, "GET", "/Users/"+id, "")
	p.says(404, "PATCH", "/Users/"+id, setActive(true))
	p.refused(409, "uniqueness", "Invite", "POST", "/Users", userBody("bob@example.com", `"externalId":"1"`))
	p.makes("carl@example.com", `"externalId":"1"`) // nobody stands behind it any more
	w.change(func(tx store.Tx) error { return tx.DeleteUser(w.ctx, u.ID) })
	if again := p.makes("bob@example.com", `"externalId":"2"`); again == id {
		t.Error("the entry of before")
	}
}

func scimUserHostDisabled(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com", samltest.Person{Email: "bob@example.com"})
	p := acme.provisioner()
	id := p.makes("bob@example.com")
	w.hostSets("bob@example.com", func(u *store.User) { u.Disabled = true })
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	p.says(200, "PATCH", "/Users/"+id, setActive(true))
	if u, _ := w.user("bob@example.com"); !u.Disabled {
		t.Error("the account is enabled")
	}
	b := w.browser()
	if b.sso(acme, "bob@example.com"); w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID}) != 0 {
		t.Error("comes in")
	}
}

func scimUserTokenEnds(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	before := acme.people()
	w.must(acme.admin().RevokeSCIMToken(w.ctx, p.id))
	p.says(401, "POST", "/Users", userBody("new@example.com"))
	same(t, "members", before, acme.people())
}

// scimDirectory is all that provisioning may touch.
type scimDirectory struct {
	Org     orgState
	Users   []store.User
	Entries []store.Entry
}

func (c *customer) directory() scimDirectory {
	w := c.w
	w.t.Helper()
	out := scimDirectory{Org: c.state(c.owner.UserID)}
	out.Entries = must1(w.store.Entries(w.ctx, c.owner.OrgID, store.EntryQuery{})).Items
	for _, address := range []string{"bob@example.com", "robert@example.com"} {
		u, _ := w.user(address)
		out.Users = append(out.Users, u)
	}
	return out
}

// dies sends a request of which ever less fails, until it is done: nothing is changed before.
// What only reads for the answer, when the change is done, is not asked for.
func (p *provisioner) dies(c *customer, status int, method, path, body string) scimAnswer {
	w := p.w
	w.t.Helper()
	h := w.svc.SCIM()
	if method != "DELETE" {
		path += "?attributes=id"
	}
	var out scimAnswer
	untilChanged(w, method+" "+path, c.directory, func(ctx context.Context) error {
		r := httptest.NewRequestWithContext(ctx, method, "/scim/v2"+path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+p.token)
		r.Header.Set("Content-Type", "application/scim+json")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if out = (scimAnswer{status: rec.Code, body: rec.Body.String()}); rec.Code >= 500 {
			return errors.New(out.body)
		}
		json.Unmarshal(rec.Body.Bytes(), &out.json)
		if rec.Code != status {
			w.t.Fatalf("%s %s: %d %s", method, path, rec.Code, out.body)
		}
		return nil
	})
	return out
}

func scimUserFaults(t *testing.T, w *world) {
	w.rehost(func(o *accesssec.Options) { supported(o); o.SCIMRate = 100_000 })
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	id := p.dies(acme, 201, "POST", "/Users", userBody("bob@example.com", `"externalId":"1"`, `"name":{"givenName":"Bob"}`)).json["id"].(string)
	acme.signIn(samltest.Person{Email: "bob@example.com"})
	p.dies(acme, 200, "PUT", "/Users/"+id, userBody("robert@example.com", `"externalId":"1"`, `"name":{"givenName":"Robert"}`))
	p.dies(acme, 200, "PATCH", "/Users/"+id, setActive(false))
	p.dies(acme, 201, "POST", "/Users", userBody("bob@example.com", `"externalId":"1"`))
	p.dies(acme, 204, "DELETE", "/Users/"+id, "")
}

func scimGroupFaults(t *testing.T, w *world) {
	w.rehost(func(o *accesssec.Options) { supported(o); o.SCIMRate = 100_000 })
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	must1(acme.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{GroupRoles: []accesssec.SCIMGroupRole{
		{Group: "G", OrgRole: policy.Admin}, {Group: "G", Project: "p1", Role: "analyst"}, {Group: "H", OrgRole: policy.Billing}}}))
	bob, ann := p.makes("bob@example.com"), p.makes("ann@example.com")
	group := p.dies(acme, 201, "POST", "/Groups", groupBody("G", bob)).json["id"].(string)
	p.dies(acme, 200, "PATCH", "/Groups/"+group, patchBody(remove(bob), add(ann)))
	p.dies(acme, 200, "PUT", "/Groups/"+group, groupBody("H", ann, bob))
	p.dies(acme, 204, "DELETE", "/Groups/"+group, "")
}
