package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace = "http://www.w3.org/2000/xmlns/"
)

// node is one element of a strictly read document. Names are resolved once, here, so
// that no later step can see another namespace than the one the signature covers.
type node struct {
	prefix, local, space string
	attrs                []attr
	items                []item // children in document order
	parent               *node
}

// attr is an attribute or, when space is xmlnsSpace, a namespace declaration.
type attr struct {
	prefix, local, space, value string
}

// item is a child: an element, or text when el is nil.
type item struct {
	text string
	el   *node
}

// limits bound the cost of a document before anything trusts it.
type limits struct {
	bytes, depth, elements int
	attributes             int // per element, declarations included
	declarations           int // namespace declarations in scope at one place
	lenient                bool
}

// responseLimits leave room for 5,000 groups. The number of declarations in scope is
// low because canonicalization copies them for every element.
func responseLimits() limits {
	return limits{bytes: maxMessage, depth: 32, elements: 10_000, attributes: 64, declarations: 32}
}

// metadataLimits tolerate what files edited by hand contain: comments, CDATA and
// processing instructions, none of which is part of a value.
func metadataLimits() limits {
	return limits{bytes: 8 << 20, depth: 48, elements: 200_000, attributes: 64, declarations: 64, lenient: true}
}

// parseTree reads one document token by token.
func parseTree(doc []byte, max limits) (*node, *Error) {
	if len(doc) > max.bytes {
		return nil, refuse(CodeSize, "", "")
	}
	if !utf8.Valid(doc) {
		return nil, refuse(CodeXML, "UTF-8", "")
	}
	r := &treeReader{doc: doc, max: max, dec: xml.NewDecoder(bytes.NewReader(doc))}
	for {
		at := r.dec.InputOffset()
		tok, err := r.dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refuse(CodeXML, "", "").because(err)
		}
		if err := r.take(tok, at); err != nil {
			return nil, refuse(CodeXML, "", err.Error()).because(err)
		}
	}
	if r.root == nil || r.open != nil {
		return nil, refuse(CodeXML, "one complete document", "")
	}
	return r.root, nil
}

type treeReader struct {
	doc      []byte
	max      limits
	dec      *xml.Decoder
	root     *node
	open     *node // innermost element that has not ended
	depth    int
	elements int
	rendered int // what canonicalization may write for the namespaces in use, at most
	scope    *scope
	scopes   []*scope // what scope was before each open element
}

// take adds one token; at is where it began.
func (r *treeReader) take(tok xml.Token, at int64) error {
	switch t := tok.(type) {
	case xml.StartElement:
		return r.start(t)
	case xml.EndElement:
		if r.open == nil || r.open.prefix != t.Name.Space || r.open.local != t.Name.Local {
			return errors.New("an end tag without its start")
		}
		r.open = r.open.parent
		r.depth--
		r.scope, r.scopes = r.scopes[r.depth], r.scopes[:r.depth]
	case xml.CharData:
		return r.text(t, bytes.HasPrefix(r.doc[at:], []byte("<![CDATA[")))
	case xml.ProcInst:
		if t.Target == "xml" && at == 0 {
			return nil
		}
		if !r.max.lenient || strings.EqualFold(t.Target, "xml") {
			return errors.New("a processing instruction")
		}
	case xml.Comment:
		if !r.max.lenient {
			return errors.New("a comment")
		}
	default:
		return errors.New("a document type or another directive")
	}
	return nil
}

func (r *treeReader) text(t xml.CharData, cdata bool) error {
	if cdata && (!r.max.lenient || r.open == nil) {
		return errors.New("a CDATA section")
	}
	if r.open == nil {
		if strings.Trim(string(t), xmlWhite) != "" {
			return errors.New("text outside the document element")
		}
		return nil
	}
	r.open.items = append(r.open.items, item{text: string(t)})
	return nil
}

// rendered is what exclusive canonicalization may write for the namespaces of n: the
// whole URI of each prefix that n uses, however far away it was declared. A long one
// that is declared once and used by each of many elements would become gigabytes.
func rendered(n *node) int {
	total, seen := 0, map[string]bool{}
	for _, u := range append([]attr{{prefix: n.prefix, space: n.space}}, n.attrs...) {
		if u.space != xmlnsSpace && !seen[u.prefix] {
			seen[u.prefix] = true
			total += len(u.prefix) + len(u.space) + len(` xmlns:=""`)
		}
	}
	return total
}

func (r *treeReader) start(t xml.StartElement) error {
	if r.open == nil && r.root != nil {
		return errors.New("a second document element")
	}
	if r.elements++; r.elements > r.max.elements {
		return fmt.Errorf("more than %d elements", r.max.elements)
	}
	if r.depth >= r.max.depth {
		return fmt.Errorf("elements nested deeper than %d", r.max.depth)
	}
	if len(t.Attr) > r.max.attributes {
		return fmt.Errorf("more than %d attributes on one element", r.max.attributes)
	}
	r.scopes = append(r.scopes, r.scope)
	r.depth++
	for _, a := range t.Attr {
		var err error
		if r.scope, err = r.scope.declare(a, r.max.declarations); err != nil {
			return err
		}
	}
	n := &node{prefix: t.Name.Space, local: t.Name.Local, parent: r.open}
	var err error
	if n.space, err = r.scope.resolve(t.Name, true); err != nil {
		return err
	}
	if n.attrs, err = r.attributes(t.Attr); err != nil {
		return err
	}
	if r.rendered += rendered(n); r.rendered > 2*r.max.bytes {
		return errors.New("more namespaces in use than a message needs")
	}
	if r.open == nil {
		r.root = n
	} else {
		r.open.items = append(r.open.items, item{el: n})
	}
	r.open = n
	return nil
}

// attributes resolves the names and refuses duplicates, which encoding/xml lets pass.
func (r *treeReader) attributes(in []xml.Attr) ([]attr, error) {
	out := make([]attr, 0, len(in))
	for _, a := range in {
		b := attr{prefix: a.Name.Space, local: a.Name.Local, value: a.Value}
		if isDeclaration(a) {
			b.space = xmlnsSpace
		} else {
			var err error
			if b.space, err = r.scope.resolve(a.Name, false); err != nil {
				return nil, err
			}
		}
		for _, c := range out {
			if c.local == b.local && (c.space == b.space || c.prefix == b.prefix) {
				return nil, errors.New("an attribute given twice")
			}
		}
		out = append(out, b)
	}
	return out, nil
}

// scope is a linked list of declarations, innermost first.
type scope struct {
	outer       *scope
	prefix, uri string
	size        int
}

func isDeclaration(a xml.Attr) bool {
	return a.Name.Space == "xmlns" || (a.Name.Space == "" && a.Name.Local == "xmlns")
}

// declare adds a when it is a namespace declaration. A namespace name has to be an
// absolute URI: canonicalization of a relative one is undefined, and libraries have
// been made to produce nothing at all from it.
func (s *scope) declare(a xml.Attr, most int) (*scope, error) {
	if !isDeclaration(a) {
		return s, nil
	}
	prefix := a.Name.Local
	if a.Name.Space == "" {
		prefix = ""
	}
	if prefix == "xml" || prefix == "xmlns" || a.Value == xmlSpace || a.Value == xmlnsSpace {
		return s, errors.New("a declaration of a reserved namespace")
	}
	if !isAbsolute(a.Value) {
		return s, errors.New("a namespace that is not an absolute URI")
	}
	size := 1
	if s != nil {
		size = s.size + 1
	}
	if size > most {
		return s, fmt.Errorf("more than %d namespace declarations in scope", most)
	}
	return &scope{outer: s, prefix: prefix, uri: a.Value, size: size}, nil
}

// isAbsolute wants a URI scheme in front (RFC 3986 section 3.1).
func isAbsolute(uri string) bool {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || scheme == "" || rest == "" || !isLetter(scheme[0]) {
		return false
	}
	for _, c := range []byte(scheme) {
		if !isLetter(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return strings.Trim(uri, xmlWhite) == uri
}

// resolve gives the namespace of a name; the default one counts for elements only.
func (s *scope) resolve(name xml.Name, element bool) (string, error) {
	if strings.Contains(name.Local, ":") || strings.Contains(name.Space, ":") || name.Local == "" {
		return "", errors.New("a malformed name")
	}
	if name.Space == "" && !element {
		return "", nil
	}
	if name.Space == "xml" {
		return xmlSpace, nil
	}
	for ; s != nil; s = s.outer {
		if s.prefix == name.Space {
			return s.uri, nil
		}
	}
	if name.Space == "" {
		return "", nil
	}
	return "", errors.New("a prefix that is not declared")
}
