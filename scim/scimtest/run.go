package scimtest

import "testing"

// check is one test of the suite, with the section that asks for it.
type check struct {
	name, section string
	run           func(j judge)
}

// Run is the conformance suite: it judges a mount by RFC 7643, RFC 7644 and RFC 9865, by what
// identity providers' own test suites ask, by what hostile clients send, and by many requests at
// once. Each check is a parallel subtest, Noun/Case, and logs the section that it stands for.
// Nothing can be left out, but for what needs [Target.Other].
func Run(t *testing.T, target Target) {
	nouns := []struct {
		name   string
		checks []check
	}{
		{"Discovery", discoveryChecks()},
		{"Tokens", tokenChecks()},
		{"Users", userChecks()},
		{"Groups", groupChecks()},
		{"Patch", attributeChecks()},
		{"Projection", projectionChecks()},
		{"Lists", listChecks()},
		{"Cursors", cursorChecks()},
		{"Search", searchChecks()},
		{"Versions", versionChecks()},
		{"Bulk", bulkChecks()},
		{"Hostile", hostileChecks()},
		{"Races", raceChecks()},
		{"Okta", oktaChecks()},
		{"Tenants", tenantChecks(target)},
	}
	for _, n := range nouns {
		t.Run(n.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range n.checks {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					t.Log(c.section)
					c.run(newJudge(t, target))
				})
			}
		})
	}
}
