package saml

import (
	"errors"
	"net/http"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

const (
	maxLogout     = 128 << 10         // of base64, in a form
	maxLogoutForm = maxLogout * 3 / 2 // as maxForm
	maxEcho       = 1 << 10           // of a RelayState that goes back as it came; the binding allows 80 bytes, providers take more
)

// LogoutMessage is a logout request or an answer to one of ours, read within its bounds
// and not believed yet. The zero value is no message. One that came beside an error can
// be handed on all the same, as a [Message] can.
type LogoutMessage struct {
	doc   *engine.Document
	bad   *Error
	field string // fieldRequest or fieldResponse
	relay string // as it came
	query *query // nil when it came in a form
}

// ReadLogout reads what arrives at SP.SLO. A GET is the Redirect binding (saml-bindings
// 3.4) and a POST the POST binding (3.5). Either has exactly one of SAMLRequest and
// SAMLResponse, and no parameter twice. A query is bounded to 128 KiB and what it
// inflates to 64 KiB, a form to 192 KiB, and nothing in a form is inflated.
//
// It reads r.URL.RawQuery as the browser sent it, because its very octets are signed:
// no middleware may have written the query anew. Cookies play no part: in a frame of
// the provider's there are none of ours. The error is an *Error of CodeSize,
// CodeEncoding or CodeXML.
func ReadLogout(w http.ResponseWriter, r *http.Request) (m LogoutMessage, err error) {
	var refused *Error
	defer rescue(CodeXML, func(e *Error) { m, err = LogoutMessage{bad: e.ofLogout()}, e })
	switch r.Method {
	case http.MethodGet:
		m, refused = readLogoutQuery(r)
	case http.MethodPost:
		m, refused = readLogoutForm(w, r)
	default:
		refused = refuse(CodeEncoding, "GET or POST", r.Method)
	}
	if refused == nil && m.IsRequest() && len(m.relay) > maxEcho {
		refused = refuse(CodeSize, "a RelayState of at most 1 KiB", "")
	}
	if refused != nil {
		return LogoutMessage{bad: refused.ofLogout()}, refused
	}
	return m, nil
}

func readLogoutQuery(r *http.Request) (LogoutMessage, *Error) {
	q, err := readQuery(r.URL.RawQuery)
	if err != nil {
		return LogoutMessage{}, err
	}
	xml, err := q.document()
	if err != nil {
		return LogoutMessage{}, err
	}
	m := LogoutMessage{field: q.field, relay: q.values[fieldRelay], query: q}
	err = m.parse(xml)
	return m, err
}

func readLogoutForm(w http.ResponseWriter, r *http.Request) (LogoutMessage, *Error) {
	m := LogoutMessage{}
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, maxLogoutForm)
	}
	if err := r.ParseForm(); err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return m, refuse(CodeSize, "a form of at most 192 KiB", "").because(err)
		}
		return m, refuse(CodeEncoding, "a form", "").because(err)
	}
	for _, name := range fields() {
		if len(r.PostForm[name]) > 1 {
			return m, refuse(CodeEncoding, name+" once", "")
		}
	}
	if r.PostForm.Has(fieldRequest) == r.PostForm.Has(fieldResponse) {
		return m, refuse(CodeEncoding, "one of SAMLRequest and SAMLResponse in an application/x-www-form-urlencoded form", "")
	}
	m.field = fieldRequest
	if r.PostForm.Has(fieldResponse) {
		m.field = fieldResponse
	}
	m.relay = r.PostForm.Get(fieldRelay)
	value := r.PostForm.Get(m.field)
	if len(value) > maxLogout {
		return m, refuse(CodeSize, "a message of at most 128 KiB", "")
	}
	xml, err := engine.DecodeBase64(value)
	if err != nil || len(xml) == 0 {
		return m, refuse(CodeEncoding, "base64", "").because(err)
	}
	refused := m.parse(xml)
	return m, refused
}

func (m *LogoutMessage) parse(xml []byte) *Error {
	doc, err := engine.Parse(string(xml), engine.ResponseLimits())
	if err != nil {
		return fault(err)
	}
	m.doc = doc
	return nil
}

// IsRequest says whether m is for ReceiveLogout; else it is for FinishLogout.
func (m LogoutMessage) IsRequest() bool { return m.field == fieldRequest }

// InResponseTo is an unverified hint by which to find the Request; FinishLogout checks
// it. It is "" for a request.
func (m LogoutMessage) InResponseTo() string {
	if m.doc == nil || m.IsRequest() {
		return ""
	}
	return m.doc.Root().Attr("InResponseTo")
}

// RelayState is what came beside the message. That of an answer is ours and was a
// handle; it is "" when it is anything else now. That of a request is the provider's
// own, of at most 1 KiB and of any form; AnswerLogout gives it back, escaped, and it is
// for nothing else.
func (m LogoutMessage) RelayState() string {
	if m.IsRequest() {
		return m.relay
	}
	return handle(m.relay)
}
