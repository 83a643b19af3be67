//go:build !race

package accounts_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/internal/flowtest"
	"github.com/accesssec/accesssec-go/store"
)

// Everything that accesssec does with a store, on the host's tables. Not with the race
// detector: it slows a database that is Go itself so much that the limits on time which
// the flows keep are reached. There sqltest runs the same flows, and TestStore the same
// tables.
func TestFlows(t *testing.T) {
	t.Parallel()
	flowtest.Run(t, func(t *testing.T) store.Store {
		_, st := open(t)
		return st
	})
}
