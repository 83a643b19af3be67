package saml_test

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/russellhaering/goxmldsig/etreeutils"

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
	for name, bits := range map[string]int{"idp": 2048, "attacker": 2048, "second": 2048, "weak": 1024, "sp": 2048, "sp2": 2048} {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		out[name] = pair{k, certify(k)}
	}
	for name, curve := range map[string]elliptic.Curve{"ec": elliptic.P256(), "ec384": elliptic.P384(), "ec521": elliptic.P521()} {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			panic(err)
		}
		out[name] = pair{k, certify(k)}
	}
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
	digestHash crypto.Hash // what is behind it; 0: hash
	c14n       string      // CanonicalizationMethod URI
	infoList   string      // InclusiveNamespaces of CanonicalizationMethod
	list       string      // InclusiveNamespaces of the transform
	transforms string      // raw XML
	uri        string      // Reference URI; "": the right one; "@empty": ""
	keyInfo    string      // raw XML; "": the signer's certificate; "none"
	object     string      // raw XML at the end of Signature
	twice      bool        // two References
	plainEC    bool        // r and s, as XML signatures have them
	indent     string      // between the elements of the signature, and in its base64
	unprefixed bool        // the signature's namespace is the default one
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
	if s.digestHash == 0 {
		s.digestHash = s.hash
	}
	family := "rsa"
	if strings.HasPrefix(s.by, "ec") {
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
		s.transforms = `<ds:Transform Algorithm="` + enveloped + `"/>` + s.indent + `<ds:Transform Algorithm="` + excC14N + `">` + inclusive(s.list) + `</ds:Transform>`
	}
	return s
}

// inclusive is the parameter of exclusive canonicalization, or nothing.
func inclusive(list string) string {
	if list == "" {
		return ""
	}
	return `<ec:InclusiveNamespaces xmlns:ec="` + excC14N + `" PrefixList="` + list + `"/>`
}

// base64 as the signer breaks it into lines.
func (s signing) base64(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	if s.indent == "" {
		return text
	}
	out := s.indent
	for len(text) > 64 {
		out, text = out+text[:64]+s.indent, text[64:]
	}
	return out + text + s.indent
}

// sign puts a signature over the element that holds mark in the place of mark.
func sign(doc, mark string, s signing) string {
	s = s.defaults()
	tree := etree.NewDocument()
	if err := tree.ReadFromString(attributesOnOneLine(unmark(doc))); err != nil {
		panic(err)
	}
	el := tree.Root()
	if mark == "@A@" && el.Tag != "Assertion" {
		el = el.FindElement(".//Assertion")
	}
	el = withScope(el)
	if s.uri == "" {
		s.uri = "#" + el.SelectAttrValue("ID", "")
	}
	if s.uri == "@empty" {
		s.uri = ""
	}
	in := s.indent
	ref := `<ds:Reference URI="` + s.uri + `">` + in + `<ds:Transforms>` + s.transforms + `</ds:Transforms>` + in + `<ds:DigestMethod Algorithm="` + s.digest + `"/>` + in + `<ds:DigestValue>` +
		s.base64(hashOf(s.digestHash, canonical(el.Copy(), s.list))) + `</ds:DigestValue></ds:Reference>`
	if s.twice {
		ref += ref
	}
	info := `<ds:SignedInfo>` + in + `<ds:CanonicalizationMethod Algorithm="` + s.c14n + `">` + inclusive(s.infoList) + `</ds:CanonicalizationMethod>` + in + `<ds:SignatureMethod Algorithm="` + s.method + `"/>` + in + ref + in + `</ds:SignedInfo>`
	outer := `<ds:Signature xmlns:ds="` + dsNS + `">`
	if s.unprefixed {
		info, outer = strings.ReplaceAll(strings.ReplaceAll(info, "<ds:", "<"), "</ds:", "</"), `<Signature xmlns="`+dsNS+`">`
	}
	value, err := keys()[s.by].key.Sign(rand.Reader, hashOf(s.hash, canonical(infoElement(el, outer, info), s.infoList)), s.hash)
	if err != nil {
		panic(err)
	}
	if s.plainEC {
		value = plain(value, keys()[s.by].cert)
	}
	switch s.keyInfo {
	case "":
		s.keyInfo = `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + s.base64(keys()[s.by].cert.Raw) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`
	case "none":
		s.keyInfo = ""
	}
	rest := in + `<ds:SignatureValue>` + s.base64(value) + `</ds:SignatureValue>` + in + s.keyInfo + s.object + `</ds:Signature>`
	if s.unprefixed {
		rest = strings.ReplaceAll(strings.ReplaceAll(rest, "<ds:", "<"), "</ds:", "</")
	}
	return strings.Replace(doc, mark, outer+info+rest, 1)
}

// withScope is a copy of el with the namespaces of its ancestors declared on it.
func withScope(el *etree.Element) *etree.Element {
	out := el.Copy()
	for p := el.Parent(); p != nil; p = p.Parent() {
		for _, a := range p.Attr {
			if (a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns") && out.SelectAttr(a.FullKey()) == nil {
				out.CreateAttr(a.FullKey(), a.Value)
			}
		}
	}
	return out
}

// infoElement is SignedInfo with the scope it will have in its Signature below el.
func infoElement(el *etree.Element, outer, info string) *etree.Element {
	tree := etree.NewDocument()
	if err := tree.ReadFromString(attributesOnOneLine(outer + info + strings.Replace(strings.SplitN(outer, " ", 2)[0], "<", "</", 1) + ">")); err != nil {
		panic(err)
	}
	sig := tree.Root()
	holder := etree.NewElement("holder")
	holder.Attr = withScope(el).Attr
	holder.AddChild(sig)
	return withScope(sig.ChildElements()[0])
}

// attributesOnOneLine does what every XML reader has to do and Go's does not: a line
// end or a tab inside an attribute's value is a space (XML 1.0 section 3.3.3).
func attributesOnOneLine(doc string) string {
	var b strings.Builder
	doc = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(doc)
	tag, quote := false, byte(0)
	for i := range len(doc) {
		c := doc[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0 && (c == '\n' || c == '\t'):
			c = ' '
		case quote != 0:
		case c == '<':
			tag = true
		case c == '>':
			tag = false
		case tag && (c == '"' || c == '\''):
			quote = c
		}
		b.WriteByte(c)
	}
	return b.String()
}

// canonical changes el. goxmldsig sorts attributes of two prefixes by their local names;
// the order is that of their namespaces (Canonical XML 1.0 section 2.2).
func canonical(el *etree.Element, list string) []byte {
	if err := etreeutils.TransformExcC14n(el, list, false); err != nil {
		panic(err)
	}
	scope := map[string]string{"xml": "http://www.w3.org/XML/1998/namespace"}
	sortAttributes(el, scope)
	doc := etree.NewDocument()
	doc.SetRoot(el)
	doc.WriteSettings = etree.WriteSettings{CanonicalAttrVal: true, CanonicalEndTags: true, CanonicalText: true}
	out, err := doc.WriteToBytes()
	if err != nil {
		panic(err)
	}
	return out
}

// sortAttributes wants el transformed already: what it uses is declared on it or above.
func sortAttributes(el *etree.Element, outer map[string]string) {
	scope := maps.Clone(outer)
	for _, a := range el.Attr {
		if a.Space == "xmlns" {
			scope[a.Key] = a.Value
		}
	}
	slices.SortStableFunc(el.Attr, func(a, b etree.Attr) int {
		if rank(a) != rank(b) || rank(a) < 3 {
			return cmp.Or(rank(a)-rank(b), strings.Compare(a.Key, b.Key))
		}
		return cmp.Or(strings.Compare(scope[a.Space], scope[b.Space]), strings.Compare(a.Key, b.Key))
	})
	for _, c := range el.ChildElements() {
		sortAttributes(c, scope)
	}
}

// rank puts the default declaration first, then the others, then attributes without a
// prefix, then those with one.
func rank(a etree.Attr) int {
	switch {
	case a.Space == "" && a.Key == "xmlns":
		return 0
	case a.Space == "xmlns":
		return 1
	case a.Space == "":
		return 2
	}
	return 3
}

func hashOf(h crypto.Hash, data []byte) []byte {
	w := h.New()
	w.Write(data)
	return w.Sum(nil)
}

// plain turns the ASN.1 signature of Go into r and s, each as long as the curve.
func plain(der []byte, cert *x509.Certificate) []byte {
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &rs); err != nil {
		panic(err)
	}
	size := (cert.PublicKey.(*ecdsa.PublicKey).Curve.Params().BitSize + 7) / 8
	out := make([]byte, 2*size)
	rs.R.FillBytes(out[:size])
	rs.S.FillBytes(out[size:])
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
