package saml_test

import (
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

func keyDescriptor(use, name string) string { return keyOf(use, keys()[name].cert.Raw) }

func keyOf(use string, der []byte) string {
	return `<md:KeyDescriptor` + use + `><ds:KeyInfo xmlns:ds="` + dsNS + `"><ds:X509Data><ds:X509Certificate>` + "\n" +
		base64.StdEncoding.EncodeToString(der) + "\n" + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
}

func sso(binding, url string) string {
	return `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:` + binding + `" Location="` + url + `"/>`
}

// logoutAt is an endpoint for logout; answers may be "".
func logoutAt(binding, url, answers string) string {
	if answers != "" {
		answers = `" ResponseLocation="` + answers
	}
	return strings.Replace(sso(binding, url+answers), "SingleSignOn", "SingleLogout", 1)
}

const signingUse = ` use="signing"`

func entity(id, attrs, inside string) string {
	return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + id + `"><md:IDPSSODescriptor ` + attrs +
		` protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol urn:oasis:names:tc:SAML:2.0:protocol">` + inside + `</md:IDPSSODescriptor></md:EntityDescriptor>`
}

func entities(all ...string) string {
	return `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + strings.Join(all, "\n") + `</md:EntitiesDescriptor>`
}

func TestParseMetadata(t *testing.T) {
	t.Parallel()
	both := sso("HTTP-POST", "https://idp.example/post") + sso("SOAP", "https://idp.example/soap") + sso("HTTP-Redirect", "https://idp.example/sso?a=b&amp;c=d")
	redirect := saml.Endpoint{URL: "https://idp.example/sso?a=b&c=d", Binding: saml.Redirect}
	post := saml.Endpoint{URL: "https://idp.example/post", Binding: saml.POST}
	full := entity(idpID, `WantAuthnRequestsSigned="true"`, keyDescriptor(signingUse, "idp")+keyDescriptor("", "second")+keyDescriptor(` use="encryption"`, "attacker")+keyDescriptor(signingUse, "idp")+both)
	small := entity("https://other.example", "", keyDescriptor("", "ec")+sso("HTTP-POST", post.URL))
	sp := `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="sp"><md:SPSSODescriptor/></md:EntityDescriptor>`
	for name, c := range map[string]struct {
		doc, id string
		want    saml.IdP
		keys    []string
	}{
		"one entity":                   {full, "", saml.IdP{EntityID: idpID, SSO: redirect, SignRequests: true}, []string{"idp", "second"}},
		"one of several":               {entities(sp, small, entities(full)), idpID, saml.IdP{EntityID: idpID, SSO: redirect, SignRequests: true}, []string{"idp", "second"}},
		"the only provider of all":     {entities(sp, small), "", saml.IdP{EntityID: "https://other.example", SSO: post}, []string{"ec"}},
		"declaration and mark":         {"\uFEFF<?xml version=\"1.0\"?>\n<!-- made by hand -->\n" + small, "", saml.IdP{EntityID: "https://other.example", SSO: post}, []string{"ec"}},
		"comments and instructions":    {strings.Replace(small, "<md:SingleSignOnService", "<?x y?><!-- z --><md:SingleSignOnService", 1), "", saml.IdP{EntityID: "https://other.example", SSO: post}, []string{"ec"}},
		"bare ampersand in a URL":      {strings.Replace(full, "a=b&amp;c=d", "a=b&c=d", 1), "", saml.IdP{EntityID: idpID, SSO: redirect, SignRequests: true}, []string{"idp", "second"}},
		"a key that is too short":      {entity(idpID, "", keyDescriptor(signingUse, "weak")+keyDescriptor(signingUse, "idp")+both), "", saml.IdP{EntityID: idpID, SSO: redirect}, []string{"idp"}},
		"only a key that is too short": {entity(idpID, "", keyDescriptor(signingUse, "weak")+both), "", saml.IdP{EntityID: idpID, SSO: redirect}, []string{"weak"}},
		"logout, redirect preferred": {entity(idpID, "", keyDescriptor("", "idp")+logoutAt("SOAP", "https://idp.example/x", "")+logoutAt("HTTP-POST", "https://idp.example/p", "https://idp.example/pa")+logoutAt("HTTP-Redirect", "https://idp.example/r", " https://idp.example/ra ")+both), "",
			saml.IdP{EntityID: idpID, SSO: redirect, SLO: saml.Endpoint{URL: "https://idp.example/r", Binding: saml.Redirect}, SLOResponseURL: "https://idp.example/ra"}, []string{"idp"}},
		"logout by POST, no place for answers": {entity(idpID, "", keyDescriptor("", "idp")+logoutAt("HTTP-POST", "https://idp.example/p", "")+logoutAt("HTTP-POST", "https://idp.example/later", "https://idp.example/x")+both), "",
			saml.IdP{EntityID: idpID, SSO: redirect, SLO: saml.Endpoint{URL: "https://idp.example/p", Binding: saml.POST}}, []string{"idp"}},
		"logout of no use": {entity(idpID, "", keyDescriptor("", "idp")+logoutAt("SOAP", "https://idp.example/x", "")+logoutAt("HTTP-Redirect", "javascript:alert(1)", "")+logoutAt("HTTP-POST", "/p", "")+both), "",
			saml.IdP{EntityID: idpID, SSO: redirect}, []string{"idp"}},
		"answers of no use": {entity(idpID, "", keyDescriptor("", "idp")+logoutAt("HTTP-POST", "https://idp.example/p", "javascript:alert(1)")+both), "",
			saml.IdP{EntityID: idpID, SSO: redirect, SLO: saml.Endpoint{URL: "https://idp.example/p", Binding: saml.POST}}, []string{"idp"}},
		"answers to the same place": {entity(idpID, "", keyDescriptor("", "idp")+logoutAt("HTTP-POST", "https://idp.example/p", "https://idp.example/p")+both), "",
			saml.IdP{EntityID: idpID, SSO: redirect, SLO: saml.Endpoint{URL: "https://idp.example/p", Binding: saml.POST}}, []string{"idp"}},
		"half armour in the element": {strings.Replace(small, "<ds:X509Certificate>", "<ds:X509Certificate>-----BEGIN CERTIFICATE-----", 1), "", saml.IdP{EntityID: "https://other.example", SSO: post}, []string{"ec"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := saml.ParseMetadata([]byte(c.doc), c.id)
			if err != nil {
				t.Fatal(explain(err))
			}
			if len(got.Certificates) != len(c.keys) {
				t.Fatalf("%d certificates, want %d", len(got.Certificates), len(c.keys))
			}
			for i, k := range c.keys {
				if !got.Certificates[i].Equal(keys()[k].cert) {
					t.Errorf("certificate %d is not %s", i, k)
				}
			}
			got.Certificates = nil
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever is odd about metadata, it never gives a connection that accepts
// unsigned responses.
func TestMetadataThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	ep := sso("HTTP-Redirect", "https://idp.example/sso")
	good := entity(idpID, "", keyDescriptor("", "idp")+ep)
	first := keys()["idp"].key.Public().(*rsa.PublicKey)
	tiny := made(t, &rsa.PublicKey{N: new(big.Int).Rsh(first.N, 1024+1), E: 65537}, 100) // 1023 bits
	if _, err := saml.ParseMetadata([]byte(good), ""); err != nil {
		t.Fatal(explain(err))
	}
	for name, c := range map[string]struct {
		doc, id string
		code    saml.Code
	}{
		"no key":                     {entity(idpID, "", ep), "", saml.CodeMetadata},
		"an encryption key only":     {entity(idpID, "", keyDescriptor(` use="encryption"`, "idp")+ep), "", saml.CodeMetadata},
		"an empty use":               {entity(idpID, "", keyDescriptor(` use=""`, "idp")+ep), "", saml.CodeMetadata},
		"a key of no use only":       {entity(idpID, "", keyOf("", tiny)+ep), "", saml.CodeMetadata},
		"an empty certificate":       {entity(idpID, "", `<md:KeyDescriptor><ds:KeyInfo xmlns:ds="`+dsNS+`"><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`+ep), "", saml.CodeMetadata},
		"a certificate of elements":  {strings.Replace(good, "<ds:X509Certificate>", "<ds:X509Certificate><x/>", 1), "", saml.CodeMetadata},
		"a key in a foreign place":   {strings.Replace(good, "md:KeyDescriptor", "ds:KeyDescriptor xmlns:ds=\"urn:x\"", 1), "", saml.CodeXML},
		"no endpoint":                {entity(idpID, "", keyDescriptor("", "idp")), "", saml.CodeMetadata},
		"endpoint of another kind":   {entity(idpID, "", keyDescriptor("", "idp")+sso("SOAP", "https://idp.example/soap")), "", saml.CodeMetadata},
		"endpoint that runs scripts": {entity(idpID, "", keyDescriptor("", "idp")+sso("HTTP-Redirect", "javascript:alert(1)")), "", saml.CodeMetadata},
		"relative endpoint":          {entity(idpID, "", keyDescriptor("", "idp")+sso("HTTP-Redirect", "/sso")), "", saml.CodeMetadata},
		"no entityID":                {entity("", "", keyDescriptor("", "idp")+ep), "", saml.CodeMetadata},
		"SAML 1 only":                {strings.Replace(good, " urn:oasis:names:tc:SAML:2.0:protocol", "", 1), "", saml.CodeMetadata},
		"another entity":             {good, "https://other.example", saml.CodeMetadata},
		"two, none chosen":           {entities(good, entity("https://b.example", "", keyDescriptor("", "idp")+ep)), "", saml.CodeMetadata},
		"two of one name":            {entities(good, good), idpID, saml.CodeMetadata},
		"a service provider's":       {`<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="sp"><md:SPSSODescriptor/></md:EntityDescriptor>`, "", saml.CodeMetadata},
		"another document":           {`<html/>`, "", saml.CodeMetadata},
		"another namespace":          {strings.Replace(good, "SAML:2.0:metadata", "SAML:1.0:metadata", 1), "", saml.CodeMetadata},
		"not XML":                    {"-----BEGIN CERTIFICATE-----", "", saml.CodeXML},
		"empty":                      {"", "", saml.CodeXML},
		"DOCTYPE":                    {`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + good, "", saml.CodeXML},
		"UTF-16":                     {"\xff\xfe<\x00", "", saml.CodeXML},
		"9 MiB":                      {strings.Repeat(" ", 9<<20), "", saml.CodeSize},
		"8 MiB of ampersands":        {strings.Repeat("&", 8<<20), "", saml.CodeSize},
		"deep":                       {strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100), "", saml.CodeXML},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := saml.ParseMetadata([]byte(c.doc), c.id)
			if got != nil {
				t.Fatalf("read as %+v", got)
			}
			refused(t, nil, err, c.code)
		})
	}
}
