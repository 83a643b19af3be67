package saml_test

import (
	"crypto"
	"crypto/rsa"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

func TestFinishReturnsExactlyWhatWasSigned(t *testing.T) {
	t.Parallel()
	want := &saml.Identity{
		AssertionID:     "asrt-1",
		NameID:          saml.NameID{Value: "ann@victim.example", Format: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"},
		Email:           "ann@victim.example",
		FirstName:       "Ann",
		Groups:          []string{"red", "blue"},
		Attributes:      map[string][]string{"firstName": {"Ann"}, "groups": {"red", "blue"}},
		SessionIndex:    "sess-1",
		AuthnContext:    []string{"urn:oasis:names:tc:SAML:2.0:ac:classes:Password"},
		AuthenticatedAt: clock().Add(-time.Minute),
		ReplayUntil:     clock().Add(15 * time.Minute),
		Solicited:       true,
	}
	for _, b := range bases() {
		t.Run(string(b), func(t *testing.T) {
			t.Parallel()
			got := accepted(t, b.sign(genuine(), signing{}))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSignaturesThatGoodProvidersMake(t *testing.T) {
	t.Parallel()
	withPrefixes := `<ds:Transform Algorithm="` + enveloped + `"/><ds:Transform Algorithm="` + excC14N + `"><ec:InclusiveNamespaces xmlns:ec="` + excC14N + `" PrefixList="xs"/></ds:Transform>`
	for name, c := range map[string]struct {
		s      signing
		pinned []string
		index  int
	}{
		"SHA-384":                         {signing{hash: crypto.SHA384}, []string{"idp"}, 0},
		"SHA-512":                         {signing{hash: crypto.SHA512}, []string{"idp"}, 0},
		"ECDSA, r and s":                  {signing{by: "ec", plainEC: true}, []string{"ec"}, 0},
		"ECDSA, ASN.1":                    {signing{by: "ec"}, []string{"ec"}, 0},
		"no KeyInfo, two certificates":    {signing{by: "second", keyInfo: "none"}, []string{"idp", "second"}, 1},
		"empty KeyInfo":                   {signing{keyInfo: `<ds:KeyInfo/>`}, []string{"idp"}, 0},
		"KeyName only":                    {signing{keyInfo: `<ds:KeyInfo><ds:KeyName>k</ds:KeyName></ds:KeyInfo>`}, []string{"idp"}, 0},
		"a certificate that is no base64": {signing{keyInfo: `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>!</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`}, []string{"idp"}, 0},
		"a list of inclusive prefixes":    {signing{transforms: withPrefixes}, []string{"idp"}, 0},
	} {
		for _, b := range bases() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				id, err := finish(b.sign(genuine(), c.s), theirIdP(c.pinned...), nil, ourRequest(), clock())
				if err != nil {
					t.Fatal(explain(err))
				}
				if id.Certificate != c.index {
					t.Errorf("Certificate = %d, want %d", id.Certificate, c.index)
				}
			})
		}
	}
}

func TestReissuedAndExpiredCertificatesStillVerify(t *testing.T) {
	t.Parallel()
	doc := base("assertion").sign(genuine(), signing{})
	idp := theirIdP()
	idp.Certificates[0] = certify(keys()["idp"].key) // same key, another certificate than KeyInfo shows
	if _, err := finish(doc, idp, nil, ourRequest(), clock()); err != nil {
		t.Errorf("reissued: %s", explain(err))
	}
	expired := *keys()["idp"].cert
	expired.NotBefore, expired.NotAfter = clock().AddDate(-3, 0, 0), clock().AddDate(-2, 0, 0)
	idp.Certificates[0] = &expired
	if _, err := finish(doc, idp, nil, ourRequest(), clock()); err != nil {
		t.Errorf("expired: %s", explain(err))
	}
}

func TestPrettyPrintedSignatureValue(t *testing.T) {
	t.Parallel()
	for _, b := range bases() {
		doc := b.sign(genuine(), signing{})
		if b == "both" {
			continue // inside a signed Response white space is content
		}
		i := strings.Index(doc, "<ds:SignatureValue>") + len("<ds:SignatureValue>")
		accepted(t, doc[:i]+"\n\t  "+doc[i:i+64]+"\n\t  "+doc[i+64:])
	}
}

func TestTwoThousandGroups(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, `<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">group-%04d</saml:AttributeValue>`, i)
	}
	for _, base := range bases() {
		doc := replace(t, genuine(), `<saml:AttributeValue>red</saml:AttributeValue>`, b.String())
		id := accepted(t, base.sign(doc, signing{}))
		if len(id.Groups) != 2001 || id.Groups[1999] != "group-1999" {
			t.Errorf("%s: %d groups", base, len(id.Groups))
		}
		// The signature last, as some providers write it, is found all the same.
		doc = replace(t, strings.Replace(doc, "@A@", "", 1), "</saml:Assertion>", "@A@</saml:Assertion>")
		if id := accepted(t, base.sign(doc, signing{})); len(id.Groups) != 2001 {
			t.Errorf("%s, signature last: %d groups", base, len(id.Groups))
		}
	}
}

func TestFinishFailsClosedWithoutConfiguration(t *testing.T) {
	t.Parallel()
	doc := base("both").sign(genuine(), signing{})
	accepted(t, doc)
	m := message(t, doc)
	good := theirIdP()
	for name, c := range map[string]struct {
		sp    *saml.SP
		idp   *saml.IdP
		rules *saml.Rules
		req   *saml.Request
		now   time.Time
	}{
		"nil SP":             {nil, good, nil, ourRequest(), clock()},
		"no entity ID":       {&saml.SP{ACS: acs}, good, nil, ourRequest(), clock()},
		"no ACS":             {&saml.SP{EntityID: spID}, good, nil, ourRequest(), clock()},
		"relative ACS":       {&saml.SP{EntityID: spID, ACS: "/acs"}, good, nil, ourRequest(), clock()},
		"nil IdP":            {ourSP(), nil, nil, ourRequest(), clock()},
		"no issuer":          {ourSP(), &saml.IdP{Certificates: good.Certificates}, nil, ourRequest(), clock()},
		"no certificate":     {ourSP(), &saml.IdP{EntityID: idpID}, nil, ourRequest(), clock()},
		"nil certificate":    {ourSP(), &saml.IdP{EntityID: idpID, Certificates: append(good.Certificates[:1:1], nil)}, nil, ourRequest(), clock()},
		"negative skew":      {ourSP(), good, &saml.Rules{Skew: -1}, ourRequest(), clock()},
		"skew of a day":      {ourSP(), good, &saml.Rules{Skew: 24 * time.Hour}, ourRequest(), clock()},
		"empty request":      {ourSP(), good, nil, &saml.Request{}, clock()},
		"request with no ID": {ourSP(), good, nil, &saml.Request{ExpiresAt: clock().Add(time.Hour)}, clock()},
		"no clock":           {ourSP(), good, nil, ourRequest(), time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, err := c.sp.Finish(c.idp, c.rules, m, c.req, c.now)
			refused(t, id, err, saml.CodeConfig)
		})
	}
	id, err := ourSP().Finish(good, nil, saml.Message{}, ourRequest(), clock())
	refused(t, id, err, saml.CodeEncoding)
}

func TestAPanicBelowIsARefusal(t *testing.T) {
	t.Parallel()
	idp := theirIdP()
	broken := *idp.Certificates[0]
	broken.PublicKey = (*rsa.PublicKey)(nil)
	idp.Certificates[0] = &broken
	id, err := finish(base("both").sign(genuine(), signing{}), idp, nil, ourRequest(), clock())
	refused(t, id, err, saml.CodeXML)
	refused(t, nil, saml.Rescued("boom"), saml.CodeXML)
}
