package filter

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// The texts of filters.
func (x And) String() string     { return string(x.print(nil, false)) }
func (x Or) String() string      { return string(x.print(nil, false)) }
func (x Not) String() string     { return string(x.print(nil, false)) }
func (x Compare) String() string { return string(x.print(nil, false)) }
func (x Element) String() string { return string(x.print(nil, false)) }

// printer is an Expr. Within the brackets of an Element paths are short.
type printer interface {
	print(b []byte, within bool) []byte
}

// part prints x as an operand of another.
func part(b []byte, x Expr, within bool) []byte {
	switch x := x.(type) {
	case And:
		return append(x.print(append(b, '('), within), ')')
	case Or:
		return append(x.print(append(b, '('), within), ')')
	}
	return whole(b, x, within)
}

func whole(b []byte, x Expr, within bool) []byte {
	if p, ok := x.(printer); ok {
		return p.print(b, within)
	}
	return b
}

func (x And) print(b []byte, within bool) []byte {
	for i, p := range x {
		if i > 0 {
			b = append(b, " and "...)
		}
		b = part(b, p, within)
	}
	return b
}

func (x Or) print(b []byte, within bool) []byte {
	for i, p := range x {
		if i > 0 {
			b = append(b, " or "...)
		}
		if and, ok := p.(And); ok { // binds closer anyway
			b = and.print(b, within)
			continue
		}
		b = part(b, p, within)
	}
	return b
}

func (x Not) print(b []byte, within bool) []byte {
	return append(whole(append(b, "not ("...), x.Expr, within), ')')
}

func (x Element) print(b []byte, _ bool) []byte {
	b = append(append(b, x.Attribute.Path.String()...), '[')
	return append(whole(b, x.Expr, true), ']')
}

func (x Compare) print(b []byte, within bool) []byte {
	if within && x.Attribute.Sub != "" {
		b = append(b, x.Attribute.Sub...)
	} else {
		b = append(b, x.Attribute.Path.String()...)
	}
	b = append(append(b, ' '), x.Op...)
	if x.Op == OpPresent {
		return b
	}
	return appendValue(append(b, ' '), x.Value)
}

func appendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return appendText(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case json.Number:
		return append(b, v...)
	}
	return append(b, "null"...)
}

// appendText writes s as JSON does.
func appendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
