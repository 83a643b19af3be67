package scim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

// A small body may not look at a large list for long, in one PATCH or in many of a bulk.
func TestPatchWorkBounded(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	roles := make([]string, 199)
	for i := range roles {
		roles[i] = fmt.Sprintf(`{"value":"%s%d"}`, strings.Repeat("ABCDEFGHIJ", 120), i)
	}
	id := m.user("ann", `,"roles":[`+strings.Join(roles, ",")+`]`)
	terms := strings.TrimSuffix(strings.Repeat(`value co \"@\" or `, 100), " or ")
	heavy := `{"op":"remove","path":"roles[` + terms + `]"}`
	repeated := func(one string, n int) string { return strings.TrimSuffix(strings.Repeat(one+",", n), ",") }
	before := m.must(200, "GET", "/Users/"+id, "").text

	m.refused(413, "", "PATCH", "/Users/"+id, patchBody(repeated(heavy, 500)))
	m.refused(413, "", "PATCH", "/Users/"+id, patchBody(repeated(`{"op":"add","path":"roles","value":[{"value":"x"}]},{"op":"remove","path":"roles[value eq \"x\"]"}`, 400)))
	operation := `{"method":"PATCH","path":"/Users/` + id + `","data":` + patchBody(heavy) + `}`
	a := m.must(200, "POST", "/Bulk", bulkBody(repeated(operation, 100)))
	done, refused := 0, 0
	for _, o := range a.body["Operations"].([]any) {
		switch o.(map[string]any)["status"] {
		case "200":
			done++
		case "413":
			refused++
		}
	}
	if done == 0 || done > 10 || refused != 100-done {
		t.Errorf("of 100 operations %d were done and %d refused", done, refused)
	}
	if after := m.must(200, "GET", "/Users/"+id, "").text; after != before {
		t.Error("what was refused has changed something")
	}

	// A new request has its own bound, and what a client really sends is far below it.
	m.must(200, "PATCH", "/Users/"+id, patchBody(`{"op":"remove","path":"roles[value ew \"99\"]"}`))
	m.must(200, "PATCH", "/Users/"+m.user("bob"), patchBody(repeated(`{"op":"replace","path":"emails[type eq \"work\"].value","value":"bob@example.com"}`, 1000)))
}

// An edit that a Backend makes again, as after a conflict, is not counted twice.
func TestPatchWorkOfAgain(t *testing.T) {
	t.Parallel()
	e := scim.NewEngine(nil, scim.Strict)
	edit, err := e.PatchUser(ops(op("add", "title", `"`+strings.Repeat("x", 4000)+`"`)))
	if err != nil {
		t.Fatal(err)
	}
	for range 64 << 20 / 4000 * 2 {
		u := scim.User{UserName: "ann"}
		if _, err := edit(&u); err != nil {
			t.Fatal(err)
		}
	}
}

// "Operationſ" is no "Operations": a second list beside the one that is counted.
func TestNamesThatFold(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	id := m.user("ann")
	for range 20 { // maps have no order
		m.must(200, "PATCH", "/Users/"+id, `{"schemas":["`+patchURN+`"],"Operations":[{"op":"replace","path":"title","value":"one"}],`+
			`"Operation\u017f":[{"op":"replace","path":"title","value":"two"}],"\u017fchemas":["urn:example:none"]}`)
		if got := m.must(200, "GET", "/Users/"+id, "").str("title"); got != "one" {
			t.Fatalf("the title is %q", got)
		}
	}
	m.refused(400, "invalidValue", "PATCH", "/Users/"+id, `{"schemas":["`+patchURN+`"],"Operation\u017f":[{"op":"remove","path":"title"}]}`)
	m.refused(400, "invalidSyntax", "POST", "/Bulk", `{"schemas":["`+bulkURN+`"],"Operation\u017f":[{"method":"DELETE","path":"/Users/`+id+`"}]}`)
	m.refused(400, "invalidSyntax", "POST", "/Users/.search", `{"\u017fchemas":["`+searchURN+`"]}`)
	m.must(200, "GET", "/Users/"+id, "")
}

const secretURN = "urn:example:hidden"

func withSecrets(t *testing.T) *scim.Schemas {
	t.Helper()
	s, err := scim.NewSchemas(scim.Extension{ResourceType: "User", Schema: scim.Schema{ID: secretURN, Attributes: []scim.Attribute{
		{Name: "clearance", Type: "string", Mutability: "readOnly"},
		{Name: "desk", Type: "string"},
		{Name: "seat", Type: "complex", SubAttributes: []scim.Attribute{
			{Name: "floor", Type: "string"}, {Name: "checked", Type: "string", Mutability: "readOnly"},
		}},
		{Name: "badges", Type: "complex", MultiValued: true, SubAttributes: []scim.Attribute{
			{Name: "display", Type: "string"}, {Name: "pin", Type: "string", Mutability: "writeOnly", Returned: "never"},
		}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What the server has set in an extension outlives every way to remove what holds it.
func TestReadOnlyWithinWhatIsRemoved(t *testing.T) {
	t.Parallel()
	kept := map[string]any{secretURN: map[string]any{"clearance": "none", "seat": map[string]any{"checked": "yes"}}}
	for _, one := range []string{
		op("remove", secretURN, ""),
		op("replace", secretURN, "null"),
		`{"op":"replace","value":{"` + secretURN + `":null}}`,
		op("replace", secretURN, `{"desk":null,"seat":null,"badges":null,"clearance":"top"}`),
		op("replace", secretURN, `{"desk":"","seat":{"floor":"","checked":"no"},"badges":[],"CLEARANCE":null}`),
		op("remove", secretURN+":seat", "") + "," + op("remove", secretURN+":desk", "") + "," + op("remove", secretURN+":badges", ""),
	} {
		u := scim.User{UserName: "ann", Extra: map[string]any{secretURN: map[string]any{
			"clearance": "none", "desk": "7", "seat": map[string]any{"floor": "2", "checked": "yes"},
			"badges": []any{map[string]any{"display": "old", "pin": "1234"}},
		}}}
		next, _, err := patched(t, scim.NewEngine(withSecrets(t), scim.Detect), u, ops(one))
		if err != nil {
			t.Errorf("%s: %v", one, err)
			continue
		}
		if d := cmp.Diff(kept, next.Extra); d != "" {
			t.Errorf("%s: %s", one, d)
		}
	}
}

// What the server has added to a "value" goes with it.
func TestReadOnlyOfAValue(t *testing.T) {
	t.Parallel()
	for _, one := range []string{op("remove", extURN+":manager", ""), op("replace", extURN, `{"manager":null}`)} {
		u := scim.User{UserName: "ann", Extra: map[string]any{extURN: map[string]any{"manager": map[string]any{"value": "1", "displayName": "One"}}}}
		next, _, err := patched(t, scim.NewEngine(nil, scim.Detect), u, ops(one))
		if err != nil || next.Extra != nil {
			t.Errorf("%s leaves %v, %v", one, next.Extra, err)
		}
	}
}

// A whole resource has no paths into lists; its names are not taken for what they begin with.
func TestBodyHasNoElements(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	for i, name := range []string{`emails.value`, `emails[type eq \"work\"]`, `emails[type eq \"work\"].value`} {
		id := m.user(fmt.Sprint("ann", i), `,"emails":[{"value":"a@example.com","type":"home"}],"`+name+`":"b@example.com"`)
		if a := m.must(200, "GET", "/Users/"+id, ""); strings.Contains(a.text, "b@example.com") || !strings.Contains(a.text, "a@example.com") {
			t.Errorf("%s makes %s", name, a.text)
		}
	}
}

// What is said of a part counts, however the names are sorted, and each time the same.
func TestPartsComeAfterWholes(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	const both = `"name":{"givenName":"whole"},"NAME.givenName":"part","manager":"1","` + extURN + `":{"manager":{"value":"2"}}`
	id := m.user("ann", ","+both)
	for _, how := range []string{"POST", "PATCH", "PUT"} {
		switch how {
		case "PATCH":
			m.must(200, "PATCH", "/Users/"+id, patchBody(`{"op":"replace","value":{`+both+`}}`))
		case "PUT":
			m.must(200, "PUT", "/Users/"+id, userBody("ann", ","+both))
		}
		if a := m.must(200, "GET", "/Users/"+id, ""); a.str("name", "givenName") != "part" || a.str(extURN, "manager", "value") != "1" {
			t.Errorf("%s: %s", how, a.text)
		}
		m.must(200, "PATCH", "/Users/"+id, patchBody(op("remove", "name", ""), op("remove", extURN, "")))
	}
}

// Whether a path finds an element must not tell what nobody may read.
func TestNeverReturnedIsNotChosenBy(t *testing.T) {
	t.Parallel()
	u := scim.User{UserName: "ann", Extra: map[string]any{secretURN: map[string]any{
		"badges": []any{map[string]any{"display": "old", "pin": "1234"}},
	}}}
	for _, one := range []string{
		op("replace", secretURN+`:badges[pin sw "1"].display`, `"x"`), op("replace", secretURN+`:badges[pin sw "2"].display`, `"x"`),
		op("remove", secretURN+`:badges[pin eq "1234"]`, ""), op("remove", secretURN+`:badges[display pr and not (PIN gt "5")]`, ""),
	} {
		_, _, err := patched(t, scim.NewEngine(withSecrets(t), scim.Detect), u, ops(one))
		if refused := (*scim.Error)(nil); !errors.As(err, &refused) || refused.Type != scim.InvalidPath {
			t.Errorf("%s: %v", one, err)
		}
	}
}
