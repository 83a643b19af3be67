package flowtest

import (
	"fmt"
	"net/url"
	"slices"
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

// scimUserFlows: people as an identity provider provisions them.
func scimUserFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"made, signed in, deactivated, reactivated": scimUserLife,
		"who came by single sign-on is linked":      scimUserLinked,
		"an account elsewhere: invited, linked":     scimUserInvited,
		"deactivated, posted again":                 scimUserAgain,
		"the names":                                 scimUserNames,
		"another address":                           scimUserMoves,
		"a userName that is no address":             scimUserNoAddress,
		"each member is found, however they came":   scimUserFound,
		"disabled and let in by an Admin":           scimUserByAdmin,
		"two posts, one 201":                        scimUserRace,
		"32 changes of one person at once":          scimUserRaceChanges,
		"what is the same is no change":             scimUserSame,
		"a preview says what comes":                 scimUserPreview,
	})
}

// says sends a request, and wants that status.
func (p *provisioner) says(status int, method, path, body string) scimAnswer {
	p.w.t.Helper()
	p.w.advance(100 * time.Millisecond) // slower than the limit
	a := p.do(method, path, body)
	if a.status != status {
		p.w.t.Fatalf("%s %s %s: %d, want %d: %s", method, path, body, a.status, status, a.body)
	}
	return a
}

// refused is one that is refused with a sentence, and of that type.
func (p *provisioner) refused(status int, scimType, sentence, method, path, body string) {
	p.w.t.Helper()
	a := p.says(status, method, path, body)
	detail, _ := a.json["detail"].(string)
	if kind, _ := a.json["scimType"].(string); kind != scimType || !strings.Contains(detail, sentence) {
		p.w.t.Errorf("%s %s %s: %s", method, path, body, a.body)
	}
}

const (
	userURN  = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]`
	groupURN = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]`
	patchURN = `"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]`
)

// userBody is a user with what is given beside it, as JSON without its braces.
func userBody(userName string, more ...string) string {
	return "{" + strings.Join(append([]string{userURN, fmt.Sprintf(`"userName":%q`, userName)}, more...), ",") + "}"
}

func patchBody(operations ...string) string {
	return "{" + patchURN + `,"Operations":[` + strings.Join(operations, ",") + "]}"
}

// setActive is as Okta sends it.
func setActive(active bool) string {
	return patchBody(fmt.Sprintf(`{"op":"replace","value":{"active":%t}}`, active))
}

// makes provisions a user, and returns the id.
func (p *provisioner) makes(userName string, more ...string) string {
	p.w.t.Helper()
	a := p.says(201, "POST", "/Users", userBody(userName, more...))
	id, _ := a.json["id"].(string)
	if id == "" || !strings.HasSuffix(a.header.Get("Location"), "/Users/"+id) {
		p.w.t.Fatalf("made %s at %q", a.body, a.header.Get("Location"))
	}
	return id
}

// list is what a filter finds: userNames, sorted.
func (p *provisioner) list(kind, filter string) []string {
	p.w.t.Helper()
	a := p.says(200, "GET", "/"+kind+"?filter="+url.QueryEscape(filter), "")
	out := []string{}
	for _, r := range resourcesOf(a) {
		name, ok := r["userName"].(string)
		if !ok {
			name, _ = r["displayName"].(string)
		}
		out = append(out, name)
	}
	slices.Sort(out)
	if n := a.json["totalResults"]; fmt.Sprint(n) != fmt.Sprint(len(out)) {
		p.w.t.Errorf("%s: %v in all, and %d are listed", filter, n, len(out))
	}
	return out
}

func resourcesOf(a scimAnswer) []map[string]any {
	var out []map[string]any
	list, _ := a.json["Resources"].([]any)
	for _, x := range list {
		m, _ := x.(map[string]any)
		out = append(out, m)
	}
	return out
}

// idOf finds somebody by their userName.
func (p *provisioner) idOf(userName string) string {
	p.w.t.Helper()
	a := p.says(200, "GET", "/Users?filter="+url.QueryEscape(fmt.Sprintf("userName eq %q", userName)), "")
	found := resourcesOf(a)
	if len(found) != 1 {
		p.w.t.Fatalf("%s: %s", userName, a.body)
	}
	id, _ := found[0]["id"].(string)
	return id
}

// types are the types of the events in the customer's log after n of them, oldest first.
func (c *customer) types(n int) []audit.Type {
	c.w.t.Helper()
	all := c.events()
	slices.Reverse(all)
	out := []audit.Type{}
	for _, e := range all[n:] {
		out = append(out, e.Type)
	}
	return out
}

func (c *customer) logged(what string, n int, want ...audit.Type) {
	c.w.t.Helper()
	if diff := cmp.Diff(append([]audit.Type{}, want...), c.types(n)); diff != "" {
		c.w.t.Errorf("%s: in the log (-want +got)\n%s", what, diff)
	}
}

func scimUserLife(t *testing.T, w *world) {
	post := w.watched()
	bob := samltest.Person{Email: "bob@example.com", FirstName: "Other", LastName: "Names"}
	acme := w.newCustomer("Acme", "example.com", bob)
	p := acme.provisioner()
	n := len(acme.events())
	a := p.says(201, "POST", "/Users", userBody("Bob@example.com", `"externalId":"00u1"`, `"name":{"givenName":"Bob","familyName":"Ross"}`,
		`"emails":[{"value":"bob@example.com","type":"work","primary":true}]`, `"password":"S3cret-of-bob!"`, `"title":"Painter"`))
	id := a.json["id"].(string)
	acme.logged("made", n, audit.UserCreated, audit.MemberAdded)
	if e := acme.last(audit.MemberAdded); e.Actor.Kind != audit.KindSCIMToken || e.Actor.ID != p.id || factsOf(e)["source"] != "scim" {
		t.Errorf("the log says %+v", e)
	}
	u, _ := w.user("bob@example.com")
	if u.FirstName != "Bob" || u.LastName != "Ross" || u.NamesFrom != "scim" || !u.AddressVerified || u.Password != "" {
		t.Errorf("the account is %+v", u)
	}
	if everything := w.everything(acme.owner.OrgID); strings.Contains(everything, "S3cret") {
		t.Error("the password is kept")
	}
	b := w.browser()
	b.sso(acme, "bob@example.com")
	if who, org, role := b.whoami(); who != u.ID || org != acme.owner.OrgID || role != "member" {
		t.Errorf("came in as %s %s %s", who, org, role)
	}
	if now, _ := w.user("bob@example.com"); now.FirstName != "Bob" {
		t.Errorf("the assertion has named them %s", now.FirstName)
	}
	n = len(acme.events())
	off := p.says(200, "PATCH", "/Users/"+id, setActive(false))
	if off.json["active"] != false || w.sessions(store.SessionQuery{UserID: u.ID}) != 0 {
		t.Errorf("deactivated: %s", off.body)
	}
	acme.logged("deactivated", n, audit.MemberDisabled)
	if e := acme.last(audit.MemberDisabled); factsOf(e)["sessions_ended"] != "1" {
		t.Errorf("the log says %+v", e)
	}
	if who, _, _ := b.whoami(); who != "" {
		t.Error("is still signed in")
	}
	if b.sso(acme, "bob@example.com"); w.sessions(store.SessionQuery{UserID: u.ID}) != 0 {
		t.Error("comes in although deactivated")
	}
	p.says(200, "GET", "/Users/"+id, "")
	p.says(200, "PUT", "/Users/"+id, userBody("bob@example.com", `"externalId":"00u1"`, `"active":true`, `"name":{"givenName":"Bob","familyName":"Ross"}`))
	if b.sso(acme, "bob@example.com"); w.sessions(store.SessionQuery{UserID: u.ID}) != 1 {
		t.Error("does not come in although active again")
	}
	post.told(w)
}

func scimUserLinked(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com", samltest.Person{Email: "bob@example.com", FirstName: "Bob", LastName: "Jit"})
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	b := w.browser()
	b.sso(acme, "bob@example.com")
	p := acme.provisioner()
	id := p.idOf("BOB@example.com")
	got := p.says(200, "GET", "/Users/"+id, "")
	name, _ := got.json["name"].(map[string]any)
	if got.json["active"] != true || name["givenName"] != "Bob" || name["familyName"] != "Jit" || got.json["userType"] != nil || got.json["externalId"] != nil {
		t.Errorf("who came by single sign-on is %s", got.body)
	}
	p.refused(409, "uniqueness", "member already", "POST", "/Users", userBody("bob@example.com", `"externalId":"00u1"`))
	n := len(acme.events())
	put := p.says(200, "PUT", "/Users/"+id, userBody("bob@example.com", `"externalId":"00u1"`, `"active":true`, `"name":{"givenName":"Robert","familyName":"Jit"}`, `"title":"Painter"`))
	if put.json["id"] != id || put.json["externalId"] != "00u1" {
		t.Errorf("linked: %s", put.body)
	}
	acme.logged("linked", n, audit.MemberLinked, audit.UserRenamed)
	u, _ := w.user("bob@example.com")
	if u.FirstName != "Robert" {
		t.Errorf("is called %s", u.FirstName)
	}
	if who, _, _ := b.whoami(); who != u.ID {
		t.Error("the session has ended")
	}
	if found := p.list("Users", `externalId eq "00u1" and title eq "painter"`); len(found) != 1 {
		t.Errorf("found are %v", found)
	}
	n = len(acme.events())
	p.says(200, "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"title","value":"Boss"}`))
	acme.logged("once more", n, audit.MemberProvisioned)
	if e := acme.last(); factsOf(e)["attributes"] != "title" {
		t.Errorf("the log says %+v", e)
	}
	// Nothing of it is theirs to change any more.
	acme.refuses(w.svc.Me(acme.signIn(samltest.Person{Email: "bob@example.com"}).Principal).SetName(w.ctx, "B", "J"), accesssec.CodeNamesManaged)
}

func scimUserInvited(t *testing.T, w *world) {
	post := w.watched()
	acme := w.newCustomer("Acme", "example.com")
	other := w.newOrg("Other", "owner@example.org")
	other.add(policy.Member, "bob@example.com")
	p := acme.provisioner()
	body := userBody("bob@example.com", `"externalId":"00u1"`)
	n := len(acme.events())
	p.refused(409, "uniqueness", "Invite this person", "POST", "/Users", body)
	acme.logged("refused", n, audit.ChangeRefused)
	if e := acme.last(); e.Reason != string(accesssec.CodeSCIMInvite) || e.Outcome != audit.Refused || e.Actor.ID != p.id {
		t.Errorf("the log says %+v", e)
	}
	if acme.roleOf("bob@example.com") != "" {
		t.Error("adopted")
	}
	_, token := acme.invite(post, "bob@example.com", policy.Billing)
	v := w.with(token)
	must1(w.svc.SignIn().Password(w.ctx, v, "bob@example.com", right))
	if acme.roleOf("bob@example.com") != policy.Billing {
		t.Fatal("not in")
	}
	id := p.idOf("bob@example.com")
	p.says(200, "PUT", "/Users/"+id, body)
	if a := p.says(200, "GET", "/Users/"+id, ""); a.json["externalId"] != "00u1" {
		t.Errorf("linked: %s", a.body)
	}
	if acme.roleOf("bob@example.com") != policy.Billing || other.roleOf("bob@example.com") != policy.Member {
		t.Error("the roles are others")
	}
}

func scimUserAgain(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	id := p.makes("bob@example.com", `"externalId":"00u1"`)
	p.refused(409, "uniqueness", "externalId", "POST", "/Users", userBody("bobby@example.com", `"externalId":"00u1"`))
	u, _ := w.user("bob@example.com")
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	p.refused(409, "uniqueness", "member already", "POST", "/Users", userBody("bob@example.com", `"externalId":"00u1"`, `"active":false`))
	// Okta: the same externalId under another userName.
	a := p.says(201, "POST", "/Users", userBody("robert@example.com", `"externalId":"00u1"`, `"active":true`))
	now, ok := w.user("robert@example.com")
	if a.json["id"] != id || a.json["active"] != true || !ok || now.ID != u.ID {
		t.Errorf("again: %s, %+v", a.body, now)
	}
	if m := must1(w.store.Membership(w.ctx, acme.owner.OrgID, u.ID)); m.Disabled {
		t.Error("can't come in")
	}
	// Another client's externalId, the same address.
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	if a := p.says(201, "POST", "/Users", userBody("robert@example.com", `"externalId":"other"`)); a.json["id"] != id || a.json["externalId"] != "other" {
		t.Errorf("again: %s", a.body)
	}
	// One who is strict hears that they are there.
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	must1(acme.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{Profile: "strict"}))
	p.refused(409, "uniqueness", "member already", "POST", "/Users", userBody("robert@example.com", `"externalId":"other"`))
}
