package accesssec_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/internal/flowtest"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
)

func TestFlows(t *testing.T) {
	flowtest.Run(t, func(*testing.T) store.Store { return memory.New() })
}
