package memory

import (
	"hash/maphash"
	"iter"
	"slices"
)

// place is where a row stands among the rows of its table: from when it comes until it goes,
// also when another takes its place.
type place uint32

// nowhere is the place of no row.
const nowhere place = 0

// rows are those of one table, by their places.
type rows[V any] struct {
	at   []*V // nil where none stands; the first stands for nowhere
	free []place
}

// room is a place for one more.
func (r *rows[V]) room() place {
	if n := len(r.free); n > 0 {
		p := r.free[n-1]
		r.free = r.free[:n-1]
		return p
	}
	r.at = append(r.at, nil)
	return place(len(r.at) - 1)
}

func (r *rows[V]) leave(p place) {
	r.at[p] = nil
	r.free = append(r.free, p)
}

// len is how many there are.
func (r *rows[V]) len() int { return len(r.at) - 1 - len(r.free) }

// all ranges over every row, in no order.
func (r *rows[V]) all() iter.Seq[*V] {
	return func(yield func(*V) bool) {
		for _, v := range r.at {
			if v != nil && !yield(v) {
				return
			}
		}
	}
}

// chains lead from the hash of a key to the places of the rows that have it. There is no pointer
// in them, so that the garbage collector passes by what is large and changes with every row.
type chains struct {
	seed  maphash.Seed
	first heads
	links []link // by place
}

// link is of one chain, whose last one stands before the first.
type link struct{ before, after place }

func newChains() chains { return chains{seed: maphash.MakeSeed()} }

func (c *chains) add(hash uint32, p place) {
	if n := int(p) + 1 - len(c.links); n > 0 {
		c.links = append(c.links, make([]link, n)...)
	}
	first := c.first.get(hash)
	if first == nowhere {
		c.first.set(hash, p)
		c.links[p] = link{before: p}
		return
	}
	last := c.links[first].before
	c.links[last].after = p
	c.links[p] = link{before: last}
	c.links[first].before = p
}

func (c *chains) drop(hash uint32, p place) {
	l, first := c.links[p], c.first.get(hash)
	switch {
	case first != p:
		c.links[l.before].after = l.after
	case l.after == nowhere:
		c.first.drop(hash)
		return
	default:
		c.first.set(hash, l.after)
		first = l.after
	}
	if l.after != nowhere {
		c.links[l.after].before = l.before
	} else {
		c.links[first].before = l.before
	}
}

// index is kept in step with the rows of a table.
type index[V any] interface {
	over(r *rows[V]) // the rows that it is of
	clashes(v, old *V) bool
	add(p place, v *V)
	drop(p place, v *V)
	follow(p place, old, next *V) // next is in the place of old
}

// keyed finds rows by a key that each of them may have. Its of reports false for a row that has
// none.
type keyed[I comparable, V any] struct {
	*rows[V]
	chains
	of func(*V) (I, bool)
}

func newKeyed[I comparable, V any](of func(*V) (I, bool)) keyed[I, V] {
	return keyed[I, V]{chains: newChains(), of: of}
}

func (x *keyed[I, V]) over(r *rows[V]) { x.rows = r }

func (x *keyed[I, V]) hash(i I) uint32 { return uint32(maphash.Comparable(x.seed, i)) }

func (x *keyed[I, V]) add(p place, v *V) {
	if i, ok := x.of(v); ok {
		x.chains.add(x.hash(i), p)
	}
}

func (x *keyed[I, V]) drop(p place, v *V) {
	if i, ok := x.of(v); ok {
		x.chains.drop(x.hash(i), p)
	}
}

func (x *keyed[I, V]) follow(p place, old, next *V) {
	was, had := x.of(old)
	i, ok := x.of(next)
	if had == ok && was == i {
		return
	}
	if had {
		x.chains.drop(x.hash(was), p)
	}
	if ok {
		x.chains.add(x.hash(i), p)
	}
}

// find is the first place from p on whose row has the key i: others may have its hash.
func (x *keyed[I, V]) find(p place, i I) place {
	for ; p != nowhere; p = x.links[p].after {
		if own, ok := x.of(x.at[p]); ok && own == i {
			return p
		}
	}
	return nowhere
}

// seek is the place of the first row with the key i.
func (x *keyed[I, V]) seek(i I) place { return x.find(x.first.get(x.hash(i)), i) }

// unique finds the one row with a key.
type unique[I comparable, V any] struct{ keyed[I, V] }

func newUnique[I comparable, V any](of func(*V) (I, bool)) *unique[I, V] {
	return &unique[I, V]{newKeyed(of)}
}

func (u *unique[I, V]) get(i I) (*V, bool) {
	v := u.row(i)
	return v, v != nil
}

// row is the one with the key i; nil: there is none.
func (u *unique[I, V]) row(i I) *V { return u.at[u.seek(i)] }

// place is where the row with the key of v stands.
func (u *unique[I, V]) place(v *V) place {
	i, ok := u.of(v)
	if !ok {
		return nowhere
	}
	return u.seek(i)
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
	return u.seek(i) != nowhere
}

// group finds all rows that share a key.
type group[I comparable, V any] struct{ keyed[I, V] }

func newGroup[I comparable, V any](of func(*V) (I, bool)) *group[I, V] {
	return &group[I, V]{newKeyed(of)}
}

func (g *group[I, V]) clashes(_, _ *V) bool { return false }

// get ranges over the rows of i, in no order. They must not change on the way.
func (g *group[I, V]) get(i I) iter.Seq[*V] {
	return func(yield func(*V) bool) {
		for p := g.seek(i); p != nowhere; p = g.find(g.links[p].after, i) {
			if !yield(g.at[p]) {
				return
			}
		}
	}
}

// has reports whether there is a row of i.
func (g *group[I, V]) has(i I) bool { return g.seek(i) != nowhere }

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

// each ranges over the keys that rows have, a key maybe more than once. The rows must not change
// on the way.
func (g *group[I, V]) each() iter.Seq[I] {
	return func(yield func(I) bool) {
		for _, h := range g.first.slots {
			p := h.first
			last, some := *new(I), false
			for ; p != nowhere; p = g.links[p].after {
				i, _ := g.of(g.at[p])
				if some && i == last {
					continue
				}
				if last, some = i, true; !yield(i) {
					return
				}
			}
		}
	}
}
