package accesssec

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// longestCache is how long at most another instance may let in somebody whose session was ended.
const longestCache = 5 * time.Second

const (
	cachedSessions = 1 << 16 // places: what is newer takes the place of what is older
	cachedPeople   = 1 << 12 // counters that people share, so that their number is bounded
)

// sessionCache keeps what sessions were a moment ago, for Authenticate alone. It has only those
// that were good, and none for longer than it was made for. What this Service writes of a
// session is gone from it before the call that writes it returns; what others write counts when
// the time of an entry is up. A nil one is empty and keeps nothing.
//
// An entry has one place, by its hash, and reading takes no lock: with a token nobody can choose
// a place, and who fills them with good tokens of their own has others read from the store.
type sessionCache struct {
	keeps time.Duration
	seed  maphash.Seed
	slots [cachedSessions]atomic.Pointer[cachedSession]

	// Each write of a session counts in writes, and in all or in the counter of the person. An
	// entry is good while all and its person's are what they were before it was read; and it is
	// not put where writes is another by then, for it may have been read before.
	writes, all atomic.Uint64
	people      [cachedPeople]atomic.Uint64
}

type cachedSession struct {
	principal   Principal
	from, until time.Time

	all, count uint64
	person     *atomic.Uint64
}

func newSessionCache(keeps time.Duration) (*sessionCache, error) {
	switch {
	case keeps < 0 || keeps > longestCache:
		return nil, errors.New("accesssec: Options.SessionCache: want 5 seconds at most")
	case keeps == 0:
		return nil, nil
	}
	return &sessionCache{keeps: keeps, seed: maphash.MakeSeed()}, nil
}

func (c *sessionCache) slot(hash store.Hash) *atomic.Pointer[cachedSession] {
	return &c.slots[binary.LittleEndian.Uint16(hash[:])]
}

func (c *sessionCache) counter(userID string) *atomic.Uint64 {
	return &c.people[maphash.String(c.seed, userID)%cachedPeople]
}

// get is whose the token is, if that is known to be so at now. What is no token is nobody's.
func (c *sessionCache) get(token string, now time.Time) (Principal, bool) {
	var b [64]byte
	if c == nil || len(token) > len(b) {
		return Principal{}, false
	}
	hash := store.Hash(sha256.Sum256(b[:copy(b[:], token)]))
	e := c.slot(hash).Load()
	if e == nil || e.principal.hash != hash || now.Before(e.from) || !now.Before(e.until) ||
		e.all != c.all.Load() || e.count != e.person.Load() {
		return Principal{}, false
	}
	return e.principal, true
}

// before is for put: what was written up to now.
func (c *sessionCache) before() uint64 {
	if c == nil {
		return 0
	}
	return c.writes.Load()
}

// put keeps a good session that was read after before. It is good until it is over, or has to be
// marked as seen, or the time of the cache is up.
func (c *sessionCache) put(before uint64, ses store.Session, now time.Time) {
	if c == nil {
		return
	}
	e := &cachedSession{principal: principalOf(ses), from: now, until: now.Add(c.keeps), person: c.counter(ses.UserID)}
	for _, end := range [...]time.Time{ses.EndAt, ses.IdleAt, ses.SeenAt.Add(touchEvery)} {
		if end.Before(e.until) {
			e.until = end
		}
	}
	e.all, e.count = c.all.Load(), e.person.Load()
	if before != c.writes.Load() || !now.Before(e.until) {
		return // it may be what was there before the write
	}
	c.slot(ses.Hash).Store(e)
}

// writing is what a transaction writes of sessions.
type writing struct {
	store.Tx
	people []string
	all    bool
}

// watch is tx, and has what it writes of sessions noted in w.
func (c *sessionCache) watch(tx store.Tx, w *writing) store.Tx {
	if c == nil {
		return tx
	}
	w.Tx = tx
	return w
}

// forget has what was written read from the store again. It is for after the transaction,
// whatever has become of that: of one that fails nobody knows for sure.
func (c *sessionCache) forget(w *writing) {
	if c == nil || len(w.people) == 0 && !w.all {
		return
	}
	c.writes.Add(1)
	if w.all {
		c.all.Add(1)
	}
	for _, id := range w.people {
		c.counter(id).Add(1)
	}
}

func (w *writing) UpdateSession(ctx context.Context, s store.Session) error {
	w.people = append(w.people, s.UserID)
	return w.Tx.UpdateSession(ctx, s)
}

func (w *writing) DeleteSessions(ctx context.Context, q store.SessionQuery) (int, error) {
	if q.UserID == "" {
		w.all = true
	} else {
		w.people = append(w.people, q.UserID)
	}
	return w.Tx.DeleteSessions(ctx, q)
}

func (w *writing) DeleteOrg(ctx context.Context, id string) error {
	w.all = true
	return w.Tx.DeleteOrg(ctx, id)
}
