package sqlstore

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// fewest is from how many records on one statement for all is cheaper than one for each.
const fewest = 8

// batches reports whether n records go out as one statement. On SQLite that would save
// nothing: there is no server to wait for.
func (c conn) batches(n int) bool { return n >= fewest && c.dialect() == PostgreSQL }

// queue lets one batch at a time write jobs and claims, until its transaction has ended. Of
// two serializable ones side by side PostgreSQL undoes one: each puts entries into pages of
// an index in which the other has looked something up. Waiting costs less.
func (c conn) queue(ctx context.Context, n int) error {
	if !c.batches(n) || c.tx.queued {
		return nil
	}
	key := lockKey(&c.s.texts.names, "batch")
	if _, err := c.exec(ctx, `SELECT pg_advisory_xact_lock($1)`, key); err != nil {
		return err
	}
	c.tx.queued = true
	return nil
}

// mostAhead is how many bytes are set aside for a column before they are needed.
const mostAhead = 1 << 20

// rows are records on their way to PostgreSQL: each column is one parameter, the text of
// an array. So a statement reads the same for any number of records, and any driver can
// carry it. It comes out of a query of its own, where the planner can't see how many there
// are: it expects ten, and goes to the table by its key. Else it may well read all of a
// table for some hundred, and a serializable transaction then counts as having read it all.
type rows struct {
	most    int // records that are to come
	columns [][]byte
}

// batch is one statement for many records.
type batch struct {
	before  string   // of the statement, up to FROM or USING
	columns []string // name and type of each value of a record
	after   string   // the rest. The records are called r, and r.n is their place, from 1 on
}

func (b batch) String() string {
	names, params := make([]string, len(b.columns)), make([]string, len(b.columns))
	for i, c := range b.columns {
		name, typ, _ := strings.Cut(c, " ")
		names[i], params[i] = name, fmt.Sprintf("(SELECT CAST(CAST($%d AS text) AS %s[]))", i+1, typ)
	}
	return b.before + " unnest(" + strings.Join(params, ", ") + ") WITH ORDINALITY AS r(" + strings.Join(names, ", ") + ", n) " + b.after
}

// add adds one record, in the order of the columns.
func (r *rows) add(values ...any) {
	if r.columns == nil {
		r.columns = make([][]byte, len(values))
		for i, v := range values {
			first := element([]byte{'{'}, v)
			// The others are about as long, but for one in a great many.
			r.columns[i] = slices.Grow(first, min(r.most*(len(first)+len(first)/8), mostAhead))
		}
		return
	}
	for i, v := range values {
		r.columns[i] = element(append(r.columns[i], ','), v)
	}
}

// args are the parameters of a batch.
func (r rows) args() []any {
	out := make([]any, len(r.columns))
	for i, column := range r.columns {
		out[i] = string(append(column, '}'))
	}
	return out
}

// element adds v as it stands in the text of an array (PostgreSQL, section 8.15.6).
func element(to []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(to, "NULL"...)
	case time.Time:
		return v.AppendFormat(to, instantText)
	case []byte:
		return append(hex.AppendEncode(append(to, `"\\x`...), v), '"')
	case string:
		to = append(to, '"')
		for i := range len(v) {
			if v[i] == '"' || v[i] == '\\' {
				to = append(to, '\\')
			}
			to = append(to, v[i])
		}
		return append(to, '"')
	}
	return element(to, fmt.Sprint(v))
}

// rounds parts list so that no key is twice in one part, and what has the same key comes
// in the order it had: one statement must not meet a row twice.
func rounds[T any, K comparable](list []T, key func(T) K) [][]T {
	seen := make(map[K]int, len(list))
	var out [][]T
	for _, v := range list {
		i := seen[key(v)]
		seen[key(v)]++
		if i < len(out) && len(out[i]) > 0 {
			out[i] = append(out[i], v)
		} else {
			out = append(out, []T{v})
		}
	}
	return out
}

// replaceAll updates rs as if one after another, all or none.
func (c conn) replaceAll(ctx context.Context, rs []record, together batch) error {
	if len(rs) == 1 {
		return c.replace(ctx, rs[0])
	}
	return c.savepoint(ctx, func() error { return c.replaceEach(ctx, rs, together) }) // for the later one that fails
}

// putAll creates those of rs that have no Version and updates the others, as if one after
// another, all or none.
func (c conn) putAll(ctx context.Context, rs []record, insert, update batch) error {
	return c.savepoint(ctx, func() error { // for the later one that fails
		for len(rs) > 0 {
			isNew := rs[0].version == 0
			n := slices.IndexFunc(rs, func(r record) bool { return (r.version == 0) != isNew })
			if n < 0 {
				n = len(rs)
			}
			var err error
			if isNew {
				err = c.createEach(ctx, rs[:n], insert)
			} else {
				err = c.replaceEach(ctx, rs[:n], update)
			}
			if err != nil {
				return err
			}
			rs = rs[n:]
		}
		return nil
	})
}

// createEach inserts rs, which have no Version.
func (c conn) createEach(ctx context.Context, rs []record, together batch) error {
	if !c.batches(len(rs)) {
		for _, r := range rs {
			if err := c.create(ctx, r); err != nil {
				return err
			}
		}
		return nil
	}
	in := rows{most: len(rs)}
	for _, r := range rs {
		in.add(r.values...)
	}
	n, err := c.exec(ctx, together.String(), in.args()...)
	if err == nil && n < len(rs) {
		err = store.ErrExists
	}
	return err
}

// replaceEach updates rs. What changes no unique key is in nobody's way, whatever its
// turn, and goes first and together; the rest follows one by one.
func (c conn) replaceEach(ctx context.Context, rs []record, together batch) error {
	if c.batches(len(rs)) {
		var err error
		if rs, err = c.replaceSame(ctx, rs, together); err != nil {
			return err
		}
	}
	for _, r := range rs {
		if err := c.replace(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// replaceSame updates those of rs that it can by one statement, and returns the others.
func (c conn) replaceSame(ctx context.Context, rs []record, together batch) ([]record, error) {
	in := rows{most: len(rs)}
	seen := make(map[string]bool, len(rs))
	for _, r := range rs {
		key := fmt.Sprintf("%q", r.key)
		if seen[key] {
			return rs, nil // each needs the Version that the one before has left
		}
		seen[key] = true
		in.add(append(r.values[:len(r.values):len(r.values)], r.version)...)
	}
	done, err := all(ctx, c, scanInt, together.String(), in.args()...)
	if err != nil || len(done) == len(rs) {
		return nil, err
	}
	for _, n := range done {
		rs[n-1].values = nil
	}
	return slices.DeleteFunc(rs, func(r record) bool { return r.values == nil }), nil
}
