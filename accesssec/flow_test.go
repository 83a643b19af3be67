package accesssec_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/internal/flowtest"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/storetest"
)

func TestFlows(t *testing.T) {
	flowtest.Run(t, func(*testing.T) store.Store { return memory.New() })
}

// A store may run any transaction again, and nobody may notice.
func TestFlowsTwice(t *testing.T) {
	flowtest.Run(t, func(*testing.T) store.Store { return storetest.Twice(memory.New()) })
}
