package saml_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// A whole sign-in, against the simulated identity provider. In a service, Start and
// Finish are in two handlers, and the Request is kept between them under the cookie
// of the browser.
func Example() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ann := samltest.Person{Email: "ann@example.com", FirstName: "Ann"}
	provider, err := samltest.New("https://idp.example", []samltest.Person{ann}, &samltest.Options{Now: func() time.Time { return now }})
	if err != nil {
		fmt.Println(err)
		return
	}

	// The connection: each side gets the other's metadata once.
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

	// The sign-in handler: keep the request, send the browser off.
	request, bounce, err := sp.Start(idp, nil, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	asked, err := provider.ReadRequest(httptest.NewRequest(http.MethodGet, bounce.URL(), nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := provider.Respond(asked, ann)
	if err != nil {
		fmt.Println(err)
		return
	}

	// The ACS handler: ReadMessage where the form arrives, then Finish.
	message, err := saml.ParseMessage(answer.SAMLResponse)
	if err != nil {
		fmt.Println(err)
		return
	}
	identity, err := sp.Finish(idp, nil, message, &request, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(identity.FirstName, identity.Email, identity.Solicited)
	// Output: Ann ann@example.com true
}

// A refusal says which side has to fix what.
func ExampleError() {
	_, err := saml.ParseCertificates([]byte(`<?xml version="1.0"?><EntityDescriptor/>`))
	var refusal *saml.Error
	if errors.As(err, &refusal) {
		fmt.Println(refusal)
		fmt.Println(refusal.Received, "/", refusal.Fix)
	}
	// Output:
	// saml: certificate: the certificate cannot be used
	// XML / service_provider
}
