package scim

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/internal/newid"
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
	return newid.Of(strings.ToLower(kind.String()))
}
