package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// Join gives a Store that lives inside the host's own transaction, for
// accesssec.Service.On: its RunInTx runs fn once, under a savepoint, and nothing is kept
// unless the host commits. What must commit by itself (an attempt to sign in, a lease) is
// [store.ErrJoined].
//
// The isolation is the host's to choose: begin with sql.LevelSerializable on PostgreSQL,
// and with the write lock on SQLite (BEGIN IMMEDIATE), or two who read before they write
// may both be right alone and wrong together. When the database undoes the transaction
// for the sake of another, that is store.ErrConflict: the Store refuses from then on, and
// the host rolls back and begins anew.
// tx is of the pool that Open was given, is used by one goroutine at a time, and the Store
// is over with it.
func (s *Store) Join(tx *sql.Tx) store.Store {
	state := &transaction{sql: tx, joined: true}
	return &guest{conn: s.on(tx, state), s: s, state: state}
}

// guest is a Store in the host's transaction.
type guest struct {
	conn
	s     *Store
	state *transaction
}

func (g *guest) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	switch {
	case g.state.lost:
		return store.ErrConflict
	case g.state.failed != nil:
		return store.ErrAborted
	}
	inner := &transaction{sql: g.state.sql, marks: g.state.marks + 1}
	c := g.s.on(inner.sql, inner)
	name := fmt.Sprintf("accesssec_%d", inner.marks)
	if _, err := c.q.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return g.ended(inner, fault(err))
	}
	kept := false
	defer func() { // also on a panic, which goes on
		inner.over = true
		// The savepoint has to end, or the host's own statements would fail.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if !kept {
			c.q.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+name)
			c.q.ExecContext(ctx, "RELEASE SAVEPOINT "+name)
		}
	}()
	err := fn(c.writing())
	switch {
	case err != nil:
	case inner.failed != nil:
		err = fmt.Errorf("%w: %w", store.ErrAborted, inner.failed)
	case ctx.Err() != nil:
		err = ctx.Err()
	default:
		if _, err = c.q.ExecContext(ctx, "RELEASE SAVEPOINT "+name); err == nil {
			kept = true
		} else {
			err = fault(err)
		}
	}
	return g.ended(inner, err)
}

// ended tells what the database has undone, which only the host can begin anew.
func (g *guest) ended(inner *transaction, err error) error {
	if err != nil && (inner.lost || serialization(err)) {
		g.state.lost = true
		g.state.failed = err
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	}
	return err
}

func (g *guest) SwapDoc(context.Context, store.Doc) error { return store.ErrJoined }

func (g *guest) TouchSession(context.Context, store.Hash, time.Time, time.Time) error {
	return store.ErrJoined
}

func (g *guest) LeaseJobs(context.Context, store.LeaseQuery) ([]store.Job, error) {
	return nil, store.ErrJoined
}

func (g *guest) DeleteExpired(context.Context, time.Time, int) (int, error) {
	return 0, store.ErrJoined
}
