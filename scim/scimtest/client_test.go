package scimtest_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/scimtest"
)

// clients are all that are simulated, each with the profile that is made for it.
func clients() map[string]struct {
	profile scim.Profile
	make    func(scimtest.Target) scimtest.Client
} {
	type made = struct {
		profile scim.Profile
		make    func(scimtest.Target) scimtest.Client
	}
	return map[string]made{
		"Entra":     {scim.Entra, func(t scimtest.Target) scimtest.Client { return scimtest.NewEntra(t, false) }},
		"EntraFlag": {scim.Entra, func(t scimtest.Target) scimtest.Client { return scimtest.NewEntra(t, true) }},
		"Okta":      {scim.Okta, scimtest.NewOkta},
		"OneLogin":  {scim.OneLogin, scimtest.NewOneLogin},
		"JumpCloud": {scim.JumpCloud, scimtest.NewJumpCloud},
		"authentik": {scim.Detect, scimtest.NewAuthentik},
	}
}

// Every client lives through the life of a directory, by the profile that goes by who asks and
// by its own.
func TestWalk(t *testing.T) {
	t.Parallel()
	for name, c := range clients() {
		for _, profile := range []scim.Profile{scim.Detect, c.profile} {
			t.Run(name+"/"+string(profile), func(t *testing.T) {
				t.Parallel()
				m := newMount(t, profile)
				report, err := scimtest.Walk(t.Context(), c.make(m.Target))
				if err != nil {
					t.Fatal(err)
				}
				t.Log(report)
				if len(report.Steps) != 16 || report.Requests < 30 || len(report.Notes) != 0 {
					t.Errorf("%v: %v, want 16 steps, and nothing done without", report, report.Notes)
				}
				m.empty(t)
			})
		}
	}
}
