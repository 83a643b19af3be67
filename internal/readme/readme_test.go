package readme_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/accesssec/accesssec-go/internal/readme"
)

func fixtures() fs.FS { return os.DirFS("testdata") }

// expect wants one problem for each of want, in order, that holds its words.
func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d problems, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("problem %d: got %q, want it to hold %q", i, got[i], want[i])
		}
	}
}

func TestGoodFixture(t *testing.T) {
	t.Parallel()
	expect(t, readme.Snippets(fixtures(), "good.md", &readme.Options{MustMark: true}))
	expect(t, readme.Links(fixtures(), "good.md"))
	expect(t, readme.Commands(fixtures(), "good.md", "Try it", "run"))
}

func TestSnippetsBite(t *testing.T) {
	t.Parallel()
	marked := []string{
		`bad.md:9: line 1 of the block differs from src/main.go region setup: it says "if n > 1 {", the file "if n > 0 {"`,
		"bad.md:15: src/main.go: no region nowhere",
		"bad.md:18: open src/gone.go",
	}
	rest := []string{
		"bad.md:25: region= without file=",
		"bad.md:28: run is no Go file",
		"bad.md:31: src/open.go: region open has no endregion",
		"bad.md:34: src/twice.go: region twice is there twice",
		"bad.md:37: src/stray.go: endregion without a region",
		`bad.md:40: line 2 of the block differs from src/main.go region setup: it says "(end)", the file "\tn++"`,
		"bad.md:44: readfile ../../readme.go: invalid",
	}
	expect(t, readme.Snippets(fixtures(), "bad.md", nil), append(marked, rest...)...)
	all := append(append(marked[:3:3], "bad.md:21: a Go block without file="), rest...)
	expect(t, readme.Snippets(fixtures(), "bad.md", &readme.Options{MustMark: true}), all...)
	expect(t, readme.Snippets(fixtures(), "gone.md", nil), "open gone.md")
}

func TestSnippetOfAWholeFile(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{
		"a.go": {Data: []byte("package a\n\n// region x\nvar n = 1\n// endregion\n")},
		"a.md": {Data: []byte("```go file=a.go\npackage a\n\nvar n = 1\n```\n")},
		"b.md": {Data: []byte("```go file=a.go\npackage a\n\nvar n = 2\n```\n")},
		"c.md": {Data: []byte("```go file=a.go region=x\nvar n = 2\n")},
	}
	expect(t, readme.Snippets(fsys, "a.md", nil))
	expect(t, readme.Snippets(fsys, "b.md", nil), `it says "var n = 2", the file "var n = 1"`)
	expect(t, readme.Snippets(fsys, "c.md", nil), `it says "var n = 2"`) // a fence left open still counts
}

func TestLinksBite(t *testing.T) {
	t.Parallel()
	expect(t, readme.Links(fixtures(), "bad.md"),
		"bad.md:3: link docs/gone.md leads to nothing",
		"bad.md:3: link docs/other.md#third names no heading of docs/other.md",
		"bad.md:3: link ../../../../elsewhere.md leaves the repository",
		"bad.md:4: link /docs/other.md is absolute",
		"bad.md:4: link logo.svg leads to nothing",
		"bad.md:7: link gone.md leads to nothing",
	)
}

func TestLinkToHeadings(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ heading, fragment string }{
		"blanks":       {"## The second part", "the-second-part"},
		"punctuation":  {"### What's *new*, and `code`?", "whats-new-and-code"},
		"closed":       {"## Closed ##", "closed"},
		"repeated":     {"## Twice\n## Twice", "twice-1"},
		"other script": {"# Größe 2", "größe-2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys := fstest.MapFS{"a.md": {Data: []byte(tc.heading + "\n\n[x](#" + tc.fragment + ") [y](#" + tc.fragment + "-no)\n")}}
			expect(t, readme.Links(fsys, "a.md"), "-no names no heading of a.md")
		})
	}
}

func TestCommandsBite(t *testing.T) {
	t.Parallel()
	expect(t, readme.Commands(fixtures(), "bad.md", "Try it", "run"),
		`"go run ./examples/demo ./more" is not run`,
		`"go run ./examples/de" is not run`,
		`"go run ./examples/other" is not run`, // a comment runs nothing
	)
	expect(t, readme.Commands(fixtures(), "bad.md", "Nothing", "run"), `no command under the heading "Nothing"`)
	expect(t, readme.Commands(fixtures(), "bad.md", "Try it", "gone"), "open gone")
}
