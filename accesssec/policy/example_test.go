package policy_test

import (
	"fmt"

	"github.com/accesssec/accesssec-go/accesssec/policy"
)

func ExampleDecide() {
	acme := &policy.Org{ID: "org-1", Name: "Acme", SSO: policy.SSOActive, Connection: "con-1", RequireSSO: true}
	d := policy.Decide(policy.Input{
		Owner: acme, Target: acme, Domain: "example.com", State: policy.DomainVerified,
		Person:  policy.Person{Address: "ann@example.com", Known: true, Role: policy.Member, OwnerRole: policy.Member},
		Attempt: policy.Attempt{Method: policy.Password},
	})
	fmt.Println(d.Allow, d.Reason, d.Next)
	for _, step := range d.Trace {
		fmt.Println("-", step.Text)
	}
	// Output:
	// false sso_required sso
	// - example.com is claimed by Acme
	// - Acme requires SSO, and ann@example.com is not Owner or Admin
}

// A second factor is asked after a password that all else allows.
func ExampleDecide_secondFactor() {
	acme := &policy.Org{ID: "org-1", Name: "Acme"}
	in := policy.Input{
		Target: acme, Domain: "example.com",
		Person:  policy.Person{Address: "ann@example.com", Known: true, Role: policy.Member, Factor: policy.FactorLive},
		Attempt: policy.Attempt{Method: policy.Password},
	}
	d := policy.Decide(in)
	fmt.Println(d.Allow, d.Reason, d.Next)

	in.Attempt.Second = policy.TOTP // the code was right
	d = policy.Decide(in)
	fmt.Println(d.Allow, d.Reason)
	for _, step := range d.Trace {
		fmt.Println("-", step.Text)
	}
	// Output:
	// false second_factor second_factor
	// true allowed
	// - example.com is claimed by nobody
	// - the second factor of ann@example.com was shown, by totp
	// - a password and a second factor are enough for a member of Acme
}
