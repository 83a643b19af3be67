package accounts_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/accesssec/accesssec-go/examples/customstore/accounts"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// empty is a database without tables.
func empty(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "host.db")+accounts.DSN)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	return db
}

// open is a host's database after the migration, and the store on it.
func open(t testing.TB) (*sql.DB, *sqlstore.Store) {
	t.Helper()
	db := empty(t)
	must(t, accounts.Before(t.Context(), db))
	st, err := accounts.Open(t.Context(), db)
	must(t, err)
	return db, st
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// value is the one value that a query has.
func value[T any](t testing.TB, db *sql.DB, query string, args ...any) (v T) {
	t.Helper()
	must(t, db.QueryRowContext(t.Context(), query, args...).Scan(&v))
	return v
}
