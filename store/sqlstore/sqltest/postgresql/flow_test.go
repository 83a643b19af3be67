package postgresql_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store/sqlstore/sqltest"
)

func TestFlows(t *testing.T) {
	t.Parallel()
	each(t, sqltest.Flows)
}

func TestFlowsOneConnection(t *testing.T) {
	t.Parallel()
	each(t, sqltest.FlowsOneConnection)
}

func TestFlowsInTwoProcesses(t *testing.T) {
	t.Parallel()
	sqltest.FlowsInTwoProcesses(t, first)
}

func TestOnePostWins(t *testing.T) {
	t.Parallel()
	each(t, sqltest.OnePostWins)
}
