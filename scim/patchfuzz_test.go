package scim_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

// No body panics; what is refused is refused with a *scim.Error and changes nothing; what comes
// of one that is taken can be written, read again, and is the same.
func FuzzPatch(f *testing.F) {
	for _, r := range append(rowsOfEntra(), rowsOfOthers()...) {
		f.Add(ops(r.ops...), r.has)
	}
	f.Add(ops(op("add", hostURN+":keys", `[{"value":"k","serial":1}]`), op("remove", `emails[value ew "x" or not (type pr)].type`, "")), `{"emails":[{"value":"x"}]}`)
	schemas, err := scim.NewSchemas(scim.Extension{ResourceType: "User", Schema: scim.Schema{ID: "urn:example:x", Attributes: []scim.Attribute{
		{Name: "floor", Type: "integer"}, {Name: "tags", Type: "string", MultiValued: true}, {Name: "badge", Type: "string", Mutability: "immutable"},
	}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body, has string) {
		u := scim.User{ID: "u1", UserName: "ann", Active: true}
		if start, err := scim.NewEngine(schemas, scim.Detect).ParseUser(
			`{"schemas":["` + coreURN + `"],"userName":"ann","` + extURN + `":{"department":"D"},` + trimmed(has)); err == nil {
			u = start
		}
		for _, profile := range []scim.Profile{scim.Detect, scim.Strict} {
			e := scim.NewEngine(schemas, profile)
			next, changed, err := patched(t, e, u, body)
			if err != nil {
				var refused *scim.Error
				if !errors.As(err, &refused) || refused.Status != 400 && refused.Status != 413 {
					t.Fatalf("%v is no refusal", err)
				}
				continue
			}
			if changed && next.UserName == "" {
				t.Fatal("the userName has gone")
			}
			sent, err := e.User(next, nil, scim.View{Excluded: []string{"id", "meta"}})
			if err != nil {
				t.Fatal(err)
			}
			back, err := scim.NewEngine(schemas, scim.Strict).ParseUser(sent)
			if err != nil {
				t.Fatalf("%s: %v", sent, err)
			}
			back.ID, back.Meta = next.ID, next.Meta
			if d := cmp.Diff(next, back); d != "" {
				t.Fatalf("%s: %s", sent, d)
			}
			if n := primaries(next); n > 1 {
				t.Fatalf("%d primary emails", n)
			}
		}
	})
}

// trimmed is an object without its first brace; "}" for none.
func trimmed(s string) string {
	if len(s) < 2 || s[0] != '{' {
		return `"title":"T"}`
	}
	return s[1:]
}

func primaries(u scim.User) int {
	n := 0
	for _, e := range u.Emails {
		if e.Primary {
			n++
		}
	}
	return n
}
