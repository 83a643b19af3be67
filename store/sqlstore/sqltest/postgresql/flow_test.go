package postgresql_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

// TestFlows is in two processes on one driver, and in one on the other.
func TestFlows(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d sqltest.Database) {
		switch {
		case d.Driver == "pgx":
			sqltest.FlowsInTwoProcesses(t, d)
		case sqltest.Raced:
			t.Skip("the race detector looks at the same code by pgx; without it this driver runs the flows")
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
