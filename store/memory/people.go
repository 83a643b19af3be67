package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

type users struct {
	table[string, store.User]
	byAddress *unique[string, store.User]
}

func newUsers() users {
	byAddress := newUnique(func(u *store.User) (string, bool) { return u.AddressKey, u.AddressKey != "" })
	return users{
		table: newTable(
			func(u *store.User) string { return u.ID },
			func(u *store.User) *int64 { return &u.Version },
			byAddress),
		byAddress: byAddress,
	}
}

func copyUser(u *store.User) store.User {
	c := *u
	c.CreatedAt = instant(u.CreatedAt)
	return c
}

// newUser is u as it is kept: its texts in one piece, of which nothing is part of what it was cut
// from, like a request's body.
func newUser(u *store.User) *store.User {
	c := copyUser(u)
	var b strings.Builder
	texts := [...]*string{&c.ID, &c.Address, &c.AddressKey, &c.FirstName, &c.LastName, &c.Password}
	n := 0
	for _, s := range texts {
		n += len(*s)
	}
	b.Grow(n)
	for _, s := range texts {
		b.WriteString(*s)
	}
	all := b.String()
	for _, s := range texts {
		*s, all = all[:len(*s)], all[len(*s):]
	}
	return &c
}

type memberships struct {
	table[orgKey, store.Membership]
	byOrg  *group[string, store.Membership]
	byUser *group[string, store.Membership]
}

func newMemberships() memberships {
	byOrg := newGroup(func(m *store.Membership) (string, bool) { return m.OrgID, true })
	byUser := newGroup(func(m *store.Membership) (string, bool) { return m.UserID, true })
	return memberships{
		table: newTable(
			func(m *store.Membership) orgKey { return orgKey{m.OrgID, m.UserID} },
			func(m *store.Membership) *int64 { return &m.Version },
			byOrg, byUser),
		byOrg:  byOrg,
		byUser: byUser,
	}
}

func (t *memberships) deleteOrg(log *undo, org string) {
	for _, m := range t.byOrg.take(org) {
		t.delete(log, m)
	}
}

func copyMembership(m *store.Membership) store.Membership {
	c := *m
	c.JoinedAt = instant(m.JoinedAt)
	return c
}

// User implements [store.People].
func (v view) User(ctx context.Context, id string) (store.User, error) {
	return read(ctx, v, func(d *data) (store.User, error) {
		u, ok := d.users.get(id)
		if !ok {
			return store.User{}, store.ErrNotFound
		}
		return copyUser(u), nil
	})
}

// UserByAddress implements [store.People].
func (v view) UserByAddress(ctx context.Context, addressKey string) (store.User, error) {
	return read(ctx, v, func(d *data) (store.User, error) {
		u, ok := d.users.byAddress.get(addressKey)
		if !ok {
			return store.User{}, store.ErrNotFound
		}
		return copyUser(u), nil
	})
}

// member is m with its user, whom every membership has.
func (d *data) member(m *store.Membership) store.Member {
	return store.Member{Membership: copyMembership(m), User: copyUser(d.users.row(m.UserID))}
}

// Membership implements [store.People].
func (v view) Membership(ctx context.Context, orgID, userID string) (store.Member, error) {
	return read(ctx, v, func(d *data) (store.Member, error) {
		m, ok := d.memberships.get(orgKey{orgID, userID})
		if !ok {
			return store.Member{}, store.ErrNotFound
		}
		return d.member(m), nil
	})
}

// Memberships implements [store.People].
func (v view) Memberships(ctx context.Context, orgID string, q store.MembershipQuery) (store.Page[store.Member], error) {
	return read(ctx, v, func(d *data) (store.Page[store.Member], error) {
		search := lowerASCII(q.Search)
		return list[*store.Membership, store.Member]{
			paging: q.Paging,
			count:  q.Count,
			place:  func(m *store.Membership) keyset.Place { return keyset.At(m.JoinedAt, m.UserID) },
			copy:   d.member,
		}.page(where(d.memberships.byOrg.get(orgID), func(m *store.Membership) bool {
			return anyOf(q.Roles, m.Role) && matches(d.users.row(m.UserID), search)
		}))
	})
}

// matches reports whether u has search, already in lower case, in a searched field.
func matches(u *store.User, search string) bool {
	return search == "" ||
		strings.Contains(lowerASCII(u.AddressKey), search) ||
		strings.Contains(lowerASCII(u.FirstName), search) ||
		strings.Contains(lowerASCII(u.LastName), search)
}

// lowerASCII leaves all but A to Z as it is, as databases differ beyond them.
func lowerASCII(s string) string {
	upper := func(r rune) bool { return 'A' <= r && r <= 'Z' }
	if strings.IndexFunc(s, upper) < 0 {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// OrgsOf implements [store.People].
func (v view) OrgsOf(ctx context.Context, userID string) ([]store.Membership, error) {
	return read(ctx, v, func(d *data) ([]store.Membership, error) {
		out := []store.Membership{}
		for m := range d.memberships.byUser.get(userID) {
			out = append(out, copyMembership(m))
		}
		slices.SortFunc(out, func(a, b store.Membership) int {
			return cmp.Or(a.JoinedAt.Compare(b.JoinedAt), cmp.Compare(a.OrgID, b.OrgID))
		})
		return out, nil
	})
}

func (t *tx) CreateUser(ctx context.Context, u store.User) error {
	return t.write(ctx, func(d *data, log *undo) error {
		if err := need("user", u.ID); err != nil {
			return err
		}
		return d.users.create(log, newUser(&u))
	})
}

func (t *tx) UpdateUser(ctx context.Context, u store.User) error {
	return t.write(ctx, func(d *data, log *undo) error {
		return d.users.update(log, newUser(&u))
	})
}

func (t *tx) DeleteUser(ctx context.Context, id string) error {
	return t.write(ctx, func(d *data, log *undo) error {
		u, ok := d.users.get(id)
		if !ok {
			return store.ErrNotFound
		}
		for _, m := range d.memberships.byUser.take(id) {
			d.memberships.delete(log, m)
		}
		d.users.delete(log, u)
		return nil
	})
}

func (t *tx) PutMembership(ctx context.Context, m store.Membership) error {
	return t.write(ctx, func(d *data, log *undo) error {
		if err := need("membership", m.OrgID, m.UserID); err != nil {
			return err
		}
		u, ok := d.users.get(m.UserID)
		if !ok {
			return store.ErrNotFound
		}
		row := copyMembership(&m)
		row.UserID = u.ID // the same text
		return d.memberships.createOrUpdate(log, &row)
	})
}

func (t *tx) DeleteMembership(ctx context.Context, orgID, userID string) error {
	return t.write(ctx, func(d *data, log *undo) error {
		return d.memberships.remove(log, orgKey{orgID, userID})
	})
}
