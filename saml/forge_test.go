package saml_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/accesssec/accesssec-go/saml"
)

const (
	spID  = "https://sp.example/saml/one"
	acs   = "https://sp.example/saml/one/acs"
	idpID = "https://idp.example/issuer"
	reqID = "req-aaaabbbbccccddddeeeeffffgggghhhh"
)

// clock is the time at which every document of the forge is fresh.
func clock() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func at(d time.Duration) string { return clock().Add(d).Format("2006-01-02T15:04:05Z") }

// genuine is the document before signing: @R@ and @A@ are where signatures go.
func genuine() string {
	return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="resp-1" Version="2.0" IssueInstant="` + at(0) + `" Destination="` + acs + `" InResponseTo="` + reqID + `">` +
		`<saml:Issuer>` + idpID + `</saml:Issuer>@R@` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
		`<saml:Assertion ID="asrt-1" Version="2.0" IssueInstant="` + at(0) + `"><saml:Issuer>` + idpID + `</saml:Issuer>@A@` +
		`<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">ann@victim.example</saml:NameID>` +
		`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData Recipient="` + acs + `" NotOnOrAfter="` + at(5*time.Minute) + `" InResponseTo="` + reqID + `"/></saml:SubjectConfirmation></saml:Subject>` +
		`<saml:Conditions NotBefore="` + at(-5*time.Minute) + `" NotOnOrAfter="` + at(5*time.Minute) + `"><saml:AudienceRestriction><saml:Audience>` + spID + `</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
		`<saml:AuthnStatement AuthnInstant="` + at(-time.Minute) + `" SessionIndex="sess-1"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
		`<saml:AttributeStatement><saml:Attribute Name="firstName"><saml:AttributeValue>Ann</saml:AttributeValue></saml:Attribute>` +
		`<saml:Attribute Name="groups"><saml:AttributeValue>red</saml:AttributeValue><saml:AttributeValue>blue</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>` +
		`</saml:Assertion></samlp:Response>`
}

// pair is a key and its certificate.
type pair struct {
	key  crypto.Signer
	cert *x509.Certificate
}

// keys are made once for the whole run, because RSA keys are slow to make.
var keys = sync.OnceValue(func() map[string]pair {
	out := map[string]pair{}
	for name, bits := range map[string]int{"idp": 2048, "attacker": 2048, "second": 2048, "weak": 1024} {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		out[name] = pair{k, certify(k)}
	}
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	out["ec"] = pair{k, certify(k)}
	return out
})

func certify(k crypto.Signer) *x509.Certificate {
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "idp.example"},
		NotBefore: clock().AddDate(-1, 0, 0), NotAfter: clock().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

// signing says how to sign; the zero value is what a good provider does.
type signing struct {
	by         string      // name in keys; "": idp
	hash       crypto.Hash // 0: SHA-256
	method     string      // SignatureMethod; "": by key and hash
	digest     string      // DigestMethod URI
	c14n       string      // CanonicalizationMethod URI
	transforms string      // raw XML
	uri        string      // Reference URI; "": the right one
	keyInfo    string      // raw XML; "": the signer's certificate; "none"
	object     string      // raw XML at the end of Signature
	twice      bool        // two References
	plainEC    bool        // r and s, as XML signatures have them
}

const (
	excC14N   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	dsNS      = "http://www.w3.org/2000/09/xmldsig#"
)

func (s signing) defaults() signing {
	if s.by == "" {
		s.by = "idp"
	}
	if s.hash == 0 {
		s.hash = crypto.SHA256
	}
	family := "rsa"
	if s.by == "ec" {
		family = "ecdsa"
	}
	if s.method == "" {
		s.method = "http://www.w3.org/2001/04/xmldsig-more#" + family + map[crypto.Hash]string{crypto.SHA256: "-sha256", crypto.SHA384: "-sha384", crypto.SHA512: "-sha512"}[s.hash]
		if s.hash == crypto.SHA1 {
			s.method = dsNS + "rsa-sha1"
		}
	}
	if s.digest == "" {
		s.digest = map[crypto.Hash]string{crypto.SHA1: dsNS + "sha1", crypto.SHA256: "http://www.w3.org/2001/04/xmlenc#sha256",
			crypto.SHA384: "http://www.w3.org/2001/04/xmldsig-more#sha384", crypto.SHA512: "http://www.w3.org/2001/04/xmlenc#sha512"}[s.hash]
	}
	if s.c14n == "" {
		s.c14n = excC14N
	}
	if s.transforms == "" {
		s.transforms = `<ds:Transform Algorithm="` + enveloped + `"/><ds:Transform Algorithm="` + excC14N + `"/>`
	}
	return s
}

// sign puts a signature over the element that holds mark in the place of mark.
func sign(doc, mark string, s signing) string {
	s = s.defaults()
	clean := strings.NewReplacer("@R@", "", "@A@", "").Replace(doc)
	tree := etree.NewDocument()
	if err := tree.ReadFromString(clean); err != nil {
		panic(err)
	}
	el := tree.Root()
	if mark == "@A@" {
		el = el.FindElement(".//saml:Assertion")
		if p := el.Parent(); p != nil {
			for _, a := range p.Attr {
				if a.Space == "xmlns" && el.SelectAttr("xmlns:"+a.Key) == nil {
					el.CreateAttr("xmlns:"+a.Key, a.Value)
				}
			}
		}
		el = el.Copy()
	}
	id := el.SelectAttrValue("ID", "")
	if s.uri == "" {
		s.uri = "#" + id
	}
	ref := `<ds:Reference URI="` + s.uri + `"><ds:Transforms>` + s.transforms + `</ds:Transforms><ds:DigestMethod Algorithm="` + s.digest + `"/><ds:DigestValue>` +
		base64.StdEncoding.EncodeToString(hashOf(s.hash, canonical(el))) + `</ds:DigestValue></ds:Reference>`
	if s.twice {
		ref += ref
	}
	info := `<ds:SignedInfo xmlns:ds="` + dsNS + `"><ds:CanonicalizationMethod Algorithm="` + s.c14n + `"/><ds:SignatureMethod Algorithm="` + s.method + `"/>` + ref + `</ds:SignedInfo>`
	infoTree := etree.NewDocument()
	if err := infoTree.ReadFromString(info); err != nil {
		panic(err)
	}
	value, err := keys()[s.by].key.Sign(rand.Reader, hashOf(s.hash, canonical(infoTree.Root())), s.hash)
	if err != nil {
		panic(err)
	}
	if s.plainEC {
		value = plain(value)
	}
	switch s.keyInfo {
	case "":
		s.keyInfo = `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(keys()[s.by].cert.Raw) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`
	case "none":
		s.keyInfo = ""
	}
	sig := `<ds:Signature xmlns:ds="` + dsNS + `">` + strings.Replace(info, ` xmlns:ds="`+dsNS+`"`, "", 1) +
		`<ds:SignatureValue>` + base64.StdEncoding.EncodeToString(value) + `</ds:SignatureValue>` + s.keyInfo + s.object + `</ds:Signature>`
	return strings.Replace(doc, mark, sig, 1)
}

func canonical(el *etree.Element) []byte {
	out, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(el)
	if err != nil {
		panic(err)
	}
	return out
}

func hashOf(h crypto.Hash, data []byte) []byte {
	w := h.New()
	w.Write(data)
	return w.Sum(nil)
}

// plain turns the ASN.1 signature of Go into r and s of 32 bytes each.
func plain(der []byte) []byte {
	r, rest := der[4:4+int(der[3])], der[4+int(der[3]):]
	s := rest[2 : 2+int(rest[1])]
	out := make([]byte, 64)
	new(big.Int).SetBytes(r).FillBytes(out[:32])
	new(big.Int).SetBytes(s).FillBytes(out[32:])
	return out
}

// base is one way to sign a login: where the signatures are.
type base string

func bases() []base { return []base{"response", "assertion", "both"} }

// sign signs doc in all places of the base and takes the other marks out.
func (b base) sign(doc string, s signing) string {
	if b != "response" {
		doc = sign(doc, "@A@", s)
	}
	if b != "assertion" {
		doc = sign(doc, "@R@", s)
	}
	return unmark(doc)
}

// controls are the genuine document of every base: what each attack starts from.
var controls = sync.OnceValue(func() map[base]string {
	out := map[base]string{}
	for _, b := range bases() {
		out[b] = b.sign(genuine(), signing{})
	}
	return out
})

func unmark(doc string) string { return strings.NewReplacer("@R@", "", "@A@", "").Replace(doc) }

func ourSP() *saml.SP { return &saml.SP{EntityID: spID, ACS: acs} }

func theirIdP(names ...string) *saml.IdP {
	idp := &saml.IdP{EntityID: idpID, SSO: saml.Endpoint{URL: "https://idp.example/sso"}}
	if len(names) == 0 {
		names = []string{"idp"}
	}
	for _, n := range names {
		idp.Certificates = append(idp.Certificates, keys()[n].cert)
	}
	return idp
}

func ourRequest() *saml.Request {
	return &saml.Request{ID: reqID, ExpiresAt: clock().Add(10 * time.Minute)}
}

// finish reads and judges a document as the ACS handler would.
func finish(doc string, idp *saml.IdP, rules *saml.Rules, req *saml.Request, now time.Time) (*saml.Identity, error) {
	m, err := saml.ParseMessage(base64.StdEncoding.EncodeToString([]byte(doc)))
	if err != nil {
		return nil, err
	}
	return ourSP().Finish(idp, rules, m, req, now)
}

// login is finish with everything as it should be.
func login(doc string) (*saml.Identity, error) {
	return finish(doc, theirIdP(), nil, ourRequest(), clock())
}

func accepted(t *testing.T, doc string) *saml.Identity {
	t.Helper()
	id, err := login(doc)
	if err != nil {
		t.Fatalf("the genuine document is refused: %s", explain(err))
	}
	if id.NameID.Value != "ann@victim.example" {
		t.Fatalf("NameID = %q", id.NameID.Value)
	}
	return id
}

// refused wants no identity and an *Error of the code.
func refused(t *testing.T, id *saml.Identity, err error, want saml.Code) *saml.Error {
	t.Helper()
	if id != nil {
		t.Fatalf("accepted as %q, want %s", id.NameID.Value, want)
	}
	var e *saml.Error
	if !errors.As(err, &e) {
		t.Fatalf("err = %v, want an *Error", err)
	}
	if e.Code != want {
		t.Fatalf("%s, want %s", explain(err), want)
	}
	return e
}

func explain(err error) string {
	var e *saml.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%s (expected %q, received %q, cause %v)", e, e.Expected, e.Received, e.Err)
}

// replace fails the test when there is nothing to replace, so that no attack is
// silently missing from its document.
func replace(t testing.TB, doc, old, new string) string {
	t.Helper()
	if !strings.Contains(doc, old) {
		t.Fatalf("the document has no %q", old)
	}
	return strings.Replace(doc, old, new, 1)
}

// message reads a document that must be readable.
func message(t testing.TB, doc string) saml.Message {
	t.Helper()
	m, err := saml.ParseMessage(base64.StdEncoding.EncodeToString([]byte(doc)))
	if err != nil {
		t.Fatal(explain(err))
	}
	return m
}
