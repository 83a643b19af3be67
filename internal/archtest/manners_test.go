package archtest_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"path"
	"slices"
	"strings"
	"testing"
)

const (
	mostLines     = 500 // of a file
	mostTestLines = 900 // of a test file
	mostFuncLines = 80
)

func TestSizes(t *testing.T) {
	t.Parallel()
	report(t, checkSizes(here(t)))
}

func TestNames(t *testing.T) {
	t.Parallel()
	report(t, checkNames(here(t)))
}

func TestPackageComments(t *testing.T) {
	t.Parallel()
	report(t, checkComments(here(t)))
}

func TestExamples(t *testing.T) {
	t.Parallel()
	report(t, checkExamples(here(t), withoutExample()))
}

// withoutExample are public packages with nothing to run.
func withoutExample() reasons {
	return reasons{
		"store": "interfaces and records; store/memory shows them at work",
	}
}

// checkExamples wants an example that is run and compared, in every package that a
// host can import.
func checkExamples(tr *tree, exempt reasons) []string {
	var out []string
	for _, pkg := range tr.packages() {
		var tests []*ast.File
		public := !strings.HasPrefix(pkg, "internal/") && !strings.HasPrefix(pkg, "examples/") && exempt[pkg] == ""
		for _, f := range tr.files {
			if f.dir() == pkg && f.test {
				tests = append(tests, f.ast)
			}
			public = public && (f.dir() != pkg || f.ast.Name.Name != "main")
		}
		runs := func(e *doc.Example) bool { return e.Output != "" || e.EmptyOutput }
		if public && !slices.ContainsFunc(doc.Examples(tests...), runs) {
			out = append(out, fmt.Sprintf("package %s has no Example with an Output", pkg))
		}
	}
	return out
}

func checkSizes(tr *tree) []string {
	var out []string
	for _, f := range tr.files {
		most := mostLines
		if f.test {
			most = mostTestLines
		}
		if f.lines > most {
			out = append(out, fmt.Sprintf("%s has %d lines, more than %d", f.name, f.lines, most))
		}
		if f.test || table()[f.dir()].testing != "" {
			continue // a table of cases is long and flat
		}
		for _, decl := range f.ast.Decls {
			d, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := tr.fset.Position(d.End()).Line - tr.fset.Position(d.Pos()).Line + 1; n > mostFuncLines {
				out = append(out, fmt.Sprintf("%s: %s has %d lines, more than %d", tr.at(d), d.Name.Name, n, mostFuncLines))
			}
		}
	}
	return out
}

// checkNames refuses names that say nothing about what lies inside.
func checkNames(tr *tree) []string {
	empty := []string{"util", "utils", "helper", "helpers", "common", "manager", "misc", "base", "models", "types", "pkg"}
	var out []string
	for _, f := range tr.files {
		parts := strings.Split(strings.TrimSuffix(f.name, ".go"), "/")
		parts = append(parts, strings.Split(strings.TrimSuffix(path.Base(f.name), ".go"), "_")...)
		for _, part := range parts {
			if slices.Contains(empty, part) {
				out = append(out, fmt.Sprintf("%s: %q names nothing; name it by its noun", f.name, part))
				break
			}
		}
	}
	return out
}

// checkComments wants one package comment in the form the documentation tools expect.
func checkComments(tr *tree) []string {
	var out []string
	for _, pkg := range tr.packages() {
		var said []string
		for _, f := range tr.code() {
			if f.dir() == pkg && f.ast.Doc != nil {
				said = append(said, f.name)
				start := "Package " + f.ast.Name.Name
				if f.ast.Name.Name == "main" {
					start = strings.ToUpper(path.Base(pkg)[:1]) + path.Base(pkg)[1:]
				}
				if first := new(doc.Package).Synopsis(f.ast.Doc.Text()); !strings.HasPrefix(first, start+" ") {
					out = append(out, fmt.Sprintf("%s: the package comment is to start with %q", f.name, start))
				}
			}
		}
		if len(said) != 1 {
			out = append(out, fmt.Sprintf("package %s has %d package comments %v; it is to have one", pkg, len(said), said))
		}
	}
	return out
}
