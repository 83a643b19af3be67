package sqlstore

import (
	"context"
	"errors"
	"slices"

	"github.com/accesssec/accesssec-go/store"
)

// hosts are the host's own tables, under the rules of our transactions.
type hosts struct {
	people People
	c      conn
}

// errOther is a fault of the host's: an account or a membership that was not asked for,
// as LIKE or a collation finds them, would let one person in as another.
var errOther = errors.New("sqlstore: Options.People answered with another record than it was asked for")

// asked is do for what has to be what was asked for.
func asked[T any](ctx context.Context, h hosts, fn func() (T, error), is func(T) bool) (T, error) {
	return do(ctx, h.c, func() (T, error) {
		v, err := fn()
		if err == nil && !is(v) {
			var none T
			return none, errOther
		}
		return v, err
	})
}

func (h hosts) User(ctx context.Context, id string) (store.User, error) {
	return asked(ctx, h, func() (store.User, error) { return h.people.User(ctx, id) },
		func(u store.User) bool { return u.ID == id })
}

func (h hosts) UserByAddress(ctx context.Context, addressKey string) (store.User, error) {
	if addressKey == "" { // of which there may be many
		return do(ctx, h.c, func() (store.User, error) { return store.User{}, store.ErrNotFound })
	}
	return asked(ctx, h, func() (store.User, error) { return h.people.UserByAddress(ctx, addressKey) },
		func(u store.User) bool { return u.AddressKey == addressKey && u.ID != "" })
}

func (h hosts) Membership(ctx context.Context, orgID, userID string) (store.Member, error) {
	return asked(ctx, h, func() (store.Member, error) { return h.people.Membership(ctx, orgID, userID) },
		func(m store.Member) bool { return of(m, orgID) && m.UserID == userID })
}

func (h hosts) Memberships(ctx context.Context, orgID string, q store.MembershipQuery) (store.Page[store.Member], error) {
	return asked(ctx, h, func() (store.Page[store.Member], error) { return h.people.Memberships(ctx, orgID, q) },
		func(p store.Page[store.Member]) bool {
			return !slices.ContainsFunc(p.Items, func(m store.Member) bool { return !of(m, orgID) })
		})
}

// of reports whether m is of that org, and beside the account it is for.
func of(m store.Member, orgID string) bool { return m.OrgID == orgID && m.UserID == m.User.ID }

func (h hosts) OrgsOf(ctx context.Context, userID string) ([]store.Membership, error) {
	return asked(ctx, h, func() ([]store.Membership, error) { return h.people.OrgsOf(ctx, userID) },
		func(list []store.Membership) bool {
			return !slices.ContainsFunc(list, func(m store.Membership) bool { return m.UserID != userID })
		})
}

func (h hosts) CreateUser(ctx context.Context, u store.User) error {
	return step(ctx, h.c, func() error { return h.people.CreateUser(ctx, u) })
}

func (h hosts) UpdateUser(ctx context.Context, u store.User) error {
	return step(ctx, h.c, func() error { return h.people.UpdateUser(ctx, u) })
}

func (h hosts) DeleteUser(ctx context.Context, id string) error {
	return step(ctx, h.c, func() error { return h.people.DeleteUser(ctx, id) })
}

func (h hosts) PutMembership(ctx context.Context, m store.Membership) error {
	return step(ctx, h.c, func() error { return h.people.PutMembership(ctx, m) })
}

func (h hosts) DeleteMembership(ctx context.Context, orgID, userID string) error {
	return step(ctx, h.c, func() error { return h.people.DeleteMembership(ctx, orgID, userID) })
}
