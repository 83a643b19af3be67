package sqltest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// PostgreSQL is the environment variable that names a database to make schemas in, as a
// URL. .ci/postgresql.sh sets it.
const PostgreSQL = "ACCESSSEC_TEST_POSTGRESQL"

// Database is a place to make stores in, and the driver that leads there.
type Database struct {
	Driver  string
	Dialect sqlstore.Dialect
	DSN     string
	Options sqlstore.Options
}

// SQLite is a new file. query is what the driver wants behind the name of the file.
func SQLite(t testing.TB, driver, query string) Database {
	t.Helper()
	return Database{Driver: driver, Dialect: sqlstore.SQLite, DSN: "file:" + filepath.Join(t.TempDir(), "store.db") + query}
}

// Schema is a new schema in the PostgreSQL database that the environment names, dropped
// at the end of the test.
func Schema(t testing.TB, driver string) Database {
	t.Helper()
	d := Database{Driver: driver, Dialect: sqlstore.PostgreSQL, DSN: os.Getenv(PostgreSQL)}
	d.Options.Schema = "t" + strings.ToLower(rand.Text()[:20])
	t.Cleanup(func() {
		db, err := sql.Open(d.Driver, d.DSN)
		if err == nil {
			_, err = db.ExecContext(context.Background(), "DROP SCHEMA IF EXISTS "+d.Options.Schema+" CASCADE")
			db.Close()
		}
		if err != nil {
			t.Errorf("the schema is left behind: %v", err)
		}
	})
	return d
}

// Collated is a schema in a new database of that server whose own order of text is that of
// bytes, as it is on many servers; dropped at the end of the test.
func Collated(t testing.TB, driver string) Database {
	t.Helper()
	server := Database{Driver: driver, DSN: os.Getenv(PostgreSQL)}
	name := "t" + strings.ToLower(rand.Text()[:20])
	db := server.Pool(t)
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("the database is left behind: %v", err)
		}
	})
	at, err := url.Parse(server.DSN)
	if err != nil {
		t.Fatal(err)
	}
	at.Path = "/" + name
	return Database{Driver: driver, Dialect: sqlstore.PostgreSQL, DSN: at.String(), Options: sqlstore.Options{Schema: "access"}}
}

// Pool is a new pool on d, closed at the end of the test. Few connections are plenty: a
// store that needs a second one inside a transaction would never come to an end.
func (d Database) Pool(t testing.TB) *sql.DB {
	t.Helper()
	db, err := d.open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func (d Database) open() (*sql.DB, error) {
	db, err := sql.Open(d.Driver, d.DSN)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	return db, nil
}

// Store is a migrated store on d, on a pool of its own.
func (d Database) Store(t testing.TB) *sqlstore.Store {
	t.Helper()
	return d.StoreOn(t, d.Pool(t))
}

// StoreOn is Store on a pool that is there already.
func (d Database) StoreOn(t testing.TB, db *sql.DB) *sqlstore.Store {
	t.Helper()
	if err := sqlstore.Migrate(t.Context(), db, d.Dialect, &d.Options); err != nil {
		t.Fatal(err)
	}
	s, err := sqlstore.Open(db, d.Dialect, &d.Options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Shared is a function for suites that open a store many times: always the one on d.
func (d Database) Shared(t testing.TB) func(*testing.T) store.Store {
	t.Helper()
	s := d.Store(t)
	return func(*testing.T) store.Store { return s }
}
