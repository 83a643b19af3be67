package sqltest

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// audience is an org with Ann in it, for whom few grants are, among those of others.
type audience struct {
	others  int // grants on p1, to as many others
	members int // of each group that Ann is in: the first of them, and few of the rest
	groups  int // that Ann is in, each with a grant on p1
}

// reached is how many grants reach Ann: her own on the org and on p1 and p2, her groups',
// and everyone's on p1.
func (a audience) reached() int { return 4 + a.groups }

// fill writes the rows of an audience by hand: a hundred thousand by the store would take a
// minute. Of the entries there is Ann's alone, which is all that is looked up.
func (a audience) fill(t testing.TB, s store.Store, db *sql.DB, d Database) {
	t.Helper()
	must(t, s.RunInTx(t.Context(), func(tx store.Tx) error {
		return tx.PutEntry(t.Context(), store.Entry{OrgID: "org", ID: "ent-ann", Type: store.EntryUser, NameKey: "ann", UserID: "usr-ann"})
	}))
	at := "strftime('%Y-%m-%dT%H:%M:%S.000000Z', '2040-03-02', CAST(i AS text) || ' seconds')"
	if d.Dialect == sqlstore.PostgreSQL {
		at = "CAST('2040-03-02 00:00:00Z' AS timestamptz) + i * interval '1 second'"
	}
	series := func(n int) string {
		return fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", n)
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
	for _, s := range statements {
		_, err := db.ExecContext(t.Context(), d.named(s))
		must(t, err)
	}
}

// named writes in the names of tables.
func (d Database) named(s string) string {
	prefix := d.Options.Prefix
	if prefix == "" {
		prefix = "accesssec_"
	}
	for _, table := range []string{"grants", "members", "entries"} {
		s = strings.ReplaceAll(s, "{"+table+"}", d.qualified(prefix+table))
	}
	return s
}

// ReachUsesIndexes asks the database how it finds what reaches a person: by the indexes
// meant for that, whatever it knows of its tables, and however much there is for others.
func ReachUsesIndexes(t *testing.T, d Database) {
	large := audience{others: 10_000, members: 100_000, groups: 200}
	for name, prepare := range map[string]func(fill, count, host func()){ // when it has counted its rows
		"never":  func(fill, _, _ func()) { fill() },
		"empty":  func(fill, count, _ func()) { count(); fill() },
		"full":   func(fill, count, _ func()) { fill(); count() },
		"skewed": func(fill, count, host func()) { host(); count(); fill() },
	} {
		d := d
		d.Options.Prefix = "accesssec_" + name + "_"
		seen := &recorder{}
		db := seen.pool(t, d)
		s := d.StoreOn(t, db)
		prepare(func() { large.fill(t, s, db, d) }, func() {
			for _, table := range []string{"grants", "members", "entries"} {
				_, err := db.ExecContext(t.Context(), d.named("ANALYZE {"+table+"}"))
				must(t, err)
			}
		}, func() {
			_, err := db.ExecContext(t.Context(), d.named(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
				INSERT INTO {members} (org_id, group_id, entry_id) SELECT 'org', 'grp-host-' || i, 'ent-host' FROM n`))
			must(t, err)
			_, err = db.ExecContext(t.Context(), d.named(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
				INSERT INTO {grants} (org_id, id, project, subject, subject_kind, role, source, granted_by, created_at, version)
				SELECT 'org', 'host-' || i, 'host-' || (i / 2), 'grp-host-' || (i % 2), 'group', '', '', '', '2040-03-02T12:00:00.000000Z', 1 FROM n`))
			must(t, err)
		})
		primary := "grants_pkey"
		if d.Dialect == sqlstore.SQLite {
			primary = "sqlite_autoindex_" + d.Options.Prefix + "grants_1"
		}
		reachPlans(t, large, primary, func(q store.GrantQuery) (store.Page[store.Grant], []string) {
			s, err := sqlstore.Open(db, d.Dialect, &d.Options) // one that has nothing prepared yet
			must(t, err)
			var page store.Page[store.Grant]
			must(t, s.RunInTx(t.Context(), func(tx store.Tx) error {
				page, err = tx.Grants(t.Context(), "org", q)
				return err
			}))
			return page, plansOf(t, db, d.Dialect, seen.query, seen.args)
		})
	}
}

func reachPlans(t *testing.T, a audience, primary string, ask func(store.GrantQuery) (store.Page[store.Grant], []string)) {
	t.Helper()
	const ann = "usr-ann"
	many := make([]string, 1000)
	for i := range many {
		many[i] = fmt.Sprint("p", i)
	}
	first, _ := ask(store.GrantQuery{Person: ann, Paging: store.Paging{Limit: 1}})
	byReach := map[string][]string{
		"grants_reach": {"org_id", "subject", "subject_kind"}, "members_entry": {"org_id", "entry_id"}, "entries_user": {"org_id", "user_id"},
	}
	byProject := maps.Clone(byReach)
	byProject["grants_reach"] = append(slices.Clone(byReach["grants_reach"]), "project")
	for name, test := range map[string]struct {
		q    store.GrantQuery
		want int
		by   map[string][]string
	}{
		"person":                 {store.GrantQuery{Person: ann}, a.reached(), byReach},
		"person, a few":          {store.GrantQuery{Person: ann, Paging: store.Paging{Limit: 3}}, 3, byReach},
		"person, the next few":   {store.GrantQuery{Person: ann, Paging: store.Paging{Limit: 3, After: first.Next}}, 3, byReach},
		"person, project":        {store.GrantQuery{Person: ann, Projects: []string{"p1"}}, a.reached() - 2, byProject},
		"person, project or org": {store.GrantQuery{Person: ann, Projects: []string{"p2", ""}}, 2, byProject},
		"person, project, few":   {store.GrantQuery{Person: ann, Projects: []string{"p1"}, Paging: store.Paging{Limit: 1}}, 1, byProject},
		"person, many projects":  {store.GrantQuery{Person: ann, Projects: many}, a.reached() - 1, byReach},
		"person, role":           {store.GrantQuery{Person: ann, Roles: []string{"analyst"}, Projects: []string{"p1"}}, a.reached() - 2, byProject},
		"person, subject":        {store.GrantQuery{Person: ann, Subjects: []string{ann}, Projects: []string{"p1"}}, 1, byProject},
		"person, ids":            {store.GrantQuery{Person: ann, IDs: []string{"own-p1", "of-1"}}, 1, byReach},
		"subjects":               {store.GrantQuery{Subjects: []string{ann, "grp-1"}}, 4, map[string][]string{"grants_reach": {"org_id", "subject"}}},
		"subjects, a few":        {store.GrantQuery{Subjects: []string{ann, "grp-1"}, Paging: store.Paging{Limit: 1}}, 1, map[string][]string{"grants_reach": {"org_id", "subject"}}},
		"project":                {store.GrantQuery{Projects: []string{"p2"}}, 1, map[string][]string{"grants_project": {"org_id", "project"}}},
		"ids":                    {store.GrantQuery{IDs: []string{"own-p1", "of-1", "x"}}, 2, map[string][]string{primary: {"org_id", "id"}}},
	} {
		if test.q.Limit == 0 {
			test.q.Limit = 1000
		}
		page, plans := ask(test.q)
		if len(page.Items) != test.want {
			t.Errorf("%s: %d found, want %d", name, len(page.Items), test.want)
		}
		for _, plan := range plans {
			for index, columns := range test.by {
				if !leads(plan, index, columns) {
					t.Errorf("%s: want %s by %v in\n%s", name, index, columns, plan)
				}
			}
			if strings.Contains(plan, "Seq Scan") {
				t.Errorf("%s: a whole table is read in\n%s", name, plan)
			}
		}
	}
}

// leads reports whether a plan goes by that index, and once alone, by equality of these
// columns. PostgreSQL says so in the line after.
func leads(plan, index string, columns []string) bool {
	before, after, found := strings.Cut(plan, index)
	if !found || strings.Contains(before+after, index) {
		return false
	}
	lines := strings.SplitN(after, "\n", 3)
	said := lines[0] + lines[1]
	return !slices.ContainsFunc(columns, func(c string) bool {
		return !strings.Contains(said, "("+c+" = ") && !strings.Contains(said, c+"=?")
	})
}

// plansOf are the ways in which a database may answer a query: with what it knows of the
// parameters and, on PostgreSQL, without, as for a statement that was prepared long ago.
func plansOf(t *testing.T, db *sql.DB, d sqlstore.Dialect, query string, args []any) []string {
	t.Helper()
	plans := []string{explain(t, db, d, query, args)}
	if d != sqlstore.PostgreSQL {
		return plans
	}
	conn, err := db.Conn(t.Context())
	must(t, err)
	defer conn.Close()
	literals := make([]string, len(args))
	for i, a := range args {
		literals[i] = literal(a)
	}
	execute := func(statement string) {
		_, err := conn.ExecContext(t.Context(), statement)
		must(t, err)
	}
	execute("SET plan_cache_mode = force_generic_plan")
	execute("PREPARE asked AS " + query)
	defer conn.ExecContext(context.WithoutCancel(t.Context()), "RESET plan_cache_mode")
	defer conn.ExecContext(context.WithoutCancel(t.Context()), "DEALLOCATE asked")
	return append(plans, planText(t, conn, "EXPLAIN EXECUTE asked("+strings.Join(literals, ", ")+")"))
}

// literal is an argument in the text of a statement.
func literal(a any) string {
	switch a := a.(type) {
	case string:
		return "'" + strings.ReplaceAll(a, "'", "''") + "'"
	case time.Time:
		return "'" + a.Format(time.RFC3339Nano) + "'"
	}
	return fmt.Sprint(a)
}
