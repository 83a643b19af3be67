package storetest_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/storetest"
)

// The suite asks of a store only what the contract says, and the contract says that a
// function may run again.
func TestTwice(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) store.Store { return storetest.Twice(memory.New()) })
}
