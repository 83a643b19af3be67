package saml

import (
	"fmt"
	"iter"
	"strings"
)

const xmlWhite = " \t\r\n"

// The namespaces that mean something here.
const (
	protocolSpace  = "urn:oasis:names:tc:SAML:2.0:protocol"
	assertionSpace = "urn:oasis:names:tc:SAML:2.0:assertion"
	metadataSpace  = "urn:oasis:names:tc:SAML:2.0:metadata"
	dsigSpace      = "http://www.w3.org/2000/09/xmldsig#"
)

// is compares the whole name.
func (n *node) is(space, local string) bool { return n.local == local && n.space == space }

// attr is the value of an attribute without a namespace; all SAML attributes are such.
func (n *node) attr(local string) string {
	v, _ := n.lookup(local)
	return v
}

func (n *node) lookup(local string) (string, bool) {
	for _, a := range n.attrs {
		if a.space == "" && a.local == local {
			return a.value, true
		}
	}
	return "", false
}

// elements are the child elements in order.
func (n *node) elements() iter.Seq[*node] {
	return func(yield func(*node) bool) {
		for _, i := range n.items {
			if i.el != nil && !yield(i.el) {
				return
			}
		}
	}
}

// named are the child elements of one name.
func (n *node) named(space, local string) []*node {
	var out []*node
	for c := range n.elements() {
		if c.is(space, local) {
			out = append(out, c)
		}
	}
	return out
}

// one returns the only child of that name, nil when there is none.
func (n *node) one(space, local string) (*node, error) {
	all := n.named(space, local)
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		return all[0], nil
	}
	return nil, fmt.Errorf("%d %s in one %s", len(all), local, n.local)
}

// walk yields n and everything below it.
func (n *node) walk() iter.Seq[*node] {
	return func(yield func(*node) bool) { n.visit(yield) }
}

// visit recurses no deeper than limits.depth.
func (n *node) visit(yield func(*node) bool) bool {
	if !yield(n) {
		return false
	}
	for c := range n.elements() {
		if !c.visit(yield) {
			return false
		}
	}
	return true
}

// text is the text of an element that holds nothing else.
func (n *node) text() (string, error) {
	if len(n.items) == 1 && n.items[0].el == nil {
		return n.items[0].text, nil
	}
	var b strings.Builder
	for _, i := range n.items {
		if i.el != nil {
			return "", fmt.Errorf("an element in %s", n.local)
		}
		b.WriteString(i.text)
	}
	return b.String(), nil
}

// value is text without the white space around it.
func (n *node) value() (string, error) {
	s, err := n.text()
	return strings.Trim(s, xmlWhite), err
}
