package accesssec_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// A host makes an org with its Owner, and signs the Owner in by password.
func Example() {
	ctx := context.Background()
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), nil)
	if err != nil {
		log.Fatal(err)
	}
	olive := accesssec.Person{Address: "olive@example.com", FirstName: "Olive", Password: "Several words & 1 number"}
	if _, err := svc.CreateOrg(ctx, "Acme", olive); err != nil {
		log.Fatal(err)
	}
	// In a handler, SignIn.Visit gives the visit of the browser.
	step, err := svc.SignIn().Password(ctx, accesssec.Visit{}, "Olive@Example.com", "Several words & 1 number")
	if err != nil {
		log.Fatal(err)
	}
	p, err := svc.Authenticate(ctx, step.Entered.Token())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Role)
	// Output: owner
}

// Everything that is refused comes as a Refusal: a sentence for the person, and what
// an Owner or Admin needs to know.
func ExampleRefusal() {
	ctx := context.Background()
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), nil)
	if err != nil {
		log.Fatal(err)
	}
	_, err = svc.SignIn().Password(ctx, accesssec.Visit{}, "nobody@example.com", "guess")
	var no *accesssec.Refusal
	if errors.As(err, &no) {
		fmt.Println(no.Code)
		fmt.Println(no.Say)
	}
	// Output:
	// wrong_password
	// The address or the password is wrong.
}

// An Owner claims a domain and sees what to put into DNS.
func ExampleAdmin_ClaimDomain() {
	ctx := context.Background()
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), &accesssec.Options{Product: "acme"})
	if err != nil {
		log.Fatal(err)
	}
	owner, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "olive@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	d, err := svc.Admin(owner).ClaimDomain(ctx, "Example.com")
	if err != nil {
		log.Fatal(err)
	}
	rec := d.Records()[0]
	fmt.Println(rec.Type, rec.Name, rec.Value[:len("acme-domain-verify=")])
	fmt.Println(d.State)
	// Output:
	// TXT example.com acme-domain-verify=
	// pending
}
