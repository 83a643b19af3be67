package main

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// login says what a response looks like.
type login struct {
	by                          actor
	signAssertion, signResponse bool
	encrypted                   bool
	groups                      int
	junk                        string // raw XML at the end of the AttributeStatement
	scope                       string // declarations on the Assertion, raw
	prefixes                    string // PrefixList of the assertion's signature
}

// Names as Entra ID writes them, because they are the longest in common use.
const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
const msClaims = "http://schemas.microsoft.com/identity/claims/"

// assertion is the Assertion before it is signed, with its namespace on it.
func (w *world) assertion(l login) string {
	at := func(d time.Duration) string { return w.now.Add(d).Format("2006-01-02T15:04:05.000Z") }
	var b strings.Builder
	fmt.Fprintf(&b, `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a7c1e9d0-6b5f-4a3e-8d2c-1f0e9b8a7c6d" IssueInstant="%s" Version="2.0"%s>`, at(0), l.scope)
	fmt.Fprintf(&b, `<saml:Issuer>%s</saml:Issuer>`, idpID)
	fmt.Fprintf(&b, `<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">%s</saml:NameID>`, email)
	fmt.Fprintf(&b, `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="%s" NotOnOrAfter="%s" Recipient="%s"/></saml:SubjectConfirmation></saml:Subject>`, reqID, at(time.Hour), acs)
	fmt.Fprintf(&b, `<saml:Conditions NotBefore="%s" NotOnOrAfter="%s"><saml:AudienceRestriction><saml:Audience>%s</saml:Audience></saml:AudienceRestriction></saml:Conditions>`, at(-5*time.Minute), at(time.Hour), spID)
	b.WriteString(`<saml:AttributeStatement>`)
	for _, a := range [][]string{
		{msClaims + "tenantid", "7f3c2a10-55aa-4c6e-9f0e-2b1f4a9d8c77"},
		{msClaims + "objectidentifier", "c2d1e0f9-8877-4655-b443-322110ffeedd"},
		{msClaims + "displayname", "Ann Lee"},
		{msClaims + "identityprovider", idpID},
		{"http://schemas.microsoft.com/claims/authnmethodsreferences",
			"http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password", "http://schemas.microsoft.com/claims/multipleauthn"},
		{claims + "givenname", "Ann"}, {claims + "surname", "Lee"},
		{claims + "emailaddress", email}, {claims + "name", email},
	} {
		fmt.Fprintf(&b, `<saml:Attribute Name="%s">`, a[0])
		for _, v := range a[1:] {
			fmt.Fprintf(&b, `<saml:AttributeValue>%s</saml:AttributeValue>`, v)
		}
		b.WriteString(`</saml:Attribute>`)
	}
	b.WriteString(`<saml:Attribute Name="http://schemas.microsoft.com/ws/2008/06/identity/claims/groups">`)
	for i := range l.groups {
		fmt.Fprintf(&b, `<saml:AttributeValue>%08x-4d2c-4b8a-9c1e-0f1e2d3c4b5a</saml:AttributeValue>`, 0xb5a10000+i)
	}
	b.WriteString(`</saml:Attribute>` + l.junk + `</saml:AttributeStatement>`)
	fmt.Fprintf(&b, `<saml:AuthnStatement AuthnInstant="%s" SessionIndex="_a7c1e9d0-6b5f-4a3e-8d2c-1f0e9b8a7c6d"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement></saml:Assertion>`, at(-time.Minute))
	return b.String()
}

// document is the whole response as XML.
func (w *world) document(l login) (string, error) {
	assertion, err := parse(w.assertion(l))
	if err != nil {
		return "", err
	}
	if l.signAssertion {
		if err := l.by.sign(assertion, l.prefixes); err != nil {
			return "", err
		}
	}
	response, err := parse(fmt.Sprintf(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1b2c3d4-0011-4223-8344-556677889900" Version="2.0" IssueInstant="%s" Destination="%s" InResponseTo="%s">`+
		`<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">%s</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:Response>`,
		w.now.Format("2006-01-02T15:04:05.000Z"), acs, reqID, idpID))
	if err != nil {
		return "", err
	}
	if l.encrypted {
		if assertion, err = w.encrypt(assertion); err != nil {
			return "", err
		}
	}
	response.AddChild(assertion)
	if l.signResponse {
		if err := l.by.sign(response, ""); err != nil {
			return "", err
		}
	}
	return text(response)
}

func parse(xml string) (*etree.Element, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromString(xml); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return doc.Root().Copy(), nil
}

func text(el *etree.Element) (string, error) {
	doc := etree.NewDocument()
	doc.SetRoot(el.Copy())
	doc.WriteSettings = etree.WriteSettings{CanonicalAttrVal: true, CanonicalText: true}
	return doc.WriteToString()
}

// sign puts a signature behind the Issuer of el.
func (a actor) sign(el *etree.Element, prefixes string) error {
	ctx, err := dsig.NewSigningContext(a.key, [][]byte{a.cert.Raw})
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes)
	sig, err := ctx.ConstructSignature(el.Copy(), true) // it changes what it canonicalizes
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if prefixes != "" { // goxmldsig digests by the list and does not write it
		if err = a.withList(ctx, el, sig, prefixes); err != nil {
			return err
		}
	}
	if public, ok := a.key.Public().(*ecdsa.PublicKey); ok {
		if err := plain(sig.FindElement("SignatureValue"), public); err != nil {
			return err
		}
	}
	el.InsertChildAt(1, sig)
	return nil
}

// withList writes the prefix list into both places of sig, which goes into el, and
// signs it again.
func (a actor) withList(ctx *dsig.SigningContext, el, sig *etree.Element, prefixes string) error {
	info := sig.FindElement("SignedInfo")
	method := info.FindElement("CanonicalizationMethod")
	transforms := info.FindElements("Reference/Transforms/Transform")
	for _, holder := range []*etree.Element{method, transforms[len(transforms)-1]} {
		for _, c := range holder.ChildElements() {
			holder.RemoveChild(c)
		}
		list := holder.CreateElement("ec:InclusiveNamespaces")
		list.CreateAttr("xmlns:ec", "http://www.w3.org/2001/10/xml-exc-c14n#")
		list.CreateAttr("PrefixList", prefixes)
	}
	own := info.Copy()
	own.CreateAttr("xmlns:ds", "http://www.w3.org/2000/09/xmldsig#")
	for _, at := range el.Attr {
		if at.Space == "xmlns" {
			own.CreateAttr(at.FullKey(), at.Value)
		}
	}
	canonical, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes).Canonicalize(own)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	value, err := ctx.SignString(string(canonical))
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	sig.FindElement("SignatureValue").SetText(base64.StdEncoding.EncodeToString(value))
	return nil
}

// plain turns Go's ASN.1 into r and s side by side, as XML Signature has it.
func plain(el *etree.Element, public *ecdsa.PublicKey) error {
	der, err := base64.StdEncoding.DecodeString(el.Text())
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &rs); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	size := (public.Curve.Params().BitSize + 7) / 8
	out := make([]byte, 2*size)
	rs.R.FillBytes(out[:size])
	rs.S.FillBytes(out[size:])
	el.SetText(base64.StdEncoding.EncodeToString(out))
	return nil
}

// encrypt seals an assertion with what all three libraries read: AES-128-GCM, and
// RSA-OAEP with SHA-1.
func (w *world) encrypt(assertion *etree.Element) (*etree.Element, error) {
	content, err := text(assertion)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	key := make([]byte, 16)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	sealed, err := rsa.EncryptOAEPWithOptions(rand.Reader, w.sp.cert.PublicKey.(*rsa.PublicKey), key, &rsa.OAEPOptions{Hash: crypto.SHA1})
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return parse(`<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/>` +
		`<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"><ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/></xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>` +
		base64.StdEncoding.EncodeToString(sealed) + `</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>` +
		base64.StdEncoding.EncodeToString(aead.Seal(nil, nil, []byte(content), nil)) + `</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>`)
}
