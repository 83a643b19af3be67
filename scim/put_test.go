package scim_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

// posted is the body of a POST of a user with these attributes.
func posted(attributes string) string {
	s := `{"schemas":["` + coreURN + `"]`
	if attributes != "" {
		s += "," + attributes
	}
	return s + "}"
}

func TestPost(t *testing.T) {
	t.Parallel()
	const ann = `"userName":"ann"`
	tests := []struct {
		name, body string
		want       string // beside userName and active
		refuse     string
		used       []scim.Tolerance
		strict     string
	}{
		{name: "least", body: posted(ann), want: `{}`},
		{
			name: "Entra", body: `{"schemas":["` + coreURN + `","` + extURN + `"],"externalId":"0a21","userName":"ann","active":true,
				"emails":[{"primary":true,"type":"work","value":"a@example.com"}],"meta":{"resourceType":"User"},
				"name":{"formatted":"G F","familyName":"F","givenName":"G"},"roles":[]}`,
			want: `{"externalId":"0a21","emails":[{"primary":true,"type":"work","value":"a@example.com"}],
				"name":{"formatted":"G F","familyName":"F","givenName":"G"}}`,
		},
		{
			name: "Entra: misspelt URN, nulls, attributes of the extension at the root",
			body: `{"schemas":["` + coreURN + `","urn:ietf:params:scim:schemas:extension:enterprise:2.0User"],"userName":"ann",
				"addresses":null,"phoneNumbers":null,"preferredLanguage":null,"title":null,"department":null,"manager":null,
				"urn:ietf:params:scim:schemas:extension:enterprise:2.0User":{"department":"D"}}`,
			want: `{}`, used: []scim.Tolerance{scim.UnknownSchema, scim.BareExtension, scim.UnknownAttribute}, strict: "invalidValue",
		},
		{
			name: "Entra: active as text", body: posted(ann + `,"active":"False"`), want: `{"active":false}`,
			used: []scim.Tolerance{scim.BooleanText}, strict: "invalidValue",
		},
		{
			name: "Okta", body: posted(ann + `,"externalId":"00u1","locale":"en-US","groups":[],"password":"1mz050nq","active":true`),
			want: `{"externalId":"00u1","locale":"en-US"}`,
		},
		{name: "inactive", body: posted(ann + `,"active":false`), want: `{"active":false}`},
		{name: "active null", body: posted(ann + `,"active":null`), want: `{}`},
		{
			name: "names in another case", body: posted(`"USERNAME":"ann","Name":{"GivenName":"G"},"EMAILS":[{"Value":"x"}]`),
			want: `{"name":{"givenName":"G"},"emails":[{"value":"x"}]}`,
		},
		{
			name: "extension", body: posted(ann + `,"` + strings.ToUpper(extURN) + `":{"Department":"D","manager":{"value":"1"}}`),
			want: `{"` + extURN + `":{"department":"D","manager":{"value":"1"}}}`,
		},
		{
			name: "keys with a URN", body: posted(ann + `,"` + extURN + `:department":"D","` + coreURN + `:title":"T","name.givenName":"G"`),
			want: `{"` + extURN + `":{"department":"D"},"title":"T","name":{"givenName":"G"}}`,
			used: []scim.Tolerance{scim.DottedKey}, strict: "invalidSyntax",
		},
		{
			name: "what is read-only", body: posted(ann + `,"id":"x","meta":{"version":"1"},"groups":[{"value":"g"}]`), want: `{}`,
		},
		{
			name: "unknown attribute", body: posted(ann + `,"shoeSize":44`), want: `{}`,
			used: []scim.Tolerance{scim.UnknownAttribute}, strict: "invalidSyntax",
		},
		{
			name: "unknown part", body: posted(ann + `,"name":{"givenName":"G","shoeSize":44}`), want: `{"name":{"givenName":"G"}}`,
			used: []scim.Tolerance{scim.UnknownAttribute}, strict: "invalidSyntax",
		},
		{
			name: "one email without an array", body: posted(ann + `,"emails":{"value":"x"}`), want: `{"emails":[{"value":"x"}]}`,
			used: []scim.Tolerance{scim.ValueForComplex}, strict: "invalidValue",
		},
		{
			name: "email as a text", body: posted(ann + `,"emails":["x"]`), want: `{"emails":[{"value":"x"}]}`,
			used: []scim.Tolerance{scim.ValueForComplex}, strict: "invalidValue",
		},
		{
			name: "manager as a text", body: posted(ann + `,"` + extURN + `":{"manager":"271"}`),
			want: `{"` + extURN + `":{"manager":{"value":"271"}}}`, used: []scim.Tolerance{scim.ValueForComplex}, strict: "invalidValue",
		},
		{name: "empty elements", body: posted(ann + `,"emails":[null,{},{"value":""},{"value":null}]`), want: `{}`},
		{name: "nothing in it", body: posted(ann + `,"nickName":"","name":{"givenName":""}`), want: `{}`},
		{name: "canonical values are advice", body: posted(ann + `,"emails":[{"value":"x","type":"castle"}]`), want: `{"emails":[{"value":"x","type":"castle"}]}`},
		{name: "one type twice", body: posted(ann + `,"emails":[{"value":"x","type":"work"},{"value":"y","type":"work"}]`), want: `{"emails":[{"value":"x","type":"work"},{"value":"y","type":"work"}]}`},
		{name: "two primary ones", body: posted(ann + `,"emails":[{"value":"x","primary":true},{"value":"y","primary":true}]`), refuse: "invalidValue", strict: "invalidValue"},
		{name: "no userName", body: posted(`"active":true`), refuse: "invalidValue", strict: "invalidValue"},
		{name: "userName null", body: posted(`"userName":null`), refuse: "invalidValue", strict: "invalidValue"},
		{name: "userName of nothing", body: posted(`"userName":""`), refuse: "invalidValue", strict: "invalidValue"},
		{name: "userName a number", body: posted(`"userName":1`), refuse: "invalidValue", strict: "invalidValue"},
		{name: "userName a list", body: posted(`"userName":["ann"]`), refuse: "invalidValue", strict: "invalidValue"},
		{name: "userName twice", body: posted(ann + `,"` + coreURN + `:userName":"eve"`), refuse: "invalidSyntax", strict: "invalidSyntax"},
		{name: "no schemas", body: `{"userName":"ann"}`, refuse: "invalidValue", strict: "invalidValue"},
		{name: "schemas of none", body: `{"schemas":[],"userName":"ann"}`, refuse: "invalidValue", strict: "invalidValue"},
		{name: "schemas that are no array", body: `{"schemas":"` + coreURN + `","userName":"ann"}`, refuse: "invalidValue", strict: "invalidValue"},
		{name: "schemas of a group", body: `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"userName":"ann"}`, refuse: "invalidValue", strict: "invalidValue"},
		{name: "name an array of two", body: posted(ann + `,"name":[{},{}]`), refuse: "invalidValue", strict: "invalidValue"},
		{name: "name a text", body: posted(ann + `,"name":"Ann"`), refuse: "invalidValue", strict: "invalidValue"},
		{name: "emails of emails", body: posted(ann + `,"emails":[[{"value":"x"}]]`), refuse: "invalidValue", strict: "invalidValue"},
		{name: "a certificate that is none", body: posted(ann + `,"x509Certificates":[{"value":"not base64"}]`), refuse: "invalidValue", strict: "invalidValue"},
		{name: "a URI that runs", body: posted(ann + `,"profileUrl":"JavaScript:alert(1)"`), refuse: "invalidValue", strict: "invalidValue"},
		{name: "a URI that is none", body: posted(ann + `,"profileUrl":"http://a b"`), refuse: "invalidValue", strict: "invalidValue"},
		{name: "extension a text", body: posted(ann + `,"` + extURN + `":"D"`), refuse: "invalidValue", strict: "invalidValue"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := scim.NewEngine(nil, scim.Detect)
			u, err := e.ParseUser(tt.body)
			if got := refusal(t, err); got != tt.refuse {
				t.Fatalf("refused %q (%v), want %q", got, err, tt.refuse)
			}
			_, err = scim.NewEngine(nil, scim.Strict).ParseUser(tt.body)
			if got := refusal(t, err); got != tt.strict {
				t.Errorf("strict refuses %q (%v), want %q", got, err, tt.strict)
			}
			if tt.refuse != "" {
				return
			}
			if d := cmp.Diff(state(person(t, tt.want)), state(u)); d != "" {
				t.Errorf("the user: %s", d)
			}
			if d := cmp.Diff(tt.used, e.Used()); d != "" {
				t.Errorf("tolerated: %s", d)
			}
		})
	}
}

func TestPostOfGroup(t *testing.T) {
	t.Parallel()
	const schemas = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],`
	e := scim.NewEngine(nil, scim.Detect)
	g, members, err := e.ParseGroup(schemas + `"externalId":"e","displayName":"G","members":[{"value":"a","$ref":null},{"value":"a"},{"value":"b"}],"meta":{"resourceType":"Group"}}`)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(scim.Group{ExternalID: "e", DisplayName: "G"}, g); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a", "b"}, members); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]scim.Tolerance{scim.UnknownSchema}, e.Used()); d != "" {
		t.Error(d)
	}
	for _, rest := range []string{`"members":[]}`, `"displayName":""}`, `"displayName":"G","members":[{"display":"a"}]}`, `"displayName":"G","members":"x y","members ":1,"Members":[]}`} {
		if _, _, err := e.ParseGroup(schemas + rest); refusal(t, err) == "" {
			t.Errorf("%s is taken", rest)
		}
	}
}

func TestPut(t *testing.T) {
	t.Parallel()
	const ann = `"userName":"ann"`
	tests := []struct {
		name, has, body string
		want, refuse    string
	}{
		{"what is left out is cleared", `{"title":"T","externalId":"e","emails":[{"value":"x"}]}`, posted(ann), `{}`, ""},
		{"the same again", `{"title":"T"}`, posted(ann + `,"title":"T","active":true`), `{"title":"T"}`, ""},
		{"active is kept", `{"active":false}`, posted(ann), `{"active":false}`, ""},
		{"active null is kept", `{"active":false}`, posted(ann + `,"active":null`), `{"active":false}`, ""},
		{"active", `{"active":false}`, posted(ann + `,"active":true`), `{}`, ""},
		{"another name", `{}`, posted(`"userName":"eve"`), `{"userName":"eve"}`, ""},
		{"no name", `{}`, posted(`"title":"T"`), "", "invalidValue"},
		{"read-only is kept", in(`{"seat":"S"}`), posted(ann), in(`{"seat":"S"}`), ""},
		{"read-only is not taken", in(`{"seat":"S"}`), posted(ann + `,"` + hostURN + `":{"seat":"T","floor":1}`), in(`{"seat":"S","floor":1}`), ""},
		{"immutable is kept", in(`{"badge":"B","floor":1}`), posted(ann), in(`{"badge":"B"}`), ""},
		{"immutable is the same", in(`{"badge":"B"}`), posted(ann + `,"` + hostURN + `":{"badge":"B"}`), in(`{"badge":"B"}`), ""},
		{"immutable is another", in(`{"badge":"B"}`), posted(ann + `,"` + hostURN + `":{"badge":"C"}`), "", "mutability"},
		{"immutable is new", in(`{"floor":1}`), posted(ann + `,"` + hostURN + `":{"badge":"C"}`), in(`{"badge":"C"}`), ""},
		{"what cannot be read is kept", in(`{"pin":"1"}`), posted(ann), in(`{"pin":"1"}`), ""},
		{"what cannot be read is set", in(`{"pin":"1"}`), posted(ann + `,"` + hostURN + `":{"pin":"2"}`), in(`{"pin":"2"}`), ""},
		{
			"what the server says of the manager",
			`{"` + extURN + `":{"manager":{"value":"1","displayName":"One"}}}`, posted(ann + `,"` + extURN + `":{"manager":{"value":"1"}}`),
			`{"` + extURN + `":{"manager":{"value":"1","displayName":"One"}}}`, "",
		},
		{
			"another manager",
			`{"` + extURN + `":{"manager":{"value":"1","displayName":"One"}}}`, posted(ann + `,"` + extURN + `":{"manager":{"value":"2"}}`),
			`{"` + extURN + `":{"manager":{"value":"2"}}}`, "",
		},
		{"no manager", `{"` + extURN + `":{"manager":{"value":"1","displayName":"One"}}}`, posted(ann), `{}`, ""},
	}
	s := hostSchemas(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u := person(t, tt.has)
			edit, err := scim.NewEngine(s, scim.Detect).ReplaceUser(tt.body)
			next := u
			changed := false
			if err == nil {
				if changed, err = edit(&next); err == nil {
					again := u
					if _, err := edit(&again); err != nil || !cmp.Equal(next, again) {
						t.Errorf("the edit made twice: %v, %s", err, cmp.Diff(next, again))
					}
				}
			}
			if got := refusal(t, err); got != tt.refuse {
				t.Fatalf("refused %q (%v), want %q", got, err, tt.refuse)
			}
			if changed == cmp.Equal(u, next) {
				t.Errorf("changed is %v: %s", changed, cmp.Diff(u, next))
			}
			if tt.refuse == "" {
				if d := cmp.Diff(state(person(t, tt.want)), state(next)); d != "" {
					t.Error(d)
				}
				if next.ID != u.ID || next.Meta != u.Meta {
					t.Errorf("id and meta are not kept: %+v", next)
				}
			}
		})
	}
}

func TestPutOfGroup(t *testing.T) {
	t.Parallel()
	const schemas = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"G"`
	tests := []struct {
		rest string
		want scim.MemberChange
	}{
		{`}`, scim.MemberChange{}},
		{`,"members":null}`, scim.MemberChange{}},
		{`,"members":[]}`, scim.MemberChange{Clear: true}},
		{`,"members":[{"value":"a"},{"value":"b"}]}`, scim.MemberChange{Clear: true, Add: []string{"a", "b"}}},
	}
	for _, tt := range tests {
		edit, got, err := scim.NewEngine(nil, scim.Detect).ReplaceGroup(schemas + tt.rest)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: %s", tt.rest, d)
		}
		same := scim.Group{ID: "g", DisplayName: "G"}
		if changed, err := edit(&same); changed || err != nil {
			t.Errorf("%s: the same group is changed: %v, %v", tt.rest, changed, err)
		}
		other := scim.Group{ID: "g", ExternalID: "e", DisplayName: "Old"}
		if changed, err := edit(&other); !changed || err != nil || !cmp.Equal(other, same) {
			t.Errorf("%s: %+v, %v, %v", tt.rest, other, changed, err)
		}
	}
}
