package scim_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/filter"
)

func TestRowsOfOddPaths(t *testing.T) {
	t.Parallel()
	tests := []row{
		{
			name: "brackets in a name of the value", ops: []string{`{"op":"replace","value":{"emails[type eq \"work\"].value":"x"}}`},
			want: `{"emails":[{"type":"work","value":"x"}]}`,
			used: []scim.Tolerance{scim.DottedKey, scim.ElementCreated}, strict: "invalidSyntax",
		},
		{
			name: "text without quotes in brackets", has: `{"emails":[{"type":"7","value":"y"}]}`, ops: []string{op("replace", `emails[type eq 7].value`, `"x"`)},
			want: `{"emails":[{"type":"7","value":"x"}]}`,
			used: []scim.Tolerance{scim.UnquotedFilter}, strict: "invalidPath",
		},
		{
			name: "null within an object of many", has: `{"title":"T","emails":[{"value":"x"}]}`,
			ops:  []string{`{"op":"replace","value":{"title":null,"emails":null,"nickName":"N"}}`},
			want: `{"nickName":"N"}`, used: []scim.Tolerance{scim.NullValue}, strict: "invalidValue",
		},
		{
			name: "null added to a list", has: `{"emails":[{"value":"x"}]}`, ops: []string{op("add", "emails", "null")},
			want: `{"emails":[{"value":"x"}]}`, used: []scim.Tolerance{scim.NullValue}, strict: "invalidValue",
		},
		{
			name: "null for an element", has: `{"emails":[{"value":"x","type":"work"}]}`, ops: []string{op("replace", `emails[type eq "work"]`, "null")},
			want: `{}`, used: []scim.Tolerance{scim.NullValue}, strict: "invalidValue",
		},
		{
			name: "a part of elements that are not there", ops: []string{op("replace", "emails.value", `"x"`)},
			want: `{"emails":[{"value":"x"}]}`, used: []scim.Tolerance{scim.ElementCreated}, strict: "noTarget",
		},
		{
			name: "a part of elements that are not there, removed", ops: []string{op("remove", "emails.value", "")}, want: `{}`,
		},
		{
			name: "a remove in brackets with a value", has: `{"emails":[{"value":"x","type":"work"}]}`,
			ops: []string{op("remove", `emails[type eq "work"]`, `[{"value":"y"}]`)}, want: `{}`,
			used: []scim.Tolerance{scim.RemoveWithValue}, strict: "invalidValue",
		},
		{
			name: "a remove of what is left out", ops: []string{op("remove", "nobody", "")}, want: `{}`,
			used: []scim.Tolerance{scim.UnknownAttribute}, strict: "invalidPath",
		},
		{
			name: "a name that could be none", ops: []string{`{"op":"add","value":{"my title[0]":"x","title":"T"}}`}, want: `{"title":"T"}`,
			used: []scim.Tolerance{scim.UnknownAttribute}, strict: "invalidPath",
		},
		{
			name: "schemas that nobody serves", ops: []string{op("add", "schemas", `["urn:example:nobody"]`)}, want: `{}`,
			used: []scim.Tolerance{scim.UnknownSchema}, strict: "invalidValue",
		},
		{name: "one schema without an array", ops: []string{op("add", "schemas", `"`+extURN+`"`)}, want: `{}`},
		{
			name: "a new element takes the place of the primary one", has: `{"emails":[{"value":"x","primary":true}]}`,
			ops:  []string{op("add", `emails[type eq "work"]`, `{"value":"y","primary":true}`)},
			want: `{"emails":[{"value":"x"},{"type":"work","value":"y","primary":true}]}`,
			used: []scim.Tolerance{scim.ElementCreated}, strict: "noTarget",
		},
		{
			name: "an element takes the place of the primary one", has: `{"emails":[{"value":"x","primary":true},{"value":"y"}]}`,
			ops:  []string{op("replace", `emails[value eq "y"]`, `{"primary":true}`)},
			want: `{"emails":[{"value":"x"},{"value":"y","primary":true}]}`,
		},
		{
			name: "the primary one is it no more", has: `{"emails":[{"value":"x","primary":true},{"value":"y"}]}`,
			ops:  []string{op("replace", `emails[value eq "x"].primary`, `false`)},
			want: `{"emails":[{"value":"x"},{"value":"y"}]}`,
		},
	}
	for _, r := range tests {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			has := r.has
			if has == "" {
				has = "{}"
			}
			u := person(t, has)
			e := scim.NewEngine(nil, scim.Detect)
			next, _, err := patched(t, e, u, ops(r.ops...))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(state(person(t, r.want)), state(next)); d != "" {
				t.Errorf("after the PATCH: %s", d)
			}
			if d := cmp.Diff(r.used, e.Used()); d != "" {
				t.Errorf("tolerated: %s", d)
			}
			_, _, err = patched(t, scim.NewEngine(nil, scim.Strict), u, ops(r.ops...))
			if got := refusal(t, err); got != r.strict {
				t.Errorf("strict refuses %q (%v), want %q", got, err, r.strict)
			}
		})
	}
}

// A name that two extensions have is nobody's without a URN.
func TestBareNamesAreOne(t *testing.T) {
	t.Parallel()
	extension := func(urn string, names ...string) scim.Extension {
		x := scim.Extension{ResourceType: "User", Schema: scim.Schema{ID: urn}}
		for _, n := range names {
			x.Schema.Attributes = append(x.Schema.Attributes, scim.Attribute{Name: n, Type: filter.String})
		}
		return x
	}
	s, err := scim.NewSchemas(extension("urn:example:one", "both", "alone", "title"), extension("urn:example:two", "BOTH", "department"))
	if err != nil {
		t.Fatal(err)
	}
	e := scim.NewEngine(s, scim.Detect)
	next, _, err := patched(t, e, person(t, "{}"), ops(
		op("add", "both", `"x"`), op("add", "department", `"x"`), op("add", "Alone", `"x"`), op("add", "title", `"x"`),
	))
	if err != nil {
		t.Fatal(err)
	}
	want := jsonOf(t, `{"userName":"ann","active":true,"title":"x","urn:example:one":{"alone":"x"}}`)
	if d := cmp.Diff(want, state(next)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]scim.Tolerance{scim.UnknownAttribute, scim.BareExtension}, e.Used()); d != "" {
		t.Error(d)
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	tests := []struct{ emails, want string }{
		{`[]`, ""},
		{`[{"value":"a","type":"home"},{"value":"b","type":"home"}]`, "a"},
		{`[{"value":"a","type":"home"},{"value":"b","type":"work"},{"value":"c","type":"work"}]`, "b"},
		{`[{"value":"a","type":"work"},{"value":"b","type":"home","primary":true}]`, "b"},
		{`[{"type":"work","primary":true},{"value":"b","type":"home"}]`, "b"},
	}
	for _, tt := range tests {
		if got := person(t, `{"emails":`+tt.emails+`}`).Address(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.emails, got, tt.want)
		}
	}
}
