package saml

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
	"time"
)

// Request is what to keep between Start and Finish: once, for the browser that got
// the Bounce. Its JSON is stable.
type Request struct {
	ID        string    `json:"id"`         // an NCName, "req-" and lower-case base32, 160 random bits
	ExpiresAt time.Time `json:"expires_at"` // Finish refuses it from then on
}

func newRequest(now time.Time) Request {
	var b [20]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	id := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
	return Request{ID: "req-" + id, ExpiresAt: now.Add(requestLife).UTC()}
}

// StartOptions are wishes to the identity provider (saml-core 3.4.1). Nil asks for
// nothing.
type StartOptions struct {
	ForceAuthn bool // ask for the credentials again even within a session
	IsPassive  bool // refuse instead of showing a page
}

// Start returns the request to keep for ten minutes and the step that sends the
// browser off. It signs when sp has a key. The error is an *Error of CodeConfig.
func (sp *SP) Start(idp *IdP, opts *StartOptions, now time.Time) (Request, *Bounce, error) {
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
	req := newRequest(now)
	var b *Bounce
	var err *Error
	switch idp.SSO.Binding {
	case Redirect, "":
		b, err = sp.redirect(idp, opts, req, now)
	case POST:
		b, err = sp.form(idp, opts, req, now)
	default:
		err = refuse(CodeConfig, "binding redirect or post", string(idp.SSO.Binding))
	}
	if err != nil {
		return Request{}, nil, err
	}
	return req, b, nil
}
