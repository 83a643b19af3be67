package lessons

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// cases are what a directory tests: functions by their names with the words in them, and
// the words of what a suite calls its cases; and by function the functions that it names,
// and those that it calls.
type cases struct {
	tests map[string]map[string]bool
	suite map[string]bool
	named map[string]map[string]string
	calls map[string][]string
}

// names reports whether fn, or what it calls, has a table with that name in it.
func (c *cases) names(fn, name string) bool {
	return c.named[fn][name] != "" || slices.ContainsFunc(c.calls[fn], func(called string) bool { return c.named[called][name] != "" })
}

func (c *cases) has(name string) bool {
	test, sub, isSub := strings.Cut(name, "/")
	if !strings.HasPrefix(test, "Test") {
		return c.suite[name]
	}
	return c.tests[test] != nil && (!isSub || c.tests[test][sub])
}

func readCases(t *testing.T, dir string) *cases {
	t.Helper()
	entries, err := os.ReadDir(filepath.FromSlash(dir))
	if err != nil {
		t.Fatal(err)
	}
	out := &cases{tests: map[string]map[string]bool{}, suite: map[string]bool{}, named: map[string]map[string]string{}, calls: map[string][]string{}}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(filepath.FromSlash(dir), e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if strings.HasSuffix(e.Name(), "_test.go") {
				if fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
					out.tests[fn.Name.Name] = words(fn)
				}
				continue
			}
			if fn.Recv == nil {
				out.named[fn.Name.Name] = named(fn)
				out.calls[fn.Name.Name] = calls(fn)
			}
			for _, name := range called(fn) {
				out.suite[name] = true
			}
		}
	}
	return out
}

// words are the strings in fn.
func words(fn ast.Node) map[string]bool {
	out := map[string]bool{}
	ast.Inspect(fn, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				out[s] = true
			}
		}
		return true
	})
	return out
}

// called are the names that fn gives to what it runs, by run("name", …) or Run("name", …),
// and in a table of functions.
func called(fn *ast.FuncDecl) (out []string) {
	name := func(x ast.Expr) {
		if lit, ok := x.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				out = append(out, s)
			}
		}
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && strings.EqualFold(sel.Sel.Name, "run") && len(n.Args) > 1 {
				name(n.Args[0])
			}
		case *ast.KeyValueExpr:
			switch n.Value.(type) {
			case *ast.Ident, *ast.FuncLit:
				name(n.Key)
			}
		}
		return true
	})
	return out
}

// named are the functions in the tables of fn, by what they are called there.
func named(fn *ast.FuncDecl) map[string]string {
	out := map[string]string{}
	ast.Inspect(fn, func(n ast.Node) bool {
		if kv, ok := n.(*ast.KeyValueExpr); ok {
			lit, isText := kv.Key.(*ast.BasicLit)
			id, isName := kv.Value.(*ast.Ident)
			if isText && isName && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					out[s] = id.Name
				}
			}
		}
		return true
	})
	return out
}

func calls(fn *ast.FuncDecl) (out []string) {
	ast.Inspect(fn, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if id, ok := call.Fun.(*ast.Ident); ok {
				out = append(out, id.Name)
			}
		}
		return true
	})
	return out
}
