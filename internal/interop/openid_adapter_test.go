package interop_test

// region adapter
import (
	"context"
	"errors"
	"fmt"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/accesssec/accesssec-go/accesssec"
)

// OpenID is accesssec.Options.Google by github.com/coreos/go-oidc/v3 and golang.org/x/oauth2.
type OpenID struct {
	config   oauth2.Config
	verifier *oidc.IDTokenVerifier
}

// NewOpenID reads what the provider says of itself: issuer is "https://accounts.google.com" for
// Google's. callback is origin + Service.Path() + "google/callback", and has to be typed in
// there as it is.
func NewOpenID(ctx context.Context, issuer, clientID, clientSecret, callback string) (*OpenID, error) {
	p, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	return &OpenID{
		config: oauth2.Config{
			ClientID: clientID, ClientSecret: clientSecret, Endpoint: p.Endpoint(), RedirectURL: callback,
			Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
		},
		verifier: p.Verifier(&oidc.Config{ClientID: clientID}),
	}, nil
}

func (p *OpenID) AuthURL(state, nonce, challenge string, fresh bool) string {
	opts := []oauth2.AuthCodeOption{
		oidc.Nonce(nonce),
		oauth2.SetAuthURLParam("code_challenge", challenge),
		oauth2.SetAuthURLParam("code_challenge_method", "S256"),
	}
	if fresh {
		opts = append(opts, oauth2.SetAuthURLParam("max_age", "0"))
	}
	return p.config.AuthCodeURL(state, opts...)
}

func (p *OpenID) Exchange(ctx context.Context, code, verifier, nonce string) (accesssec.OpenIDClaims, error) {
	none := accesssec.OpenIDClaims{}
	token, err := p.config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	var said *oauth2.RetrieveError
	if errors.As(err, &said) {
		return none, fmt.Errorf("token endpoint: %q", said.ErrorCode) // not its body, which may hold tokens
	} else if err != nil {
		return none, err
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return none, errors.New("no ID token")
	}
	id, err := p.verifier.Verify(ctx, raw) // signature, issuer, audience, expiry
	if err != nil {
		return none, err
	}
	if id.Nonce != nonce {
		return none, errors.New("the ID token has another nonce")
	}
	var c struct {
		Email     string `json:"email"`
		Verified  bool   `json:"email_verified"` // a string is an error here, and so it should be
		FirstName string `json:"given_name"`
		LastName  string `json:"family_name"`
		AuthTime  int64  `json:"auth_time"`
	}
	if err := id.Claims(&c); err != nil {
		return none, err
	}
	return accesssec.OpenIDClaims{
		Issuer: id.Issuer, Subject: id.Subject, Address: c.Email, Verified: c.Verified,
		FirstName: c.FirstName, LastName: c.LastName, AuthTime: c.AuthTime,
	}, nil
}

// endregion
