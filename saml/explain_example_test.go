package saml_test

import (
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// Two settings at the provider are wrong. Finish refuses for the first of them; Explain
// has them both, and what was right.
func ExampleSP_Explain() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ann := samltest.Person{Email: "ann@example.com"}
	provider, err := samltest.New("https://idp.example", []samltest.Person{ann}, &samltest.Options{
		Flavor: samltest.Okta, Now: func() time.Time { return now },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	sp := &saml.SP{EntityID: "https://app.example/saml/c1", ACS: "https://app.example/saml/c1/acs"}
	idp, err := saml.ParseMetadata(provider.Metadata(), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	metadata, err := sp.Metadata(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := provider.Trust(metadata); err != nil {
		fmt.Println(err)
		return
	}
	request := saml.Request{ID: "req-1", ExpiresAt: now.Add(time.Minute)}
	answer, err := provider.Respond(samltest.Request{ID: request.ID, Issuer: sp.EntityID}, ann, samltest.NoAudience, samltest.SessionOver)
	if err != nil {
		fmt.Println(err)
		return
	}

	message, err := saml.ParseMessage(answer.SAMLResponse)
	if err != nil {
		fmt.Println(err)
		return
	}
	passed := 0
	for _, f := range sp.Explain(idp, nil, message, &request, now) {
		if f.Err == nil {
			passed++
			continue
		}
		fmt.Printf("%s, for the %s: %s\n", f.Check, f.Err.Fix, f.Err.Hint)
	}
	fmt.Println(passed, "checks passed")
	// Output:
	// audience, for the identity_provider: in Okta, set "Audience URI (SP Entity ID)" in the SAML settings of the app to the entity ID shown here
	// session, for the person: sign out at the identity provider and sign in again
	// 21 checks passed
}
