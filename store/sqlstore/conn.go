package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/store"
)

// conn answers for one Querier: Store, Tx and a joined Store are made of it.
type conn struct {
	reader
	s  *Store
	q  Querier
	tx *transaction // nil on the pool
}

// reader and writer are the halves of [People]: only a Tx has the second.
type (
	reader = store.People
	writer = store.PeopleWriter
)

// transaction is what is known of the one that is running.
type transaction struct {
	sql     *sql.Tx
	failed  error // the first error after which nothing more is done
	lost    bool  // the database has undone it for the sake of another: run it again
	suspect bool  // it may have
	over    bool
	joined  bool           // it is the host's, and for the host to run again
	marks   int            // savepoints so far
	queued  bool           // it is the one that writes a batch
	hold    func() bool    // keeps the caller's context from ending it any more; false: too late
	cancel  func()         // ends it all the same
	missed  map[*text]bool // statements to prepare when the connection is free again
}

// on is a conn for q, inside tx if that is not nil.
func (s *Store) on(q Querier, tx *transaction) conn {
	c := conn{s: s, q: q, tx: tx}
	if host := s.texts.people; host != nil {
		c.reader = hosts{people: host(q), c: c}
	} else {
		c.reader = people{c: c}
	}
	return c
}

func (c conn) dialect() Dialect { return c.s.texts.dialect }

var errOver = errors.New("sqlstore: transaction used after its function returned")

// do is one method of the contract: refused in a transaction that has failed, and the
// end of the transaction if it fails itself in a way that the contract says is one.
func do[T any](ctx context.Context, c conn, fn func() (T, error)) (T, error) {
	var none T
	switch tx := c.tx; {
	case tx == nil:
	case tx.over:
		return none, errOver
	case tx.failed != nil:
		return none, store.ErrAborted
	}
	if err := ctx.Err(); err != nil {
		return none, c.fail(err)
	}
	v, err := fn()
	if err == nil {
		return v, nil
	}
	if !sentinel(err) && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return none, c.fail(err)
}

// step is do for what returns nothing but an error.
func step(ctx context.Context, c conn, fn func() error) error {
	_, err := do(ctx, c, func() (struct{}, error) { return struct{}{}, fn() })
	return err
}

// fail notes what an error says of the transaction.
func (c conn) fail(err error) error {
	if c.tx != nil && serialization(err) {
		c.tx.lost = true
	}
	if c.tx != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict) {
		c.tx.failed = err
	}
	if c.tx != nil && c.tx.joined && c.tx.lost {
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	}
	return err
}

func sentinel(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrConflict)
}

// fault is an error of the driver's.
func fault(err error) error { return fmt.Errorf("sqlstore: %w", err) }

// serialization reports whether the database has undone a transaction for the sake of
// another: serialization_failure and deadlock_detected (PostgreSQL, appendix A). Both
// drivers tell the code by a method; their messages are nobody's business.
func serialization(err error) bool {
	var e interface{ SQLState() string }
	return errors.As(err, &e) && (e.SQLState() == "40001" || e.SQLState() == "40P01")
}

// prepared is the statement for s where there is one, bound to the transaction if there
// is one.
func (c conn) prepared(ctx context.Context, t *text) *sql.Stmt {
	if c.tx == nil {
		return t.prepare(ctx, c.s.db)
	}
	if p := t.prepared.Load(); p != nil {
		return c.tx.sql.StmtContext(ctx, p)
	}
	if c.tx.missed == nil {
		c.tx.missed = map[*text]bool{}
	}
	c.tx.missed[t] = true
	return nil
}

// exec runs a statement and counts the rows it has changed.
func (c conn) exec(ctx context.Context, s string, args ...any) (int, error) {
	t := c.s.texts.get(s)
	var res sql.Result
	var err error
	if p := c.prepared(ctx, t); p != nil {
		res, err = p.ExecContext(ctx, args...)
	} else {
		res, err = c.q.ExecContext(ctx, t.sql, args...)
	}
	if err != nil {
		return 0, fault(err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fault(err)
	}
	return int(n), nil
}

// row is what a record is read from.
type row interface{ Scan(dest ...any) error }

// all reads every row of a query. It is never nil on success.
func all[T any](ctx context.Context, c conn, scan func(row) (T, error), s string, args ...any) ([]T, error) {
	t := c.s.texts.get(s)
	var rows *sql.Rows
	var err error
	if p := c.prepared(ctx, t); p != nil {
		rows, err = p.QueryContext(ctx, args...)
	} else {
		rows, err = c.q.QueryContext(ctx, t.sql, args...)
	}
	return gather(scan, rows, err)
}

// unkept is all for a statement of which there are too many to keep prepared.
func unkept[T any](ctx context.Context, c conn, scan func(row) (T, error), s string, args ...any) ([]T, error) {
	rows, err := c.q.QueryContext(ctx, c.s.texts.render(s), args...)
	return gather(scan, rows, err)
}

func gather[T any](scan func(row) (T, error), rows *sql.Rows, err error) ([]T, error) {
	if err != nil {
		return nil, fault(err)
	}
	defer rows.Close()
	out := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fault(err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fault(err)
	}
	return out, nil
}

// one reads one row, or is store.ErrNotFound.
func one[T any](ctx context.Context, c conn, scan func(row) (T, error), s string, args ...any) (T, error) {
	rows, err := all(ctx, c, scan, s, args...)
	if err != nil || len(rows) == 0 {
		var none T
		if err == nil {
			err = store.ErrNotFound
		}
		return none, err
	}
	return rows[0], nil
}

// found is one, as a method of the contract.
func found[T any](ctx context.Context, c conn, scan func(row) (T, error), s string, args ...any) (T, error) {
	return do(ctx, c, func() (T, error) { return one(ctx, c, scan, s, args...) })
}

// The scans of what is no record.
func scanText(r row) (s string, err error) { err = r.Scan(&s); return s, err }
func scanInt(r row) (n int64, err error)   { err = r.Scan(&n); return n, err }
