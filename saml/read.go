package saml

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

// read fills doc from what was verified: the assertion, and of the Response what may
// cause a refusal. It is as strict as the profile: an element that may occur once and
// occurs twice is a refusal, not a choice.
func (doc *document) read(response engine.Element, assertion engine.Verified, v verifier) *Error {
	return doc.claims(response, assertion.Element(), v)
}

// claims is read for whatever element it is given, verified or not. But for read, only
// a diagnosis calls it.
func (doc *document) claims(response, assertion engine.Element, v verifier) *Error {
	if err := doc.response.read(response); err != nil {
		return structure("a Response as in saml-core 3.3.3", err.Error()).because(err)
	}
	var refused *Error
	if err := doc.assertion.read(assertion, v); errors.As(err, &refused) {
		return refused
	} else if err != nil {
		return structure("an Assertion as in saml-core 2.3.3", err.Error()).because(err)
	}
	return nil
}

func (r *response) read(e engine.Element) error {
	if err := e.OnlyChildren("saml:Issuer", "ds:Signature", "samlp:Extensions", "samlp:Status", "saml:Assertion", "saml:EncryptedAssertion"); err != nil {
		return err
	}
	r.version = e.Attr("Version")
	r.destination, r.hasDest = e.Lookup("Destination")
	r.inResponseTo, r.hasReplyTo = e.Lookup("InResponseTo")
	issuer, err := e.One(engine.AssertionSpace, "Issuer")
	if err != nil || issuer.IsZero() {
		return err
	}
	r.hasIssuer = true
	r.issuer, err = issuer.Value()
	return err
}

// read takes one child after the other; an *Error among its errors is the refusal.
func (a *assertion) read(e engine.Element, v verifier) error {
	a.id, a.version = e.Attr("ID"), e.Attr("Version")
	if err := e.OnlyWhite(); err != nil {
		return err
	}
	var err error
	if a.issueInstant, err = timeOf(e, "IssueInstant"); err != nil {
		return err
	}
	var issuers, subjects, conditions, statements int
	for c := e.First(); !c.IsZero(); c = c.Next() {
		switch {
		case c.Is(engine.AssertionSpace, "Issuer"):
			issuers++
			a.issuer, err = c.Value()
		case c.Is(engine.AssertionSpace, "Subject"):
			subjects++
			err = a.readSubject(c, v)
		case c.Is(engine.AssertionSpace, "Conditions"):
			conditions++
			err = a.readConditions(c)
		case c.Is(engine.AssertionSpace, "AuthnStatement"):
			err = a.readAuthn(c)
		case c.Is(engine.AssertionSpace, "AttributeStatement"):
			statements++
			err = a.readAttributes(c)
		case c.Is(engine.SignatureSpace, "Signature"), c.Is(engine.AssertionSpace, "Advice"),
			c.Is(engine.AssertionSpace, "AuthzDecisionStatement"), c.Is(engine.AssertionSpace, "Statement"):
			// Verified already, or of no use here.
		default:
			err = fmt.Errorf("%s in Assertion", c.Local())
		}
		if err != nil {
			return err
		}
	}
	if issuers > 1 || subjects > 1 || conditions > 1 || statements > 1 {
		return errors.New("a second Issuer, Subject, Conditions or AttributeStatement")
	}
	return nil
}

func (a *assertion) readSubject(e engine.Element, v verifier) error {
	if err := e.OnlyWhite(); err != nil {
		return err
	}
	for c := e.First(); !c.IsZero(); c = c.Next() {
		var err error
		switch {
		case c.Is(engine.AssertionSpace, "NameID"), c.Is(engine.AssertionSpace, "EncryptedID"):
			if a.nameID != nil {
				return errors.New("a second name in Subject")
			}
			a.nameID, err = v.nameID(c)
		case c.Is(engine.AssertionSpace, "SubjectConfirmation"):
			err = a.readConfirmation(c)
		default:
			err = fmt.Errorf("%s in Subject", c.Local())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nameID reads a NameID, which may be encrypted.
func (v verifier) nameID(e engine.Element) (*NameID, error) {
	if e.Is(engine.AssertionSpace, "EncryptedID") {
		scope := e.Bindings()
		if v.by != nil {
			scope = v.by.Covers(e)
		}
		in, err := v.open(e, scope)
		if err != nil {
			return nil, err
		}
		if e = in.doc.Root(); !e.Is(engine.AssertionSpace, "NameID") {
			return nil, unopened()
		}
	}
	value, err := e.Value()
	if err != nil {
		return nil, err
	}
	return &NameID{Value: value, Format: e.Attr("Format"),
		NameQualifier: e.Attr("NameQualifier"), SPNameQualifier: e.Attr("SPNameQualifier")}, nil
}

func (a *assertion) readConfirmation(e engine.Element) error {
	if err := e.OnlyChildren("saml:NameID", "saml:BaseID", "saml:SubjectConfirmationData"); err != nil {
		return err
	}
	conf := confirmation{method: e.Attr("Method")}
	data, err := e.One(engine.AssertionSpace, "SubjectConfirmationData")
	if err != nil {
		return err
	}
	if !data.IsZero() {
		conf.hasData = true
		conf.recipient = data.Attr("Recipient")
		conf.inResponseTo, conf.hasReplyTo = data.Lookup("InResponseTo")
		if conf.notBefore, err = timeOf(data, "NotBefore"); err != nil {
			return err
		}
		if conf.notOnOrAfter, err = timeOf(data, "NotOnOrAfter"); err != nil {
			return err
		}
	}
	a.confirmations = append(a.confirmations, conf)
	return nil
}

func (a *assertion) readConditions(e engine.Element) error {
	c := &conditions{}
	var err error
	if c.notBefore, err = timeOf(e, "NotBefore"); err != nil {
		return err
	}
	if c.notOnOrAfter, err = timeOf(e, "NotOnOrAfter"); err != nil {
		return err
	}
	for kid := e.First(); !kid.IsZero(); kid = kid.Next() {
		switch {
		case kid.Is(engine.AssertionSpace, "AudienceRestriction"):
			if err := kid.OnlyChildren("saml:Audience"); err != nil {
				return err
			}
			audiences := []string{}
			for audience := kid.First(); !audience.IsZero(); audience = audience.Next() {
				value, err := audience.Value()
				if err != nil {
					return err
				}
				audiences = append(audiences, value)
			}
			c.audiences = append(c.audiences, audiences)
		case kid.Is(engine.AssertionSpace, "OneTimeUse"), kid.Is(engine.AssertionSpace, "ProxyRestriction"):
			// Every assertion is used once by the caller, and none is passed on.
		default:
			c.unknown = append(c.unknown, kid.Local())
		}
	}
	a.conditions = c
	return e.OnlyWhite()
}

func (a *assertion) readAuthn(e engine.Element) error {
	if err := e.OnlyChildren("saml:SubjectLocality", "saml:AuthnContext"); err != nil {
		return err
	}
	s := authnStatement{sessionIndex: e.Attr("SessionIndex")}
	var err error
	if s.instant, err = timeOf(e, "AuthnInstant"); err != nil {
		return err
	}
	if s.sessionEnds, err = timeOf(e, "SessionNotOnOrAfter"); err != nil {
		return err
	}
	for context := e.First(); !context.IsZero(); context = context.Next() {
		for class := context.First(); !class.IsZero(); class = class.Next() {
			if !class.Is(engine.AssertionSpace, "AuthnContextClassRef") {
				continue
			}
			value, err := class.Value()
			if err != nil {
				return err
			}
			s.contexts = append(s.contexts, value)
		}
	}
	a.authn = append(a.authn, s)
	return nil
}

// readAttributes keeps values that are text, or a NameID as in eduPersonTargetedID;
// a value that is any other XML is no string and is left out.
func (a *assertion) readAttributes(statement engine.Element) error {
	if err := statement.OnlyChildren("saml:Attribute"); err != nil {
		return err
	}
	attributes, most := 0, 0
	for e := statement.First(); !e.IsZero(); e = e.Next() {
		attributes++
		for c := e.First(); !c.IsZero(); c = c.Next() {
			most++
		}
	}
	a.attributes = slices.Grow(a.attributes, attributes)
	values := make([]string, 0, most) // of all attributes, one behind the other
	for e := statement.First(); !e.IsZero(); e = e.Next() {
		at := attribute{name: e.Attr("Name"), friendlyName: e.Attr("FriendlyName")}
		if strings.Trim(at.name, xmlWhite) == "" {
			return errors.New("an Attribute without a Name")
		}
		from := len(values)
		for c := e.First(); !c.IsZero(); c = c.Next() {
			if value, ok := attributeValue(c); ok {
				values = append(values, value)
			}
		}
		if to := len(values); to > from {
			at.values = values[from:to:to]
		}
		a.attributes = append(a.attributes, at)
	}
	return nil
}

func attributeValue(e engine.Element) (string, bool) {
	if !e.Is(engine.AssertionSpace, "AttributeValue") {
		return "", false
	}
	if inner := e.First(); !inner.IsZero() {
		if !inner.Is(engine.AssertionSpace, "NameID") || !inner.Next().IsZero() || e.OnlyWhite() != nil {
			return "", false
		}
		e = inner
	}
	value, err := e.Value()
	return value, err == nil
}

// timeOf reads an optional attribute; zero when it is absent.
func timeOf(e engine.Element, name string) (time.Time, error) {
	value, given := e.Lookup(name)
	if !given {
		return time.Time{}, nil
	}
	t, err := parseTime(value)
	if err != nil {
		return t, fmt.Errorf("%s of %s is no time: %w", name, e.Local(), err)
	}
	return t, nil
}
