package saml

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // only legacy documents in tests get past the allow-list with it
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// signature is an enveloped signature whose structure has passed. Nothing of it is
// believed yet.
type signature struct {
	el, signedInfo *node
	algorithm      x509.SignatureAlgorithm
	value          []byte
}

// signatureOf finds the signature that is a direct child of n; nil when there is none.
func signatureOf(n *node, legacy bool) (*signature, *Error) {
	el, err := n.one(dsigSpace, "Signature")
	if err != nil {
		return nil, structure("one Signature on the "+n.local, "").because(err)
	}
	if el == nil {
		return nil, nil
	}
	sig, refused := readSignature(el, n.attr("ID"), legacy)
	if refused != nil {
		return nil, refused
	}
	return sig, nil
}

// readSignature holds a Signature to the one form that SAML uses (saml-core 5.4).
func readSignature(el *node, id string, legacy bool) (*signature, *Error) {
	parts, err := el.parts([]string{"Id"}, "SignedInfo", "SignatureValue", "KeyInfo?")
	if err != nil {
		return nil, structure("Signature with SignedInfo, SignatureValue and KeyInfo", err.Error())
	}
	info, err := parts[0].parts([]string{"Id"}, "CanonicalizationMethod", "SignatureMethod", "Reference")
	if err != nil {
		return nil, structure("SignedInfo with one Reference", err.Error())
	}
	if err := exclusive(info[0]); err != nil {
		return nil, refuse(CodeAlgorithm, "exclusive canonicalization", info[0].attr("Algorithm")).because(err)
	}
	if _, err := info[1].parts([]string{"Algorithm"}); err != nil {
		return nil, structure("a plain SignatureMethod", err.Error())
	}
	algorithm, ok := signatureAlgorithm(info[1].attr("Algorithm"), legacy)
	if !ok {
		return nil, refuse(CodeAlgorithm, "RSA or ECDSA with SHA-256, SHA-384 or SHA-512", info[1].attr("Algorithm"))
	}
	if err := checkReference(info[2], id, legacy); err != nil {
		return nil, err
	}
	value, err := base64Of(parts[1], "Id")
	if err != nil || len(value) == 0 {
		return nil, structure("a SignatureValue in base64", "").because(err)
	}
	return &signature{el: el, signedInfo: parts[0], algorithm: algorithm, value: value}, nil
}

// checkReference wants "#" and the ID of the element the signature stands in, no
// other spelling of it, and the two transforms every SAML signature has.
func checkReference(ref *node, id string, legacy bool) *Error {
	parts, err := ref.parts([]string{"Id", "URI"}, "Transforms", "DigestMethod", "DigestValue")
	if err != nil {
		return structure("Reference with Transforms, DigestMethod and DigestValue", err.Error())
	}
	if uri := ref.attr("URI"); uri != "#"+id {
		return structure("#"+id, uri)
	}
	transforms, err := parts[0].parts(nil, "Transform", "Transform")
	if err != nil {
		return structure("two transforms", err.Error())
	}
	if _, err := transforms[0].parts([]string{"Algorithm"}); err != nil || transforms[0].attr("Algorithm") != envelopedURI {
		return refuse(CodeAlgorithm, "the enveloped-signature transform first", transforms[0].attr("Algorithm")).because(err)
	}
	if err := exclusive(transforms[1]); err != nil {
		return refuse(CodeAlgorithm, "exclusive canonicalization second", transforms[1].attr("Algorithm")).because(err)
	}
	if _, err := parts[1].parts([]string{"Algorithm"}); err != nil {
		return structure("a plain DigestMethod", err.Error())
	}
	hash, ok := digestAlgorithm(parts[1].attr("Algorithm"), legacy)
	if !ok {
		return refuse(CodeAlgorithm, "SHA-256, SHA-384 or SHA-512", parts[1].attr("Algorithm"))
	}
	digest, err := base64Of(parts[2])
	if err != nil || len(digest) != hash.Size() || bytes.Equal(digest, emptyDigest(hash)) {
		return structure("a DigestValue of the length of its hash", "").because(err)
	}
	return nil
}

// emptyDigest is what a canonicalizer that was tricked into writing nothing yields.
func emptyDigest(h crypto.Hash) []byte { return h.New().Sum(nil) }

// exclusive accepts exclusive canonicalization, with or without the list of prefixes
// it treats inclusively. Comments cannot occur, so the variant with them is refused.
func exclusive(n *node) error {
	if n.attr("Algorithm") != excC14NSpace {
		return errors.New("not exclusive canonicalization")
	}
	if err := n.onlyAttrs("Algorithm"); err != nil {
		return err
	}
	kids := slices.Collect(n.elements())
	if len(kids) == 0 {
		return n.onlyWhite()
	}
	if len(kids) > 1 || !kids[0].is(excC14NSpace, "InclusiveNamespaces") {
		return errors.New("an unknown parameter")
	}
	if len(kids[0].items) != 0 {
		return errors.New("content in InclusiveNamespaces")
	}
	if err := kids[0].onlyAttrs("PrefixList"); err != nil {
		return err
	}
	return n.onlyWhite()
}

// base64Of reads an element that may hold base64 text and nothing else.
func base64Of(n *node, attrs ...string) ([]byte, error) {
	if err := n.onlyAttrs(attrs...); err != nil {
		return nil, err
	}
	text, err := n.text()
	if err != nil {
		return nil, err
	}
	return decodeBase64(text)
}

// parts returns the children of n when they are exactly names in that order, all of
// the signature namespace; a name with a final "?" may be missing and is then nil.
func (n *node) parts(attrs []string, names ...string) ([]*node, error) {
	if err := n.onlyAttrs(attrs...); err != nil {
		return nil, err
	}
	if err := n.onlyWhite(); err != nil {
		return nil, err
	}
	kids := slices.Collect(n.elements())
	out := make([]*node, 0, len(names))
	for _, name := range names {
		name, optional := strings.CutSuffix(name, "?")
		switch {
		case len(kids) > 0 && kids[0].is(dsigSpace, name):
			out = append(out, kids[0])
			kids = kids[1:]
		case optional:
			out = append(out, nil)
		default:
			return nil, fmt.Errorf("no %s in %s", name, n.local)
		}
	}
	if len(kids) > 0 {
		return nil, fmt.Errorf("%s in %s", kids[0].local, n.local)
	}
	return out, nil
}

// onlyAttrs refuses attributes of other names and all of foreign namespaces.
func (n *node) onlyAttrs(names ...string) error {
	for _, a := range n.attrs {
		if a.space != xmlnsSpace && (a.space != "" || !slices.Contains(names, a.local)) {
			return fmt.Errorf("attribute %s on %s", a.local, n.local)
		}
	}
	return nil
}

// onlyWhite refuses text between child elements.
func (n *node) onlyWhite() error {
	for _, i := range n.items {
		if i.el == nil && strings.Trim(i.text, xmlWhite) != "" {
			return fmt.Errorf("text in %s", n.local)
		}
	}
	return nil
}

// presented is the certificate a signature shows, for a diagnosis and nothing else.
func (s *signature) presented() []byte {
	for c := range s.el.walk() {
		if c.is(dsigSpace, "X509Certificate") {
			if text, err := c.text(); err == nil {
				if der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); err == nil {
					return der
				}
			}
		}
	}
	return nil
}
