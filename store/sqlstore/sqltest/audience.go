package sqltest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// audience is an org with Ann in it, for whom few grants are, among those of others.
type audience struct {
	others  int // grants on p1, to as many others
	members int // of the first group that Ann is in; the others have few
	groups  int // that Ann is in, each with a grant on p1
}

// reached is how many grants reach Ann: her own on the org and on p1 and p2, her groups',
// and everyone's on p1.
func (a audience) reached() int { return 4 + a.groups }

// fill writes the rows of an audience by hand: a hundred thousand by the store would take a
// minute.
func (a audience) fill(t testing.TB, s store.Store, db *sql.DB, d Database) {
	t.Helper()
	must(t, s.RunInTx(t.Context(), func(tx store.Tx) error {
		return tx.PutEntry(t.Context(), store.Entry{OrgID: "org", ID: "ent-ann", Type: store.EntryUser, NameKey: "ann", UserID: "usr-ann"})
	}))
	at := "strftime('%Y-%m-%dT%H:%M:%S.000000Z', '2040-03-02', CAST(i AS text) || ' seconds')"
	if d.Dialect == sqlstore.PostgreSQL {
		at = "CAST('2040-03-02 00:00:00Z' AS timestamptz) + i * interval '1 second'"
	}
	grants := func(n int, id, project, subject, kind string) string {
		return series(n) + "INSERT INTO {grants} (org_id, id, project, subject, subject_kind, role, source, granted_by, created_at, version) " +
			"SELECT 'org', " + id + ", '" + project + "', " + subject + ", '" + kind + "', 'analyst', 'direct', 'usr-owner', " + at + ", 1 FROM n"
	}
	statements := []string{
		grants(1, "'own-org'", "", "'usr-ann'", store.SubjectUser),
		grants(1, "'own-p1'", "p1", "'usr-ann'", store.SubjectUser),
		grants(1, "'own-p2'", "p2", "'usr-ann'", store.SubjectUser),
		grants(1, "'all-p1'", "p1", "''", store.SubjectEveryone),
		grants(a.groups, "'in-' || i", "p1", "'grp-' || i", store.SubjectGroup),
		series(a.groups) + "INSERT INTO {members} (org_id, group_id, entry_id) SELECT 'org', 'grp-' || i, 'ent-ann' FROM n",
	}
	if a.others > 0 {
		text, blob := "'x-' || i", "''"
		if d.Dialect == sqlstore.SQLite {
			blob = "x''"
		}
		statements = append(statements,
			grants(a.others, "'of-' || i", "p1", "'usr-' || i", store.SubjectUser),
			series(a.others)+"INSERT INTO {members} (org_id, group_id, entry_id) SELECT 'org', 'grp-' || (1 + i % "+fmt.Sprint(a.groups)+"), 'few-' || i FROM n",
			series(a.others)+"INSERT INTO {entries} (org_id, id, connection_id, type, name, name_key, external_id, user_id, active, attributes, indexed,"+
				" created_at, modified_at, version) SELECT 'org', "+text+", '', 'User', '', "+text+", '', "+text+", 1 = 1, "+blob+", "+blob+", "+at+", "+at+", 1 FROM n")
	}
	if a.members > 0 {
		statements = append(statements, series(a.members)+"INSERT INTO {members} (org_id, group_id, entry_id) SELECT 'org', 'grp-1', 'ent-' || i FROM n")
	}
	d.run(t, db, statements...)
}

// series begins a statement on the numbers i from 1 to n.
func series(n int) string {
	return fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", n)
}

// run runs statements with the names of tables in them.
func (d Database) run(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		_, err := db.ExecContext(t.Context(), d.named(s))
		must(t, err)
	}
}

// lopsided are rows that tell a database little of what is to come: two groups have all
// grants, and one person is in every group.
func lopsided(t testing.TB, db *sql.DB, d Database) {
	t.Helper()
	d.run(t, db,
		series(5000)+"INSERT INTO {members} (org_id, group_id, entry_id) SELECT 'org', 'grp-other-' || i, 'ent-other' FROM n",
		series(5000)+"INSERT INTO {grants} (org_id, id, project, subject, subject_kind, role, source, granted_by, created_at, version) "+
			"SELECT 'org', 'other-' || i, 'other-' || (i / 2), 'grp-other-' || (i % 2), 'group', '', '', '', '2040-03-02T12:00:00.000000Z', 1 FROM n",
	)
}

// smallOrgs are many, so that a database may hold that no org has more than a few rows.
func smallOrgs(t testing.TB, db *sql.DB, d Database) {
	t.Helper()
	d.run(t, db,
		series(5000)+"INSERT INTO {members} (org_id, group_id, entry_id) SELECT 'org-' || (i / 4), 'grp-1', 'ent-' || i FROM n",
		series(5000)+"INSERT INTO {grants} (org_id, id, project, subject, subject_kind, role, source, granted_by, created_at, version) "+
			"SELECT 'org-' || (i / 4), 'g-' || i, 'p' || i, 'usr-' || i, 'user', '', '', '', '2040-03-02T12:00:00.000000Z', 1 FROM n",
	)
}

// count has the database count the rows of an audience.
func (d Database) count(t testing.TB, db *sql.DB) {
	t.Helper()
	d.run(t, db, "ANALYZE {grants}", "ANALYZE {members}", "ANALYZE {entries}")
}

// named writes in the names of tables.
func (d Database) named(s string) string {
	prefix := d.Options.Prefix
	if prefix == "" {
		prefix = "accesssec_"
	}
	for _, table := range []string{"grants", "members", "entries", "users", "memberships"} {
		s = strings.ReplaceAll(s, "{"+table+"}", d.qualified(prefix+table))
	}
	return s
}
