package samltest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/url"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// signer signs elements and queries. The zero hash is not usable.
type signer struct {
	key   crypto.Signer
	shown []byte // DER of the certificate in KeyInfo
	hash  crypto.Hash
	whole bool // the reference is URI="" instead of the ID
	style spelling
}

func newSigner(pair keyPair, hash crypto.Hash, s spelling) signer {
	return signer{key: pair.signer, shown: pair.cert.Raw, hash: hash, style: s}
}

// sign puts an enveloped signature behind the issuer of el, where the schemas of
// assertions and of protocol messages want it.
func (s signer) sign(el *etree.Element) error {
	at := behindIssuer(el)
	if s.style.indent { // before the digest, which is over this text too
		el.InsertChildAt(at, etree.NewText("\n  "))
		at++
	}
	info, err := s.signedInfo(el)
	if err != nil {
		return err
	}
	signature := etree.NewElement(s.style.signed("Signature"))
	signature.CreateAttr(xmlns(s.style.signature), nsSignature)
	signature.AddChild(info)
	if s.style.indent {
		indent(signature, 1)
	}
	// SignedInfo is canonicalised with what is in scope where it will stand.
	scoped := info.Copy()
	scoped.CreateAttr(xmlns(s.style.signature), nsSignature)
	canonical, err := canonicalize(scoped, "")
	if err != nil {
		return err
	}
	value, err := s.raw(canonical)
	if err != nil {
		return err
	}
	signature.CreateElement(s.style.signed("SignatureValue")).SetText(s.style.base64(value))
	data := signature.CreateElement(s.style.signed("KeyInfo")).CreateElement(s.style.signed("X509Data"))
	if s.style.subjectName {
		data.CreateElement(s.style.signed("X509SubjectName")).SetText("CN=" + ownName)
	}
	data.CreateElement(s.style.signed("X509Certificate")).SetText(s.style.base64(s.shown))
	if s.style.indent {
		indent(signature, 1)
	}
	el.InsertChildAt(at, signature)
	return nil
}

// behindIssuer is where a signature belongs among the children of el.
func behindIssuer(el *etree.Element) int {
	if issuer := child(el, nsAssertion, "Issuer"); issuer != nil {
		return issuer.Index() + 1
	}
	return 0
}

func (s signer) signedInfo(el *etree.Element) (*etree.Element, error) {
	method, digestMethod := s.algorithms()
	if method == "" || digestMethod == "" {
		return nil, fmt.Errorf("samltest: sign: no algorithm for %T with %s", s.key, s.hash)
	}
	digest, err := s.digest(el)
	if err != nil {
		return nil, err
	}
	uri := "#" + attribute(el, "ID")
	if s.whole {
		uri = ""
	}
	info := etree.NewElement(s.style.signed("SignedInfo"))
	info.CreateElement(s.style.signed("CanonicalizationMethod")).CreateAttr("Algorithm", nsExclusive)
	info.CreateElement(s.style.signed("SignatureMethod")).CreateAttr("Algorithm", method)
	reference := info.CreateElement(s.style.signed("Reference"))
	reference.CreateAttr("URI", uri)
	transforms := reference.CreateElement(s.style.signed("Transforms"))
	transforms.CreateElement(s.style.signed("Transform")).CreateAttr("Algorithm", nsSignature+"enveloped-signature")
	exclusive := transforms.CreateElement(s.style.signed("Transform"))
	exclusive.CreateAttr("Algorithm", nsExclusive)
	if s.style.prefixList != "" {
		inclusive := exclusive.CreateElement("ec:InclusiveNamespaces")
		inclusive.CreateAttr("xmlns:ec", nsExclusive)
		inclusive.CreateAttr("PrefixList", s.style.prefixList)
	}
	reference.CreateElement(s.style.signed("DigestMethod")).CreateAttr("Algorithm", digestMethod)
	reference.CreateElement(s.style.signed("DigestValue")).SetText(digest)
	return info, nil
}

// digest is the base64 of the digest of el, which holds no signature of its own.
func (s signer) digest(el *etree.Element) (string, error) {
	canonical, err := canonicalize(el.Copy(), s.style.prefixList)
	if err != nil {
		return "", err
	}
	h := s.hash.New()
	h.Write(canonical)
	return base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

// canonicalize changes el, so it is given copies.
func canonicalize(el *etree.Element, prefixList string) ([]byte, error) {
	canonical, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixList).Canonicalize(el)
	if err != nil {
		return nil, fmt.Errorf("samltest: canonicalize: %w", err)
	}
	return canonical, nil
}

// algorithms names the methods of signature and digest (RFC 9231), or "".
func (s signer) algorithms() (method, digest string) {
	_, isEC := s.key.Public().(*ecdsa.PublicKey)
	switch s.hash {
	case crypto.SHA1:
		return choose(isEC, dsig.ECDSASHA1SignatureMethod, dsig.RSASHA1SignatureMethod), nsSignature + "sha1"
	case crypto.SHA256:
		return choose(isEC, dsig.ECDSASHA256SignatureMethod, dsig.RSASHA256SignatureMethod), nsEncryption + "sha256"
	case crypto.SHA384:
		return choose(isEC, dsig.ECDSASHA384SignatureMethod, dsig.RSASHA384SignatureMethod), nsMore + "sha384"
	case crypto.SHA512:
		return choose(isEC, dsig.ECDSASHA512SignatureMethod, dsig.RSASHA512SignatureMethod), nsEncryption + "sha512"
	}
	return "", ""
}

func choose(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// raw signs a message. What ECDSA gives is r and s side by side (XML Signature 1.1,
// section 6.4.3).
func (s signer) raw(message []byte) ([]byte, error) {
	h := s.hash.New()
	h.Write(message)
	value, err := s.key.Sign(rand.Reader, h.Sum(nil), s.hash)
	if err != nil {
		return nil, fmt.Errorf("samltest: sign: %w", err)
	}
	public, ok := s.key.Public().(*ecdsa.PublicKey)
	if !ok {
		return value, nil
	}
	var pair struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(value, &pair); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("samltest: sign: not an ECDSA signature: %w", err)
	}
	size := (public.Curve.Params().BitSize + 7) / 8
	out := make([]byte, 2*size)
	pair.R.FillBytes(out[:size])
	pair.S.FillBytes(out[size:])
	return out, nil
}

// query writes the parameters of a message for the redirect binding, with a signature
// over their exact octets (bindings, section 3.4.4.1).
func (s signer) query(field string, message []byte, relayState string) (string, error) {
	packed, err := deflate(message)
	if err != nil {
		return "", err
	}
	query := field + "=" + s.style.escape(base64.StdEncoding.EncodeToString(packed))
	if relayState != "" {
		query += "&RelayState=" + s.style.escape(relayState)
	}
	method, _ := s.algorithms()
	query += "&SigAlg=" + s.style.escape(method)
	value, err := s.raw([]byte(query))
	if err != nil {
		return "", err
	}
	return query + "&Signature=" + s.style.escape(base64.StdEncoding.EncodeToString(value)), nil
}

// escape percent-encodes, in the letters that the provider is used to.
func (s spelling) escape(value string) string {
	escaped := url.QueryEscape(value)
	if !s.lowerEscapes {
		return escaped
	}
	var b strings.Builder
	for i := 0; i < len(escaped); i++ {
		b.WriteByte(escaped[i])
		if escaped[i] == '%' {
			b.WriteString(strings.ToLower(escaped[i+1 : i+3]))
			i += 2
		}
	}
	return b.String()
}
