package memory

import (
	"iter"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// table keeps rows by primary key, and indexes beside them. A row is never changed
// once it is in: an update puts another in its place, so that undoing is putting
// back, and what was read stays as it was.
type table[K comparable, V any] struct {
	*rows[V]
	primary *unique[K, V]
	version func(*V) *int64 // nil where rows have none
	indexes []index[V]
}

func newTable[K comparable, V any](key func(*V) K, version func(*V) *int64, indexes ...index[V]) table[K, V] {
	t := table[K, V]{
		rows: &rows[V]{at: make([]*V, 1)}, version: version, indexes: indexes,
		primary: newUnique(func(v *V) (K, bool) { return key(v), true }),
	}
	t.primary.over(t.rows)
	for _, ix := range indexes {
		ix.over(t.rows)
	}
	return t
}

func (t *table[K, V]) get(k K) (*V, bool) { return t.primary.get(k) }

// row is the one of k; nil: there is none.
func (t *table[K, V]) row(k K) *V { return t.primary.row(k) }

// put adds v, or puts it in the place of the row with its key. It is ErrExists when
// another row has one of its unique keys.
func (t *table[K, V]) put(log *undo, v *V) error {
	return t.replace(log, t.at[t.primary.place(v)], v)
}

// replace is put for who knows the row with the key of v; nil: there is none.
func (t *table[K, V]) replace(log *undo, old, v *V) error {
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
	if t.primary.place(v) != nowhere {
		return store.ErrExists
	}
	*ver = 1
	return t.replace(log, nil, v)
}

// update puts v in the place of the row that was read.
func (t *table[K, V]) update(log *undo, v *V) error {
	old := t.at[t.primary.place(v)]
	if old == nil {
		return store.ErrNotFound
	}
	ver := t.version(v)
	if *ver != *t.version(old) {
		return store.ErrConflict
	}
	*ver++
	return t.replace(log, old, v)
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
	v, ok := t.get(k)
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
		p := t.room()
		t.at[p] = next
		t.primary.add(p, next)
		for _, ix := range t.indexes {
			ix.add(p, next)
		}
	case next == nil:
		p := t.primary.place(old)
		for _, ix := range t.indexes {
			ix.drop(p, old)
		}
		t.primary.drop(p, old)
		t.leave(p)
	default: // both have the same key
		p := t.primary.place(old)
		t.at[p] = next
		for _, ix := range t.indexes {
			ix.follow(p, old, next)
		}
	}
}

// any ranges over the rows of keys, each once.
func (t *table[K, V]) any(keys []K) iter.Seq[*V] {
	return func(yield func(*V) bool) {
		seen := make(map[K]bool, len(keys))
		for _, k := range keys {
			if v, ok := t.get(k); ok && !seen[k] {
				seen[k] = true
				if !yield(v) {
					return
				}
			}
		}
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
