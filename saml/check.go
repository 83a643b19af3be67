package saml

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

// check judges one document by one connection, at one time.
type check struct {
	sp    *SP
	idp   *IdP
	rules Rules
	req   *Request
	now   time.Time
}

// judge applies saml-profiles 4.1.4.2 and 4.1.4.3. The order is that of usefulness:
// a wrong setting is named before a late click.
func (c *check) judge(doc *document) (*Identity, *Error) {
	a := &doc.assertion
	for _, step := range []func(*document) *Error{
		c.versions, c.issuers, c.destination, c.audience, c.age, c.conditions, c.subject, c.reply, c.session,
	} {
		if err := step(doc); err != nil {
			return nil, err
		}
	}
	id, err := c.identity(a)
	if err != nil {
		return nil, err
	}
	id.Certificate = doc.certificate
	return id, nil
}

func (c *check) versions(doc *document) *Error {
	for _, v := range []string{doc.response.version, doc.assertion.version} {
		if v != "2.0" {
			return refuse(CodeVersion, "2.0", v)
		}
	}
	return nil
}

func (c *check) issuers(doc *document) *Error {
	if r := doc.response; r.hasIssuer && r.issuer != c.idp.EntityID {
		return refuse(CodeIssuer, c.idp.EntityID, r.issuer)
	}
	if got := doc.assertion.issuer; got != c.idp.EntityID {
		return refuse(CodeIssuer, c.idp.EntityID, got)
	}
	return nil
}

func (c *check) destination(doc *document) *Error {
	if r := doc.response; r.hasDest && r.destination != c.sp.ACS {
		return refuse(CodeDestination, c.sp.ACS, r.destination)
	}
	return nil
}

// audience wants every restriction to name us (saml-core 2.5.1.4).
func (c *check) audience(doc *document) *Error {
	cond := doc.assertion.conditions
	if cond == nil || len(cond.audiences) == 0 {
		return refuse(CodeAudienceMissing, c.sp.EntityID, "")
	}
	for _, any := range cond.audiences {
		if !slices.Contains(any, c.sp.EntityID) {
			return refuse(CodeAudience, c.sp.EntityID, strings.Join(any, ", "))
		}
	}
	return nil
}

func (c *check) age(doc *document) *Error {
	at := doc.assertion.issueInstant
	if at.IsZero() {
		return structure("an IssueInstant", "")
	}
	if c.tooEarly(at) {
		return refuse(CodeNotYetValid, c.clock(), "issued at "+stamp(at))
	}
	if c.tooLate(at.Add(maxAge)) {
		return refuse(CodeStale, c.clock(), "issued at "+stamp(at))
	}
	return nil
}

func (c *check) conditions(doc *document) *Error {
	cond := doc.assertion.conditions
	if len(cond.unknown) > 0 {
		return refuse(CodeConditions, "AudienceRestriction, OneTimeUse or ProxyRestriction", strings.Join(cond.unknown, ", "))
	}
	return c.window("Conditions", cond.notBefore, cond.notOnOrAfter)
}

// subject wants a name and one bearer confirmation that holds, in any place.
func (c *check) subject(doc *document) *Error {
	a := &doc.assertion
	if a.nameID == nil || a.nameID.Value == "" {
		return refuse(CodeNameID, "a NameID", "none")
	}
	var first *Error
	for _, conf := range a.confirmations {
		if conf.method != bearer {
			continue
		}
		err := c.confirm(conf)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		return refuse(CodeSubject, bearer, fmt.Sprintf("%d confirmations, none of them bearer", len(a.confirmations)))
	}
	return first
}

func (c *check) confirm(conf confirmation) *Error {
	if !conf.hasData || conf.notOnOrAfter.IsZero() || conf.recipient == "" {
		return refuse(CodeSubject, "SubjectConfirmationData with Recipient and NotOnOrAfter", "")
	}
	if conf.recipient != c.sp.ACS {
		return refuse(CodeRecipient, c.sp.ACS, conf.recipient)
	}
	if err := c.window("SubjectConfirmationData", conf.notBefore, conf.notOnOrAfter); err != nil {
		return err
	}
	return c.answers(conf.inResponseTo, conf.hasReplyTo)
}

// answers compares the InResponseTo of a confirmation with the request at hand.
func (c *check) answers(id string, given bool) *Error {
	switch {
	case c.req == nil && given:
		return refuse(CodeRequestUnknown, "no InResponseTo, or a request that is still open", id)
	case c.req == nil && !c.rules.IdPInitiated, c.req != nil && !given:
		return refuse(CodeUnsolicited, "an answer to a request", "no InResponseTo in the assertion")
	case c.req != nil && id != c.req.ID:
		return refuse(CodeRequestUnknown, c.req.ID, id)
	}
	return nil
}

// reply looks at the InResponseTo of the Response, which must not contradict, and at
// the age of the request.
func (c *check) reply(doc *document) *Error {
	if r := doc.response; r.hasReplyTo && (c.req == nil || r.inResponseTo != c.req.ID) {
		expected := "no InResponseTo"
		if c.req != nil {
			expected = c.req.ID
		}
		return refuse(CodeRequestUnknown, expected, r.inResponseTo)
	}
	if c.req != nil && !c.now.Before(c.req.ExpiresAt) {
		return refuse(CodeRequestExpired, "an answer before "+stamp(c.req.ExpiresAt), c.clock())
	}
	return nil
}

func (c *check) session(doc *document) *Error {
	for _, s := range doc.assertion.authn {
		if !s.sessionEnds.IsZero() && c.tooLate(s.sessionEnds) {
			return refuse(CodeSessionOver, c.clock(), "the session ended at "+stamp(s.sessionEnds))
		}
	}
	return nil
}

// window treats zero as no bound. NotOnOrAfter itself is outside.
func (c *check) window(where string, notBefore, notOnOrAfter time.Time) *Error {
	if !notBefore.IsZero() && c.tooEarly(notBefore) {
		return refuse(CodeNotYetValid, c.clock(), where+" NotBefore "+stamp(notBefore))
	}
	if !notOnOrAfter.IsZero() && c.tooLate(notOnOrAfter) {
		return refuse(CodeExpired, c.clock(), where+" NotOnOrAfter "+stamp(notOnOrAfter))
	}
	return nil
}

func (c *check) tooEarly(t time.Time) bool { return c.now.Add(c.rules.Skew).Before(t) }
func (c *check) tooLate(t time.Time) bool  { return !c.now.Before(t.Add(c.rules.Skew)) }

// clock says what time it was here, for a comparison by the admin.
func (c *check) clock() string {
	return "now " + stamp(c.now) + ", skew " + c.rules.Skew.String()
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
