package saml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

const (
	strayData = `<xenc:EncryptedData xmlns:xenc="` + xmlenc + `"/>`
	strayKey  = `<xenc:EncryptedKey xmlns:xenc="` + xmlenc + `"/>`
)

// riders are things that may ride along nowhere, also where whatever else is harmless does.
func riders() map[string]string {
	return map[string]string{
		"EncryptedData":                     strayData,
		"EncryptedKey":                      strayKey,
		"EncryptedKey, nine":                strings.Repeat(strayKey, 9),
		"EncryptedID":                       `<saml:EncryptedID/>`,
		"EncryptedID with its data":         `<saml:EncryptedID>` + strayData + `</saml:EncryptedID>`,
		"EncryptedID in no namespace":       `<EncryptedID/>`,
		"EncryptedAttribute":                `<saml:EncryptedAttribute/>`,
		"EncryptedAssertion":                `<saml:EncryptedAssertion/>`,
		"EncryptedAssertion, foreign":       `<x:EncryptedAssertion xmlns:x="urn:x"/>`,
		"Assertion":                         `<s2:Assertion xmlns:s2="` + samlSpace + `" ID="inner-1"/>`,
		"Assertion in no namespace":         `<Assertion/>`,
		"Response":                          `<samlp:Response ID="inner-1"/>`,
		"Response, foreign":                 `<x:Response xmlns:x="urn:x"/>`,
		"Object":                            `<ds:Object xmlns:ds="` + dsNS + `"/>`,
		"Object in no namespace":            `<Object/>`,
		"Signature":                         `<ds:Signature xmlns:ds="` + dsNS + `"/>`,
		"SignedInfo":                        `<ds:SignedInfo xmlns:ds="` + dsNS + `"/>`,
		"SignatureValue":                    `<ds:SignatureValue xmlns:ds="` + dsNS + `"/>`,
		"DigestValue, foreign":              `<x:DigestValue xmlns:x="urn:x"/>`,
		"the Response's ID":                 `<x xmlns="urn:x" ID="resp-1"/>`,
		"the Response's ID, as id":          `<x xmlns="urn:x" id="resp-1"/>`,
		"the Response's ID, as x:Id":        `<x:x xmlns:x="urn:x" x:Id="resp-1"/>`,
		"the Assertion's ID":                `<x xmlns="urn:x" ID="asrt-1"/>`,
		"two IDs that are equal":            withIDs(1, "x-0"),
		"sixteen IDs, two of them equal":    withIDs(13, "x-12"),
		"seventeen IDs, two of them equal":  withIDs(14, "x-0"),
		"twenty IDs, two of them equal":     withIDs(19, "x-18"),
		"twenty IDs, the last the Response": withIDs(19, "resp-1"),
	}
}

// withIDs are n elements with IDs of their own, and one more.
func withIDs(n int, last string) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, `<x xmlns="urn:x" ID="x-%d"/>`, i)
	}
	return out.String() + `<x xmlns="urn:x" ID="` + last + `"/>`
}

// lairs are the places where a document may hold anything.
func lairs() map[string]edit {
	return map[string]edit{
		"Extensions":     {"<samlp:Status>", "<samlp:Extensions>@</samlp:Extensions><samlp:Status>", ""},
		"Advice":         {"<saml:AuthnStatement ", "<saml:Advice>@</saml:Advice><saml:AuthnStatement ", ""},
		"AttributeValue": {"<saml:AttributeValue>Ann", "<saml:AttributeValue>@</saml:AttributeValue><saml:AttributeValue>Ann", ""},
		"AuthnContext":   {"</saml:AuthnContext>", "<saml:AuthnContextDecl>@</saml:AuthnContextDecl></saml:AuthnContext>", ""},
	}
}

// A second thing that somebody could take for the signed one, or for the encrypted one, is
// refused wherever it stands, though the provider signed it there.
func TestWhatMustNotRideAlong(t *testing.T) {
	t.Parallel()
	for where, l := range lairs() {
		harmless := replace(t, genuine(), l.old, strings.Replace(l.new, "@", withIDs(30, "x-last"), 1))
		for _, b := range bases() {
			for _, signed := range []string{b.sign(harmless, signing{}), b.encrypted(harmless, signing{}, sealing{})} {
				id, err := opened(signed, nil)
				if err != nil {
					t.Fatalf("%s: the control is refused: %s", where, explain(err))
				}
				sameAsGenuine(t, id)
			}
			for name, rider := range riders() {
				t.Run(where+"/"+name+"/"+string(b), func(t *testing.T) {
					t.Parallel()
					doc := replace(t, genuine(), l.old, strings.Replace(l.new, "@", rider, 1))
					id, err := opened(b.sign(doc, signing{}), nil)
					refused(t, id, err, saml.CodeProfile)
					if name == "EncryptedKey" { // what is encrypted may have more than one
						return
					}
					id, err = opened(b.encrypted(doc, signing{}, sealing{}), nil)
					refused(t, id, err, saml.CodeProfile)
					if b == "assertion" { // beside a name that is encrypted
						id, err = opened(b.sign(sealing{}.encryptedName(doc), signing{}), nil)
						refused(t, id, err, saml.CodeProfile)
					}
				})
			}
		}
	}
}

// Of several statements and codes each one counts, and a code is the whole of its text.
func TestEachStatementAndTheWholeOfAStatus(t *testing.T) {
	t.Parallel()
	const success = `"urn:oasis:names:tc:SAML:2.0:status:Success"`
	doc := genuine()
	authn := doc[strings.Index(doc, "<saml:AuthnStatement "):strings.Index(doc, "<saml:AttributeStatement>")]
	over := strings.Replace(authn, ` SessionIndex="sess-1"`, ` SessionIndex="sess-2" SessionNotOnOrAfter="`+at(-3600e9)+`"`, 1)
	lasting := strings.Replace(authn, ` SessionIndex="sess-1"`, ` SessionIndex="sess-1" SessionNotOnOrAfter="`+at(3600e9)+`"`, 1)
	edits := map[string]edit{
		"the second session is over":        {authn, authn + over, saml.CodeSessionOver},
		"the first session is over":         {authn, over + authn, saml.CodeSessionOver},
		"one lasts, the second is over":     {authn, lasting + over, saml.CodeSessionOver},
		"the third is over":                 {authn, lasting + authn + over, saml.CodeSessionOver},
		"a session that lasts, twice, once": {authn, lasting + lasting + over, saml.CodeSessionOver},
	}
	for _, status := range []string{"Successful", "SuccessX", "Succes", "success", "Success/", "Success ", " Success", "Success Responder", ""} {
		edits["status "+status] = edit{success, `"urn:oasis:names:tc:SAML:2.0:status:` + status + `"`, saml.CodeStatus}
	}
	for _, whole := range []string{"Success", "urn:oasis:names:tc:SAML:1.0:status:Success", "urn:x:status:Success", "URN:OASIS:NAMES:TC:SAML:2.0:STATUS:SUCCESS"} {
		edits["status "+whole] = edit{success, `"` + whole + `"`, saml.CodeStatus}
	}
	tryEdits(t, edits)
	id, err := login(base("both").sign(replace(t, doc, authn, lasting+authn), signing{}))
	if err != nil || id.SessionIndex != "sess-1" {
		t.Fatal(explain(err))
	}
}
