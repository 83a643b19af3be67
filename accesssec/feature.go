package accesssec

import (
	"context"
	"fmt"

	"github.com/accesssec/accesssec-go/accesssec/audit"
)

// Feature is what a plan may lack. See Options.Entitled.
//
// A feature is asked for when it is switched on, and never again: not at a login, not
// for what is on already, not for switching it off, and not for keeping it going (new
// certificates, a domain that is claimed and still to be verified).
type Feature string

// The features that can be switched on.
const (
	FeatureDomains       Feature = "domains"        // claiming one
	FeatureSSO           Feature = "sso"            // making a connection, and activating one
	FeatureRequireSSO    Feature = "require_sso"    // Settings.RequireSSO
	FeatureIdPManaged    Feature = "idp_managed"    // Settings.IdPManaged
	FeatureBlockExternal Feature = "block_external" // Settings.BlockExternal
	FeatureRequireFactor Feature = "require_factor" // Settings.RequireFactor
	FeatureSCIM          Feature = "scim"           // making the first token for provisioning
	FeatureSharedSSO     Feature = "shared_sso"     // giving one's sign-on to another org, and having it from one
)

// entitled asks the host whether the org's plan has f. The host may ask a network, so
// no transaction is open here. An error is a fault: nobody knows, so nothing is
// switched on.
func (s *Service) entitled(ctx context.Context, orgID string, f Feature) (bool, error) {
	if s.opts.Entitled == nil {
		return true, nil
	}
	has, err := s.opts.Entitled(ctx, orgID, f)
	if err != nil {
		return false, fmt.Errorf("accesssec: whether %s is entitled to %s: %w", orgID, f, err)
	}
	return has, nil
}

// needs refuses what the org's plan does not have. Who may not act at all learns that
// first, and nothing of the plan. The transaction that follows authorises again.
func (a *Admin) needs(ctx context.Context, f Feature, need strength) error {
	if a.s.opts.Entitled == nil {
		return nil
	}
	by, err := a.authorise(ctx, a.s.store, need)
	if err != nil {
		return a.s.refused(ctx, err)
	}
	has, err := a.s.entitled(ctx, a.p.OrgID, f)
	if err != nil || has {
		return err
	}
	e := by.by(audit.ChangeRefused, thing(audit.KindOrg, a.p.OrgID, ""))
	e.Facts = []audit.Fact{fact("feature", string(f))}
	return a.s.refused(ctx, refuse(CodeNotEntitled, lacks(f)).inOrg(a.p.OrgID, e))
}

// plan is what the host has said of the features that a change of settings switches
// on. nil: the host has no plans, and every org has everything.
type plan map[Feature]bool

// planFor asks the host about all that next switches on.
func (a *Admin) planFor(ctx context.Context, next Settings, need strength) (plan, error) {
	if a.s.opts.Entitled == nil {
		return nil, nil
	}
	if _, err := a.authorise(ctx, a.s.store, need); err != nil {
		return nil, a.s.refused(ctx, err)
	}
	_, old, err := accessOf(ctx, a.s.store, a.p.OrgID)
	if err != nil {
		return nil, err
	}
	p := plan{}
	if next.Version != old.Version {
		return p, nil // consider refuses it
	}
	for _, f := range switchedOn(old.Settings, next) {
		if p[f], err = a.s.entitled(ctx, a.p.OrgID, f); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// findings are the features among on that the plan lacks. It refuses when the host was
// not asked about one of them: the settings were others when it was.
func (p plan) findings(on []Feature) ([]Finding, error) {
	if p == nil {
		return nil, nil
	}
	var out []Finding
	for _, f := range on {
		has, asked := p[f]
		if !asked {
			return nil, refuse(CodePreviewStale, "the settings were changed since the plan was looked at")
		}
		if !has {
			out = append(out, Finding{string(CodeNotEntitled), lacks(f), texts[CodeNotEntitled].fix})
		}
	}
	return out, nil
}

// switchedOn are the features that are off in old and on in next.
func switchedOn(old, next Settings) []Feature {
	var out []Feature
	for _, s := range []struct {
		feature Feature
		was, is bool
	}{
		{FeatureRequireSSO, old.RequireSSO, next.RequireSSO},
		{FeatureIdPManaged, old.IdPManaged, next.IdPManaged},
		{FeatureBlockExternal, old.BlockExternal, next.BlockExternal},
		{FeatureRequireFactor, old.RequireFactor, next.RequireFactor},
	} {
		if s.is && !s.was {
			out = append(out, s.feature)
		}
	}
	return out
}

func lacks(f Feature) string {
	return fmt.Sprintf("The organization's plan does not include %q.", string(f))
}
