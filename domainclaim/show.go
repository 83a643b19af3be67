package domainclaim

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What of the outside world is kept and shown: at most this many values, each of at
// most this many bytes; of a single answer fewer, since there are many of those.
const (
	maxValues       = 10
	maxAnswerValues = 3
	maxShown        = 100
)

// printable cuts s to limit bytes of printable text. What does not print becomes
// U+FFFD, so that no terminal and no page is steered by a DNS record.
func printable(s string, limit int) string {
	if len(s) <= limit && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		if b.Len()+utf8.RuneLen(r) > limit {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

func quote(s string) string { return strconv.Quote(s) }
