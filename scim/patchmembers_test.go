package scim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

func TestRowsOfMembers(t *testing.T) {
	t.Parallel()
	type change = scim.MemberChange
	tests := []struct {
		name   string
		ops    []string
		want   change
		rename string
		refuse string
		used   []scim.Tolerance
		strict string
	}{
		{
			name: "Entra: remove with the member in value", ops: []string{`{"op":"Remove","path":"members","value":[{"$ref":null,"value":"a"}]}`},
			want: change{Remove: []string{"a"}}, used: []scim.Tolerance{scim.OpCase, scim.RemoveWithValue}, strict: "invalidSyntax",
		},
		{
			name: "authentik: remove with the member in value", ops: []string{`{"op":"remove","path":"members","value":[{"value":"a"}]}`},
			want: change{Remove: []string{"a"}}, used: []scim.Tolerance{scim.RemoveWithValue}, strict: "invalidValue",
		},
		{
			name: "Salesforce: remove with members in value", ops: []string{`{"op":"remove","path":"members","value":{"members":[{"value":"a"}]}}`},
			want: change{Remove: []string{"a"}}, used: []scim.Tolerance{scim.RemoveWithValue}, strict: "invalidValue",
		},
		{
			name: "Salesforce: the same without a path", ops: []string{`{"op":"remove","value":{"members":[{"value":"a"}]}}`},
			want: change{Remove: []string{"a"}}, used: []scim.Tolerance{scim.RemoveWithValue}, strict: "noTarget",
		},
		{name: "remove in brackets", ops: []string{`{"op":"remove","path":"members[value eq \"a\"]"}`}, want: change{Remove: []string{"a"}}},
		{name: "remove two in brackets", ops: []string{`{"op":"remove","path":"members[value eq \"a\" or value eq \"b\"]"}`}, want: change{Remove: []string{"a", "b"}}},
		{name: "path in another case", ops: []string{`{"op":"remove","path":"Members[Value eq \"A\"]"}`}, want: change{Remove: []string{"A"}}},
		{
			name: "path with the URN", ops: []string{`{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:Group:members","value":[{"value":"a"}]}`},
			want: change{Add: []string{"a"}},
		},
		{name: "add one twice", ops: []string{`{"op":"add","path":"members","value":[{"value":"a"},{"value":"a"}]}`}, want: change{Add: []string{"a"}}},
		{
			name: "remove two by value", ops: []string{`{"op":"remove","path":"members","value":[{"value":"a"},{"value":"b"}]}`},
			want: change{Remove: []string{"a", "b"}}, used: []scim.Tolerance{scim.RemoveWithValue}, strict: "invalidValue",
		},
		{
			name: "remove by value, another display", ops: []string{`{"op":"remove","path":"members","value":[{"value":"a","display":"Other","type":"Group"}]}`},
			want: change{Remove: []string{"a"}}, used: []scim.Tolerance{scim.RemoveWithValue}, strict: "invalidValue",
		},
		{
			name: "Okta: remove and add in one", ops: []string{
				`{"op":"remove","path":"members[value eq \"a\"]"}`, `{"op":"add","path":"members","value":[{"value":"b","display":"B"}]}`,
			},
			want: change{Add: []string{"b"}, Remove: []string{"a"}},
		},
		{
			name: "add, then remove", ops: []string{
				`{"op":"add","path":"members","value":[{"value":"a"}]}`, `{"op":"remove","path":"members[value eq \"a\"]"}`,
			},
			want: change{Remove: []string{"a"}},
		},
		{
			name: "remove, then add", ops: []string{
				`{"op":"remove","path":"members[value eq \"a\"]"}`, `{"op":"add","path":"members","value":[{"value":"a"}]}`,
			},
			want: change{Add: []string{"a"}},
		},
		{name: "no path, add", ops: []string{`{"op":"add","value":{"members":[{"value":"a"}]}}`}, want: change{Add: []string{"a"}}},
		{name: "replace", ops: []string{`{"op":"replace","path":"members","value":[{"value":"a"},{"value":"b"}]}`}, want: change{Clear: true, Add: []string{"a", "b"}}},
		{name: "Okta: push of an empty group", ops: []string{`{"op":"replace","path":"members","value":[]}`}, want: change{Clear: true}},
		{
			name: "Okta: no path, members of none", ops: []string{`{"op":"replace","value":{"members":[],"id":"g1","displayName":"New"}}`},
			want: change{Clear: true}, rename: "New", used: []scim.Tolerance{scim.ReadOnlyAttribute}, strict: "mutability",
		},
		{
			name: "Okta: rename", ops: []string{`{"op":"replace","value":{"id":"g1","displayName":"New"}}`},
			rename: "New", used: []scim.Tolerance{scim.ReadOnlyAttribute}, strict: "mutability",
		},
		{
			name: "a replace that names no members", ops: []string{`{"op":"replace","value":{"displayName":"New","members":null}}`},
			rename: "New", used: []scim.Tolerance{scim.NullValue}, strict: "invalidValue",
		},
		{
			name: "replace, then remove and add", ops: []string{
				`{"op":"replace","path":"members","value":[{"value":"a"},{"value":"b"}]}`,
				`{"op":"remove","path":"members[value eq \"a\"]"}`, `{"op":"add","path":"members","value":[{"value":"c"}]}`,
			},
			want: change{Clear: true, Add: []string{"b", "c"}},
		},
		{
			name: "add, then remove all, then add", ops: []string{
				`{"op":"add","path":"members","value":[{"value":"a"}]}`, `{"op":"remove","path":"members"}`,
				`{"op":"add","path":"members","value":[{"value":"b"}]}`,
			},
			want: change{Clear: true, Add: []string{"b"}},
		},
		{name: "remove all", ops: []string{`{"op":"remove","path":"members"}`}, want: change{Clear: true}},
		{
			name: "remove of none", ops: []string{`{"op":"remove","path":"members","value":[]}`},
			used: []scim.Tolerance{scim.RemoveWithValue}, strict: "invalidValue",
		},
		{name: "add of none", ops: []string{`{"op":"add","path":"members","value":[]}`}},
		{name: "one object", ops: []string{`{"op":"add","path":"members","value":{"value":"a"}}`}, want: change{Add: []string{"a"}}},
		{
			name: "ids alone", ops: []string{`{"op":"add","path":"members","value":["a","b"]}`},
			want: change{Add: []string{"a", "b"}}, used: []scim.Tolerance{scim.ValueForComplex}, strict: "invalidValue",
		},
		{name: "remove with null", ops: []string{`{"op":"remove","path":"members","value":null}`}, refuse: "invalidValue", strict: "invalidValue"},
		{name: "replace with null", ops: []string{`{"op":"replace","path":"members","value":null}`}, refuse: "invalidValue", strict: "invalidValue"},
		{name: "no value", ops: []string{`{"op":"add","path":"members","value":[{"display":"A"}]}`}, refuse: "invalidValue", strict: "invalidValue"},
		{name: "null value", ops: []string{`{"op":"add","path":"members","value":[{"value":null}]}`}, refuse: "invalidValue", strict: "invalidValue"},
		{name: "null member", ops: []string{`{"op":"replace","path":"members","value":[null]}`}, refuse: "invalidValue", strict: "invalidValue"},
		{name: "long id", ops: []string{`{"op":"add","path":"members","value":[{"value":"` + strings.Repeat("a", 256) + `"}]}`}, refuse: "invalidValue", strict: "invalidValue"},
		{name: "chosen by what they are not", ops: []string{`{"op":"remove","path":"members[not (value eq \"a\")]"}`}, refuse: "invalidPath", strict: "invalidPath"},
		{name: "chosen by display", ops: []string{`{"op":"remove","path":"members[display eq \"a\"]"}`}, refuse: "invalidPath", strict: "invalidPath"},
		{name: "chosen by a part of the id", ops: []string{`{"op":"remove","path":"members[value sw \"a\"]"}`}, refuse: "invalidPath", strict: "invalidPath"},
		{name: "another value", ops: []string{`{"op":"replace","path":"members[value eq \"a\"].value","value":"b"}`}, refuse: "mutability", strict: "mutability"},
		{name: "all values", ops: []string{`{"op":"replace","path":"members.value","value":"b"}`}, refuse: "mutability", strict: "mutability"},
		{name: "replace in brackets", ops: []string{`{"op":"replace","path":"members[value eq \"a\"]","value":{"value":"b"}}`}, refuse: "mutability", strict: "mutability"},
		{name: "name removed", ops: []string{`{"op":"remove","path":"displayName"}`}, refuse: "mutability", strict: "mutability"},
		{name: "name of nothing", ops: []string{`{"op":"replace","path":"displayName","value":""}`}, refuse: "invalidValue", strict: "invalidValue"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := scim.NewEngine(nil, scim.Detect)
			edit, got, err := e.PatchGroup(ops(tt.ops...))
			if r := refusal(t, err); r != tt.refuse {
				t.Fatalf("refused %q (%v), want %q", r, err, tt.refuse)
			}
			_, _, err = scim.NewEngine(nil, scim.Strict).PatchGroup(ops(tt.ops...))
			if r := refusal(t, err); r != tt.strict {
				t.Errorf("strict refuses %q (%v), want %q", r, err, tt.strict)
			}
			if tt.refuse != "" {
				return
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("members: %s", d)
			}
			if d := cmp.Diff(tt.used, e.Used()); d != "" {
				t.Errorf("tolerated: %s", d)
			}
			g := scim.Group{ID: "g1", DisplayName: "Old"}
			changed, err := edit(&g)
			if err != nil || changed != (tt.rename != "") || changed && g.DisplayName != tt.rename {
				t.Errorf("the group is %+v, %v, %v", g, changed, err)
			}
		})
	}
}

// Folding says of each member what doing the operations one by one would.
func TestMembersFoldAsOneByOne(t *testing.T) {
	t.Parallel()
	words := []string{
		`{"op":"add","path":"members","value":[{"value":"a"},{"value":"b"}]}`,
		`{"op":"remove","path":"members[value eq \"a\"]"}`,
		`{"op":"remove","path":"members","value":[{"value":"b"},{"value":"c"}]}`,
		`{"op":"replace","path":"members","value":[{"value":"b"},{"value":"d"}]}`,
		`{"op":"remove","path":"members"}`,
		`{"op":"add","path":"members","value":[{"value":"c"}]}`,
	}
	does := []func(map[string]bool){
		func(m map[string]bool) { m["a"], m["b"] = true, true },
		func(m map[string]bool) { delete(m, "a") },
		func(m map[string]bool) { delete(m, "b"); delete(m, "c") },
		func(m map[string]bool) { clear(m); m["b"], m["d"] = true, true },
		func(m map[string]bool) { clear(m) },
		func(m map[string]bool) { m["c"] = true },
	}
	n := len(words)
	for i := range n * n * n * n {
		var said []string
		want := map[string]bool{"a": true, "c": true, "e": true}
		got := map[string]bool{"a": true, "c": true, "e": true}
		for k, j := 0, i; k < 4; k, j = k+1, j/n {
			said = append(said, words[j%n])
			does[j%n](want)
		}
		_, m, err := scim.NewEngine(nil, scim.Detect).PatchGroup(ops(said...))
		if err != nil {
			t.Fatal(err)
		}
		if m.Clear {
			clear(got)
		}
		for _, id := range m.Remove {
			delete(got, id)
		}
		for _, id := range m.Add {
			got[id] = true
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%s: %s", strings.Join(said, "\n"), d)
		}
		for _, id := range m.Remove {
			if strings.Contains(fmt.Sprint(m.Add), id) {
				t.Fatalf("%s is added and removed: %+v", id, m)
			}
		}
	}
}
