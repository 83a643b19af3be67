package memory

import (
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// table keeps rows by primary key, and indexes beside them. A row is never changed
// once it is in: an update puts another in its place, so that undoing is putting
// back, and indexes may hold pointers.
type table[K comparable, V any] struct {
	rows    map[K]*V
	key     func(*V) K
	version func(*V) *int64 // nil where rows have none
	indexes []index[V]
}

func newTable[K comparable, V any](key func(*V) K, version func(*V) *int64, indexes ...index[V]) table[K, V] {
	return table[K, V]{rows: map[K]*V{}, key: key, version: version, indexes: indexes}
}

func (t *table[K, V]) get(k K) (*V, bool) {
	v, ok := t.rows[k]
	return v, ok
}

// put adds v, or puts it in the place of the row with its key. It is ErrExists when
// another row has one of its unique keys.
func (t *table[K, V]) put(log *undo, v *V) error {
	old := t.rows[t.key(v)]
	for _, ix := range t.indexes {
		if ix.clashes(v, old) {
			return store.ErrExists
		}
	}
	t.swap(log, old, v)
	return nil
}

// create adds v, which must be new.
func (t *table[K, V]) create(log *undo, v *V) error {
	ver := t.version(v)
	if *ver != 0 {
		return store.ErrConflict
	}
	if _, ok := t.rows[t.key(v)]; ok {
		return store.ErrExists
	}
	*ver = 1
	return t.put(log, v)
}

// update puts v in the place of the row that was read.
func (t *table[K, V]) update(log *undo, v *V) error {
	old, ok := t.rows[t.key(v)]
	if !ok {
		return store.ErrNotFound
	}
	ver := t.version(v)
	if *ver != *t.version(old) {
		return store.ErrConflict
	}
	*ver++
	return t.put(log, v)
}

// createOrUpdate is for the Put methods: version 0 creates.
func (t *table[K, V]) createOrUpdate(log *undo, v *V) error {
	if *t.version(v) == 0 {
		return t.create(log, v)
	}
	return t.update(log, v)
}

// remove deletes the row of k.
func (t *table[K, V]) remove(log *undo, k K) error {
	v, ok := t.rows[k]
	if !ok {
		return store.ErrNotFound
	}
	t.swap(log, v, nil)
	return nil
}

func (t *table[K, V]) delete(log *undo, v *V) { t.swap(log, v, nil) }

// swap puts next where old was; either may be nil.
func (t *table[K, V]) swap(log *undo, old, next *V) {
	t.exchange(old, next)
	log.add(func() { t.exchange(next, old) })
}

func (t *table[K, V]) exchange(old, next *V) {
	switch {
	case old == nil:
		t.rows[t.key(next)] = next
		for _, ix := range t.indexes {
			ix.add(next)
		}
	case next == nil:
		delete(t.rows, t.key(old))
		for _, ix := range t.indexes {
			ix.drop(old)
		}
	default: // both have the same key
		t.rows[t.key(next)] = next
		for _, ix := range t.indexes {
			ix.follow(old, next)
		}
	}
}

// all ranges over every row, in no order.
func (t *table[K, V]) all() iter.Seq[*V] { return maps.Values(t.rows) }

// any ranges over the rows of keys, each once.
func (t *table[K, V]) any(keys []K) iter.Seq[*V] {
	return func(yield func(*V) bool) {
		seen := make(map[K]bool, len(keys))
		for _, k := range keys {
			if v, ok := t.rows[k]; ok && !seen[k] {
				seen[k] = true
				if !yield(v) {
					return
				}
			}
		}
	}
}

// index is kept in step with the rows of a table.
type index[V any] interface {
	clashes(v, old *V) bool
	add(v *V)
	drop(v *V)
	follow(old, next *V) // next is in the place of old
}

// unique finds the one row with a key. Its of reports false for a row that has none.
type unique[I comparable, V any] struct {
	of   func(*V) (I, bool)
	rows map[I]*V
}

func newUnique[I comparable, V any](of func(*V) (I, bool)) *unique[I, V] {
	return &unique[I, V]{of: of, rows: map[I]*V{}}
}

func (u *unique[I, V]) get(i I) (*V, bool) {
	v, ok := u.rows[i]
	return v, ok
}

func (u *unique[I, V]) clashes(v, old *V) bool {
	i, ok := u.of(v)
	if !ok {
		return false
	}
	if old != nil {
		if was, ok := u.of(old); ok && was == i {
			return false // its own
		}
	}
	_, taken := u.rows[i]
	return taken
}

func (u *unique[I, V]) add(v *V) {
	if i, ok := u.of(v); ok {
		u.rows[i] = v
	}
}

func (u *unique[I, V]) drop(v *V) {
	if i, ok := u.of(v); ok {
		delete(u.rows, i)
	}
}

func (u *unique[I, V]) follow(old, next *V) {
	was, had := u.of(old)
	i, ok := u.of(next)
	if had && (!ok || was != i) {
		delete(u.rows, was)
	}
	if ok {
		u.rows[i] = next
	}
}

// group finds all rows that share a key.
type group[I comparable, V any] struct {
	of   func(*V) (I, bool)
	rows map[I]bunch[V]
}

// bunch is the rows of one key. Most keys have one row, which needs no set.
type bunch[V any] struct {
	one  *V // nil where there is a set
	many map[*V]struct{}
}

func newGroup[I comparable, V any](of func(*V) (I, bool)) *group[I, V] {
	return &group[I, V]{of: of, rows: map[I]bunch[V]{}}
}

func (b bunch[V]) len() int {
	if b.one != nil {
		return 1
	}
	return len(b.many)
}

// all ranges over the rows, in no order.
func (b bunch[V]) all() iter.Seq[*V] {
	return func(yield func(*V) bool) {
		if b.one != nil {
			yield(b.one)
			return
		}
		for v := range b.many {
			if !yield(v) {
				return
			}
		}
	}
}

// get ranges over the rows of i, in no order.
func (g *group[I, V]) get(i I) iter.Seq[*V] { return g.rows[i].all() }

// has reports whether there is a row of i.
func (g *group[I, V]) has(i I) bool { return g.rows[i].len() > 0 }

// any ranges over the rows of any of keys, each once.
func (g *group[I, V]) any(keys []I) iter.Seq[*V] {
	if len(keys) == 1 {
		return g.get(keys[0])
	}
	return func(yield func(*V) bool) {
		seen := make(map[I]bool, len(keys))
		for _, k := range keys {
			if seen[k] {
				continue
			}
			seen[k] = true
			for v := range g.get(k) {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// take is get for a caller that changes the table on the way.
func (g *group[I, V]) take(i I) []*V { return slices.Collect(g.get(i)) }

func (g *group[I, V]) clashes(_, _ *V) bool { return false }

func (g *group[I, V]) add(v *V) {
	i, ok := g.of(v)
	if !ok {
		return
	}
	b := g.rows[i]
	switch {
	case b.many != nil:
		b.many[v] = struct{}{}
		return
	case b.one != nil:
		b = bunch[V]{many: map[*V]struct{}{b.one: {}, v: {}}}
	default:
		b.one = v
	}
	g.rows[i] = b
}

func (g *group[I, V]) drop(v *V) {
	i, ok := g.of(v)
	if !ok {
		return
	}
	b := g.rows[i]
	if delete(b.many, v); len(b.many) == 0 { // there was one, or it was the last
		delete(g.rows, i)
	}
}

func (g *group[I, V]) follow(old, next *V) {
	was, had := g.of(old)
	i, ok := g.of(next)
	if !had || !ok || was != i {
		g.drop(old)
		g.add(next)
		return
	}
	if b := g.rows[i]; b.many == nil {
		g.rows[i] = bunch[V]{one: next}
	} else {
		delete(b.many, old)
		b.many[next] = struct{}{}
	}
}

// orgKey is an id within an org.
type orgKey struct{ org, id string }

func inOrg(org string, ids []string) []orgKey {
	keys := make([]orgKey, len(ids))
	for i, id := range ids {
		keys[i] = orgKey{org, id}
	}
	return keys
}

// instant is t as a database gives it back: UTC, whole microseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
