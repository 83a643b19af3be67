package saml

import (
	"crypto/x509"
	"encoding/base64"
	"errors"

	"github.com/beevik/etree"
)

// The engine works on trees of its own kind. Everything that knows them, but for what
// we send, is here.

// engineElement is a copy of n for the engine: the namespaces in scope declared on
// it, the signature first (the engine stops searching after 1,000 elements, and the
// signature is not part of what is digested), no KeyInfo (which key to trust is not
// the message's to say), the signature value without white space.
func (n *node) engineElement(sig *signature, cert *x509.Certificate) *etree.Element {
	el := n.detached()
	for i, it := range n.items {
		if it.el != sig.el {
			continue
		}
		s, ok := el.Child[i].(*etree.Element)
		if !ok {
			break
		}
		for _, c := range s.ChildElements() {
			switch c.Tag {
			case "KeyInfo":
				s.RemoveChild(c)
			case "SignatureValue":
				c.SetText(base64.StdEncoding.EncodeToString(sig.forKey(cert)))
			}
		}
		el.InsertChildAt(0, s)
		break
	}
	return el
}

// detached copies n as the root of its own tree.
func (n *node) detached() *etree.Element {
	el := n.element(nil)
	seen := map[string]bool{}
	for _, a := range n.attrs {
		if a.space == xmlnsSpace {
			seen[a.declares()] = true
		}
	}
	for p := n.parent; p != nil; p = p.parent {
		for _, a := range p.attrs {
			if a.space == xmlnsSpace && !seen[a.declares()] {
				seen[a.declares()] = true
				el.Attr = append(el.Attr, etree.Attr{Space: a.prefix, Key: a.local, Value: a.value})
			}
		}
	}
	return el
}

// declares is the prefix of a namespace declaration.
func (a attr) declares() string {
	if a.prefix == "" {
		return ""
	}
	return a.local
}

// element copies n and everything below it, child for child.
func (n *node) element(parent *etree.Element) *etree.Element {
	el := etree.NewElement("")
	el.Space, el.Tag = n.prefix, n.local
	if parent != nil {
		parent.AddChild(el)
	}
	for _, a := range n.attrs {
		el.Attr = append(el.Attr, etree.Attr{Space: a.prefix, Key: a.local, Value: a.value})
	}
	for _, i := range n.items {
		if i.el == nil {
			el.CreateText(i.text)
		} else {
			i.el.element(el)
		}
	}
	return el
}

// reread parses what the engine verified with the same strict reader as the message.
func reread(el *etree.Element) (*node, error) {
	doc := etree.NewDocument()
	doc.SetRoot(el)
	doc.WriteSettings = etree.WriteSettings{CanonicalAttrVal: true, CanonicalEndTags: true, CanonicalText: true}
	xml, err := doc.WriteToBytes()
	if err != nil {
		return nil, err
	}
	root, refused := parseTree(xml, responseLimits())
	if refused != nil {
		return nil, refused
	}
	if root.attr("ID") == "" {
		return nil, errors.New("the signed element has no ID")
	}
	return root, nil
}
