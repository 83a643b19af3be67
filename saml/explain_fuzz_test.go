package saml_test

import (
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

// FuzzExplain: whatever document it is, signed or not, Explain and Finish agree on
// whether there is a login in it and on what is wrong first.
func FuzzExplain(f *testing.F) {
	for _, b := range bases() {
		f.Add(b.sign(genuine(), signing{}), false)
	}
	f.Add(unmark(genuine()), false)
	f.Add(genuine(), true)
	f.Add(strings.Replace(genuine(), "cm:bearer", "cm:holder-of-key", 1), true)
	f.Add(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>`, false)
	f.Fuzz(func(t *testing.T, doc string, signed bool) {
		if signed {
			var ok bool
			if doc, ok = signable("assertion", doc); !ok {
				return // nothing that anyone could sign
			}
		}
		id, err := login(doc)
		judged(t, id, err)
		agree(t, diagnose(doc, theirIdP(), nil, ourRequest(), clock()), id, err)
		rules := &saml.Rules{RequireEncrypted: true, DenyExpiredCertificates: true, Identifier: saml.IdentifierNameID, Groups: "groups"}
		id, err = finish(doc, theirIdP("weak", "idp"), rules, nil, clock())
		judged(t, id, err)
		agree(t, diagnose(doc, theirIdP("weak", "idp"), rules, nil, clock()), id, err)
	})
}
