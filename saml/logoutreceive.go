package saml

import (
	"slices"
	"time"
)

// Logout is a verified logout request: end the sessions it names, then send AnswerLogout.
type Logout struct {
	ID             string    // burn it until ReplayUntil, in the transaction that ends the sessions
	NameID         NameID    // whose sessions; never empty
	SessionIndexes []string  // which of them; empty is all
	ReplayUntil    time.Time // no Rules accept the request at or after this time
	RelayState     string    // goes back with the answer as it came; at most 1 KiB of any form
	Certificate    int       // which of IdP.Certificates verified it
}

// ReceiveLogout verifies a logout request of the identity provider (saml-profiles 4.4).
// It returns a Logout or an *Error, never both. Nil rules are the zero Rules.
//
// It has to be signed by a key of the connection, in either binding, name its issuer,
// SP.SLO as its Destination and one NameID, and be fresh. The caller finds the sessions
// by the NameID and SessionIndex that their sign-ins returned ([SP.Ends] compares
// them) and by nothing else: who brings the message is no proof of anything, and an
// identity provider that logs out in a frame brings no cookie of ours. ReceiveLogout
// would accept the same request again until ReplayUntil, so the caller burns its ID.
func (sp *SP) ReceiveLogout(idp *IdP, rules *Rules, m LogoutMessage, now time.Time) (lo *Logout, err error) {
	defer rescue(CodeXML, func(e *Error) { lo, err = nil, e.ofLogout() })
	lo, refused := sp.receiveLogout(idp, rules, m, now)
	if refused != nil {
		return nil, refused.ofLogout()
	}
	return lo, nil
}

func (sp *SP) receiveLogout(idp *IdP, rules *Rules, m LogoutMessage, now time.Time) (*Logout, *Error) {
	c, err := sp.prepareLogout(idp, rules, m, fieldRequest, now)
	if err != nil {
		return nil, err
	}
	doc, err := c.verifyLogout(m, "LogoutRequest")
	if err != nil {
		return nil, err
	}
	for _, step := range []func(*logoutDocument) *Error{c.logoutHead, c.logoutIssuer, c.logoutDestination, c.logoutAge, c.logoutName} {
		if err := step(doc); err != nil {
			return nil, err
		}
	}
	return &Logout{
		ID: doc.id, NameID: *doc.nameID, SessionIndexes: doc.sessionIndexes, RelayState: m.relay, Certificate: doc.certificate,
		ReplayUntil: earliest(doc.issueInstant.Add(maxAge), doc.notOnOrAfter).Add(maxSkew).UTC(),
	}, nil
}

// FinishLogout verifies the identity provider's answer to a logout request of ours. nil
// is that everything is over. CodeStatus is an honest answer that it is not: the session
// here is over, but the one at the provider, or at another application, may go on. req
// is what StartLogout returned to this browser, and is used once; nil, for an answer
// that nobody waits for, is refused. Nil rules are the zero Rules. The error is an *Error.
func (sp *SP) FinishLogout(idp *IdP, rules *Rules, m LogoutMessage, req *Request, now time.Time) (err error) {
	defer rescue(CodeXML, func(e *Error) { err = e.ofLogout() })
	if refused := sp.finishLogout(idp, rules, m, req, now); refused != nil {
		return refused.ofLogout()
	}
	return nil
}

func (sp *SP) finishLogout(idp *IdP, rules *Rules, m LogoutMessage, req *Request, now time.Time) *Error {
	c, err := sp.prepareLogout(idp, rules, m, fieldResponse, now)
	if err != nil {
		return err
	}
	if req == nil {
		return refuse(CodeUnsolicited, "an answer to a logout request", m.InResponseTo())
	}
	if req.ID == "" || req.ExpiresAt.IsZero() {
		return refuse(CodeConfig, "a request that StartLogout returned", "")
	}
	c.req = req
	doc, err := c.verifyLogout(m, "LogoutResponse")
	if err != nil {
		return err
	}
	for _, step := range []func(*logoutDocument) *Error{c.logoutHead, c.logoutIssuer, c.logoutDestination, c.logoutAge, c.logoutReply} {
		if err := step(doc); err != nil {
			return err
		}
	}
	return doc.status
}

// prepareLogout looks at everything that is ours.
func (sp *SP) prepareLogout(idp *IdP, rules *Rules, m LogoutMessage, field string, now time.Time) (*check, *Error) {
	if err := sp.checkLogout(now); err != nil {
		return nil, err
	}
	if err := idp.check(); err != nil {
		return nil, err
	}
	r, err := rules.effective()
	if err != nil {
		return nil, err
	}
	if m.bad != nil {
		again := *m.bad // the caller may write into what it gets
		return nil, &again
	}
	if m.doc == nil || m.field != field {
		return nil, refuse(CodeEncoding, field, m.field)
	}
	return &check{sp: sp, idp: idp, rules: r, now: now}, nil
}

// Ends says whether lo, which ReceiveLogout returned for idp, means the session of a
// sign-in that returned this name and session index ("": it returned none).
//
// Names are compared to the letter. What is absent is what saml-core says it stands for:
// the unspecified format, idp as NameQualifier, sp as SPNameQualifier (8.3.1, 8.3.7). A
// request without indexes means all sessions of the person, and a session of which no
// index is known is ended by any request for the person.
func (sp *SP) Ends(idp *IdP, lo *Logout, name NameID, sessionIndex string) bool {
	if sp == nil || idp == nil || lo == nil || name.Value == "" {
		return false
	}
	if sp.spelledOut(idp, lo.NameID) != sp.spelledOut(idp, name) {
		return false
	}
	return len(lo.SessionIndexes) == 0 || sessionIndex == "" || slices.Contains(lo.SessionIndexes, sessionIndex)
}

func (sp *SP) spelledOut(idp *IdP, n NameID) NameID {
	if n.Format == "" || n.Format == "urn:oasis:names:tc:SAML:1.0:nameid-format:unspecified" {
		n.Format = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	}
	n.NameQualifier = first(n.NameQualifier, idp.EntityID)
	n.SPNameQualifier = first(n.SPNameQualifier, sp.EntityID)
	return n
}
