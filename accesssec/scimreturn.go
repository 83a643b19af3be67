package accesssec

import (
	"context"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// returnFor is how long somebody may come back whom provisioning has made and deleted.
const returnFor = 365 * 24 * time.Hour

// scimLeft is kept, in the person's mark, of whom an org's provisioning has made and then deleted,
// for as long as nothing comes of the account: a session made for it ends this, wherever; so does
// the end of a membership by anybody else, and all else that is written in the mark. While it
// stands provisioning gets back what it had given up, and no more: nobody has used it since.
type scimLeft struct {
	OrgID   string    `json:"org"`
	Address string    `json:"address"` // leftAddress of the account's
	Version int64     `json:"version"` // of the account
	Until   time.Time `json:"until"`
}

func leftAddress(addressKey string) string {
	sum := hashOf("left\x00" + addressKey)
	return hexOf(sum[:])
}

// noteLeft is for whom provisioning has just deleted.
func (c *change) noteLeft(ctx context.Context, m store.Membership) error {
	if m.Source != sourceSCIM {
		return nil
	}
	u, err := c.User(ctx, m.UserID)
	if err != nil {
		return err
	}
	if theirs, err := madeTheirOwn(ctx, c, u); err != nil || theirs {
		return err
	}
	mark, err := markOf(ctx, c, u.ID, c.now)
	if err != nil {
		return err
	}
	left := scimLeft{m.OrgID, leftAddress(u.AddressKey), u.Version, c.now.Add(returnFor)}
	mark.Value.Left, mark.ExpiresAt = &left, latest(mark.ExpiresAt, left.Until)
	return changedPeople.put(ctx, c, mark)
}

// forgetLeft ends it that a person may come back. mark is theirs, as this transaction has read it.
func (c *change) forgetLeft(ctx context.Context, mark kept[changedPerson]) error {
	if mark.Value.Left == nil {
		return nil
	}
	mark.Value.Left = nil
	return changedPeople.put(ctx, c, mark)
}

// mayReturn reports whether the account of somebody who is no member was made by this org's
// provisioning, deleted by it, and nobody's since.
func (d *directory) mayReturn(ctx context.Context, r store.Reader, u store.User) (bool, error) {
	mark, err := changedPeople.get(ctx, r, "", u.ID)
	if err = unless(err, store.ErrNotFound); err != nil || mark.Value.Left == nil {
		return false, err
	}
	left := *mark.Value.Left
	if left.OrgID != d.by.orgID || left.Address != leftAddress(u.AddressKey) || left.Version != u.Version || !d.s.now().Before(left.Until) {
		return false, nil
	}
	theirs, err := madeTheirOwn(ctx, r, u)
	return err == nil && !theirs, err
}

// madeTheirOwn reports whether an account has anything that an org's provisioning has not given it:
// a way in of its own, or another org. One that is disabled is the host's.
func madeTheirOwn(ctx context.Context, r store.Reader, u store.User) (bool, error) {
	if u.Disabled || !u.AddressVerified || u.Password != "" || u.PasswordSetByUser {
		return true, nil
	}
	orgs, err := r.OrgsOf(ctx, u.ID)
	if err != nil || len(orgs) > 0 {
		return true, err
	}
	linked, err := loginsOf(ctx, r, u.ID)
	if err != nil || len(linked) > 0 {
		return true, err
	}
	return hasFactor(ctx, r, u.ID)
}

// account is that of somebody whom provisioning makes a member: a new one, or the one that comes
// back. The org owns the domain, so the address counts as proven.
func (d *directory) account(ctx context.Context, c *change, u wanted, v scimVerdict) (store.User, error) {
	if v.userID == "" {
		account := newUser(c, u.address)
		account.AddressVerified = true
		takeNames(&account, u.User)
		return account, c.createUser(ctx, d.by.orgID, account, d.by.does(audit.UserCreated))
	}
	mark, err := changedPeople.get(ctx, c, "", v.userID)
	if err == nil {
		err = c.forgetLeft(ctx, mark)
	}
	if err != nil {
		return store.User{}, err
	}
	return d.writeAccount(ctx, c, v.about, u.User, scimMove{})
}

// joins is the event of their coming.
func (d *directory) joins(v scimVerdict) audit.Event {
	e := d.by.does(audit.MemberAdded)
	if v.userID != "" {
		e.Facts = append(e.Facts, fact("account", "kept"))
	}
	return e
}
