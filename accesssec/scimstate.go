package accesssec

import (
	"context"
	"errors"
	"slices"

	"github.com/accesssec/accesssec-go/store"
)

// SCIMState is how an org is provisioned, for the page that an Owner or Admin sees.
type SCIMState struct {
	BaseURL  string // what the customer copies into the identity provider
	Settings SCIMSettings
	Tokens   []SCIMToken   // newest first; those that ended within the last 30 days as well
	Requests []SCIMRequest // the newest ten of [Admin.SCIMRequests]
	// Resting is the org that this one has its sign-on from, and is provisioned in; zero: none.
	// Then tokens of this org are refused.
	Resting OrgChoice
}

// SCIM is how the org is provisioned, with what came with each token. It is for Owners and
// Admins.
func (a *Admin) SCIM(ctx context.Context) (SCIMState, error) {
	if err := a.allowed(ctx); err != nil {
		return SCIMState{}, err
	}
	s := a.s
	s.scim.flush(ctx, s)
	out := SCIMState{BaseURL: s.scimBase(), Tokens: []SCIMToken{}}
	org, err := s.store.Org(ctx, a.p.OrgID)
	if err != nil {
		return SCIMState{}, err
	}
	if org.SSOFrom != "" {
		if out.Resting, err = choice(ctx, s.store, org.SSOFrom); err != nil {
			return SCIMState{}, err
		}
	}
	settings, err := scimSettingsOf(ctx, s.store, org.ID)
	if err != nil {
		return SCIMState{}, err
	}
	out.Settings = settings.Value.shown(settings.Version)
	tokens, err := scimTokensOf(ctx, s.store, org.ID)
	if err != nil {
		return SCIMState{}, err
	}
	for _, k := range slices.Backward(tokens) {
		t := scimTokenOf(k, s.now())
		use, err := scimUses.get(ctx, s.store, org.ID, k.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return SCIMState{}, err
		}
		t.SCIMUse = use.Value
		out.Tokens = append(out.Tokens, t)
	}
	page, err := s.scimRequests(ctx, org.ID, SCIMRequestQuery{Paging: store.Paging{Limit: 10}})
	if err != nil {
		return SCIMState{}, err
	}
	out.Requests = page.Items
	return out, nil
}
