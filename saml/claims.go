package saml

import (
	"strings"
	"time"
	"unicode"
)

const (
	maxName       = 256
	maxIdentifier = 1024
)

// person is who a document is about, as far as its NameID and its attributes say.
type person struct {
	email, firstName, lastName string
	groups, methods            []string
	groupsOmitted              bool
}

// identity makes the caller's value of a document that has passed every step. Only
// judge calls it: what a signature does not cover is never a document for judge.
func (c *check) identity(doc *document) *Identity {
	a, who := &doc.assertion, &c.who
	id := &Identity{
		AssertionID: a.id, NameID: *a.nameID, Solicited: c.req != nil, Certificate: doc.certificate,
		Email: who.email, FirstName: who.firstName, LastName: who.lastName,
		Groups: who.groups, GroupsOmitted: who.groupsOmitted, AuthnMethods: who.methods,
		Attributes: make(map[string][]string, len(a.attributes)), ReplayUntil: c.replayUntil(a),
	}
	for _, s := range a.authn {
		id.SessionIndex = first(id.SessionIndex, s.sessionIndex)
		id.AuthenticatedAt = earliest(id.AuthenticatedAt, s.instant)
		id.SessionEndsAt = earliest(id.SessionEndsAt, s.sessionEnds)
		id.AuthnContext = append(id.AuthnContext, s.contexts...)
	}
	for _, at := range a.attributes {
		if before, known := id.Attributes[at.name]; known {
			id.Attributes[at.name] = append(before, at.values...) // values has no room of its own, so the first time this copies
		} else {
			id.Attributes[at.name] = at.values
		}
	}
	return id
}

// identify finds out who it is, and keeps it for identity.
func (c *check) identify(doc *document) *Error {
	a := &doc.assertion
	if a.nameID == nil {
		return refuse(CodeNameID, "a NameID", "none")
	}
	all := a.attributes
	found := gather(all)
	who := person{
		firstName: found.firstName.value, lastName: found.lastName.value,
		groups: merge(found.groups), methods: merge(found.methods),
	}
	var err *Error
	if who.email, err = c.address(a, &found); err != nil {
		return err
	}
	if name := c.rules.FirstName; name != "" {
		who.firstName = firstOf(find(all, name))
	}
	if name := c.rules.LastName; name != "" {
		who.lastName = firstOf(find(all, name))
	}
	if name := c.rules.Groups; name != "" {
		who.groups = merge([][]string{find(all, name)})
	}
	who.firstName, who.lastName = oneLine(who.firstName), oneLine(who.lastName)
	who.groupsOmitted = found.link && len(who.groups) == 0
	c.who = who
	return nil
}

// values refuses what no account should carry.
func (c *check) values(doc *document) *Error {
	a := &doc.assertion
	if a.nameID == nil {
		return refuse(CodeNameID, "a NameID", "none")
	}
	for _, v := range [...]struct {
		what, value string
		most        int
	}{
		{"NameID", a.nameID.Value, maxIdentifier},
		{"NameID Format", a.nameID.Format, maxIdentifier},
		{"NameQualifier", a.nameID.NameQualifier, maxIdentifier},
		{"SPNameQualifier", a.nameID.SPNameQualifier, maxIdentifier},
		{"first name", c.who.firstName, maxName},
		{"last name", c.who.lastName, maxName},
	} {
		if err := usable(v.what, v.value, v.most); err != nil {
			return err
		}
	}
	for _, s := range a.authn {
		if err := usable("SessionIndex", s.sessionIndex, maxIdentifier); err != nil {
			return err
		}
		if err := allUsable("AuthnContextClassRef", s.contexts); err != nil {
			return err
		}
	}
	if err := allUsable("group", c.who.groups); err != nil {
		return err
	}
	if err := allUsable("authentication method", c.who.methods); err != nil {
		return err
	}
	for i := range a.attributes {
		if err := usable("attribute name", a.attributes[i].name, maxIdentifier); err != nil {
			return err
		}
	}
	return nil
}

func allUsable(what string, values []string) *Error {
	for _, v := range values {
		if err := usable(what, v, maxIdentifier); err != nil {
			return err
		}
	}
	return nil
}

func usable(what, value string, most int) *Error {
	if len(value) > most {
		return refuse(CodeValue, what+" of a usable length", value)
	}
	if isPlainASCII(value) {
		return nil
	}
	for _, r := range value {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return refuse(CodeValue, what+" without control characters", value)
		}
	}
	return nil
}

// isPlainASCII is the quick answer for nearly everyone.
func isPlainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// replayUntil is when every window of the assertion is over, with the largest skew,
// so that a later change of the rules does not bring a used assertion back.
func (c *check) replayUntil(a *assertion) time.Time {
	var confirmed time.Time
	for _, conf := range a.confirmations {
		if conf.method == bearer && conf.notOnOrAfter.After(confirmed) {
			confirmed = conf.notOnOrAfter
		}
	}
	until := earliest(a.issueInstant.Add(maxAge), confirmed)
	until = earliest(until, a.conditions.notOnOrAfter)
	return until.Add(maxSkew).UTC()
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func firstOf(values []string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// oneLine folds the white space of pretty printers.
func oneLine(s string) string {
	if !strings.ContainsFunc(s, unicode.IsSpace) {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}
