package domainclaim

import (
	"slices"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// The bounds of what an Authority keeps.
const (
	longestKept = 5 * time.Minute
	mostKept    = 4096 // answers, half of them of late
)

// kept is what resolvers have agreed on about name servers, each answer for as long as the
// shortest of them says, and for longestKept at most. So it never outlives what the
// resolvers themselves go on saying. It is bounded: where much is asked, what was asked long
// ago goes first. It is safe for concurrent use.
type kept struct {
	now func() time.Time

	mu           sync.Mutex
	late, before map[keptKey]keptAnswer
}

type keptKey struct {
	name string // folded, rooted
	kind dnsmessage.Type
}

type keptAnswer struct {
	values      []string
	from, until time.Time
}

func newKept(now func() time.Time) *kept {
	if now == nil {
		now = time.Now
	}
	return &kept{now: now, late: map[keptKey]keptAnswer{}}
}

// find returns a copy of what is kept. A clock that went back has nothing to say about it.
func (k *kept) find(at keptKey) ([]string, bool) {
	now := k.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	a, ok := k.late[at]
	if !ok {
		a, ok = k.before[at]
	}
	if !ok || now.Before(a.from) || !now.Before(a.until) {
		return nil, false
	}
	return slices.Clone(a.values), true
}

// put keeps what was asked for at an instant. What nobody may keep is not, and neither is
// nothing, or more than is asked of a zone.
func (k *kept) put(at keptKey, values []string, asked time.Time, ttl time.Duration) {
	if ttl = min(ttl, longestKept); ttl <= 0 || len(values) == 0 || len(values) > maxHosts {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.late) >= mostKept/2 {
		k.late, k.before = map[keptKey]keptAnswer{}, k.late
	}
	k.late[at] = keptAnswer{values: slices.Clone(values), from: asked, until: asked.Add(ttl)}
}
