package sqlstore

import (
	"context"
	"fmt"

	"github.com/accesssec/accesssec-go/store"
)

// need refuses a record without its identity.
func need(record string, ids ...string) error {
	for _, id := range ids {
		if id == "" {
			return fmt.Errorf("sqlstore: %s without an id", record)
		}
	}
	return nil
}

// record is one record to be written, and the statements that do it. Every statement
// takes the same columns as its first parameters, in the order of the INSERT.
type record struct {
	version int64  // as it was read; 0 for a new one
	insert  string // with ON CONFLICT DO NOTHING
	update  string // raises the version; its last parameter is the version as it was read
	same    string // what holds of the row as long as no unique key of it changes; "" it has none that can
	values  []any

	// find reads the version of the row, and taken whether another row has one of its
	// unique keys. Their parameters are numbered as those of the INSERT.
	find, taken string
	key, keys   []any // the parameters of find and of taken
}

// create inserts r. A Version other than 0 is a wrong one.
func (c conn) create(ctx context.Context, r record) error {
	if r.version != 0 {
		return store.ErrConflict
	}
	n, err := c.exec(ctx, r.insert, r.values...)
	if err == nil && n == 0 {
		err = store.ErrExists
	}
	return err
}

// put creates r or, when it has a Version, updates it.
func (c conn) put(ctx context.Context, r record) error {
	if r.version == 0 {
		return c.create(ctx, r)
	}
	return c.replace(ctx, r)
}

// replace updates r. While no unique key changes that is one statement. One that does
// may hit a taken key, which aborts a transaction of PostgreSQL's: so there is a
// savepoint, and afterwards a look at who has the key.
func (c conn) replace(ctx context.Context, r record) error {
	args := append(append([]any{}, r.values...), r.version)
	update := r.update
	if r.same != "" {
		update += " AND " + r.same
	}
	n, err := c.exec(ctx, update, args...)
	if err != nil || n == 1 {
		return err
	}
	version, err := one(ctx, c, scanInt, r.find, r.key...)
	if err != nil {
		return err // not there, or a fault
	}
	if version != r.version || r.same == "" {
		return store.ErrConflict
	}
	err = c.savepoint(ctx, func() error {
		n, err = c.exec(ctx, r.update, args...)
		return err
	})
	if err != nil {
		return c.whose(ctx, r, err)
	}
	if n == 0 { // changed since it was looked at
		return store.ErrConflict
	}
	return nil
}

// whose says why an UPDATE of a unique key has failed.
func (c conn) whose(ctx context.Context, r record, err error) error {
	if serialization(err) || ctx.Err() != nil {
		return err
	}
	n, look := one(ctx, c, scanInt, r.taken, r.keys...)
	if look != nil {
		return look
	}
	if n > 0 {
		return store.ErrExists
	}
	// Whoever has it has committed since this transaction began, and can't be seen from
	// it. The next run will see. SQLite has no such others.
	c.tx.suspect = c.dialect() == PostgreSQL
	return err
}

// remove deletes one row, or is store.ErrNotFound.
func (c conn) remove(ctx context.Context, s string, args ...any) error {
	return step(ctx, c, func() error {
		n, err := c.exec(ctx, s, args...)
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return err
	})
}
