package sqltest

import (
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/internal/flowtest"
)

// Flows are the tests of whole flows on d.
func Flows(t *testing.T, d Database) { flowtest.Run(t, d.Fresh(t, "f", 6)) }

// FlowsOneConnection are the same on pools of one connection: nobody asks for a second
// one before giving back the first.
func FlowsOneConnection(t *testing.T, d Database) { flowtest.Run(t, d.Fresh(t, "f", 1)) }

// FlowsInTwoProcesses runs all flows in this process and in another, at the same time,
// on one database. The other one is this test again, and finds where by its task.
func FlowsInTwoProcesses(t *testing.T, open func(testing.TB) Database) {
	if k, is := given(); is {
		flowtest.Run(t, k.database().Fresh(t, "b", 6))
		return
	}
	d := open(t)
	d.Store(t) // makes the schema
	other := start(t, d.task("flows"), "-test.run=^"+t.Name()+"$", "-test.timeout="+left(t).String())
	t.Run("here", func(t *testing.T) { flowtest.Run(t, d.Fresh(t, "a", 6)) })
	if err := other.end(); err != nil {
		t.Error(err)
	}
}

// left is how long a test may still run.
func left(t *testing.T) time.Duration {
	if end, is := t.Deadline(); is {
		return time.Until(end).Round(time.Second)
	}
	return 10 * time.Minute
}
