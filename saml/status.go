package saml

import (
	"strings"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

const (
	statusSpace   = "urn:oasis:names:tc:SAML:2.0:status:"
	statusSuccess = statusSpace + "Success"
)

// checkStatus reads saml-core 3.2.2. A failure is believed even when it is unsigned,
// because all it can do is to refuse.
func checkStatus(root engine.Element) *Error {
	status, err := root.One(engine.ProtocolSpace, "Status")
	if err != nil || status.IsZero() {
		return structure("one Status", "").because(err)
	}
	top, err := status.One(engine.ProtocolSpace, "StatusCode")
	if err != nil || top.IsZero() {
		return structure("one StatusCode", "").because(err)
	}
	if top.Attr("Value") == statusSuccess {
		return nil
	}
	codes := []string{strings.TrimPrefix(top.Attr("Value"), statusSpace)}
	for _, c := range top.Named(engine.ProtocolSpace, "StatusCode") {
		codes = append(codes, strings.TrimPrefix(c.Attr("Value"), statusSpace))
	}
	received := strings.Join(codes, " / ")
	for _, m := range status.Named(engine.ProtocolSpace, "StatusMessage") {
		if text, err := m.Value(); err == nil && text != "" {
			received += ": " + text
		}
	}
	e := refuse(CodeStatus, "Success", received)
	switch codes[len(codes)-1] {
	case "NoPassive":
		e.advise("nobody was signed in at the provider and the request allowed no page: start again without IsPassive")
	case "InvalidNameIDPolicy":
		e.advise("the provider cannot send a NameID in the format set for this application: choose another NameID format there")
	case "NoAuthnContext":
		e.advise("the provider has a rule about how people must authenticate that this sign-in did not meet")
	case "RequestDenied", "AuthnFailed":
		e.advise("the provider denied the sign-in: make sure the person is assigned to this application and read the provider's log")
	case "Requester":
		e.advise("the provider did not accept the request: compare entity ID, ACS URL and the signing certificate it has for this application")
	}
	return e
}
