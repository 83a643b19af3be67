package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"hash/fnv"
	"io/fs"
	"strings"
)

//go:embed migrations
var files embed.FS

// ofPeople reports whether a file is one that a host does without who brings their own.
func ofPeople(name string) bool { return strings.HasSuffix(name, "_people.sql") }

// Migrations are the files that [Migrate] applies, in the order of their names and with
// the names of opts in them, for hosts that migrate with a tool of their own. They begin
// with goose's mark; atlas takes them as they are. There is no way back down.
func Migrations(d Dialect, opts *Options) (fs.FS, error) {
	n, err := namesOf(d, opts)
	if err != nil {
		return nil, err
	}
	sub, err := fs.Sub(files, "migrations/"+d.String())
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	return migrations{sub, n}, nil
}

// Migrate makes the tables, or brings those of an earlier release up to date: everything
// in one transaction, once, however many instances start at the same time. Tables of a
// later release are left as they are. opts are those of Open.
func Migrate(ctx context.Context, db *sql.DB, d Dialect, opts *Options) error {
	s, err := Open(db, d, opts)
	if err != nil {
		return err
	}
	list, err := Migrations(d, opts)
	if err != nil {
		return err
	}
	return s.run(ctx, sql.LevelReadCommitted, func(t *Tx) error {
		return step(ctx, t.conn, func() error { return t.migrate(ctx, list) })
	})
}

func (t *Tx) migrate(ctx context.Context, list fs.FS) error {
	if err := t.lockMigrations(ctx); err != nil {
		return fmt.Errorf("sqlstore: migrate: %w", err)
	}
	applied, err := unkept(ctx, t.conn, scanText, `SELECT name FROM {migrations}`)
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for _, name := range applied {
		done[name] = true
	}
	entries, err := fs.ReadDir(list, ".") // sorted by name
	if err != nil {
		return fmt.Errorf("sqlstore: migrate: %w", err)
	}
	for _, e := range entries {
		if done[e.Name()] {
			continue
		}
		b, err := fs.ReadFile(list, e.Name())
		if err != nil {
			return fmt.Errorf("sqlstore: migrate: %w", err)
		}
		for _, statement := range strings.Split(string(b), ";\n") {
			if strings.TrimSpace(uncomment(statement)) == "" {
				continue
			}
			if _, err := t.q.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("sqlstore: migrate: %s: %w", e.Name(), err)
			}
		}
		insert := t.s.texts.render(`INSERT INTO {migrations} (name) VALUES ($1)`)
		if _, err := t.q.ExecContext(ctx, insert, e.Name()); err != nil {
			return fmt.Errorf("sqlstore: migrate: %s: %w", e.Name(), err)
		}
	}
	return nil
}

// lockMigrations keeps other instances out until the end of the transaction, and makes the table
// that says what was applied. On SQLite the transaction itself keeps them out.
func (t *Tx) lockMigrations(ctx context.Context) error {
	n := &t.s.texts.names
	if n.dialect == PostgreSQL {
		// An advisory lock is the one thing that can be locked before there is a table.
		if _, err := t.q.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", lockKey(n, "migrate")); err != nil {
			return err
		}
	}
	if schema := strings.TrimSuffix(n.schema, "."); schema != "" {
		var there int
		err := t.q.QueryRowContext(ctx, "SELECT count(*) FROM pg_namespace WHERE nspname = $1", schema).Scan(&there)
		if err == nil && there == 0 {
			_, err = t.q.ExecContext(ctx, "CREATE SCHEMA "+schema)
		}
		if err != nil {
			return err
		}
	}
	_, err := t.q.ExecContext(ctx, n.render(`CREATE TABLE IF NOT EXISTS {migrations} (name varchar(100) NOT NULL PRIMARY KEY)`))
	return err
}

// lockKey is the number of an advisory lock for one purpose on these tables.
func lockKey(n *names, purpose string) int64 {
	h := fnv.New64a()
	h.Write([]byte("accesssec " + purpose + " " + n.schema + n.prefix))
	return int64(h.Sum64())
}

func uncomment(statement string) string {
	var out []string
	for line := range strings.Lines(statement) {
		if !strings.HasPrefix(line, "--") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}
