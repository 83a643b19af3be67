package saml

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is the one error type of this package. Error() is one plain sentence without
// any received text, so it is safe to show to the person; the fields are for admins.
type Error struct {
	Code        Code
	Expected    string // what would have been right; "" when there is nothing to compare
	Received    string // what came, shortened, control characters replaced; written by the other side
	Fix         Side   // who has to act
	Hint        string // what they do
	AssertionID string // set once a signature was verified
	Err         error  // the cause, for logs
	logout      bool   // the sentence is about a logout
}

// Error returns the sentence of the code.
func (e *Error) Error() string {
	row := e.Code.row()
	if e.logout {
		row = e.Code.logoutRow()
	}
	return "saml: " + string(e.Code) + ": " + row.say
}

// Detail is what an admin or a log wants to know, in one line: the sentence, what would
// have been right, what came, who has to act and what they do. Received is the other
// side's text, and may name a person.
func (e *Error) Detail() string {
	out := e.Error()
	if e.Expected != "" {
		out += "; expected " + e.Expected
	}
	if e.Received != "" {
		out += "; received " + e.Received
	}
	return out + "; to be fixed by " + strings.ReplaceAll(string(e.Fix), "_", " ") + ": " + e.Hint
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// refuse builds the error of a code; received text is made safe to print.
func refuse(code Code, expected, received string) *Error {
	r := code.row()
	return &Error{Code: code, Expected: printable(expected), Received: printable(received), Fix: r.fix, Hint: r.hint}
}

// because adds the cause.
func (e *Error) because(err error) *Error {
	e.Err = err
	return e
}

// advise replaces the hint of the code by a more exact one.
func (e *Error) advise(hint string) *Error {
	e.Hint = hint
	return e
}

// printable shortens s and replaces what could deface a log or a page of text.
func printable(s string) string {
	const most = 512
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "..."
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, s)
}
