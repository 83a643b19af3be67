package sqltest

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// Fresh is a function for suites that want an empty store each time: tables of their own
// in d, made for as many as run side by side, and emptied when a test is done with them.
// Each store has a pool of that many connections. prefix keeps the tables of two callers
// on one database apart; it is one letter. Without one, each store on SQLite has a file of
// its own.
func (d Database) Fresh(t *testing.T, prefix string, connections int) func(*testing.T) store.Store {
	t.Helper()
	f := &fresh{d: d, prefix: prefix, connections: connections, t: t}
	return f.take
}

// fresh are stores that are free, and the way to more.
type fresh struct {
	d           Database
	prefix      string
	connections int
	t           *testing.T // outlives what takes

	mu   sync.Mutex
	free []*tables
	made int
}

// tables are those of one store.
type tables struct {
	store *sqlstore.Store
	empty []string // the statements that empty them
	exec  func(ctx context.Context, statement string) error
}

func (f *fresh) take(t *testing.T) store.Store {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	var got *tables
	if n := len(f.free); n > 0 {
		got, f.free = f.free[n-1], f.free[:n-1]
	} else {
		f.made++
		got = f.make(t)
	}
	t.Cleanup(func() {
		for _, statement := range got.empty {
			err := got.exec(context.Background(), statement)
			for tries := 0; err != nil && tries < 5; tries++ {
				// Something that a flow has left in the background may still be writing.
				err = got.exec(context.Background(), statement)
			}
			if err != nil {
				t.Errorf("%s: %v", statement, err)
				return // never handed out again
			}
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.free = append(f.free, got)
	})
	return got.store
}

func (f *fresh) make(t *testing.T) *tables {
	t.Helper()
	d := f.d
	d.Options.Prefix = fmt.Sprintf("%s%d_", cmp.Or(f.prefix, "s"), f.made)
	if f.prefix == "" && d.Dialect == sqlstore.SQLite {
		d.DSN = strings.Replace(d.DSN, ".db", fmt.Sprintf("%d.db", f.made), 1)
	}
	db := d.Pool(f.t)
	db.SetMaxOpenConns(f.connections)
	db.SetMaxIdleConns(f.connections)
	out := &tables{exec: func(ctx context.Context, statement string) error {
		_, err := db.ExecContext(ctx, statement)
		return err
	}}
	var err error
	if err = sqlstore.Migrate(t.Context(), db, d.Dialect, &d.Options); err == nil {
		out.store, err = sqlstore.Open(db, d.Dialect, &d.Options)
	}
	if err != nil {
		t.Fatal(err)
	}
	out.empty = d.emptying(t, db)
	return out
}

// emptying are the statements that empty the tables of d.
func (d Database) emptying(t testing.TB, db *sql.DB) []string {
	t.Helper()
	prefix := d.Options.Prefix
	if prefix == "" {
		prefix = "accesssec_"
	}
	var out []string
	for _, o := range d.Objects(t, db) {
		if o.Schema == d.Options.Schema && o.Kind == Table && strings.HasPrefix(o.Name, prefix) && o.Name != prefix+"migrations" {
			out = append(out, "DELETE FROM "+d.qualified(o.Name))
		}
	}
	if len(out) == 0 {
		t.Fatal("no tables were made")
	}
	return out
}
