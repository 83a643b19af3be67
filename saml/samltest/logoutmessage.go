package samltest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// LogoutRequest is what a service provider wants to end.
type LogoutRequest struct {
	ID             string // of the LogoutRequest
	Issuer         string // entity ID of the service provider
	NameID         NameID
	SessionIndexes []string // none: every session of that NameID
	RelayState     string
	Binding        Binding // that it came by
}

// LogoutResponse is what a service provider says to a request of [IdP.StartLogout].
type LogoutResponse struct {
	InResponseTo string // ID of that request
	Issuer       string // entity ID of the service provider
	Success      bool   // the session has ended there, wholly
	Status       string // the last StatusCode, without the URI in front: "Success", "PartialLogout", "RequestDenied" ...
	Session      Session
	RelayState   string
}

// logoutAge is how old a logout message may be, and how far in the future.
const logoutAge = 5 * time.Minute

// ReadLogoutRequest reads a LogoutRequest of at most 64 KiB that came by redirect (GET)
// or POST binding. It must be signed by a key of the trusted service provider that it
// names, be meant for [IdP.SLOURL], be made within the last five minutes and not be over.
// It ends nothing: [IdP.AnswerLogout] does. What is refused is an [ErrLogout] or an
// [ErrUntrusted].
func (idp *IdP) ReadLogoutRequest(r *http.Request) (LogoutRequest, error) {
	root, in, err := idp.readLogout(r, fieldRequest, "LogoutRequest")
	if err != nil {
		return LogoutRequest{}, err
	}
	req := LogoutRequest{
		ID: attribute(root, "ID"), Issuer: issuerOf(root), RelayState: in.relayState, Binding: POST,
	}
	if in.redirect {
		req.Binding = Redirect
	}
	names := children(root, nsAssertion, "NameID")
	if len(names) != 1 {
		return LogoutRequest{}, fmt.Errorf("%w: %d NameIDs in clear instead of one", ErrLogout, len(names))
	}
	req.NameID = NameID{
		Value: text(names[0]), Format: attribute(names[0], "Format"),
		NameQualifier: attribute(names[0], "NameQualifier"), SPNameQualifier: attribute(names[0], "SPNameQualifier"),
	}
	for _, el := range children(root, nsProtocol, "SessionIndex") {
		req.SessionIndexes = append(req.SessionIndexes, text(el))
	}
	if end := attribute(root, "NotOnOrAfter"); end != "" {
		at, err := time.Parse(time.RFC3339, end)
		if err != nil || !idp.now().Before(at) {
			return LogoutRequest{}, fmt.Errorf("%w: it is over since %q", ErrLogout, end)
		}
	}
	return req, nil
}

// ReadLogoutResponse reads the LogoutResponse to a request of [IdP.StartLogout], once,
// with the checks of [IdP.ReadLogoutRequest], and forgets the session if it says that it
// has ended. What is refused is an [ErrLogout] or an [ErrUntrusted].
func (idp *IdP) ReadLogoutResponse(r *http.Request) (LogoutResponse, error) {
	root, in, err := idp.readLogout(r, fieldResponse, "LogoutResponse")
	if err != nil {
		return LogoutResponse{}, err
	}
	out := LogoutResponse{InResponseTo: attribute(root, "InResponseTo"), Issuer: issuerOf(root), RelayState: in.relayState}
	status := child(root, nsProtocol, "Status")
	if status == nil || child(status, nsProtocol, "StatusCode") == nil {
		return LogoutResponse{}, fmt.Errorf("%w: no StatusCode", ErrLogout)
	}
	code := child(status, nsProtocol, "StatusCode")
	second := child(code, nsProtocol, "StatusCode")
	out.Success = attribute(code, "Value") == statusSuccess && second == nil
	if second != nil {
		code = second
	}
	value := attribute(code, "Value")
	out.Status = value[strings.LastIndexByte(value, ':')+1:]
	idp.mu.Lock()
	session, asked := idp.started[out.InResponseTo]
	if asked = asked && session.SP == out.Issuer; asked {
		delete(idp.started, out.InResponseTo)
	}
	idp.mu.Unlock()
	if !asked {
		return LogoutResponse{}, fmt.Errorf("%w: it answers no request: %q", ErrLogout, out.InResponseTo)
	}
	out.Session = session
	if out.Success {
		idp.end(LogoutRequest{Issuer: session.SP, NameID: session.NameID, SessionIndexes: []string{session.Index}})
	}
	return out, nil
}

// readLogout returns a message that its signature covers.
func (idp *IdP) readLogout(r *http.Request, field, tag string) (*etree.Element, incoming, error) {
	in, err := receive(r, field)
	if err != nil {
		return nil, in, fmt.Errorf("%w: %w", ErrLogout, err)
	}
	root, err := parse(in.xml, maxRequest)
	if err != nil {
		return nil, in, fmt.Errorf("%w: %w", ErrLogout, err)
	}
	p, err := idp.provider(issuerOf(root))
	if err != nil {
		return nil, in, err
	}
	p.mustSign = true // profiles, sections 4.4.3.1 and 4.4.3.4
	if len(p.certificates) == 0 {
		return nil, in, fmt.Errorf("%w: %q lists no certificate that could verify it", ErrUntrusted, p.entityID)
	}
	if root, err = in.verify(root, p, idp.now()); err != nil {
		return nil, in, fmt.Errorf("%w: %w", ErrLogout, err)
	}
	if issuerOf(root) != p.entityID {
		return nil, in, fmt.Errorf("%w: the issuer is not what was signed", ErrLogout)
	}
	if err := idp.checkLogout(root, tag); err != nil {
		return nil, in, fmt.Errorf("%w: %w", ErrLogout, err)
	}
	return root, in, nil
}

func (idp *IdP) checkLogout(root *etree.Element, tag string) error {
	switch {
	case !is(root, nsProtocol, tag):
		return fmt.Errorf("a %q is not a %s", root.Tag, tag)
	case attribute(root, "Version") != "2.0":
		return fmt.Errorf("version %q", attribute(root, "Version"))
	case !isNCName(attribute(root, "ID")):
		return fmt.Errorf("ID %q is not an NCName", attribute(root, "ID"))
	case attribute(root, "Destination") != idp.SLOURL(): // which what is signed must have (bindings, 3.4.5.2 and 3.5.5.2)
		return fmt.Errorf("destination %q instead of %q", attribute(root, "Destination"), idp.SLOURL())
	}
	issued, err := time.Parse(time.RFC3339, attribute(root, "IssueInstant"))
	if err != nil {
		return errors.New("no IssueInstant")
	}
	if age := idp.now().Sub(issued); age > logoutAge || age < -logoutAge {
		return fmt.Errorf("it was made at %s", issued.UTC().Format(time.RFC3339))
	}
	return nil
}
