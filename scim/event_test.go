package scim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

// heard are the events since the last call, in a line each, with names in place of ids.
func (m *mount) heard(names map[string]string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, e := range m.events {
		line := strings.TrimPrefix(e.Type, "urn:ietf:params:scim:event:") + " " + e.ResourceType
		if len(e.Attributes) > 0 {
			line += fmt.Sprint(" ", e.Attributes)
		}
		for _, id := range e.Added {
			line += " +" + names[id]
		}
		for _, id := range e.Removed {
			line += " -" + names[id]
		}
		if e.Replaced {
			line += " alone"
		}
		if e.ID == "" || e.At.IsZero() {
			line += " without an id or time"
		}
		if e.ExternalID != "" {
			line += " " + e.ExternalID
		}
		out = append(out, line)
	}
	m.events = nil
	return out
}

func TestEvents(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	names := map[string]string{"nobody": "nobody"}
	expect := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, m.heard(names)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	ann := m.user("ann", `,"externalId":"e1","password":"x","title":"Dr"`)
	bob := m.user("bob")
	names[ann], names[bob] = "ann", "bob"
	expect("prov:create:notice User [active externalId title userName] e1", "prov:create:notice User [active userName]")
	change := func(ops ...string) { m.must(200, "PATCH", "/Users/"+ann, patchBody(ops...)) }
	change(`{"op":"replace","path":"active","value":false}`)
	expect("prov:patch:notice User [active] e1", "prov:deactivate User e1")
	change(`{"op":"replace","path":"active","value":false}`)
	expect()
	change(`{"op":"replace","path":"active","value":true}`, `{"op":"remove","path":"title"}`, `{"op":"add","path":"`+scim.EnterpriseSchema+`:department","value":"R"}`)
	expect("prov:patch:notice User [active title "+scim.EnterpriseSchema+":department] e1", "prov:activate User e1")
	m.must(200, "PUT", "/Users/"+ann, userBody("ann", `,"externalId":"e2"`))
	expect("prov:put:notice User [externalId " + scim.EnterpriseSchema + ":department] e2")
	m.refused(409, "uniqueness", "PUT", "/Users/"+ann, userBody("bob"))
	m.refused(412, "", "DELETE", "/Users/"+ann, "", "If-Match", `"x"`)
	m.refused(400, "invalidValue", "POST", "/Users", `{"schemas":["`+scim.UserSchema+`"]}`)
	expect()

	g := m.group("Staff", ann, "nobody")
	expect("prov:create:notice Group [displayName members] +ann")
	m.group("Empty", "nobody")
	expect("prov:create:notice Group [displayName]")
	m.must(204, "PATCH", "/Groups/"+g, patchBody(`{"op":"add","path":"members","value":`+memberList(bob)+`}`, `{"op":"remove","path":"members[value eq \"`+ann+`\"]"}`, `{"op":"replace","path":"displayName","value":"Crew"}`))
	expect("prov:patch:notice Group [displayName members] +bob -ann")
	m.must(204, "PATCH", "/Groups/"+g, patchBody(`{"op":"replace","path":"members","value":`+memberList(ann)+`}`))
	expect("prov:patch:notice Group [members] +ann alone")
	m.must(204, "PATCH", "/Groups/"+g, patchBody(`{"op":"replace","path":"members","value":[]}`))
	expect("prov:patch:notice Group [members] alone")
	m.must(200, "PUT", "/Groups/"+g, groupBody("Crew"))
	expect()
	m.must(204, "DELETE", "/Groups/"+g, "")
	m.must(204, "DELETE", "/Users/"+ann, "")
	expect("prov:delete Group", "prov:delete User e2")
	m.must(200, "POST", "/Bulk", bulkBody(bulkPost("/Users", "q", userBody("q")), `{"method":"DELETE","path":"/Users/`+bob+`"}`))
	expect("prov:create:notice User [active userName]", "prov:delete User")
}

// Okta makes somebody anew whom it has deactivated, by the same externalId and maybe under
// another userName: they are who they were.
func TestExternalIDAgain(t *testing.T) {
	t.Parallel()
	for _, profile := range []scim.Profile{scim.Detect, scim.Okta, scim.Entra, scim.Strict} {
		m := serve(t, func(tenant *scim.Tenant, _ *scim.Options) { tenant.Profile = profile })
		id := m.user("ann@old.example", `,"externalId":"00u1","title":"Dr"`)
		group := m.group("Staff", id)
		again := userBody("ann@new.example", `,"externalId":"00u1","active":true,"groups":[]`)
		m.refused(409, "uniqueness", "POST", "/Users", again)
		if profile == scim.Strict { // it takes no "groups" back
			again = userBody("ann@new.example", `,"externalId":"00u1","active":true`)
		}
		m.must(200, "PUT", "/Users/"+id, userBody("ann@old.example", `,"externalId":"00u1","title":"Dr","active":false`))
		m.heard(nil)
		if profile == scim.Entra || profile == scim.Strict {
			m.refused(409, "uniqueness", "POST", "/Users", again)
			continue
		}
		a := m.must(201, "POST", "/Users", again)
		if a.id() != id || a.str("userName") != "ann@new.example" || a.body["active"] != true || a.body["title"] != nil || !strings.Contains(a.text, group) || a.header.Get("Location") != m.url+"/Users/"+id {
			t.Errorf("%s: %s", profile, a.text)
		}
		if r := m.last(); !slices.Contains(r.Tolerated, scim.ExternalIDAgain) || r.ExternalID != "00u1" || r.ID != id {
			t.Errorf("%s: served %+v", profile, r)
		}
		if diff := cmp.Diff([]string{"prov:patch:notice User [active title userName] 00u1", "prov:activate User 00u1"}, m.heard(nil)); diff != "" {
			t.Errorf("%s: %s", profile, diff)
		}
		m.refused(409, "uniqueness", "POST", "/Users", again)

		other := m.user("bob", `,"externalId":"00u2","active":false`)
		m.refused(409, "uniqueness", "POST", "/Users", userBody("ann@new.example", `,"externalId":"00u2"`)) // Ann's userName
		if got := m.must(200, "GET", "/Users/"+other, ""); got.body["active"] != false {
			t.Errorf("%s: half of it was done: %s", profile, got.text)
		}
	}
}

func TestServed(t *testing.T) {
	t.Parallel()
	m := serve(t, func(tenant *scim.Tenant, _ *scim.Options) { tenant.Profile = scim.Entra })
	id := m.user("ann", `,"externalId":"e1"`)
	if r := m.last(); r.Method != "POST" || r.Path != "/Users" || r.ResourceType != "User" || r.ID != id || r.ExternalID != "e1" || r.Status != 201 ||
		r.Profile != scim.Entra || r.Duration <= 0 || r.ErrorType != "" || r.Detail != "" || len(r.Tolerated) > 0 || r.Filter || r.Operations != 0 {
		t.Errorf("%+v", r)
	}
	m.must(200, "PATCH", "/Users/"+id, patchBody(`{"op":"Replace","path":"active","value":"False"}`, `{"op":"add","path":"title","value":"x"}`))
	if r := m.last(); r.Path != "/Users/"+id || r.ID != id || r.Operations != 2 || !slices.Equal(r.Tolerated, []scim.Tolerance{scim.OpCase, scim.BooleanText}) {
		t.Errorf("%+v", r)
	}
	m.refused(400, "invalidFilter", "GET", "/Users?filter=x", "")
	if r := m.last(); !r.Filter || r.Status != 400 || r.ErrorType != scim.InvalidFilter || r.Detail == "" {
		t.Errorf("%+v", r)
	}
	m.must(304, "GET", "/Users/"+id, "", "If-None-Match", "*")
	if r := m.last(); r.Status != 304 {
		t.Errorf("%+v", r)
	}
	var nobody []string
	for i := range 30 {
		nobody = append(nobody, fmt.Sprint("nobody-", i))
	}
	g := m.group("Staff", nobody...)
	if r := m.last(); !slices.Equal(r.Skipped, nobody[:10]) || r.ResourceType != "Group" || r.ID != g {
		t.Errorf("%+v", r)
	}
	long := strings.Repeat("é", 200)
	m.user("bob", `,"externalId":"`+long+`"`)
	if r := m.last(); len(r.ExternalID) != 254 || !strings.HasPrefix(long, r.ExternalID) {
		t.Errorf("%q", r.ExternalID)
	}
	strict := serve(t, func(tenant *scim.Tenant, _ *scim.Options) { tenant.Profile = scim.Strict })
	strict.refused(400, "invalidValue", "POST", "/Groups", groupBody("Staff", `,"members":`+memberList("nobody")))
	strict.must(201, "POST", "/Groups", groupBody("Staff")) // nothing of it is left
}

// A backend that brings people back by itself says so by their meta.
func TestBackendReactivates(t *testing.T) {
	t.Parallel()
	m := serve(t, func(tenant *scim.Tenant, o *scim.Options) {
		tenant.Backend = returning{scim.NewMemory(nil, o.Now)}
	})
	id := m.user("ann")
	group := m.group("Staff", id)
	m.heard(nil)
	a := m.must(201, "POST", "/Users", userBody("ann"))
	if a.id() != id || !strings.Contains(a.text, group) || !slices.Contains(m.last().Tolerated, scim.ExternalIDAgain) {
		t.Errorf("%s %+v", a.text, m.last())
	}
	if diff := cmp.Diff([]string{"prov:patch:notice User [active userName]", "prov:activate User"}, m.heard(nil)); diff != "" {
		t.Error(diff)
	}
}

// returning takes who comes again.
type returning struct{ *scim.Memory }

func (r returning) CreateUser(ctx context.Context, u scim.User) (scim.User, error) {
	made, err := r.Memory.CreateUser(ctx, u)
	if !errors.Is(err, scim.ErrTaken) {
		return made, err
	}
	page, err := r.Memory.Users(ctx, scim.Query{Limit: 1})
	if err != nil {
		return scim.User{}, err
	}
	return r.Memory.ChangeUser(ctx, page.Items[0].ID, func(old *scim.User) (bool, error) {
		old.Active = true
		return true, nil
	})
}
