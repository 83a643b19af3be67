package saml

import (
	"crypto/rand"
	"encoding/base32"
	"strconv"
	"strings"
	"time"
)

// Request is what to keep between Start and Finish, or between StartLogout and
// FinishLogout: once, for the browser that got the Bounce. Its JSON is stable.
type Request struct {
	ID        string    `json:"id"`         // an NCName, "req-" and lower-case base32, 160 random bits
	ExpiresAt time.Time `json:"expires_at"` // Finish and FinishLogout refuse it from then on
}

func newRequest(now time.Time) Request {
	return Request{ID: newID("req-"), ExpiresAt: now.Add(requestLife).UTC()}
}

// newID is an NCName nobody can guess.
func newID(prefix string) string {
	var b [20]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return prefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// StartOptions are wishes to the identity provider (saml-core 3.4.1). Nil asks for
// nothing, which is best: many providers fail a sign-in that asks for another NameID
// format or another way to authenticate than they are set to.
type StartOptions struct {
	ForceAuthn   bool     // ask for the credentials again even within a session
	IsPassive    bool     // refuse instead of showing a page
	NameIDFormat string   // Format of the NameIDPolicy, a URI; "": no NameIDPolicy
	AuthnContext []string // class references of a RequestedAuthnContext, of which one has to be met exactly; empty: none; at most 16
	RelayState   string   // comes back with the response: a handle of at most 80 bytes of A-Z a-z 0-9 - . _ ~, so never a URL; "": none
}

const (
	maxContexts   = 16
	maxRelayState = 80 // saml-bindings 3.4.3
)

// check refuses what no provider could take, or what nobody should be sent.
func (o *StartOptions) check() *Error {
	if o.NameIDFormat != "" && !isReference(o.NameIDFormat) {
		return refuse(CodeConfig, "a NameID format as a URI", o.NameIDFormat)
	}
	if len(o.AuthnContext) > maxContexts {
		return refuse(CodeConfig, "at most "+strconv.Itoa(maxContexts)+" authentication contexts", strconv.Itoa(len(o.AuthnContext)))
	}
	for _, class := range o.AuthnContext {
		if !isReference(class) {
			return refuse(CodeConfig, "an authentication context as a URI", class)
		}
	}
	return checkHandle(o.RelayState)
}

// isReference accepts what may stand in a URI, without looking at its parts.
func isReference(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7F {
			return false
		}
	}
	return s != "" && len(s) <= maxIdentifier
}

// checkHandle refuses a RelayState that could be anything but a handle. "" is none.
func checkHandle(s string) *Error {
	if s != "" && !isHandle(s) {
		return refuse(CodeConfig, "a RelayState of at most 80 letters, digits, hyphens, dots, underscores and tildes", s)
	}
	return nil
}

// isHandle holds RelayState to the unreserved characters of RFC 3986. A URL has at
// least a slash or a colon, so none can pass for a place to send somebody to.
func isHandle(s string) bool {
	for _, c := range []byte(s) {
		if !isLetter(c) && !isDigit(c) && c != '-' && c != '.' && c != '_' && c != '~' {
			return false
		}
	}
	return s != "" && len(s) <= maxRelayState
}

// handle is s, or "" when it is none.
func handle(s string) string {
	if isHandle(s) {
		return s
	}
	return ""
}

// Start returns the request to keep for ten minutes and the step that sends the
// browser off. It signs when sp has a key. The error is an *Error of CodeConfig.
func (sp *SP) Start(idp *IdP, opts *StartOptions, now time.Time) (Request, *Bounce, error) {
	req, b, err := sp.start(idp, opts, now)
	if err != nil {
		return Request{}, nil, err
	}
	return req, b, nil
}

func (sp *SP) start(idp *IdP, opts *StartOptions, now time.Time) (Request, *Bounce, *Error) {
	if err := sp.check(); err != nil {
		return Request{}, nil, err
	}
	if idp == nil || !isWebURL(idp.SSO.URL) {
		return Request{}, nil, refuse(CodeConfig, "an absolute http or https sign-in URL of the identity provider", "")
	}
	if idp.SignRequests && len(sp.Keys) == 0 {
		return Request{}, nil, refuse(CodeConfig, "a signing key, because the identity provider wants signed requests", "")
	}
	if opts == nil {
		opts = &StartOptions{}
	}
	if err := opts.check(); err != nil {
		return Request{}, nil, err
	}
	signer, err := sp.signer()
	if err != nil {
		return Request{}, nil, err
	}
	req := newRequest(now)
	root, err := sp.authnRequest(idp, opts, req, now)
	if err != nil {
		return Request{}, nil, err
	}
	out := outbound{root: root, field: fieldRequest, relay: opts.RelayState, to: idp.SSO, purpose: signIn}
	b, err := out.bounce(signer)
	return req, b, err
}
