package saml

import (
	"fmt"
	"time"
)

// Finish verifies m against idp, rules and req, and says who signed in. It returns an
// Identity or an *Error, never both. req is the Request that Start returned to this
// browser; it is nil only for an unsolicited response, which needs
// Rules.IdPInitiated: there a lost cookie and a response nobody asked for look alike, and
// what answers a request is refused all the same. Nil rules are the zero Rules.
//
// Every time in the assertion is compared with now and rules.Skew. The caller burns
// Identity.AssertionID, because Finish would accept the same message again.
func (sp *SP) Finish(idp *IdP, rules *Rules, m Message, req *Request, now time.Time) (id *Identity, err error) {
	defer rescue(CodeXML, func(e *Error) { id, err = nil, e })
	c, refused := sp.prepare(idp, rules, m, req, now)
	if refused != nil {
		return nil, refused
	}
	doc, refused := c.verify(m, c.rules)
	if refused == nil {
		id, refused = c.judge(doc)
	}
	if refused != nil {
		if doc != nil {
			refused.AssertionID = printable(doc.assertion.id)
		}
		c.advise(refused, doc)
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
	if m.doc == nil {
		return nil, refuse(CodeEncoding, "a message", "")
	}
	return &check{sp: sp, idp: idp, rules: r, req: req, now: now}, nil
}

// verifier is who verifies for c.
func (c *check) verifier() verifier {
	return verifier{certs: c.idp.Certificates, keys: c.sp.Keys, rules: c.rules, now: c.now}
}

// verify reads m under rules, which are c's but for a diagnosis.
func (c *check) verify(m Message, rules Rules) (*document, *Error) {
	v := c.verifier()
	v.rules = rules
	return v.verify(m.doc)
}

// rescue, deferred, makes a panic of a dependency a refusal.
func rescue(code Code, report func(*Error)) {
	if p := recover(); p != nil {
		report(refuse(code, "", "").because(fmt.Errorf("saml: panic: %v", p)))
	}
}
