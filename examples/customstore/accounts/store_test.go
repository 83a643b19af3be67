package accounts_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/internal/flowtest"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/storetest"
)

// The contract, on the host's tables: this is the test that a host copies.
func TestStore(t *testing.T) {
	t.Parallel()
	_, st := open(t)
	storetest.Run(t, func(*testing.T) store.Store { return st })
}

// Everything that accesssec does with a store, on the host's tables.
func TestFlows(t *testing.T) {
	t.Parallel()
	flowtest.Run(t, func(t *testing.T) store.Store {
		_, st := open(t)
		return st
	})
}
