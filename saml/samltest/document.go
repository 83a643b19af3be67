package samltest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/beevik/etree"
)

// Namespaces and identifiers of SAML 2.0.
const (
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsMore      = "http://www.w3.org/2001/04/xmldsig-more#"
	nsExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	nsSchema    = "http://www.w3.org/2001/XMLSchema"

	nsEncryption   = "http://www.w3.org/2001/04/xmlenc#"
	nsEncryption11 = "http://www.w3.org/2009/xmlenc11#"

	bindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
)

// Bounds of what is read from outside, in bytes, levels and pieces.
const (
	maxRequest   = 64 << 10
	maxMetadata  = 1 << 20
	maxDepth     = 32
	maxElements  = 5000
	maxAttribute = 64 // attributes of one element
)

// parse reads a document of at most limit bytes into a tree. Whatever could make two
// readers see different trees is refused before the tree is built.
func parse(data []byte, limit int) (*etree.Element, error) {
	if len(data) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	if err := scan(data); err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		return nil, fmt.Errorf("not XML: %w", err)
	}
	if doc.Root() == nil {
		return nil, errors.New("no root element")
	}
	return doc.Root(), nil
}

func scan(data []byte) error {
	dec := xml.NewDecoder(bytes.NewReader(data))
	depth, elements := 0, 0
	for {
		token, err := dec.Token()
		if err == io.EOF {
			if depth != 0 || elements == 0 {
				return errors.New("no complete root element")
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("not XML: %w", err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("DOCTYPE is refused")
		case xml.ProcInst:
			if t.Target != "xml" || elements > 0 {
				return errors.New("processing instruction is refused")
			}
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(bytes.TrimPrefix(t, []byte("\ufeff")))) > 0 {
				return errors.New("text outside the root element")
			}
		case xml.StartElement:
			if depth == 0 && elements > 0 {
				return errors.New("second root element")
			}
			depth++
			elements++
			if depth > maxDepth || elements > maxElements || len(t.Attr) > maxAttribute {
				return errors.New("too deep or too many elements")
			}
			if hasTwins(t.Attr) {
				return fmt.Errorf("attribute given twice in %q", t.Name.Local)
			}
		case xml.EndElement:
			depth--
		}
	}
}

func hasTwins(attrs []xml.Attr) bool {
	seen := make(map[xml.Name]bool, len(attrs))
	for _, a := range attrs {
		if seen[a.Name] {
			return true
		}
		seen[a.Name] = true
	}
	return false
}

// is tells whether el is the element tag of namespace ns, whatever its prefix.
func is(el *etree.Element, ns, tag string) bool {
	return el.Tag == tag && el.NamespaceURI() == ns
}

func children(el *etree.Element, ns, tag string) []*etree.Element {
	var found []*etree.Element
	for _, child := range el.ChildElements() {
		if is(child, ns, tag) {
			found = append(found, child)
		}
	}
	return found
}

func child(el *etree.Element, ns, tag string) *etree.Element {
	if found := children(el, ns, tag); len(found) > 0 {
		return found[0]
	}
	return nil
}

// attribute returns an attribute without namespace, or "".
func attribute(el *etree.Element, name string) string {
	for _, a := range el.Attr {
		if a.Space == "" && a.Key == name {
			return a.Value
		}
	}
	return ""
}

// text returns all text of el, also that behind a comment.
func text(el *etree.Element) string {
	var b strings.Builder
	for _, token := range el.Child {
		if data, ok := token.(*etree.CharData); ok {
			b.WriteString(data.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

// isTrue reads an xs:boolean.
func isTrue(s string) bool { return s == "true" || s == "1" }

// render writes a tree so that what is parsed again is what was signed.
func render(root *etree.Element) ([]byte, error) {
	doc := etree.NewDocument()
	doc.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	doc.SetRoot(root)
	return doc.WriteToBytes()
}
