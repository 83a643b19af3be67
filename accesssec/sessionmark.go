package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// To end sessions is not enough where all of a person's are to end: a password that was right
// a moment ago, or somebody who is at their identity provider, is about to make one. So the
// time is kept at which they were ended, for longer than any sign-in takes, and the gate lets
// in nobody who began before. Half logins are ended by it as well.

// signOut is for who ends all sessions of a person: it ends the sign-ins that are under way.
func (c *change) signOut(ctx context.Context, userID string) error {
	if err := markOut(ctx, c, userID, c.now, []string{""}); err != nil {
		return err
	}
	_, err := halfLogins.drop(ctx, c, "", []string{userID}, nil)
	return err
}

// allOut says since when no sign-in to an org counts that began before.
type allOut struct {
	All   time.Time `json:"all,omitzero"`
	Below time.Time `json:"below,omitzero"` // of who is below an Admin
}

var allOuts = collection[allOut]{"signed_out"} // one in each org that has ended everybody's sessions lately

const allOutID = "everybody"

// signAllOut is signOut for everybody in an org, or everybody there who is below an Admin.
func (c *change) signAllOut(ctx context.Context, orgID string, admins bool) error {
	k, err := allOuts.get(ctx, c, orgID, allOutID)
	if errors.Is(err, store.ErrNotFound) {
		k = allOuts.fresh(orgID, allOutID, "", c.now, time.Time{}, allOut{})
	} else if err != nil {
		return err
	}
	if k.Value.Below = c.now; admins {
		k.Value.All = c.now
	}
	k.ExpiresAt = c.now.Add(longestSession) // for Me.Enter
	return allOuts.put(ctx, c, k)
}

// heed reads what PersonChanged and signOut write: so that of two transactions at once, one of
// which makes a session and the other ends all, the later one sees the earlier. It refuses who
// began before the end. An account that somebody comes in to is no more one that provisioning
// may take back.
func (c *change) heed(ctx context.Context, f facts, p proof) error {
	everywhere, there, mark, err := f.lastOut(ctx, c)
	if err != nil {
		return err
	}
	if p.began.IsZero() || !p.began.Before(latest(everywhere, there)) {
		return c.forgetLeft(ctx, mark)
	}
	return refuse(CodeSignedOut, "all sessions were ended since the sign-in began").inOrg(f.logOrg(), p.visit.by(audit.LoginRefused, f.actor()))
}

// lastOut is when the person's sessions were last ended, in all orgs and in the one they want,
// with the mark of theirs that says so.
func (f facts) lastOut(ctx context.Context, r store.Reader) (everywhere, there time.Time, m kept[changedPerson], err error) {
	m, err = changedPeople.get(ctx, r, "", f.user.ID)
	if err := unless(err, store.ErrNotFound); err != nil {
		return everywhere, there, m, err
	}
	everywhere = m.Value.Out[""]
	if t := f.in.Target; t != nil {
		k, err := allOuts.get(ctx, r, t.ID, allOutID)
		if err := unless(err, store.ErrNotFound); err != nil {
			return everywhere, there, m, err
		}
		there = latest(m.Value.Out[t.ID], k.Value.All)
		if !f.in.Person.Role.Administers() {
			there = latest(there, k.Value.Below)
		}
	}
	return everywhere, there, m, nil
}

func latest(t time.Time, others ...time.Time) time.Time {
	for _, o := range others {
		if o.After(t) {
			t = o
		}
	}
	return t
}
