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
	who   person // set by identify
}

// step is one named check. It sees a document and nothing of the message.
type step struct {
	name  string
	run   func(*check, *document) *Error
	needs string // the check without which this one has nothing to look at, "" for none
}

// steps are what saml-profiles 4.1.4.2 and 4.1.4.3 ask for, and what an account needs.
// Finish and Explain share them: the one stops where the other goes on. The order is
// that of usefulness: a wrong setting is named before a late click.
func steps() [16]step {
	return [...]step{
		{CheckVersion, (*check).versions, ""},
		{CheckIssuer, (*check).issuers, ""},
		{CheckDestination, (*check).destination, ""},
		{CheckAudience, (*check).audience, ""},
		{CheckAge, (*check).age, ""},
		{CheckConditions, (*check).conditions, ""},
		{CheckValidity, (*check).validity, ""},
		{CheckNameID, (*check).named, ""},
		{CheckConfirmation, (*check).confirmation, ""},
		{CheckRecipient, (*check).recipient, CheckConfirmation},
		{CheckConfirmationTime, (*check).confirmationTime, CheckConfirmation},
		{CheckInResponseTo, (*check).inResponseTo, CheckConfirmation},
		{CheckRequest, (*check).request, ""},
		{CheckSession, (*check).session, ""},
		{CheckIdentifier, (*check).identify, CheckNameID},
		{CheckValues, (*check).values, CheckNameID},
	}
}

// judge runs every step and makes the Identity of a document that passes them all.
func (c *check) judge(doc *document) (*Identity, *Error) {
	for _, s := range steps() {
		if err := s.run(c, doc); err != nil {
			return nil, err
		}
	}
	return c.identity(doc), nil
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

// conditions refuses what is not understood (saml-core 2.5.1).
func (c *check) conditions(doc *document) *Error {
	if cond := doc.assertion.conditions; cond != nil && len(cond.unknown) > 0 {
		return refuse(CodeConditions, "AudienceRestriction, OneTimeUse or ProxyRestriction", strings.Join(cond.unknown, ", "))
	}
	return nil
}

func (c *check) validity(doc *document) *Error {
	if cond := doc.assertion.conditions; cond != nil {
		return c.window("Conditions", cond.notBefore, cond.notOnOrAfter)
	}
	return nil
}

// named refuses a name of any kind of white space as well: it would be one for everybody.
func (c *check) named(doc *document) *Error {
	if n := doc.assertion.nameID; n == nil || strings.TrimSpace(n.Value) == "" {
		return refuse(CodeNameID, "a NameID", "none")
	}
	return nil
}

// confirmation wants one bearer confirmation with what it must say, in any place.
func (c *check) confirmation(doc *document) *Error {
	conf := c.candidate(doc)
	if conf == nil {
		return refuse(CodeSubject, bearer, fmt.Sprintf("%d confirmations, none of them bearer", len(doc.assertion.confirmations)))
	}
	if !conf.hasData || conf.notOnOrAfter.IsZero() || conf.recipient == "" {
		return refuse(CodeSubject, "SubjectConfirmationData with Recipient and NotOnOrAfter", "")
	}
	return nil
}

func (c *check) recipient(doc *document) *Error {
	if conf := c.candidate(doc); conf == nil || conf.recipient != c.sp.ACS {
		return refuse(CodeRecipient, c.sp.ACS, conf.to())
	}
	return nil
}

func (c *check) confirmationTime(doc *document) *Error {
	conf := c.candidate(doc)
	if conf == nil || conf.notOnOrAfter.IsZero() {
		return refuse(CodeSubject, "SubjectConfirmationData with NotOnOrAfter", "")
	}
	return c.window("SubjectConfirmationData", conf.notBefore, conf.notOnOrAfter)
}

// inResponseTo compares the request that the confirmation answers with the one at hand.
func (c *check) inResponseTo(doc *document) *Error {
	conf := c.candidate(doc)
	switch {
	case conf == nil:
		return refuse(CodeSubject, bearer, "")
	case c.req == nil && conf.hasReplyTo:
		return refuse(CodeRequestUnknown, "no InResponseTo, or a request that is still open", conf.inResponseTo)
	case c.req == nil && !c.rules.IdPInitiated, c.req != nil && !conf.hasReplyTo:
		return refuse(CodeUnsolicited, "an answer to a request", "no InResponseTo in the assertion")
	case c.req != nil && conf.inResponseTo != c.req.ID:
		return refuse(CodeRequestUnknown, c.req.ID, conf.inResponseTo)
	}
	return nil
}

// candidate is the confirmation that the checks look at: the first bearer one that
// passes all of them, so that one that does is enough, else the first bearer one, so
// that there is something to name; nil when there is none.
func (c *check) candidate(doc *document) *confirmation {
	var found *confirmation
	for i := range doc.assertion.confirmations {
		conf := &doc.assertion.confirmations[i]
		if conf.method != bearer {
			continue
		}
		if c.holds(conf) {
			return conf
		}
		if found == nil {
			found = conf
		}
	}
	return found
}

// holds is the same as the checks of one confirmation, as one answer.
func (c *check) holds(conf *confirmation) bool {
	if !conf.hasData || conf.recipient == "" || conf.recipient != c.sp.ACS || conf.notOnOrAfter.IsZero() ||
		c.tooLate(conf.notOnOrAfter) || !conf.notBefore.IsZero() && c.tooEarly(conf.notBefore) {
		return false
	}
	if c.req == nil {
		return c.rules.IdPInitiated && !conf.hasReplyTo
	}
	return conf.hasReplyTo && conf.inResponseTo == c.req.ID
}

func (conf *confirmation) to() string {
	if conf == nil {
		return ""
	}
	return conf.recipient
}

// request looks at the InResponseTo of the Response, which must not contradict, and at
// the age of the request.
func (c *check) request(doc *document) *Error {
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
