package scimtest_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/scimtest"
)

// The suite passes whole over package scim, and leaves nothing behind.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, profile := range []scim.Profile{scim.Detect, scim.Entra, scim.Okta} {
		t.Run(string(profile), func(t *testing.T) {
			t.Parallel()
			m := newMount(t, profile)
			t.Run("Suite", func(t *testing.T) { scimtest.Run(t, m.Target) })
			m.empty(t)
		})
	}
}
