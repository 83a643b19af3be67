package password

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxLength is the most code points of a new password, whatever the rules.
const MaxLength = 256

// The bounds on what [Rules] may ask for.
const (
	shortest = 8  // NIST SP 800-63B-4, section 3.1.1.2: with a second factor
	alone    = 15 // and without
	longest  = 64 // what has to be accepted
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
	CodeNoUpper  = "no_upper"
	CodeNoLower  = "no_lower"
	CodeNoDigit  = "no_digit"
	CodeNoSymbol = "no_symbol"
	CodeCommon   = "common"
	CodePersonal = "personal"
	CodeBreached = "breached" // by the host's own check; [Rules.Check] never says it
)

// RejectedError says why a password may not be chosen. It never holds the password.
type RejectedError struct {
	Problems []Problem // at least one
}

func rejected(p ...Problem) error { return &RejectedError{Problems: p} }

func (e *RejectedError) Error() string {
	codes := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		codes[i] = p.Code
	}
	return "password: rejected: " + strings.Join(codes, ", ")
}

func tooShort(least int) Problem {
	return Problem{CodeTooShort, fmt.Sprintf("Use at least %d characters.", least)}
}

func tooLong() Problem {
	return Problem{CodeTooLong, "Use at most 256 characters."}
}

func notText() Problem {
	return Problem{CodeNotText, "Use only letters, digits, symbols and spaces."}
}

// Rules say which passwords may be chosen: [Classic], [NIST], or a host's own. Whatever they
// are, a password has at most [MaxLength] code points in Normalization Form C and 1024 bytes as
// typed, is valid UTF-8, and holds no control character (NUL and line ends among them: they can
// be sent by a program and never be typed again); and it is none of the 10,000 most common
// ones, and not the person's name or address or the name of the organization or the product,
// nor one of these with digits and symbols around it or in place of letters.
//
// A Rules is read only, and safe for concurrent use. nil is Classic.
type Rules struct {
	// Least is how many code points a password has at least. 0 is 15; what is below 8 counts
	// as 8, and what is above 64 as 64.
	Least int
	// LeastWithFactor is as many for a password that is asked for together with a second
	// factor. 0 is Least, which is also the most it counts as.
	LeastWithFactor int
	// Kinds wants an upper-case and a lower-case letter, a digit, and something that is
	// neither letter nor digit, such as a space. Scripts without upper and lower case have no
	// password by it.
	Kinds bool
}

// Classic is what security questionnaires ask for: 12 code points or more, of all four kinds.
func Classic() *Rules { return &Rules{Least: 12, LeastWithFactor: 12, Kinds: true} }

// NIST is SP 800-63B-4, section 3.1.1.2: 15 code points or more, or 8 beside a second factor,
// and nothing about kinds of characters.
func NIST() *Rules { return &Rules{Least: alone, LeastWithFactor: shortest} }

// Whose is what a password is compared with, and what it is asked for with.
type Whose struct {
	Address      string   // of the account
	Words        []string // names of the person, of their organization, of the product
	SecondFactor bool     // one is asked for wherever this password is
}

// least is how many code points are asked for.
func (r *Rules) least(w Whose) int {
	least := r.Least
	if least == 0 {
		least = alone
	}
	if w.SecondFactor && r.LeastWithFactor != 0 {
		least = min(least, r.LeastWithFactor)
	}
	return min(max(least, shortest), longest)
}

// Say is the rules as a sentence for the person who chooses.
func (r *Rules) Say() string {
	if r == nil {
		r = Classic()
	}
	least, with := r.least(Whose{}), r.least(Whose{SecondFactor: true})
	out := fmt.Sprintf("Use at least %d characters", least)
	if with < least {
		out += fmt.Sprintf(" (%d while a second factor is set up)", with)
	}
	if r.Kinds {
		out += ", with an upper-case and a lower-case letter, a digit, and a symbol or space"
	}
	return out + ". Common passwords and names are refused; several words that don't belong together are good."
}

// Check returns nil when password may be chosen, else a *[RejectedError] with everything that is
// wrong with it at once. It takes no longer for a long password or many words: of those it looks
// at the first 64, of at most 64 code points.
func (r *Rules) Check(password string, w Whose) error {
	if r == nil {
		r = Classic()
	}
	if len(password) > maxBytes {
		return rejected(tooLong())
	}
	if !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl) {
		return rejected(notText())
	}
	text := norm.NFC.String(password)
	var problems []Problem
	switch n, least := utf8.RuneCountInString(text), r.least(w); {
	case n == 0:
		return rejected(tooShort(least))
	case n < least:
		problems = append(problems, tooShort(least))
	case n > MaxLength:
		return rejected(tooLong())
	}
	if r.Kinds {
		problems = append(problems, missing(text)...)
	}
	forms, plain := formsOf(text)
	if plain || common(forms) {
		problems = append(problems, Problem{CodeCommon, "Too many people use this password, or one that is nearly the same. Choose another one."})
	}
	if personal(forms, wordsOf(w)) {
		problems = append(problems, Problem{CodePersonal, "Choose something else than your name, your address, or the name of an organization or of this service."})
	}
	if len(problems) > 0 {
		return rejected(problems...)
	}
	return nil
}

// missing are the kinds of characters that text has none of.
func missing(text string) []Problem {
	var out []Problem
	want := func(has func(rune) bool, code, say string) {
		if !strings.ContainsFunc(text, has) {
			out = append(out, Problem{code, say})
		}
	}
	want(func(r rune) bool { return unicode.IsUpper(r) || unicode.IsTitle(r) }, CodeNoUpper, "Use at least one upper-case letter.")
	want(unicode.IsLower, CodeNoLower, "Use at least one lower-case letter.")
	want(unicode.IsDigit, CodeNoDigit, "Use at least one digit.")
	want(func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M) }, CodeNoSymbol, "Use at least one symbol or space.")
	return out
}
