package saml

import (
	"cmp"
	"crypto/x509"
	"time"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

// FinishLegacy allows SHA-1 and short keys, for documents captured years ago.
func (sp *SP) FinishLegacy(idp *IdP, rules *Rules, m Message, req *Request, now time.Time) (*Identity, error) {
	var r Rules
	if rules != nil {
		r = *rules
	}
	r.InsecureAllowLegacy = true
	return sp.Finish(idp, &r, m, req, now)
}

// ParseTime and IsAddress are tested by tables of their own.
func ParseTime(s string) (time.Time, error) { return parseTime(s) }
func IsAddress(s string) bool               { return isAddress(s) }

// Rescued is what every entry point makes of a panic below it.
func Rescued(p any) (err error) {
	defer rescue(CodeXML, func(e *Error) { err = e })
	panic(p)
}

// Explain is the error of a code with nothing received.
func Explain(c Code) *Error { return refuse(c, "", "") }

// EachHint yields the hints of the products.
func EachHint(yield func(p Product, c Code, when, say string)) {
	for _, h := range hints() {
		yield(h.product, h.code, h.when, h.say)
	}
}

// SecondOpinions show a signature of a document to the second verifier, which has the
// last word where the engine has accepted: here the engine is not asked. whole is the
// opinion that a login depends on, parts the one by goxmldsig's canonicalizer alone.
func SecondOpinions(doc string, cert *x509.Certificate) (whole, parts, err error) {
	d, err := engine.Parse(doc, engine.ResponseLimits())
	if err != nil {
		return nil, nil, err
	}
	s, err := engine.ReadShape(d, false)
	if err != nil {
		return nil, nil, err
	}
	sig := cmp.Or(s.ResponseSignature, s.AssertionSignature)
	return secondOpinion(sig, cert), byParts(sig, cert), nil
}
