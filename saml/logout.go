package saml

import (
	"time"
	"unicode/utf8"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

// logoutLife is how long a provider may take to look at a logout request of ours.
const logoutLife = 5 * time.Minute

const logoutInstant = "2006-01-02T15:04:05Z"

// LogoutOptions are for StartLogout. Nil asks for nothing.
type LogoutOptions struct {
	RelayState string // comes back with the answer: a handle as in StartOptions; "": none
}

// StartLogout asks the identity provider to end its own session, and the person's
// sessions at its other applications (saml-profiles 4.4). End the session here first:
// the provider may never answer. One whose IdP.SLO is zero has no single logout, and
// then there is nothing to start.
//
// name is the Identity.NameID of the sign-in as it was, with its format and qualifiers,
// and sessionIndex its SessionIndex, or "" when it had none: a provider that does not
// recognise them ends nothing. It returns the request to keep for ten minutes, and the
// step that sends the browser off. The request is always signed, so sp needs a key.
// The error is an *Error of CodeConfig.
func (sp *SP) StartLogout(idp *IdP, name NameID, sessionIndex string, opts *LogoutOptions, now time.Time) (Request, *Bounce, error) {
	req, b, err := sp.startLogout(idp, name, sessionIndex, opts, now)
	if err != nil {
		return Request{}, nil, err.ofLogout()
	}
	return req, b, nil
}

func (sp *SP) startLogout(idp *IdP, name NameID, sessionIndex string, opts *LogoutOptions, now time.Time) (Request, *Bounce, *Error) {
	signer, err := sp.logoutSigner(idp, now)
	if err != nil {
		return Request{}, nil, err
	}
	if err := checkName(name, sessionIndex); err != nil {
		return Request{}, nil, err
	}
	relay := ""
	if opts != nil {
		relay = opts.RelayState
	}
	if err := checkHandle(relay); err != nil {
		return Request{}, nil, err
	}
	req := newRequest(now)
	root := sp.logoutMessage("samlp:LogoutRequest", req.ID, idp.SLO.URL, now)
	root.CreateAttr("NotOnOrAfter", now.Add(logoutLife).UTC().Format(logoutInstant))
	el := root.CreateElement("saml:NameID")
	el.SetText(name.Value)
	for _, a := range []struct{ name, value string }{
		{"Format", name.Format}, {"NameQualifier", name.NameQualifier}, {"SPNameQualifier", name.SPNameQualifier},
	} {
		if a.value != "" {
			el.CreateAttr(a.name, a.value)
		}
	}
	if sessionIndex != "" {
		root.CreateElement("samlp:SessionIndex").SetText(sessionIndex)
	}
	out := outbound{root: root, field: fieldRequest, relay: relay, to: idp.SLO, purpose: signOut}
	b, err := out.bounce(signer)
	return req, b, err
}

// AnswerLogout is the step that sends the browser back with our answer to a logout
// request: done says whether the sessions it names are over. One that names none of
// ours is done as well, and so is one that comes a second time, whose ID has been burned.
// The answer is signed, repeats the RelayState of the request to
// the letter, and may be shown in a frame, where providers like to do this. The error
// is an *Error of CodeConfig; without an answer the sessions are over all the same.
func (sp *SP) AnswerLogout(idp *IdP, lo *Logout, done bool, now time.Time) (*Bounce, error) {
	b, err := sp.answerLogout(idp, lo, done, now)
	if err != nil {
		return nil, err.ofLogout()
	}
	return b, nil
}

func (sp *SP) answerLogout(idp *IdP, lo *Logout, done bool, now time.Time) (*Bounce, *Error) {
	signer, err := sp.logoutSigner(idp, now)
	if err != nil {
		return nil, err
	}
	if lo == nil || !engine.IsNCName(lo.ID) {
		return nil, refuse(CodeConfig, "a logout request that ReceiveLogout returned", "")
	}
	to := idp.SLO
	if idp.SLOResponseURL != "" {
		to.URL = idp.SLOResponseURL
	}
	if !isWebURL(to.URL) {
		return nil, refuse(CodeConfig, "an absolute http or https URL for answers to logout requests", to.URL)
	}
	root := sp.logoutMessage("samlp:LogoutResponse", newID("res-"), to.URL, now)
	root.CreateAttr("InResponseTo", lo.ID)
	code := root.CreateElement("samlp:Status").CreateElement("samlp:StatusCode")
	code.CreateAttr("Value", statusSuccess)
	if !done {
		code.CreateAttr("Value", statusSpace+"Responder")
		code.CreateElement("samlp:StatusCode").CreateAttr("Value", statusPartialLogout)
	}
	out := outbound{root: root, field: fieldResponse, relay: lo.RelayState, to: to, purpose: answer}
	return out.bounce(signer)
}

const statusPartialLogout = statusSpace + "PartialLogout"

// logoutSigner looks at everything that is ours before a logout message is written. It
// never returns a nil signer: a logout message that nobody signed is believed by nobody.
func (sp *SP) logoutSigner(idp *IdP, now time.Time) (*dsig.SigningContext, *Error) {
	if err := sp.checkLogout(now); err != nil {
		return nil, err
	}
	if idp == nil || !isWebURL(idp.SLO.URL) {
		return nil, refuse(CodeConfig, "an absolute http or https single logout URL of the identity provider", "")
	}
	signer, err := sp.signer()
	if err != nil {
		return nil, err
	}
	if signer == nil {
		return nil, refuse(CodeConfig, "a signing key, because logout messages have to be signed", "")
	}
	return signer, nil
}

// checkLogout is check with what single logout needs besides.
func (sp *SP) checkLogout(now time.Time) *Error {
	if err := sp.check(); err != nil {
		return err
	}
	if !isWebURL(sp.SLO) {
		return refuse(CodeConfig, "an absolute http or https single logout URL of the service provider", sp.SLO)
	}
	if now.IsZero() {
		return refuse(CodeConfig, "the time", "")
	}
	return nil
}

// logoutMessage is what every logout message begins with (saml-core 3.2.1, 3.2.2).
func (sp *SP) logoutMessage(tag, id, destination string, now time.Time) *etree.Element {
	root := etree.NewElement(tag)
	root.CreateAttr("xmlns:samlp", engine.ProtocolSpace)
	root.CreateAttr("xmlns:saml", engine.AssertionSpace)
	root.CreateAttr("ID", id)
	root.CreateAttr("Version", "2.0")
	root.CreateAttr("IssueInstant", now.UTC().Format(logoutInstant))
	root.CreateAttr("Destination", destination)
	root.CreateElement("saml:Issuer").SetText(sp.EntityID)
	return root
}

// checkName refuses a name that no sign-in has returned.
func checkName(name NameID, sessionIndex string) *Error {
	if name.Value == "" {
		return refuse(CodeConfig, "the NameID of a sign-in", "")
	}
	for _, v := range []string{name.Value, name.Format, name.NameQualifier, name.SPNameQualifier, sessionIndex} {
		if err := usable("NameID and SessionIndex", v, maxIdentifier); err != nil || !utf8.ValidString(v) {
			return refuse(CodeConfig, "a NameID and a SessionIndex of a sign-in", v)
		}
		for _, r := range v {
			if r == '\uFFFE' || r == '\uFFFF' {
				return refuse(CodeConfig, "a NameID and a SessionIndex that XML can hold", v)
			}
		}
	}
	return nil
}
