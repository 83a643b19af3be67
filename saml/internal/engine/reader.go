package engine

import (
	"fmt"
	"strings"
)

// reader turns the bytes of a Document into nodes, in one pass and without recursion.
type reader struct {
	doc      *Document
	src      string
	at       int
	max      Limits
	open     int32 // innermost element that has not ended, -1 outside
	depth    int
	elements int
	rendered int // what canonicalization may write for the namespaces in use, at most
	scopes   []declared
	marks    []uint8 // how many of scopes there were before each open element
}

// declared is a namespace declaration in scope.
type declared struct {
	prefix string
	uri    uint8
}

// scope takes over what is in scope where the document comes from.
func (r *reader) scope() *Error {
	for _, b := range r.max.Scope {
		uri, err := r.doc.space(b.URI)
		if err != nil {
			return err
		}
		r.doc.outer = append(r.doc.outer, outer{b.Prefix, uri, b.Uncovered})
	}
	return nil
}

// reserve makes room for the nodes that so many bytes can hold, so that an honest
// document needs one piece of memory and a hostile one no more than its limits.
func (r *reader) reserve() {
	tags, ends, adjacent := strings.Count(r.src, "<"), strings.Count(r.src, "</"), strings.Count(r.src, "><")
	r.doc.nodes = make([]node, 0, min(2*tags-ends-adjacent, 2*r.max.Elements+1))
	r.doc.attrs = make([]attribute, 0, min(strings.Count(r.src, `="`)+1, attributesPerElement*r.max.Elements))
	r.scopes = make([]declared, 0, 16)
	r.marks = make([]uint8, 0, 16)
}

func (r *reader) run() error {
	if err := r.prolog(); err != nil {
		return err
	}
	for r.at < len(r.src) {
		var err *Error
		if r.src[r.at] != '<' {
			err = r.text()
		} else {
			err = r.markup()
		}
		if err != nil {
			return err
		}
	}
	if r.open >= 0 || len(r.doc.nodes) == 0 {
		return refuse(XML, "one complete document", "")
	}
	return nil
}

// peek is the byte i places ahead, 0 behind the end.
func (r *reader) peek(i int) byte {
	if r.at+i < len(r.src) {
		return r.src[r.at+i]
	}
	return 0
}

func (r *reader) markup() *Error {
	switch r.peek(1) {
	case '/':
		return r.end()
	case '?':
		return r.instruction()
	case '!':
		return r.declaration()
	}
	return r.start()
}

// text takes everything up to the next tag.
func (r *reader) text() *Error {
	n := strings.IndexByte(r.src[r.at:], '<')
	if n < 0 {
		n = len(r.src) - r.at
	}
	from, to := r.at, r.at+n
	r.at = to
	piece := r.src[from:to]
	if r.open < 0 {
		if !white(piece) {
			return malformed("text outside the document element")
		}
		return nil
	}
	k := plain
	if strings.IndexByte(piece, '&') >= 0 {
		if err := references(piece); err != nil {
			return err
		}
		k = escaped
	}
	if strings.IndexByte(piece, '>') >= 0 {
		if strings.Contains(piece, "]]>") {
			return malformed("the end of a CDATA section in text")
		}
		k = escaped
	}
	if strings.IndexByte(piece, '\r') >= 0 {
		k = escaped
	}
	return r.add(from, to, k)
}

// add appends a piece of text to the open element.
func (r *reader) add(from, to int, k kind) *Error {
	if len(r.doc.nodes) > 4*r.max.Elements {
		return malformed("more text than a message has")
	}
	r.doc.nodes = append(r.doc.nodes, node{
		at: uint32(from), to: uint32(to), parent: r.open, next: int32(len(r.doc.nodes)) + 1, kind: k,
	})
	return nil
}

// start reads a start tag.
func (r *reader) start() *Error {
	if r.open < 0 && len(r.doc.nodes) > 0 {
		return malformed("a second document element")
	}
	if r.elements++; r.elements > r.max.Elements {
		return malformed(fmt.Sprintf("more than %d elements", r.max.Elements))
	}
	if r.depth == r.max.Depth {
		return malformed(fmt.Sprintf("elements nested deeper than %d", r.max.Depth))
	}
	r.at++
	n := node{at: uint32(r.at), to: uint32(len(r.doc.attrs)), parent: r.open}
	var err *Error
	if n.prefix, n.local, err = r.name(); err != nil {
		return err
	}
	empty, err := r.attributes()
	if err != nil {
		return err
	}
	n.attrs = uint8(len(r.doc.attrs) - int(n.to)) // attributes() has counted them
	mark := len(r.scopes)
	if err := r.namespaces(&n); err != nil {
		return err
	}
	i := int32(len(r.doc.nodes))
	r.doc.nodes = append(r.doc.nodes, n)
	if empty {
		r.doc.nodes[i].next = i + 1
		r.scopes = r.scopes[:mark]
		return nil
	}
	r.marks = append(r.marks, uint8(mark))
	r.open = i
	r.depth++
	return nil
}

// end reads an end tag.
func (r *reader) end() *Error {
	r.at += 2
	if r.open < 0 {
		return malformed("an end tag without its start")
	}
	n := &r.doc.nodes[r.open]
	name := r.doc.name(n)
	if !strings.HasPrefix(r.src[r.at:], name) {
		return malformed("an end tag without its start")
	}
	r.at += len(name)
	r.skipWhite()
	if r.peek(0) != '>' {
		return malformed("an end tag without its start")
	}
	r.at++
	n.next = int32(len(r.doc.nodes))
	r.open = n.parent
	r.depth--
	r.scopes, r.marks = r.scopes[:r.marks[r.depth]], r.marks[:r.depth]
	return nil
}

// attributesPerElement bounds all attributes together: 5,000 groups with a type and its
// two namespaces on each have 15,000, and each costs a second verifier a kilobyte.
const attributesPerElement = 2

// attributes reads them up to the end of the tag, and says whether that ended the
// element too.
func (r *reader) attributes() (empty bool, err *Error) {
	first := len(r.doc.attrs)
	for {
		spaced := r.skipWhite()
		switch r.peek(0) {
		case '>':
			r.at++
			return false, nil
		case '/':
			if r.peek(1) != '>' {
				return false, malformed("a slash inside of a tag")
			}
			r.at += 2
			return true, nil
		}
		if !spaced {
			return false, malformed("a tag that does not end")
		}
		if len(r.doc.attrs)-first == r.max.Attributes {
			return false, malformed(fmt.Sprintf("more than %d attributes on one element", r.max.Attributes))
		}
		if len(r.doc.attrs) == attributesPerElement*r.max.Elements {
			return false, malformed("more attributes than a message has")
		}
		if err := r.attribute(); err != nil {
			return false, err
		}
	}
}

// attribute reads one. Whether it is a declaration is seen here, what its name means
// when the whole tag is known.
func (r *reader) attribute() *Error {
	a := attribute{at: uint32(r.at)}
	var err *Error
	if a.prefix, a.local, err = r.name(); err != nil {
		return err
	}
	r.skipWhite()
	if r.peek(0) != '=' {
		return malformed("an attribute without a value")
	}
	r.at++
	r.skipWhite()
	quote := r.peek(0)
	if quote != '"' && quote != '\'' {
		return malformed("an attribute without quotes")
	}
	r.at++
	n := strings.IndexByte(r.src[r.at:], quote)
	if n < 0 {
		return malformed("an attribute that does not end")
	}
	value := r.src[r.at : r.at+n]
	a.value, a.to = uint32(r.at), uint32(r.at+n)
	r.at += n + 1
	a.plain = true
	for _, c := range []byte(value) {
		switch c {
		case '<':
			return malformed("a tag inside of an attribute")
		case '&', '"', '\t', '\n', '\r':
			a.plain = false
		}
	}
	if !a.plain {
		if err := references(value); err != nil {
			return err
		}
	}
	a.declaration = r.doc.isDeclaration(&a)
	r.doc.attrs = append(r.doc.attrs, a)
	return nil
}

func (r *reader) skipWhite() bool {
	from := r.at
	for r.at < len(r.src) && isWhite(r.src[r.at]) {
		r.at++
	}
	return r.at > from
}

const (
	maxLocal  = 1024
	maxPrefix = 255
)

// name reads a qualified name and returns the lengths of its parts. Names are ASCII:
// nobody writes others, and look-alikes are of no use but to deceive.
func (r *reader) name() (prefix uint8, local uint16, err *Error) {
	part := r.at
	for i := r.at; ; i++ {
		var c byte
		if i < len(r.src) {
			c = r.src[i]
		}
		switch {
		case isLetter(c) || c == '_' || i > part && (isDigit(c) || c == '-' || c == '.'):
			continue
		case i == part || i-part > maxLocal:
			return 0, 0, malformed("a name that is none")
		case c == ':' && prefix == 0 && i-part <= maxPrefix:
			prefix = uint8(i - part)
			part = i + 1
			continue
		}
		local = uint16(i - part)
		r.at = i
		return prefix, local, nil
	}
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isWhite(c byte) bool  { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func white(b string) bool {
	for _, c := range []byte(b) {
		if !isWhite(c) {
			return false
		}
	}
	return true
}
