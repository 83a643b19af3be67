package flowtest

import (
	"testing"

	"github.com/accesssec/accesssec-go/store"
)

func deviceFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{})
}
