package accesssec_test

import (
	"context"
	"fmt"
	"log"
	"net/url"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// inbox is what somebody finds in their mail.
type inbox struct{ link string }

// Notify implements accesssec.Notifier.
func (m *inbox) Notify(_ context.Context, n accesssec.Notice) error {
	fmt.Println("To:", n.To)
	m.link = n.Values["link"]
	return nil
}

// An Owner invites somebody, who takes it up with an account of their own. Package signin has
// the page that the link leads to.
func ExampleAdmin_Invite() {
	ctx := context.Background()
	mail := new(inbox)
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), &accesssec.Options{Notify: mail})
	if err != nil {
		log.Fatal(err)
	}
	owner, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "olive@example.com", Verified: true})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := svc.Admin(owner).Invite(ctx, "nia@example.net", policy.Billing); err != nil {
		log.Fatal(err)
	}
	if _, err := svc.Tick(ctx); err != nil {
		log.Fatal(err)
	}
	link, err := url.Parse(mail.link)
	if err != nil {
		log.Fatal(err)
	}
	visit := accesssec.Visit{Invitation: link.Query().Get("token")}
	shown, err := svc.SignIn().Invitation(ctx, visit)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(shown.By, "invites", shown.Address, "into", shown.OrgName)
	step, err := svc.SignIn().AcceptInvitation(ctx, visit, accesssec.Newcomer{FirstName: "Nia", Password: "Several words & 1 number"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(step.Entered.Principal.Role)
	// Output:
	// To: nia@example.net
	// olive@example.com invites nia@example.net into Acme
	// billing
}
