package accounts_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/storetest"
)

// The contract, on the host's tables: this is the test that a host copies.
func TestStore(t *testing.T) {
	t.Parallel()
	_, st := open(t)
	storetest.Run(t, func(*testing.T) store.Store { return st })
}
