package accesssectest

import (
	"sync"
	"time"
)

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock(at time.Time) *clock { return &clock{at: at.UTC().Truncate(time.Microsecond)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d).Truncate(time.Microsecond)
}

// Now is what time it is in this World: for the Service, the identity provider and the
// cookies of its browsers. It is in UTC and whole microseconds.
func (w *World) Now() time.Time { return w.clock.now() }

// Advance moves that clock by d, back when d is negative. Nothing happens by that alone:
// call [World.Tick] for what has come due.
func (w *World) Advance(d time.Duration) { w.clock.advance(d) }
