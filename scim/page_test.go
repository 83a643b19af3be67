package scim_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

var update = flag.Bool("update", false, "write the tables of docs/scim.md anew")

// The tables of docs/scim.md are made from what is served. After a change of that:
// go test ./scim -run TestPage -update
func TestPage(t *testing.T) {
	t.Parallel()
	const name = "../docs/scim.md"
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	m := serve(t, nil)
	want := string(page)
	for _, table := range []struct{ title, text string }{
		{"places", places(m)},
		{"tolerances", toleranceTable(t)},
		{"schemas", schemaTables(m)},
	} {
		want = between(t, want, table.title, table.text)
	}
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("docs/scim.md says something else (-made +there); run this test with -update\n%s", diff)
	}
}

// between puts text in the place of that title in the page.
func between(t *testing.T, page, title, text string) string {
	t.Helper()
	begin, end := "<!-- table: "+title+" -->\n", "<!-- end -->\n"
	head, rest, ok := strings.Cut(page, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("docs/scim.md has no place for %q", title)
	}
	return head + begin + text + end + tail
}

// tableOf writes one.
func tableOf(head []string, rows [][]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r, " | "))
	}
	return b.String()
}

// places asks for what each may.
func places(m *mount) string {
	var rows [][]string
	for _, row := range []struct{ path, shown, what string }{
		{"/Users", "/Users", "list and make users"},
		{"/Users/x", "/Users/{id}", "one user"},
		{"/Groups", "/Groups", "list and make groups"},
		{"/Groups/x", "/Groups/{id}", "one group"},
		{"/Users/.search", "/Users/.search", "list users, with the parameters in a body"},
		{"/Groups/.search", "/Groups/.search", "list groups so"},
		{"", "/", "list both"},
		{"/.search", "/.search", "list both, with the parameters in a body"},
		{"/Bulk", "/Bulk", "many operations at once"},
		{"/Me", "/Me", "the user that the token is for"},
		{"/ServiceProviderConfig", "/ServiceProviderConfig", "what is supported"},
		{"/ResourceTypes", "/ResourceTypes", "the types of resources; also `/ResourceTypes/{name}`"},
		{"/Schemas", "/Schemas", "their attributes; also `/Schemas/{urn}`"},
	} {
		a := m.must(405, "TRACE", row.path, "")
		rows = append(rows, []string{"`" + row.shown + "`", a.header.Get("Allow"), row.what})
	}
	return tableOf([]string{"path", "methods", "what"}, rows)
}

// toleranceTable has those of the source, with their comments, and who takes them.
func toleranceTable(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "tolerance.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	head := []string{"tolerance", "what it is"}
	for _, p := range scim.Profiles() {
		head = append(head, "`"+string(p)+"`")
	}
	var rows [][]string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Comment == nil {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		row := []string{"`" + value + "`", strings.ReplaceAll(strings.TrimSpace(spec.Comment.Text()), "|", `\|`)}
		for _, p := range scim.Profiles() {
			takes := "-"
			if p.Takes(scim.Tolerance(value)) {
				takes = "yes"
			}
			row = append(row, takes)
		}
		rows = append(rows, row)
		return true
	})
	if len(rows) < 20 {
		t.Fatalf("only %d tolerances", len(rows))
	}
	return tableOf(head, rows)
}

// schemaTables are the schemas as they are served.
func schemaTables(m *mount) string {
	var b strings.Builder
	list, _ := m.must(200, "GET", "/Schemas", "").body["Resources"].([]any)
	for i, one := range list {
		s := one.(map[string]any)
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "**%s**, `%s`\n\n", s["name"], s["id"])
		b.WriteString(tableOf([]string{"attribute", "type", "required", "mutability", "returned", "case", "unique", "what it is"},
			attributeRows("", s["attributes"].([]any))))
	}
	return b.String()
}

func attributeRows(prefix string, list []any) [][]string {
	var rows [][]string
	for _, one := range list {
		a := one.(map[string]any)
		yes := func(name, text string) string {
			if a[name] == true {
				return text
			}
			return "-"
		}
		kind := a["type"].(string)
		if a["multiValued"] == true {
			kind += "[]"
		}
		name := prefix + a["name"].(string)
		unique := a["uniqueness"].(string)
		if unique == "none" {
			unique = "-"
		}
		matters := yes("caseExact", "matters")
		what, _ := a["description"].(string)
		rows = append(rows, []string{"`" + name + "`", kind, yes("required", "yes"), a["mutability"].(string), a["returned"].(string), matters, unique,
			strings.ReplaceAll(what, "|", `\|`)})
		if subs, ok := a["subAttributes"].([]any); ok {
			rows = append(rows, attributeRows(name+".", subs)...)
		}
	}
	return rows
}
