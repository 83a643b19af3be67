package sqlite_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

func TestFilters(t *testing.T) { sqltest.Filters().Run(t, each) }

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
