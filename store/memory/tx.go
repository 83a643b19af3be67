package memory

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/accesssec/accesssec-go/store"
)

var errOver = errors.New("memory: transaction used after its function returned")

// tx is one transaction. It is the door of its own view.
type tx struct {
	view
	log    undo
	steps  *atomic.Uint64
	failed error // the first error after which nothing more is done
	over   bool
}

var _ store.Tx = (*tx)(nil)

func newTx(s *Store) *tx {
	t := &tx{steps: &s.latch.steps}
	t.view = view{data: s.data, door: t}
	t.log.steps, s.spare = s.spare, nil
	return t
}

// run is a function of its own so that it can be found on a stack.
func (t *tx) run(fn func(store.Tx) error) error { return fn(t) }

// RunInTx runs fn once, alone. A Store read or a RunInTx inside fn is refused when
// it comes from the same goroutine, and waits for ever when fn waits for it in
// another.
func (s *Store) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	if err := s.latch.lock(ctx); err != nil {
		return err
	}
	s.latch.own()
	t := newTx(s)
	kept := false
	// No recover: a panic goes on by itself, with the stack it came from.
	defer func() {
		t.over = true
		if !kept {
			t.log.back(0)
		}
		s.spare = t.log.room()
		s.latch.unlock()
	}()
	err := t.run(fn)
	switch {
	case err != nil:
		return err
	case t.failed != nil:
		return fmt.Errorf("%w: %w", store.ErrAborted, t.failed)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	kept = true
	return nil
}

// commit runs one step that is committed on return.
func commit[T any](ctx context.Context, s *Store, fn func(t *tx) (T, error)) (T, error) {
	var none T
	if err := s.latch.lock(ctx); err != nil {
		return none, err
	}
	t := newTx(s)
	defer func() {
		s.spare = t.log.room()
		s.latch.unlock()
	}()
	out, err := fn(t)
	if err != nil {
		t.log.back(0)
		return none, err
	}
	return out, nil
}

func (t *tx) enter(ctx context.Context) error {
	t.steps.Add(1)
	switch {
	case t.over:
		return errOver
	case t.failed != nil:
		return store.ErrAborted
	}
	if err := ctx.Err(); err != nil {
		t.failed = err
		return err
	}
	return nil
}

func (t *tx) leave(err error) {
	if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict) {
		t.failed = err
	}
}

// write runs fn, which changes all that it names or, on an error, nothing.
func (t *tx) write(ctx context.Context, fn func(d *data, log *undo) error) error {
	_, err := count(ctx, t, func(d *data, log *undo) (int, error) { return 0, fn(d, log) })
	return err
}

// count is write for the methods that say how many.
func count(ctx context.Context, t *tx, fn func(d *data, log *undo) (int, error)) (int, error) {
	if err := t.enter(ctx); err != nil {
		return 0, err
	}
	mark := t.log.mark()
	n, err := fn(t.data, &t.log)
	if err != nil {
		t.log.back(mark)
		n = 0
	}
	t.leave(err)
	return n, err
}

// need refuses a record without its identity, which no database of ours takes.
func need(record string, ids ...string) error {
	for _, id := range ids {
		if id == "" {
			return fmt.Errorf("memory: %s without an id", record)
		}
	}
	return nil
}
