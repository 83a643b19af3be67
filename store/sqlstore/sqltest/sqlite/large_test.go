//go:build !race

package sqlite_test

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
