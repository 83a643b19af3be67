package scim

import (
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// Under what users and groups are found: the slots of a table.
const (
	bySharedEmail = 0
	bySharedName  = 1

	byUniqueName = 0 // userName, or displayName of a group
	byExternalID = 1
	slots        = 2
)

// indexed is the key of a text; "" has none.
func indexed(a filter.Attribute, text string) string {
	if key, ok := a.Key(text); ok && text != "" {
		return key
	}
	return ""
}

// hashed is what indexes know of a key: two hashes of it, which no two keys share. There is no
// pointer in it, so that the garbage collector passes by an index however large it is.
type hashed [2]uint64

// A hasher hashes keys in its own way, which nobody outside can know.
type hasher [2]maphash.Seed

// of is the zero one for "", which is no key.
func (h hasher) of(key string) hashed {
	if key == "" {
		return hashed{}
	}
	return hashed{maphash.String(h[0], key), maphash.String(h[1], key)}
}

// A sharedKey is one value that others may have too.
type sharedKey struct {
	slot int
	key  hashed
}

// A record is one resource as it is kept. It is never changed, but for what is worked out of
// it.
type record[T any] struct {
	position
	value  T // without its Extra
	extra  parts
	place  int           // in its table
	unique [slots]hashed // nobody else has them; the zero one: this one has none
	shared []sharedKey
	flat   lazily // as filters see it
}

// parts are a map as it is kept: in no more memory than there is in it.
type parts []keptPart

type keptPart struct {
	name string
	v    any // parts where it was a map
}

// partsOf shares nothing with m that can be changed.
func partsOf(m map[string]any) parts {
	out := make(parts, 0, len(m))
	for name, v := range m {
		out = append(out, keptPart{name, keptOf(v)})
	}
	return out
}

func keptOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return partsOf(v)
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = keptOf(one)
		}
		return out
	}
	return v
}

// asMap is the map that was kept, for who may change it.
func (p parts) asMap() map[string]any {
	out := make(map[string]any, len(p))
	for i := range p {
		out[p[i].name] = asGiven(p[i].v)
	}
	return out
}

func asGiven(v any) any {
	switch v := v.(type) {
	case parts:
		return v.asMap()
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = asGiven(one)
		}
		return out
	}
	return v
}

// extraOf is the Extra that was kept.
func (r *record[T]) extraOf() map[string]any {
	if len(r.extra) == 0 {
		return nil
	}
	return r.extra.asMap()
}

// text is a value of Extra; "" where it is none, or no text.
func (p parts) text(name string) string {
	for i := range p {
		if p[i].name == name {
			s, _ := p[i].v.(string)
			return s
		}
	}
	return ""
}

// A table keeps resources of one type.
type table[T any] struct {
	hash   hasher
	at     []*record[T]   // by their places; nil where there is none
	spare  []int          // places
	ids    map[hashed]int // places
	order  []*record[T]   // by when they were made
	unique [slots]uniqueIndex
	shared [slots]sharedIndex
}

// A uniqueIndex finds the one that has a value of an attribute.
type uniqueIndex struct {
	path string // of the attribute; "": there is none
	of   map[hashed]int
}

// A sharedIndex finds those who have a value of an attribute. Mostly there is one.
type sharedIndex struct {
	path string // of the attribute; "": there is none
	one  map[hashed]int
	more map[hashed]*idSet // where there are, or were, more
}

func newTable[T any](unique, shared [slots]string) table[T] {
	t := table[T]{hash: hasher{maphash.MakeSeed(), maphash.MakeSeed()}, ids: map[hashed]int{}}
	for i := range slots {
		t.unique[i] = uniqueIndex{unique[i], map[hashed]int{}}
		t.shared[i] = sharedIndex{shared[i], map[hashed]int{}, map[hashed]*idSet{}}
	}
	return t
}

// row is the one with an id; nil: there is none.
func (t *table[T]) row(id string) *record[T] {
	if p, ok := t.ids[t.hash.of(id)]; ok {
		return t.at[p]
	}
	return nil
}

// free reports whether r may have its unique keys.
func (t *table[T]) free(r *record[T]) error {
	for i, key := range r.unique {
		if key == (hashed{}) {
			continue
		}
		if p, taken := t.unique[i].of[key]; taken && t.at[p].id != r.id {
			return fmt.Errorf("%s: %w", t.unique[i].path, ErrTaken)
		}
	}
	return nil
}

// put keeps r, in the place of the one of its id. free has been asked.
func (t *table[T]) put(r *record[T]) {
	if old := t.row(r.id); old != nil {
		r.place = old.place
		t.at[r.place], t.order[t.standing(old.position)] = r, r
		if old.unique == r.unique && slices.Equal(old.shared, r.shared) {
			return
		}
		t.unlist(old)
	} else {
		if n := len(t.spare); n > 0 {
			r.place, t.spare = t.spare[n-1], t.spare[:n-1]
			t.at[r.place] = r
		} else {
			r.place = len(t.at)
			t.at = append(t.at, r)
		}
		t.ids[t.hash.of(r.id)] = r.place
		t.order = slices.Insert(t.order, t.standing(r.position), r)
	}
	t.list(r)
}

// list puts r into the indexes.
func (t *table[T]) list(r *record[T]) {
	for i, key := range r.unique {
		if key != (hashed{}) {
			t.unique[i].of[key] = r.place
		}
	}
	for _, k := range r.shared {
		x := &t.shared[k.slot]
		set := x.more[k.key]
		if set == nil {
			p, some := x.one[k.key]
			if !some || p == r.place {
				x.one[k.key] = r.place
				continue
			}
			set = &idSet{}
			set.add(t.at[p].id)
			delete(x.one, k.key)
			x.more[k.key] = set
		}
		set.add(r.id)
	}
}

func (t *table[T]) remove(r *record[T]) {
	t.unlist(r)
	delete(t.ids, t.hash.of(r.id))
	i := t.standing(r.position)
	t.order = slices.Delete(t.order, i, i+1)
	t.at[r.place] = nil
	t.spare = append(t.spare, r.place)
}

// unlist takes r out of the indexes.
func (t *table[T]) unlist(r *record[T]) {
	for i, key := range r.unique {
		if key != (hashed{}) {
			delete(t.unique[i].of, key)
		}
	}
	for _, k := range r.shared {
		x := &t.shared[k.slot]
		if p, some := x.one[k.key]; some && p == r.place {
			delete(x.one, k.key)
		}
		if set := x.more[k.key]; set.remove(r.id) && set.n == 0 {
			delete(x.more, k.key)
		}
	}
}

// holding are the ids of those that have a value at a path, by the indexes; false: no index is of
// that path.
func (t *table[T]) holding(path, key string) (ids []string, indexed bool) {
	hash := t.hash.of(key)
	for i := range slots {
		if t.unique[i].path == path {
			if p, ok := t.unique[i].of[hash]; ok {
				ids = append(ids, t.at[p].id)
			}
			return ids, true
		}
		if x := &t.shared[i]; x.path == path {
			if p, ok := x.one[hash]; ok {
				return []string{t.at[p].id}, true
			}
			return x.more[hash].all(), true
		}
	}
	return nil, false
}
