package flowtest

import (
	"testing"

	"github.com/accesssec/accesssec-go/store"
)

// Run is every flow. open gives an empty store, or one that others use as well: no
// flow looks at orgs that it has not made.
func Run(t *testing.T, open func(*testing.T) store.Store) {
	for name, flow := range map[string]func(*testing.T, func(*testing.T) store.Store){
		"Table":    Table,
		"Refusals": Refusals,
		"Bindings": Bindings,
		"Races":    Races,
		"People":   People,
		"Sessions": Sessions,
		"Settings": Settings,
		"Faults":   Faults,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flow(t, open)
		})
	}
}
