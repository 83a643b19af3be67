package saml

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

const (
	maxName       = 256
	maxIdentifier = 1024
)

// identity turns an assertion that has passed every check into the caller's value.
func (c *check) identity(a *assertion) (*Identity, *Error) {
	id := &Identity{
		AssertionID: a.id, NameID: *a.nameID, Solicited: c.req != nil,
		Attributes: map[string][]string{}, ReplayUntil: c.replayUntil(a),
	}
	for _, s := range a.authn {
		id.SessionIndex = first(id.SessionIndex, s.sessionIndex)
		id.AuthenticatedAt = earliest(id.AuthenticatedAt, s.instant)
		id.SessionEndsAt = earliest(id.SessionEndsAt, s.sessionEnds)
		id.AuthnContext = append(id.AuthnContext, s.contexts...)
	}
	for _, at := range a.attributes {
		id.Attributes[at.name] = append(id.Attributes[at.name], at.values...)
	}
	if err := c.person(id, a.attributes); err != nil {
		return nil, err
	}
	return id, id.bounded()
}

// person fills in who it is.
func (c *check) person(id *Identity, all []attribute) *Error {
	switch want := c.rules.Identifier; want {
	case "":
		var err *Error
		if id.Email, err = email(id.NameID, all); err != nil {
			return err
		}
	case IdentifierNameID:
		if !isAddress(id.NameID.Value) {
			return refuse(CodeIdentifier, "an address as NameID", id.NameID.Value)
		}
		id.Email = id.NameID.Value
	default:
		values := find(all, want)
		if len(values) != 1 || !isAddress(values[0]) {
			return refuse(CodeIdentifier, "one address in "+want, strings.Join(names(all), ", "))
		}
		id.Email = values[0]
	}
	id.FirstName = oneLine(firstOf(all, firstNameAttributes()))
	id.LastName = oneLine(firstOf(all, lastNameAttributes()))
	seen := map[string]bool{"": true}
	for _, name := range groupAttributes() {
		for _, g := range find(all, name) {
			if !seen[g] {
				seen[g] = true
				id.Groups = append(id.Groups, g)
			}
		}
	}
	return nil
}

// The usual names, most exact first. They are compared with Name and FriendlyName,
// ASCII case ignored.
func emailAttributes() []string {
	return []string{
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
		"urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:1.2.840.113549.1.9.1",
		"email", "mail", "emailaddress", "email_address", "user.email",
	}
}

func firstNameAttributes() []string {
	return []string{
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
		"urn:oid:2.5.4.42", "firstName", "first_name", "givenName", "given_name", "user.firstName",
	}
}

func lastNameAttributes() []string {
	return []string{
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
		"urn:oid:2.5.4.4", "lastName", "last_name", "surname", "sn", "familyName", "family_name", "user.lastName",
	}
}

func groupAttributes() []string {
	return []string{
		"http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
		"http://schemas.xmlsoap.org/claims/Group",
		"urn:oid:1.3.6.1.4.1.5923.1.5.1.1", "groups", "group", "memberOf", "isMemberOf",
	}
}

// find merges the values of all attributes of that name. Name wins over FriendlyName.
func find(all []attribute, name string) []string {
	name = foldASCII(name)
	var out []string
	for _, by := range []func(attribute) string{
		func(a attribute) string { return a.name },
		func(a attribute) string { return a.friendlyName },
	} {
		for _, a := range all {
			if foldASCII(by(a)) == name {
				out = append(out, a.values...)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

func firstOf(all []attribute, presets []string) string {
	for _, name := range presets {
		for _, v := range find(all, name) {
			if v != "" {
				return v
			}
		}
	}
	return ""
}

// email prefers attributes: a NameID that looks like an address may be a login name
// that gets no mail, as guests of a directory have. Two attributes that name two
// addresses are refused: people can edit some of their attributes, and which one counts
// is for the admin to say.
func email(name NameID, all []attribute) (string, *Error) {
	found := ""
	for _, preset := range emailAttributes() {
		for _, v := range find(all, preset) {
			if !isAddress(v) || foldASCII(v) == foldASCII(found) {
				continue
			}
			if found != "" {
				return "", refuse(CodeIdentifier, "one address", found+", "+v).
					advise("name the attribute that holds the address as the identifier of the connection, or \"NameID\"")
			}
			found = v
		}
	}
	if found == "" && isAddress(name.Value) && !strings.Contains(name.Value, "#EXT#") {
		return name.Value, nil
	}
	return found, nil
}

func names(all []attribute) []string {
	var out []string
	for _, a := range all {
		if len(out) < 20 && !slices.Contains(out, a.name) {
			out = append(out, a.name)
		}
	}
	return out
}

// isAddress accepts the dot-atom form of RFC 5322 with a domain of two labels or
// more, and letters of any script in both (RFC 6531). It tells an address from a login
// name and no more: whether two are the same is for the caller, who has one way to
// compare them.
func isAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || len(s) > 254 || len(local) > 64 {
		return false
	}
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" {
			return false
		}
		for _, r := range atom {
			if !wordRune(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r) {
				return false
			}
		}
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if !wordRune(r) && r != '-' {
				return false
			}
		}
	}
	return len(labels) > 1
}

// wordRune is a letter or a digit, with the marks that some scripts put on them.
func wordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r > unicode.MaxASCII && unicode.IsMark(r)
}

// bounded refuses what no account should carry.
func (id *Identity) bounded() *Error {
	for _, v := range []struct {
		what, value string
		most        int
	}{
		{"NameID", id.NameID.Value, maxIdentifier},
		{"NameID Format", id.NameID.Format, maxIdentifier},
		{"NameQualifier", id.NameID.NameQualifier, maxIdentifier},
		{"SPNameQualifier", id.NameID.SPNameQualifier, maxIdentifier},
		{"SessionIndex", id.SessionIndex, maxIdentifier},
		{"first name", id.FirstName, maxName},
		{"last name", id.LastName, maxName},
	} {
		if err := usable(v.what, v.value, v.most); err != nil {
			return err
		}
	}
	for _, g := range id.Groups {
		if err := usable("group", g, maxIdentifier); err != nil {
			return err
		}
	}
	for _, c := range id.AuthnContext {
		if err := usable("AuthnContextClassRef", c, maxIdentifier); err != nil {
			return err
		}
	}
	for name := range id.Attributes {
		if err := usable("attribute name", name, maxIdentifier); err != nil {
			return err
		}
	}
	return nil
}

func usable(what, value string, most int) *Error {
	if len(value) > most {
		return refuse(CodeValue, what+" of a usable length", value)
	}
	for _, r := range value {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return refuse(CodeValue, what+" without control characters", value)
		}
	}
	return nil
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

// oneLine folds the white space of pretty printers.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
