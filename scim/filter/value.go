package filter

import (
	"encoding/json"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// value reads what an attribute is compared with: text in quotes, a number, true, false or
// null, as JSON writes them (RFC 8259).
func (p *parser) value() (any, error) {
	if p.at < len(p.s) && p.s[p.at] == '"' {
		return p.text()
	}
	word := p.bare()
	start := p.at
	p.at += len(word)
	switch word {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	}
	if len(word) <= maxNumber && isNumber(word) {
		return json.Number(word), nil
	}
	if v, ok := booleanText(word); ok && p.opts.lenient(BooleanText) {
		return v, nil
	}
	p.at = start
	if first, _ := utf8.DecodeRuneInString(word); strings.ContainsRune("'`´‘’‚“”„«»", first) && word != "" {
		return nil, p.refuse(`quotes of another kind: text stands between two of ", as in "text",`) // not Unquoted: nobody is called 'ann'
	}
	if word != "" && strings.IndexByte(word, '"') < 0 && p.opts.lenient(Unquoted) {
		p.at += len(word)
		return word, nil
	}
	return nil, p.refuse(`expected a value: text in quotes, a number, true, false or null,`)
}

// booleanText reads a boolean in any case.
func booleanText(s string) (value, ok bool) {
	switch {
	case strings.EqualFold(s, "true"):
		return true, true
	case strings.EqualFold(s, "false"):
		return false, true
	}
	return false, false
}

// bare is a value without quotes: up to a blank, or what closes.
func (p *parser) bare() string {
	end := p.at
	for end < len(p.s) && p.s[end] > ' ' && p.s[end] != ')' && p.s[end] != ']' {
		end++
	}
	return p.s[p.at:end]
}

// text reads text in quotes.
func (p *parser) text() (string, error) {
	start := p.at
	p.at++
	from := p.at
	for p.at < len(p.s) {
		switch c := p.s[p.at]; {
		case c == '"':
			p.at++
			return p.s[from : p.at-1], nil
		case c == '\\':
			return p.escaped(start, from)
		case c < ' ':
			return "", p.refuse("a control character in text")
		}
		p.at++
	}
	p.at = start
	return "", p.refuse("text without its closing quote")
}

// escaped reads text with escapes, of which the part from from on is plain.
func (p *parser) escaped(start, from int) (string, error) {
	out := append(make([]byte, 0, len(p.s)-from), p.s[from:p.at]...)
	for p.at < len(p.s) {
		switch c := p.s[p.at]; {
		case c == '"':
			p.at++
			return string(out), nil
		case c < ' ':
			return "", p.refuse("a control character in text")
		case c != '\\':
			out = append(out, c)
			p.at++
		default:
			r, ok := p.escape()
			if !ok {
				return "", p.refuse("an escape that means nothing")
			}
			out = utf8.AppendRune(out, r)
		}
	}
	p.at = start
	return "", p.refuse("text without its closing quote")
}

// escape reads one escape. Half of a surrogate pair is none, and neither is a NUL.
func (p *parser) escape() (rune, bool) {
	if p.at+1 >= len(p.s) {
		return 0, false
	}
	if i := strings.IndexByte(`"\/bfnrt`, p.s[p.at+1]); i >= 0 {
		p.at += 2
		return rune("\"\\/\b\f\n\r\t"[i]), true
	}
	r, ok := p.unit(p.at)
	if !ok || r == 0 {
		return 0, false
	}
	size := 6
	if utf16.IsSurrogate(r) {
		low, ok := p.unit(p.at + size)
		if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
			return 0, false
		}
		size = 12
	}
	p.at += size
	return r, true
}

// unit reads \uXXXX at that place.
func (p *parser) unit(at int) (rune, bool) {
	if at+6 > len(p.s) || p.s[at] != '\\' || p.s[at+1] != 'u' {
		return 0, false
	}
	var r rune
	for i := at + 2; i < at+6; i++ {
		c := p.s[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
