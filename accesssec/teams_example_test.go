package accesssec_test

import (
	"context"
	"fmt"
	"log"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// What is granted to a team is had by who is in it, for as long as they are.
func ExampleAdmin_ChangeTeam() {
	ctx := context.Background()
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), nil)
	if err != nil {
		log.Fatal(err)
	}
	olive, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "olive@example.com", Verified: true})
	if err != nil {
		log.Fatal(err)
	}
	if err := svc.ImportPeople(ctx, olive.OrgID, accesssec.Person{Address: "ann@example.com", Verified: true, Role: policy.Member}); err != nil {
		log.Fatal(err)
	}
	acme := svc.Admin(olive) // who signs in is as good: svc.Admin(p)
	found, err := acme.Members(ctx, accesssec.MemberQuery{Search: "ann@"})
	if err != nil {
		log.Fatal(err)
	}
	ann := found.Items[0].UserID

	design, err := acme.CreateTeam(ctx, "Design")
	if err != nil {
		log.Fatal(err)
	}
	website := accesssec.Grant{To: accesssec.Subject{Kind: accesssec.ToTeam, ID: design.ID}, Project: "website", Role: string(policy.Analyst)}
	if _, err := acme.Grant(ctx, website); err != nil {
		log.Fatal(err)
	}
	show := func(when string) {
		a, err := acme.Access(ctx, accesssec.Subject{Kind: accesssec.ToPerson, ID: ann}, "website")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %v\n", when, a.Can(policy.EditProject))
	}
	show("before")
	if err := acme.ChangeTeam(ctx, design.ID, accesssec.TeamChange{Add: []string{ann}}); err != nil {
		log.Fatal(err)
	}
	show("in the team")
	if err := acme.ChangeTeam(ctx, design.ID, accesssec.TeamChange{Remove: []string{ann}}); err != nil {
		log.Fatal(err)
	}
	show("out of it")
	// Output:
	// before: false
	// in the team: true
	// out of it: false
}
