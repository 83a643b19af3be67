package accounts_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/examples/customstore/accounts"
	"github.com/accesssec/accesssec-go/store"
)

// The rows of the years before are found, whole, by what accesssec asks.
func TestRowsOfBefore(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), empty(t)
	must(t, accounts.Before(ctx, db))
	_, err := db.ExecContext(ctx, `
		INSERT INTO accounts (mail, display_name, pw, mail_confirmed, active, created) VALUES
			('Olive@Example.com', 'Olive de la Oakes', 'pbkdf2-sha256$1$x$y', 1, 1, '2019-05-06T07:08:09Z'),
			('bert@bücher.de',    'Bert',              '',                    0, 0, '2020-05-06T07:08:09Z'),
			('not an address',    '',                  'pbkdf2-sha256$1$x$y', 0, 1, '2020-05-06T07:08:09Z');
		INSERT INTO workspaces (name) VALUES ('Acme');
		INSERT INTO team_members (workspace_id, account_id, position, since) VALUES (1, 1, 'boss', '2019-05-07')`)
	must(t, err)
	st, err := accounts.Open(ctx, db)
	must(t, err)

	got, err := st.UserByAddress(ctx, "olive@example.com")
	must(t, err)
	want := store.User{
		ID: "acct-1", Address: "Olive@Example.com", AddressKey: "olive@example.com", AddressVerified: true,
		FirstName: "Olive", LastName: "de la Oakes", Password: "pbkdf2-sha256$1$x$y", PasswordSetByUser: true,
		CreatedAt: time.Date(2019, 5, 6, 7, 8, 9, 0, time.UTC), Version: 1,
	}
	if got != want {
		t.Errorf("Olive is %+v", got)
	}
	bert, err := st.UserByAddress(ctx, "bert@xn--bcher-kva.de")
	must(t, err)
	if bert.ID != "acct-2" || !bert.Disabled || bert.AddressVerified || bert.Password != "" {
		t.Errorf("Bert is %+v", bert)
	}
	if none, err := st.User(ctx, "acct-3"); err != nil || none.AddressKey != "" {
		t.Errorf("who has no address is %+v, %v", none, err)
	}
	if _, err := st.UserByAddress(ctx, ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no address leads to somebody: %v", err)
	}
	if orgs, err := st.OrgsOf(ctx, "acct-1"); err != nil || len(orgs) != 0 {
		t.Errorf("a workspace that is no org yet is one: %v, %v", orgs, err)
	}
	if n := value[int64](t, db, `SELECT joined FROM team_members`); n != time.Date(2019, 5, 7, 0, 0, 0, 0, time.UTC).UnixMicro() {
		t.Errorf("joined at %d", n)
	}
	if _, err := accounts.Open(ctx, db); err != nil {
		t.Errorf("a second time: %v", err)
	}
}

// Two accounts of one address are not for us to choose from, and nothing is half done.
func TestMigrateRefusesTwins(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]string{
		"a domain as DNS has it":               "ann@xn--bcher-kva.de",
		"a domain in letters SQL doesn't fold": "ann@BÜCHER.de",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, db := t.Context(), empty(t)
			must(t, accounts.Before(ctx, db))
			_, err := db.ExecContext(ctx, `INSERT INTO accounts (mail, display_name) VALUES ('ann@bücher.de', 'Ann'), (?1, 'Ann')`, second)
			must(t, err)
			err = accounts.Migrate(ctx, db)
			if err == nil || !strings.Contains(err.Error(), "accounts 1 and 2 have one address") {
				t.Fatalf("got %v", err)
			}
			if n := value[int](t, db, `SELECT count(*) FROM pragma_table_info('accounts') WHERE name = 'access_id'`); n != 0 {
				t.Error("half migrated")
			}
		})
	}
}
