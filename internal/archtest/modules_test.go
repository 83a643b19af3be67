package archtest_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRequirements(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile(filepath.Join(root(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	report(t, checkRequirements(string(mod), requirements()))
}

func TestNestedModules(t *testing.T) {
	t.Parallel()
	report(t, checkNested(t, os.DirFS(root(t))))
}

// directives reads the lines of one kind out of a go.mod or go.work, in a block or
// alone, comments kept.
func directives(mod, kind string) []string {
	var out []string
	inside := false
	for line := range strings.Lines(mod) {
		line = strings.TrimSpace(line)
		switch {
		case inside && line == ")":
			inside = false
		case inside && line != "" && !strings.HasPrefix(line, "//"):
			out = append(out, line)
		case line == kind+" (":
			inside = true
		case strings.HasPrefix(line, kind+" "):
			out = append(out, strings.TrimSpace(strings.TrimPrefix(line, kind)))
		}
	}
	return out
}

// checkRequirements wants a reason for every direct requirement, and none of what
// would make `go run module/examples/quickstart@version` refuse.
func checkRequirements(mod string, allowed reasons) []string {
	var out []string
	for _, line := range directives(mod, "require") {
		if strings.HasSuffix(line, "// indirect") {
			continue
		}
		name, _, _ := strings.Cut(line, " ")
		if allowed[name] == "" {
			out = append(out, fmt.Sprintf("go.mod requires %s, for which requirements() in table_test.go gives no reason", name))
		}
	}
	for _, kind := range []string{"replace", "exclude", "toolchain"} {
		if lines := directives(mod, kind); len(lines) > 0 {
			out = append(out, fmt.Sprintf("go.mod has a %s directive, which hosts do not inherit: %v", kind, lines))
		}
	}
	return out
}

// workspace are the nested modules that go.work joins as soon as they exist; every
// other nested module stays outside, so that its versions raise nobody's.
func workspace() []string {
	return []string{"examples/customstore", "examples/saas", "store/sqlstore/sqltest"}
}

// checkNested holds each nested module to a replace of the root, and go.work to
// the list above.
func checkNested(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	var out []string
	want := []string{"."}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if d.Name() != "go.mod" || name == "go.mod" {
			return nil
		}
		dir := path.Dir(name)
		mod, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if slices.Contains(workspace(), dir) {
			want = append(want, "./"+dir)
		}
		up := strings.TrimSuffix(strings.Repeat("../", strings.Count(dir, "/")+1), "/")
		if !slices.ContainsFunc(directives(string(mod), "replace"), func(r string) bool { return strings.HasSuffix(r, "=> "+up) }) {
			out = append(out, fmt.Sprintf("%s has no replace of the root (=> %s)", name, up))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	work, err := fs.ReadFile(fsys, "go.work")
	if err != nil {
		t.Fatal(err)
	}
	got := directives(string(work), "use")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		out = append(out, fmt.Sprintf("go.work joins %v; it is to join %v", got, want))
	}
	return out
}
