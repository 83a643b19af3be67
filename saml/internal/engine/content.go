package engine

import (
	"iter"
)

// Attribute is one as it is written, with its value resolved; also a declaration.
type Attribute struct{ Prefix, Local, Value string }

// Prefix is the prefix of the name as it is written; "" when there is none.
func (e Element) Prefix() string {
	if e.doc == nil {
		return ""
	}
	n := e.node()
	return string(e.doc.src[n.at : n.at+uint32(n.prefix)])
}

// Attributes are all that e has, declarations included, in order: for another library
// that wants to see the element for itself.
func (e Element) Attributes() iter.Seq[Attribute] {
	return func(yield func(Attribute) bool) {
		if e.doc == nil {
			return
		}
		d := e.doc
		attrs := d.attributes(e.node())
		for i := range attrs {
			a := &attrs[i]
			out := Attribute{string(d.src[a.at : a.at+uint32(a.prefix)]), string(d.local(a)), string(d.value(a))}
			if !yield(out) {
				return
			}
		}
	}
}

// Children are the elements and the pieces of text in e, in order. A piece of text has
// a zero element.
func (e Element) Children() iter.Seq2[Element, string] {
	return func(yield func(Element, string) bool) {
		if e.doc == nil {
			return
		}
		d := e.doc
		for i, end := e.i+1, e.node().next; i < end; i = d.nodes[i].next {
			if d.nodes[i].kind == element {
				if !yield(Element{d, i}, "") {
					return
				}
			} else if !yield(Element{}, string(d.textOf(&d.nodes[i]))) {
				return
			}
		}
	}
}

// ManyPrefixes reports whether some element in e has attributes of two prefixes, whose
// canonical order depends on what the prefixes mean.
func (e Element) ManyPrefixes() bool {
	for c := range e.Walk() {
		first := ""
		attrs := c.doc.attributes(c.node())
		for i := range attrs {
			a := &attrs[i]
			if a.declaration || a.prefix == 0 {
				continue
			}
			prefix := c.doc.src[a.at : a.at+uint32(a.prefix)]
			if first != "" && first != prefix {
				return true
			}
			first = prefix
		}
	}
	return false
}
