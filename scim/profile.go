package scim

import "net/http"

// Profile says how much of the standard is asked of a client. All of them refuse what has no
// one meaning; they differ in what is taken that breaks the letter of RFC 7644.
type Profile string

// The profiles. Detect takes everything that any known client sends, and goes by User-Agent
// for what clients disagree on. Those of one client take what that client sends. Strict takes
// what the RFCs allow, and tells the others' authors what they do wrong.
const (
	Detect    Profile = "detect"
	Entra     Profile = "entra"
	Okta      Profile = "okta"
	OneLogin  Profile = "onelogin"
	JumpCloud Profile = "jumpcloud"
	Strict    Profile = "strict"
)

// Profiles lists them all, Detect first.
func Profiles() []Profile {
	return []Profile{Detect, Entra, Okta, OneLogin, JumpCloud, Strict}
}

// Takes reports whether the profile takes what t is the name of. "" is [Detect]; a profile
// that there is not takes nothing, as [Strict].
func (p Profile) Takes(t Tolerance) bool {
	switch p {
	case "", Detect:
		return true
	case Strict:
		return false
	}
	switch t { // what every client sends, or may be made to send by its settings
	case NullValue, UnknownAttribute, UnknownSchema, UnknownMember, ReadOnlyAttribute,
		ContentType, PathForm, ElementAbsent, BareExtension, RemoveWithValue, NoOperations:
		return p == Entra || p == Okta || p == OneLogin || p == JumpCloud
	}
	switch p {
	case Entra:
		switch t {
		case OpCase, BooleanText, DottedKey, ValueForComplex, ElementCreated, UnquotedFilter, ExtraKey:
			return true
		}
	case Okta:
		return t == ExternalIDAgain || t == ElementCreated
	case OneLogin:
		return t == Response || t == BooleanText || t == OpCase
	case JumpCloud:
		return t == OpCase || t == ElementCreated || t == BooleanText
	}
	return false
}

// A leniency notes what is taken of one request. nil takes nothing.
type leniency struct {
	profile Profile
	used    []Tolerance
	work    int // that its PATCHes have made, see spend
}

// mostWork bounds what the PATCHes of one request do, which in a bulk are many: the bytes of
// values that their operations look at, once for each comparison. Requests of known clients come
// to some thousands; a small body that looks at a large list again and again comes to billions.
const mostWork = 64 << 20

// spend counts work, and refuses more than there may be.
func (l *leniency) spend(n int) error {
	if l == nil {
		return nil
	}
	if l.work += n; l.work > mostWork {
		return &Error{Status: http.StatusRequestEntityTooLarge,
			Detail: "The operations of this request look at too many values, too often. Send fewer of them at a time."}
	}
	return nil
}

// allow reports whether the profile takes t, and notes that it was used.
func (l *leniency) allow(t Tolerance) bool {
	if !l.takes(t) {
		return false
	}
	for _, x := range l.used {
		if x == t {
			return true
		}
	}
	l.used = append(l.used, t)
	return true
}

// takes is allow for what may not come to be used.
func (l *leniency) takes(t Tolerance) bool { return l != nil && l.profile.Takes(t) }

// filterRule is the Lenient of filter.Options.
func (l *leniency) filterRule(rule string) bool {
	switch rule {
	case "unquoted":
		return l.allow(UnquotedFilter)
	case "boolean-text":
		return l.allow(BooleanText)
	}
	return false
}
