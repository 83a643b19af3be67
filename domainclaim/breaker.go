package domainclaim

import (
	"sync"
	"time"
)

// When absences are too many to be true: more than one in twenty of the last looks, and
// twenty at least. Looks are those at claims that hold their names, each claim once a day,
// of the last two days; absences at the same name servers are one, since a single
// organisation may well take all its records away at once.
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
// The zero value is ready for use. It keeps the last thousand looks in memory, for one
// process: what it forgets makes it believe again, and a claim needs ten beliefs to
// lapse. It is safe for concurrent use.
type Breaker struct {
	mu    sync.Mutex
	looks [breakerLooks]look // a ring
	first int
	n     int
	gone  map[string]int // absences among them, by group
}

type look struct {
	at    time.Time
	group string // of an absence
}

// Watch returns o as it was, or, while too many records vanish at once, an absence as an
// [Unknown] that is Doubted. c is the claim as it was looked up.
func (b *Breaker) Watch(c Claim, o Observation) Observation {
	gone := o.Outcome == Absent || o.Outcome == Mismatch
	if !c.Holds() || o.Outcome != Present && !gone {
		return o
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(o.At)
	if c.Last == nil || c.Last.At.Truncate(day).Before(o.At.Truncate(day)) {
		l := look{at: o.At}
		if gone {
			l.group = c.Group()
		}
		b.add(l)
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
	return len(b.gone) >= breakerFewest && len(b.gone)*breakerShare > b.n
}

func (b *Breaker) add(l look) {
	if b.n == breakerLooks {
		b.drop()
	}
	b.looks[(b.first+b.n)%breakerLooks] = l
	b.n++
	if l.group != "" {
		if b.gone == nil {
			b.gone = map[string]int{}
		}
		b.gone[l.group]++
	}
}

func (b *Breaker) forget(now time.Time) {
	for b.n > 0 && now.Sub(b.looks[b.first].at) > breakerSpan {
		b.drop()
	}
}

func (b *Breaker) drop() {
	if g := b.looks[b.first].group; g != "" {
		if b.gone[g]--; b.gone[g] == 0 {
			delete(b.gone, g)
		}
	}
	b.first = (b.first + 1) % breakerLooks
	b.n--
}
