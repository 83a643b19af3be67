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
	sum := hashOf(v.Invitation)
	return hexOf(sum[:])
}

// open reports whether the invitation can be taken up still.
func (i kept[invitation]) open(now time.Time) bool { return now.Before(i.ExpiresAt) }

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
	if inv.OrgID != f.in.Target.ID || inv.Value.Key != f.asked.address.Key() || !inv.open(now) {
		return nil
	}
	role, disabled, err := roleIn(ctx, r, inv.OrgID, inv.Owner)
	if err == nil && !disabled && role.MayGive(inv.Value.Role) {
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
