package filter

import (
	"fmt"
	"unicode/utf8"
)

// Error is a filter or a path that is refused. Its text is for whom the request came from: it
// quotes what they sent and says what is wrong there. In SCIM it is a 400 invalidFilter or
// invalidPath.
type Error struct {
	Offset int    // in bytes, of the place; -1 when it is not about one place
	Detail string // a sentence without the package's name
}

func (e *Error) Error() string { return "filter: " + e.Detail }

// refuse is an error that is about no one place.
func refuse(format string, args ...any) *Error {
	return &Error{Offset: -1, Detail: fmt.Sprintf(format, args...)}
}

// nearBytes is how much of a text is quoted.
const nearBytes = 24

// quote is the beginning of s, of a bounded length and in quotes.
func quote(s string) string {
	if len(s) > nearBytes {
		cut := nearBytes
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		return fmt.Sprintf("%q…", s[:cut])
	}
	return fmt.Sprintf("%q", s)
}
