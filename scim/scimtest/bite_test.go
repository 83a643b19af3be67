package scimtest_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/scimtest"
)

// brokenBy names the defect that a child process puts into the mount.
const brokenBy = "SCIMTEST_BROKEN_BY"

// TestSubject tests a mount that is whole, or, in a child process of TestBites, one with a
// defect.
func TestSubject(t *testing.T) {
	t.Parallel()
	d := defect{}
	if name := os.Getenv(brokenBy); name != "" {
		i := slices.IndexFunc(defects(), func(d defect) bool { return d.name == name })
		if i < 0 {
			t.Fatalf("no defect is called %q", name)
		}
		d = defects()[i]
	}
	t.Run("Run", func(t *testing.T) { scimtest.Run(t, newBroken(t, scim.Detect, d).Target) })
	t.Run("Bodies", func(t *testing.T) { scimtest.RunBodies(t, newBroken(t, scim.Detect, d).Target) })
	t.Run("Backend", func(t *testing.T) {
		scimtest.RunBackend(t, func(*testing.T) scim.Backend {
			tenant := scim.Tenant{Backend: scim.NewMemory(nil, nil)}
			if d.tenant != nil {
				tenant = d.tenant(tenant)
			}
			return tenant.Backend
		}, nil)
	})
	t.Run("Walk", func(t *testing.T) {
		for name, c := range clients() {
			t.Run(name, func(t *testing.T) {
				report, err := scimtest.Walk(t.Context(), c.make(newBroken(t, scim.Detect, d).Target))
				if err != nil || len(report.Notes) > 0 {
					t.Errorf("%v %q", err, report.Notes)
				}
			})
		}
	})
}

// TestBites shows that the suite, the bodies and the clients fail for each defect, where it is
// theirs to notice.
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
				t.Fatalf("it passes:\n%s", out)
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
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}
