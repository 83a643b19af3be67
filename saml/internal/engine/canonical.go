package engine

import (
	"bytes"
	"io"
	"slices"
	"strings"
)

// canonical writes exclusive canonical XML (W3C, 2002, section 3) of nodes into a hash.
// One value serves several elements, one after the other.
type canonical struct {
	doc       *Document
	to        io.Writer
	buf       []byte
	apex      int32
	skip      int32    // node that is left out, with all that is in it; -1: none
	inclusive []string // prefixes that are treated inclusively; "" is the default namespace
	rendered  []declared
	wants     []declared // of the element at hand
	order     []uint8    // of its attributes
}

func newCanonical(doc *Document) *canonical {
	return &canonical{doc: doc, buf: make([]byte, 0, 512), rendered: make([]declared, 0, 8)}
}

// write canonicalizes the element at i and everything in it but skip.
func (c *canonical) write(to io.Writer, i, skip int32, inclusive []string) {
	c.to, c.apex, c.skip, c.inclusive = to, i, skip, inclusive
	c.rendered = c.rendered[:0]
	c.node(i)
	c.flush()
}

func (c *canonical) flush() {
	c.to.Write(c.buf)
	c.buf = c.buf[:0]
}

// string writes through the buffer, a long one piece by piece.
func (c *canonical) string(s string) {
	for len(c.buf)+len(s) > cap(c.buf) {
		n := copy(c.buf[len(c.buf):cap(c.buf)], s)
		c.buf, s = c.buf[:len(c.buf)+n], s[n:]
		c.flush()
	}
	c.buf = append(c.buf, s...)
}

// node recurses no deeper than Limits.Depth.
func (c *canonical) node(i int32) {
	d := c.doc
	n := &d.nodes[i]
	if n.kind != element {
		c.text(n)
		return
	}
	mark := len(c.rendered)
	c.string("<")
	c.string(d.name(n))
	c.namespaces(i, n)
	c.attributes(n)
	c.string(">")
	for k := i + 1; k < n.next; k = d.nodes[k].next {
		if k != c.skip {
			c.node(k)
		}
	}
	c.string("</")
	c.string(d.name(n))
	c.string(">")
	c.rendered = c.rendered[:mark]
}

// namespaces writes the declarations that the element uses visibly, and those that are
// treated inclusively, unless an element around it has written the same.
func (c *canonical) namespaces(i int32, n *node) {
	d := c.doc
	c.wants = c.wants[:0]
	c.want(d.src[n.at:n.at+uint32(n.prefix)], n.space)
	attrs := d.attributes(n)
	for k := range attrs {
		if a := &attrs[k]; !a.declaration && a.prefix > 0 && a.space != xmlIndex {
			c.want(d.src[a.at:a.at+uint32(a.prefix)], a.space)
		}
	}
	if len(c.inclusive) > 0 {
		c.inclusively(i, attrs)
	}
	if len(c.wants) > 1 {
		slices.SortFunc(c.wants, func(a, b declared) int { return strings.Compare(a.prefix, b.prefix) })
	}
	for _, w := range c.wants {
		c.string(" xmlns")
		if len(w.prefix) > 0 {
			c.string(":")
			c.string(w.prefix)
		}
		c.string(`="`)
		c.attributeValue(d.uris[w.uri])
		c.string(`"`)
	}
	c.rendered = append(c.rendered, c.wants...)
}

// inclusively wants the prefixes of the list: at the top what they mean there, further
// down what is declared anew. To look up each of them at each element would let a small
// document cost a second.
func (c *canonical) inclusively(i int32, attrs []attribute) {
	if i == c.apex {
		for _, prefix := range c.inclusive {
			if uri, ok := c.doc.resolve(i, prefix); ok && uri != xmlIndex {
				c.want(prefix, uri)
			}
		}
		return
	}
	for k := range attrs {
		a := &attrs[k]
		if !a.declaration || a.space == xmlIndex {
			continue
		}
		declares := c.doc.declares(a)
		if slices.ContainsFunc(c.inclusive, func(p string) bool { return p == declares }) {
			c.want(declares, a.space)
		}
	}
}

func (c *canonical) want(prefix string, uri uint8) {
	for i := len(c.rendered) - 1; i >= 0; i-- {
		if c.rendered[i].prefix == prefix {
			if c.rendered[i].uri == uri {
				return
			}
			break
		}
	}
	if uri == noSpace {
		return // a namespace cannot be undeclared, so there is nothing to say
	}
	for _, w := range c.wants {
		if w.prefix == prefix {
			return
		}
	}
	c.wants = append(c.wants, declared{prefix, uri})
}

// attributes are sorted by namespace, then by name.
func (c *canonical) attributes(n *node) {
	d := c.doc
	attrs := d.attributes(n)
	c.order = c.order[:0]
	for i := range attrs {
		if !attrs[i].declaration {
			c.order = append(c.order, uint8(i))
		}
	}
	if len(c.order) > 1 {
		slices.SortFunc(c.order, func(x, y uint8) int {
			a, b := &attrs[x], &attrs[y]
			if a.space != b.space {
				if less := compareStrings(d.uris[a.space], d.uris[b.space]); less != 0 {
					return less
				}
			}
			return strings.Compare(d.local(a), d.local(b))
		})
	}
	for _, i := range c.order {
		a := &attrs[i]
		c.string(" ")
		c.string(d.attributeName(a))
		c.string(`="`)
		if a.plain {
			c.string(d.src[a.value:a.to])
		} else {
			c.attributeValue(d.value(a))
		}
		c.string(`"`)
	}
}

func compareStrings(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// attributeValue writes a value as section 2.3 of Canonical XML 1.0 wants it.
func (c *canonical) attributeValue(s string) {
	from := 0
	for i := 0; i < len(s); i++ {
		with := ""
		switch s[i] {
		case '&':
			with = "&amp;"
		case '<':
			with = "&lt;"
		case '"':
			with = "&quot;"
		case '\t':
			with = "&#x9;"
		case '\n':
			with = "&#xA;"
		case '\r':
			with = "&#xD;"
		default:
			continue
		}
		c.string(s[from:i])
		c.string(with)
		from = i + 1
	}
	c.string(s[from:])
}

// text writes a piece of text.
func (c *canonical) text(n *node) {
	raw := c.doc.src[n.at:n.to]
	if n.kind == plain {
		c.string(raw)
		return
	}
	value := c.doc.textOf(n)
	from := 0
	for i := 0; i < len(value); i++ {
		with := ""
		switch value[i] {
		case '&':
			with = "&amp;"
		case '<':
			with = "&lt;"
		case '>':
			with = "&gt;"
		case '\r':
			with = "&#xD;"
		default:
			continue
		}
		c.string(value[from:i])
		c.string(with)
		from = i + 1
	}
	c.string(value[from:])
}

// Canonical is the exclusive canonical form of e, with the prefixes of list treated
// inclusively.
func (e Element) Canonical(list ...string) []byte {
	if e.doc == nil {
		return nil
	}
	var out bytes.Buffer
	newCanonical(e.doc).write(&out, e.i, -1, list)
	return out.Bytes()
}
