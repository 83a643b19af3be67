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
		users: newTable[User](), groups: newTable[Group](),
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

// An indexKey is one value under which a resource is found.
type indexKey struct{ path, key string }

// indexed is the key of a text; "" has none.
func indexed(a filter.Attribute, text string) []indexKey {
	if key, ok := a.Key(text); ok && text != "" {
		return []indexKey{{a.Path.String(), key}}
	}
	return nil
}

// A record is one resource as it is kept. It is never changed, but for what is worked out of
// it.
type record[T any] struct {
	position
	value  T
	unique []indexKey // nobody else has them
	shared []indexKey
	flat   lazily // as filters see it
}

// A table keeps resources of one type.
type table[T any] struct {
	rows   map[string]*record[T]
	order  []*record[T] // by when they were made
	unique map[indexKey]string
	shared map[indexKey]*idSet
}

func newTable[T any]() table[T] {
	return table[T]{rows: map[string]*record[T]{}, unique: map[indexKey]string{}, shared: map[indexKey]*idSet{}}
}

// free reports whether r may have its unique keys.
func (t *table[T]) free(r *record[T]) error {
	for _, k := range r.unique {
		if id, taken := t.unique[k]; taken && id != r.id {
			return fmt.Errorf("%s: %w", k.path, ErrTaken)
		}
	}
	return nil
}

// put keeps r, in the place of the one of its id. free has been asked.
func (t *table[T]) put(r *record[T]) {
	if old := t.rows[r.id]; old != nil {
		t.order[t.at(old.position)] = r
		if slices.Equal(old.unique, r.unique) && slices.Equal(old.shared, r.shared) {
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
	for _, k := range r.unique {
		t.unique[k] = r.id
	}
	for _, k := range r.shared {
		if t.shared[k] == nil {
			t.shared[k] = &idSet{}
		}
		t.shared[k].add(r.id)
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
	for _, k := range r.unique {
		delete(t.unique, k)
	}
	for _, k := range r.shared {
		if set := t.shared[k]; set.remove(r.id) && set.n == 0 {
			delete(t.shared, k)
		}
	}
}
