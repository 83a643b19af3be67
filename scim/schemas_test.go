package scim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/filter"
)

func TestNewSchemasRefuses(t *testing.T) {
	t.Parallel()
	attribute := func(change func(*scim.Attribute)) scim.Extension {
		a := scim.Attribute{Name: "a", Type: filter.String}
		change(&a)
		return scim.Extension{ResourceType: "User", Schema: scim.Schema{ID: hostURN, Attributes: []scim.Attribute{a}}}
	}
	of := func(resourceType, urn string, names ...string) scim.Extension {
		x := scim.Extension{ResourceType: resourceType, Schema: scim.Schema{ID: urn}}
		for _, n := range names {
			x.Schema.Attributes = append(x.Schema.Attributes, scim.Attribute{Name: n, Type: filter.String})
		}
		return x
	}
	sub := func(s scim.Attribute) func(*scim.Attribute) {
		return func(a *scim.Attribute) { a.Type, a.SubAttributes = filter.Complex, []scim.Attribute{s} }
	}
	tests := []struct {
		name string
		with []scim.Extension
		want string
	}{
		{"resource type", []scim.Extension{of("Device", hostURN, "a")}, "neither User nor Group"},
		{"no URN", []scim.Extension{of("User", "", "a")}, "no URN"},
		{"a URL", []scim.Extension{of("User", "https://example.com/x", "a")}, "no URN"},
		{"a URN with a blank", []scim.Extension{of("User", "urn:example:a b", "a")}, "no URN"},
		{"a URN with brackets", []scim.Extension{of("User", "urn:example:a[b]", "a")}, "no URN"},
		{"a URN that ends in a colon", []scim.Extension{of("User", "urn:example:ab:", "a")}, "no URN"},
		{"the core URN", []scim.Extension{of("User", strings.ToUpper(coreURN), "a")}, "two schemas"},
		{"the enterprise URN", []scim.Extension{of("User", extURN, "a")}, "two schemas"},
		{"one URN twice", []scim.Extension{of("User", hostURN, "a"), of("Group", strings.ToLower(hostURN), "a")}, "two schemas"},
		{"reads as an attribute", []scim.Extension{of("User", "urn:example:x", "y"), of("User", "urn:example:x:y", "z")}, "reads as the other"},
		{"reads as an attribute, in another order", []scim.Extension{of("User", "urn:example:x:Y:z", "z"), of("User", "urn:example:x", "y")}, "reads as the other"},
		{"reads as a core attribute", []scim.Extension{of("User", coreURN+":title", "a")}, "reads as the other"},
		{"no attributes", []scim.Extension{of("User", hostURN)}, "no attributes"},
		{"a name twice", []scim.Extension{of("User", hostURN, "tag", "TAG")}, "taken"},
		{"no name", []scim.Extension{of("User", hostURN, "")}, "no name"},
		{"a name with a dot", []scim.Extension{of("User", hostURN, "a.b")}, "no name"},
		{"a name that begins with a digit", []scim.Extension{of("User", hostURN, "1a")}, "no name"},
		{"$ref at the root", []scim.Extension{of("User", hostURN, "$ref")}, "no name"},
		{"type", []scim.Extension{attribute(func(a *scim.Attribute) { a.Type = "text" })}, "no type"},
		{"no type", []scim.Extension{attribute(func(a *scim.Attribute) { a.Type = "" })}, "no type"},
		{"complex without parts", []scim.Extension{attribute(func(a *scim.Attribute) { a.Type = filter.Complex })}, "no sub-attributes"},
		{"parts without complex", []scim.Extension{attribute(func(a *scim.Attribute) { a.SubAttributes = []scim.Attribute{{Name: "b", Type: filter.String}} })}, "not complex"},
		{"complex in complex", []scim.Extension{attribute(sub(scim.Attribute{Name: "b", Type: filter.Complex, SubAttributes: []scim.Attribute{{Name: "c", Type: filter.String}}}))}, "complex within"},
		{"multi-valued in complex", []scim.Extension{attribute(sub(scim.Attribute{Name: "b", Type: filter.String, MultiValued: true}))}, "multi-valued within"},
		{"mutability", []scim.Extension{attribute(func(a *scim.Attribute) { a.Mutability = "readonly" })}, "no mutability"},
		{"returned", []scim.Extension{attribute(func(a *scim.Attribute) { a.Returned = "sometimes" })}, "no returned"},
		{"uniqueness", []scim.Extension{attribute(func(a *scim.Attribute) { a.Uniqueness = "server" })}, "unique"},
		{"required and read-only", []scim.Extension{attribute(func(a *scim.Attribute) { a.Required, a.Mutability = true, "readOnly" })}, "cannot write"},
		{"writeOnly and returned", []scim.Extension{attribute(func(a *scim.Attribute) { a.Mutability = "writeOnly" })}, "never"},
	}
	for _, tt := range tests {
		s, err := scim.NewSchemas(tt.with...)
		if err == nil || s != nil || !strings.HasPrefix(err.Error(), "scim: ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := scim.NewSchemas(of("User", "urn:example:x", "y"), of("Group", "urn:example:x2:y", "y")); err != nil {
		t.Errorf("two extensions: %v", err)
	}
}

// Who holds what they made Schemas of, and changes it, changes nothing.
func TestSchemasAreTheirOwn(t *testing.T) {
	t.Parallel()
	attributes := []scim.Attribute{{Name: "a", Type: filter.Complex, SubAttributes: []scim.Attribute{{Name: "b", Type: filter.String}}}}
	s, err := scim.NewSchemas(scim.Extension{ResourceType: "User", Schema: scim.Schema{ID: hostURN, Attributes: attributes}})
	if err != nil {
		t.Fatal(err)
	}
	attributes[0].SubAttributes[0].Name, attributes[0].Name = "x", "x"
	u, err := scim.NewEngine(s, scim.Strict).ParseUser(`{"schemas":["` + coreURN + `"],"userName":"ann","` + hostURN + `":{"a":{"b":"c"}}}`)
	if d := cmp.Diff(jsonOf(t, `{"`+hostURN+`":{"a":{"b":"c"}}}`), u.Extra); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
}

func TestIndex(t *testing.T) {
	t.Parallel()
	u := person(t, `{"externalId":"e","name":{"givenName":"Älbert"},"title":"",
		"emails":[{"value":"A@example.com","type":"work"},{"value":"B@example.com","type":"Home","primary":true}],
		"`+extURN+`":{"manager":{"value":"Ab"},"department":"D"},
		"`+hostURN+`":{"floor":3,"badge":"Bx","pin":"1234","tags":["X","y"],"since":"2011-05-13T06:42:34+02:00"}}`)
	s := hostSchemas(t)
	floor, _ := filter.Attribute{Type: filter.Integer}.Key(json.Number("3"))
	want := []scim.Indexed{
		{Path: "userName", Key: "ann"},
		{Path: "name.givenName", Key: filter.Fold("Älbert")},
		{Path: "active", Key: "true"},
		{Path: "emails.value", Row: 1, Key: "a@example.com"},
		{Path: "emails.type", Row: 1, Key: "work"},
		{Path: "emails.primary", Row: 1, Key: "false"},
		{Path: "emails.value", Key: "b@example.com"},
		{Path: "emails.type", Key: "home"},
		{Path: "emails.primary", Key: "true"},
		{Path: extURN + ":department", Key: "d"},
		{Path: extURN + ":manager.value", Key: "Ab"},
		{Path: hostURN + ":floor", Key: floor},
		{Path: hostURN + ":since", Key: "2011-05-13T04:42:34.000000000Z"},
		{Path: hostURN + ":badge", Key: "Bx"},
		{Path: hostURN + ":tags", Key: "x"},
		{Path: hostURN + ":tags", Row: 1, Key: "y"},
	}
	if d := cmp.Diff(want, s.IndexUser(u)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]scim.Indexed{{Path: "displayName", Key: "team"}}, (*scim.Schemas)(nil).IndexGroup(scim.Group{ExternalID: "e", DisplayName: "Team"})); d != "" {
		t.Error(d)
	}
}

func TestAttributesAndBack(t *testing.T) {
	t.Parallel()
	u := person(t, `{"active":false,"name":{"formatted":"a","familyName":"b","givenName":"c","middleName":"d","honorificPrefix":"e","honorificSuffix":"f"},
		"emails":[{"value":"x","type":"work","display":"d","primary":true},{"value":"y"}],"title":"T",
		"`+hostURN+`":{"floor":3,"keys":[{"value":"k","primary":true}]}}`)
	got, err := scim.UserOf(jsonOf(t, mustJSON(t, u.Attributes())))
	got.ID, got.Meta = u.ID, u.Meta
	if d := cmp.Diff(u, got); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
	g := scim.Group{DisplayName: "G", Extra: jsonOf(t, `{"urn:x:y":{"a":[1]}}`)}
	if got, err := scim.GroupOf(jsonOf(t, mustJSON(t, g.Attributes()))); err != nil || !cmp.Equal(g, got) {
		t.Errorf("%v %s", err, cmp.Diff(g, got))
	}
	for _, bad := range []map[string]any{
		{"userName": 1}, {"active": "true"}, {"name": "x"}, {"emails": map[string]any{}}, {"emails": []any{"x"}},
		{"title": 1.5}, {"title": nil}, {"x": json.Number("1;")}, {"x": []any{[]any{[]any{[]any{[]any{[]any{}}}}}}}, {"x": errors.New("x")},
	} {
		if u, err := scim.UserOf(bad); err == nil || !cmp.Equal(u, scim.User{}) {
			t.Errorf("%v gives %+v, %v", bad, u, err)
		}
	}
	if _, err := scim.GroupOf(map[string]any{"displayName": 1}); err == nil {
		t.Error("a displayName that is no text is taken")
	}
}

func ExampleNewSchemas() {
	schemas, err := scim.NewSchemas(scim.Extension{ResourceType: "User", Schema: scim.Schema{
		ID: "urn:example:params:scim:schemas:extension:1.0:Desk", Name: "Desk",
		Attributes: []scim.Attribute{{Name: "floor", Type: filter.Integer}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, x := range schemas.IndexUser(scim.User{UserName: "Ann", Active: true}) {
		fmt.Println(x.Path, x.Row, x.Key)
	}
	// Output:
	// userName 0 ann
	// active 0 true
}
