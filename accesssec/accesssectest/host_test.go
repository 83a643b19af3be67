package accesssectest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/accesssectest"
)

// region host

// TestHostLogin is what a host writes to test its login.
func TestHostLogin(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, &accesssectest.Options{Handler: app})
	if got := text(w.Client().Get(w.URL + "/invoices")); !strings.Contains(got, "Email address") {
		t.Errorf("a stranger sees %q", got)
	}
	ann, err := w.SignIn("ann@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if got := text(ann.Get(w.URL + "/invoices")); !strings.Contains(got, "for admins") {
		t.Errorf("Ann sees %q", got)
	}
}

// endregion

// A host's login test has less than 20 lines, from "func" to the last brace.
func TestHostLoginIsShort(t *testing.T) {
	t.Parallel()
	for file, names := range map[string][]string{
		"host_test.go":    {"TestHostLogin"},
		"example_test.go": {"Example", "Example_host"},
	} {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			fn, ok := f.Scope.Lookup(name).Decl.(*ast.FuncDecl)
			if !ok {
				t.Fatalf("%s has no %s", file, name)
			}
			lines := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1
			t.Logf("%s: %d lines", name, lines)
			if lines >= 20 {
				t.Errorf("%s has %d lines", name, lines)
			}
		}
	}
}
