package engine

import (
	"fmt"
	"strings"
)

// isDeclaration says whether a declares a namespace.
func (d *Document) isDeclaration(a *attribute) bool {
	if a.prefix == 0 {
		return d.src[a.at:a.at+uint32(a.local)] == "xmlns"
	}
	return d.src[a.at:a.at+uint32(a.prefix)] == "xmlns"
}

// namespaces resolves the names of a tag: first what it declares, then what it uses.
// Names are resolved once, here, so that no later step can see another namespace than
// the one the signature covers.
func (r *reader) namespaces(n *node) *Error {
	attrs := r.doc.attributes(n)
	for i := range attrs {
		if attrs[i].declaration {
			if err := r.declare(&attrs[i]); err != nil {
				return err
			}
		}
	}
	var err *Error
	if n.space, err = r.use(n.at, n.prefix, true); err != nil {
		return err
	}
	for i := range attrs {
		a := &attrs[i]
		if !a.declaration && a.prefix > 0 {
			if a.space, err = r.use(a.at, a.prefix, false); err != nil {
				return err
			}
		}
		if r.twice(attrs[:i], a) {
			return malformed("an attribute given twice")
		}
	}
	// The whole URI of each prefix in use may be written again, however far away it was
	// declared. A long one that is used by each of many elements would become gigabytes.
	if r.rendered > 2*r.max.Bytes {
		return malformed("more namespaces in use than a message needs")
	}
	return nil
}

// twice reports whether an attribute of a's name is among those before it: as it is
// written, or as its namespace makes it.
func (r *reader) twice(before []attribute, a *attribute) bool {
	local := r.doc.local(a)
	for i := range before {
		b := &before[i]
		if b.local == a.local && b.declaration == a.declaration && r.doc.local(b) == local &&
			(a.declaration && a.prefix == b.prefix || !a.declaration && a.space == b.space) {
			return true
		}
	}
	return false
}

// declare puts a declaration into scope. A namespace name has to be an absolute URI:
// canonicalization of a relative one is undefined, and libraries have been made to
// produce nothing at all from it.
func (r *reader) declare(a *attribute) *Error {
	prefix := r.doc.declares(a)
	uri := r.src[a.value:a.to]
	if !a.plain {
		uri = unescapeAttribute(uri)
	}
	if r.max.Lenient && prefix == "xml" && uri == xmlSpace {
		a.space = xmlIndex // says what is so anyway, as some metadata does
		return nil
	}
	if prefix == "xml" || prefix == "xmlns" || uri == xmlSpace || uri == xmlnsSpace {
		return malformed("a declaration of a reserved namespace")
	}
	if !isAbsolute(uri) {
		return malformed("a namespace that is not an absolute URI")
	}
	if len(r.scopes)+len(r.doc.outer) >= r.max.Declarations {
		return malformed(fmt.Sprintf("more than %d namespace declarations in scope", r.max.Declarations))
	}
	var err *Error
	if a.space, err = r.doc.space(uri); err != nil {
		return err
	}
	r.scopes = append(r.scopes, declared{prefix, a.space})
	return nil
}

// use gives the namespace of a prefix; the default one counts for elements only.
func (r *reader) use(at uint32, length uint8, isElement bool) (uint8, *Error) {
	prefix := r.src[at : at+uint32(length)]
	if prefix == "xml" && !isElement {
		return xmlIndex, nil
	}
	for i := len(r.scopes) - 1; i >= 0; i-- {
		if r.scopes[i].prefix == prefix {
			r.rendered += len(prefix) + len(r.doc.uris[r.scopes[i].uri]) + len(` xmlns:=""`)
			return r.scopes[i].uri, nil
		}
	}
	for _, o := range r.doc.outer {
		if o.prefix == prefix && o.uncovered && isElement {
			if length > 0 {
				return 0, malformed("an element named by a declaration that no signature covers")
			}
			continue // as if it were not there
		}
		if o.prefix == prefix {
			r.rendered += len(prefix) + len(r.doc.uris[o.uri]) + len(` xmlns:=""`)
			return o.uri, nil
		}
	}
	if length == 0 {
		return noSpace, nil
	}
	return 0, malformed("a prefix that is not declared")
}

// isAbsolute wants a URI scheme in front (RFC 3986 section 3.1), and no character that a
// URI has not: other libraries do strange things with what is none.
func isAbsolute(uri string) bool {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || len(scheme) == 0 || len(rest) == 0 || !isLetter(scheme[0]) {
		return false
	}
	for _, c := range []byte(rest) {
		if !isLetter(c) && !isDigit(c) && strings.IndexByte("-._~:/?#[]@!$&'()*+,;=%", c) < 0 {
			return false
		}
	}
	for _, c := range []byte(scheme) {
		if !isLetter(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}
