package accesssec

import (
	"context"
	"errors"
	"slices"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// expelled is what has ended.
type expelled struct{ sessions, pending, invitations, grants int }

func (x expelled) facts() []audit.Fact {
	out := []audit.Fact{count("sessions_ended", x.sessions)}
	if x.pending > 0 {
		out = append(out, count("sign_ins_ended", x.pending))
	}
	if x.invitations > 0 {
		out = append(out, count("invitations_ended", x.invitations))
	}
	if x.grants > 0 {
		out = append(out, count("grants_revoked", x.grants))
	}
	return out
}

// expel is the way out, as admit is the way in: whatever takes a right from a person in an
// org ends here, in the same transaction, all that they hold by it. That is their sessions in
// the org; the sign-ins of theirs that wait for a second factor (which know the person, and
// not always the org); the browsers that it remembers of theirs; and the invitations that they could not send as who they are by now:
// keeps is the role that they stay with, "" none. What they have in other orgs and in their
// own account stays. A userID of "" is everybody in the org.
func (c *change) expel(ctx context.Context, orgID, userID string, keeps policy.Role) (expelled, error) {
	var x expelled
	var err error
	if x.sessions, err = c.DeleteSessions(ctx, store.SessionQuery{OrgID: orgID, UserID: userID}); err != nil {
		return x, err
	}
	end := func(userIDs []string) error {
		n, err := halfLogins.drop(ctx, c, "", userIDs, nil)
		x.pending += n
		if err == nil {
			_, err = devices.drop(ctx, c, "", userIDs, func(d device) bool { return d.Org == orgID })
		}
		if err == nil {
			n, err = invitations.drop(ctx, c, orgID, userIDs, func(i invitation) bool { return !keeps.MayGive(i.Role) })
			x.invitations += n
		}
		return err
	}
	if userID != "" {
		return x, end([]string{userID})
	}
	q := store.MembershipQuery{Paging: store.Paging{Limit: 1000}}
	for {
		page, err := c.Memberships(ctx, orgID, q)
		if err != nil || len(page.Items) == 0 {
			return x, err
		}
		ids := make([]string, len(page.Items))
		for i, m := range page.Items {
			ids[i] = m.UserID
		}
		if err := end(ids); err != nil {
			return x, err
		}
		if q.After = page.Next; q.After == "" {
			return x, nil
		}
	}
}

// part takes from a person all that they have as a member of the org, and the membership.
// The directory entry goes too, and with it the teams: who comes back begins anew.
func (c *change) part(ctx context.Context, m store.Membership) (expelled, error) {
	x, err := c.expel(ctx, m.OrgID, m.UserID, "")
	if err != nil {
		return x, err
	}
	if x.grants, err = c.revokeAll(ctx, m.OrgID, m.UserID, store.SubjectUser); err != nil {
		return x, err
	}
	u, err := c.User(ctx, m.UserID)
	if err != nil {
		return x, err
	}
	n, err := c.uninvite(ctx, m.OrgID, u.AddressKey) // sent to the address since they came
	if x.invitations += n; err != nil {
		return x, err
	}
	entry, err := entryWith(ctx, c, m.OrgID, "userId", m.UserID)
	if err == nil && entry.ID != "" {
		err = c.DeleteEntry(ctx, m.OrgID, entry.ID)
	}
	if err != nil {
		return x, err
	}
	return x, c.DeleteMembership(ctx, m.OrgID, m.UserID)
}

// anotherOwner refuses unless somebody but this person is an Owner who can come in: an org
// is never without one. Transactions are serializable, so of two Owners who take each
// other's role at once one is refused.
func (c *change) anotherOwner(ctx context.Context, orgID, userID string) error {
	q := store.MembershipQuery{Roles: []string{string(policy.Owner)}}
	for {
		page, err := c.Memberships(ctx, orgID, q)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(page.Items, func(m store.Member) bool {
			return m.UserID != userID && !m.Disabled && !m.User.Disabled
		}) {
			return nil
		}
		if q.After = page.Next; q.After == "" {
			return refuse(CodeLastOwner, "")
		}
	}
}

// member is somebody in the org, for who is about to change them.
func (c *change) member(ctx context.Context, orgID, userID string) (store.Member, error) {
	m, err := c.Membership(ctx, orgID, userID)
	if errors.Is(err, store.ErrNotFound) {
		return m, refuse(CodeNotFound, "no member of the organization")
	}
	return m, err
}
