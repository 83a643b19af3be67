package sqlite_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

// TestFlows is in two processes on the driver that holds the lock for a shorter time, and
// in one on the other.
func TestFlows(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d sqltest.Database) {
		if d.Driver == "sqlite3" {
			sqltest.FlowsInTwoProcesses(t, d)
		} else {
			sqltest.Flows(t, d)
		}
	})
}

func TestOneConnection(t *testing.T) {
	t.Parallel()
	each(t, sqltest.OneConnection)
}

func TestOnePostWins(t *testing.T) {
	t.Parallel()
	each(t, sqltest.OnePostWins)
}
