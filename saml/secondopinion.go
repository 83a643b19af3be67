package saml

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

// secondOpinion shows what the engine has accepted to goxmldsig: another parser's tree,
// another canonicalizer, another reading of the signature. cert is the one whose key
// made it. Forged input never comes here.
func secondOpinion(sig *engine.Signed, cert *x509.Certificate) error {
	if inclusiveInfo(sig) || spacedDigest(sig) || sig.Parent().ManyPrefixes() {
		return byParts(sig, cert)
	}
	// goxmldsig looks at the certificate's dates, which are judged elsewhere.
	pinned := *cert
	pinned.NotBefore, pinned.NotAfter = time.Time{}, time.Unix(1<<40, 0)
	ctx := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{&pinned}})
	ctx.Clock = dsig.NewFakeClockAt(time.Unix(0, 0))
	el, err := ctx.Validate(signedTree(sig, cert))
	if err != nil {
		return err
	}
	if p := sig.Parent(); el == nil || el.Tag != p.Local() || el.SelectAttrValue("ID", "") != p.Attr("ID") {
		return errors.New("saml: the second verifier verified something else")
	}
	return nil
}

// inclusiveInfo reports whether SignedInfo is canonicalized with prefixes treated
// inclusively to any effect. goxmldsig does not look at that list.
func inclusiveInfo(sig *engine.Signed) bool {
	list := sig.InfoPrefixes()
	return len(list) > 0 && string(sig.Info().Canonical(list...)) != string(sig.Info().Canonical())
}

// spacedDigest reports whether the DigestValue is written with spaces, which goxmldsig
// does not read.
func spacedDigest(sig *engine.Signed) bool {
	ref, _ := sig.Info().One(engine.SignatureSpace, "Reference")
	digest, _ := ref.One(engine.SignatureSpace, "DigestValue")
	text, err := digest.Text()
	return err != nil || strings.ContainsAny(text, " \t")
}

// byParts is the same with goxmldsig's canonicalizer alone.
func byParts(sig *engine.Signed, cert *x509.Certificate) error {
	info, err := canonicalize(tree(sig.Info()), sig.InfoPrefixes())
	if err != nil {
		return err
	}
	if err := cert.CheckSignature(sig.Method(), info, asn1Value(sig.Value(), cert)); err != nil {
		return err
	}
	content, err := canonicalize(detached(sig.Parent(), sig.Element()), sig.Prefixes())
	if err != nil {
		return err
	}
	hash, want := sig.Digest()
	h := hash.New()
	h.Write(content)
	if subtle.ConstantTimeCompare(h.Sum(nil), want) != 1 {
		return errors.New("saml: the second verifier finds another content")
	}
	return nil
}

// canonicalize changes el into its canonical form by goxmldsig and writes it. goxmldsig
// sorts attributes of two prefixes by their local names, though the order is that of their
// namespaces (Canonical XML 1.0 section 2.2), so they are sorted again.
func canonicalize(el *etree.Element, prefixes []string) ([]byte, error) {
	list := slices.Clone(prefixes)
	for i, p := range list {
		if p == "" {
			list[i] = "#default"
		}
	}
	if err := etreeutils.TransformExcC14n(el, strings.Join(list, " "), false); err != nil {
		return nil, err
	}
	sortAttributes(el, map[string]string{"xml": "http://www.w3.org/XML/1998/namespace"})
	doc := etree.NewDocument()
	doc.SetRoot(el)
	doc.WriteSettings = etree.WriteSettings{CanonicalAttrVal: true, CanonicalEndTags: true, CanonicalText: true}
	return doc.WriteToBytes()
}

// sortAttributes puts the attributes with prefixes, which stand behind all others, into
// the order of their namespaces.
func sortAttributes(el *etree.Element, outer map[string]string) {
	scope, first, own := outer, len(el.Attr), false
	for i, a := range el.Attr {
		switch {
		case a.Space == "xmlns":
			if !own {
				scope, own = maps.Clone(outer), true
			}
			scope[a.Key] = a.Value
		case a.Space != "":
			first = min(first, i)
		}
	}
	slices.SortFunc(el.Attr[first:], func(a, b etree.Attr) int {
		return cmp.Or(strings.Compare(scope[a.Space], scope[b.Space]), strings.Compare(a.Key, b.Key))
	})
	for _, c := range el.ChildElements() {
		sortAttributes(c, scope)
	}
}

// signedTree is a copy of what is signed: the namespaces in scope declared on it, the
// signature first (goxmldsig stops searching after some elements, and the signature is
// not part of what is digested), no KeyInfo (which key to trust is not the message's to
// say), the signature value without white space.
func signedTree(sig *engine.Signed, cert *x509.Certificate) *etree.Element {
	el := detached(sig.Parent(), sig.Element())
	s := element(sig.Element())
	for _, c := range s.ChildElements() {
		switch c.Tag {
		case "KeyInfo":
			s.RemoveChild(c)
		case "SignatureValue":
			c.SetText(base64.StdEncoding.EncodeToString(asn1Value(sig.Value(), cert)))
		}
	}
	el.InsertChildAt(0, s)
	return el
}

// tree copies e as the root of its own tree, with all namespaces in scope declared.
func tree(e engine.Element) *etree.Element { return detached(e, engine.Element{}) }

// detached is tree, but for one child.
func detached(e, child engine.Element) *etree.Element {
	el := bare(e)
	for _, b := range e.Bindings() {
		if b.Prefix == "" {
			el.Attr = append(el.Attr, etree.Attr{Key: "xmlns", Value: b.URI})
		} else {
			el.Attr = append(el.Attr, etree.Attr{Space: "xmlns", Key: b.Prefix, Value: b.URI})
		}
	}
	for a := range e.Attributes() {
		if a.Prefix != "xmlns" && (a.Prefix != "" || a.Local != "xmlns") {
			el.Attr = append(el.Attr, etree.Attr{Space: a.Prefix, Key: a.Local, Value: a.Value})
		}
	}
	return fill(el, e, child)
}

// element copies e and everything below it as it is.
func element(e engine.Element) *etree.Element {
	el := bare(e)
	for a := range e.Attributes() {
		el.Attr = append(el.Attr, etree.Attr{Space: a.Prefix, Key: a.Local, Value: a.Value})
	}
	return fill(el, e, engine.Element{})
}

func bare(e engine.Element) *etree.Element {
	el := etree.NewElement("")
	el.Space, el.Tag = e.Prefix(), e.Local()
	return el
}

// fill copies what is in e, but for one child, into el.
func fill(el *etree.Element, e, but engine.Element) *etree.Element {
	for c, text := range e.Children() {
		switch {
		case c.IsZero():
			el.CreateText(text)
		case c != but:
			el.AddChild(element(c))
		}
	}
	return el
}

// asn1Value turns the r and s of an ECDSA signature (XML Signature 1.1 section 6.4.3)
// into the form that goxmldsig verifies. Other signatures stay as they are.
func asn1Value(value []byte, cert *x509.Certificate) []byte {
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return value
	}
	size := (key.Curve.Params().BitSize + 7) / 8
	if len(value) != 2*size {
		return value
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(value[:size]), new(big.Int).SetBytes(value[size:])})
	if err != nil {
		return value
	}
	return der
}
