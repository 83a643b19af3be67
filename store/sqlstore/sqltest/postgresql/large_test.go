//go:build !race

package postgresql_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

// Plans and seconds: the race detector, which makes all of it many times slower, tells nothing
// of them.
func TestSCIMAtLargeDirectories(t *testing.T) {
	t.Parallel()
	sqltest.SCIMAtLargeDirectories(t, first(t))
}

// TestSCIMAtLargeWhereBytesAreTheOrder: an index on text serves beginnings and ranges by the order
// of the database, so both orders are asked.
func TestSCIMAtLargeWhereBytesAreTheOrder(t *testing.T) {
	t.Parallel()
	sqltest.SCIMAtLargeDirectories(t, sqltest.Collated(t, "pgx"))
}
