package scim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

const (
	coreURN = `urn:ietf:params:scim:schemas:core:2.0:User`
	extURN  = `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`
)

// person is a user of these attributes, beside userName "ann" and being active.
func person(t *testing.T, attributes string) scim.User {
	t.Helper()
	u, err := scim.UserOf(jsonOf(t, `{"userName":"ann","active":true}`))
	if err != nil {
		t.Fatal(err)
	}
	all := u.Attributes()
	maps.Copy(all, jsonOf(t, attributes))
	external, _ := all["externalId"].(string)
	delete(all, "externalId")
	if u, err = scim.UserOf(all); err != nil {
		t.Fatal(err)
	}
	u.ID, u.ExternalID, u.Meta.Version = "u1", external, "1"
	return u
}

func jsonOf(t *testing.T, s string) map[string]any {
	t.Helper()
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return m
}

// ops is a PATCH of these operations.
func ops(operations ...string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + strings.Join(operations, ",") + `]}`
}

// state is all of a user that a client can set.
func state(u scim.User) map[string]any {
	m := u.Attributes()
	if u.ExternalID != "" {
		m["externalId"] = u.ExternalID
	}
	return m
}

// patched applies a PATCH two times, as a Backend may, and wants the same of both.
func patched(t *testing.T, e *scim.Engine, u scim.User, body string) (scim.User, bool, error) {
	t.Helper()
	edit, err := e.PatchUser(body)
	if err != nil {
		return u, false, err
	}
	was := mustJSON(t, state(u))
	next, again := u, u
	changed, err := edit(&next)
	changedAgain, errAgain := edit(&again)
	if (err == nil) != (errAgain == nil) || changed != changedAgain || !cmp.Equal(next, again) {
		t.Errorf("the edit made twice gives %v, %v; then %v, %v", changed, err, changedAgain, errAgain)
	}
	if now := mustJSON(t, state(u)); now != was {
		t.Errorf("the edit has changed what it was not given: %s, was %s", now, was)
	}
	if err != nil && !cmp.Equal(next, u) {
		t.Errorf("a refused edit has changed the user: %s", cmp.Diff(u, next))
	}
	if changed == cmp.Equal(next, u) {
		t.Errorf("changed is %v, and the difference %q", changed, cmp.Diff(u, next))
	}
	return next, changed, err
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// refusal is what an error says it is: "invalidValue", or the status.
func refusal(t *testing.T, err error) string {
	t.Helper()
	var e *scim.Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &e):
		t.Fatalf("%v is no *scim.Error", err)
	case e.Status != 400 || e.Detail == "" || !strings.HasSuffix(e.Detail, ".") && !strings.HasSuffix(e.Detail, `"`):
		t.Errorf("a refusal that says little: %+v", e)
	}
	return string(e.Type)
}

// A row is a body that a client sends, and what it means.
type row struct {
	name   string
	has    string // attributes of the user before
	ops    []string
	want   string // attributes after, beside userName and active; "": the refusal
	refuse string
	used   []scim.Tolerance
	strict string // how the strict profile refuses it; "": not at all
}

func rowsOfEntra() []row {
	work := `{"emails":[{"type":"work","value":"old@example.com","primary":true}]}`
	return []row{
		{
			name: "active False as text", ops: []string{`{"op":"Replace","path":"active","value":"False"}`},
			want: `{"active":false}`, used: []scim.Tolerance{scim.OpCase, scim.BooleanText}, strict: "invalidSyntax",
		},
		{
			name: "active false, lower case", ops: []string{`{"op":"replace","path":"active","value":"false"}`},
			want: `{"active":false}`, used: []scim.Tolerance{scim.BooleanText}, strict: "invalidValue",
		},
		{name: "active false, flag", ops: []string{`{"op":"replace","path":"active","value":false}`}, want: `{"active":false}`},
		{
			name: "no path, active alone", has: `{"title":"Boss"}`,
			ops: []string{`{"op":"replace","value":{"active":false}}`}, want: `{"active":false,"title":"Boss"}`,
		},
		{
			name: "replace emails[work].value, there is none",
			ops:  []string{`{"op":"replace","path":"emails[type eq \"work\"].value","value":"x@example.com"}`},
			want: `{"emails":[{"type":"work","value":"x@example.com","primary":false}]}`,
			used: []scim.Tolerance{scim.ElementCreated}, strict: "noTarget",
		},
		{
			name: "add emails[work].value, there is none",
			ops:  []string{`{"op":"add","path":"emails[type eq \"work\"].value","value":"x@example.com"}`},
			want: `{"emails":[{"type":"work","value":"x@example.com","primary":false}]}`,
			used: []scim.Tolerance{scim.ElementCreated}, strict: "noTarget",
		},
		{
			name: "replace emails[work].value, there is a home one", has: `{"emails":[{"type":"home","value":"h@example.com"}]}`,
			ops:  []string{`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"x@example.com"}`},
			want: `{"emails":[{"type":"home","value":"h@example.com","primary":false},{"type":"work","value":"x@example.com","primary":false}]}`,
			used: []scim.Tolerance{scim.OpCase, scim.ElementCreated}, strict: "invalidSyntax",
		},
		{
			name: "add emails[work].value, there is a home one", has: `{"emails":[{"type":"home","value":"h@example.com"}]}`,
			ops:  []string{`{"op":"add","path":"emails[type eq \"work\"].value","value":"x@example.com"}`},
			want: `{"emails":[{"type":"home","value":"h@example.com","primary":false},{"type":"work","value":"x@example.com","primary":false}]}`,
			used: []scim.Tolerance{scim.ElementCreated}, strict: "noTarget",
		},
		{
			name: "replace emails[work].value, there is one", has: work,
			ops:  []string{`{"op":"replace","path":"emails[type eq \"work\"].value","value":"x@example.com"}`},
			want: `{"emails":[{"type":"work","value":"x@example.com","primary":true}]}`,
		},
		{
			name: "manager as a string", ops: []string{`{"op":"Add","path":"` + extURN + `:manager","value":"271"}`},
			want: `{"` + extURN + `":{"manager":{"value":"271"}}}`,
			used: []scim.Tolerance{scim.OpCase, scim.ValueForComplex}, strict: "invalidSyntax",
		},
		{
			name: "manager without its URN, as an array",
			ops:  []string{`{"op":"Add","path":"manager","value":[{"$ref":"http://example.com/Users/00aa","value":"00aa"}]}`},
			want: `{"` + extURN + `":{"manager":{"$ref":"http://example.com/Users/00aa","value":"00aa"}}}`,
			used: []scim.Tolerance{scim.OpCase, scim.BareExtension, scim.ValueForComplex}, strict: "invalidSyntax",
		},
		{
			name: "flag: dotted and URN keys", has: `{"displayName":"Old","name":{"familyName":"F","middleName":"M"}}`,
			ops: []string{
				`{"op":"replace","path":"emails[type eq \"work\"].value","value":"w@example.com"}`,
				`{"op":"replace","value":{"displayName":"Bjfe","name.givenName":"Kkom","name.familyName":"Unua","` + extURN + `:employeeNumber":"Aklq"}}`,
			},
			want: `{"displayName":"Bjfe","name":{"givenName":"Kkom","familyName":"Unua","middleName":"M"},
				"emails":[{"type":"work","value":"w@example.com","primary":false}],"` + extURN + `":{"employeeNumber":"Aklq"}}`,
			used: []scim.Tolerance{scim.DottedKey, scim.ElementCreated}, strict: "invalidSyntax",
		},
		{
			name: "roles with JSON in a text",
			ops:  []string{`{"op":"Add","path":"roles","value":[{"value":"{\"id\":\"827f\",\"value\":\"Admin\",\"displayName\":\"A\"}"}]}`},
			want: `{"roles":[{"value":"{\"id\":\"827f\",\"value\":\"Admin\",\"displayName\":\"A\"}"}]}`,
			used: []scim.Tolerance{scim.OpCase}, strict: "invalidSyntax",
		},
		{
			name: "roles[primary eq True in quotes], there is none",
			ops:  []string{`{"op":"replace","path":"roles[primary eq \"True\"].value","value":"senior-engineer"}`},
			want: `{"roles":[{"primary":true,"value":"senior-engineer"}]}`,
			used: []scim.Tolerance{scim.BooleanText, scim.ElementCreated}, strict: "invalidPath",
		},
		{
			name: "roles[primary eq true in quotes], there is one", has: `{"roles":[{"primary":true,"value":"a"},{"value":"b"}]}`,
			ops:  []string{`{"op":"replace","path":"roles[primary eq \"true\"].value","value":"c"}`},
			want: `{"roles":[{"primary":true,"value":"c"},{"value":"b"}]}`,
			used: []scim.Tolerance{scim.BooleanText}, strict: "invalidPath",
		},
		{
			name: "op in capitals", ops: []string{`{"op":"REPLACE","path":"title","value":"T"}`},
			want: `{"title":"T"}`, used: []scim.Tolerance{scim.OpCase}, strict: "invalidSyntax",
		},
		{
			name: "extra keys", ops: []string{`{"op":"add","name":"addTitle","path":"title","value":"T"}`},
			want: `{"title":"T"}`, used: []scim.Tolerance{scim.ExtraKey}, strict: "invalidSyntax",
		},
		{
			name: "no operations", has: `{"title":"T"}`, want: `{"title":"T"}`,
			used: []scim.Tolerance{scim.NoOperations}, strict: "invalidValue",
		},
		{
			name: "remove an element that is not there", has: work,
			ops:  []string{`{"op":"Remove","path":"phoneNumbers[type eq \"mobile\"].value"}`},
			want: `{"emails":[{"type":"work","value":"old@example.com","primary":true}]}`, used: []scim.Tolerance{scim.OpCase, scim.ElementAbsent}, strict: "invalidSyntax",
		},
	}
}

func rowsOfOthers() []row {
	return []row{
		{name: "path in another case", ops: []string{`{"op":"replace","path":"DisplayName","value":"D"}`}, want: `{"displayName":"D"}`},
		{
			name: "path with the core URN", ops: []string{`{"op":"replace","path":"` + coreURN + `:displayName","value":"D"}`},
			want: `{"displayName":"D"}`,
		},
		{
			name: "no path, part of the name", has: `{"name":{"familyName":"F","givenName":"Old"}}`,
			ops:  []string{`{"op":"replace","value":{"name":{"givenName":"G"}}}`},
			want: `{"name":{"familyName":"F","givenName":"G"}}`,
		},
		{
			name: "no path, part of the extension", has: `{"` + extURN + `":{"employeeNumber":"7","department":"Old"}}`,
			ops:  []string{`{"op":"replace","value":{"` + extURN + `":{"department":"D"}}}`},
			want: `{"` + extURN + `":{"employeeNumber":"7","department":"D"}}`,
		},
		{
			name: "add a second primary email", has: `{"emails":[{"type":"work","value":"a@example.com","primary":true}]}`,
			ops: []string{`{"op":"add","path":"emails","value":[{"type":"home","value":"b@example.com","primary":true}]}`},
			want: `{"emails":[{"type":"work","value":"a@example.com","primary":false},
				{"type":"home","value":"b@example.com","primary":true}]}`,
		},
		{name: "replace id", ops: []string{`{"op":"replace","path":"id","value":"u2"}`}, refuse: "mutability", strict: "mutability"},
		{
			name: "replace an element that is not there and not described",
			has:  `{"emails":[{"type":"work","value":"a@example.com"}]}`,
			ops:  []string{`{"op":"replace","path":"emails[type ne \"work\"].value","value":"x"}`}, refuse: "noTarget", strict: "noTarget",
		},
		{
			name: "replace by null", has: `{"displayName":"D"}`, ops: []string{`{"op":"replace","path":"displayName","value":null}`},
			want: `{}`, used: []scim.Tolerance{scim.NullValue}, strict: "invalidValue",
		},
		{
			name: "an address with dots in the brackets", has: `{"emails":[{"value":"a.b@example.com"}]}`,
			ops:  []string{`{"op":"replace","path":"emails[value eq \"a.b@example.com\"].type","value":"home"}`},
			want: `{"emails":[{"value":"a.b@example.com","type":"home","primary":false}]}`,
		},
		{
			name: "SailPoint: replace of a complex attribute that is not there",
			ops:  []string{`{"op":"replace","path":"name","value":{"givenName":"G"}}`}, want: `{"name":{"givenName":"G"}}`,
		},
		{
			name: "Okta: no path, the id with it", has: `{"displayName":"Old"}`,
			ops:  []string{`{"op":"replace","value":{"id":"u1","displayName":"New"}}`},
			want: `{"displayName":"New"}`, used: []scim.Tolerance{scim.ReadOnlyAttribute}, strict: "mutability",
		},
		{
			name: "authentik: no path, the whole resource", has: `{"displayName":"Old"}`,
			ops: []string{`{"op":"replace","value":{"schemas":["` + coreURN + `"],"id":"u1","meta":{"resourceType":"User"},
				"userName":"ann","displayName":"New","groups":[]}}`},
			want: `{"displayName":"New"}`, used: []scim.Tolerance{scim.ReadOnlyAttribute}, strict: "mutability",
		},
	}
}

func TestRowsOfPatches(t *testing.T) {
	t.Parallel()
	for _, r := range append(rowsOfEntra(), rowsOfOthers()...) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			has := r.has
			if has == "" {
				has = "{}"
			}
			u := person(t, has)
			e := scim.NewEngine(nil, scim.Detect)
			next, _, err := patched(t, e, u, ops(r.ops...))
			if got := refusal(t, err); got != r.refuse {
				t.Fatalf("refused %q (%v), want %q", got, err, r.refuse)
			}
			if r.refuse == "" {
				want := jsonOf(t, `{"userName":"ann","active":true}`)
				maps.Copy(want, jsonOf(t, r.want))
				if d := cmp.Diff(want, state(next)); d != "" {
					t.Errorf("after the PATCH: %s", d)
				}
				if d := cmp.Diff(r.used, e.Used()); d != "" {
					t.Errorf("tolerated: %s", d)
				}
			}
			_, _, err = patched(t, scim.NewEngine(nil, scim.Strict), u, ops(r.ops...))
			if got := refusal(t, err); got != r.strict {
				t.Errorf("strict refuses %q (%v), want %q", got, err, r.strict)
			}
		})
	}
}
