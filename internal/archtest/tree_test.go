package archtest_test

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// file is one parsed Go file, named by its slash path below the module root.
type file struct {
	name  string
	test  bool
	lines int
	ast   *ast.File
}

// dir is the file's package, relative to the module root; "." for the root.
func (f *file) dir() string { return path.Dir(f.name) }

// tree is the module's own source: nested modules and testdata are left out.
type tree struct {
	module string
	fset   *token.FileSet
	files  []*file
}

// loadTree parses every Go file below the go.mod at the root of fsys, whatever its
// build constraints, so that no platform's file escapes the rules.
func loadTree(fsys fs.FS) (*tree, error) {
	mod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, err
	}
	tr := &tree{module: modulePath(mod), fset: token.NewFileSet()}
	if tr.module == "" {
		return nil, errors.New("archtest: go.mod names no module")
	}
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(fsys, name)
		}
		if !strings.HasSuffix(name, ".go") || strings.HasPrefix(path.Base(name), ".") || strings.HasPrefix(path.Base(name), "_") {
			return nil
		}
		return tr.add(fsys, name)
	})
	return tr, err
}

// enter says whether a folder belongs to this module, as the go command would.
func enter(fsys fs.FS, name string) error {
	if name == "." {
		return nil
	}
	base := path.Base(name)
	if base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	if _, err := fs.Stat(fsys, path.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func (tr *tree) add(fsys fs.FS, name string) error {
	src, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	parsed, err := parser.ParseFile(tr.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	tr.files = append(tr.files, &file{
		name:  name,
		test:  strings.HasSuffix(name, "_test.go"),
		lines: bytes.Count(src, []byte("\n")),
		ast:   parsed,
	})
	return nil
}

// code yields the files that are not tests.
func (tr *tree) code() []*file {
	return slices.DeleteFunc(slices.Clone(tr.files), func(f *file) bool { return f.test })
}

// packages lists the folders that hold code, sorted.
func (tr *tree) packages() []string {
	var dirs []string
	for _, f := range tr.code() {
		dirs = append(dirs, f.dir())
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

func (tr *tree) has(pkg string) bool { return slices.Contains(tr.packages(), pkg) }

func (tr *tree) hasFile(name string) bool {
	return slices.ContainsFunc(tr.files, func(f *file) bool { return f.name == name })
}

func (tr *tree) at(n ast.Node) string {
	p := tr.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

// imported is one import of a file; name is what the file calls it.
type imported struct{ path, name string }

func (f *file) imports() []imported {
	var out []imported
	for _, spec := range f.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has refused such a file before
		}
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		out = append(out, imported{path: p, name: name})
	}
	return out
}

// localName is what f calls the imported package p, or "" when f does not import it.
func (f *file) localName(p string) string {
	for _, im := range f.imports() {
		if im.path == p {
			return im.name
		}
	}
	return ""
}

// use is one mention of a method or function, and the function it stands in.
type use struct {
	file *file
	node ast.Node
	fn   string // as in "Service.seal"; "" outside any function
}

// uses finds every x.name in f, called or only passed on. With pkg set, x must be
// the name under which f imports pkg.
func (f *file) uses(pkg, name string) []use {
	local := ""
	if pkg != "" {
		if local = f.localName(pkg); local == "" {
			return nil
		}
	}
	var out []use
	for _, decl := range f.ast.Decls {
		fn := ""
		if d, ok := decl.(*ast.FuncDecl); ok {
			fn = qualified(d)
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != name {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); pkg != "" && (!ok || x.Name != local) {
				return true
			}
			out = append(out, use{file: f, node: sel, fn: fn})
			return true
		})
	}
	return out
}

// qualified is a function's name, after its receiver's type if it has one.
func qualified(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if ix, ok := typ.(*ast.IndexExpr); ok {
		typ = ix.X
	}
	return lastName(typ) + "." + d.Name.Name
}

// lastName is the name an expression ends in.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func modulePath(mod []byte) string {
	for line := range strings.Lines(string(mod)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
			return strings.Trim(strings.TrimSpace(rest), `"`)
		}
	}
	return ""
}

// root finds the folder of the nearest go.mod above the test.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

// here parses the module this test belongs to.
func here(t *testing.T) *tree {
	t.Helper()
	tr, err := loadTree(os.DirFS(root(t)))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func report(t *testing.T, problems []string) {
	t.Helper()
	for _, p := range problems {
		t.Error(p)
	}
}
