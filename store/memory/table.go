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
func (t *table[K, V]) put(log *undo, v *V) error { return t.putAt(log, t.primary.place(v), v) }

// putAt is put for who knows the place of the row with the key of v.
func (t *table[K, V]) putAt(log *undo, p place, v *V) error {
	old := t.at[p]
	for _, ix := range t.indexes {
		if ix.clashes(v, old) {
			return store.ErrExists
		}
	}
	if old == nil {
		p = t.room()
		t.enter(p, v)
		log.row(t, p, nil, v)
		return nil
	}
	t.turn(p, old, v)
	log.row(t, p, old, v)
	return nil
}

// create adds v, which must be new.
func (t *table[K, V]) create(log *undo, v *V) error {
	return t.createAt(log, t.primary.place(v), v)
}

func (t *table[K, V]) createAt(log *undo, p place, v *V) error {
	ver := t.version(v)
	if *ver != 0 {
		return store.ErrConflict
	}
	if p != nowhere {
		return store.ErrExists
	}
	*ver = 1
	return t.putAt(log, nowhere, v)
}

// update puts v in the place of the row that was read.
func (t *table[K, V]) update(log *undo, v *V) error {
	return t.updateAt(log, t.primary.place(v), v)
}

func (t *table[K, V]) updateAt(log *undo, p place, v *V) error {
	if p == nowhere {
		return store.ErrNotFound
	}
	ver := t.version(v)
	if *ver != *t.version(t.at[p]) {
		return store.ErrConflict
	}
	*ver++
	return t.putAt(log, p, v)
}

// createOrUpdate is for the Put methods: version 0 creates.
func (t *table[K, V]) createOrUpdate(log *undo, v *V) error {
	return t.createOrUpdateAt(log, t.primary.place(v), v)
}

func (t *table[K, V]) createOrUpdateAt(log *undo, p place, v *V) error {
	if *t.version(v) == 0 {
		return t.createAt(log, p, v)
	}
	return t.updateAt(log, p, v)
}

// remove deletes the row of k.
func (t *table[K, V]) remove(log *undo, k K) error {
	p := t.primary.seek(k)
	if p == nowhere {
		return store.ErrNotFound
	}
	t.removeAt(log, p)
	return nil
}

func (t *table[K, V]) delete(log *undo, v *V) { t.removeAt(log, t.primary.place(v)) }

func (t *table[K, V]) removeAt(log *undo, p place) {
	old := t.at[p]
	t.quit(p, old)
	log.row(t, p, old, nil)
}

// restore implements [restorer].
func (t *table[K, V]) restore(p place, old, is any) {
	switch {
	case old == nil:
		t.quit(p, is.(*V))
	case is == nil:
		t.enter(t.room(), old.(*V)) // the same place: all that came later is undone
	default:
		t.turn(p, is.(*V), old.(*V))
	}
}

// enter has v stand at p, quit no more, and turn next in the place of old, which has the same key.
func (t *table[K, V]) enter(p place, v *V) {
	t.at[p] = v
	t.primary.add(p, v)
	for _, ix := range t.indexes {
		ix.add(p, v)
	}
}

func (t *table[K, V]) quit(p place, v *V) {
	for _, ix := range t.indexes {
		ix.drop(p, v)
	}
	t.primary.drop(p, v)
	t.leave(p)
}

func (t *table[K, V]) turn(p place, old, next *V) {
	t.at[p] = next
	for _, ix := range t.indexes {
		ix.follow(p, old, next)
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
