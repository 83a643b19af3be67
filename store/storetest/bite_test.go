package storetest_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/storetest"
)

// brokenBy names the defect that a child process puts into the store.
const brokenBy = "STORETEST_BROKEN_BY"

// TestSubject runs the suite over a store that is whole, or, in a child process of
// TestBites, over one with a defect.
func TestSubject(t *testing.T) {
	wrap := func(s store.Store) store.Store { return s }
	if name := os.Getenv(brokenBy); name != "" {
		i := slices.IndexFunc(defects(), func(d defect) bool { return d.name == name })
		if i < 0 {
			t.Fatalf("no defect is called %q", name)
		}
		wrap = defects()[i].wrap
	}
	storetest.Run(t, func(*testing.T) store.Store { return wrap(memory.New()) })
}

// TestBites shows that the suite fails for each defect, in the case that is about it.
func TestBites(t *testing.T) {
	t.Parallel()
	if os.Getenv(brokenBy) != "" {
		t.Fatal("a child process runs TestSubject alone")
	}
	for _, d := range defects() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSubject$/"+pattern(d.fails))
			cmd.Env = append(os.Environ(), brokenBy+"="+d.name)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatalf("the suite passes:\n%s", out)
			}
			if !strings.Contains(string(out), "--- FAIL: TestSubject/"+d.fails+" ") {
				t.Errorf("TestSubject/%s did not fail:\n%s", d.fails, out)
			}
		})
	}
}

// pattern selects one subtest and no other.
func pattern(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + strings.ReplaceAll(p, ".", `\.`) + "$"
	}
	return strings.Join(parts, "/")
}
