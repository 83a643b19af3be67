package scim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

func TestProjection(t *testing.T) {
	t.Parallel()
	u := person(t, `{"externalId":"e","name":{"givenName":"G","familyName":"F"},"title":"T",
		"emails":[{"value":"x","type":"work","primary":true}],"roles":[{"value":"r"}],
		"`+extURN+`":{"department":"D","manager":{"value":"1","displayName":"One"}},
		"`+hostURN+`":{"note":"N","pin":"1234","floor":1}}`)
	const (
		schemas = `"schemas":["` + coreURN + `"],"id":"u1"`
		withExt = `"schemas":["` + coreURN + `","` + extURN + `"],"id":"u1"`
		all     = `"schemas":["` + coreURN + `","` + extURN + `","` + hostURN + `"],"id":"u1"`
		meta    = `"meta":{"resourceType":"User","created":"2026-01-02T03:04:05.000006Z","lastModified":"2026-01-02T03:04:05.000006Z",
			"location":"https://h/scim/v2/Users/u1","version":"W/\"1\""}`
		groups = `"groups":[{"value":"g","$ref":"https://h/scim/v2/Groups/g","display":"G","type":"direct"}]`
		emails = `"emails":[{"value":"x","type":"work","primary":true}]`
		ext    = `"` + extURN + `":{"department":"D","manager":{"value":"1","displayName":"One"}}`
	)
	u.Meta.Created = time.Date(2026, 1, 2, 4, 4, 5, 6789, time.FixedZone("", 3600))
	u.Meta.LastModified = u.Meta.Created
	list := func(s ...string) []string { return s }
	tests := []struct {
		name                 string
		attributes, excluded []string
		want                 string
	}{
		{
			"default", nil, nil, all + `,"externalId":"e",` + meta + `,"userName":"ann","active":true,"name":{"givenName":"G","familyName":"F"},
			"title":"T",` + emails + `,"roles":[{"value":"r"}],` + groups + `,` + ext + `,"` + hostURN + `":{"floor":1}`,
		},
		{"nothing said", list(""), list(" , "), ""},
		{"one", list("userName"), nil, schemas + `,"userName":"ann"`},
		{"two with a comma", list("userName, title"), nil, schemas + `,"userName":"ann","title":"T"`},
		{"id is always there", list("id"), nil, schemas},
		{"another case", list("USERNAME"), nil, schemas + `,"userName":"ann"`},
		{"with the URN", list(coreURN + ":userName"), nil, schemas + `,"userName":"ann"`},
		{"a part", list("name.givenName"), nil, schemas + `,"name":{"givenName":"G"}`},
		{"a part of elements", list("emails.value"), nil, schemas + `,"emails":[{"value":"x"}]`},
		{"whole and part", list("emails", "emails.value"), nil, schemas + `,` + emails},
		{"an extension", list(extURN), nil, withExt + `,` + ext},
		{"an extension's attribute", list(extURN + ":department"), nil, withExt + `,"` + extURN + `":{"department":"D"}`},
		{"an extension's part", list(extURN + ":manager.value"), nil, withExt + `,"` + extURN + `":{"manager":{"value":"1"}}`},
		{"on request", list(hostURN + ":note"), nil, `"schemas":["` + coreURN + `","` + hostURN + `"],"id":"u1","` + hostURN + `":{"note":"N"}`},
		{"never", list(hostURN+":pin", "password"), nil, schemas},
		{"meta", list("meta.version"), nil, schemas + `,"meta":{"version":"W/\"1\""}`},
		{"groups", list("groups.value"), nil, schemas + `,"groups":[{"value":"g"}]`},
		{"nobody", list("nobody", "name.nobody", "urn:x:y:z", "emails[type eq \"work\"]"), nil, schemas},
		{
			"excluded", nil, list("meta", "name", "emails.type", extURN, "groups", hostURN+":floor", "id", "schemas", "title", "nobody"),
			`"schemas":["` + coreURN + `","` + hostURN + `"],"id":"u1","externalId":"e","userName":"ann","active":true,
			"emails":[{"value":"x","primary":true}],"roles":[{"value":"r"}]`,
		},
	}
	s := hostSchemas(t)
	for _, tt := range tests {
		got, err := scim.NewEngine(s, scim.Strict).User(u, []scim.Member{{ID: "g", Type: "Group", Display: "G"}}, scim.View{
			Attributes: tt.attributes, Excluded: tt.excluded, Base: "https://h/scim/v2",
		})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		want := tt.want
		if want == "" {
			want = tests[0].want
		}
		if d := cmp.Diff(jsonOf(t, "{"+want+"}"), jsonOf(t, got)); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
		if _, err := scim.Decode(got); err != nil {
			t.Errorf("%s: the response is not what a request may be: %v", tt.name, err)
		}
	}
}

func TestProjectionRefuses(t *testing.T) {
	t.Parallel()
	e := scim.NewEngine(nil, scim.Detect)
	for _, v := range []scim.View{
		{Attributes: []string{"id"}, Excluded: []string{"title"}},
		{Attributes: []string{strings.Repeat("a,", 101)}},
		{Excluded: make([]string, 0), Attributes: strings.Split(strings.Repeat("title ", 101), " ")},
	} {
		if _, err := e.User(scim.User{}, nil, v); refusal(t, err) != "invalidValue" {
			t.Errorf("%.60v: %v", v, err)
		}
	}
}

func TestGroupIsShown(t *testing.T) {
	t.Parallel()
	g := scim.Group{ID: "g 1", DisplayName: "Team <1>", Extra: map[string]any{"urn:example:gone": map[string]any{"x": "y"}}}
	members := []scim.Member{{ID: "u", Type: "User", Display: "U"}, {ID: "h", Type: "Group"}}
	const start = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"g 1"`
	tests := []struct {
		view scim.View
		want string
	}{
		{scim.View{Base: "/s"}, start + `,"meta":{"resourceType":"Group","location":"/s/Groups/g%201"},"displayName":"Team <1>","members":[
			{"value":"u","$ref":"/s/Users/u","type":"User","display":"U"},{"value":"h","$ref":"/s/Groups/h","type":"Group"}]}`},
		{scim.View{Excluded: []string{"members", "meta"}}, start + `,"displayName":"Team <1>"}`},
		{scim.View{Attributes: []string{"members.value"}}, start + `,"members":[{"value":"u"},{"value":"h"}]}`},
	}
	for _, tt := range tests {
		got, err := scim.NewEngine(nil, scim.Detect).Group(g, members, tt.view)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(jsonOf(t, tt.want), jsonOf(t, got)); d != "" {
			t.Errorf("%+v: %s", tt.view, d)
		}
	}
}

// What a Backend hands out that no schema knows, or of another form, breaks no response.
func TestStrangeValuesAreLeftOut(t *testing.T) {
	t.Parallel()
	u := scim.User{ID: "u1", UserName: "ann\xff\x00\"\u2028", Extra: map[string]any{
		"shoeSize": 44, "title": 7.5, "roles": "admin", "photos": []any{"x", map[string]any{}, map[string]any{"value": []int{1}}, nil},
		extURN: map[string]any{"department": map[string]any{"a": "b"}, "manager": []any{"x"}}, "nickName": map[string]any{},
		"displayName": nil,
	}}
	got, err := scim.NewEngine(nil, scim.Detect).User(u, nil, scim.View{Attributes: []string{
		"userName", "title", "roles", "photos", extURN, "nickName", "displayName",
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"schemas":["` + coreURN + `","` + extURN + `"],"id":"u1","userName":"ann\ufffd\u0000\"\u2028"}`
	if d := cmp.Diff(jsonOf(t, want), jsonOf(t, got)); d != "" {
		t.Error(d)
	}
}

// What is in something that is never returned is not returned either, however a client asks.
func TestNeverShown(t *testing.T) {
	t.Parallel()
	const urn = "urn:example:keys"
	parts := func() []scim.Attribute {
		return []scim.Attribute{
			{Name: "value", Type: "string"}, {Name: "kind", Type: "string", Returned: "always"}, {Name: "note", Type: "string", Returned: "request"},
		}
	}
	s, err := scim.NewSchemas(scim.Extension{ResourceType: "User", Schema: scim.Schema{ID: urn, Attributes: []scim.Attribute{
		{Name: "credential", Type: "complex", Returned: "never", SubAttributes: parts()},
		{Name: "tokens", Type: "complex", MultiValued: true, Mutability: "writeOnly", Returned: "never", SubAttributes: parts()},
		{Name: "asked", Type: "complex", Returned: "request", SubAttributes: parts()},
		{Name: "open", Type: "string"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	secret := map[string]any{"value": "SECRET", "kind": "SECRET", "note": "SECRET"}
	u := scim.User{ID: "u1", UserName: "ann", Extra: map[string]any{urn: map[string]any{
		"credential": secret, "tokens": []any{secret}, "open": "yes", "asked": map[string]any{"kind": "ASKED"},
	}}}
	show := func(v scim.View) string {
		t.Helper()
		out, err := scim.NewEngine(s, scim.Detect).User(u, nil, v)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out, "SECRET") {
			t.Errorf("%+v shows %s", v, out)
		}
		return out
	}
	for _, name := range []string{"credential", "tokens", "credential.value", "credential.kind", "credential.note", "tokens.value", "tokens.kind", "tokens.note", "open"} {
		for _, name := range []string{name, urn + ":" + name, strings.ToUpper(urn + ":" + name)} {
			show(scim.View{Attributes: []string{name, "userName"}})
			show(scim.View{Excluded: []string{name}})
			show(scim.View{Attributes: []string{urn, name}})
			show(scim.View{Excluded: []string{urn, name}})
		}
	}
	if out := show(scim.View{Excluded: []string{"asked"}}); strings.Contains(out, "ASKED") {
		t.Errorf("what is shown on request is shown for who excludes it: %s", out)
	}
	if out := show(scim.View{Attributes: []string{"asked"}}); !strings.Contains(out, "ASKED") {
		t.Errorf("what is asked for is not shown: %s", out)
	}
	for _, x := range s.IndexUser(u) {
		if x.Key == "secret" || x.Key == "SECRET" {
			t.Errorf("%s is in the index", x.Path)
		}
	}
}
