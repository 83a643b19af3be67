package accesssec

import (
	"context"
	"errors"

	"github.com/accesssec/accesssec-go/store"
)

// entryFor is the directory entry of a member to be, who has none: a new one, or one of their
// name that has no account yet. One that they left behind when they were a member before
// comes to life again if an identity provider keeps it; else it makes room, and its teams go
// with it. So does one of their name whose account is gone, or no member any more: its teams
// and what an identity provider says of it were somebody else's. One that waits for its person
// is for who has proven the address: CodeUnproven.
//
// A nil dress has an entry that no identity provider keeps say what the account says.
func (c *change) entryFor(ctx context.Context, orgID string, u store.User, dress func(*store.Entry) error) (store.Entry, error) {
	var entry store.Entry
	var err error
	// Two questions, each of which an index answers: asked as one, a database may read the
	// whole directory for it.
	if c.made != u.ID {
		entry, err = entryWith(ctx, c, orgID, "userId", u.ID)
	}
	if err == nil && entry.ID != "" && entry.ConnectionID == "" {
		err = c.DeleteEntry(ctx, orgID, entry.ID)
		entry = store.Entry{}
	}
	if err != nil {
		return entry, err
	}
	if entry.ID == "" {
		if entry, err = entryWith(ctx, c, orgID, "name", u.AddressKey); err != nil {
			return entry, err
		}
	}
	switch {
	case entry.ID != "" && entry.UserID == "" && !u.AddressVerified:
		return entry, refuse(CodeUnproven, "the directory has an entry under the address, which nobody has proven")
	case entry.UserID != "" && entry.UserID != u.ID:
		left, err := hasLeft(ctx, c, entry)
		if err == nil && left {
			err = c.DeleteEntry(ctx, orgID, entry.ID)
		}
		if err != nil {
			return entry, err
		}
		entry = store.Entry{} // a member's stays: the key of the name will say so
	}
	if entry.ID == "" {
		entry = store.Entry{OrgID: orgID, ID: newID("ent"), Type: store.EntryUser, CreatedAt: c.now}
	}
	entry.UserID, entry.ModifiedAt = u.ID, c.now
	// What an entry says that an identity provider keeps is for that to say, but for whether
	// they can come in: who is a member anew can.
	entry.Active = !u.Disabled
	switch {
	case dress != nil:
		err = dress(&entry)
	case entry.ConnectionID == "":
		err = dressPlain(&entry, u)
	}
	return entry, err
}

// reviewDirectories looks in each org of the person for the entry that carries them.
func (v *review) reviewDirectories(ctx context.Context, r store.Reader) error {
	if v.user.AddressKey == "" {
		return nil // nothing to be found by
	}
	orgs, err := r.OrgsOf(ctx, v.userID)
	if err != nil {
		return err
	}
	for _, m := range orgs {
		own, err := entryWith(ctx, r, m.OrgID, "userId", v.userID)
		if err != nil {
			return err
		}
		named, active := own.NameKey == v.user.AddressKey, !v.user.Disabled && !m.Disabled
		if own.ID != "" && (own.ConnectionID != "" || own.Active == active && dressed(own, v.user)) {
			continue // carried, or the identity provider's to say
		}
		taken := false
		if !named {
			taken, err = v.nameTaken(ctx, r, m.OrgID, own.ID != "")
		}
		switch {
		case err != nil:
			return err
		case taken:
			v.taken = append(v.taken, m.OrgID)
		default:
			own.OrgID, own.Active = m.OrgID, active
			v.entries = append(v.entries, own)
		}
	}
	return nil
}

// nameTaken reports whether the entry under the person's address can't make room. One
// that stands for nobody yet becomes the person's, unless they have one already, or have not
// proven the address.
func (v *review) nameTaken(ctx context.Context, r store.Reader, orgID string, has bool) (bool, error) {
	e, err := entryWith(ctx, r, orgID, "name", v.user.AddressKey)
	if err != nil || e.ID == "" {
		return false, err
	}
	if e.UserID == "" {
		return has || !v.user.AddressVerified, nil
	}
	left, err := hasLeft(ctx, r, e)
	return !left, err
}

// hasLeft reports whether the one whom e stood for is no member any more, so that it
// makes room.
func hasLeft(ctx context.Context, r store.Reader, e store.Entry) (bool, error) {
	_, err := r.Membership(ctx, e.OrgID, e.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	return false, err
}

// entryWith is the person's entry in an org of which one column has that value; a zero
// one when there is none.
func entryWith(ctx context.Context, r store.Reader, orgID, column, value string) (store.Entry, error) {
	q := store.EntryQuery{Type: store.EntryUser, Filter: &store.Filter{Path: column, Op: store.OpEq, Value: value}, Paging: store.Paging{Limit: 1}}
	page, err := r.Entries(ctx, orgID, q)
	if err != nil || len(page.Items) == 0 {
		return store.Entry{}, err
	}
	return page.Items[0], nil
}

// setActive has the directory say whether a member can come in.
func (c *change) setActive(ctx context.Context, m store.Member) error {
	active := !m.Disabled && !m.User.Disabled
	e, err := entryWith(ctx, c, m.OrgID, "userId", m.UserID)
	if err != nil || e.ID == "" || e.Active == active {
		return err
	}
	e.Active, e.ModifiedAt = active, c.now
	return c.PutEntry(ctx, e)
}

// carryOutEntry makes the entry, or gives the one that is there the person's address.
func (c *change) carryOutEntry(ctx context.Context, u store.User, own store.Entry) error {
	if own.ID == "" {
		entry, err := c.entryFor(ctx, own.OrgID, u, nil)
		if err != nil {
			return err
		}
		entry.Active = entry.Active && own.Active
		return c.PutEntry(ctx, entry)
	}
	other, err := entryWith(ctx, c, own.OrgID, "name", u.AddressKey)
	if err != nil {
		return err
	}
	if other.ID != "" && other.ID != own.ID { // of somebody who has left
		if err := c.DeleteEntry(ctx, own.OrgID, other.ID); err != nil {
			return err
		}
	}
	if err := dressPlain(&own, u); err != nil {
		return err
	}
	own.ModifiedAt = c.now
	return c.PutEntry(ctx, own)
}

// refreshEntries has the directories of the person's orgs say what the account says by now,
// where no identity provider keeps the entry.
func (c *change) refreshEntries(ctx context.Context, u store.User) error {
	v := review{userID: u.ID, user: u}
	if err := v.reviewDirectories(ctx, c); err != nil {
		return err
	}
	for _, e := range v.entries {
		if err := c.carryOutEntry(ctx, u, e); err != nil {
			return err
		}
	}
	return nil
}
