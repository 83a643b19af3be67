package saml_test

import (
	"crypto"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

// verdict is one question on which the letter of the specifications and the documents
// of real providers part, and what is answered here.
type verdict struct {
	old, new string
	how      signing
	pinned   string
	rules    *saml.Rules
	code     saml.Code // "" is accepted
}

func verdicts() map[string]verdict {
	const (
		restriction = `<saml:AudienceRestriction><saml:Audience>` + spID + `</saml:Audience></saml:AudienceRestriction>`
		destination = ` Destination="` + acs + `"`
		issuer      = `<saml:Issuer>` + idpID + `</saml:Issuer>@R@`
		nameID      = `<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">ann@victim.example</saml:NameID>`
		firstName   = `<saml:Attribute Name="firstName"><saml:AttributeValue>Ann</saml:AttributeValue></saml:Attribute>`
	)
	doc := genuine()
	authn := doc[strings.Index(doc, "<saml:AuthnStatement "):strings.Index(doc, "<saml:AttributeStatement>")]
	statement := doc[strings.Index(doc, "<saml:AttributeStatement>"):strings.Index(doc, "</saml:Assertion>")]
	issued := `Version="2.0" IssueInstant="` + at(0) + `"><saml:Issuer>` + idpID + `</saml:Issuer>@A@`
	legacy := &saml.Rules{InsecureAllowLegacy: true}
	return map[string]verdict{
		"no AudienceRestriction":            {old: restriction, code: saml.CodeAudienceMissing},
		"an audience that is not us":        {old: spID + `</saml:Audience>`, new: `https://other.example</saml:Audience>`, code: saml.CodeAudience},
		"Destination absent":                {old: destination},
		"Destination of another":            {old: destination, new: ` Destination="https://other.example/acs"`, code: saml.CodeDestination},
		"Destination empty":                 {old: destination, new: ` Destination=""`, code: saml.CodeDestination},
		"Reference URI empty":               {how: signing{uri: "@empty"}, code: saml.CodeProfile},
		"Signature first":                   {old: "@"},
		"Response without Issuer":           {old: issuer, new: "@R@"},
		"Response with another Issuer":      {old: issuer, new: `<saml:Issuer>https://other.example</saml:Issuer>@R@`, code: saml.CodeIssuer},
		"Response with an empty Issuer":     {old: issuer, new: `<saml:Issuer/>@R@`, code: saml.CodeIssuer},
		"repeated attributes":               {old: firstName, new: firstName + firstName},
		"no AuthnStatement":                 {old: authn},
		"no AttributeStatement":             {old: statement},
		"a second Subject":                  {old: `<saml:Conditions `, new: `<saml:Subject>` + nameID + `</saml:Subject><saml:Conditions `, code: saml.CodeProfile},
		"a second NameID":                   {old: nameID, new: nameID + nameID, code: saml.CodeProfile},
		"an empty NameID":                   {old: nameID, new: `<saml:NameID/>`, code: saml.CodeNameID},
		"a blank NameID":                    {old: nameID, new: "<saml:NameID> \t\n</saml:NameID>", code: saml.CodeNameID},
		"no NameID":                         {old: nameID, code: saml.CodeNameID},
		"a comment":                         {old: `<saml:Subject>`, new: `<saml:Subject><!-- -->`, code: saml.CodeXML},
		"a comment outside what is signed":  {old: `<samlp:Response `, new: `<!-- --><samlp:Response `, code: saml.CodeXML},
		"a processing instruction":          {old: `<saml:Subject>`, new: `<saml:Subject><?a b?>`, code: saml.CodeXML},
		"a ds:Object":                       {how: signing{object: `<ds:Object/>`}, code: saml.CodeProfile},
		"SessionNotOnOrAfter in the past":   {old: ` SessionIndex="sess-1"`, new: ` SessionIndex="sess-1" SessionNotOnOrAfter="` + at(-time.Hour) + `"`, code: saml.CodeSessionOver},
		"IssueInstant more than a day old":  {old: issued, new: strings.Replace(issued, at(0), at(-25*time.Hour), 1), code: saml.CodeStale},
		"IssueInstant almost a day old":     {old: issued, new: strings.Replace(issued, at(0), at(-23*time.Hour), 1)},
		"AuthnInstant of yesterday":         {old: at(-time.Minute), new: at(-30 * time.Hour)},
		"SHA-1":                             {how: signing{hash: crypto.SHA1}, code: saml.CodeAlgorithm},
		"SHA-1, opted in":                   {how: signing{hash: crypto.SHA1}, rules: legacy},
		"digest by SHA-1":                   {how: signing{digest: dsNS + "sha1", digestHash: crypto.SHA1}, code: saml.CodeAlgorithm},
		"digest by SHA-1, opted in":         {how: signing{digest: dsNS + "sha1", digestHash: crypto.SHA1}, rules: legacy},
		"RSA of 1024 bits":                  {how: signing{by: "weak"}, pinned: "weak", code: saml.CodeAlgorithm},
		"RSA of 1024 bits, opted in":        {how: signing{by: "weak"}, pinned: "weak", rules: legacy},
		"opted in, and signed as it should": {rules: legacy},
		"opted in, HMAC":                    {how: signing{method: dsNS + "hmac-sha1"}, rules: legacy, code: saml.CodeAlgorithm},
		"opted in, MD5":                     {how: signing{method: "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"}, rules: legacy, code: saml.CodeAlgorithm},
	}
}

// The verdicts hold wherever the signature is, and for either number of verifiers.
func TestVerdictsWhereTheLetterAndRealDocumentsDiffer(t *testing.T) {
	t.Parallel()
	for name, v := range verdicts() {
		for _, b := range bases() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				doc := genuine()
				if v.old != "" {
					doc = replace(t, doc, v.old, v.new)
				}
				if v.old == "@" {
					doc = signatureFirst(genuine())
				}
				signed := b.sign(doc, v.how)
				idp := theirIdP()
				if v.pinned != "" {
					idp = theirIdP(v.pinned)
				}
				for _, only := range []bool{false, true} {
					rules := saml.Rules{}
					if v.rules != nil {
						rules = *v.rules
					}
					rules.InsecureEngineOnly = only
					id, err := finish(signed, idp, &rules, ourRequest(), clock())
					if v.code != "" {
						refused(t, id, err, v.code)
						continue
					}
					if err != nil {
						t.Fatalf("engine only %v: %s", only, explain(err))
					}
					if diff := cmp.Diff(genuineIdentity().NameID, id.NameID); diff != "" {
						t.Error(diff)
					}
				}
			})
		}
	}
	id, err := login(base("both").sign(replace(t, genuine(), `</saml:AttributeStatement>`, named("groups", "red", "green")+`</saml:AttributeStatement>`), signing{}))
	if err != nil {
		t.Fatal(explain(err))
	}
	if diff := cmp.Diff([]string{"red", "blue", "green"}, id.Groups); diff != "" {
		t.Error("repeated attributes are not merged:", diff)
	}
}
