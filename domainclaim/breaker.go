package domainclaim

import (
	"hash/maphash"
	"sync"
	"time"
)

// When absences are too many to be true: when more than one in twenty of the last looks,
// and twenty at least, found a record gone that was there the time before. Looks are those
// at verified claims, each claim once a day, of the last two days; records that vanish are
// one for each owner and for each registered domain, whichever is fewer: a single
// organisation may well take all of its records away at once, and nobody shall shield
// other claims by that.
const (
	breakerLooks  = 1000
	breakerFewest = 20
	breakerShare  = 20 // one in so many
	breakerSpan   = 2 * day
)

// Breaker tells records that were removed from DNS that lies to us: a resolver that has
// lost its way, or somebody between us and the world, makes records of many organisations
// vanish on one day, and people do not. Show it every [Observation] before [Claim.Next]
// sees it.
//
// It counts records that vanish, each once, and not those that stay away: so it closes by
// itself as soon as they are seen again, or after two days when they are not, and claims
// that were abandoned never keep it open.
//
// The zero value is ready for use. It keeps the last thousand looks in memory, some 100
// bytes each, for one process: what it forgets makes it believe again, and a claim needs
// ten beliefs to lapse. It is safe for concurrent use.
type Breaker struct {
	mu    sync.Mutex
	seed  maphash.Seed
	looks [breakerLooks]look // a ring
	first int
	n     int
	at    map[uint64]int // where in looks a claim is, by its name
	// How many records have vanished, by owner and by registered domain.
	owners, domains map[uint64]int
}

type look struct {
	at                  time.Time
	name, owner, domain uint64 // hashed
	gone                bool
}

// Watch returns o as it was, or, while too many records vanish at once, an absence as an
// [Unknown] that is Doubted. c is the claim as it was looked up, and owner names who has it.
func (b *Breaker) Watch(owner string, c Claim, o Observation) Observation {
	gone := o.Outcome == Absent || o.Outcome == Mismatch
	if !c.Holds() || !c.moves(o) || o.Outcome != Present && !gone {
		return o
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !o.At.IsZero() { // nobody knows of which day it is
		b.forget(o.At)
		b.count(owner, c, o.At, gone)
	}
	if gone && b.open() {
		o.Outcome, o.Authoritative, o.Doubted = Unknown, false, true
		o.Hint = "The record was not found. But the records of many other domains were not found either just now, so the fault is believed to be in the DNS of this service, and nothing changes."
	}
	return o
}

// Open reports whether absences are not believed.
func (b *Breaker) Open(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(now)
	return b.open()
}

func (b *Breaker) open() bool {
	gone := min(len(b.owners), len(b.domains))
	return gone >= breakerFewest && gone*breakerShare > b.n
}

// count takes the look at c into account, unless it is one of many of the day, or the
// record vanished before.
func (b *Breaker) count(owner string, c Claim, at time.Time, gone bool) {
	if b.at == nil {
		b.seed, b.at, b.owners, b.domains = maphash.MakeSeed(), map[uint64]int{}, map[uint64]int{}, map[uint64]int{}
	}
	name := maphash.String(b.seed, c.Name)
	var last *look
	if i, ok := b.at[name]; ok {
		last = &b.looks[i]
	}
	today := func(t time.Time) bool { return t.Truncate(day).Equal(at.Truncate(day)) }
	answered, doubted := c.answered()
	if !gone && last != nil {
		b.back(last)
	}
	old := doubted || last != nil && last.gone
	if !gone {
		old = today(answered) || last != nil && today(last.at)
	}
	if c.State != Verified || old {
		return
	}
	if last == nil || !today(last.at) {
		last = b.add(look{at: at, name: name, owner: maphash.String(b.seed, owner), domain: maphash.String(b.seed, registered(c.Name))})
	}
	if gone {
		last.gone = true
		b.owners[last.owner]++
		b.domains[last.domain]++
	}
}

func (b *Breaker) add(l look) *look {
	if b.n == breakerLooks {
		b.drop()
	}
	i := (b.first + b.n) % breakerLooks
	b.n++
	b.looks[i], b.at[l.name] = l, i
	return &b.looks[i]
}

// back takes off a record that had vanished and is seen again, or forgotten.
func (b *Breaker) back(l *look) {
	if !l.gone {
		return
	}
	l.gone = false
	lessen(b.owners, l.owner)
	lessen(b.domains, l.domain)
}

// forget drops what is too old. What is far ahead is by a clock that was wrong.
func (b *Breaker) forget(now time.Time) {
	for b.n > 0 && now.Sub(b.looks[b.first].at).Abs() > breakerSpan {
		b.drop()
	}
}

func (b *Breaker) drop() {
	l := &b.looks[b.first]
	b.back(l)
	if b.at[l.name] == b.first {
		delete(b.at, l.name)
	}
	b.first = (b.first + 1) % breakerLooks
	b.n--
}

func lessen(counts map[uint64]int, key uint64) {
	if counts[key]--; counts[key] == 0 {
		delete(counts, key)
	}
}
