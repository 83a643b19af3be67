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
