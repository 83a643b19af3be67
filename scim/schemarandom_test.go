package scim_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/filter"
)

const randomURN = "urn:example:random"

// randomAttributes have every mutability and returned in every place, as a host may have them.
func randomAttributes(r *rand.Rand, sub bool) []scim.Attribute {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	var out []scim.Attribute
	for i := range 1 + r.IntN(5) {
		a := scim.Attribute{Name: fmt.Sprintf("a%d", i), Type: filter.String,
			Mutability: pick("readWrite", "readWrite", "readOnly", "immutable", "writeOnly"), Returned: pick("default", "default", "always", "never", "request")}
		if sub && i == 0 && r.IntN(2) == 0 {
			a.Name = "value"
		}
		if a.Mutability == "writeOnly" {
			a.Returned = "never"
		}
		if !sub {
			a.MultiValued = r.IntN(3) == 0
			if r.IntN(2) == 0 {
				a.Type, a.SubAttributes = filter.Complex, randomAttributes(r, true)
			}
		}
		out = append(out, a)
	}
	return out
}

// randomValue fills in all of an attribute: each text says whose it is, and whether anybody may
// read it.
func randomValue(a scim.Attribute, hidden bool, who string) any {
	hidden = hidden || a.Returned == "never"
	var v any = who
	if hidden {
		v = who + "-HIDDEN"
	}
	if a.Type == filter.Complex {
		m := map[string]any{}
		for _, s := range a.SubAttributes {
			m[s.Name] = randomValue(s, hidden, who)
		}
		v = m
	}
	if a.MultiValued {
		v = []any{v}
	}
	return v
}

func randomExtra(attributes []scim.Attribute, who string) map[string]any {
	m := map[string]any{}
	for _, a := range attributes {
		m[a.Name] = randomValue(a, false, who)
	}
	return m
}

// readOnlyOf is what of an extension nobody but the server may change.
func readOnlyOf(attributes []scim.Attribute, of map[string]any) map[string]any {
	out := map[string]any{}
	for _, a := range attributes {
		v, ok := of[a.Name]
		if !ok {
			continue
		}
		if a.Mutability == "readOnly" {
			out[a.Name] = v
			continue
		}
		bound := false // what belongs to a value goes with it
		for _, s := range a.SubAttributes {
			bound = bound || s.Name == "value"
		}
		if inner, ok := v.(map[string]any); ok && !bound {
			if kept := readOnlyOf(a.SubAttributes, inner); len(kept) > 0 {
				out[a.Name] = kept
			}
		}
	}
	return out
}

// Whatever the schemas of a host: no request shows what is never returned, changes what is
// read-only, or ends in anything but an answer.
func TestRandomSchemas(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7643, 7))
	done, refused := 0, 0
	for range 300 {
		attributes := randomAttributes(r, false)
		s, err := scim.NewSchemas(scim.Extension{ResourceType: "User", Schema: scim.Schema{ID: randomURN, Attributes: attributes}})
		if err != nil {
			t.Fatal(err)
		}
		u := scim.User{ID: "u1", UserName: "ann", Active: true, Extra: map[string]any{randomURN: randomExtra(attributes, "server")}}
		paths := []string{randomURN}
		for _, a := range attributes {
			paths = append(paths, randomURN+":"+a.Name)
			for _, sub := range a.SubAttributes {
				paths = append(paths, randomURN+":"+a.Name+"."+sub.Name)
			}
		}
		for _, path := range paths {
			for _, v := range []scim.View{{Attributes: []string{path}}, {Excluded: []string{path}}, {Attributes: []string{path, randomURN}}, {}} {
				shown, err := scim.NewEngine(s, scim.Detect).User(u, nil, v)
				if err != nil || strings.Contains(shown, "HIDDEN") {
					t.Fatalf("%+v with %+v shows %s, %v", attributes, v, shown, err)
				}
			}
			for _, one := range []string{op("remove", path, ""), op("replace", path, `"x"`), op("add", path, `{"value":"x"}`), op("replace", path, "null"),
				op("replace", randomURN, mustJSON(t, randomExtra(attributes, "client"))), op("remove", path, `[{"value":"server"}]`)} {
				next, _, err := patched(t, scim.NewEngine(s, scim.Detect), u, ops(one))
				if kind := (*scim.Error)(nil); err != nil && !errors.As(err, &kind) {
					t.Fatal(err)
				}
				if err != nil {
					refused++
					continue
				}
				done++
				extra, _ := next.Extra[randomURN].(map[string]any)
				if d := cmp.Diff(readOnlyOf(attributes, u.Extra[randomURN].(map[string]any)), readOnlyOf(attributes, extra)); d != "" {
					t.Fatalf("%+v: %s has changed what is read-only: %s", attributes, one, d)
				}
			}
		}
		edit, err := scim.NewEngine(s, scim.Detect).ReplaceUser(userBody("ann", `,"`+randomURN+`":`+mustJSON(t, randomExtra(attributes, "client"))))
		if err != nil {
			t.Fatal(err)
		}
		next := u
		if _, err := edit(&next); err == nil {
			if d := cmp.Diff(readOnlyOf(attributes, u.Extra[randomURN].(map[string]any)), readOnlyOf(attributes, next.Extra[randomURN].(map[string]any))); d != "" {
				t.Fatalf("%+v: a PUT has changed what is read-only: %s", attributes, d)
			}
		}
	}
	if done < 1000 || refused < 1000 {
		t.Errorf("%d done and %d refused: they are too alike", done, refused)
	}
}
