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
		switch {
		case d.Driver == "sqlite3":
			sqltest.FlowsInTwoProcesses(t, d)
		case sqltest.Raced:
			t.Skip("SQLite in Go is some twenty times slower with the race detector, and a hundred posts at once then take " +
				"longer than anybody waits; without the detector it runs them")
		default:
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
