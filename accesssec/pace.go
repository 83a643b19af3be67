package accesssec

import (
	"strings"
	"sync"
	"time"
)

// Looks at claims that are kept at the same name servers come one after the other: so
// many a second, of which a second's worth may come at once.
const paceEach = time.Second / 20

// Nobody waits longer than that, however many others name the same name servers as theirs:
// anybody can, and a look that comes too late proves no absence.
const longestTurn = time.Hour

// pace spreads looks out, and what is written of them. It is this instance's own, and
// forgets what is over. Safe for concurrent use.
type pace struct {
	mu   sync.Mutex
	next map[string]time.Time // by name servers: the first turn that is free

	looks   chan struct{} // of which only so many go on at once
	writing sync.Mutex    // batches: each by itself is no slower, and leaves the store's connections to others
}

func newPace() *pace { return &pace{looks: make(chan struct{}, looksInAll)} }

// turn takes the next turn at these name servers, and says how long it is until then; 0 is
// now. Where none are known there is no waiting.
func (p *pace) turn(nameServers []string, now time.Time) time.Duration {
	if len(nameServers) == 0 {
		return 0
	}
	group := strings.Join(nameServers, " ")
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.next[group]
	if !ok || at.Before(now) {
		at = now
	}
	if len(p.next) >= 10_000 {
		p.forget(now)
	}
	if p.next == nil {
		p.next = map[string]time.Time{}
	}
	wait := at.Sub(now)
	if wait > longestTurn {
		return longestTurn
	}
	p.next[group] = at.Add(paceEach)
	if wait >= time.Second {
		return wait
	}
	return 0
}

func (p *pace) forget(now time.Time) {
	for group, at := range p.next {
		if at.Before(now) {
			delete(p.next, group)
		}
	}
}
