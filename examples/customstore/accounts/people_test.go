package accounts_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/examples/customstore/accounts"
	"github.com/accesssec/accesssec-go/store"
)

var errBack = errors.New("roll back")

// noon is when people come.
func noon() time.Time { return time.Date(2040, 3, 2, 12, 0, 0, 0, time.UTC) }

func jane() store.User {
	return store.User{ID: "usr-1", Address: "Jane@example.com", AddressKey: "jane@example.com", FirstName: "Jane", LastName: "Low", CreatedAt: noon()}
}

// An account made inside a transaction is the host's row, and goes with the transaction.
func TestWhoseTable(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, st := open(t)
	for _, back := range []error{errBack, nil} {
		err := st.RunInTx(ctx, func(tx store.Tx) error {
			if err := tx.CreateUser(ctx, jane()); err != nil {
				return err
			}
			if err := tx.PutMembership(ctx, store.Membership{OrgID: "org-1", UserID: "usr-1", Role: "billing", JoinedAt: noon()}); err != nil {
				return err
			}
			return back
		})
		if !errors.Is(err, back) {
			t.Fatal(err)
		}
		want := 0
		if back == nil {
			want = 1
		}
		for _, table := range []string{"accounts", "team_members", "workspaces"} {
			if n := value[int](t, db, `SELECT count(*) FROM `+table); n != want {
				t.Errorf("rolled back with %v: %d rows in %s, want %d", back, n, table, want)
			}
		}
	}
	if got := value[string](t, db, `SELECT a.display_name || ' ' || m.position || ' ' || m.since FROM accounts AS a JOIN team_members AS m ON m.account_id = a.id`); got != "Jane Low accountant 2040-03-02" {
		t.Errorf("the host reads %q", got)
	}
	if n := value[int](t, db, `SELECT count(*) FROM sqlite_master WHERE name IN ('accesssec_users', 'accesssec_memberships')`); n != 0 {
		t.Error("there is a second place for people")
	}
}

// What the host changes with a statement of before is a change to accesssec as well: it
// can't be undone by what was read earlier.
func TestOldStatementsRaiseTheVersion(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, st := open(t)
	put := func(u store.User, m store.Membership) error {
		return st.RunInTx(ctx, func(tx store.Tx) error {
			if u.ID != "" {
				return tx.UpdateUser(ctx, u)
			}
			return tx.PutMembership(ctx, m)
		})
	}
	must(t, st.RunInTx(ctx, func(tx store.Tx) error { return tx.CreateUser(ctx, jane()) }))
	must(t, put(store.User{}, store.Membership{OrgID: "org-1", UserID: "usr-1", Role: "owner", JoinedAt: noon()}))
	for _, statement := range []string{
		`UPDATE accounts SET active = 0`,
		`UPDATE accounts SET pw = 'another'`,
		`UPDATE accounts SET mail_confirmed = 1`,
		`UPDATE accounts SET display_name = 'J. Low'`,
	} {
		u, err := st.User(ctx, "usr-1")
		must(t, err)
		_, err = db.ExecContext(ctx, statement)
		must(t, err)
		if err := put(u, store.Membership{}); !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s: written over: %v", statement, err)
		}
	}
	for _, statement := range []string{
		`UPDATE team_members SET position = 'staff'`,
		`UPDATE team_members SET disabled = 1`,
	} {
		m, err := st.Membership(ctx, "org-1", "usr-1")
		must(t, err)
		_, err = db.ExecContext(ctx, statement)
		must(t, err)
		if err := put(store.User{}, m.Membership); !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s: written over: %v", statement, err)
		}
	}
}

func TestAForgottenInsertFails(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, st := open(t)
	_, err := db.ExecContext(ctx, `INSERT INTO accounts (mail, display_name) VALUES ('ann@example.com', 'Ann')`)
	if err == nil || !strings.Contains(err.Error(), "needs its address_key") {
		t.Errorf("got %v", err)
	}
	id, err := accounts.SignUp(ctx, db, "Ann@Example.com", "Ann van Dyke", "hash")
	must(t, err)
	u, err := st.UserByAddress(ctx, "ann@example.com")
	must(t, err)
	if u.ID != id || u.ID != "acct-1" || u.FirstName != "Ann" || u.LastName != "van Dyke" || u.AddressVerified {
		t.Errorf("signed up as %+v", u)
	}
	if _, err := accounts.SignUp(ctx, db, "ANN@example.com", "Ann", ""); !errors.Is(err, store.ErrExists) {
		t.Errorf("a second time: %v", err)
	}
}

// The host's own words survive accesssec's writing, and make nobody more than a member.
func TestPositions(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, st := open(t)
	must(t, st.RunInTx(ctx, func(tx store.Tx) error { return tx.CreateUser(ctx, jane()) }))
	must(t, st.RunInTx(ctx, func(tx store.Tx) error {
		return tx.PutMembership(ctx, store.Membership{OrgID: "org-1", UserID: "usr-1", Role: "member", JoinedAt: noon()})
	}))
	for _, c := range []struct{ position, reads, writes, then string }{
		{"trainee", "member", "member", "trainee"},
		{"trainee", "member", "admin", "manager"},
		{"Owner", "member", "owner", "boss"}, // not a word of this host's
		{"accountant", "billing", "member", "staff"},
		{"boss", "owner", "owner", "boss"},
	} {
		must(t, accounts.SetPosition(ctx, db, "org-1", "usr-1", c.position))
		m, err := st.Membership(ctx, "org-1", "usr-1")
		must(t, err)
		if m.Role != c.reads {
			t.Errorf("a %s is %q, want %q", c.position, m.Role, c.reads)
		}
		m.Role = c.writes
		must(t, st.RunInTx(ctx, func(tx store.Tx) error { return tx.PutMembership(ctx, m.Membership) }))
		if got := value[string](t, db, `SELECT position FROM team_members`); got != c.then {
			t.Errorf("a %s who is made %s is a %s, want a %s", c.position, c.writes, got, c.then)
		}
	}
	err := st.RunInTx(ctx, func(tx store.Tx) error {
		return tx.PutMembership(ctx, store.Membership{OrgID: "org-2", UserID: "usr-1", Role: "emperor"})
	})
	if err == nil {
		t.Error("a role that nobody knows was written")
	}
}

// A name that the host shows in its own way stays until the names themselves change.
func TestDisplayName(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, st := open(t)
	must(t, st.RunInTx(ctx, func(tx store.Tx) error { return tx.CreateUser(ctx, jane()) }))
	_, err := db.ExecContext(ctx, `UPDATE accounts SET display_name = 'Dr. Jane Low'`)
	must(t, err)
	change := func(fn func(*store.User)) string {
		must(t, st.RunInTx(ctx, func(tx store.Tx) error {
			u, err := tx.User(ctx, "usr-1")
			if err != nil {
				return err
			}
			fn(&u)
			return tx.UpdateUser(ctx, u)
		}))
		return value[string](t, db, `SELECT display_name FROM accounts`)
	}
	if got := change(func(u *store.User) { u.AddressVerified = true }); got != "Dr. Jane Low" {
		t.Errorf("another change made it %q", got)
	}
	if got := change(func(u *store.User) { u.LastName = "Lowe" }); got != "Jane Lowe" {
		t.Errorf("a change of the name made it %q", got)
	}
}

// A database that is away says so: nobody is taken for unknown.
func TestFaultsAreNoAnswers(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	p := accounts.On(db)
	must(t, db.Close())
	ctx := context.Background()
	check := accounts.NewPasswords(db, 1)
	for name, ask := range map[string]func() error{
		"User":          func() error { _, err := p.User(ctx, "x"); return err },
		"UserByAddress": func() error { _, err := p.UserByAddress(ctx, "x"); return err },
		"Membership":    func() error { _, err := p.Membership(ctx, "x", "x"); return err },
		"Memberships":   func() error { _, err := p.Memberships(ctx, "x", store.MembershipQuery{}); return err },
		"OrgsOf":        func() error { _, err := p.OrgsOf(ctx, "x"); return err },
		"CreateUser":    func() error { return p.CreateUser(ctx, jane()) },
		"UpdateUser":    func() error { return p.UpdateUser(ctx, jane()) },
		"DeleteUser":    func() error { return p.DeleteUser(ctx, "x") },
		"PutMembership": func() error { return p.PutMembership(ctx, store.Membership{OrgID: "x", UserID: "x"}) },
		"DeleteMembership": func() error {
			return p.DeleteMembership(ctx, "x", "x")
		},
		"Passwords.Check": func() error { _, err := check.Check(ctx, "x", "x"); return err },
	} {
		err := ask()
		if err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrConflict) {
			t.Errorf("%s of a database that is away: %v", name, err)
		}
	}
}
