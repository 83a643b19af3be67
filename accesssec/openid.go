package accesssec

import (
	"context"
	"errors"
	"net/url"
)

// OpenID is an OpenID provider, as the host talks to it (OpenID Connect Core 1.0, section 3.1:
// the code flow). What binds an answer to the browser that asked is made and checked here; the
// host's part is the address, the exchange of the code, and the check of the ID token's
// signature, issuer, audience, times and nonce. It is called by several requests at once,
// outside of any transaction.
type OpenID interface {
	// AuthURL is where the browser is sent. state, nonce and challenge go into it as they are;
	// challenge is that of PKCE (RFC 7636), by S256. With fresh the person is to prove
	// themselves anew (max_age=0).
	AuthURL(state, nonce, challenge string, fresh bool) string
	// Exchange trades the code for an ID token, and verifies it: with that nonce, or it is an
	// error. verifier is what challenge was made of.
	Exchange(ctx context.Context, code, verifier, nonce string) (OpenIDClaims, error)
}

// OpenIDClaims are what a verified ID token says.
type OpenIDClaims struct {
	Issuer, Subject string // which never change, and are never another's
	Address         string
	// Verified is email_verified, as the JSON value true and nothing else: not "true", not 1.
	Verified            bool
	FirstName, LastName string
	AuthTime            int64 // auth_time in seconds since 1970; 0 unknown
}

// StartGoogle sends the browser to the OpenID provider: Step.URL. What comes back is believed
// once, within ten minutes, and in this browser alone.
func (i *SignIn) StartGoogle(ctx context.Context, v Visit) (Step, error) {
	return Step{}, errors.ErrUnsupported
}

// FinishGoogle takes the query with which the OpenID provider has sent the browser back.
//
// Who has signed in by it before is known by issuer and subject, and by nothing else. Of anybody
// else the provider has to say that the address is verified. Where there is no account one is
// made, unless Options.InviteOnly. An account that nobody has proven is emptied first. One that
// somebody has proven is not signed in to: Step.Next is policy.NextLink, and in this browser,
// within ten minutes, whoever signs in to that account in another way may link the two
// ([Me.PendingLogin], [Me.LinkLogin]).
func (i *SignIn) FinishGoogle(ctx context.Context, v Visit, query url.Values) (Step, error) {
	return Step{}, errors.ErrUnsupported
}

// Login is an identity elsewhere by which a person can sign in.
type Login struct {
	ID      string
	Issuer  string // "https://accounts.google.com"
	Address string // there, when it was linked
}

// PendingLogin is what waits in this browser to be linked to the account that is signed in to:
// CodeNotFound, nothing.
func (m *Me) PendingLogin(ctx context.Context, v Visit) (Login, error) {
	return Login{}, errors.ErrUnsupported
}

// LinkLogin links what [Me.PendingLogin] shows. It wants a proof from the last five minutes,
// which the sign-in is that has just been made.
func (m *Me) LinkLogin(ctx context.Context, v Visit) error { return errors.ErrUnsupported }

// Logins are the person's, and UnlinkLogin takes one away: with a proof ([Me.Prove]).
func (m *Me) Logins(ctx context.Context) ([]Login, error) { return nil, errors.ErrUnsupported }

// UnlinkLogin: see Logins.
func (m *Me) UnlinkLogin(ctx context.Context, id string) error { return errors.ErrUnsupported }
