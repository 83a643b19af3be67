package saml_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

// No signature, no login, whatever is left in its place.
func TestSignatureExclusion(t *testing.T) {
	t.Parallel()
	sig := regexp.MustCompile(`(?s)<ds:Signature .*?</ds:Signature>`)
	for _, b := range bases() {
		doc := b.sign(genuine(), signing{})
		accepted(t, doc)
		got, err := login(sig.ReplaceAllString(doc, ""))
		refused(t, got, err, saml.CodeUnsigned)
		for name, left := range map[string]string{
			"an empty Signature":   `<ds:Signature xmlns:ds="` + dsNS + `"/>`,
			"no SignatureValue":    regexp.MustCompile(`<ds:SignatureValue>.*?</ds:SignatureValue>`).ReplaceAllString(sig.FindString(doc), ""),
			"empty SignatureValue": regexp.MustCompile(`<ds:SignatureValue>.*?</ds:SignatureValue>`).ReplaceAllString(sig.FindString(doc), "<ds:SignatureValue/>"),
		} {
			got, err := login(strings.Replace(doc, sig.FindString(doc), left, 1))
			if refused(t, got, err, saml.CodeProfile); err == nil {
				t.Error(name)
			}
		}
	}
	// One of two signatures stripped leaves the other's meaning, not less.
	both := base("both").sign(genuine(), signing{})
	p := cut(t, both)
	accepted(t, strings.Replace(both, p.responseSig, "", 1))
	got, err := login(strings.Replace(both, p.assertionSig, "", 1))
	refused(t, got, err, saml.CodeSignature)
}

// When both are signed both must verify.
func TestBothSignaturesMustVerify(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"assertion by the attacker": base("response").sign(sign(genuine(), "@A@", signing{by: "attacker"}), signing{}),
		"response by the attacker":  base("response").sign(sign(genuine(), "@A@", signing{}), signing{by: "attacker"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := login(doc)
			refused(t, got, err, saml.CodeSignature)
		})
	}
	accepted(t, base("response").sign(sign(genuine(), "@A@", signing{}), signing{}))
}

// The key comes from the connection, never from the message.
func TestKeyInfoIsNotTrusted(t *testing.T) {
	t.Parallel()
	x509Data := func(name string) string {
		return `<ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(keys()[name].cert.Raw) + `</ds:X509Certificate></ds:X509Data>`
	}
	for name, keyInfo := range map[string]string{
		"the attacker's certificate": x509Data("attacker"),
		"the trusted certificate":    x509Data("idp"),
		"trusted first":              x509Data("idp") + x509Data("attacker"),
		"attacker first":             x509Data("attacker") + x509Data("idp"),
		"KeyName":                    `<ds:KeyName>idp</ds:KeyName>`,
		"RetrievalMethod":            `<ds:RetrievalMethod URI="http://evil.example/key"/>`,
		"X509IssuerSerial":           `<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName><ds:X509SerialNumber>7</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>`,
		"KeyValue":                   `<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`,
		"nothing":                    ``,
	} {
		for _, b := range bases() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				info := `<ds:KeyInfo>` + keyInfo + `</ds:KeyInfo>`
				got, err := login(b.sign(genuine(), signing{by: "attacker", keyInfo: info}))
				refused(t, got, err, saml.CodeSignature)
				accepted(t, b.sign(genuine(), signing{keyInfo: info}))
			})
		}
	}
}

// The diagnosis names the certificate that came and those that are pinned.
func TestSignatureRefusalNamesTheCertificates(t *testing.T) {
	t.Parallel()
	got, err := login(base("assertion").sign(genuine(), signing{by: "second"}))
	e := refused(t, got, err, saml.CodeSignature)
	if len(e.Received) != len("SHA-256 ")+64 || len(e.Expected) != len("SHA-256 ")+64 || e.Received == e.Expected {
		t.Errorf("expected %q, received %q", e.Expected, e.Received)
	}
	if e.Fix != saml.FixServiceProvider || e.AssertionID != "" {
		t.Errorf("Fix %q, AssertionID %q", e.Fix, e.AssertionID)
	}
	// Changed content under a good key is another story than a new key.
	got, err = login(replace(t, controls()["assertion"], "ann@victim.example", "owner@victim.example"))
	e = refused(t, got, err, saml.CodeSignature)
	if e.Fix != saml.FixUnknown || !strings.Contains(e.Hint, "changes the document") || e.AssertionID != "" {
		t.Errorf("Fix %q, Hint %q", e.Fix, e.Hint)
	}
}

// Algorithms by allow-list.
func TestWeakAndConfusedAlgorithms(t *testing.T) {
	t.Parallel()
	const more = "http://www.w3.org/2001/04/xmldsig-more#"
	for name, c := range map[string]struct {
		s    signing
		code saml.Code
	}{
		"rsa-sha1":                   {signing{hash: crypto.SHA1}, saml.CodeAlgorithm},
		"digest sha1":                {signing{digest: dsNS + "sha1"}, saml.CodeAlgorithm},
		"digest md5":                 {signing{digest: more + "md5"}, saml.CodeAlgorithm},
		"digest sha224":              {signing{digest: more + "sha224"}, saml.CodeAlgorithm},
		"hmac-sha1":                  {signing{method: dsNS + "hmac-sha1"}, saml.CodeAlgorithm},
		"hmac-sha256":                {signing{method: more + "hmac-sha256"}, saml.CodeAlgorithm},
		"rsa-md5":                    {signing{method: more + "rsa-md5"}, saml.CodeAlgorithm},
		"dsa":                        {signing{method: dsNS + "dsa-sha1"}, saml.CodeAlgorithm},
		"none":                       {signing{method: "none"}, saml.CodeAlgorithm},
		"upper case":                 {signing{method: more + "RSA-SHA256"}, saml.CodeAlgorithm},
		"RSA key, ECDSA name":        {signing{method: more + "ecdsa-sha256"}, saml.CodeSignature},
		"SHA-512 by name only":       {signing{method: more + "rsa-sha512"}, saml.CodeSignature},
		"inclusive c14n":             {signing{c14n: "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"}, saml.CodeAlgorithm},
		"c14n 1.1":                   {signing{c14n: "http://www.w3.org/2006/12/xml-c14n11"}, saml.CodeAlgorithm},
		"exclusive c14n, comments":   {signing{c14n: excC14N + "WithComments"}, saml.CodeAlgorithm},
		"digest of the wrong length": {signing{digest: "http://www.w3.org/2001/04/xmlenc#sha512"}, saml.CodeProfile},
	} {
		for _, b := range bases() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				got, err := login(b.sign(genuine(), c.s))
				refused(t, got, err, c.code)
			})
		}
	}
	for _, b := range bases() {
		got, err := finish(b.sign(genuine(), signing{by: "weak"}), theirIdP("weak"), nil, ourRequest(), clock())
		refused(t, got, err, saml.CodeAlgorithm)
		got, err = finish(b.sign(genuine(), signing{by: "attacker"}), theirIdP("weak", "idp"), nil, ourRequest(), clock())
		refused(t, got, err, saml.CodeSignature)
		got, err = finish(b.sign(genuine(), signing{}), theirIdP("ec"), nil, ourRequest(), clock())
		refused(t, got, err, saml.CodeSignature)
	}
}

// The public key as the secret of an HMAC.
func TestHMACWithThePublicKey(t *testing.T) {
	t.Parallel()
	doc := base("assertion").sign(genuine(), signing{method: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"})
	mac := hmac.New(sha256.New, keys()["idp"].cert.RawSubjectPublicKeyInfo)
	i, j := strings.Index(doc, "<ds:SignedInfo>"), strings.Index(doc, "</ds:SignedInfo>")
	mac.Write([]byte(doc[i:j]))
	value := regexp.MustCompile(`<ds:SignatureValue>.*?</ds:SignatureValue>`)
	got, err := login(value.ReplaceAllString(doc, "<ds:SignatureValue>"+base64.StdEncoding.EncodeToString(mac.Sum(nil))+"</ds:SignatureValue>"))
	refused(t, got, err, saml.CodeAlgorithm)
}

// Enveloped, then exclusive canonicalization; nothing more, nothing less.
func TestTransforms(t *testing.T) {
	t.Parallel()
	tr := func(uri, inside string) string {
		return `<ds:Transform Algorithm="` + uri + `">` + inside + `</ds:Transform>`
	}
	env, exc := tr(enveloped, ""), tr(excC14N, "")
	for name, c := range map[string]struct {
		transforms string
		code       saml.Code
	}{
		"XSLT":                {env + tr("http://www.w3.org/TR/1999/REC-xslt-19991116", `<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform"/>`), saml.CodeAlgorithm},
		"XPath":               {env + tr("http://www.w3.org/TR/1999/REC-xpath-19991116", `<ds:XPath>1</ds:XPath>`), saml.CodeAlgorithm},
		"XPath filter":        {tr("http://www.w3.org/2002/06/xmldsig-filter2", "") + exc, saml.CodeAlgorithm},
		"base64":              {env + tr("http://www.w3.org/2000/09/xmldsig#base64", ""), saml.CodeAlgorithm},
		"three":               {env + exc + exc, saml.CodeProfile},
		"one":                 {env, saml.CodeProfile},
		"none":                {" ", saml.CodeProfile},
		"exclusive only":      {exc, saml.CodeProfile},
		"in the other order":  {exc + env, saml.CodeAlgorithm},
		"enveloped twice":     {env + env, saml.CodeAlgorithm},
		"inclusive":           {env + tr("http://www.w3.org/TR/2001/REC-xml-c14n-20010315", ""), saml.CodeAlgorithm},
		"a parameter":         {env + tr(excC14N, "<x/>"), saml.CodeAlgorithm},
		"enveloped, with one": {tr(enveloped, "<ds:XPath>1</ds:XPath>") + exc, saml.CodeAlgorithm},
	} {
		for _, b := range bases() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				got, err := login(b.sign(genuine(), signing{transforms: c.transforms}))
				refused(t, got, err, c.code)
			})
		}
	}
}

// Nothing rides along in a Signature.
func TestObjectsInTheSignature(t *testing.T) {
	t.Parallel()
	for name, object := range map[string]string{
		"Object": `<ds:Object/>`, "Object with text": `<ds:Object>x</ds:Object>`, "Manifest": `<ds:Object><ds:Manifest/></ds:Object>`,
		"foreign element": `<x:y xmlns:x="urn:x"/>`, "text": `x`,
	} {
		for _, b := range bases() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				got, err := login(b.sign(genuine(), signing{object: object}))
				refused(t, got, err, saml.CodeProfile)
			})
		}
	}
}

// A signature stands directly in what it signs.
func TestSignaturePosition(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"</samlp:Status>", "</saml:Subject>", "</saml:NameID>", "</saml:Conditions>", "</saml:AttributeStatement>", "</saml:Issuer>"} {
		for mark, b := range map[string]base{"@R@": "response", "@A@": "assertion"} {
			t.Run(where+mark, func(t *testing.T) {
				t.Parallel()
				doc := replace(t, strings.Replace(genuine(), mark, "", 1), where, mark+where)
				got, err := login(b.sign(doc, signing{}))
				refused(t, got, err, saml.CodeProfile)
			})
		}
	}
	// Any place among the direct children is as good as the usual one.
	last := strings.Replace(strings.Replace(genuine(), "@A@", "", 1), "</saml:Assertion>", "@A@</saml:Assertion>", 1)
	accepted(t, base("assertion").sign(last, signing{}))
	// The Assertion's signature does not serve from the Response.
	p := cut(t, base("assertion").sign(genuine(), signing{}))
	got, err := login(strings.Replace(p.doc[:strings.Index(p.doc, "<saml:Assertion")], "<samlp:Status>", p.assertionSig+"<samlp:Status>", 1) + p.bare + "</samlp:Response>")
	refused(t, got, err, saml.CodeProfile)
}
