package sqltest

import (
	"cmp"
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// The kinds of an [Object], of those that matter here.
const (
	Table = "table"
	Index = "index"
)

// Object is something that has a name in a database.
type Object struct {
	Schema, Kind, Name string
}

// Objects are all that somebody has made in the database behind db, sorted: tables,
// indexes, sequences, whatever has a name, in any schema.
func (d Database) Objects(t testing.TB, db *sql.DB) []Object {
	t.Helper()
	query := `SELECT '', type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY 1, 2, 3`
	var args []any
	if d.Dialect == sqlstore.PostgreSQL {
		query = `SELECT * FROM (
			SELECT n.nspname AS schema, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'i' THEN 'index' ELSE c.relkind::text END, c.relname::text AS name
			FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			UNION ALL SELECT n.nspname, 'function', p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
			UNION ALL SELECT n.nspname, 'type', t.typname::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
			WHERE t.typtype <> 'c' AND t.typelem = 0
		) AS o WHERE schema <> 'information_schema' AND schema NOT LIKE 'pg\_%' AND (schema = $1 OR schema !~ $2) ORDER BY 1, 2, 3`
		args = []any{d.Options.Schema, "^t[a-z0-9]{20}$"} // other tests make schemas meanwhile
	}
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := []Object{}
	for rows.Next() {
		var o Object
		if err := rows.Scan(&o.Schema, &o.Kind, &o.Name); err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// Column is what can be said of a column, or in whole of an index, without the names
// that Options give.
type Column struct {
	Of, Name, Type string
}

// Columns are those of the tables whose names begin with prefix, and their indexes, in
// the words of the database and sorted.
func (d Database) Columns(t testing.TB, db *sql.DB, prefix string) []Column {
	t.Helper()
	query := `SELECT tbl_name, type || ' ' || name, coalesce(sql, '') FROM sqlite_master WHERE tbl_name LIKE ? || '%' ORDER BY 1, 2, 3`
	args := []any{prefix}
	if d.Dialect == sqlstore.PostgreSQL {
		query = `SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod) || ' ' || a.attcollation || ' ' || a.attnotnull
			FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = $2 AND c.relname LIKE $1 || '%' AND c.relkind = 'r' AND a.attnum > 0
			UNION ALL SELECT tablename::text, indexname::text, indexdef FROM pg_indexes WHERE schemaname = $2 AND tablename LIKE $1 || '%'
			ORDER BY 1, 2, 3`
		args = append(args, d.Options.Schema)
	}
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := []Column{}
	for rows.Next() {
		var c Column
		if err := rows.Scan(&c.Of, &c.Name, &c.Type); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*string{&c.Of, &c.Name, &c.Type} {
			*s = strings.ReplaceAll(*s, prefix, "")
		}
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(out, func(a, b Column) int { return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.Name, b.Name)) })
	return out
}

// qualified is a name as the host's own statements need it.
func (d Database) qualified(name string) string {
	if d.Options.Schema == "" {
		return name
	}
	return d.Options.Schema + "." + name
}
