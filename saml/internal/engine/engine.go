// Package engine reads signed XML: one strict reader over the bytes into one flat list
// of nodes, exclusive canonicalization of those nodes into a hash, and verification
// against pinned keys. What a caller believes is read from the same nodes that were
// hashed, so there is no second parser that could see another document.
//
// It refuses what has been used to show two readers two documents: document types,
// processing instructions, comments, CDATA sections, encodings other than UTF-8,
// attributes given twice, names and namespaces that are not sound, IDs that are not
// unique in every spelling. Cost is bounded before anything is trusted (Limits).
//
// Start with [Parse] and [ReadShape]. The specifications are XML 1.0, Namespaces in
// XML 1.0, W3C XML Signature 1.1, Exclusive XML Canonicalization 1.0 and saml-core 5.4.
// A Document does not change once it is read, and is safe for concurrent use.
package engine

// The namespaces that mean something here.
const (
	AssertionSpace = "urn:oasis:names:tc:SAML:2.0:assertion"
	ProtocolSpace  = "urn:oasis:names:tc:SAML:2.0:protocol"
	MetadataSpace  = "urn:oasis:names:tc:SAML:2.0:metadata"
	SignatureSpace = "http://www.w3.org/2000/09/xmldsig#"
	CipherSpace    = "http://www.w3.org/2001/04/xmlenc#"
	Cipher11Space  = "http://www.w3.org/2009/xmlenc11#"
	ExclusiveSpace = "http://www.w3.org/2001/10/xml-exc-c14n#"

	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace = "http://www.w3.org/2000/xmlns/"
)

// The indexes of these in Document.uris.
const (
	noSpace = iota
	assertionIndex
	protocolIndex
	signatureIndex
	xmlIndex
	xmlnsIndex
)

// wellKnown are the namespaces that every Document knows, in the order above.
func wellKnown() []string {
	return []string{"", AssertionSpace, ProtocolSpace, SignatureSpace, xmlSpace, xmlnsSpace,
		"http://www.w3.org/2001/XMLSchema", "http://www.w3.org/2001/XMLSchema-instance", ExclusiveSpace}
}

// Code is the kind of a refusal.
type Code string

// The kinds.
const (
	Size      Code = "size"
	XML       Code = "xml"
	Profile   Code = "profile"
	Unsigned  Code = "unsigned"
	Algorithm Code = "algorithm"
	Signature Code = "signature"
)

// Error is why a document is refused. Received is the other side's text, unbounded.
type Error struct {
	Code               Code
	Expected, Received string
	Err                error
}

func (e *Error) Error() string {
	s := "engine: " + string(e.Code)
	if e.Expected != "" {
		s += ": expected " + e.Expected
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func refuse(code Code, expected, received string) *Error {
	return &Error{Code: code, Expected: expected, Received: received}
}

func (e *Error) because(err error) *Error {
	e.Err = err
	return e
}

// malformed is a document that is not the XML it has to be.
func malformed(what string) *Error { return refuse(XML, "", what) }
