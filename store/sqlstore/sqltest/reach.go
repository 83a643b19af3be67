package sqltest

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// ReachUsesIndexes asks the database how it finds what reaches a person: by the indexes
// meant for that, whatever it knows of its tables, and however much there is for others.
func ReachUsesIndexes(t *testing.T, d Database) {
	large := audience{others: 10_000, members: 100_000, groups: 200}
	if d.Dialect == sqlstore.SQLite { // which looks at what was counted, and not at the rows
		large.others, large.members = 1000, 1000
	}
	for name, prepare := range map[string]func(d Database, s store.Store, db *sql.DB){
		"never": func(d Database, s store.Store, db *sql.DB) { large.fill(t, s, db, d) },
		"empty": func(d Database, s store.Store, db *sql.DB) { d.count(t, db); large.fill(t, s, db, d) },
		"full":  func(d Database, s store.Store, db *sql.DB) { large.fill(t, s, db, d); d.count(t, db) },
		"lopsided": func(d Database, s store.Store, db *sql.DB) {
			lopsided(t, db, d)
			d.count(t, db)
			large.fill(t, s, db, d)
		},
		"orgs": func(d Database, s store.Store, db *sql.DB) {
			smallOrgs(t, db, d)
			d.count(t, db)
			large.fill(t, s, db, d)
		},
	} { // when the rows were counted
		d := d
		d.Options.Prefix = "accesssec_" + name + "_"
		seen := &recorder{}
		db := seen.pool(t, d)
		prepare(d, d.StoreOn(t, db), db)
		r := reachPlans{
			when: name, size: large, primary: "grants_pkey",
			ask: func(q store.GrantQuery) (store.Page[store.Grant], []string) {
				s, err := sqlstore.Open(db, d.Dialect, &d.Options) // one that has nothing prepared yet
				must(t, err)
				var page store.Page[store.Grant]
				must(t, s.RunInTx(t.Context(), func(tx store.Tx) error {
					page, err = tx.Grants(t.Context(), "org", q)
					return err
				}))
				return page, plansOf(t, db, d.Dialect, seen.query, seen.args)
			},
		}
		if d.Dialect == sqlstore.SQLite {
			r.primary = "sqlite_autoindex_" + d.Options.Prefix + "grants_1"
		}
		r.test(t)
	}
}

// reachPlans are the plans of one database.
type reachPlans struct {
	when    string
	size    audience
	primary string // the index of ids
	ask     func(store.GrantQuery) (store.Page[store.Grant], []string)
}

// by are the indexes of a plan, each with the columns it is to be asked by.
type by map[string][]string

func (r reachPlans) test(t *testing.T) {
	t.Helper()
	const ann = "usr-ann"
	many := make([]string, 1000)
	for i := range many {
		many[i] = fmt.Sprint("p", i)
	}
	first, _ := r.ask(store.GrantQuery{Person: ann, Paging: store.Paging{Limit: 1}})
	byReach := by{
		"grants_reach": {"org_id", "subject", "subject_kind"}, "members_entry": {"org_id", "entry_id"}, "entries_user": {"org_id", "user_id"},
	}
	byProject := maps.Clone(byReach)
	byProject["grants_reach"] = append(slices.Clone(byReach["grants_reach"]), "project")
	for name, test := range map[string]struct {
		q    store.GrantQuery
		want int
		by   by
	}{
		"person":                 {store.GrantQuery{Person: ann}, r.size.reached(), byReach},
		"person, a few":          {store.GrantQuery{Person: ann, Paging: store.Paging{Limit: 3}}, 3, byReach},
		"person, the next few":   {store.GrantQuery{Person: ann, Paging: store.Paging{Limit: 3, After: first.Next}}, 3, byReach},
		"person, project":        {store.GrantQuery{Person: ann, Projects: []string{"p1"}}, r.size.reached() - 2, byProject},
		"person, project or org": {store.GrantQuery{Person: ann, Projects: []string{"p2", ""}}, 2, byProject},
		"person, project, few":   {store.GrantQuery{Person: ann, Projects: []string{"p1"}, Paging: store.Paging{Limit: 1}}, 1, byProject},
		"person, many projects":  {store.GrantQuery{Person: ann, Projects: many}, r.size.reached() - 1, byReach},
		"person, role":           {store.GrantQuery{Person: ann, Roles: []string{"analyst"}, Projects: []string{"p1"}}, r.size.reached() - 2, byProject},
		"person, subject":        {store.GrantQuery{Person: ann, Subjects: []string{ann}, Projects: []string{"p1"}}, 1, byProject},
		"person, ids":            {store.GrantQuery{Person: ann, IDs: []string{"own-p1", "of-1"}}, 1, byReach},
		"subjects":               {store.GrantQuery{Subjects: []string{ann, "grp-1"}}, 4, by{"grants_reach": {"org_id", "subject"}}},
		"subjects, a few":        {store.GrantQuery{Subjects: []string{ann, "grp-1"}, Paging: store.Paging{Limit: 1}}, 1, by{"grants_reach": {"org_id", "subject"}}},
		"project":                {store.GrantQuery{Projects: []string{"p2"}}, 1, by{"grants_project": {"org_id", "project"}}},
		"ids":                    {store.GrantQuery{IDs: []string{"own-p1", "of-1", "x"}}, 2, by{r.primary: {"org_id", "id"}}},
	} {
		if test.q.Limit == 0 {
			test.q.Limit = 1000
		}
		page, plans := r.ask(test.q)
		if len(page.Items) != test.want {
			t.Errorf("%s, %s: %d found, want %d", r.when, name, len(page.Items), test.want)
		}
		for _, plan := range plans {
			for index, columns := range test.by {
				if !leads(plan, index, columns) {
					t.Errorf("%s, %s: want %s by %v in\n%s", r.when, name, index, columns, plan)
				}
			}
			if strings.Contains(plan, "Seq Scan") {
				t.Errorf("%s, %s: a whole table is read in\n%s", r.when, name, plan)
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
