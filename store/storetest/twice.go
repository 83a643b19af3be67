package storetest

import (
	"context"
	"errors"

	"github.com/accesssec/accesssec-go/store"
)

// Twice is st with every transaction run two times: once to be undone, as a database may
// do for the sake of another, and once for good. What works on st works on Twice(st), if
// its functions touch only the transaction and what they set afresh: run your own tests
// on it.
func Twice(st store.Store) store.Store { return twice{st} }

type twice struct{ store.Store }

var errUndone = errors.New("storetest: undone, to be run again")

func (t twice) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	err := t.Store.RunInTx(ctx, func(tx store.Tx) error {
		_ = fn(tx) // of a run that was undone nothing counts
		return errUndone
	})
	if !errors.Is(err, errUndone) {
		return err // it could not even begin
	}
	return t.Store.RunInTx(ctx, fn)
}
