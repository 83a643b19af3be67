package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// An identity provider that has got the new token shows the one of before no more after this long,
// also where it comes by only every 40 minutes.
const scimTokenChanges = time.Hour

// lookAfterSCIMTokens tells of tokens that are about to end: provisioning stops with them, and
// nobody notices until somebody who has left the customer still gets in.
func (s *Service) lookAfterSCIMTokens(ctx context.Context, _ leased) (result, error) {
	return s.eachOrg(ctx, "tokens", s.lookAfterSCIM)
}

func (s *Service) lookAfterSCIM(ctx context.Context, org store.Org) (int, error) {
	if org.SSOFrom != "" { // its tokens are refused, all of them
		return 0, nil
	}
	if due, err := endingTokens(ctx, s.store, org.ID, s.now()); err != nil || len(due) == 0 {
		return 0, err
	}
	err := s.change(ctx, func(c *change) error {
		due, err := endingTokens(ctx, c, org.ID, c.now)
		if err != nil {
			return err
		}
		if len(due) == 0 {
			return errNothingDue
		}
		for _, t := range due {
			if err := s.tellEndingToken(ctx, c, t); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errNothingDue) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	return 1, nil
}

// endingToken is one that its org is to be told of.
type endingToken struct {
	kept[scimToken]
	days     int  // of which notice is to be given
	replaced bool // there is one that lasts longer; the identity provider shows this one nonetheless
}

// endingTokens are those of an org that a notice is due of.
func endingTokens(ctx context.Context, r store.Reader, orgID string, now time.Time) ([]endingToken, error) {
	tokens, err := scimTokensOf(ctx, r, orgID)
	if err != nil {
		return nil, err
	}
	var out []endingToken
	for _, k := range tokens {
		days := k.Value.notice(k.At, now)
		if days == 0 || k.Value.Told != 0 && k.Value.Told <= days {
			continue
		}
		next, replaced := successor(tokens, k)
		if replaced {
			use, err := scimUses.get(ctx, r, orgID, k.ID)
			if err := unless(err, store.ErrNotFound); err != nil {
				return nil, err
			}
			if !use.Value.LastUsedAt.After(next.Add(scimTokenChanges)) {
				continue
			}
		}
		if k.Value.Org != "" {
			to, err := r.Org(ctx, k.Value.Org)
			if err := unless(err, store.ErrNotFound); err != nil {
				return nil, err
			}
			if to.SSOFrom != orgID {
				continue
			}
		}
		out = append(out, endingToken{k, days, replaced})
	}
	return out, nil
}

// notice is the smallest number of days that the token's end is within; 0 when there is time, or
// none. Who makes a token for a week knows that it ends in one.
func (t scimToken) notice(made, now time.Time) int {
	if t.Ends.IsZero() || t.over(now) {
		return 0
	}
	for _, days := range []int{1, 7, 14} {
		if d := time.Duration(days) * 24 * time.Hour; t.Ends.Sub(now) <= d {
			if t.Ends.Sub(made) < 2*d {
				return 0
			}
			return days
		}
	}
	return 0
}

// successor is since when there is another token for the same org that lasts longer.
func successor(tokens []kept[scimToken], of kept[scimToken]) (since time.Time, ok bool) {
	for _, k := range tokens { // oldest first
		if k.ID != of.ID && k.Value.Org == of.Value.Org && (k.Value.Ends.IsZero() || k.Value.Ends.After(of.Value.Ends)) {
			return latest(of.At, k.At), true
		}
	}
	return time.Time{}, false
}

// tellEndingToken remembers that it was told, records it and tells: also the linked org that it
// provisions.
func (s *Service) tellEndingToken(ctx context.Context, c *change, t endingToken) error {
	t.Value.Told = t.days
	if err := scimTokens.put(ctx, c, t.kept); err != nil {
		return err
	}
	e := bySystem(audit.SCIMTokenExpiring, thing(audit.KindSCIMToken, t.ID, t.Value.Name))
	left := int(t.Value.Ends.Sub(c.now) / (24 * time.Hour))
	e.Facts = []audit.Fact{fact("ends", endOfSCIM(t.Value)), count("days_left", left)}
	advice := "From then on nobody is made, changed or kept out by provisioning. Make a new token, with an overlap, and put it into the provisioning settings of the identity provider before that"
	if t.replaced {
		e.Reason = "replaced"
		advice = "Another token was made in its place, but the identity provider still shows this one. Put the new one into its provisioning settings before that"
	}
	if t.Value.Org != "" {
		e.Facts = append(e.Facts, fact("provisions", t.Value.Org))
	}
	for _, orgID := range []string{t.OrgID, t.Value.Org} {
		if orgID == "" {
			continue
		}
		if err := c.record(ctx, orgID, e); err != nil {
			return err
		}
		if err := s.notifyAdmins(ctx, c, message{template: TemplateSCIMTokenExpiring, orgID: orgID, values: map[string]string{
			"token": t.Value.called(), "ends": endsIn(t.days, left), "until": endOfSCIM(t.Value), "advice": advice,
		}}); err != nil {
			return err
		}
	}
	return nil
}
