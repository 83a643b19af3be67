package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold gives all texts that differ in case alone one form, letter by letter: Unicode's simple
// folding, in lower case where there is one. Nothing else is folded: "ß" is not "ss", and a
// letter with its accent apart is not the composed one. Fold(Fold(s)) is Fold(s), and folding
// two texts and joining them is folding the two joined.
func Fold(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return s[:i] + strings.Map(foldRune, s[i:])
		}
	}
	return s
}

// foldRune is the same for all letters that differ in case alone.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	lower := unicode.ToLower(least)
	for next := unicode.SimpleFold(least); next != least; next = unicode.SimpleFold(next) {
		if next == lower { // not for U+0130, whose lower case is another letter's
			return lower
		}
	}
	return least
}
