package saml_test

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/accesssec/accesssec-go/saml"
)

// ring is a key ring of named keys.
func ring(names ...string) []saml.Key {
	var out []saml.Key
	for _, name := range names {
		out = append(out, saml.Key{Signer: keys()[name].key, Cert: keys()[name].cert})
	}
	return out
}

func TestOurMetadata(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keys []saml.Key
		slo  string
		opts *saml.MetadataOptions
	}{
		"no key":            {nil, "", nil},
		"one key":           {ring("idp"), "", nil},
		"two keys":          {ring("idp", "second"), "", &saml.MetadataOptions{}},
		"logout":            {ring("idp"), "https://sp.example/slo?a=1&b=2", nil},
		"encryption":        {ring("idp", "second"), "", &saml.MetadataOptions{Encryption: true}},
		"signed":            {ring("idp"), "", &saml.MetadataOptions{Sign: true}},
		"all that there is": {ring("second", "idp"), "https://sp.example/slo", &saml.MetadataOptions{Encryption: true, Sign: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sp := &saml.SP{EntityID: `https://sp.example/"saml"&one`, ACS: acs, SLO: c.slo, Keys: c.keys}
			out, err := sp.Metadata(c.opts)
			if err != nil {
				t.Fatal(explain(err))
			}
			again, err := sp.Metadata(c.opts)
			if err != nil || !bytes.Equal(out, again) {
				t.Errorf("the second time it is another file: %v", err)
			}
			n, encryption, signed, slo := len(c.keys), 0, 0, 0
			if c.opts != nil && c.opts.Encryption {
				encryption = 1
			}
			if c.opts != nil && c.opts.Sign {
				signed = 1
			}
			if c.slo != "" {
				slo = 1
			}
			text := string(out)
			for what, count := range map[string]int{
				`entityID="https://sp.example/&quot;saml&quot;&amp;one"`: 1, "validUntil": 0, "NameIDFormat": 0, "<md:KeyDescriptor ": n + encryption,
				`use="signing"`: n, `use="encryption"`: encryption, "<md:EncryptionMethod ": 3 * encryption, `-cbc"`: 0, "rsa-1_5": 0,
				"<ds:X509Certificate>": n + encryption + signed, "<ds:Signature ": signed, ` ID="md-`: signed,
				fmt.Sprintf(`AuthnRequestsSigned="%t"`, n > 0): 1, `WantAssertionsSigned="true"`: 1, `Location="` + acs + `"`: 1,
				`Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"`: 1 + slo, `Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"`: slo, "<md:SingleLogoutService ": 2 * slo,
			} {
				if strings.Count(text, what) != count {
					t.Errorf("%q occurs %d times, want %d in\n%s", what, strings.Count(text, what), count, text)
				}
			}
			if signed == 1 {
				verifySigned(t, out, c.keys[0].Cert)
			}
		})
	}
}

// verifySigned wants the signature to be the first child, and to hold by another's word.
func verifySigned(t *testing.T, document []byte, cert *x509.Certificate) {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(document); err != nil {
		t.Fatal(err)
	}
	if first := doc.Root().ChildElements()[0].Tag; first != "Signature" {
		t.Errorf("the first child is %s", first)
	}
	ctx := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
	ctx.Clock = dsig.NewFakeClockAt(clock())
	if _, err := ctx.Validate(doc.Root()); err != nil {
		t.Error(err)
	}
}

func TestOurMetadataRefuses(t *testing.T) {
	t.Parallel()
	one := ring("idp")
	for name, c := range map[string]struct {
		sp   *saml.SP
		opts *saml.MetadataOptions
	}{
		"nil": {nil, nil}, "empty": {&saml.SP{}, nil}, "no ACS": {&saml.SP{EntityID: spID}, nil}, "script as ACS": {&saml.SP{EntityID: spID, ACS: "javascript:alert(1)"}, nil},
		"script as logout URL":    {&saml.SP{EntityID: spID, ACS: acs, SLO: "javascript:alert(1)"}, nil},
		"relative logout URL":     {&saml.SP{EntityID: spID, ACS: acs, SLO: "/slo"}, nil},
		"long entity ID":          {&saml.SP{EntityID: strings.Repeat("a", 1025), ACS: acs}, nil},
		"key without certificate": {&saml.SP{EntityID: spID, ACS: acs, Keys: []saml.Key{{Signer: one[0].Signer}}}, nil},
		"key of another":          {&saml.SP{EntityID: spID, ACS: acs, Keys: []saml.Key{{Signer: one[0].Signer, Cert: keys()["second"].cert}}}, nil},
		"short key":               {&saml.SP{EntityID: spID, ACS: acs, Keys: ring("weak")}, nil},
		"short second key":        {&saml.SP{EntityID: spID, ACS: acs, Keys: ring("idp", "weak")}, nil},
		"elliptic key":            {&saml.SP{EntityID: spID, ACS: acs, Keys: ring("ec")}, nil},
		"signed without a key":    {&saml.SP{EntityID: spID, ACS: acs}, &saml.MetadataOptions{Sign: true}},
		"encryption, no key":      {&saml.SP{EntityID: spID, ACS: acs}, &saml.MetadataOptions{Encryption: true}},
	} {
		out, err := c.sp.Metadata(c.opts)
		if out != nil {
			t.Errorf("%s: %s", name, out)
		}
		refused(t, nil, err, saml.CodeConfig)
	}
}

// An entity ID stands in documents and is compared exactly (saml-core 8.3.6).
func TestEntityIDsThatCannotBeCompared(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", " " + spID, spID + "\n", "https://sp.example/\x00", "https://sp.example/" + strings.Repeat("x", 1024)} {
		sp := ourSP()
		sp.EntityID = id
		_, err := sp.Metadata(nil)
		refused(t, nil, err, saml.CodeConfig)
		_, _, err = sp.Start(theirIdP(), nil, clock())
		refused(t, nil, err, saml.CodeConfig)
	}
}
