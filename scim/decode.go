package scim

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	maxDepth  = 32
	maxName   = 256  // bytes of an attribute's name with its URN
	maxNumber = 64   // bytes
	shared    = 4096 // bytes of a body whose texts share its memory: so much at most does one text keep
	pairwise  = 12   // names of an object that are compared with each other, without a map
)

// decode reads a body, which is one JSON object: strict where encoding/json is not. Names that
// differ by case only are the same name, and may stand once in an object: two readers of one
// body must not see two values. Text is UTF-8 without lone surrogates and without NUL. Numbers
// are kept as written, as json.Number. The caller has bounded the size.
func decode(body []byte) (map[string]any, error) {
	var out map[string]any
	r := newReader(body)
	err := r.document(func() (err error) {
		out, err = r.object(1)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func newReader(body []byte) *reader {
	r := &reader{in: body}
	if len(body) <= shared {
		r.whole = string(body)
	}
	return r
}

// document reads all of a body, with object to read the one object in it.
func (r *reader) document(object func() error) error {
	r.space()
	if r.at >= len(r.in) {
		return syntax("The request has no body; send a JSON object.")
	}
	if r.in[r.at] != '{' {
		return syntax("The body is no JSON object.")
	}
	if err := object(); err != nil {
		return err
	}
	r.space()
	if r.at != len(r.in) {
		return r.unexpected("something behind the JSON object")
	}
	return nil
}

type reader struct {
	in    []byte
	at    int
	whole string // in; "" when it is longer than shared
}

// cut is a part of the body as a string.
func (r *reader) cut(from, to int) string {
	if r.whole != "" {
		return r.whole[from:to]
	}
	return string(r.in[from:to])
}

func syntax(detail string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: InvalidSyntax, Detail: detail}
}

func invalid(detail string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: InvalidValue, Detail: detail}
}

func (r *reader) unexpected(what string) *Error {
	return syntax("The body is not valid JSON: " + what + " at byte " + strconv.Itoa(r.at) + ".")
}

func (r *reader) space() {
	for r.at < len(r.in) {
		switch r.in[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

// next skips blanks and returns the byte behind them, 0 at the end.
func (r *reader) next() byte {
	r.space()
	if r.at < len(r.in) {
		return r.in[r.at]
	}
	return 0
}

func (r *reader) value(depth int) (any, error) {
	switch c := r.next(); {
	case c == '"':
		return r.text()
	case c == '{':
		return r.object(depth + 1)
	case c == '[':
		return r.array(depth + 1)
	case c == '-' || c >= '0' && c <= '9':
		return r.number()
	case c == 't' && r.word("true"):
		return true, nil
	case c == 'f' && r.word("false"):
		return false, nil
	case c == 'n' && r.word("null"):
		return nil, nil
	}
	return nil, r.unexpected("no value")
}

func (r *reader) word(w string) bool {
	if string(r.in[r.at:min(len(r.in), r.at+len(w))]) != w {
		return false
	}
	r.at += len(w)
	return true
}

func (r *reader) object(depth int) (map[string]any, error) {
	size := 8
	if depth == 1 && len(r.in) > 256 { // a resource has more attributes than one of its parts
		size = 14
	}
	out := make(map[string]any, size)
	err := r.members(depth, func(name string) (err error) {
		out[name], err = r.value(depth)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// members reads an object, with each to read the value that has a name.
func (r *reader) members(depth int, each func(name string) error) error {
	if depth > maxDepth {
		return syntax("The body is nested too deeply; at most " + strconv.Itoa(maxDepth) + " levels are taken.")
	}
	r.at++ // {
	if r.next() == '}' {
		r.at++
		return nil
	}
	names := nameSet{}
	for {
		if r.next() != '"' {
			return r.unexpected("no name")
		}
		name, err := r.text()
		if err != nil {
			return err
		}
		if !names.add(name) {
			return syntax("The name " + quoted(name) + " stands twice in one object of the body; names that differ by case only are the same.")
		}
		if r.next() != ':' {
			return r.unexpected("no colon")
		}
		r.at++
		if err := each(name); err != nil {
			return err
		}
		switch r.next() {
		case ',':
			r.at++
		case '}':
			r.at++
			return nil
		default:
			return r.unexpected("no comma and no end of an object")
		}
	}
}

// A nameSet finds names that are the same but for case.
type nameSet struct {
	few  [pairwise]string
	n    int
	many map[string]bool
}

func (s *nameSet) add(name string) bool {
	if s.many == nil {
		for _, x := range s.few[:s.n] {
			if len(x) == len(name) && strings.EqualFold(x, name) {
				return false
			}
		}
		if s.n < pairwise {
			s.few[s.n] = name
			s.n++
			return true
		}
		s.many = make(map[string]bool, 4*pairwise)
		for _, x := range s.few {
			s.many[strings.ToLower(x)] = true
		}
	}
	low := strings.ToLower(name)
	if s.many[low] {
		return false
	}
	s.many[low] = true
	return true
}

func (r *reader) array(depth int) ([]any, error) {
	out := make([]any, 0, 2)
	err := r.elements(depth, func() error {
		v, err := r.value(depth)
		out = append(out, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// elements reads an array, with each to read an element.
func (r *reader) elements(depth int, each func() error) error {
	if depth > maxDepth {
		return syntax("The body is nested too deeply; at most " + strconv.Itoa(maxDepth) + " levels are taken.")
	}
	r.at++ // [
	if r.next() == ']' {
		r.at++
		return nil
	}
	for {
		if err := each(); err != nil {
			return err
		}
		switch r.next() {
		case ',':
			r.at++
		case ']':
			r.at++
			return nil
		default:
			return r.unexpected("no comma and no end of an array")
		}
	}
}

// number takes what RFC 8259, section 6, does.
func (r *reader) number() (any, error) {
	start := r.at
	n := numberLength(r.in[start:])
	if n == 0 {
		return nil, r.unexpected("no number")
	}
	if n > maxNumber {
		return nil, invalid("A number in the body is too long; at most " + strconv.Itoa(maxNumber) + " characters are taken.")
	}
	r.at += n
	return json.Number(r.cut(start, r.at)), nil
}

// numberLength is how many bytes at the beginning of b are a JSON number; 0: none.
func numberLength[T string | []byte](b T) int {
	i, n := 0, len(b)
	digits := func() bool {
		from := i
		for i < n && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < n && b[i] == '-' {
		i++
	}
	switch {
	case i < n && b[i] == '0':
		i++
	case !digits():
		return 0
	}
	if i < n && b[i] == '.' {
		i++
		if !digits() {
			return 0
		}
	}
	if i < n && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < n && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return 0
		}
	}
	return i
}

// text reads a string.
func (r *reader) text() (string, error) {
	r.at++ // "
	start, ascii := r.at, true
	for r.at < len(r.in) {
		switch c := r.in[r.at]; {
		case c == '"':
			if !ascii && !utf8.Valid(r.in[start:r.at]) {
				return "", syntax("The body is not valid UTF-8.")
			}
			r.at++
			return r.cut(start, r.at-1), nil
		case c == '\\':
			return r.escaped(start)
		case c < ' ':
			return "", r.unexpected("a control character in a string")
		case c >= utf8.RuneSelf:
			ascii = false
		}
		r.at++
	}
	return "", r.unexpected("a string without an end")
}

// escaped reads on from the first backslash of a string that began at start.
func (r *reader) escaped(start int) (string, error) {
	out := append(make([]byte, 0, r.at-start+32), r.in[start:r.at]...)
	for r.at < len(r.in) {
		switch c := r.in[r.at]; {
		case c == '"':
			r.at++
			if !utf8.Valid(out) {
				return "", syntax("The body is not valid UTF-8.")
			}
			return string(out), nil
		case c < ' ':
			return "", r.unexpected("a control character in a string")
		case c == '\\':
			var err error
			if out, err = r.escape(out); err != nil {
				return "", err
			}
		default:
			out = append(out, c)
			r.at++
		}
	}
	return "", r.unexpected("a string without an end")
}

func (r *reader) escape(out []byte) ([]byte, error) {
	if r.at+1 >= len(r.in) {
		return nil, r.unexpected("a string without an end")
	}
	c := r.in[r.at+1]
	if c == 'u' {
		return r.unicode(out)
	}
	i := strings.IndexByte(`"\/bfnrt`, c)
	if i < 0 {
		return nil, r.unexpected("an unknown escape")
	}
	r.at += 2
	return append(out, "\"\\/\b\f\n\r\t"[i]), nil
}

func (r *reader) unicode(out []byte) ([]byte, error) {
	c, ok := r.hex(r.at)
	if !ok {
		return nil, r.unexpected("an unknown escape")
	}
	if c == 0 {
		return nil, invalid("A value in the body has a NUL character in it.")
	}
	r.at += 6
	if utf16.IsSurrogate(c) {
		low, ok := r.hex(r.at)
		if c = utf16.DecodeRune(c, low); !ok || c == utf8.RuneError {
			return nil, r.unexpected("half of a surrogate pair")
		}
		r.at += 6
	}
	return utf8.AppendRune(out, c), nil
}

// hex reads \uXXXX at i.
func (r *reader) hex(i int) (rune, bool) {
	if i+6 > len(r.in) || r.in[i] != '\\' || r.in[i+1] != 'u' {
		return 0, false
	}
	var n rune
	for _, c := range r.in[i+2 : i+6] {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			n = n<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

// quoted shows what a client wrote in a message: cut, and in one line.
func quoted(s string) string {
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "…"
	}
	return strconv.Quote(s)
}
