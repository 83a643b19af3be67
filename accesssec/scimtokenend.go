package accesssec

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// endSCIMToken says when a token ends, and when it is forgotten.
func endSCIMToken(k *kept[scimToken], at time.Time) {
	k.Value.Ends, k.Value.Told = at.UTC().Truncate(time.Microsecond), 0
	k.ExpiresAt = k.Value.Ends.Add(endedSCIMTokenFor)
}

// endOfSCIM is when a token ends, as people read it.
func endOfSCIM(t scimToken) string {
	if t.Ends.IsZero() {
		return "never"
	}
	return noticeTime(t.Ends)
}

// called is how people know a token.
func (t scimToken) called() string {
	if t.Name == "" {
		return t.Begins + "..."
	}
	return t.Name + " (" + t.Begins + "...)"
}

// scimTokensOf lists an org's tokens, oldest first: those that are good, and some that have
// ended lately. There are few: see endSCIMTokens.
func scimTokensOf(ctx context.Context, r store.Reader, orgID string) ([]kept[scimToken], error) {
	page, err := scimTokens.list(ctx, r, orgID, store.DocQuery{Paging: store.Paging{Limit: 1000}})
	return page.Items, err
}

// endSCIMTokens has all tokens that are good for that org ("" the one that they are of) end by
// then, counts them, and makes room for one more: it refuses when ten for that org would go on, and forgets
// those that ended longest ago.
func (c *change) endSCIMTokens(ctx context.Context, orgID, into string, by time.Time) (int, error) {
	tokens, err := scimTokensOf(ctx, c, orgID)
	if err != nil {
		return 0, err
	}
	var over []kept[scimToken]
	good, elsewhere, ended := 0, 0, 0
	for _, k := range tokens {
		if k.Value.over(c.now) {
			over = append(over, k)
			continue
		}
		if k.Value.Org != into {
			elsewhere++
			continue
		}
		if k.Value.Ends.IsZero() || by.Before(k.Value.Ends) {
			endSCIMToken(&k, by)
			if err := c.putSCIMToken(ctx, k); err != nil {
				return 0, err
			}
		}
		ended++
		if !k.Value.over(c.now) {
			good++
		}
	}
	if good >= mostSCIMTokens || good+elsewhere >= mostSCIMTokensInAll {
		return 0, refuse(CodeRoleLimit, "ten tokens for that organization are good at the moment, or five hundred in all: revoke one, or let the others end at once")
	}
	slices.SortStableFunc(over, func(x, y kept[scimToken]) int { return x.Value.Ends.Compare(y.Value.Ends) })
	for len(over) > mostEndedSCIMTokens {
		if err := c.DeleteDoc(ctx, scimTokens.kind, orgID, over[0].ID); err != nil {
			return 0, err
		}
		if err := unless(c.DeleteDoc(ctx, scimUses.kind, orgID, over[0].ID), store.ErrNotFound); err != nil {
			return 0, err
		}
		over = over[1:]
	}
	return ended, nil
}

// putSCIMToken keeps a token that was changed. What is known of its use is forgotten with it.
func (c *change) putSCIMToken(ctx context.Context, k kept[scimToken]) error {
	if err := scimTokens.put(ctx, c, k); err != nil {
		return err
	}
	use, err := scimUses.get(ctx, c, k.OrgID, k.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	use.ExpiresAt = k.ExpiresAt
	return scimUses.put(ctx, c, use)
}

// RevokeSCIMToken ends a token at once: also a request that is being served with it changes
// nothing any more. It is for Owners and Admins. One that is not there is CodeNotFound; one
// that has ended already stays as it is.
func (a *Admin) RevokeSCIMToken(ctx context.Context, id string) error {
	err := a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, asIs)
		if err != nil {
			return err
		}
		k, err := scimTokens.get(ctx, c, a.p.OrgID, id)
		e := by.by(audit.SCIMTokenRevoked, thing(audit.KindSCIMToken, id, k.Value.Name))
		if err != nil {
			return refusedAs(gone(err), a.p.OrgID, e)
		}
		if k.Value.over(c.now) {
			return errSettled
		}
		endSCIMToken(&k, c.now)
		if err := c.putSCIMToken(ctx, k); err != nil {
			return err
		}
		return a.tellSCIMToken(ctx, c, by, k.Value, e, TemplateSCIMTokenRevoked, map[string]string{"token": k.Value.called()})
	})
	return unless(err, errSettled)
}

// tellSCIMToken records what became of a token, and tells: also the linked org that it provisions.
func (a *Admin) tellSCIMToken(ctx context.Context, c *change, by acting, k scimToken, e audit.Event, t Template, values map[string]string) error {
	if k.Org != "" {
		e.Facts = append(e.Facts, fact("provisions", k.Org))
	}
	if err := c.record(ctx, a.p.OrgID, e); err != nil {
		return err
	}
	if err := a.tellSCIM(ctx, c, by, t, values); err != nil || k.Org == "" {
		return err
	}
	if err := c.record(ctx, k.Org, e); err != nil {
		return err
	}
	return a.s.notifyAdmins(ctx, c, message{template: t, orgID: k.Org, values: values})
}

// endLinkedSCIM ends the tokens by which one org provisions another, when that has its sign-on
// from it no more.
func (c *change) endLinkedSCIM(ctx context.Context, from, orgID string) error {
	tokens, err := scimTokensOf(ctx, c, from)
	if err != nil {
		return err
	}
	for _, k := range tokens {
		if k.Value.Org != orgID || k.Value.over(c.now) {
			continue
		}
		endSCIMToken(&k, c.now)
		if err := c.putSCIMToken(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// tellSCIM tells the Owners and Admins of a change of how the org is provisioned.
func (a *Admin) tellSCIM(ctx context.Context, c *change, by acting, t Template, values map[string]string) error {
	values["by"] = by.named()
	return a.s.notifyAdmins(ctx, c, message{template: t, orgID: a.p.OrgID, values: values})
}
