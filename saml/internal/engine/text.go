package engine

import (
	"strings"
	"unicode/utf8"
)

// reference reads one at the front of s, behind its "&", and returns what it stands
// for and how long it is with its ";": the five names of XML, and characters by number
// (XML 1.0 sections 4.1 and 4.6). 0 is none.
func reference(s string) (r rune, length int) {
	end := strings.IndexByte(s[:min(len(s), 10)], ';')
	if end < 1 {
		return 0, 0
	}
	name := s[:end]
	switch name {
	case "amp":
		r = '&'
	case "lt":
		r = '<'
	case "gt":
		r = '>'
	case "quot":
		r = '"'
	case "apos":
		r = '\''
	default:
		r = number(name)
	}
	return r, end + 1
}

// number reads "#" and a decimal number, or "#x" and a hexadecimal one, of a character
// that XML has.
func number(s string) rune {
	if len(s) < 2 || s[0] != '#' {
		return 0
	}
	base, digits := rune(10), s[1:]
	if digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	if len(digits) == 0 {
		return 0
	}
	r := rune(0)
	for _, c := range []byte(digits) {
		switch {
		case isDigit(c):
			r = r*base + rune(c-'0')
		case base == 16 && c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r*base + rune(c|0x20-'a') + 10
		default:
			return 0
		}
		if r > utf8.MaxRune {
			return 0
		}
	}
	if r < ' ' && r != '\t' && r != '\n' && r != '\r' || !utf8.ValidRune(r) || r == 0xFFFE || r == 0xFFFF {
		return 0
	}
	return r
}

// references makes sure that every "&" of s begins one.
func references(s string) *Error {
	for {
		i := strings.IndexByte(s, '&')
		if i < 0 {
			return nil
		}
		r, length := reference(s[i+1:])
		if r == 0 {
			return malformed("an entity or a reference that is none")
		}
		s = s[i+1+length:]
	}
}

// unescapeText is the value of text: references resolved, line ends made "\n".
func unescapeText(s string) string { return unescape(s, '\n', '\t') }

// unescapeAttribute is the value of an attribute: references resolved, white space that
// is written as it is made a space (XML 1.0 section 3.3.3).
func unescapeAttribute(s string) string { return unescape(s, ' ', ' ') }

// unescape resolves references, and puts end for each line end and tab for each tab.
func unescape(s string, end, tab byte) string {
	dst := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '&':
			r, length := reference(s[i+1:])
			dst = utf8.AppendRune(dst, r)
			i += length
		case '\r':
			dst = append(dst, end)
			if i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
		case '\n':
			dst = append(dst, end)
		case '\t':
			dst = append(dst, tab)
		default:
			dst = append(dst, c)
		}
	}
	return string(dst)
}

// lineEnds is the value of a CDATA section.
func lineEnds(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}
