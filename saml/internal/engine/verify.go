package engine

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"math/big"
)

// Why a signature does not verify, for errors.Is.
var (
	ErrKey     = errors.New("no pinned key made the signature")
	ErrContent = errors.New("the content is not what was signed")
)

// Verified is an element whose signature has been verified: the only thing that claims
// may be read from. Nothing but Verify makes one.
type Verified struct{ e Element }

// Element is what was verified. Its Signature is in it still, and is nobody's claim.
func (v Verified) Element() Element { return v.e }

// IsZero reports whether v is nothing.
func (v Verified) IsZero() bool { return v.e.IsZero() }

// Inside is an element within v; zero when it is not within, or within the Signature
// that v was verified by.
func (v Verified) Inside(e Element) Verified {
	sig, err := v.e.One(SignatureSpace, "Signature")
	if err != nil || e.IsZero() || !e.Within(v.e) || !sig.IsZero() && e.Within(sig) {
		return Verified{}
	}
	return Verified{e}
}

// Decrypted is what was decrypted from a ciphertext within v: as long as that is so,
// the signature covers it. Zero when v is.
func (v Verified) Decrypted(d *Document) Verified {
	if v.IsZero() {
		return Verified{}
	}
	return Verified{d.Root()}
}

// Verify checks the signature with the keys of certs, in their order, and returns what
// it signs and which of them made it. What the document says about keys is not read.
// The error is an *Error of Signature over ErrKey or ErrContent.
func (s *Signed) Verify(certs []*x509.Certificate) (Verified, int, error) {
	c := newCanonical(s.parent.doc)
	by, err := s.madeBy(c, certs)
	if err != nil {
		return Verified{}, 0, err
	}
	h := s.digest.New()
	c.write(h, s.parent.i, s.el.i, s.prefixes)
	if subtle.ConstantTimeCompare(h.Sum(nil), s.digestValue) != 1 {
		return Verified{}, 0, refuse(Signature, "content that was not changed after it was signed", "").because(ErrContent)
	}
	return Verified{s.parent}, by, nil
}

// madeBy finds the key that signed SignedInfo. It comes before the digest of what may
// be a whole megabyte, so that a stranger's document costs next to nothing.
func (s *Signed) madeBy(c *canonical, certs []*x509.Certificate) (int, error) {
	h := s.method.hash.New()
	c.write(h, s.info.i, -1, s.infoPrefixes)
	digest := h.Sum(nil)
	for i, cert := range certs {
		if s.method.verify(cert.PublicKey, digest, s.value) {
			return i, nil
		}
	}
	return 0, refuse(Signature, "", "").because(ErrKey)
}

// verify checks a signature over a digest. An ECDSA signature is r and s side by side
// (XML Signature 1.1 section 6.4.3); ASN.1 is understood as well, because some write it.
func (m Method) verify(key crypto.PublicKey, digest, value []byte) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return m.rsa && rsa.VerifyPKCS1v15(key, m.hash, digest, value) == nil
	case *ecdsa.PublicKey:
		if m.rsa {
			return false
		}
		size := (key.Curve.Params().BitSize + 7) / 8
		if len(value) != 2*size {
			return ecdsa.VerifyASN1(key, digest, value)
		}
		return ecdsa.Verify(key, digest, new(big.Int).SetBytes(value[:size]), new(big.Int).SetBytes(value[size:]))
	}
	return false
}

// VerifyOctets checks a detached signature, as the redirect binding has it, with the key
// of cert (saml-bindings 3.4.4.1).
func (m Method) VerifyOctets(cert *x509.Certificate, octets, value []byte) bool {
	h := m.hash.New()
	h.Write(octets)
	return m.verify(cert.PublicKey, h.Sum(nil), value)
}

// Covers are the namespace declarations in scope at e, with a mark on those that the
// digest of s does not depend on. Exclusive canonicalization leaves out a declaration that
// is in scope and not used, so whoever carries the message may change it: what is decrypted
// at e, where nothing but s signs it, must not take the names of elements from it. e stands
// within what s signs; elsewhere there are none.
func (s *Signed) Covers(e Element) []Binding {
	if !e.Within(s.parent) {
		return nil
	}
	d := e.doc
	used := map[string]uint8{} // what a prefix meant where it was used, inner ones first
	use := func(prefix string, uri uint8) {
		if _, ok := used[prefix]; !ok {
			used[prefix] = uri
		}
	}
	for i := e.i; i >= s.parent.i; i = d.nodes[i].parent {
		n := &d.nodes[i]
		use(d.src[n.at:n.at+uint32(n.prefix)], n.space)
		attrs := d.attributes(n)
		for k := range attrs {
			if a := &attrs[k]; !a.declaration && a.prefix > 0 {
				use(d.src[a.at:a.at+uint32(a.prefix)], a.space)
			}
		}
	}
	for _, prefix := range s.prefixes {
		if uri, ok := d.resolve(e.i, prefix); ok {
			used[prefix] = uri
		}
	}
	out := e.Bindings()
	for i, b := range out {
		uri, ok := used[b.Prefix]
		out[i].Uncovered = !ok || d.uris[uri] != b.URI
	}
	return out
}
