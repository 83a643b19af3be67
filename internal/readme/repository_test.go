package readme_test

import (
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/internal/readme"
)

// repository is the module root, two folders above this package.
func repository(t *testing.T) fs.FS {
	t.Helper()
	fsys := os.DirFS("../..")
	if _, err := fs.Stat(fsys, "go.mod"); err != nil {
		t.Fatal("the module root is not where this test expects it: ", err)
	}
	return fsys
}

// documents lists every Markdown file of the repository, fixtures left out.
func documents(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	var out []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || name != "." && strings.HasPrefix(d.Name(), ".")) {
			return fs.SkipDir
		}
		if !d.IsDir() && path.Ext(name) == ".md" {
			out = append(out, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		t.Fatal("no Markdown file found")
	}
	return out
}

func TestSnippetsEqualTheirFiles(t *testing.T) {
	t.Parallel()
	fsys := repository(t)
	for _, name := range documents(t, fsys) {
		for _, problem := range readme.Snippets(fsys, name, &readme.Options{MustMark: name == "README.md"}) {
			t.Error(problem)
		}
	}
}

func TestReadmeCommandsAreRun(t *testing.T) {
	t.Parallel()
	for _, problem := range readme.Commands(repository(t), "README.md", "Try it", ".ci/run") {
		t.Error(problem)
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	fsys := repository(t)
	for _, name := range documents(t, fsys) {
		for _, problem := range readme.Links(fsys, name) {
			t.Error(problem)
		}
	}
}
