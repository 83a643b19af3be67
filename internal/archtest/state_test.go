package archtest_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"
)

// statefulVars are package-level variables that the rule would refuse, "package.name",
// each with the reason why it holds no state anyone can notice.
func statefulVars() reasons {
	return reasons{}
}

func TestNoPackageState(t *testing.T) {
	t.Parallel()
	report(t, checkState(here(t), statefulVars()))
}

// checkState finds package-level variables that change after they are made, or that
// another package could change: those written to, those whose address is taken, those
// of a type that exists to be changed, and exported ones that are not errors. It
// resolves names within one package; what a callee does to a slice it cannot see.
func checkState(tr *tree, allowed reasons) []string {
	var out []string
	unused := maps.Clone(allowed)
	for _, pkg := range tr.packages() {
		var files []*ast.File
		name := ""
		for _, f := range tr.code() {
			if f.dir() == pkg && (name == "" || f.ast.Name.Name == name) {
				name = f.ast.Name.Name
				files = append(files, f.ast)
			}
		}
		s := resolve(tr, pkg, files)
		for _, f := range files {
			s.declared(f)
			s.written(f)
		}
		for _, v := range s.found {
			delete(unused, pkg+"."+v.name)
			if allowed[pkg+"."+v.name] == "" {
				out = append(out, v.message)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(unused)) {
		out = append(out, fmt.Sprintf("statefulVars() lists %s, which breaks no rule", name))
	}
	return out
}

// state is what is known of one package's variables.
type state struct {
	tr    *tree
	pkg   string
	scope *types.Scope
	info  *types.Info
	found []finding
}

type finding struct{ name, message string }

// noImports leaves every import unresolved: names of this package resolve without.
type noImports struct{}

func (noImports) Import(string) (*types.Package, error) {
	return nil, errors.New("archtest: imports are not loaded")
}

func resolve(tr *tree, pkg string, files []*ast.File) *state {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: noImports{}, Error: func(error) {}}
	p, _ := conf.Check(pkg, tr.fset, files, info) // the missing imports are its only complaint
	return &state{tr: tr, pkg: pkg, scope: p.Scope(), info: info}
}

func (s *state) add(n ast.Node, name, what string) {
	s.found = append(s.found, finding{name, fmt.Sprintf("%s: package-level variable %s of %s %s", s.tr.at(n), name, s.pkg, what)})
}

// declared judges the variables by their declarations.
func (s *state) declared(f *ast.File) {
	for _, decl := range f.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.VAR {
			continue
		}
		for _, spec := range d.Specs {
			v := spec.(*ast.ValueSpec)
			for i, id := range v.Names {
				if id.Name == "_" {
					continue
				}
				var value ast.Expr
				if i < len(v.Values) {
					value = v.Values[i]
				}
				if m := mutableType(v.Type, value); m != "" {
					s.add(id, id.Name, "is a "+m+", which exists to be changed")
				}
				if id.IsExported() && !isError(id.Name, v.Type, value) {
					s.add(id, id.Name, "is exported and no error: any package may assign it")
				}
			}
		}
	}
}

// written finds writes to variables of the package, and addresses taken of them.
func (s *state) written(f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				s.target(lhs, "is assigned")
			}
		case *ast.IncDecStmt:
			s.target(n.X, "is assigned")
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				s.target(n.Key, "is assigned")
				s.target(n.Value, "is assigned")
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				if id, ok := ast.Unparen(n.X).(*ast.Ident); ok {
					s.target(id, "has its address taken")
				}
			}
		case *ast.CallExpr:
			if fn, ok := n.Fun.(*ast.Ident); ok && (fn.Name == "delete" || fn.Name == "clear" || fn.Name == "copy") && len(n.Args) > 0 {
				s.target(n.Args[0], "is changed by "+fn.Name)
			}
		}
		return true
	})
}

// target reports e when it is, or lies within, a variable of the package.
func (s *state) target(e ast.Expr, what string) {
	for e != nil {
		switch x := e.(type) {
		case *ast.Ident:
			if v, ok := s.info.Uses[x].(*types.Var); ok && v.Parent() == s.scope {
				s.add(x, x.Name, what)
			}
			return
		case *ast.ParenExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		default:
			return
		}
	}
}

// mutableType names a type that is of no use unless it changes.
func mutableType(typ, value ast.Expr) string {
	if lit, ok := value.(*ast.UnaryExpr); ok && lit.Op == token.AND {
		value = lit.X
	}
	if lit, ok := value.(*ast.CompositeLit); ok {
		typ = lit.Type
	}
	if call, ok := value.(*ast.CallExpr); ok && len(call.Args) > 0 {
		if id, ok := call.Fun.(*ast.Ident); ok && (id.Name == "new" || id.Name == "make") {
			typ = call.Args[0]
		}
	}
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if ix, ok := typ.(*ast.IndexExpr); ok {
		typ = ix.X
	}
	switch x := typ.(type) {
	case *ast.ChanType:
		return "channel"
	case *ast.SelectorExpr:
		if id, ok := x.X.(*ast.Ident); ok && (id.Name == "sync" || id.Name == "atomic") {
			return id.Name + "." + x.Sel.Name
		}
	}
	return ""
}

// isError accepts sentinels, by the name the language's own packages give them.
func isError(name string, typ, value ast.Expr) bool {
	if id, ok := typ.(*ast.Ident); ok && id.Name == "error" {
		return true
	}
	call, ok := value.(*ast.CallExpr)
	if !ok || !strings.HasPrefix(name, "Err") {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return ok && (id.Name == "errors" && sel.Sel.Name == "New" || id.Name == "fmt" && sel.Sel.Name == "Errorf")
}
