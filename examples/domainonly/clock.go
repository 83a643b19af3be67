package main

import (
	"sync"
	"time"
)

// clock can be put forward, where DNS is simulated. Safe for concurrent use.
type clock struct {
	base  func() time.Time
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base().Add(c.ahead).UTC()
}

// forwardTo puts the clock forward, and never back.
func (c *clock) forwardTo(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = max(c.ahead, at.Sub(c.base()))
}
