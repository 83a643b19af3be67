package engine

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
)

// Signed is an enveloped signature whose structure has passed. Nothing of it is
// believed before [Signed.Verify].
type Signed struct {
	parent, el, info Element
	method           Method
	digest           crypto.Hash
	digestValue      []byte
	value            []byte
	infoPrefixes     []string // InclusiveNamespaces of SignedInfo
	prefixes         []string // and of the signed element
}

// SignatureOf finds the signature that is a direct child of e, in any place; nil when
// there is none. legacy allows SHA-1.
func SignatureOf(e Element, legacy bool) (*Signed, error) {
	el, err := e.One(SignatureSpace, "Signature")
	if err != nil {
		return nil, structure("one Signature on the "+e.Local(), "").because(err)
	}
	if el.IsZero() {
		return nil, nil
	}
	s := &Signed{parent: e, el: el}
	if err := s.read(legacy); err != nil {
		return nil, err
	}
	return s, nil
}

func structure(expected, received string) *Error { return refuse(Profile, expected, received) }

// Element is the Signature itself.
func (s *Signed) Element() Element { return s.el }

// Parent is the element the signature stands in and signs.
func (s *Signed) Parent() Element { return s.parent }

// Info is the SignedInfo.
func (s *Signed) Info() Element { return s.info }

// Value is the signature value.
func (s *Signed) Value() []byte { return s.value }

// read holds a Signature to the one form that SAML uses (saml-core 5.4).
func (s *Signed) read(legacy bool) *Error {
	var parts [3]Element
	if err := s.el.parts(parts[:], []string{"Id"}, "SignedInfo", "SignatureValue", "KeyInfo?"); err != nil {
		return structure("Signature with SignedInfo, SignatureValue and KeyInfo", err.Error())
	}
	s.info = parts[0]
	var info [3]Element
	if err := s.info.parts(info[:], []string{"Id"}, "CanonicalizationMethod", "SignatureMethod", "Reference"); err != nil {
		return structure("SignedInfo with one Reference", err.Error())
	}
	var err error
	if s.infoPrefixes, err = exclusive(info[0]); err != nil {
		return refuse(Algorithm, "exclusive canonicalization", info[0].Attr("Algorithm")).because(err)
	}
	if err := info[1].parts(nil, []string{"Algorithm"}); err != nil {
		return structure("a plain SignatureMethod", err.Error())
	}
	var ok bool
	if s.method, ok = MethodOf(info[1].Attr("Algorithm"), legacy); !ok {
		return refuse(Algorithm, "RSA or ECDSA with SHA-256, SHA-384 or SHA-512", info[1].Attr("Algorithm"))
	}
	if err := s.reference(info[2], legacy); err != nil {
		return err
	}
	s.value, err = base64Of(parts[1], "Id")
	if err != nil || len(s.value) == 0 {
		return structure("a SignatureValue in base64", "").because(err)
	}
	return nil
}

// reference wants "#" and the ID of the element the signature stands in, no other
// spelling of it, and the two transforms every SAML signature has.
func (s *Signed) reference(ref Element, legacy bool) *Error {
	var parts [3]Element
	if err := ref.parts(parts[:], []string{"Id", "URI"}, "Transforms", "DigestMethod", "DigestValue"); err != nil {
		return structure("Reference with Transforms, DigestMethod and DigestValue", err.Error())
	}
	id := s.parent.Attr("ID")
	if uri := ref.Attr("URI"); len(uri) < 2 || uri[0] != '#' || uri[1:] != id {
		return structure("#"+id, uri)
	}
	var transforms [2]Element
	if err := parts[0].parts(transforms[:], nil, "Transform", "Transform"); err != nil {
		return structure("two transforms", err.Error())
	}
	if err := transforms[0].parts(nil, []string{"Algorithm"}); err != nil || !transforms[0].HasAttr("Algorithm", envelopedURI) {
		return refuse(Algorithm, "the enveloped-signature transform first", transforms[0].Attr("Algorithm")).because(err)
	}
	var err error
	if s.prefixes, err = exclusive(transforms[1]); err != nil {
		return refuse(Algorithm, "exclusive canonicalization second", transforms[1].Attr("Algorithm")).because(err)
	}
	if err := parts[1].parts(nil, []string{"Algorithm"}); err != nil {
		return structure("a plain DigestMethod", err.Error())
	}
	var ok bool
	if s.digest, ok = digestOf(parts[1].Attr("Algorithm"), legacy); !ok {
		return refuse(Algorithm, "SHA-256, SHA-384 or SHA-512", parts[1].Attr("Algorithm"))
	}
	s.digestValue, err = base64Of(parts[2])
	if err != nil || len(s.digestValue) != s.digest.Size() || isEmptyDigest(s.digest, s.digestValue) {
		return structure("a DigestValue of the length of its hash", "").because(err)
	}
	return nil
}

// isEmptyDigest recognises what a canonicalizer that was tricked into writing nothing
// yields.
func isEmptyDigest(h crypto.Hash, digest []byte) bool {
	switch h {
	case crypto.SHA256:
		return [32]byte(digest) == sha256.Sum256(nil)
	case crypto.SHA384:
		return [48]byte(digest) == sha512.Sum384(nil)
	case crypto.SHA512:
		return [64]byte(digest) == sha512.Sum512(nil)
	}
	return bytes.Equal(digest, h.New().Sum(nil))
}

// maxPrefixes bounds InclusiveNamespaces: each is looked up at every element.
const maxPrefixes = 16

// exclusive accepts exclusive canonicalization, and returns the prefixes it treats
// inclusively. Comments cannot occur, so the variant with them is refused.
func exclusive(e Element) ([]string, error) {
	if !e.HasAttr("Algorithm", ExclusiveSpace) {
		return nil, errors.New("not exclusive canonicalization")
	}
	if err := e.OnlyAttrs("Algorithm"); err != nil {
		return nil, err
	}
	if err := e.OnlyWhite(); err != nil {
		return nil, err
	}
	list := e.First()
	if list.IsZero() {
		return nil, nil
	}
	if !list.Next().IsZero() || !list.Is(ExclusiveSpace, "InclusiveNamespaces") {
		return nil, errors.New("an unknown parameter")
	}
	if err := list.OnlyAttrs("PrefixList"); err != nil {
		return nil, err
	}
	if list.doc.nodes[list.i].next != list.i+1 {
		return nil, errors.New("content in InclusiveNamespaces")
	}
	names := strings.Fields(list.Attr("PrefixList"))
	if len(names) > maxPrefixes {
		return nil, fmt.Errorf("more than %d prefixes in InclusiveNamespaces", maxPrefixes)
	}
	out := make([]string, 0, len(names))
	for _, name := range names {
		if name == "#default" {
			name = ""
		}
		out = append(out, name)
	}
	return out, nil
}

// base64Of reads an element that may hold base64 text and nothing else.
func base64Of(e Element, attrs ...string) ([]byte, error) {
	if err := e.OnlyAttrs(attrs...); err != nil {
		return nil, err
	}
	text, err := e.Text()
	if err != nil {
		return nil, err
	}
	return DecodeBase64(text)
}

// parts fills out with the children of e when they are exactly names in that order,
// all of the signature namespace; a name with a final "?" may be missing.
func (e Element) parts(out []Element, attrs []string, names ...string) error {
	if err := e.OnlyAttrs(attrs...); err != nil {
		return err
	}
	if err := e.OnlyWhite(); err != nil {
		return err
	}
	c := e.First()
	for i, name := range names {
		name, optional := strings.CutSuffix(name, "?")
		switch {
		case c.Is(SignatureSpace, name):
			out[i] = c
			c = c.Next()
		case !optional:
			return fmt.Errorf("no %s in %s", name, e.Local())
		}
	}
	if !c.IsZero() {
		return fmt.Errorf("%s in %s", c.Local(), e.Local())
	}
	return nil
}

// Presented is the certificate a signature shows, for a diagnosis and nothing else.
func (s *Signed) Presented() []byte {
	for c := range s.el.Walk() {
		if c.Is(SignatureSpace, "X509Certificate") {
			if text, err := c.Text(); err == nil {
				if der, err := DecodeBase64(text); err == nil {
					return der
				}
			}
		}
	}
	return nil
}

// InfoPrefixes are those that the canonicalization of SignedInfo treats inclusively,
// "" for the default namespace; Prefixes are those of the signed element.
func (s *Signed) InfoPrefixes() []string { return s.infoPrefixes }

// Prefixes are those that the canonicalization of the signed element treats inclusively.
func (s *Signed) Prefixes() []string { return s.prefixes }

// Method is the signature method in the words of crypto/x509.
func (s *Signed) Method() x509.SignatureAlgorithm { return s.method.x509() }

// Digest is the DigestValue and its hash.
func (s *Signed) Digest() (crypto.Hash, []byte) { return s.digest, s.digestValue }
