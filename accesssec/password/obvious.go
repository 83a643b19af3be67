package password

import (
	"crypto/sha256"
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// commonHashes are the first bytes of SHA-256 of the 10,000 most common passwords, in order:
// hashes, because half of the words are none to keep in a source tree. The list is that of
// zxcvbn 4.4.2 (see NOTICE).
//
//go:generate sh -c "go run ../../internal/commonpasswords < frequency_lists.js > common.bin"
//go:embed common.bin
var commonHashes string

// commonLen is how many bytes are kept of each: by chance one of 10^8 others is taken for one.
const commonLen = 5

// listed reports whether word is one of the common passwords, which are in lower case.
func listed(word string) bool {
	sum := sha256.Sum256([]byte(word))
	want := string(sum[:commonLen])
	low, high := 0, len(commonHashes)/commonLen
	for low < high {
		mid := (low + high) / 2
		switch at := commonHashes[mid*commonLen : (mid+1)*commonLen]; {
		case at == want:
			return true
		case at < want:
			low = mid + 1
		default:
			high = mid
		}
	}
	return false
}

// leastLetters is what makes a word of what is not the whole password: what is left of
// "8204!me!7713" is none.
const leastLetters = 4

// mostForm is the longest form that is looked at, and the longest word, in code points. Whoever
// chooses a longer password of such words has chosen many of them.
const mostForm = 64

// form is what somebody may have made a password of, in lower case.
type form struct {
	text  string
	whole bool // nothing was left out
}

// word reports whether there is enough in it to be told by.
func (f form) word() bool {
	return f.whole || countLetters(f.text) >= leastLetters
}

// formsOf are the password in lower case, what is left of it without the digits and symbols at
// its ends, and a part that it repeats; each with what stands for letters read as these, and
// without what is neither letter nor digit. plain: it is a few characters over and over, or
// characters in the order of the alphabet, but for its ends.
func formsOf(text string) (forms []form, plain bool) {
	add := func(f form) {
		if f.text != "" && utf8.RuneCountInString(f.text) <= mostForm && !slices.Contains(forms, f) {
			forms = append(forms, f)
		}
	}
	// Compatibility forms are other ways to write the same letter.
	text = strings.ToLower(norm.NFKC.String(text))
	for i, part := range []string{
		text, strings.TrimFunc(text, notLetter), strings.TrimRightFunc(text, notLetter), strings.TrimLeftFunc(text, notLetter),
	} {
		runes := []rune(part)
		n := period(runes)
		if len(runes) >= leastLetters && inOrder(runes) || len(runes) >= shortest && n <= leastLetters {
			plain = true
		}
		for _, s := range []string{part, read(part, 'i'), read(part, 'l'), string(runes[:n])} {
			add(form{s, i == 0})
			add(form{squeeze(s), i == 0})
		}
	}
	return forms, plain
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

func countLetters(s string) int {
	n := 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

// squeeze leaves out what is neither letter nor digit.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.L, unicode.N) {
			return r
		}
		return -1
	}, s)
}

// read is s with what stands for letters read as these. A 1 may be either of two.
func read(s string, one rune) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '0':
			return 'o'
		case '1', '!', '|':
			return one
		case '3', '€':
			return 'e'
		case '4', '@':
			return 'a'
		case '5', '$':
			return 's'
		case '7', '+':
			return 't'
		case '8':
			return 'b'
		case '9':
			return 'g'
		}
		return r
	}, s)
}

// inOrder reports whether each code point is the one after, or before, the last one.
func inOrder(runes []rune) bool {
	if len(runes) < 2 {
		return false
	}
	step := runes[1] - runes[0]
	if step != 1 && step != -1 {
		return false
	}
	for i := 1; i < len(runes); i++ {
		// After 9 comes 0, as on the keyboard.
		if d := runes[i] - runes[i-1]; d != step && !(step == 1 && runes[i-1] == '9' && runes[i] == '0') {
			return false
		}
	}
	return true
}

// period is the length of the shortest part that runes is made of, over and over, the last time
// perhaps not to its end; at least twice, or it is the whole length.
func period(runes []rune) int {
	for n := 1; n <= len(runes)/2; n++ {
		if slices.Equal(runes[n:], runes[:len(runes)-n]) {
			return n
		}
	}
	return len(runes)
}

// common reports whether one of the forms is a common password.
func common(forms []form) bool {
	return slices.ContainsFunc(forms, func(f form) bool { return f.word() && listed(f.text) })
}

// personal reports whether one of the forms is made of words and of nothing else.
func personal(forms []form, words []string) bool {
	return slices.ContainsFunc(forms, func(f form) bool { return f.word() && madeOf(f.text, words) })
}

// madeOf reports whether text is words, one after the other.
func madeOf(text string, words []string) bool {
	reached := make([]bool, len(text)+1)
	reached[0] = true
	for at := range len(text) {
		if !reached[at] {
			continue
		}
		for _, w := range words {
			if strings.HasPrefix(text[at:], w) {
				reached[at+len(w)] = true
			}
		}
	}
	return reached[len(text)]
}

// mostWords bounds the work for what people call themselves.
const mostWords = 64

// wordsOf are what a password may not be made of: the address, its parts, and each of the words
// whole and in its parts, in the ways that a form is written, of three letters or digits or more.
func wordsOf(w Whose) []string {
	var out []string
	add := func(s string) {
		for _, s := range []string{s, squeeze(s), read(s, 'i')} {
			if n := utf8.RuneCountInString(s); n >= 3 && n <= mostForm && len(out) < mostWords && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	texts := []string{w.Address}
	local, domain, _ := strings.Cut(w.Address, "@")
	texts = append(append(texts, local, domain), w.Words...)
	for _, text := range texts[:min(len(texts), mostWords)] {
		if len(text) > maxBytes {
			continue
		}
		text = strings.ToLower(norm.NFKC.String(text))
		add(text)
		for _, part := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N) }) {
			add(part)
		}
	}
	return out
}
