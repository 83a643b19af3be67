package sqlstore_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/store/sqlstore"
)

func TestMigrationsAreFiles(t *testing.T) {
	t.Parallel()
	const tables, people, batches, grants, disabled = "0001_tables.sql", "0002_people.sql", "0003_batches.sql", "0004_grants.sql", "0005_disabled_people.sql"
	for name, test := range map[string]struct {
		opts *sqlstore.Options
		want []string
	}{
		"ours":          {nil, []string{tables, people, batches, grants, disabled}},
		"longer names":  {&sqlstore.Options{Prefix: "twenty_four_characters__"}, []string{tables, people, batches, grants, disabled}},
		"shorter names": {&sqlstore.Options{Prefix: "x"}, []string{tables, people, batches, grants, disabled}},
		"own people":    {&sqlstore.Options{People: func(sqlstore.Querier) sqlstore.People { return nil }}, []string{tables, batches, grants}},
	} {
		for _, d := range []sqlstore.Dialect{sqlstore.PostgreSQL, sqlstore.SQLite} {
			t.Run(name+" "+d.String(), func(t *testing.T) {
				t.Parallel()
				files, err := sqlstore.Migrations(d, test.opts)
				if err != nil {
					t.Fatal(err)
				}
				if err := fstest.TestFS(files, test.want...); err != nil {
					t.Error(err)
				}
				var got []string
				err = fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
					if err == nil && !e.IsDir() {
						got = append(got, name)
					}
					return err
				})
				if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
					t.Errorf("files (-want +got):\n%s%v", diff, err)
				}
				for _, name := range got {
					text, err := fs.ReadFile(files, name)
					if err != nil || strings.ContainsAny(string(text), "{}") {
						t.Errorf("%s: names are left open (%v)", name, err)
					}
				}
			})
		}
	}
}

// TestMigrationsFit: an index's name is cut short by PostgreSQL beyond 63 bytes, and two
// may then be one.
func TestMigrationsFit(t *testing.T) {
	t.Parallel()
	files, err := sqlstore.Migrations(sqlstore.PostgreSQL, &sqlstore.Options{Prefix: "twenty_four_characters__"})
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for word := range strings.FieldsSeq(string(text)) {
			if strings.HasPrefix(word, "twenty_four_characters__") {
				found++
				if len(word) > 63-len("_pkey") {
					t.Errorf("%s: %s is %d bytes long", name, word, len(word))
				}
			}
		}
	}
	if found < 40 {
		t.Errorf("%d names were looked at", found)
	}
}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		d    sqlstore.Dialect
		opts sqlstore.Options
	}{
		"no dialect":               {0, sqlstore.Options{}},
		"unknown dialect":          {3, sqlstore.Options{}},
		"prefix in capitals":       {sqlstore.SQLite, sqlstore.Options{Prefix: "Access"}},
		"prefix with a quote":      {sqlstore.SQLite, sqlstore.Options{Prefix: `a"; DROP TABLE x; --`}},
		"prefix that is a digit":   {sqlstore.PostgreSQL, sqlstore.Options{Prefix: "1a"}},
		"prefix of 25 characters":  {sqlstore.PostgreSQL, sqlstore.Options{Prefix: "twenty_five_characters___"}},
		"prefix with a line break": {sqlstore.PostgreSQL, sqlstore.Options{Prefix: "a\n"}},
		"schema with a dot":        {sqlstore.PostgreSQL, sqlstore.Options{Schema: "a.b"}},
		"schema with a space":      {sqlstore.PostgreSQL, sqlstore.Options{Schema: "a b"}},
		"schema on SQLite":         {sqlstore.SQLite, sqlstore.Options{Schema: "main"}},
	} {
		_, err := sqlstore.Migrations(test.d, &test.opts)
		if err == nil || !strings.HasPrefix(err.Error(), "sqlstore: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := sqlstore.Open(nil, sqlstore.SQLite, nil); err == nil {
		t.Error("opened without a database")
	}
}
