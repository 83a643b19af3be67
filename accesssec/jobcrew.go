package accesssec

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// crew takes jobs of one kind and runs them, some side by side. It leases no more than
// it has hands free for, so that no lease runs while its job waits. One goroutine uses
// it.
type crew struct {
	s         *Service
	kind      jobKind
	worker    string // by which the store knows whose lease it is
	scheduled bool
	busy      int
	ends      chan end // one for each job that was taken
}

// end is how one job ended for us.
type end struct {
	done int
	err  error
}

func (s *Service) crew(k jobKind) *crew {
	return &crew{s: s, kind: k, worker: newID("wrk"), ends: make(chan end, k.atOnce)}
}

// take leases what is due at now and begins to run it. It reports whether all hands are
// full, so that there may be more.
func (c *crew) take(ctx context.Context, now time.Time) (full bool, err error) {
	free := c.kind.atOnce - c.busy
	if free == 0 {
		return true, nil
	}
	if c.kind.every > 0 && !c.scheduled {
		if err := c.s.schedule(ctx, c.kind); err != nil {
			return false, err
		}
		c.scheduled = true
	}
	if c.kind.batch > 0 {
		return c.takeBatches(ctx, now)
	}
	jobs, err := c.lease(ctx, now, free)
	for _, j := range jobs {
		c.busy++
		go func() { c.ends <- c.s.runJob(ctx, c.kind, j) }()
	}
	return len(jobs) == free, err
}

// mostLeased is the largest lease that a store gives.
const mostLeased = 1000

// takeBatches gives each hand that is free a batch, while there are any. It waits for some
// hands, and leases for all of them: whoever leases passes by all that is leased already, so
// many small leases would cost more than what they are for.
func (c *crew) takeBatches(ctx context.Context, now time.Time) (full bool, err error) {
	for c.busy == 0 || (c.kind.atOnce-c.busy)*c.kind.batch >= mostLeased {
		limit := min((c.kind.atOnce-c.busy)*c.kind.batch, mostLeased)
		jobs, err := c.lease(ctx, now, limit)
		for batch := range slices.Chunk(jobs, c.kind.batch) {
			c.busy++
			go func() { c.ends <- c.s.runBatch(ctx, c.kind, batch) }()
		}
		if err != nil || len(jobs) < limit {
			return false, err
		}
	}
	return true, nil
}

func (c *crew) lease(ctx context.Context, now time.Time, limit int) ([]store.Job, error) {
	return c.s.store.LeaseJobs(ctx, store.LeaseQuery{
		Kinds: []string{c.kind.kind}, Worker: c.worker, Now: now, Until: c.s.now().Add(c.kind.lease), Limit: limit,
	})
}

// wait waits for one of those that run.
func (c *crew) wait() end {
	e := <-c.ends
	c.busy--
	return e
}

// runBatch runs a batch, within its part of the lease.
func (s *Service) runBatch(ctx context.Context, k jobKind, jobs []store.Job) end {
	batch := make([]leased, len(jobs))
	for i, j := range jobs {
		batch[i] = leased{j, readJobBody(j.Body)}
	}
	within, cancel := context.WithTimeout(ctx, k.within())
	defer cancel()
	return k.runAll(within, batch)
}

// runJob runs one job and writes down how it ended.
func (s *Service) runJob(ctx context.Context, k jobKind, j store.Job) end {
	l := leased{j, readJobBody(j.Body)}
	within, cancel := context.WithTimeout(ctx, k.within())
	defer cancel()
	res, err := await(within, lingerFor, func() (result, error) { return k.run(within, l) })
	done := store.JobDone{Job: j}
	now := s.now()
	switch {
	case err == nil && !res.next.IsZero():
		done.Next, done.Body = res.next, nil
	case err == nil && k.every > 0:
		done.Next, done.Body = now.Add(k.every), nil
	case err == nil: // it is over
	case ctx.Err() != nil: // the job is not to blame: at once, as it was
		done.Next = now
	default:
		l.body.Attempts++
		var fault error
		if done.Body, fault = l.body.encode(); fault != nil {
			return end{res.done, fault}
		}
		done.Next = k.next(now, l.body)
		s.opts.Log.ErrorContext(ctx, "accesssec: job failed", "kind", k.kind, "org", j.OrgID, "key", j.Key,
			"attempts", l.body.Attempts, "next", done.Next, "err", err)
	}
	if err != nil {
		res.change = nil
		err = fmt.Errorf("accesssec: job %s %s: %w", k.kind, j.Key, err)
	}
	fault := s.finishJob(ctx, done, res.change)
	if errors.Is(fault, errLeaseLost) {
		s.opts.Log.WarnContext(ctx, "accesssec: another instance has the job by now", "kind", k.kind, "org", j.OrgID, "key", j.Key)
		return end{0, err}
	} else if fault != nil {
		s.opts.Log.ErrorContext(ctx, "accesssec: end of a job not recorded", "kind", k.kind, "org", j.OrgID, "key", j.Key, "err", fault)
		return end{res.done, errors.Join(err, fault)}
	}
	return end{res.done, err}
}

var errLeaseLost = errors.New("accesssec: the lease of the job is another's by now")

// finishJob ends the lease of a job together with what its run came to: both, or
// neither when another instance has the job by now. Each job has a transaction of its
// own, so that one that was lost undoes no other. It outlives ctx by a little: what was
// done is written down.
func (s *Service) finishJob(ctx context.Context, done store.JobDone, then func(context.Context, *change) error) error {
	ctx, cancel := lingering(ctx)
	defer cancel()
	finish := func(tx store.Tx) error {
		stale, err := tx.FinishJobs(ctx, done)
		if err == nil && stale > 0 {
			err = errLeaseLost
		}
		return err
	}
	if then == nil {
		var err error
		for range 5 {
			if err = s.upkeep(ctx, finish); !errors.Is(err, store.ErrConflict) {
				break
			}
		}
		return err
	}
	return s.change(ctx, func(c *change) error {
		if err := finish(c); err != nil {
			return err
		}
		return then(ctx, c)
	})
}

// lingerFor is how long one is waited for that does not stop when its context ends.
const lingerFor = 10 * time.Second

var errAbandoned = errors.New("accesssec: it did not stop when its time was over, and is not waited for")

// await runs fn, makes an error of a panic, and waits until it has ended: at most
// linger longer than ctx, in which it can still say that it has done what it was to do.
func await(ctx context.Context, linger time.Duration, fn func() (result, error)) (result, error) {
	type answer struct {
		res result
		err error
	}
	ended := make(chan answer, 1)
	go func() {
		a := answer{err: errors.New("accesssec: it ended its goroutine")} // unless it returns
		defer func() {
			if p := recover(); p != nil {
				a = answer{err: &panicError{what: panicked(p), stack: debug.Stack()}}
			}
			ended <- a
		}()
		a.res, a.err = fn()
	}()
	select {
	case a := <-ended:
		return a.res, a.err
	case <-ctx.Done():
	}
	late := time.NewTimer(linger)
	defer late.Stop()
	select {
	case a := <-ended:
		return a.res, a.err
	case <-late.C:
		return result{}, errAbandoned
	}
}

// panicError is what came of a panic.
type panicError struct {
	what  string
	stack []byte
}

func (e *panicError) Error() string { return "panic: " + e.what }

// LogValue adds the stack where the error is logged.
func (e *panicError) LogValue() slog.Value {
	return slog.GroupValue(slog.String("panic", e.what), slog.String("stack", string(e.stack)))
}

// panicked names a panic without what may be a secret: of a host's own value, the type.
func panicked(p any) string {
	if fault, ok := p.(runtime.Error); ok {
		return fault.Error()
	}
	return fmt.Sprintf("%T", p)
}
