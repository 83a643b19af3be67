package sqltest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// EndedContexts ends the context of a transaction ever later: what was said to be done is
// there, and nothing else.
func EndedContexts(t *testing.T, d Database) {
	st := d.Store(t)
	kept := 0
	for i := range 400 {
		id := fmt.Sprintf("org-%d", i)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*10*time.Microsecond)
		err := st.RunInTx(ctx, func(tx store.Tx) error {
			return tx.CreateOrg(ctx, store.Org{ID: id, CreatedAt: time.UnixMicro(1).UTC()})
		})
		cancel()
		_, found := st.Org(t.Context(), id)
		if (err == nil) != (found == nil) {
			t.Errorf("%d: RunInTx said %v, and the org is there: %v", i, err, found == nil)
		}
		if err == nil {
			kept++
		}
	}
	t.Logf("%d of 400 were in time", kept)
}

// EndedByItself is a transaction that is no more when it comes to COMMIT: that fails, and
// the next one does not.
func EndedByItself(t *testing.T, d Database) {
	var running sqlstore.Querier
	d.Options.People = func(q sqlstore.Querier) sqlstore.People {
		running = q
		return liar{}
	}
	st := d.Store(t)
	err := st.RunInTx(t.Context(), func(tx store.Tx) error {
		if err := tx.CreateOrg(t.Context(), store.Org{ID: "org-lost", CreatedAt: time.UnixMicro(1).UTC()}); err != nil {
			return err
		}
		_, err := running.ExecContext(t.Context(), "ROLLBACK")
		return err
	})
	if _, found := st.Org(t.Context(), "org-lost"); !errors.Is(found, store.ErrNotFound) {
		t.Errorf("an org of a transaction that was rolled back: %v", found)
	}
	if d.Dialect == sqlstore.SQLite && err == nil {
		t.Error("a transaction without an end is said to be committed")
	}
	must(t, st.RunInTx(t.Context(), func(tx store.Tx) error {
		return tx.CreateOrg(t.Context(), store.Org{ID: "org-next", CreatedAt: time.UnixMicro(1).UTC()})
	}))
}

// liar is a host whose statements find somebody else.
type liar struct{ sqlstore.People }

func (liar) User(context.Context, string) (store.User, error) {
	return store.User{ID: "usr-owner", AddressKey: "owner@example.com"}, nil
}

func (l liar) UserByAddress(ctx context.Context, _ string) (store.User, error) {
	return l.User(ctx, "")
}

func (l liar) Membership(ctx context.Context, _, _ string) (store.Member, error) {
	u, err := l.User(ctx, "")
	return store.Member{Membership: store.Membership{OrgID: "org-other", UserID: u.ID}, User: u}, err
}

func (l liar) Memberships(ctx context.Context, _ string, _ store.MembershipQuery) (store.Page[store.Member], error) {
	m, err := l.Membership(ctx, "", "")
	return store.Page[store.Member]{Items: []store.Member{m}}, err
}

func (liar) OrgsOf(context.Context, string) ([]store.Membership, error) {
	return []store.Membership{{OrgID: "org-other", UserID: "usr-owner"}}, nil
}

// PeopleMustFit asks a host for one and is told of another: that is a fault, not an
// answer.
func PeopleMustFit(t *testing.T, d Database) {
	d.Options.People = func(sqlstore.Querier) sqlstore.People { return liar{} }
	st := d.Store(t)
	ctx := t.Context()
	_, byID := st.User(ctx, "usr-ann")
	_, byAddress := st.UserByAddress(ctx, "_wner@example.com")
	_, member := st.Membership(ctx, "org-acme", "usr-owner")
	_, members := st.Memberships(ctx, "org-acme", store.MembershipQuery{})
	_, orgs := st.OrgsOf(ctx, "usr-ann")
	if _, err := st.UserByAddress(ctx, ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("UserByAddress of no address: %v", err)
	}
	for what, err := range map[string]error{
		"User": byID, "UserByAddress": byAddress, "Membership": member, "Memberships": members, "OrgsOf": orgs,
	} {
		if err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s of somebody else: %v", what, err)
		}
	}
}
