package accesssec

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	teamNameMost = 100  // characters
	teamKeyMost  = 1000 // bytes: a database's index has a bound
)

// teamName is a team's name as it is kept, on one line and in form NFC, and the key by which
// it is compared. It is false for one that is empty or too long. Whoever names a team goes
// through here, by hand or from outside, or two would be called the same.
func teamName(name string) (kept, key string, ok bool) {
	kept = norm.NFC.String(oneLine(name, teamNameMost+1))
	key = teamKey(kept)
	return kept, key, key != "" && utf8.RuneCountInString(kept) <= teamNameMost && len(key) <= teamKeyMost
}

// teamKey folds what people take for the same name: case in full ("Straße", "STRASSE"),
// compatible forms (full width, ligatures, composed letters or not), blanks, and what can't
// be seen. It is the compatibility caseless match of the Unicode Standard, section 3.13
// (D146), without default ignorable characters. Letters of different scripts that look alike
// stay different. The key of a key is itself.
func teamKey(name string) string {
	fold := func(s string) string { return cases.Fold().String(s) }
	s := norm.NFD.String(strings.Map(visible, strings.ToValidUTF8(name, "")))
	s = fold(norm.NFKC.String(fold(s)))
	s = strings.Map(visible, norm.NFKC.String(s))
	return strings.Join(strings.Fields(s), " ")
}

// visible drops what a page does not show, and has every blank be one.
func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return -1
	}
	return r
}
