package saml

import (
	"fmt"
	"time"
)

// Finish verifies m against idp, rules and req, and says who signed in. It returns an
// Identity or an *Error, never both. req is the Request that Start returned to this
// browser; it is nil only for an unsolicited response, which needs
// Rules.IdPInitiated. Nil rules are the zero Rules.
//
// Every time in the assertion is compared with now and rules.Skew. The caller burns
// Identity.AssertionID, because Finish would accept the same message again.
func (sp *SP) Finish(idp *IdP, rules *Rules, m Message, req *Request, now time.Time) (id *Identity, err error) {
	return sp.finish(idp, rules, m, req, now, false)
}

// finish has one more parameter than Finish: legacy allows SHA-1 and short keys, for
// documents captured from providers of another decade. Only tests pass true.
func (sp *SP) finish(idp *IdP, rules *Rules, m Message, req *Request, now time.Time, legacy bool) (id *Identity, err error) {
	defer rescue(CodeXML, func(e *Error) { id, err = nil, e })
	c, refused := sp.prepare(idp, rules, m, req, now)
	if refused != nil {
		return nil, refused
	}
	doc, refused := verify(m.root, idp.Certificates, legacy)
	if refused == nil {
		id, refused = c.judge(doc)
	}
	if refused != nil {
		if doc != nil {
			refused.AssertionID = printable(doc.assertion.id)
		}
		return nil, refused
	}
	return id, nil
}

// prepare looks at everything that is ours.
func (sp *SP) prepare(idp *IdP, rules *Rules, m Message, req *Request, now time.Time) (*check, *Error) {
	if err := sp.check(); err != nil {
		return nil, err
	}
	if err := idp.check(); err != nil {
		return nil, err
	}
	r, err := rules.effective()
	if err != nil {
		return nil, err
	}
	if now.IsZero() {
		return nil, refuse(CodeConfig, "the time", "")
	}
	if req != nil && (req.ID == "" || req.ExpiresAt.IsZero()) {
		return nil, refuse(CodeConfig, "a request that Start returned", "")
	}
	if m.bad != nil {
		again := *m.bad // the caller may write into what it gets
		return nil, &again
	}
	if m.root == nil {
		return nil, refuse(CodeEncoding, "a message", "")
	}
	return &check{sp: sp, idp: idp, rules: r, req: req, now: now}, nil
}

// rescue, deferred, makes a panic of a dependency a refusal.
func rescue(code Code, report func(*Error)) {
	if p := recover(); p != nil {
		report(refuse(code, "", "").because(fmt.Errorf("saml: panic: %v", p)))
	}
}
