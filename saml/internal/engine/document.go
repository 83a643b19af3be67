package engine

import (
	"math"
	"strings"
	"unicode/utf8"
)

// Limits bound the cost of a document before anything trusts it. All are needed.
type Limits struct {
	Bytes        int
	Depth        int
	Elements     int
	Attributes   int // on one element, declarations included
	Declarations int // namespace declarations in scope at one place
	Lenient      bool
	Scope        []Binding // in scope where the document is taken from
}

// Binding is a namespace declaration.
type Binding struct {
	Prefix, URI string
	Uncovered   bool // no signature vouches for it: it names attributes, and no element
}

// ResponseLimits leave room for 5,000 groups in 1 MiB of base64. The number of
// declarations in scope is low because canonicalization looks them up for every element.
func ResponseLimits() Limits {
	return Limits{Bytes: 1 << 20, Depth: 32, Elements: 10_000, Attributes: 64, Declarations: 32}
}

// MetadataLimits tolerate what files edited by hand contain: comments, CDATA and
// processing instructions, none of which is part of a value.
func MetadataLimits() Limits {
	return Limits{Bytes: 8 << 20, Depth: 48, Elements: 200_000, Attributes: 64, Declarations: 64, Lenient: true}
}

// Document is one strictly read document: its bytes, and its nodes in document order.
type Document struct {
	src   string
	nodes []node // the first is the document element
	attrs []attribute
	uris  []string // namespace names; the first is none
	outer []outer  // Limits.Scope
}

type outer struct {
	prefix    string
	uri       uint8
	uncovered bool
}

// node is an element or a piece of text. Lengths and places are of src.
type node struct {
	at     uint32 // where the name, or the text, begins
	to     uint32 // of text: where it ends; of an element: its first attribute
	parent int32  // -1 above the document element
	next   int32  // the node behind this one and all that is in it
	local  uint16 // length
	prefix uint8  // length, 0 when there is none
	space  uint8  // of an element
	attrs  uint8  // number of attributes; Limits.Attributes is below 256
	kind   kind
}

type kind uint8

const (
	element kind = iota
	plain        // text that is its own value and its own canonical form
	escaped      // text with references, line ends or ">" in it
	literal      // the content of a CDATA section
)

// attribute is one, or a namespace declaration, whose space is what it declares.
type attribute struct {
	at          uint32 // where the name begins
	value, to   uint32
	local       uint16 // length
	prefix      uint8  // length
	space       uint8
	declaration bool
	plain       bool // the value is its own canonical form
}

// Parse reads src.
func Parse(src string, max Limits) (*Document, error) {
	if len(src) > max.Bytes || len(src) > math.MaxInt32 || max.Attributes > math.MaxUint8 {
		return nil, refuse(Size, "", "")
	}
	if err := characters(src); err != nil {
		return nil, err
	}
	d := &Document{src: src, uris: wellKnown()}
	r := &reader{doc: d, src: src, max: max, open: -1}
	if err := r.scope(); err != nil {
		return nil, err
	}
	r.reserve()
	if err := r.run(); err != nil {
		return nil, err
	}
	return d, nil
}

// characters holds src to UTF-8 and to the characters of XML (XML 1.0 section 2.2).
func characters(src string) *Error {
	ascii := true
	for i := 0; i < len(src); {
		if i+8 <= len(src) && printable(src[i:i+8]) {
			i += 8
			continue
		}
		c := src[i]
		if c < ' ' && !isWhite(c) {
			return malformed("a control character")
		}
		ascii = ascii && c < utf8.RuneSelf
		i++
	}
	if ascii {
		return nil
	}
	if !utf8.ValidString(src) {
		return refuse(XML, "UTF-8", "")
	}
	if strings.Contains(src, "\uFFFE") || strings.Contains(src, "\uFFFF") {
		return malformed("a character that is none")
	}
	return nil
}

// printable reports whether none of eight bytes is below a space or above ASCII: all of
// them at once, because this looks at every byte of every message.
func printable(s string) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	return x&high == 0 && (x-ones*' ')&^x&high == 0
}

// Root is the document element.
func (d *Document) Root() Element { return Element{d, 0} }

// maxSpaces bounds the different namespaces of a document, which are searched in turn.
const maxSpaces = 128

// space is the index of a namespace name.
func (d *Document) space(uri string) (uint8, *Error) {
	for i := len(d.uris) - 1; i > 0; i-- {
		if d.uris[i] == uri {
			return uint8(i), nil
		}
	}
	if len(d.uris) == maxSpaces {
		return 0, malformed("more namespaces than a message needs")
	}
	d.uris = append(d.uris, uri)
	return uint8(len(d.uris) - 1), nil
}

// attributes are those of n, declarations included.
func (d *Document) attributes(n *node) []attribute { return d.attrs[n.to : n.to+uint32(n.attrs)] }

// resolve finds what a prefix means at node i.
func (d *Document) resolve(i int32, prefix string) (uri uint8, ok bool) {
	if prefix == "xml" {
		return xmlIndex, true
	}
	for ; i >= 0; i = d.nodes[i].parent {
		attrs := d.attributes(&d.nodes[i])
		for k := range attrs {
			if a := &attrs[k]; a.declaration && d.declares(a) == prefix {
				return a.space, true
			}
		}
	}
	for _, o := range d.outer {
		if o.prefix == prefix {
			return o.uri, true
		}
	}
	return noSpace, len(prefix) == 0
}

// declares is the prefix of a declaration.
func (d *Document) declares(a *attribute) string {
	if a.prefix == 0 {
		return ""
	}
	from := a.at + uint32(a.prefix) + 1
	return d.src[from : from+uint32(a.local)]
}
