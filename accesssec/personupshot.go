package accesssec

import (
	"context"
	"maps"
	"slices"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// upshot is what became of a person in one org, for its log.
type upshot struct {
	ended, rewritten, entries int
	roles                     []audit.Change
	browsers, factor, logins  bool
	past                      bool
}

// carryOut does what the review calls for, and records it org by org.
func (c *change) carryOut(ctx context.Context, v review) error {
	if err := c.carryOutSessions(ctx, v); err != nil {
		return err
	}
	if v.browsers {
		if err := c.forgetBrowsers(ctx, v.userID); err != nil {
			return err
		}
	}
	if v.factor {
		if err := c.dropFactor(ctx, v.userID, ""); err != nil {
			return err
		}
	}
	if v.logins {
		if err := c.dropLogins(ctx, v.userID); err != nil {
			return err
		}
	}
	if v.past {
		if err := c.forgetPast(ctx, v.userID); err != nil {
			return err
		}
	}
	for _, e := range v.entries {
		if err := c.carryOutEntry(ctx, v.user, e); err != nil {
			return err
		}
	}
	upshots := v.upshots()
	for _, orgID := range slices.Sorted(maps.Keys(upshots)) {
		if err := c.record(ctx, orgID, v.event(*upshots[orgID])); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) carryOutSessions(ctx context.Context, v review) error {
	if v.reason != "" && len(v.ends) > 0 {
		_, err := c.DeleteSessions(ctx, store.SessionQuery{UserID: v.userID})
		return err
	}
	for _, ses := range v.ends {
		if _, err := c.DeleteSessions(ctx, store.SessionQuery{UserID: v.userID, ID: ses.ID}); err != nil {
			return err
		}
	}
	for _, ses := range v.rewrites {
		if err := c.UpdateSession(ctx, ses); err != nil {
			return err
		}
	}
	return nil
}

// upshots are by the org in whose log they belong.
func (v review) upshots() map[string]*upshot {
	out := map[string]*upshot{}
	in := func(orgID string) *upshot {
		if orgID == "" {
			orgID = v.home
		}
		if out[orgID] == nil {
			out[orgID] = &upshot{}
		}
		return out[orgID]
	}
	for _, ses := range v.ends {
		in(ses.OrgID).ended++
	}
	for _, ses := range v.rewrites {
		u := in(ses.OrgID)
		u.rewritten++
		role := audit.Change{Field: "role", Old: v.was[ses.ID], New: ses.Role}
		if !slices.Contains(u.roles, role) {
			u.roles = append(u.roles, role)
		}
	}
	for _, e := range v.entries {
		in(e.OrgID).entries++
	}
	if v.browsers {
		in("").browsers = true
	}
	if v.factor {
		in("").factor = true
	}
	if v.logins {
		in("").logins = true
	}
	if v.past {
		in("").past = true
	}
	return out
}

// event says what was done in one org.
func (v review) event(u upshot) audit.Event {
	person := personOf(v.user)
	person.ID = v.userID // also of an account that is gone
	e := byHost(audit.UserChanged, person)
	e.Reason, e.Changes = v.reason, u.roles
	e.Facts = []audit.Fact{count("sessions_ended", u.ended), count("sessions_rewritten", u.rewritten)}
	if u.entries > 0 {
		e.Facts = append(e.Facts, count("entries_written", u.entries))
	}
	if u.browsers {
		e.Facts = append(e.Facts, fact("browsers", "forgotten"))
	}
	if u.factor {
		e.Facts = append(e.Facts, fact("factor", "removed"))
	}
	if u.logins {
		e.Facts = append(e.Facts, fact("logins", "removed"))
	}
	if u.past {
		e.Facts = append(e.Facts, fact("past_passwords", "forgotten"))
	}
	return e
}
