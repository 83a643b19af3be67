package sqltest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/internal/scimquery"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// provisionedPeople is how many a large directory has.
const provisionedPeople = 50_000

// SCIMAtLargeDirectories asks a directory of fifty thousand what clients ask most, each of
// which an index has to answer, and the worst that a filter may be.
func SCIMAtLargeDirectories(t *testing.T, d Database) {
	provision(t, d.Store(t), provisionedPeople)
	// A database that is in use knows how its rows are spread.
	_, err := d.Pool(t).ExecContext(t.Context(), "ANALYZE")
	must(t, err)
	seen := &recorder{}
	db := seen.pool(t, d)
	s, err := sqlstore.Open(db, d.Dialect, &d.Options)
	must(t, err)
	t.Run("by an index", func(t *testing.T) { scimUsesIndexes(t, d, s, seen) })
	t.Run("at the worst", func(t *testing.T) { scimAtWorst(t, s) })
}

// provision makes people with all that their identity provider says of them, and groups.
func provision(t *testing.T, s store.Store, people int) {
	t.Helper()
	var schemas *scim.Schemas
	const batch = 1000
	for from := 0; from < people; from += batch {
		var entries []store.Entry
		for i := from; i < from+batch; i++ {
			id := person(i)
			u := scim.User{
				UserName: id + "@example.com", Name: scim.Name{Family: "Family" + id, Given: "Given"},
				Emails: []scim.Email{{Value: id + "@example.com", Type: "work", Primary: true}, {Value: id + "@example.org", Type: "home"}},
				Active: i%7 != 0,
				Extra: map[string]any{"displayName": "Person " + id, "title": fmt.Sprint("Title ", i%50),
					scim.EnterpriseSchema: map[string]any{"department": fmt.Sprint("Department ", i%20), "employeeNumber": fmt.Sprint(i)}},
			}
			at := time.Date(2040, 1, 1, 0, 0, i, 0, time.UTC)
			e := entryOf(id, store.EntryUser, "Ext-"+id, scim.Meta{Created: at, LastModified: at}, schemas.IndexUser(u))
			e.NameKey, e.Active, e.UserID = u.UserName, u.Active, "usr-"+id
			entries = append(entries, e)
		}
		in := map[string][]string{}
		for i := range 5 {
			g := scim.Group{DisplayName: fmt.Sprint("Team ", from, " ", i)}
			e := entryOf(fmt.Sprintf("g%06d-%d", from, i), store.EntryGroup, "", scim.Meta{}, schemas.IndexGroup(g))
			e.NameKey = strings.ToLower(g.DisplayName)
			for j := i; j < batch; j += 5 {
				in[e.ID] = append(in[e.ID], person(from+j))
			}
			entries = append(entries, e)
		}
		must(t, keepDirectory(t.Context(), s, entries, in))
	}
}

// resolvedBy is a request as a backend gets it.
func resolvedBy(t *testing.T, typ, text string) scim.Query {
	t.Helper()
	return resolvedIn(t, nil, typ, text)
}

func resolvedIn(t *testing.T, schemas *scim.Schemas, typ, text string) scim.Query {
	t.Helper()
	b := &questioned{Memory: scim.NewMemory(schemas, nil)}
	server, err := scim.NewHandler(func(*http.Request) (scim.Tenant, error) {
		return scim.Tenant{Backend: b, Profile: scim.Strict, Scope: "test"}, nil
	}, &scim.Options{Schemas: schemas})
	must(t, err)
	if status := (scimQuestion{typ: typ, filter: text}).ask(server); status != http.StatusOK || b.query == nil {
		t.Fatalf("%s is answered by %d", text, status)
	}
	return *b.query
}

func scimUsesIndexes(t *testing.T, d Database, s store.Store, seen *recorder) {
	value := []string{"entry_index_value"}
	id := person(provisionedPeople - 333)
	user := func(format string) string { return strings.ReplaceAll(format, "ID", id) }
	for _, l := range []struct {
		typ, filter string
		found       int
		index       []string
	}{
		{"User", user(`userName eq "ID@Example.com"`), 1, value},
		{"User", user(`userName sw "ID@"`), 1, value},
		{"User", user(`emails.value eq "ID@example.org"`), 1, value},
		{"User", user(`emails eq "ID@example.org"`), 1, value},
		{"User", user(`emails[type eq "work" and value eq "ID@example.com"]`), 1, value},
		{"User", user(`emails[type eq "work"].value eq "ID@example.com"`), 1, value},
		{"User", user(`externalId eq "Ext-ID"`), 1, []string{"entries_external"}},
		{"User", user(`id eq "ID"`), 1, []string{"entries_pkey", "sqlite_autoindex_accesssec_entries_1"}},
		{"User", user(`id eq "ID" and active eq true`), 1, []string{"entries_pkey", "sqlite_autoindex_accesssec_entries_1"}},
		{"User", user(`displayName eq "Person ID"`), 1, value},
		{"User", user(`userName eq "ID@example.com" or externalId eq "Ext-ID"`), 1, value},
		{"User", scim.EnterpriseSchema + `:employeeNumber eq "333"`, 1, value},
		{"Group", `displayName eq "team 3000 1"`, 1, value},
		{"Group", user(`members eq "ID"`), 1, []string{"members_entry"}},
		{"Group", user(`members.value eq "ID"`), 1, []string{"members_entry"}},
		{"Group", user(`members[value eq "ID"] and id eq "g049000-2"`), 1, []string{"members_", "entries_pkey", "sqlite_autoindex_accesssec"}},
	} {
		f, err := scimquery.Filter(resolvedBy(t, l.typ, l.filter).Filter, l.typ)
		must(t, err)
		page, err := s.Entries(t.Context(), crowd, store.EntryQuery{Type: l.typ, Filter: f})
		must(t, err)
		if len(page.Items) != l.found {
			t.Errorf("%s: %d found", l.filter, len(page.Items))
		}
		for _, plan := range plansOf(t, d.Pool(t), d.Dialect, seen.query, seen.args) {
			if !slices.ContainsFunc(l.index, func(index string) bool { return strings.Contains(plan, index) }) {
				t.Errorf("%s: want one of %v in\n%s", l.filter, l.index, plan)
			}
			for _, whole := range []string{"Seq Scan", "SCAN", "entries_created"} {
				if strings.Contains(plan, whole) {
					t.Errorf("%s: %s in\n%s", l.filter, whole, plan)
				}
			}
		}
	}
}

// scimAtWorst asks what takes as long as it may, page and count, and says how long that is. On
// a machine of two cores with nothing else to do it is a few seconds; the bound is for those
// that have much else to do.
func scimAtWorst(t *testing.T, s store.Store) {
	times := func(n int, op string, part func(int) string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = part(i)
		}
		return strings.Join(parts, op)
	}
	for name, text := range map[string]string{
		"one that reads all":      `emails.value co "nobody"`,
		"parts of texts":          times(6, " or ", func(i int) string { return fmt.Sprintf(`emails.value co "nobody%d"`, i) }),
		"ends of texts":           times(6, " or ", func(i int) string { return fmt.Sprintf(`emails.value ew "nobody%d"`, i) }),
		"what all have":           times(6, " and ", func(int) string { return `emails.type eq "work"` }),
		"what is there":           times(6, " and ", func(int) string { return `displayName pr` }),
		"what is not there":       times(3, " or ", func(int) string { return `not (emails pr)` }),
		"elements without a lead": `emails[not (type eq "x")]`,
		"an element of all":       `emails[type eq "work" and ` + times(5, " and ", func(int) string { return `value co "example"` }) + `]`,
		"beginnings":              times(6, " and ", func(int) string { return `userName sw "p0"` }),
		"any of the beginnings":   times(6, " or ", func(int) string { return `userName sw "p0"` }),
		"names":                   times(100, " or ", func(i int) string { return fmt.Sprintf(`userName eq "%s@example.com"`, person(i)) }),
		"all but those names":     times(50, " and ", func(i int) string { return fmt.Sprintf(`not (userName eq "%s@example.com")`, person(i)) }),
		"addresses":               times(24, " or ", func(i int) string { return fmt.Sprintf(`emails.value eq "%s@example.com"`, person(i)) }),
		"orders":                  times(6, " and ", func(int) string { return `userName gt "a"` }),
		"columns":                 times(24, " and ", func(int) string { return `meta.created gt "2001-01-01T00:00:00Z"` }),
	} {
		f, err := scimquery.Filter(resolvedBy(t, store.EntryUser, text).Filter, store.EntryUser)
		must(t, err)
		for sort, order := range map[string]store.Sort{"": {}, ", by a name": {Path: "name.familyName"}} {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			began := time.Now()
			page, err := s.Entries(ctx, crowd, store.EntryQuery{Type: store.EntryUser, Filter: f, Sort: order, Count: true, Paging: store.Paging{Limit: 100}})
			cancel()
			took := time.Since(began).Round(time.Millisecond)
			t.Logf("%s%s: %d of %d in %s", name, sort, len(page.Items), page.Total, took)
			if err != nil {
				t.Errorf("%s%s: %v", name, sort, err)
			}
		}
	}
}
