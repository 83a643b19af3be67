package scim

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// Memory keeps users and groups in memory: the reference of what a [Backend] does, and enough
// for tests. Groups may be members of groups. It is safe for concurrent use.
type Memory struct {
	now  func() time.Time
	keys memoryKeys

	mu      sync.RWMutex
	users   table[User]
	groups  table[Group]
	members map[string]*idSet   // of each group that has had any
	in      map[string][]string // the groups that somebody is in, in order
	changes uint64              // counted for versions
}

// memoryKeys are the attributes that are found without looking at everybody.
type memoryKeys struct{ externalID, userName, email, name, displayName filter.Attribute }

// NewMemory makes an empty one. schemas are those of the handler, nil the default ones. now is
// the clock, nil time.Now.
func NewMemory(schemas *Schemas, now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	key := func(m *model, p filter.Path) filter.Attribute {
		a, _ := m.lookup(p)
		return a
	}
	user, group := schemas.user(), schemas.group()
	return &Memory{
		now: now,
		keys: memoryKeys{
			externalID:  key(user, filter.Path{Name: "externalId"}),
			userName:    key(user, filter.Path{Name: "userName"}),
			name:        key(user, filter.Path{Name: "displayName"}),
			email:       key(user, filter.Path{Name: "emails", Sub: "value"}),
			displayName: key(group, filter.Path{Name: "displayName"}),
		},
		users:   newTable[User]([slots]string{"userName", "externalId"}, [slots]string{"emails.value", "displayName"}),
		groups:  newTable[Group]([slots]string{"displayName", "externalId"}, [slots]string{}),
		members: map[string]*idSet{}, in: map[string][]string{},
	}
}

// stamp is the meta of something that is written now.
func (m *Memory) stamp(created time.Time) Meta {
	m.changes++
	now := m.now().UTC().Truncate(time.Microsecond)
	if created.IsZero() {
		created = now
	}
	return Meta{Created: created, LastModified: now, Version: strconv.FormatUint(m.changes, 10)}
}

// newID is one that nobody can guess. It is in lower case, as people read it out.
func newID(kind resourceKind) string {
	return strings.ToLower(kind.String() + "-" + rand.Text())
}

// Under what users and groups are found: the slots of a table.
const (
	bySharedEmail = 0
	bySharedName  = 1

	byUniqueName = 0 // userName, or displayName of a group
	byExternalID = 1
	slots        = 2
)

// A sharedKey is one value that others may have too.
type sharedKey struct {
	slot int
	key  string
}

// indexed is the key of a text; "" has none.
func indexed(a filter.Attribute, text string) string {
	if key, ok := a.Key(text); ok && text != "" {
		return key
	}
	return ""
}

// A record is one resource as it is kept. It is never changed, but for what is worked out of
// it.
type record[T any] struct {
	position
	value  T
	unique [slots]string // nobody else has them; "": this one has none
	shared []sharedKey
	flat   lazily // as filters see it
}

// A table keeps resources of one type.
type table[T any] struct {
	rows   map[string]*record[T]
	order  []*record[T] // by when they were made
	unique [slots]index[string]
	shared [slots]index[holders]
}

// An index finds ids by the values of one attribute.
type index[V any] struct {
	path string // of the attribute; "": there is none
	of   map[string]V
}

// holders are the ids that have one value. Mostly there is one.
type holders struct {
	one  string
	more *idSet // nil: there is one
}

func newTable[T any](unique, shared [slots]string) table[T] {
	t := table[T]{rows: map[string]*record[T]{}}
	for i := range slots {
		t.unique[i] = index[string]{unique[i], map[string]string{}}
		t.shared[i] = index[holders]{shared[i], map[string]holders{}}
	}
	return t
}

// free reports whether r may have its unique keys.
func (t *table[T]) free(r *record[T]) error {
	for i, key := range r.unique {
		if key == "" {
			continue
		}
		if id, taken := t.unique[i].of[key]; taken && id != r.id {
			return fmt.Errorf("%s: %w", t.unique[i].path, ErrTaken)
		}
	}
	return nil
}

// put keeps r, in the place of the one of its id. free has been asked.
func (t *table[T]) put(r *record[T]) {
	if old := t.rows[r.id]; old != nil {
		t.order[t.at(old.position)] = r
		if old.unique == r.unique && slices.Equal(old.shared, r.shared) {
			t.rows[r.id] = r
			return
		}
		t.unlist(old)
	} else {
		i := t.at(r.position)
		t.order = append(t.order, nil)
		copy(t.order[i+1:], t.order[i:])
		t.order[i] = r
	}
	t.rows[r.id] = r
	for i, key := range r.unique {
		if key != "" {
			t.unique[i].of[key] = r.id
		}
	}
	for _, k := range r.shared {
		of := t.shared[k.slot].of
		h, some := of[k.key]
		switch {
		case !some:
			of[k.key] = holders{one: r.id}
			continue
		case h.more == nil:
			h.more = &idSet{}
			h.more.add(h.one)
			h.one = ""
			of[k.key] = h
		}
		h.more.add(r.id)
	}
}

func (t *table[T]) remove(r *record[T]) {
	t.unlist(r)
	delete(t.rows, r.id)
	i := t.at(r.position)
	copy(t.order[i:], t.order[i+1:])
	t.order[len(t.order)-1] = nil
	t.order = t.order[:len(t.order)-1]
}

// unlist takes r out of the indexes.
func (t *table[T]) unlist(r *record[T]) {
	for i, key := range r.unique {
		if key != "" {
			delete(t.unique[i].of, key)
		}
	}
	for _, k := range r.shared {
		of := t.shared[k.slot].of
		h, some := of[k.key]
		if some && h.more == nil && h.one == r.id || h.more.remove(r.id) && h.more.n == 0 {
			delete(of, k.key)
		}
	}
}

// holding are the ids of those that have a value at a path, by the indexes; false: no index is of
// that path.
func (t *table[T]) holding(path, key string) (ids []string, indexed bool) {
	for i := range slots {
		if t.unique[i].path == path {
			if id, ok := t.unique[i].of[key]; ok {
				ids = append(ids, id)
			}
			return ids, true
		}
		if t.shared[i].path == path {
			h, ok := t.shared[i].of[key]
			if ok && h.more == nil {
				return []string{h.one}, true
			}
			return h.more.all(), true
		}
	}
	return nil, false
}
