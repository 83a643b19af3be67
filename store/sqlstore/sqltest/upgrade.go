package sqltest

import (
	"database/sql"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// upgraded are a membership and grants as a release before 0004 has kept them.
type upgraded struct {
	user   store.User
	member store.Membership
	grants []store.Grant
}

func beforeGrants() upgraded {
	at := time.Date(2040, 3, 2, 12, 0, 0, 123456000, time.UTC)
	grant := func(id, project, kind, subject string) store.Grant {
		return store.Grant{OrgID: "org-1", ID: id, Project: project, Subject: subject, SubjectKind: kind, Role: "analyst",
			Source: "direct", GrantedBy: "usr-2", CreatedAt: at, Version: 3}
	}
	return upgraded{
		user:   store.User{ID: "usr-1", Address: "Ann@example.com", AddressKey: "ann@example.com", CreatedAt: at, Version: 2},
		member: store.Membership{OrgID: "org-1", UserID: "usr-1", Role: "admin", Source: "scim", JoinedAt: at, Version: 7},
		grants: []store.Grant{
			grant("a", "", store.SubjectUser, "usr-1"), grant("b", "p1", store.SubjectEveryone, ""), grant("c", "p1", store.SubjectUser, "usr-2"),
		},
	}
}

// write puts them into the tables of then, by statements of then.
func (u upgraded) write(t *testing.T, db *sql.DB, d Database) {
	t.Helper()
	at := func(t time.Time) any {
		if d.Dialect == sqlstore.SQLite {
			return t.Format("2006-01-02T15:04:05.000000Z")
		}
		return t
	}
	exec := func(statement string, args ...any) {
		t.Helper()
		if d.Dialect == sqlstore.SQLite {
			statement = strings.ReplaceAll(statement, "$", "?")
		}
		_, err := db.ExecContext(t.Context(), d.named(statement), args...)
		must(t, err)
	}
	if d.Options.People == nil {
		exec(`INSERT INTO {users} (id, address, address_key, address_verified, first_name, last_name, names_from, password, password_set_by_user,
			disabled, created_at, version) VALUES ($1, $2, $3, 1 = 0, '', '', '', '', 1 = 0, 1 = 0, $4, $5)`,
			u.user.ID, u.user.Address, u.user.AddressKey, at(u.user.CreatedAt), u.user.Version)
		exec(`INSERT INTO {memberships} (org_id, user_id, role, source, joined_at, version) VALUES ($1, $2, $3, $4, $5, $6)`,
			u.member.OrgID, u.member.UserID, u.member.Role, u.member.Source, at(u.member.JoinedAt), u.member.Version)
	}
	for _, g := range u.grants {
		exec(`INSERT INTO {grants} (org_id, id, project, subject, subject_kind, role, source, granted_by, created_at, expires_at, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, $10)`,
			g.OrgID, g.ID, g.Project, g.Subject, g.SubjectKind, g.Role, g.Source, g.GrantedBy, at(g.CreatedAt), g.Version)
	}
}

// MigrateUpgrades brings tables with rows in them from the release with three files up to
// date: all that was there is read as it was, and nobody is disabled.
func MigrateUpgrades(t *testing.T, d Database) {
	db, u := d.Pool(t), beforeGrants()
	if d.Options.Schema != "" {
		_, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+d.Options.Schema)
		must(t, err)
	}
	d.Options.Prefix = "accesssec_up_"
	d.applied(t, db, "0001_tables.sql", "0002_people.sql", "0003_batches.sql")
	u.write(t, db, d)
	s := d.StoreOn(t, db)
	m, err := s.Membership(t.Context(), "org-1", "usr-1")
	must(t, err)
	if diff := cmp.Diff(store.Member{Membership: u.member, User: u.user}, m); diff != "" {
		t.Error("the member of before (-want +got):\n", diff)
	}
	u.found(t, s)
	must(t, s.RunInTx(t.Context(), func(tx store.Tx) error {
		m.Disabled = true
		return tx.PutMembership(t.Context(), m.Membership)
	}))
	if m, err := s.Membership(t.Context(), "org-1", "usr-1"); err != nil || !m.Disabled || m.Version != 8 {
		t.Errorf("disabled: %+v, %v", m.Membership, err)
	}

	fresh := d
	fresh.Options.Prefix = "accesssec_new_"
	fresh.StoreOn(t, db)
	if diff := cmp.Diff(d.Columns(t, db, fresh.Options.Prefix), d.Columns(t, db, d.Options.Prefix)); diff != "" {
		t.Error("made at once and brought up to date (-at once +later):\n", diff)
	}

	own := d
	own.Options.Prefix, own.Options.People = "accesssec_own_", nobody
	own.applied(t, db, "0001_tables.sql", "0003_batches.sql")
	u.write(t, db, own)
	u.found(t, own.StoreOn(t, db))
}

// found checks that the grants are as they were, and reach whom they reached.
func (u upgraded) found(t *testing.T, s store.Store) {
	t.Helper()
	for _, test := range []struct {
		q    store.GrantQuery
		want []store.Grant
	}{
		{store.GrantQuery{}, u.grants},
		{store.GrantQuery{Person: "usr-1"}, u.grants[:2]},
		{store.GrantQuery{Projects: []string{"p1"}}, u.grants[1:]},
	} {
		page, err := s.Grants(t.Context(), "org-1", test.q)
		must(t, err)
		if diff := cmp.Diff(test.want, page.Items); diff != "" {
			t.Errorf("%+v: the grants of before (-want +got):\n%s", test.q, diff)
		}
	}
}

// applied makes what a release made that had these files, and no others.
func (d Database) applied(t *testing.T, db *sql.DB, names ...string) {
	t.Helper()
	exec := func(statement string) {
		t.Helper()
		_, err := db.ExecContext(t.Context(), statement)
		must(t, err)
	}
	table := d.qualified(d.Options.Prefix + "migrations")
	exec("CREATE TABLE " + table + " (name varchar(100) NOT NULL PRIMARY KEY)")
	files, err := sqlstore.Migrations(d.Dialect, &d.Options)
	must(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		must(t, err)
		for statement := range strings.SplitSeq(string(text), ";\n") {
			exec(statement)
		}
		exec("INSERT INTO " + table + " (name) VALUES ('" + name + "')")
	}
	if _, err := fs.Stat(files, "0002_people.sql"); d.Options.People != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error("a host with its own people is given tables for them")
	}
}
