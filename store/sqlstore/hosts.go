package sqlstore

import (
	"context"

	"github.com/accesssec/accesssec-go/store"
)

// hosts are the host's own tables, under the rules of our transactions.
type hosts struct {
	people People
	c      conn
}

func (h hosts) User(ctx context.Context, id string) (store.User, error) {
	return do(ctx, h.c, func() (store.User, error) { return h.people.User(ctx, id) })
}

func (h hosts) UserByAddress(ctx context.Context, addressKey string) (store.User, error) {
	if addressKey == "" { // of which there may be many
		return do(ctx, h.c, func() (store.User, error) { return store.User{}, store.ErrNotFound })
	}
	return do(ctx, h.c, func() (store.User, error) { return h.people.UserByAddress(ctx, addressKey) })
}

func (h hosts) Membership(ctx context.Context, orgID, userID string) (store.Member, error) {
	return do(ctx, h.c, func() (store.Member, error) { return h.people.Membership(ctx, orgID, userID) })
}

func (h hosts) Memberships(ctx context.Context, orgID string, q store.MembershipQuery) (store.Page[store.Member], error) {
	return do(ctx, h.c, func() (store.Page[store.Member], error) { return h.people.Memberships(ctx, orgID, q) })
}

func (h hosts) OrgsOf(ctx context.Context, userID string) ([]store.Membership, error) {
	return do(ctx, h.c, func() ([]store.Membership, error) { return h.people.OrgsOf(ctx, userID) })
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
