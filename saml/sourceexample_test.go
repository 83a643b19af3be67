package saml_test

import (
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// A connection that follows its provider's metadata. In a service, Fetch gets the file
// from Source.URL, and what is kept is kept in the store.
func ExampleSource() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	provider, err := samltest.New("https://idp.example", nil, &samltest.Options{Now: func() time.Time { return now }})
	if err != nil {
		fmt.Println(err)
		return
	}
	source := &saml.Source{URL: "https://idp.example/metadata", EntityID: provider.EntityID()}

	var kept saml.Kept
	first, err := source.Parse(provider.Metadata(), now)
	kept = kept.Next(first, err, now)
	fmt.Println("next on", kept.DueAt.Format(time.DateTime))

	// A day later the provider has another key, which a person should see first.
	now = kept.DueAt
	if err := provider.Rotate(); err != nil {
		fmt.Println(err)
		return
	}
	second, err := source.Parse(provider.Metadata(), now)
	if err == nil {
		for _, change := range saml.Compare(kept.Metadata.IdP, second.IdP) {
			fmt.Println(change.What, "added:", change.Before == "", "could sign logins:", change.Key)
		}
	}
	kept = kept.Next(second, err, now)

	// Then its server is down, and logins go on with what was read last.
	now = kept.DueAt
	nothing, err := source.Parse([]byte("Service Unavailable"), now)
	kept = kept.Next(nothing, err, now)
	idp, err := kept.IdP(now)
	fmt.Println(kept.Failures, "failure,", len(idp.Certificates), "certificates,", err)
	// Output:
	// next on 2026-03-02 12:00:00
	// certificate added: true could sign logins: true
	// 1 failure, 2 certificates, <nil>
}
