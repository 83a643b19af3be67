package saml

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// read fills doc from verified elements. It is as strict as the profile: an element
// that may occur once and occurs twice is a refusal, not a choice.
func (doc *document) read(response, assertion *node) *Error {
	if err := doc.response.read(response); err != nil {
		return structure("a Response as in saml-core 3.3.3", err.Error()).because(err)
	}
	if err := doc.assertion.read(assertion); err != nil {
		return structure("an Assertion as in saml-core 2.3.3", err.Error()).because(err)
	}
	return nil
}

func (r *response) read(n *node) error {
	if err := n.onlyChildren("saml:Issuer", "ds:Signature", "samlp:Extensions", "samlp:Status", "saml:Assertion"); err != nil {
		return err
	}
	r.version = n.attr("Version")
	r.destination, r.hasDest = n.lookup("Destination")
	r.inResponseTo, r.hasReplyTo = n.lookup("InResponseTo")
	issuer, err := n.one(assertionSpace, "Issuer")
	if err != nil || issuer == nil {
		return err
	}
	r.hasIssuer = true
	r.issuer, err = issuer.value()
	return err
}

func (a *assertion) read(n *node) error {
	a.id, a.version = n.attr("ID"), n.attr("Version")
	if err := n.onlyChildren("saml:Issuer", "ds:Signature", "saml:Subject", "saml:Conditions", "saml:Advice",
		"saml:AuthnStatement", "saml:AttributeStatement", "saml:AuthzDecisionStatement", "saml:Statement"); err != nil {
		return err
	}
	var err error
	if a.issueInstant, err = n.time("IssueInstant"); err != nil {
		return err
	}
	issuer, err := n.one(assertionSpace, "Issuer")
	if err != nil {
		return err
	}
	if issuer != nil {
		if a.issuer, err = issuer.value(); err != nil {
			return err
		}
	}
	if err := a.readSubject(n); err != nil {
		return err
	}
	if err := a.readConditions(n); err != nil {
		return err
	}
	for _, s := range n.named(assertionSpace, "AuthnStatement") {
		if err := a.readAuthn(s); err != nil {
			return err
		}
	}
	statement, err := n.one(assertionSpace, "AttributeStatement")
	if err != nil || statement == nil {
		return err
	}
	return a.readAttributes(statement)
}

func (a *assertion) readSubject(n *node) error {
	subject, err := n.one(assertionSpace, "Subject")
	if err != nil || subject == nil {
		return err
	}
	if err := subject.onlyChildren("saml:NameID", "saml:SubjectConfirmation"); err != nil {
		return err
	}
	name, err := subject.one(assertionSpace, "NameID")
	if err != nil {
		return err
	}
	if name != nil {
		value, err := name.value()
		if err != nil {
			return err
		}
		a.nameID = &NameID{Value: value, Format: name.attr("Format"),
			NameQualifier: name.attr("NameQualifier"), SPNameQualifier: name.attr("SPNameQualifier")}
	}
	for _, c := range subject.named(assertionSpace, "SubjectConfirmation") {
		if err := c.onlyChildren("saml:NameID", "saml:BaseID", "saml:SubjectConfirmationData"); err != nil {
			return err
		}
		conf := confirmation{method: c.attr("Method")}
		data, err := c.one(assertionSpace, "SubjectConfirmationData")
		if err != nil {
			return err
		}
		if data != nil {
			conf.hasData = true
			conf.recipient = data.attr("Recipient")
			conf.inResponseTo, conf.hasReplyTo = data.lookup("InResponseTo")
			if conf.notBefore, err = data.time("NotBefore"); err != nil {
				return err
			}
			if conf.notOnOrAfter, err = data.time("NotOnOrAfter"); err != nil {
				return err
			}
		}
		a.confirmations = append(a.confirmations, conf)
	}
	return nil
}

func (a *assertion) readConditions(n *node) error {
	el, err := n.one(assertionSpace, "Conditions")
	if err != nil || el == nil {
		return err
	}
	c := &conditions{}
	if c.notBefore, err = el.time("NotBefore"); err != nil {
		return err
	}
	if c.notOnOrAfter, err = el.time("NotOnOrAfter"); err != nil {
		return err
	}
	for kid := range el.elements() {
		switch {
		case kid.is(assertionSpace, "AudienceRestriction"):
			if err := kid.onlyChildren("saml:Audience"); err != nil {
				return err
			}
			var audiences []string
			for _, audience := range kid.named(assertionSpace, "Audience") {
				value, err := audience.value()
				if err != nil {
					return err
				}
				audiences = append(audiences, value)
			}
			c.audiences = append(c.audiences, audiences)
		case kid.is(assertionSpace, "OneTimeUse"), kid.is(assertionSpace, "ProxyRestriction"):
			// Every assertion is used once by the caller, and none is passed on.
		default:
			c.unknown = append(c.unknown, kid.local)
		}
	}
	a.conditions = c
	return nil
}

func (a *assertion) readAuthn(n *node) error {
	if err := n.onlyChildren("saml:SubjectLocality", "saml:AuthnContext"); err != nil {
		return err
	}
	s := authnStatement{sessionIndex: n.attr("SessionIndex")}
	var err error
	if s.instant, err = n.time("AuthnInstant"); err != nil {
		return err
	}
	if s.sessionEnds, err = n.time("SessionNotOnOrAfter"); err != nil {
		return err
	}
	for _, context := range n.named(assertionSpace, "AuthnContext") {
		for _, class := range context.named(assertionSpace, "AuthnContextClassRef") {
			value, err := class.value()
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
func (a *assertion) readAttributes(statement *node) error {
	if err := statement.onlyChildren("saml:Attribute"); err != nil {
		return err
	}
	for _, n := range statement.named(assertionSpace, "Attribute") {
		at := attribute{name: n.attr("Name"), friendlyName: n.attr("FriendlyName")}
		if strings.Trim(at.name, xmlWhite) == "" {
			return fmt.Errorf("an Attribute without a Name")
		}
		for _, v := range n.named(assertionSpace, "AttributeValue") {
			if names := v.named(assertionSpace, "NameID"); len(names) == 1 && v.onlyWhite() == nil {
				v = names[0]
			}
			if value, err := v.value(); err == nil {
				at.values = append(at.values, value)
			}
		}
		a.attributes = append(a.attributes, at)
	}
	return nil
}

// onlyChildren refuses children that SAML does not put there, and text between them,
// so that nothing foreign can look like something that is meant.
func (n *node) onlyChildren(names ...string) error {
	for c := range n.elements() {
		prefix := ""
		switch c.space {
		case assertionSpace:
			prefix = "saml:"
		case protocolSpace:
			prefix = "samlp:"
		case dsigSpace:
			prefix = "ds:"
		}
		if !slices.Contains(names, prefix+c.local) {
			return fmt.Errorf("%s in %s", c.local, n.local)
		}
	}
	return n.onlyWhite()
}

// time reads an optional attribute; zero when it is absent.
func (n *node) time(name string) (time.Time, error) {
	value, given := n.lookup(name)
	if !given {
		return time.Time{}, nil
	}
	t, err := parseTime(value)
	if err != nil {
		return t, fmt.Errorf("%s of %s is no time: %w", name, n.local, err)
	}
	return t, nil
}
