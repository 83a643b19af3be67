package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

const (
	// tries is how often a transaction is run that PostgreSQL undoes for the sake of
	// others.
	tries = 40
	// guesses is how often one is run again that may have failed for that reason.
	guesses = 5
	// longestPause is between two of them.
	longestPause = 100 * time.Millisecond
	// patience is how long one waits to be SQLite's one writer, and then for its readers.
	patience = 30 * time.Second
)

// Tx is one transaction. It is used by one goroutine at a time.
type Tx struct {
	conn
	writer
}

var _ store.Tx = (*Tx)(nil)

// writing is c with the methods that only a transaction has.
func (c conn) writing() *Tx { return &Tx{c, c.reader.(People)} }

// RunInTx implements [store.Store].
func (s *Store) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return s.run(ctx, sql.LevelSerializable, func(tx *Tx) error { return fn(tx) })
}

// alone runs one step that is committed on return.
func alone[T any](ctx context.Context, s *Store, fn func(c conn) (T, error)) (T, error) {
	var out T
	err := s.run(ctx, sql.LevelReadCommitted, func(tx *Tx) error {
		var err error
		out, err = fn(tx.conn)
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return out, nil
}

func (s *Store) run(ctx context.Context, level sql.IsolationLevel, fn func(*Tx) error) error {
	guessed := 0
	for try := 1; ; try++ {
		state := &transaction{}
		err := s.once(ctx, level, state, fn)
		switch {
		case state.lost && try == tries:
			return fmt.Errorf("%w: %w", store.ErrConflict, err)
		case state.lost:
		case state.suspect && guessed < guesses:
			guessed++
		default:
			return err
		}
		if pause(ctx, try) != nil {
			return ctx.Err()
		}
	}
}

// once runs fn in one transaction. state says afterwards whether to run it again.
func (s *Store) once(ctx context.Context, level sql.IsolationLevel, state *transaction, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t, end, err := s.begin(ctx, level, state)
	if err != nil {
		return err
	}
	state.sql = t
	// No recover: a panic goes on by itself, with the stack it came from.
	defer func() {
		state.over = true
		end()
		for m := range state.missed {
			m.prepare(ctx, s.db)
		}
	}()
	err = fn(s.on(t, state).writing())
	switch {
	case state.lost:
		return errors.Join(err, state.failed)
	case err != nil:
		return err
	case state.failed != nil:
		return fmt.Errorf("%w: %w", store.ErrAborted, state.failed)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if err := s.commit(ctx, state); err != nil {
		state.lost = serialization(err)
		return fmt.Errorf("sqlstore: commit: %w", err)
	}
	return nil
}

// begin opens a transaction. end gives back what it holds, and undoes it unless it was
// committed.
func (s *Store) begin(ctx context.Context, level sql.IsolationLevel, state *transaction) (*sql.Tx, func(), error) {
	if s.turn != nil {
		return s.beginImmediate(ctx)
	}
	// Until COMMIT a context that ends ends the transaction. After that it must not: the
	// caller would hear that nothing was done, of what is there for good.
	open, cancel := context.WithCancel(context.WithoutCancel(ctx))
	state.hold, state.cancel = context.AfterFunc(ctx, cancel), cancel
	t, err := s.db.BeginTx(open, &sql.TxOptions{Isolation: level})
	if err != nil {
		state.hold()
		cancel()
		return nil, nil, began(ctx, err)
	}
	return t, func() {
		t.Rollback()
		state.hold()
		cancel()
	}, nil
}

// beginImmediate takes SQLite's write lock before anything is read: a transaction that
// begins as a reader can't become a writer once somebody else has written. The driver's
// own BEGIN, whatever the DSN makes of it, is given up for ours.
func (s *Store) beginImmediate(ctx context.Context) (*sql.Tx, func(), error) {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case s.turn <- struct{}{}:
	case <-waiting.Done():
		return nil, nil, began(ctx, errors.New("another transaction does not end"))
	}
	yield := func() { <-s.turn }
	c, err := s.db.Conn(ctx)
	if err != nil {
		yield()
		return nil, nil, began(ctx, err)
	}
	// A context that ends in the middle is ours to see: database/sql would roll back
	// beside a COMMIT that is waiting for its lock.
	t, err := c.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		c.Close()
		yield()
		return nil, nil, began(ctx, err)
	}
	end := func() {
		t.Rollback()
		c.Close()
		yield()
	}
	if _, err := t.ExecContext(ctx, "ROLLBACK"); err != nil {
		end()
		return nil, nil, began(ctx, err)
	}
	if err := insist(waiting, t, "BEGIN IMMEDIATE"); err != nil {
		end()
		return nil, nil, began(ctx, err)
	}
	return t, end, nil
}

func (s *Store) commit(ctx context.Context, state *transaction) error {
	if s.turn == nil {
		if !state.hold() {
			return ctx.Err() // it has just ended
		}
		defer time.AfterFunc(patience, state.cancel).Stop()
		return state.sql.Commit()
	}
	// Outside of WAL mode COMMIT waits for readers, and may be tried again, as long as
	// there is something to commit. It is past the point where a context that ends could
	// stop it cleanly.
	return insist(context.WithoutCancel(ctx), state.sql, commit)
}

// insist runs a statement until SQLite's lock is free. It can't tell why a statement
// fails without asking each driver in its own way, so what fails for another reason is
// tried as long; but for a COMMIT after which there is no transaction any more: SQLite has
// undone it, on a full disk for example.
func insist(ctx context.Context, t *sql.Tx, statement string) error {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for try := 1; ; try++ {
		_, err := t.ExecContext(ctx, statement)
		if err == nil {
			return nil
		}
		if statement == commit {
			if _, none := t.ExecContext(ctx, "BEGIN"); none == nil {
				return err // the caller rolls back what was begun here
			}
		}
		if pause(waiting, min(try, 5)) != nil {
			return err
		}
	}
}

const commit = "COMMIT"

func began(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("sqlstore: begin: %w", err)
}

// pause waits for a random time that grows with the number of tries, so that those who
// have met once do not meet again.
func pause(ctx context.Context, try int) error {
	longest := min(time.Millisecond<<min(try, 10), longestPause)
	var b [8]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	t := time.NewTimer(time.Duration(binary.BigEndian.Uint64(b[:]) % uint64(longest)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// savepoint runs fn so that an error undoes what it wrote, and leaves the rest of the
// transaction as it was.
func (c conn) savepoint(ctx context.Context, fn func() error) error {
	c.tx.marks++
	name := fmt.Sprintf("accesssec_%d", c.tx.marks)
	if _, err := c.q.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return fault(err)
	}
	err := fn()
	if err != nil {
		if _, back := c.q.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+name); back != nil {
			return errors.Join(err, fault(back))
		}
	}
	if _, release := c.q.ExecContext(ctx, "RELEASE SAVEPOINT "+name); release != nil {
		return errors.Join(err, fault(release))
	}
	return err
}
