package memory_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
)

func Example() {
	ctx := context.Background()
	s := memory.New()

	// All writes are in a transaction, and are kept together or not at all.
	err := s.RunInTx(ctx, func(tx store.Tx) error {
		if err := tx.CreateOrg(ctx, store.Org{ID: "org1", Name: "Acme"}); err != nil {
			return err
		}
		return errors.New("changed my mind")
	})
	fmt.Println(err)
	_, err = s.Org(ctx, "org1")
	fmt.Println(err)

	err = s.RunInTx(ctx, func(tx store.Tx) error {
		return tx.CreateOrg(ctx, store.Org{ID: "org1", Name: "Acme"})
	})
	fmt.Println(err)
	o, err := s.Org(ctx, "org1")
	fmt.Println(o.Name, o.Version, err)
	// Output:
	// changed my mind
	// store: not found
	// <nil>
	// Acme 1 <nil>
}
