package storetest_test

import (
	"context"
	"errors"
	"runtime"

	"github.com/accesssec/accesssec-go/store"
)

// snapshotting answers reads of orgs and docs from before the transaction, as snapshot
// isolation may, and commits all the same.
type snapshotting struct{ store.Store }

var errPeek = errors.New("storetest: only looked")

func (s snapshotting) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	seen := &snapshot{orgs: map[string]read[store.Org]{}, docs: map[string]read[store.Doc]{}}
	err := s.Store.RunInTx(ctx, func(tx store.Tx) (err error) {
		defer func() {
			if recover() != nil {
				err = errPeek // it will panic again
			}
		}()
		seen.looking = true
		fn(snapshotTx{tx, seen})
		return errPeek
	})
	if !errors.Is(err, errPeek) {
		return err
	}
	seen.looking = false
	for range 20 {
		runtime.Gosched()
	}
	return s.Store.RunInTx(ctx, func(tx store.Tx) error { return fn(snapshotTx{tx, seen}) })
}

type read[T any] struct {
	v   T
	err error
}

type snapshot struct {
	looking bool
	orgs    map[string]read[store.Org]
	docs    map[string]read[store.Doc]
}

type snapshotTx struct {
	store.Tx
	seen *snapshot
}

func (tx snapshotTx) Org(ctx context.Context, id string) (store.Org, error) {
	return once(tx.seen, tx.seen.orgs, id, func() (store.Org, error) { return tx.Tx.Org(ctx, id) })
}

func (tx snapshotTx) Doc(ctx context.Context, kind store.Kind, org, id string) (store.Doc, error) {
	return once(tx.seen, tx.seen.docs, id, func() (store.Doc, error) { return tx.Tx.Doc(ctx, kind, org, id) })
}

// once answers what was seen while looking, and asks for what was not.
func once[T any](s *snapshot, seen map[string]read[T], id string, ask func() (T, error)) (T, error) {
	if r, ok := seen[id]; ok && !s.looking {
		return r.v, r.err
	}
	v, err := ask()
	if s.looking {
		seen[id] = read[T]{v, err}
	}
	return v, err
}
