package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

const (
	inviteMark = "i1."
	inviteFor  = 7 * 24 * time.Hour
)

// invitation waits for the one person whom it is for. It is a Doc of the org, owned by who
// sent it, and keyed by the hash of the link's token.
type invitation struct {
	Address string      `json:"address"`
	Key     string      `json:"key"` // the address, folded
	Role    policy.Role `json:"role"`
}

var invitations = collection[invitation]{"invitation"}

// inviteKey is the key of the invitation that a browser shows; "" it shows none.
func (v Visit) inviteKey() string {
	if v.invite != "" {
		return v.invite
	}
	if !plausible(v.Invitation, inviteMark) {
		return ""
	}
	return inviteKeyOf(v.Invitation)
}

func inviteKeyOf(token string) string {
	sum := hashOf(token)
	return hexOf(sum[:])
}

// takeable reports whether the invitation can be taken up still: it is not over, and who sent
// it could send it today.
func takeable(ctx context.Context, r store.Reader, inv kept[invitation], now time.Time) (bool, error) {
	if !now.Before(inv.ExpiresAt) {
		return false, nil
	}
	by, err := r.Membership(ctx, inv.OrgID, inv.Owner)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return !by.Disabled && !by.User.Disabled && policy.Role(by.Role).MayGive(inv.Value.Role), err
}

// invited loads the invitation that was shown, if it is one for this address into this org
// and who sent it may still make such a member. Any other is as if none had been shown:
// what a link says is nobody's right.
func (f *facts) invited(ctx context.Context, r store.Reader, now time.Time) error {
	if f.asked.invite == "" {
		return nil
	}
	inv, err := invitations.byKey(ctx, r, f.asked.invite)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if inv.OrgID != f.in.Target.ID || inv.Value.Key != f.asked.address.Key() {
		return nil
	}
	open, err := takeable(ctx, r, inv, now)
	if err == nil && open {
		f.invite, f.in.Person.Invited = inv, inv.Value.Role
	}
	return err
}

// wanted is the org that a browser is on its way into: the one that it names, else the one
// whose invitation it shows. "" whichever fits.
func (v Visit) wanted(ctx context.Context, r store.Reader) (string, error) {
	key := v.inviteKey()
	if v.OrgID != "" || key == "" {
		return v.OrgID, nil
	}
	inv, err := invitations.byKey(ctx, r, key)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return inv.OrgID, err
}

// accept uses the invitation up: of two who come with it one is let in by it. Who sent it
// must still be one who may make such a member.
func (c *change) accept(ctx context.Context, f facts, v Visit) error {
	inv, err := invitations.take(ctx, c, f.invite.Doc.Key)
	if errors.Is(err, store.ErrNotFound) {
		return refuse(CodeLinkOver, "the invitation was taken up or called back meanwhile")
	} else if err != nil {
		return err
	}
	e := v.by(audit.InvitationAccepted, actorOf(f.user))
	e.Targets = []audit.Target{thing(audit.KindInvitation, inv.ID, "")}
	return c.record(ctx, inv.OrgID, e)
}
