package scimtest_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/scimtest"
)

// The suite passes whole over package scim, whatever the profile, and leaves nothing behind.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, profile := range scim.Profiles() {
		t.Run(string(profile), func(t *testing.T) {
			t.Parallel()
			m := newMount(t, profile)
			t.Run("Suite", func(t *testing.T) { scimtest.Run(t, m.Target) })
			m.empty(t)
		})
	}
}

// The reference keeps what is asked of a Backend by itself.
func TestRunBackend(t *testing.T) {
	t.Parallel()
	scimtest.RunBackend(t, func(*testing.T) scim.Backend { return scim.NewMemory(nil, nil) }, nil)
}
