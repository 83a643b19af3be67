package storetest_test

import (
	"context"
	"fmt"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/storetest"
)

// What a function leaves behind of a run that was undone shows on a store like this.
func ExampleTwice() {
	ctx := context.Background()
	st := storetest.Twice(memory.New())
	runs := 0
	err := st.RunInTx(ctx, func(tx store.Tx) error {
		runs++ // a variable that it does not set afresh
		return tx.CreateOrg(ctx, store.Org{ID: "org-acme", Name: "Acme"})
	})
	org, _ := st.Org(ctx, "org-acme")
	fmt.Println(err, runs, org.Version)
	// Output: <nil> 2 1
}
