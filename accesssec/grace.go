package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// grace says that a member has come in since their org requires a second factor: the next time
// they need one.
type grace struct {
	Since time.Time `json:"since"` // access.FactorOn of then: a new switch counts anew
}

var graces = collection[grace]{"grace"} // of an org, by the person's id

// longestGrace is how far ahead Settings.FactorFrom may lie.
const longestGrace = 90 * 24 * time.Hour

// counts reports whether a sign-in by the method is one that the org's second factor is about.
func (f facts) counts() bool {
	t := f.in.Target
	return t != nil && t.RequireFactor && t.SSO != policy.SSOActive && f.in.Attempt.Method.Own() &&
		f.in.Person.Role != "" && !f.in.Person.Suspended
}

// graced finds out whether the person, who is a member or invited to be one, may come in without
// the second factor that the org requires: until the day that it has set, else once.
func (f *facts) graced(ctx context.Context, r store.Reader, now time.Time) error {
	if f.in.Target == nil || !f.in.Target.RequireFactor || f.in.Person.Role == "" && f.in.Person.Invited == "" {
		return nil
	}
	if until := f.access.FactorFrom; !until.IsZero() {
		f.in.Person.Grace = now.Before(until)
		return nil
	}
	k, err := graces.get(ctx, r, f.in.Target.ID, f.user.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && !k.Value.Since.Equal(f.access.FactorOn) {
		f.in.Person.Grace = true
		return nil
	}
	return err
}

// spend counts a sign-in, by whichever way of the person's own: there is one without a second
// factor, and none after it. It stands in the transaction that makes the session, so that of two
// sign-ins at once one is the first.
func (c *change) spend(ctx context.Context, f facts) error {
	if !f.counts() {
		return nil
	}
	return c.spendIn(ctx, f.in.Target.ID, f.user.ID, f.access.FactorOn)
}

func (c *change) spendIn(ctx context.Context, orgID, userID string, since time.Time) error {
	k, err := graces.get(ctx, c, orgID, userID)
	if errors.Is(err, store.ErrNotFound) {
		k = graces.fresh(orgID, userID, "", c.now, time.Time{}, grace{})
		k.Owner = userID
	} else if err != nil || k.Value.Since.Equal(since) {
		return err
	}
	k.Value.Since = since
	return graces.put(ctx, c, k)
}

// spendAll is for who takes their factor away: where one is required they have had their time
// without.
func (c *change) spendAll(ctx context.Context, userID string) error {
	orgs, err := c.OrgsOf(ctx, userID)
	if err != nil {
		return err
	}
	for _, m := range orgs {
		_, acc, err := accessOf(ctx, c, m.OrgID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err == nil && acc.RequireFactor {
			err = c.spendIn(ctx, m.OrgID, userID, acc.FactorOn)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
