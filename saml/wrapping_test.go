package saml_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

// parts cuts a signed document into what attacks move about.
type parts struct {
	doc, open, response string // response is everything between the root's tags
	assertion           string // with its signature
	bare                string // without
	responseSig         string
	assertionSig        string
}

func cut(t *testing.T, doc string) parts {
	t.Helper()
	p := parts{doc: doc}
	i := strings.Index(doc, "<saml:Assertion")
	j := strings.Index(doc, "</saml:Assertion>") + len("</saml:Assertion>")
	p.assertion = doc[i:j]
	sig := regexp.MustCompile(`(?s)<ds:Signature .*?</ds:Signature>`)
	p.assertionSig = sig.FindString(p.assertion)
	p.bare = strings.Replace(p.assertion, p.assertionSig, "", 1)
	p.responseSig = sig.FindString(doc[:i])
	p.open = doc[:strings.Index(doc, ">")+1]
	p.response = strings.TrimSuffix(doc[len(p.open):], "</samlp:Response>")
	return p
}

// evil is the assertion the attacker would like to be believed.
func evil(assertion, id string) string {
	return strings.NewReplacer("ann@victim.example", "owner@victim.example", `ID="asrt-1"`, `ID="`+id+`"`).Replace(assertion)
}

// XSW 3 to 8 of Somorovsky et al., by where the forged assertion and the signed
// one stand. Each is made with a new ID and with the same one.
func assertionWrappings() map[string]func(p parts, forged string) string {
	swap := func(p parts, s string) string { return strings.Replace(p.doc, p.assertion, s, 1) }
	inside := func(outer, inner string) string {
		return strings.Replace(outer, "</saml:Assertion>", inner+"</saml:Assertion>", 1)
	}
	return map[string]func(parts, string) string{
		"XSW3 forged before":        func(p parts, f string) string { return swap(p, f+p.assertion) },
		"XSW3 forged after":         func(p parts, f string) string { return swap(p, p.assertion+f) },
		"XSW4 forged around signed": func(p parts, f string) string { return swap(p, inside(f, p.assertion)) },
		"XSW5 signed copy at the end": func(p parts, f string) string {
			return swap(p, withSig(f, p.assertionSig)+p.bare)
		},
		"XSW6 signed inside the signature": func(p parts, f string) string {
			return swap(p, withSig(f, strings.Replace(p.assertionSig, "</ds:Signature>", p.bare+"</ds:Signature>", 1)))
		},
		"XSW7 forged in Extensions": func(p parts, f string) string {
			return strings.Replace(p.doc, "<samlp:Status>", "<samlp:Extensions>"+f+"</samlp:Extensions><samlp:Status>", 1)
		},
		"XSW7 signed in Extensions": func(p parts, f string) string {
			return strings.Replace(swap(p, f), "<samlp:Status>", "<samlp:Extensions>"+p.assertion+"</samlp:Extensions><samlp:Status>", 1)
		},
		"XSW8 signed in an Object": func(p parts, f string) string {
			return swap(p, withSig(f, strings.Replace(p.assertionSig, "</ds:Signature>", "<ds:Object>"+p.bare+"</ds:Object></ds:Signature>", 1)))
		},
		"signed in Advice": func(p parts, f string) string {
			return swap(p, inside(f, "<saml:Advice>"+p.assertion+"</saml:Advice>"))
		},
		"forged in Advice": func(p parts, f string) string {
			return swap(p, inside(p.assertion, "<saml:Advice>"+f+"</saml:Advice>"))
		},
		"forged in the Status": func(p parts, f string) string {
			return strings.Replace(p.doc, "</samlp:Status>", "<samlp:StatusDetail>"+f+"</samlp:StatusDetail></samlp:Status>", 1)
		},
		"forged in a foreign element": func(p parts, f string) string {
			return strings.Replace(p.doc, "<samlp:Status>", `<x:y xmlns:x="urn:x">`+f+`</x:y><samlp:Status>`, 1)
		},
		"forged in the namespace of SAML 1": func(p parts, f string) string {
			return swap(p, p.assertion+strings.Replace(f, "<saml:Assertion", `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion"`, 1))
		},
	}
}

// withSig puts sig where signatures stand.
func withSig(assertion, sig string) string {
	return strings.Replace(assertion, "</saml:Issuer>", "</saml:Issuer>"+sig, 1)
}

func TestWrappedAssertions(t *testing.T) {
	t.Parallel()
	for _, b := range bases() {
		doc := b.sign(genuine(), signing{})
		accepted(t, doc)
		p := cut(t, doc)
		for name, attack := range assertionWrappings() {
			for _, id := range []string{"evil-1", "asrt-1"} {
				t.Run(string(b)+"/"+name+"/"+id, func(t *testing.T) {
					t.Parallel()
					for _, assertion := range []string{p.bare, p.assertion} {
						forged := attack(p, evil(assertion, id))
						if !strings.Contains(forged, "owner@victim.example") {
							t.Fatal("the attack is not in the document")
						}
						want := saml.CodeProfile
						if strings.Count(forged, "<saml:Assertion") == 1 {
							want = saml.CodeSignature // nothing to wrap in a base without that signature
						}
						got, err := login(forged)
						refused(t, got, err, want)
					}
				})
			}
		}
	}
}

// The signed Response is carried along inside a forged one.
func TestWrappedResponse(t *testing.T) {
	t.Parallel()
	for _, b := range []base{"response", "both"} {
		doc := b.sign(genuine(), signing{})
		accepted(t, doc)
		p := cut(t, doc)
		forgedOpen := strings.Replace(p.open, `ID="resp-1"`, `ID="evil-r"`, 1)
		status := `<saml:Issuer>` + idpID + `</saml:Issuer>@<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>`
		unsigned := strings.Replace(doc, p.responseSig, "", 1)
		for name, forged := range map[string]string{
			"XSW1 original in the signature": forgedOpen + strings.Replace(status, "@", strings.Replace(p.responseSig, "</ds:Signature>", unsigned+"</ds:Signature>", 1), 1) + evil(p.bare, "evil-a") + "</samlp:Response>",
			"XSW2 original before":           forgedOpen + strings.Replace(status, "@", p.responseSig+unsigned, 1) + evil(p.bare, "evil-a") + "</samlp:Response>",
			"original in an Object":          forgedOpen + strings.Replace(status, "@", strings.Replace(p.responseSig, "</ds:Signature>", "<ds:Object>"+unsigned+"</ds:Object></ds:Signature>", 1), 1) + evil(p.bare, "evil-a") + "</samlp:Response>",
			"original in Extensions":         forgedOpen + strings.Replace(status, "@", "<samlp:Extensions>"+doc+"</samlp:Extensions>", 1) + evil(p.bare, "evil-a") + "</samlp:Response>",
			"original as a child":            forgedOpen + strings.Replace(status, "@", "", 1) + evil(p.bare, "evil-a") + doc + "</samlp:Response>",
			"the same ID twice":              p.open + strings.Replace(status, "@", p.responseSig, 1) + doc + evil(p.bare, "evil-a") + "</samlp:Response>",
		} {
			t.Run(string(b)+"/"+name, func(t *testing.T) {
				t.Parallel()
				got, err := login(forged)
				refused(t, got, err, saml.CodeProfile)
			})
		}
	}
}

// Exactly one assertion, whatever signs it.
func TestMultipleAssertions(t *testing.T) {
	t.Parallel()
	doc := base("assertion").sign(genuine(), signing{})
	accepted(t, doc)
	p := cut(t, doc)
	second := strings.Replace(genuine(), `ID="asrt-1"`, `ID="asrt-2"`, 1)
	alsoSigned := cut(t, base("assertion").sign(second, signing{})).assertion
	encrypted := `<saml:EncryptedAssertion><x:EncryptedData xmlns:x="http://www.w3.org/2001/04/xmlenc#"/></saml:EncryptedAssertion>`
	for name, c := range map[string]struct {
		doc  string
		code saml.Code
	}{
		"both signed":                  {strings.Replace(doc, p.assertion, p.assertion+alsoSigned, 1), saml.CodeProfile},
		"unsigned before signed":       {strings.Replace(doc, p.assertion, evil(p.bare, "evil-1")+p.assertion, 1), saml.CodeProfile},
		"none":                         {strings.Replace(doc, p.assertion, "", 1), saml.CodeProfile},
		"one plain, one encrypted":     {strings.Replace(doc, p.assertion, p.assertion+encrypted, 1), saml.CodeProfile},
		"encrypted alone":              {strings.Replace(doc, p.assertion, encrypted, 1), saml.CodeProfile},
		"encrypted in another element": {strings.Replace(doc, "<samlp:Status>", "<samlp:Extensions>"+encrypted+"</samlp:Extensions><samlp:Status>", 1), saml.CodeProfile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := login(c.doc)
			refused(t, got, err, c.code)
		})
	}
}

// A signed refusal, with an assertion parked where the signature does not look.
func TestSignedErrorWithSmuggledAssertion(t *testing.T) {
	t.Parallel()
	failed := replace(t, genuine(), "status:Success", "status:Requester")
	signed := base("response").sign(failed, signing{})
	got, err := login(signed)
	refused(t, got, err, saml.CodeStatus)
	p := cut(t, signed)
	empty := strings.Replace(failed, cut(t, unmark(failed)).assertion, "", 1)
	empty = strings.Replace(empty, cut(t, failed).assertion, "", 1)
	alone := base("response").sign(empty, signing{})
	for name, doc := range map[string]string{
		"in an Object":          strings.Replace(alone, "</ds:Signature>", "<ds:Object>"+evil(p.bare, "evil-1")+"</ds:Object></ds:Signature>", 1),
		"in the signature":      strings.Replace(alone, "</ds:Signature>", evil(p.bare, "evil-1")+"</ds:Signature>", 1),
		"beside the status":     strings.Replace(alone, "</samlp:Response>", evil(p.bare, "evil-1")+"</samlp:Response>", 1),
		"with a second Success": strings.Replace(alone, "</samlp:Response>", `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>`+evil(p.bare, "evil-1")+"</samlp:Response>", 1),
		"status turned around":  strings.Replace(strings.Replace(alone, "status:Requester", "status:Success", 1), "</ds:Signature>", "<ds:Object>"+evil(p.bare, "evil-1")+"</ds:Object></ds:Signature>", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := login(doc); got != nil || err == nil {
				t.Fatalf("accepted as %q", got.NameID.Value)
			}
		})
	}
}

// Equal IDs in any spelling, on any element.
func TestDuplicateIDs(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string][2]string{
		"Response and Assertion":   {`ID="asrt-1"`, `ID="resp-1"`},
		"Id elsewhere":             {`<saml:AuthnStatement `, `<saml:AuthnStatement Id="asrt-1" `},
		"id elsewhere":             {`<saml:AuthnStatement `, `<saml:AuthnStatement id="asrt-1" `},
		"xml:id elsewhere":         {`<saml:AuthnStatement `, `<saml:AuthnStatement xml:id="asrt-1" `},
		"foreign ID elsewhere":     {`<saml:AuthnStatement `, `<saml:AuthnStatement xmlns:x="urn:x" x:ID="asrt-1" `},
		"the Response's elsewhere": {`<saml:AuthnStatement `, `<saml:AuthnStatement ID="resp-1" `},
	} {
		for _, b := range bases() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				got, err := login(b.sign(replace(t, genuine(), edit[0], edit[1]), signing{}))
				refused(t, got, err, saml.CodeProfile)
			})
		}
	}
	accepted(t, base("both").sign(replace(t, genuine(), `<saml:AuthnStatement `, `<saml:AuthnStatement Id="other" `), signing{}))
}

// Attributes of a foreign namespace neither count nor distract.
func TestAttributePollution(t *testing.T) {
	t.Parallel()
	const x = ` xmlns:x="urn:x" `
	for name, c := range map[string]struct {
		old, new string
		code     saml.Code
	}{
		"x:ID before the Response's ID":  {` ID="resp-1"`, x + `x:ID="evil" ID="resp-1"`, saml.CodeProfile},
		"x:ID after the Assertion's ID":  {` ID="asrt-1"`, ` ID="asrt-1"` + x + `x:ID="evil"`, saml.CodeProfile},
		"x:ID alone on the Assertion":    {` ID="asrt-1"`, x + `x:ID="asrt-1"`, saml.CodeProfile},
		"Id beside ID":                   {` ID="asrt-1"`, ` Id="evil" ID="asrt-1"`, saml.CodeProfile},
		"x:Recipient after a wrong one":  {` Recipient="` + acs + `"`, ` Recipient="https://evil.example/acs"` + x + `x:Recipient="` + acs + `"`, saml.CodeRecipient},
		"x:Recipient alone":              {` Recipient="` + acs + `"`, x + `x:Recipient="` + acs + `"`, saml.CodeSubject},
		"x:Destination after a wrong":    {` Destination="` + acs + `"`, ` Destination="https://evil.example/acs"` + x + `x:Destination="` + acs + `"`, saml.CodeDestination},
		"x:NotOnOrAfter alone":           {` NotOnOrAfter="` + at(300e9) + `" InResponseTo`, x + `x:NotOnOrAfter="` + at(300e9) + `" InResponseTo`, saml.CodeSubject},
		"x:InResponseTo after another":   {` InResponseTo="` + reqID + `"/>`, ` InResponseTo="req-other"` + x + `x:InResponseTo="` + reqID + `"/>`, saml.CodeRequestUnknown},
		"x:Version after 1.1":            {` Version="2.0" IssueInstant="` + at(0) + `"><saml:Issuer>`, ` Version="1.1"` + x + `x:Version="2.0" IssueInstant="` + at(0) + `"><saml:Issuer>`, saml.CodeVersion},
		"x:Value of the status":          {` Value="urn:oasis:names:tc:SAML:2.0:status:Success"`, ` Value="urn:oasis:names:tc:SAML:2.0:status:Responder"` + x + `x:Value="urn:oasis:names:tc:SAML:2.0:status:Success"`, saml.CodeStatus},
		"x:Method of the confirmation":   {` Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"`, x + `x:Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"`, saml.CodeSubject},
		"x:IssueInstant on an old issue": {` IssueInstant="` + at(0) + `"><saml:Issuer>`, ` IssueInstant="2020-01-01T00:00:00Z"` + x + `x:IssueInstant="` + at(0) + `"><saml:Issuer>`, saml.CodeStale},
	} {
		for _, b := range bases() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				got, err := login(b.sign(replace(t, genuine(), c.old, c.new), signing{}))
				refused(t, got, err, c.code)
			})
		}
	}
	for _, b := range bases() {
		accepted(t, b.sign(replace(t, genuine(), ` Recipient="`+acs+`"`, x+`x:Recipient="https://evil.example" Recipient="`+acs+`"`), signing{}))
	}
}
