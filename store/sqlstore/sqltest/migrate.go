package sqltest

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// MigrateAtOnce has ten processes migrate one empty database at the same time.
func MigrateAtOnce(t *testing.T, d Database) {
	others := make([]*process, 10)
	for i := range others {
		others[i] = start(t, d.task("migrate"))
	}
	for _, p := range others { // all of them are there before the first begins
		if word, err := p.line(); err != nil || word != "ready" {
			t.Fatal(word, err)
		}
	}
	for _, p := range others {
		must(t, p.say("go"))
	}
	for _, p := range others {
		if err := p.end(); err != nil {
			t.Error(err)
		}
	}
	db := d.Pool(t)
	made := d.Objects(t, db)
	if n := len(slices.DeleteFunc(slices.Clone(made), func(o Object) bool { return o.Kind != Table })); n != 14 {
		t.Errorf("%d tables, want 14", n)
	}
	var names []string
	rows, err := db.QueryContext(t.Context(), "SELECT name FROM "+d.qualified("accesssec_migrations")+" ORDER BY name")
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		must(t, rows.Scan(&name))
		names = append(names, name)
	}
	must(t, rows.Err())
	if diff := cmp.Diff([]string{
		"0001_tables.sql", "0002_people.sql", "0003_batches.sql", "0004_grants.sql", "0005_disabled_people.sql",
	}, names); diff != "" {
		t.Error("applied (-want +got):\n", diff)
	}
	must(t, sqlstore.Migrate(t.Context(), db, d.Dialect, &d.Options))
	if diff := cmp.Diff(made, d.Objects(t, db)); diff != "" {
		t.Error("made by a second Migrate (-first +second):\n", diff)
	}
}

func migrateTask(ctx context.Context, k task) error {
	d := k.database()
	db, err := d.open()
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return err
	}
	if err := ready("ready"); err != nil {
		return err
	}
	return sqlstore.Migrate(ctx, db, d.Dialect, &d.Options)
}

// MigrateFails puts a table in the way: nothing of ours is left behind, and when it is
// gone everything is made. With a table of ours that stands alone in the way of each
// file, the second file's failure takes the first back.
func MigrateFails(t *testing.T, d Database) {
	db := d.Pool(t)
	if d.Options.Schema != "" {
		_, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+d.Options.Schema)
		must(t, err)
	}
	for _, name := range []string{"accesssec_audit_heads", "accesssec_memberships"} {
		table := d.qualified(name)
		_, err := db.ExecContext(t.Context(), "CREATE TABLE "+table+" (theirs integer)")
		must(t, err)
		before := d.Objects(t, db)
		if err := sqlstore.Migrate(t.Context(), db, d.Dialect, &d.Options); err == nil || !strings.HasPrefix(err.Error(), "sqlstore: migrate: ") {
			t.Errorf("%s in the way: %v", name, err)
		}
		if diff := cmp.Diff(before, d.Objects(t, db)); diff != "" {
			t.Errorf("%s in the way: left behind (-before +after):\n%s", name, diff)
		}
		_, err = db.ExecContext(t.Context(), "DROP TABLE "+table)
		must(t, err)
	}
	must(t, sqlstore.Migrate(t.Context(), db, d.Dialect, &d.Options))
}

// MigrateKeepsTo compares everything in the database with what Options say, before and
// after.
func MigrateKeepsTo(t *testing.T, d Database) {
	db := d.Pool(t)
	before := d.Objects(t, db)
	d.Options.Prefix = "p1_"
	must(t, sqlstore.Migrate(t.Context(), db, d.Dialect, &d.Options))
	all := added(before, d.Objects(t, db))
	if len(all) < 40 {
		t.Errorf("%d tables and indexes were made", len(all))
	}
	for _, o := range all {
		if o.Schema != d.Options.Schema || !strings.HasPrefix(o.Name, "p1_") || o.Kind != Table && o.Kind != Index {
			t.Errorf("made: %+v", o)
		}
	}
	before = d.Objects(t, db)
	d.Options.Prefix, d.Options.People = "p2_", nobody
	must(t, sqlstore.Migrate(t.Context(), db, d.Dialect, &d.Options))
	var want []Object
	for _, o := range all {
		if !strings.HasPrefix(o.Name, "p1_users") && !strings.HasPrefix(o.Name, "p1_memberships") {
			o.Name = "p2_" + strings.TrimPrefix(o.Name, "p1_")
			want = append(want, o)
		}
	}
	if diff := cmp.Diff(want, added(before, d.Objects(t, db))); diff != "" {
		t.Error("made for a host with its own people (-want +got):\n", diff)
	}
}

// MigrateSearchPath leaves the schema to the connection: the first of its search path.
func MigrateSearchPath(t *testing.T, d Database) {
	db := d.Pool(t)
	_, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+d.Options.Schema)
	must(t, err)
	before := d.Objects(t, db)
	path := d
	path.DSN += "&search_path=" + d.Options.Schema
	path.Options.Schema = ""
	s := path.Store(t)
	all := added(before, d.Objects(t, db))
	if len(all) < 40 {
		t.Errorf("%d tables and indexes were made", len(all))
	}
	for _, o := range all {
		if o.Schema != d.Options.Schema {
			t.Errorf("made: %+v", o)
		}
	}
	must(t, s.RunInTx(t.Context(), func(tx store.Tx) error {
		return tx.CreateOrg(t.Context(), store.Org{ID: "org-1", Name: "Acme"})
	}))
	var n int
	must(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+d.qualified("accesssec_orgs")).Scan(&n))
	if n != 1 {
		t.Errorf("%d orgs in that schema", n)
	}
}

// nobody are a host's own people, of whom nothing is asked here.
func nobody(sqlstore.Querier) sqlstore.People { return nil }

// MigrateByHand runs the files as other tools do, and compares with what Migrate makes.
func MigrateByHand(t *testing.T, d Database) {
	db := d.Pool(t)
	made := func(prefix string, migrate func(*sqlstore.Options)) []Column {
		opts := d.Options
		opts.Prefix = prefix
		migrate(&opts)
		return d.Columns(t, db, prefix)
	}
	ours := made("m_", func(opts *sqlstore.Options) { must(t, sqlstore.Migrate(t.Context(), db, d.Dialect, opts)) })
	theirs := made("h_", func(opts *sqlstore.Options) {
		files, err := sqlstore.Migrations(d.Dialect, opts)
		must(t, err)
		names, err := fs.Glob(files, "*.sql")
		must(t, err)
		must(t, fstest.TestFS(files, names...))
		for _, name := range names {
			text, err := fs.ReadFile(files, name)
			must(t, err)
			if !strings.HasPrefix(string(text), "-- +goose Up\n") {
				t.Errorf("%s begins without goose's mark", name)
			}
			for statement := range strings.SplitSeq(string(text), ";\n") {
				_, err := db.ExecContext(t.Context(), statement)
				must(t, err)
			}
		}
	})
	ours = slices.DeleteFunc(ours, func(c Column) bool { return c.Of == "migrations" })
	if len(ours) < 50 {
		t.Errorf("%d columns and indexes were made", len(ours))
	}
	if diff := cmp.Diff(ours, theirs); diff != "" {
		t.Error("by Migrate and by hand (-Migrate +hand):\n", diff)
	}
}

// added is what is in after and not in before.
func added(before, after []Object) []Object {
	var out []Object
	for _, o := range after {
		if !slices.Contains(before, o) {
			out = append(out, o)
		}
	}
	return out
}
