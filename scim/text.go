package scim

import "unicode/utf8"

// appendText writes s as a JSON string. What is not UTF-8 becomes U+FFFD. The two line breaks
// that JSON allows and JavaScript does not, and what opens a tag, are escaped: an answer that
// ends up in a page does no harm there.
func appendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	plain := [2]uint64{plainLow, plainHigh}
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if plain[c>>6]>>(c&63)&1 != 0 {
				i++
				continue
			}
			b = append(b, s[start:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			case '\r':
				b = append(b, '\\', 'r')
			case '\t':
				b = append(b, '\\', 't')
			default:
				b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b = append(append(b, s[start:i]...), "\ufffd"...)
			start = i + size
		} else if r == '\u2028' || r == '\u2029' {
			b = append(append(b, s[start:i]...), '\\', 'u', '2', '0', '2', hex[r&15])
			start = i + size
		}
		i += size
	}
	return append(append(b, s[start:]...), '"')
}

// plain has a bit for each byte that stands for itself in a JSON string: the letters, digits
// and punctuation of ASCII but for ", \, <, > and &.
const (
	plainLow  = 1<<64 - 1<<32 - 1<<'"' - 1<<'&' - 1<<'<' - 1<<'>'
	plainHigh = 1<<64 - 1 - 1<<('\\'-64)
)
