package engine

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// white space of XML, for strings.Trim
const whites = " \t\r\n"

// Element is one element of a Document. The zero value is none: it has no name, no
// attributes and no content.
type Element struct {
	doc *Document
	i   int32
}

// IsZero reports whether e is no element.
func (e Element) IsZero() bool { return e.doc == nil }

func (e Element) node() *node { return &e.doc.nodes[e.i] }

// name is how the name of n is written, prefix included.
func (d *Document) name(n *node) string {
	length := uint32(n.local)
	if n.prefix > 0 {
		length += uint32(n.prefix) + 1
	}
	return d.src[n.at : n.at+length]
}

func (d *Document) localName(n *node) string {
	name := d.name(n)
	return name[len(name)-int(n.local):]
}

// attributeName is how the name of a is written, prefix included.
func (d *Document) attributeName(a *attribute) string {
	length := uint32(a.local)
	if a.prefix > 0 {
		length += uint32(a.prefix) + 1
	}
	return d.src[a.at : a.at+length]
}

func (d *Document) local(a *attribute) string {
	name := d.attributeName(a)
	return name[len(name)-int(a.local):]
}

// value of an attribute; it may be a part of src.
func (d *Document) value(a *attribute) string {
	raw := d.src[a.value:a.to]
	if a.plain {
		return raw
	}
	return unescapeAttribute(raw)
}

// Is compares the whole name.
func (e Element) Is(space, local string) bool {
	if e.doc == nil {
		return false
	}
	n := e.node()
	return e.doc.localName(n) == local && e.doc.uris[n.space] == space
}

// Local is the name without its prefix.
func (e Element) Local() string {
	if e.doc == nil {
		return ""
	}
	return e.doc.localName(e.node())
}

// Space is the namespace of the name.
func (e Element) Space() string {
	if e.doc == nil {
		return ""
	}
	return e.doc.uris[e.node().space]
}

// Parent is the element around e; zero for the document element.
func (e Element) Parent() Element {
	if e.doc == nil || e.node().parent < 0 {
		return Element{}
	}
	return Element{e.doc, e.node().parent}
}

// Attr is the value of an attribute without a namespace; all SAML attributes are such.
func (e Element) Attr(local string) string {
	v, _ := e.Lookup(local)
	return v
}

// Lookup is Attr, and whether it is there.
func (e Element) Lookup(local string) (string, bool) {
	if a := e.attribute(local); a != nil {
		return e.doc.value(a), true
	}
	return "", false
}

// HasAttr reports whether an attribute has this value.
func (e Element) HasAttr(local, value string) bool {
	a := e.attribute(local)
	return a != nil && e.doc.value(a) == value
}

func (e Element) attribute(local string) *attribute {
	if e.doc == nil {
		return nil
	}
	attrs := e.doc.attributes(e.node())
	for i := range attrs {
		a := &attrs[i]
		if a.prefix == 0 && !a.declaration && e.doc.local(a) == local {
			return a
		}
	}
	return nil
}

// Elements are the child elements in order.
func (e Element) Elements() iter.Seq[Element] {
	return func(yield func(Element) bool) {
		for c := e.First(); !c.IsZero(); c = c.Next() {
			if !yield(c) {
				return
			}
		}
	}
}

// First is the first child element; zero when there is none.
func (e Element) First() Element {
	if e.doc == nil {
		return Element{}
	}
	return e.elementFrom(e.i+1, e.node().next)
}

// Next is the element behind e within its parent; zero when there is none.
func (e Element) Next() Element {
	if e.doc == nil || e.node().parent < 0 {
		return Element{}
	}
	n := e.node()
	return e.elementFrom(n.next, e.doc.nodes[n.parent].next)
}

func (e Element) elementFrom(i, end int32) Element {
	for ; i < end; i = e.doc.nodes[i].next {
		if e.doc.nodes[i].kind == element {
			return Element{e.doc, i}
		}
	}
	return Element{}
}

// Named are the child elements of one name.
func (e Element) Named(space, local string) []Element {
	var out []Element
	for c := e.First(); !c.IsZero(); c = c.Next() {
		if c.Is(space, local) {
			out = append(out, c)
		}
	}
	return out
}

// One returns the only child of that name, zero when there is none.
func (e Element) One(space, local string) (Element, error) {
	var found Element
	count := 0
	for c := e.First(); !c.IsZero(); c = c.Next() {
		if c.Is(space, local) {
			found = c
			count++
		}
	}
	if count > 1 {
		return Element{}, fmt.Errorf("%d %s in one %s", count, local, e.Local())
	}
	return found, nil
}

// Walk yields e and every element below it, in document order.
func (e Element) Walk() iter.Seq[Element] {
	return func(yield func(Element) bool) {
		if e.doc == nil {
			return
		}
		for i, end := e.i, e.node().next; i < end; i++ {
			if e.doc.nodes[i].kind == element && !yield(Element{e.doc, i}) {
				return
			}
		}
	}
}

// Value is Text without the white space around it.
func (e Element) Value() (string, error) {
	text, err := e.Text()
	return strings.Trim(text, whites), err
}

// Text is the text of an element that holds nothing else.
func (e Element) Text() (string, error) {
	if e.doc == nil {
		return "", nil
	}
	d, end := e.doc, e.node().next
	if n := e.i + 1; end == n+1 && d.nodes[n].kind != element {
		return d.textOf(&d.nodes[n]), nil
	}
	var out strings.Builder
	for i := e.i + 1; i < end; i++ {
		n := &d.nodes[i]
		if n.kind == element {
			return "", fmt.Errorf("an element in %s", e.Local())
		}
		out.WriteString(d.textOf(n))
	}
	return out.String(), nil
}

// textOf is the value of a piece of text; it may be a part of src.
func (d *Document) textOf(n *node) string {
	raw := d.src[n.at:n.to]
	switch n.kind {
	case escaped:
		return unescapeText(raw)
	case literal:
		return lineEnds(raw)
	}
	return raw
}

// OnlyAttrs refuses attributes of other names and all of foreign namespaces.
func (e Element) OnlyAttrs(names ...string) error {
	if e.doc == nil {
		return nil
	}
	attrs := e.doc.attributes(e.node())
	for i := range attrs {
		a := &attrs[i]
		if !a.declaration && (a.prefix > 0 || !slices.Contains(names, e.doc.local(a))) {
			return fmt.Errorf("attribute %s on %s", e.doc.attributeName(a), e.Local())
		}
	}
	return nil
}

// OnlyWhite refuses text between child elements.
func (e Element) OnlyWhite() error {
	if e.doc == nil {
		return nil
	}
	d := e.doc
	for i, end := e.i+1, e.node().next; i < end; i = d.nodes[i].next {
		if n := &d.nodes[i]; n.kind != element && !white(d.textOf(n)) {
			return fmt.Errorf("text in %s", e.Local())
		}
	}
	return nil
}

// OnlyChildren refuses children that are not among names, and text between them, so
// that nothing foreign can look like something that is meant. A name is written with
// "saml:", "samlp:" or "ds:" for its namespace.
func (e Element) OnlyChildren(names ...string) error {
	for c := e.First(); !c.IsZero(); c = c.Next() {
		if !c.among(names) {
			return fmt.Errorf("%s in %s", c.Local(), e.Local())
		}
	}
	return e.OnlyWhite()
}

func (e Element) among(names []string) bool {
	n := e.node()
	prefix := ""
	switch n.space {
	case assertionIndex:
		prefix = "saml:"
	case protocolIndex:
		prefix = "samlp:"
	case signatureIndex:
		prefix = "ds:"
	}
	local := e.doc.localName(n)
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, prefix)
		if ok && prefix != "" && rest == string(local) {
			return true
		}
	}
	return false
}

// Within reports whether e is inside of outer, or is it.
func (e Element) Within(outer Element) bool {
	return e.doc != nil && e.doc == outer.doc && e.i >= outer.i && e.i < outer.node().next
}

// Bindings are the namespace declarations in scope at e, inner ones first.
func (e Element) Bindings() []Binding {
	if e.doc == nil {
		return nil
	}
	d := e.doc
	var out []Binding
	add := func(prefix, uri string) {
		if !slices.ContainsFunc(out, func(b Binding) bool { return b.Prefix == prefix }) {
			out = append(out, Binding{Prefix: prefix, URI: uri})
		}
	}
	for i := e.i; i >= 0; i = d.nodes[i].parent {
		attrs := d.attributes(&d.nodes[i])
		for k := range attrs {
			if a := &attrs[k]; a.declaration {
				add(d.declares(a), d.uris[a.space])
			}
		}
	}
	for _, o := range d.outer {
		add(o.prefix, d.uris[o.uri])
	}
	return out
}
