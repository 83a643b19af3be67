package saml

import (
	"errors"
	"net/http"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

const (
	maxMessage = 1 << 20            // of base64
	maxForm    = maxMessage * 3 / 2 // "+", "/" and line ends take three bytes in a form
)

// Message is a response read within its bounds and not believed yet. The zero value
// is no message. One that came beside an error can be handed on all the same: Finish
// refuses it with that error, where refusals are recorded.
type Message struct {
	doc   *engine.Document
	bad   *Error
	relay string
}

// unread is a message that could not be read, and why.
func unread(e *Error) (Message, error) { return Message{bad: e}, e }

// ReadMessage reads the SAMLResponse of a posted form (saml-bindings 3.5): POST only,
// the body bounded before anything is decoded, one SAMLResponse, nothing from the
// query, nothing inflated.
// The error is an *Error of CodeSize, CodeEncoding or CodeXML.
func ReadMessage(w http.ResponseWriter, r *http.Request) (Message, error) {
	if r.Method != http.MethodPost {
		return unread(refuse(CodeEncoding, "a form sent by POST", r.Method))
	}
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	}
	if err := r.ParseForm(); err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return unread(refuse(CodeSize, "", "").because(err))
		}
		return unread(refuse(CodeEncoding, "a form", "").because(err))
	}
	values := r.PostForm["SAMLResponse"]
	if len(values) != 1 {
		return unread(refuse(CodeEncoding, "one SAMLResponse in an application/x-www-form-urlencoded form", ""))
	}
	m, err := ParseMessage(values[0])
	if relay := r.PostForm[fieldRelay]; err == nil && len(relay) == 1 {
		m.relay = handle(relay[0])
	}
	return m, err
}

// ParseMessage reads a response from its base64 form, white space tolerated. The
// error is an *Error of CodeSize, CodeEncoding or CodeXML.
func ParseMessage(samlResponse string) (m Message, err error) {
	if len(samlResponse) > maxMessage {
		return unread(refuse(CodeSize, "", ""))
	}
	xml, decodeErr := engine.DecodeText(samlResponse)
	if decodeErr != nil || len(xml) == 0 {
		return unread(refuse(CodeEncoding, "base64", "").because(decodeErr))
	}
	defer rescue(CodeXML, func(e *Error) { m, err = unread(e) })
	doc, parseErr := engine.Parse(xml, engine.ResponseLimits())
	if parseErr != nil {
		return unread(fault(parseErr))
	}
	return Message{doc: doc}, nil
}

// InResponseTo is an unverified hint by which to find the Request; Finish checks the
// signed one. It is "" for a response that nobody asked for.
func (m Message) InResponseTo() string {
	if m.doc == nil {
		return ""
	}
	return m.doc.Root().Attr("InResponseTo")
}

// RelayState is the handle that came beside the response: at most 80 bytes of A-Z a-z
// 0-9 - . _ ~, as in StartOptions. It is "" when there was none, or anything else, such
// as a URL. Nothing signs it: it may choose among things the caller has kept for this
// browser, and decide nothing.
func (m Message) RelayState() string { return m.relay }
