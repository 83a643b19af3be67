package accesssec

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// scimCaller is who calls: one token of one org, with the settings of when the request came.
// A preview is one without a token.
type scimCaller struct {
	orgID              string // that is provisioned
	fromID             string // whose token it is, and whose domains count: orgID, or the org that it has its sign-on from
	tokenID, tokenName string
	token              *kept[scimToken]
	settings           scimSettings
}

// scimBearer is whose token it is.
type scimBearer struct {
	orgID, tokenID string
	forgotten      time.Time // when the token is; zero: never

	token *kept[scimToken] // as it was when it was last looked up; nil: not known
}

// provisions is the org whose people the token is for.
func (b scimBearer) provisions() string {
	if b.token != nil && b.token.Value.Org != "" {
		return b.token.Value.Org
	}
	return b.orgID
}

// does starts an event of what the caller does.
func (by scimCaller) does(t audit.Type, targets ...audit.Target) audit.Event {
	e := audit.Event{
		Type: t, Actor: audit.Actor{Kind: audit.KindSCIMToken, ID: by.tokenID}, Targets: targets, Outcome: audit.Success,
		Facts: append(make([]audit.Fact, 0, 4), fact("token", by.tokenName)), // and more are put to it
	}
	if by.fromID != by.orgID {
		e.Facts = append(e.Facts, fact("sign_on_of", by.fromID))
	}
	return e
}

// bearer is the token of a request: in the one Authorization header, and nowhere else
// (RFC 6750, section 2.1). URLs stand in logs.
func bearer(h http.Header) (string, bool) {
	values := h.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	return strings.Trim(token, " "), ok && strings.EqualFold(scheme, "Bearer")
}

// What a client hears whose token is none, or none any more. It says nothing of any org.
func noSCIMToken() *scim.Error {
	return &scim.Error{Status: http.StatusUnauthorized, Detail: "The request needs a bearer token that is good. See that the whole token was copied into the provisioning settings."}
}

func endedSCIMToken() *scim.Error {
	return &scim.Error{Status: http.StatusUnauthorized, Detail: "This token has ended: it was revoked, replaced or has expired. Put the one that is good by now into the provisioning settings, or make a new one."}
}

func restingSCIM() *scim.Error {
	return &scim.Error{Status: http.StatusForbidden, Detail: "This organization has its sign-on from another one, and is provisioned there. Its own provisioning rests until that link ends."}
}

func unlinkedSCIM() *scim.Error {
	return &scim.Error{Status: http.StatusForbidden, Detail: "This token is for an organization that had its sign-on from the one that made it, and has no more."}
}

// stillGood is whether the caller may still act, by what r says: nil, or a *scim.Error. Whoever
// writes asks it in the transaction that writes, so that a token that has ended writes nothing
// any more. Other errors are the store's.
func (s *Service) stillGood(ctx context.Context, r store.Reader, by scimCaller) error {
	if by.tokenID == "" {
		return nil
	}
	doc, err := r.Doc(ctx, scimTokens.kind, by.fromID, by.tokenID)
	k, err := scimTokens.reread(doc, err, by.token)
	if errors.Is(err, store.ErrNotFound) || err == nil && k.Value.over(s.now()) {
		return endedSCIMToken()
	} else if err != nil {
		return err
	}
	return provisioned(ctx, r, by.fromID, by.orgID)
}

// provisioned refuses for an org that is gone, or that the one with the token does not provision:
// each does that for itself, and for those that have their sign-on from it.
func provisioned(ctx context.Context, r store.Reader, fromID, orgID string) error {
	org, err := r.Org(ctx, orgID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return endedSCIMToken()
	case err != nil:
		return err
	case fromID == orgID && org.SSOFrom != "":
		return restingSCIM()
	case fromID != orgID && org.SSOFrom != fromID:
		return unlinkedSCIM()
	}
	return nil
}
