package saml_test

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

// testdata/federation has one file of a federation, signed twice by xmlsec1 1.2.37 with
// keys that were thrown away: RSA with SHA-256 and a list of inclusive prefixes, and
// ECDSA on P-256 without one. Comments, references, indentation and names in extensions
// are in what is signed.
func TestFederationSignedByXmlsec1(t *testing.T) {
	t.Parallel()
	load := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata", "federation", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	trust := map[string][]*x509.Certificate{}
	for _, kind := range []string{"rsa", "ec"} {
		certs, err := saml.ParseCertificates(load(kind + ".pem"))
		if err != nil {
			t.Fatal(explain(err))
		}
		trust[kind] = certs
	}
	for kind, other := range map[string]string{"rsa": "ec", "ec": "rsa"} {
		doc := string(load(kind + ".xml"))
		for _, id := range []string{"", idpID} {
			m, err := (&saml.Source{EntityID: id, Trust: trust[kind]}).Parse([]byte(doc), clock())
			if err != nil {
				t.Fatalf("%s: %s", kind, explain(err))
			}
			if !m.Signed || m.IdP.EntityID != idpID || m.IdP.SSO.URL != `https://idp.example/sso?a=b&c=d&e="f"` || m.CacheDuration.Hours() != 6 || m.ValidUntil.Year() != 2199 || !m.IdP.Certificates[0].Equal(trust["rsa"][0]) {
				t.Errorf("%s: %+v %+v", kind, m, m.IdP)
			}
		}
		for what, changed := range map[string]string{
			"another key is trusted":           doc,
			"another URL":                      replace(t, doc, "https://idp.example/sso", "https://evil.example/sso"),
			"a later end":                      replace(t, doc, "2199-01-01T00:00:00Z", "2199-01-02T00:00:00Z"),
			"white space in a name":            replace(t, doc, "An  organization", "An organization"),
			"another prefix for the same":      strings.ReplaceAll(doc, "shibmd", "shibmx"),
			"a role more":                      replace(t, doc, "<md:Organization>", `<md:SPSSODescriptor/><md:Organization>`),
			"a declaration more, which counts": replace(t, doc, `<md:Organization>`, `<md:Organization xmlns:xs="urn:x">`),
		} {
			src := &saml.Source{Trust: trust[kind]}
			switch what {
			case "another key is trusted":
				src.Trust = trust[other]
			case "a declaration more, which counts":
				if kind == "ec" {
					continue // nothing uses the prefix, so it says nothing
				}
			}
			m, err := src.Parse([]byte(changed), clock())
			if m != nil {
				t.Errorf("%s, %s: read", kind, what)
			}
			refused(t, nil, err, saml.CodeMetadata)
		}
		for what, changed := range map[string]string{
			"a comment less":   replace(t, doc, "<!-- the provider -->", ""),
			"lines of Windows": strings.ReplaceAll(doc, "\n", "\r\n"),
			"other quotes":     replace(t, doc, `Name="https://federation.example"`, `Name = 'https://federation.example'`),
		} {
			if _, err := (&saml.Source{Trust: trust[kind]}).Parse([]byte(changed), clock()); err != nil {
				t.Errorf("%s, %s, which is the same document: %s", kind, what, explain(err))
			}
		}
	}
}
