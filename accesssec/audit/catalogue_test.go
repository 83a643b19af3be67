package audit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec/audit"
)

// declared reads from the source which constants of type Type there are.
func declared(t *testing.T) []audit.Type {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "catalogue.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var types []audit.Type
	for _, d := range file.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, s := range gen.Specs {
			spec := s.(*ast.ValueSpec)
			if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != "Type" {
				continue
			}
			for _, v := range spec.Values {
				name, err := strconv.Unquote(v.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				types = append(types, audit.Type(name))
			}
		}
	}
	return types
}

func TestCatalogueHoldsEveryType(t *testing.T) {
	t.Parallel()
	var listed []audit.Type
	for _, e := range audit.Catalogue() {
		listed = append(listed, e.Type)
	}
	want := declared(t)
	if len(want) < 20 {
		t.Fatalf("only %d constants were found in the source", len(want))
	}
	slices.Sort(want)
	slices.Sort(listed)
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("constants (-) and catalogue (+) differ:\n%s", diff)
	}
	if len(slices.Compact(listed)) != len(want) {
		t.Error("a type is listed twice")
	}
}

func TestCatalogueEntries(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^[a-z]+\.[a-z_]+$`)
	severities := []audit.Severity{audit.Info, audit.Notice, audit.High}
	for _, e := range audit.Catalogue() {
		if !name.MatchString(string(e.Type)) {
			t.Errorf("%q is not noun.verb", e.Type)
		}
		if !slices.Contains(severities, e.Severity) {
			t.Errorf("%s has severity %q", e.Type, e.Severity)
		}
		if !strings.HasSuffix(e.Sentence, ".") || strings.Count(e.Sentence, ".") != 1 {
			t.Errorf("%s: %q is not one sentence", e.Type, e.Sentence)
		}
		if got, ok := audit.Lookup(e.Type); !ok || got != e {
			t.Errorf("Lookup(%s) = %+v, %v", e.Type, got, ok)
		}
	}
	if e, _ := audit.Lookup(audit.LoginBypassed); e.Severity != audit.High {
		t.Errorf("a bypass of single sign-on is %s", e.Severity)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	e, ok := audit.Lookup("host.report_exported")
	if !ok || e.Type != "host.report_exported" || e.Severity != audit.Info || e.Sentence == "" {
		t.Errorf("a host's own type: %+v, %v", e, ok)
	}
	for _, unknown := range []audit.Type{"", "host", "host.", "user", "user.created ", "User.Created", "hostile.event", "host.Ü", "host.a b"} {
		if e, ok := audit.Lookup(unknown); ok {
			t.Errorf("%q was found: %+v", unknown, e)
		}
	}
}

func TestCatalogueIsTheCallers(t *testing.T) {
	t.Parallel()
	audit.Catalogue()[0].Sentence = "changed"
	if audit.Catalogue()[0].Sentence == "changed" {
		t.Error("a caller changed the catalogue")
	}
}
