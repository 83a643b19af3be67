package saml

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

// verifier knows whose signatures count, under which rules, at which time.
type verifier struct {
	certs []*x509.Certificate // IdP.Certificates
	keys  []Key               // ours, for what is encrypted
	rules Rules
	now   time.Time
	by    *engine.Signed // what covers the names in clear around a name that is encrypted; nil: all of them are covered
}

// verify takes the nodes of a message and returns what the signed part says, or
// refuses. With a refusal it returns what it has once a signature was verified, else
// nil.
//
// When the Response is signed, its signature has to verify, and covers the assertion;
// when the Assertion is signed too, that signature has to verify as well.
func (v verifier) verify(d *engine.Document) (*document, *Error) {
	s, err := v.shape(d)
	if err != nil {
		return nil, err
	}
	doc := &document{}
	var response, assertion engine.Verified
	if s.ResponseSignature != nil {
		if response, doc.certificate, err = v.signed(s.ResponseSignature, true); err != nil {
			return nil, err
		}
		assertion = response.Inside(s.Assertion)
	}
	blind := func(e *Error) *Error { return e }
	if !s.Encrypted.IsZero() {
		opened, err := v.open(s.Encrypted, s.Encrypted.Bindings())
		if err != nil {
			return nil, err
		}
		if opened.malleable && response.IsZero() {
			blind = func(*Error) *Error { return unopened() }
		}
		inner, err := v.decrypted(opened, s.Response)
		if err != nil {
			return nil, blind(err)
		}
		s.AssertionSignature = inner.AssertionSignature
		if s.AssertionSignature == nil && !response.IsZero() {
			if opened, err = v.covered(opened, s); err != nil {
				return nil, err
			}
			assertion = response.Decrypted(opened.doc)
		}
	}
	if s.AssertionSignature != nil {
		// The second verifier has seen all of it already within a signed Response.
		seen := !response.IsZero() && s.Encrypted.IsZero()
		if assertion, doc.certificate, err = v.signed(s.AssertionSignature, !seen); err != nil {
			return nil, blind(err)
		}
	}
	if assertion.IsZero() {
		return nil, blind(refuse(CodeUnsigned, "a signature on the Response or the Assertion", "none"))
	}
	if v.by = s.AssertionSignature; v.by == nil && s.Encrypted.IsZero() {
		v.by = s.ResponseSignature
	}
	return doc, doc.read(s.Response, assertion, v)
}

// shape applies the profile, and what the rules say of encryption.
func (v verifier) shape(d *engine.Document) (*engine.Shape, *Error) {
	if err := checkResponse(d.Root()); err != nil {
		return nil, err
	}
	if err := checkStatus(d.Root()); err != nil {
		return nil, err
	}
	s, err := engine.ReadShape(d, v.rules.InsecureAllowLegacy)
	if err != nil {
		return nil, fault(err)
	}
	if v.rules.RequireEncrypted && s.Encrypted.IsZero() {
		return nil, refuse(CodeClear, "an EncryptedAssertion", "an Assertion in clear")
	}
	return s, nil
}

// checkResponse tells another version of SAML from what is no response at all.
func checkResponse(root engine.Element) *Error {
	if root.Is(engine.ProtocolSpace, "Response") {
		return nil
	}
	if root.Local() == "Response" && strings.HasPrefix(root.Space(), "urn:oasis:names:tc:SAML:1.") {
		return refuse(CodeVersion, "SAML 2.0", root.Space())
	}
	return structure("a SAML 2.0 Response", root.Local())
}

// signed returns what a signature covers, and the index of the certificate whose key
// made it. The engine decides; what it has accepted is then shown to a second verifier,
// and only what both accept is verified, unless the rules want one alone.
func (v verifier) signed(sig *engine.Signed, twice bool) (engine.Verified, int, *Error) {
	certs, index, err := v.pinned()
	if err != nil {
		return engine.Verified{}, 0, err
	}
	verified, by, cause := sig.Verify(certs)
	switch {
	case errors.Is(cause, engine.ErrContent):
		e := refuse(CodeSignature, "content that was not changed after it was signed", "").because(cause).
			advise("the signature was made with the right key, but the content is not what was signed: something between the provider and here changes the document")
		e.Fix = FixUnknown
		return engine.Verified{}, 0, e
	case cause != nil:
		return engine.Verified{}, 0, v.unknownKey(sig.Presented(), func(c *x509.Certificate) bool {
			_, _, err := sig.Verify([]*x509.Certificate{c})
			return err == nil
		})
	}
	if twice && !v.rules.InsecureEngineOnly {
		if cause := secondOpinion(sig, certs[by]); cause != nil {
			return engine.Verified{}, 0, refuse(CodeSecondVerifier, "", "").because(cause)
		}
	}
	if index != nil {
		by = index[by]
	}
	return verified, by, nil
}

// pinned are the certificates that may verify under the rules, and where they stand
// among all of them; a nil index means that these are all.
func (v verifier) pinned() (certs []*x509.Certificate, index []int, err *Error) {
	why := ""
	for i, cert := range v.certs {
		weak := weaknessBelow(cert, v.rules.leastRSABits())
		if weak == "" && !v.outdated(cert) {
			certs, index = append(certs, cert), append(index, i)
		} else if weak != "" {
			why = weak
		}
	}
	switch {
	case len(certs) == len(v.certs):
		return v.certs, nil, nil
	case len(certs) > 0:
		return certs, index, nil
	case why != "":
		return nil, nil, refuse(CodeAlgorithm, goodKeys, why)
	}
	return nil, nil, v.expired()
}

// outdated reports whether a certificate verifies nothing because of its dates.
func (v verifier) outdated(cert *x509.Certificate) bool {
	return v.rules.DenyExpiredCertificates && (v.now.Before(cert.NotBefore) || v.now.After(cert.NotAfter))
}

func (v verifier) expired() *Error {
	var dates []string
	for _, c := range v.certs {
		if v.outdated(c) {
			dates = append(dates, stamp(c.NotBefore)+" to "+stamp(c.NotAfter))
		}
	}
	return refuse(CodeCertificateExpired, "a certificate that is valid "+stamp(v.now), strings.Join(dates, ", "))
}

// unknownKey says which certificates are pinned and which one the signature shows, or
// that it was made by one whose time is over.
func (v verifier) unknownKey(presented []byte, made func(*x509.Certificate) bool) *Error {
	var pinned []string
	for _, c := range v.certs {
		pinned = append(pinned, fingerprint(c.Raw))
		if v.outdated(c) && weaknessBelow(c, v.rules.leastRSABits()) == "" && made(c) {
			return v.expired()
		}
	}
	e := refuse(CodeSignature, "SHA-256 "+strings.Join(pinned, " or "), "")
	if presented != nil {
		e.Received = "SHA-256 " + fingerprint(presented)
	}
	return e
}

// octets finds the certificate whose key signed one of the strings, which say the same.
func (v verifier) octets(m engine.Method, signed []string, value []byte) (int, *Error) {
	certs, index, err := v.pinned()
	if err != nil {
		return 0, err
	}
	made := func(c *x509.Certificate) bool {
		return slices.ContainsFunc(signed, func(s string) bool { return m.VerifyOctets(c, []byte(s), value) })
	}
	by := slices.IndexFunc(certs, made)
	if by < 0 {
		return 0, v.unknownKey(nil, made)
	}
	if index != nil {
		by = index[by]
	}
	return by, nil
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// fault turns a refusal of the engine into one of this package.
func fault(err error) *Error {
	var e *engine.Error
	if !errors.As(err, &e) {
		return refuse(CodeXML, "", "").because(err)
	}
	return refuse(Code(e.Code), e.Expected, e.Received).because(e.Err)
}

func structure(expected, received string) *Error {
	return refuse(CodeProfile, expected, received)
}
