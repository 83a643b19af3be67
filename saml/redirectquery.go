package saml

import (
	"bytes"
	"compress/flate"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

const (
	maxQuery    = 128 << 10 // of a Redirect URL, before anything is decoded
	maxInflated = 64 << 10  // of the document in it

	deflateEncoding = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
)

// query is a message of the Redirect binding (saml-bindings 3.4.4): the decoded values,
// and each parameter as it stands in the URL, because that is what was signed. Encoding
// a value again would not give the same octets: some providers write "%2f", others "%2F".
type query struct {
	field  string // fieldRequest or fieldResponse
	values map[string]string
	octets map[string]string // "name=value", by name
}

// readQuery finds the parameters of the binding in a raw query; other ones may stand
// between them. A name that is given twice, or spelled with escapes, could be read in
// two ways, one by whoever verifies and one by whoever believes; so could a semicolon,
// which some take for an "&".
func readQuery(raw string) (*query, *Error) {
	if len(raw) > maxQuery {
		return nil, refuse(CodeSize, "a query of at most 128 KiB", "")
	}
	q := &query{values: map[string]string{}, octets: map[string]string{}}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil || strings.Contains(pair, ";") {
			return nil, refuse(CodeEncoding, "a query of names and values", "").because(err)
		}
		if !slices.Contains(fields(), plain) {
			continue
		}
		if _, twice := q.values[plain]; twice || name != plain {
			return nil, refuse(CodeEncoding, plain+" once, in plain letters", "")
		}
		if q.values[plain], err = unescape(plain, value); err != nil {
			return nil, refuse(CodeEncoding, "a value of "+plain+" that can be decoded", "").because(err)
		}
		q.octets[plain] = pair
	}
	if how, given := q.values[fieldEncoding]; given && how != deflateEncoding {
		return nil, refuse(CodeEncoding, deflateEncoding, how)
	}
	_, request := q.values[fieldRequest]
	_, response := q.values[fieldResponse]
	if request == response {
		return nil, refuse(CodeEncoding, "one of SAMLRequest and SAMLResponse", "")
	}
	q.field = fieldRequest
	if response {
		q.field = fieldResponse
	}
	return q, nil
}

// unescape leaves the "+" of base64 alone, which some forget to escape: white space it
// can't be meant for.
func unescape(name, value string) (string, error) {
	switch name {
	case fieldRequest, fieldResponse, fieldSig:
		return url.PathUnescape(value)
	}
	return url.QueryUnescape(value)
}

// document is the XML, inflated no further than its bound.
func (q *query) document() ([]byte, *Error) {
	packed, err := engine.DecodeBase64(q.values[q.field])
	if err != nil || len(packed) == 0 {
		return nil, refuse(CodeEncoding, "base64", "").because(err)
	}
	in := bytes.NewReader(packed)
	xml, err := io.ReadAll(io.LimitReader(flate.NewReader(in), maxInflated+1))
	if len(xml) > maxInflated {
		return nil, refuse(CodeSize, "a message of at most 64 KiB", "")
	}
	if err != nil || in.Len() > 0 || len(xml) == 0 {
		return nil, refuse(CodeEncoding, "a document packed by DEFLATE", "").because(err)
	}
	return xml, nil
}

// verify finds the pinned certificate whose key signed the octets of the query, in the
// order of saml-bindings 3.4.4.1 wherever they stand in it.
func (q *query) verify(v verifier) (int, *Error) {
	method, sig := q.values[fieldSigAlg], q.values[fieldSig]
	if method == "" || sig == "" {
		return 0, refuse(CodeUnsigned, "SigAlg and Signature in the query", "")
	}
	algorithm, ok := engine.MethodOf(method, v.rules.InsecureAllowLegacy)
	if !ok {
		return 0, refuse(CodeAlgorithm, "RSA or ECDSA with SHA-256, SHA-384 or SHA-512", method)
	}
	value, err := engine.DecodeBase64(sig)
	if err != nil || len(value) == 0 {
		return 0, refuse(CodeEncoding, "a Signature in base64", "").because(err)
	}
	return v.octets(algorithm, q.signed(), value)
}

// signed lists what may have been signed. It is one string; a RelayState that is there
// but empty makes a second one, because the binding leaves an empty one out of the
// signature and not everybody does. Both say the same.
func (q *query) signed() []string {
	relay, given := q.octets[fieldRelay]
	without := q.octets[q.field] + "&" + q.octets[fieldSigAlg]
	if !given {
		return []string{without}
	}
	all := []string{q.octets[q.field] + "&" + relay + "&" + q.octets[fieldSigAlg]}
	if q.values[fieldRelay] == "" {
		all = append(all, without)
	}
	return all
}
