package saml_test

import (
	"encoding/base64"
	"runtime"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

// What an attack on this package found, each beside what must pass.

// A URI that is declared once and used by each of many elements is written out for each
// of them by canonicalization: gigabytes from a small, once signed document.
// It is not parallel, because it counts what is allocated.
func TestNamespacesCannotBeAmplified(t *testing.T) {
	for _, b := range bases() {
		doc := b.sign(genuine(), signing{})
		accepted(t, doc)
		// The signature is over another document by now: it is what comes before its
		// digest is compared that must stay small.
		doc = replace(t, doc, `<saml:Assertion `, `<saml:Assertion xmlns:b="urn:`+strings.Repeat("x", 50_000)+`" `)
		doc = replace(t, doc, `<saml:AttributeStatement>`, `<saml:AttributeStatement>`+strings.Repeat(`<b:x/>`, 5_000))
		posted := base64.StdEncoding.EncodeToString([]byte(doc))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := saml.ParseMessage(posted)
		refused(t, nil, err, saml.CodeXML)
		id, err := ourSP().Finish(theirIdP(), nil, m, ourRequest(), clock())
		runtime.ReadMemStats(&after)
		refused(t, id, err, saml.CodeXML)
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 16<<20 {
			t.Errorf("%s: %d MiB were allocated", b, spent>>20)
		}
	}
}

func TestAttributesThatNameTwoAddresses(t *testing.T) {
	t.Parallel()
	with := func(attributes string) (*saml.Identity, error) {
		doc := replace(t, genuine(), `<saml:AttributeStatement>`, `<saml:AttributeStatement>`+attributes)
		return login(bases()[1].sign(doc, signing{}))
	}
	one := func(name string, values ...string) string {
		out := `<saml:Attribute Name="` + name + `">`
		for _, v := range values {
			out += `<saml:AttributeValue>` + v + `</saml:AttributeValue>`
		}
		return out + `</saml:Attribute>`
	}
	for name, attributes := range map[string]string{
		"two presets":    one("email", "ann@victim.example") + one("mail", "owner@victim.example"),
		"a claim URI":    one("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "owner@victim.example") + one("email", "ann@victim.example"),
		"two values":     one("email", "ann@victim.example", "owner@victim.example"),
		"the same twice": one("email", "ann@victim.example") + one("email", "owner@victim.example"),
	} {
		id, err := with(attributes)
		if e := refused(t, id, err, saml.CodeIdentifier); e != nil && !strings.Contains(e.Hint, "identifier") {
			t.Errorf("%s: the hint is %q", name, e.Hint)
		}
	}
	id, err := with(one("email", "Ann@Victim.example") + one("mail", "ann@victim.example") + one("displayName", "owner@victim.example") + one("email", "not an address"))
	if err != nil || id.Email != "Ann@Victim.example" {
		t.Errorf("one address in two spellings: %v %v", id, err)
	}
}

func TestIdentifierNameID(t *testing.T) {
	t.Parallel()
	doc := replace(t, genuine(), `<saml:AttributeStatement>`, `<saml:AttributeStatement><saml:Attribute Name="mail"><saml:AttributeValue>owner@victim.example</saml:AttributeValue></saml:Attribute>`)
	rules := &saml.Rules{Identifier: saml.IdentifierNameID}
	id, err := finish(bases()[1].sign(doc, signing{}), theirIdP(), rules, ourRequest(), clock())
	if err != nil || id.Email != "ann@victim.example" {
		t.Errorf("the NameID alone: %v %v", id, err)
	}
	doc = replace(t, doc, `>ann@victim.example<`, `>u-17<`)
	id, err = finish(bases()[1].sign(doc, signing{}), theirIdP(), rules, ourRequest(), clock())
	refused(t, id, err, saml.CodeIdentifier)
}

func TestMetadataHiddenInExtensions(t *testing.T) {
	t.Parallel()
	good := entity(idpID, "", keyDescriptor(signingUse, "idp")+sso("HTTP-Redirect", "https://idp.example/sso"))
	evil := entity(idpID, "", keyDescriptor(signingUse, "attacker")+sso("HTTP-Redirect", "https://evil.example/sso"))
	hide := func(in string) string {
		return replace(t, in, `<md:IDPSSODescriptor`, `<md:Extensions>`+evil+`</md:Extensions><md:IDPSSODescriptor`)
	}
	for name, doc := range map[string]string{"alone": hide(good), "among others": entities(hide(good))} {
		for _, id := range []string{"", idpID} {
			got, err := saml.ParseMetadata([]byte(doc), id)
			if err != nil {
				t.Fatalf("%s: %s", name, explain(err))
			}
			if !got.Certificates[0].Equal(keys()["idp"].cert) || len(got.Certificates) != 1 || got.SSO.URL != "https://idp.example/sso" {
				t.Errorf("%s, %q: the hidden one was taken: %+v", name, id, got)
			}
		}
	}
}

func TestMetadataPinsTheKeyAndNotItsIssuer(t *testing.T) {
	t.Parallel()
	chain := replace(t, keyDescriptor(signingUse, "idp"), `</ds:X509Certificate>`, `</ds:X509Certificate>`+
		strings.Split(strings.Split(keyDescriptor("", "second"), `<ds:X509Data>`)[1], `</ds:X509Data>`)[0])
	got, err := saml.ParseMetadata([]byte(entity(idpID, "", chain+sso("HTTP-Redirect", "https://idp.example/sso"))), "")
	if err != nil {
		t.Fatal(explain(err))
	}
	if len(got.Certificates) != 1 || !got.Certificates[0].Equal(keys()["idp"].cert) {
		t.Errorf("%d certificates", len(got.Certificates))
	}
}
