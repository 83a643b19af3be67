package accesssec

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// mostEnded is how many people's sessions are ended by name in one call.
const mostEnded = 1000

// Sessions are those of a member in this org, the newest first. CodeNotFound: there is no
// such member.
func (a *Admin) Sessions(ctx context.Context, userID string) ([]SessionInfo, error) {
	if err := a.allowed(ctx); err != nil {
		return nil, err
	}
	r := a.s.store
	if _, err := r.Membership(ctx, a.p.OrgID, userID); errors.Is(err, store.ErrNotFound) {
		return nil, refuse(CodeNotFound, "no member of the organization")
	} else if err != nil {
		return nil, err
	}
	org, err := r.Org(ctx, a.p.OrgID)
	if err != nil {
		return nil, err
	}
	out := []SessionInfo{}
	err = eachSession(ctx, r, store.SessionQuery{OrgID: org.ID, UserID: userID}, func(ses store.Session) {
		if !a.s.over(ses) {
			out = append(out, infoOf(ses, org.Name, a.p.hash))
		}
	})
	slices.Reverse(out)
	return out, err
}

// eachSession walks all that q is for, the oldest first.
func eachSession(ctx context.Context, r store.Reader, q store.SessionQuery, fn func(store.Session)) error {
	q.Paging = store.Paging{Limit: 1000}
	for {
		page, err := r.Sessions(ctx, q)
		if err != nil {
			return err
		}
		for _, ses := range page.Items {
			fn(ses)
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// EndSessions ends the sessions of members in this org, and the sign-ins to it that are under
// way: at most a thousand people in one call,
// all of them or, with an error, none. With no userID it ends those of everybody. The one that
// asks goes on. It returns how many have ended. Browsers that the org remembers of those people
// ask for a code again. To sign everybody out wants a fresh proof ([Me.Prove]).
//
// Owners may do it to everybody, Admins to who is below an Admin and to themselves: one who is
// named and not below them is CodeAbove, and with no userID those that they may not end go on.
// What the people are signed in to elsewhere is not touched, but leads back to this org only by
// another sign-in.
func (a *Admin) EndSessions(ctx context.Context, userIDs ...string) (int, error) {
	if len(userIDs) > mostEnded {
		return 0, fmt.Errorf("accesssec: the sessions of %d people to end, and %d is the most", len(userIDs), mostEnded)
	}
	need := asIs
	if len(userIDs) == 0 {
		need = proven
	}
	n := 0
	err := a.s.change(ctx, func(c *change) error {
		n = 0
		by, err := a.authorise(ctx, c, need)
		if err != nil {
			return err
		}
		if len(userIDs) == 0 {
			n, err = a.endEverybodys(ctx, c, by)
			return err
		}
		ids := slices.Clone(userIDs)
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			ended, err := a.endOf(ctx, c, by, id)
			if err != nil {
				return err
			}
			n += ended
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// endOf ends those of one member.
func (a *Admin) endOf(ctx context.Context, c *change, by acting, userID string) (int, error) {
	m, err := c.member(ctx, a.p.OrgID, userID)
	if err != nil {
		return 0, err
	}
	e := by.by(audit.SessionsEnded, personOf(m.User))
	if userID != a.p.UserID && !by.role.MayChange(policy.Role(m.Role)) {
		return 0, refuse(CodeAbove, fmt.Sprintf("%s may not do this to %s", by.role, m.Role)).inOrg(a.p.OrgID, refusedChange(e))
	}
	n, err := c.DeleteSessions(ctx, store.SessionQuery{OrgID: a.p.OrgID, UserID: userID, Except: a.p.hash})
	if err != nil {
		return 0, err
	}
	if err := markOut(ctx, c, userID, c.now, []string{a.p.OrgID}); err != nil {
		return 0, err
	}
	e.Facts = []audit.Fact{count("sessions_ended", n)}
	return n, c.record(ctx, a.p.OrgID, e)
}

// endEverybodys ends those of all whose sessions the one who asks may end.
func (a *Admin) endEverybodys(ctx context.Context, c *change, by acting) (n int, err error) {
	org := a.p.OrgID
	e := by.by(audit.SessionsEnded, thing(audit.KindOrg, org, ""))
	if err := c.signAllOut(ctx, org, by.role == policy.Owner); err != nil {
		return 0, err
	}
	if by.role == policy.Owner {
		n, err = c.DeleteSessions(ctx, store.SessionQuery{OrgID: org, Except: a.p.hash})
	} else {
		n, err = a.endBelow(ctx, c, by)
	}
	if err != nil {
		return 0, err
	}
	e.Facts = []audit.Fact{count("sessions_ended", n)}
	return n, c.record(ctx, org, e)
}

// endBelow ends those of everybody but whom the one who asks may not change.
func (a *Admin) endBelow(ctx context.Context, c *change, by acting) (int, error) {
	var people []string
	err := eachSession(ctx, c, store.SessionQuery{OrgID: a.p.OrgID}, func(ses store.Session) { people = append(people, ses.UserID) })
	if err != nil {
		return 0, err
	}
	slices.Sort(people)
	n := 0
	for _, id := range slices.Compact(people) {
		role, _, err := roleIn(ctx, c, a.p.OrgID, id)
		if err != nil {
			return 0, err
		}
		if id != a.p.UserID && role != "" && !by.role.MayChange(role) {
			continue
		}
		ended, err := c.DeleteSessions(ctx, store.SessionQuery{OrgID: a.p.OrgID, UserID: id, Except: a.p.hash})
		if err != nil {
			return 0, err
		}
		n += ended
	}
	return n, nil
}
