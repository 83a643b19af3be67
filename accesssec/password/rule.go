package password

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The least and the most code points of a new password.
const (
	MinLength = 12
	MaxLength = 256
)

// Problem is one thing that is wrong with a new password.
type Problem struct {
	Code string // stable, for programs: "too_short"
	Say  string // a sentence for the person who chooses
}

// The codes of a [Problem].
const (
	CodeTooShort = "too_short"
	CodeTooLong  = "too_long"
	CodeNotText  = "not_text"
)

// RejectedError says why a password may not be chosen. It never holds the password.
type RejectedError struct {
	Problems []Problem // at least one
}

func rejected(p Problem) error { return &RejectedError{Problems: []Problem{p}} }

func (e *RejectedError) Error() string {
	codes := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		codes[i] = p.Code
	}
	return "password: rejected: " + strings.Join(codes, ", ")
}

func tooShort() Problem {
	return Problem{CodeTooShort, "Use at least 12 characters."}
}

func tooLong() Problem {
	return Problem{CodeTooLong, "Use at most 256 characters."}
}

func notText() Problem {
	return Problem{CodeNotText, "Use only letters, digits, symbols and spaces."}
}

// CheckNew returns nil when password may be chosen, else a *[RejectedError]: it has
// 12 to 256 code points in Normalization Form C, at most 1024 bytes as typed, is
// valid UTF-8, and holds no control character (NUL and line ends among them: they can
// be sent by a program and never be typed again).
//
// There is no rule on the kinds of characters here.
func CheckNew(password string) error {
	if len(password) > maxBytes {
		return rejected(tooLong())
	}
	if !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl) {
		return rejected(notText())
	}
	switch n := utf8.RuneCountInString(norm.NFC.String(password)); {
	case n < MinLength:
		return rejected(tooShort())
	case n > MaxLength:
		return rejected(tooLong())
	}
	return nil
}
