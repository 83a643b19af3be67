package accesssec

import (
	"context"
	"errors"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// mostChoices is among how many orgs a person is asked to choose.
const mostChoices = 100

// landing is where somebody comes in who was vouched for and wants no org: the one that ask
// names, whose connection it is, or one of those that have their sign-on from it. With more
// than one choice it is the person who decides, and the facts are of the first. joins: who is
// a member of none of them may become one.
func (s *Service) landing(ctx context.Context, r store.Reader, ask asking, joins bool) (facts, error) {
	linked, err := r.Orgs(ctx, store.OrgQuery{SSOFrom: ask.orgID, Paging: store.Paging{Limit: mostChoices}})
	if err != nil {
		return facts{}, err
	}
	home, err := s.facts(ctx, r, ask)
	if err != nil || len(linked.Items) == 0 {
		return home, err
	}
	var candidates []facts
	if home.in.Person.Role != "" {
		candidates = append(candidates, home)
	}
	theirs, err := s.membersOf(ctx, r, ask, home)
	if err != nil {
		return home, err
	}
	candidates = append(candidates, theirs...)
	if len(candidates) == 0 && joins && home.in.Target.IdPManaged {
		// A member of all, as soon as they come: they say where first.
		for _, org := range linked.Items {
			ask.orgID = org.ID
			f, err := s.facts(ctx, r, ask)
			if err != nil {
				return home, err
			}
			candidates = append(candidates, f)
		}
	}
	if len(candidates) == 0 {
		return home, nil
	}
	var open []facts
	var choices []OrgChoice
	for _, f := range candidates {
		if policy.Decide(f.in).Allow {
			open, choices = append(open, f), append(choices, OrgChoice{f.in.Target.ID, f.in.Target.Name})
		}
	}
	switch len(open) {
	case 0:
		return candidates[0], nil // and it says why not
	case 1:
		return open[0], nil
	}
	open[0].choices = choices
	return open[0], nil
}

// membersOf are the facts for each org that has its sign-on from the one that ask names, and
// that the person is a member of.
func (s *Service) membersOf(ctx context.Context, r store.Reader, ask asking, home facts) ([]facts, error) {
	if !home.in.Person.Known {
		return nil, nil
	}
	orgs, err := r.OrgsOf(ctx, home.user.ID)
	if err != nil {
		return nil, err
	}
	var out []facts
	for _, m := range orgs {
		if m.OrgID == ask.orgID || len(out) == mostChoices {
			continue
		}
		org, err := r.Org(ctx, m.OrgID)
		if errors.Is(err, store.ErrNotFound) || err == nil && org.SSOFrom != ask.orgID {
			continue
		} else if err != nil {
			return nil, err
		}
		each := ask
		each.orgID = m.OrgID
		f, err := s.facts(ctx, r, each)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// askOrg is for somebody who was vouched for and could go to several orgs: nothing is made
// and nothing is kept. The answer is used up, and their identity provider is asked again when
// they have chosen.
func (c *change) askOrg(ctx context.Context, a answered, f facts) (Step, error) {
	e := a.visit.by(audit.LoginOrgAsked, f.actor())
	e.Facts = []audit.Fact{fact("connection", a.conn.ID), fact("assertion", a.id.AssertionID), count("orgs", len(f.choices))}
	step := Step{Next: policy.NextOrg, Orgs: f.choices, Connection: a.conn.ID, After: SafePath(a.visit.After)}
	return step, c.record(ctx, a.conn.OrgID, e)
}
