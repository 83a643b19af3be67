package saml

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"strings"
	"time"

	dsig "github.com/russellhaering/goxmldsig"
)

// verify is the seam to the signature engine: it takes the tree of a message and
// returns what the signed part says, or refuses. Nothing behind it sees the message.
// With a refusal it returns what it has once a signature was verified, else nil.
//
// When the Response is signed, everything is read from its verified bytes; when the
// Assertion is signed too, that signature has to verify within them.
func verify(root *node, certs []*x509.Certificate, legacy bool) (*document, *Error) {
	s, err := profile(root, legacy)
	if err != nil {
		return nil, err
	}
	doc := &document{}
	if s.responseSig != nil {
		verified, by, err := verifyElement(s.response, s.responseSig, certs, legacy)
		if err != nil {
			return nil, err
		}
		if err := checkStatus(verified); err != nil {
			return nil, err
		}
		inside := verified.named(assertionSpace, "Assertion")
		if len(inside) != 1 {
			return nil, structure("one Assertion in the signed Response", "")
		}
		doc.certificate = by
		s.response, s.assertion = verified, inside[0]
		if s.assertionSig, err = signatureOf(s.assertion, legacy); err != nil {
			return nil, err
		}
	}
	if s.assertionSig != nil {
		verified, by, err := verifyElement(s.assertion, s.assertionSig, certs, legacy)
		if err != nil {
			return nil, err
		}
		doc.certificate = by
		s.assertion = verified
	}
	return doc, doc.read(s.response, s.assertion)
}

// verifyElement returns n as re-read from the bytes its signature covers, and the
// index of the certificate that verified them.
func verifyElement(n *node, sig *signature, certs []*x509.Certificate, legacy bool) (*node, int, *Error) {
	by, refused := signedBy(sig, certs, legacy)
	if refused != nil {
		return nil, 0, refused
	}
	// The engine looks at the certificate's dates. The key was pinned by an admin, and
	// many providers run on certificates that have expired, so the copy has none.
	pinned := *certs[by]
	pinned.NotBefore, pinned.NotAfter = time.Time{}, time.Unix(1<<40, 0)
	engine := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{&pinned}})
	engine.Clock = dsig.NewFakeClockAt(time.Unix(0, 0))
	el, err := engine.Validate(n.engineElement(sig, &pinned))
	if err != nil || el == nil {
		e := refuse(CodeSignature, "content that was not changed after it was signed", "").because(err).
			advise("the signature was made with the right key, but the content is not what was signed: something between the provider and here changes the document")
		e.Fix = FixUnknown
		return nil, 0, e
	}
	verified, err := reread(el)
	if err != nil {
		return nil, 0, refuse(CodeSignature, "", "").because(err)
	}
	if verified.local != n.local || verified.space != n.space || verified.attr("ID") != n.attr("ID") {
		return nil, 0, refuse(CodeSignature, n.local, verified.local)
	}
	return verified, by, nil
}

// signedBy chooses the pinned certificate whose key made the signature, by looking at
// SignedInfo alone. It saves the work on the whole document when there is none; the
// engine verifies again what is found here.
func signedBy(sig *signature, certs []*x509.Certificate, legacy bool) (int, *Error) {
	canonical, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(sig.signedInfo.detached())
	if err != nil || len(canonical) == 0 {
		return 0, refuse(CodeSignature, "", "").because(err)
	}
	weak, usable := "", 0
	for i, cert := range certs {
		if why := weakness(cert); why != "" && !legacy {
			weak = why
			continue
		}
		usable++
		if cert.CheckSignature(sig.algorithm, canonical, sig.forKey(cert)) == nil {
			return i, nil
		}
	}
	if usable == 0 {
		return 0, refuse(CodeAlgorithm, goodKeys, weak)
	}
	var pinned []string
	for _, c := range certs {
		pinned = append(pinned, fingerprint(c.Raw))
	}
	e := refuse(CodeSignature, "SHA-256 "+strings.Join(pinned, " or "), "")
	if der := sig.presented(); der != nil {
		e.Received = "SHA-256 " + fingerprint(der)
	}
	return 0, e
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// forKey turns the r and s of an ECDSA signature (XML Signature 1.1 section 6.4.3) into the form
// that Go verifies. Other signatures stay as they are.
func (s *signature) forKey(cert *x509.Certificate) []byte {
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return s.value
	}
	size := (key.Curve.Params().BitSize + 7) / 8
	if len(s.value) != 2*size {
		return s.value
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(s.value[:size]), new(big.Int).SetBytes(s.value[size:]),
	})
	if err != nil {
		return s.value
	}
	return der
}
