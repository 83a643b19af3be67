package samltest

import (
	"encoding/base64"
	"strings"

	"github.com/beevik/etree"
)

// spelling is how a provider spells its documents. All spellings mean the same.
type spelling struct {
	protocol, assertion, signature string // prefixes; "" is the default namespace

	prefixList   string // InclusiveNamespaces of the second transform
	issuerFormat bool   // Format on the issuers
	typed        bool   // xsi:type on the values of attributes
	subjectName  bool   // X509SubjectName in KeyInfo, in front of the certificate
	wrapped      bool   // base64 in lines of 76
	indent       bool   // white space between elements
	lowerEscapes bool   // %2f instead of %2F in a query
}

func plainSpelling() spelling { return spelling{protocol: "samlp", assertion: "saml", signature: "ds"} }

func xmlns(prefix string) string {
	if prefix == "" {
		return "xmlns"
	}
	return "xmlns:" + prefix
}

func join(prefix, tag string) string {
	if prefix == "" {
		return tag
	}
	return prefix + ":" + tag
}

// signed is the name of an element of XML Signature.
func (s spelling) signed(tag string) string { return join(s.signature, tag) }

// base64 writes octets as the text of an element.
func (s spelling) base64(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	if !s.wrapped && !s.indent {
		return text
	}
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76])
		b.WriteString("\n")
		text = text[76:]
	}
	b.WriteString(text)
	return b.String()
}

// dress gives a document that was written with the prefixes samlp and saml its own
// look, before it is signed.
func (s spelling) dress(root *etree.Element) {
	if s.assertion != "saml" {
		s.rename(root, "saml", s.assertion, nsAssertion)
	}
	if s.protocol != "samlp" {
		s.rename(root, "samlp", s.protocol, nsProtocol)
	}
	if s.issuerFormat {
		if issuer := child(root, nsAssertion, "Issuer"); issuer != nil {
			issuer.CreateAttr("Format", formatEntity)
		}
	}
	if s.prefixList != "" {
		root.CreateAttr("xmlns:xs", nsSchema)
	}
	if s.indent {
		indent(root, 0)
	}
}

func (s spelling) rename(el *etree.Element, from, to, ns string) {
	if el.Space == from {
		el.Space = to
	}
	if el.RemoveAttr("xmlns:"+from) != nil {
		el.CreateAttr(xmlns(to), ns)
	}
	for _, c := range el.ChildElements() {
		s.rename(c, from, to, ns)
	}
}

// indent puts white space between the elements below el, and leaves text alone.
func indent(el *etree.Element, depth int) {
	children := el.ChildElements()
	if len(children) == 0 {
		return
	}
	for i := len(el.Child) - 1; i >= 0; i-- {
		if data, ok := el.Child[i].(*etree.CharData); ok && strings.TrimSpace(data.Data) == "" {
			el.RemoveChildAt(i)
		}
	}
	for _, c := range children {
		el.InsertChildAt(c.Index(), etree.NewText("\n"+strings.Repeat("  ", depth+1)))
		indent(c, depth+1)
	}
	el.CreateText("\n" + strings.Repeat("  ", depth))
}
