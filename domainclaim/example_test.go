package domainclaim_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
)

// Three spellings of one address have one key.
func ExampleParseAddress() {
	for _, s := range []string{"Ann@bücher.example", "ann@BÜCHER.example", "ann@xn--bcher-kva.example"} {
		a, err := domainclaim.ParseAddress(s)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(a.Key())
	}
	_, err := domainclaim.ParseAddress(`"a@evil.com"@example.com`)
	fmt.Println(err)
	// Output:
	// ann@xn--bcher-kva.example
	// ann@xn--bcher-kva.example
	// ann@xn--bcher-kva.example
	// domainclaim: address refused: an address has exactly one @
}

func ExampleParseName() {
	n, err := domainclaim.ParseName("BÜCHER.com.", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n)
	fmt.Println(n.Display())

	_, err = domainclaim.ParseName("GMail.com", nil)
	var refused *domainclaim.NameError
	if errors.As(err, &refused) {
		fmt.Println(refused.Code)
	}
	// Output:
	// xn--bcher-kva.com
	// bücher.com (xn--bcher-kva.com)
	// free_mail
}

// A claim from its making to its proof, against a DNS server for tests.
func Example() {
	dns, err := dnstest.New()
	if err != nil {
		log.Fatal(err)
	}
	defer dns.Close()
	checker := domainclaim.NewChecker(&domainclaim.CheckerOptions{
		Resolvers: []domainclaim.Resolver{dns.Resolver()},
	})
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

	name, err := domainclaim.ParseName("example.com", nil)
	if err != nil {
		log.Fatal(err)
	}
	claim, err := domainclaim.New("acme", name, now)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range claim.Records() {
		fmt.Println(r.Type, r.Name, strings.ReplaceAll(r.Value, claim.Token, "<token>"))
	}

	claim, event := claim.Next(checker.Check(context.Background(), claim), now)
	fmt.Printf("%s %s %q\n", claim.Last.Outcome, claim.State, event)

	dns.SetTXT(claim.Records()[0].Name, claim.Records()[0].Value) // the customer's part
	claim, event = claim.Next(checker.Check(context.Background(), claim), now)
	fmt.Printf("%s %s %q\n", claim.Last.Outcome, claim.State, event)

	dns.Fail(".", dnstest.ServFail) // an outage takes nothing away
	claim, event = claim.Next(checker.Check(context.Background(), claim), now)
	fmt.Printf("%s %s %q\n", claim.Last.Outcome, claim.State, event)
	// Output:
	// TXT example.com acme-domain-verify=<token>
	// TXT _acme-challenge.example.com <token>
	// absent pending ""
	// present verified "verified"
	// unknown verified ""
}
