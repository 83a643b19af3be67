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
			return fold(s, i)
		}
	}
	return s
}

// fold is Fold of what stays as it is up to i.
func fold(s string, i int) string {
	var room [128]byte // most are shorter
	b := append(room[:0], s...)
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c >= utf8.RuneSelf:
			return string(b[:i]) + strings.Map(foldRune, s[i:])
		case 'A' <= c && c <= 'Z':
			b[i] = c + ('a' - 'A')
		}
	}
	return string(b)
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
