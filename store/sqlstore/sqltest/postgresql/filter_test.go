package postgresql_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

func TestFilters(t *testing.T) { sqltest.Filters().Run(t, each) }

// TestFiltersWhereBytesAreTheOrder is for servers whose order of text is not that of a language,
// which is the one of the database that the other tests use.
func TestFiltersWhereBytesAreTheOrder(t *testing.T) {
	t.Parallel()
	ordered := func(d sqltest.Database) (aBeforeB bool) {
		if err := d.Pool(t).QueryRowContext(t.Context(), "SELECT 'a' < 'B'").Scan(&aBeforeB); err != nil {
			t.Fatal(err)
		}
		return aBeforeB
	}
	c := sqltest.Collated(t, "pgx")
	if ordered(c) || !ordered(sqltest.Schema(t, "pgx")) {
		t.Error("both databases have the same order of text")
	}
	sqltest.SCIMFiltersAgree(t, c)
	sqltest.FiltersUseIndexes(t, sqltest.Collated(t, "pgx"))
}

func TestManyMembers(t *testing.T) {
	t.Parallel()
	each(t, sqltest.ManyMembers)
}

// BenchmarkAddMember adds one to a group of ten and to one of a hundred thousand.
func BenchmarkAddMember(b *testing.B) {
	sqltest.AddMember(b, sqltest.Crowd(b, first(b), 100_000), 10, 100_000)
}

// BenchmarkFilter asks a directory of a hundred thousand.
func BenchmarkFilter(b *testing.B) { sqltest.AskCrowd(b, sqltest.Crowd(b, first(b), 100_000)) }
