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

// An org makes a role of its own, from an action of the host's among others, and a program
// of the customer's gets it on one project.
func ExampleAdmin_PutRole() {
	ctx := context.Background()
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), &accesssec.Options{
		Actions: []policy.Permission{{Action: "host.report.export", Sentence: "export reports", Least: policy.Analyst}},
	})
	if err != nil {
		log.Fatal(err)
	}
	owner, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "olive@example.com", Verified: true})
	if err != nil {
		log.Fatal(err)
	}
	acme := svc.Admin(owner)
	role, err := acme.PutRole(ctx, accesssec.Role{Name: "Exporter", Actions: []policy.Action{policy.ViewProject, "host.report.export"}})
	if err != nil {
		log.Fatal(err)
	}
	robot, err := acme.PutServiceAccount(ctx, accesssec.ServiceAccount{Name: "warehouse", Purpose: "copies the reports to the warehouse every night"})
	if err != nil {
		log.Fatal(err)
	}
	to := accesssec.Subject{Kind: accesssec.ToServiceAccount, ID: robot.ID}
	if _, err := acme.Grant(ctx, accesssec.Grant{To: to, Project: "reports", Role: role.ID}); err != nil {
		log.Fatal(err)
	}
	may, err := svc.AccessOf(ctx, owner.OrgID, to, "reports")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(may.Can("host.report.export"), may.Can(policy.EditProject))

	preview, err := acme.PreviewRoleDeletion(ctx, role.ID, policy.Consumer)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(preview.Count, "grant becomes", preview.Moves[0].To)
	if err := acme.DeleteRole(ctx, role.ID, policy.Consumer, preview.Hash); err != nil {
		log.Fatal(err)
	}
	may, err = svc.AccessOf(ctx, owner.OrgID, to, "reports")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(may.Can("host.report.export"), may.Can(policy.ViewProject))
	// Output:
	// true false
	// 1 grant becomes consumer
	// false true
}
