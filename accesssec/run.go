package accesssec

import (
	"context"
	"crypto/rand"
	"sync"
	"time"
)

// Run does in the background what [Service.Tick] does once, until ctx ends: it looks
// about every second for what has come due. Start it beside the server, on any number of
// instances: each job is done by one of them, and by another when that one dies.
//
// It returns nil when ctx has ended and what was running then has been written down,
// which takes at most 40 seconds. Faults go to Options.Log and nowhere else; while the
// store is away it asks less and less often, at least once a minute.
func (s *Service) Run(ctx context.Context) error {
	if err := s.alone(); err != nil {
		return err
	}
	var wg sync.WaitGroup
	for _, k := range s.jobKinds() {
		wg.Go(func() { s.crew(k).run(ctx) })
	}
	wg.Wait()
	late, cancel := lingering(ctx)
	defer cancel()
	s.scim.flush(late, s) // a request of a moment ago may still have to be written down
	return nil
}

// run takes jobs as they come due. Each kind has a crew of its own, and a hand that is
// free takes the next job whatever the others are at, so that one that hangs keeps
// nothing waiting.
func (c *crew) run(ctx context.Context) {
	faults := 0
	timer := time.NewTimer(0) // the first look is at once
	defer timer.Stop()
	full := false
	for {
		select {
		case <-ctx.Done():
			for c.busy > 0 {
				c.wait()
			}
			return
		case <-c.ends:
			c.busy--
			if !full {
				continue
			}
		case <-timer.C:
		}
		var err error
		if full, err = c.take(ctx, c.s.now()); err != nil && ctx.Err() == nil {
			faults++
			c.s.opts.Log.ErrorContext(ctx, "accesssec: jobs can't be taken", "kind", c.kind.kind, "err", err)
		} else {
			faults = 0
		}
		timer.Reset(jitter(c.kind.pause(faults)))
	}
}

// pause is how long a crew waits before it looks again: longer for what comes seldom,
// and after faults in a row.
func (k jobKind) pause(faults int) time.Duration {
	wait := min(max(k.every/5, time.Second), 30*time.Second)
	if faults > 0 {
		wait = max(wait, delays{time.Second, time.Minute}.after(faults))
	}
	return wait
}

// jitter moves d by up to a quarter, so that instances started together don't look
// together.
func jitter(d time.Duration) time.Duration {
	var b [1]byte
	rand.Read(b[:]) // never fails: the program is ended instead
	return d - d/4 + d/2*time.Duration(b[0])/255
}
