package accesssec

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

const (
	domainJob = "domain" // keyed by the claim's id

	domainBatch = 250 // jobs that are leased at once
	looksAtOnce = 64  // of a batch
	quietAtOnce = 100 // looks that moved nothing and are written together
)

// plan puts the job of the claim for when it is to be looked at next. A job that is there
// for a claim that is never looked at again ends by itself.
func (d Domain) plan(ctx context.Context, tx store.Tx, orgID string) error {
	return d.planAt(ctx, tx, orgID, d.CheckAt)
}

func (d Domain) planAt(ctx context.Context, tx store.Tx, orgID string, at time.Time) error {
	if at.IsZero() {
		return nil
	}
	body, err := jobBody{Name: d.Name}.encode()
	if err != nil {
		return err
	}
	return tx.PutJobs(ctx, store.Job{Kind: domainJob, OrgID: orgID, Key: d.ID, At: at, Body: body})
}

// domainLook is one job of a batch, and what came of it.
type domainLook struct {
	job  leased
	rec  store.Domain
	next time.Time // when the job comes again, when nothing was seen
	over bool      // there is nothing to look at any more
	look
	after domainclaim.Claim // what the look makes of the claim
	event domainclaim.Event
}

// judge works out once what a look comes to: a little later the time of a claim may be over,
// and it would end without its event.
func (l domainLook) judge(seen domainclaim.Observation, now time.Time) domainLook {
	l.seen = seen
	l.after, l.event = l.was.Next(seen, now)
	return l
}

// lookAtDomains looks at the claims of a batch, some at once, and writes what was seen:
// what moves a claim by itself, all else together.
func (s *Service) lookAtDomains(ctx context.Context, jobs []leased) end {
	claims, err := s.claimsOf(ctx, jobs)
	if err != nil {
		s.putBack(ctx, jobs)
		return end{0, fmt.Errorf("accesssec: jobs %s: %w", domainJob, err)}
	}
	todo, ends := make(chan domainLook, len(jobs)), make(chan domainLook, len(jobs))
	for _, j := range jobs {
		todo <- domainLook{job: j, rec: claims[[2]string{j.OrgID, j.Key}]}
	}
	close(todo)
	var wg sync.WaitGroup
	for range min(looksAtOnce, len(jobs)) {
		wg.Go(func() {
			for l := range todo {
				ends <- s.lookAt(ctx, l)
			}
		})
	}
	go func() { wg.Wait(); close(ends) }()

	var out end
	var errs []error
	var quiet, vanished []domainLook
	flush := func() {
		n, err := s.writeQuiet(ctx, quiet)
		out.done += n
		errs = append(errs, err)
		quiet = quiet[:0]
	}
	write := func(l domainLook) {
		if l.event != domainclaim.EventNone {
			done, err := s.writeOne(ctx, l)
			out.done += done
			errs = append(errs, err)
			return
		}
		if quiet = append(quiet, l); len(quiet) == quietAtOnce {
			flush()
		}
	}
	for l := range ends {
		if l.event == domainclaim.EventMissing {
			vanished = append(vanished, l)
			continue
		}
		write(l)
	}
	// Records that have just vanished come last: by now it is known how many they are.
	for _, l := range vanished {
		write(l.judge(s.breaker.Watch(l.rec.OrgID, l.was.Claim, l.seen), s.now()))
	}
	flush()
	errs = append(errs, s.tellDoubt(ctx))
	out.err = errors.Join(errs...)
	return out
}

// claimsOf reads the claims of jobs, by org and id. Those that count are found by name, all
// at once; the others, which are pending, one by one.
func (s *Service) claimsOf(ctx context.Context, jobs []leased) (map[[2]string]store.Domain, error) {
	out := map[[2]string]store.Domain{}
	var names []string
	for _, j := range jobs {
		if j.body.Name != "" {
			names = append(names, j.body.Name)
		}
	}
	if len(names) > 0 {
		found, err := s.store.DomainsByName(ctx, names)
		if err != nil {
			return nil, err
		}
		for _, rec := range found {
			out[[2]string{rec.OrgID, rec.ID}] = rec
		}
	}
	for _, j := range jobs {
		at := [2]string{j.OrgID, j.Key}
		if out[at].ID != "" {
			continue
		}
		rec, err := s.store.Domain(ctx, j.OrgID, j.Key)
		if err == nil {
			out[at] = rec
		} else if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	return out, nil
}

// lookAt looks at one claim. What a resolver of the host's own breaks is a look that told
// nothing.
func (s *Service) lookAt(ctx context.Context, l domainLook) (out domainLook) {
	out = l
	if out.over = l.rec.ID == ""; out.over {
		return out
	}
	d, err := domainOf(l.rec)
	if err != nil {
		s.opts.Log.ErrorContext(ctx, "accesssec: domain not looked at", "org", l.job.OrgID, "id", l.job.Key, "err", err)
		out.next = s.now().Add(time.Hour)
		return out
	}
	if out.over = d.CheckAt.IsZero(); out.over {
		return out
	}
	now := s.now()
	if wait := s.pace.turn(d.NameServers, now); wait > 0 && !l.job.body.Turn {
		out.next, out.job.body.Turn = now.Add(wait), true
		return out
	}
	defer func() {
		if p := recover(); p != nil {
			err := &panicError{what: panicked(p), stack: debug.Stack()}
			s.opts.Log.ErrorContext(ctx, "accesssec: domain not looked at", "org", l.job.OrgID, "id", l.job.Key, "err", err)
			out = l
			out.next = s.now().Add(time.Hour)
		}
	}()
	seen := s.checker.Check(ctx, d.Claim)
	if ctx.Err() != nil { // it may be we who did not wait
		out.next = s.now()
		return out
	}
	out.job.body.Turn = false
	out.look = look{rec: l.rec, was: d, by: bySystem}
	out = out.judge(s.breaker.Watch(l.rec.OrgID, d.Claim, seen), s.now())
	job := out.job
	out.settle = func(ctx context.Context, tx store.Tx, d Domain) error { return finish(ctx, tx, job, d.CheckAt) }
	return out
}

func (l domainLook) looked() bool { return l.was.ID != "" }

// finish ends the lease of a job; at the zero time it does not come again.
func finish(ctx context.Context, tx store.Tx, j leased, next time.Time) error {
	done := store.JobDone{Job: j.Job, Next: next}
	var err error
	if done.Body, err = j.body.encode(); err != nil {
		return err
	}
	lost, err := tx.FinishJobs(ctx, done)
	if err == nil && lost > 0 {
		err = errLeaseLost
	}
	return err
}

// writeQuiet writes looks that moved nothing, all in one transaction. Where another has
// been quicker at one of them, each is written by itself.
func (s *Service) writeQuiet(ctx context.Context, looks []domainLook) (int, error) {
	if len(looks) == 0 {
		return 0, nil
	}
	ctx, cancel := lingering(ctx)
	defer cancel()
	var recs []store.Domain
	var ends []store.JobDone
	for _, l := range looks {
		done := store.JobDone{Job: l.job.Job, Next: l.next}
		if l.looked() {
			rec, err := Domain{l.was.ID, l.after}.record(l.rec)
			if err != nil {
				return 0, err
			}
			recs, done.Next = append(recs, rec), l.after.CheckAt
		}
		var err error
		if done.Body, err = l.job.body.encode(); err != nil {
			return 0, err
		}
		ends = append(ends, done)
	}
	err := s.upkeep(ctx, func(tx store.Tx) error {
		lost, err := tx.FinishJobs(ctx, ends...)
		if err == nil && lost > 0 {
			err = errLeaseLost
		}
		if err == nil && len(recs) > 0 {
			err = tx.UpdateDomains(ctx, recs...)
		}
		return err
	})
	if err == nil {
		return len(recs), nil
	}
	if !errors.Is(err, errLeaseLost) && !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrNotFound) {
		return 0, fmt.Errorf("accesssec: jobs %s: %w", domainJob, err)
	}
	var errs []error
	done := 0
	for _, l := range looks {
		n, err := s.writeOne(ctx, l)
		done += n
		errs = append(errs, err)
	}
	return done, errors.Join(errs...)
}

// writeOne writes one look. A claim that was changed meanwhile is looked at again soon; a
// lease that was lost is another's to write.
func (s *Service) writeOne(ctx context.Context, l domainLook) (int, error) {
	ctx, cancel := lingering(ctx)
	defer cancel()
	again := func(next time.Time) error {
		return s.upkeep(ctx, func(tx store.Tx) error { return finish(ctx, tx, l.job, next) })
	}
	var err error
	switch {
	case !l.looked():
		err = again(l.next)
	default:
		_, err = s.takeIn(ctx, l.look)
		switch {
		case IsRefusal(err, CodeNotFound):
			err = again(time.Time{})
		case IsRefusal(err, CodeConflict), errors.Is(err, store.ErrConflict):
			err = again(s.now().Add(time.Minute))
		}
	}
	if errors.Is(err, errLeaseLost) {
		s.opts.Log.WarnContext(ctx, "accesssec: another instance has the job by now", "kind", domainJob, "org", l.job.OrgID, "key", l.job.Key)
		return 0, nil
	} else if err != nil {
		s.opts.Log.ErrorContext(ctx, "accesssec: look at a domain not recorded", "org", l.job.OrgID, "key", l.job.Key, "err", err)
		return 0, fmt.Errorf("accesssec: job %s %s: %w", domainJob, l.job.Key, err)
	}
	return 1, nil
}

// putBack gives leases up whose jobs nobody has begun.
func (s *Service) putBack(ctx context.Context, jobs []leased) {
	ctx, cancel := lingering(ctx)
	defer cancel()
	var ends []store.JobDone
	for _, j := range jobs {
		ends = append(ends, store.JobDone{Job: j.Job, Next: s.now().Add(time.Minute)})
	}
	err := s.upkeep(ctx, func(tx store.Tx) error {
		_, err := tx.FinishJobs(ctx, ends...)
		return err
	})
	if err != nil { // the leases end by themselves
		s.opts.Log.ErrorContext(ctx, "accesssec: leases not given up", "kind", domainJob, "err", err)
	}
}

// doubt says whether absences are believed, as it was last written down.
type doubt struct {
	domainclaim.Breaker
	mu   sync.Mutex
	told bool
}

// tellDoubt writes down when absences are not believed any more, and when they are again.
func (s *Service) tellDoubt(ctx context.Context) error {
	s.breaker.mu.Lock()
	defer s.breaker.mu.Unlock()
	open := s.breaker.Open(s.now())
	if open == s.breaker.told {
		return nil
	}
	e := bySystem(audit.DNSDoubted)
	if !open {
		e.Type = audit.DNSTrusted
	}
	s.opts.Log.ErrorContext(ctx, "accesssec: too many records of domains vanish at once", "absences_believed", !open)
	ctx, cancel := lingering(ctx)
	defer cancel()
	err := s.change(ctx, func(c *change) error { return c.record(ctx, "", e) })
	if err == nil {
		s.breaker.told = open
	}
	return err
}

// lookAfterDomains puts the jobs of claims that nobody has looked at for a day although
// they were due: none is forgotten for good.
func (s *Service) lookAfterDomains(ctx context.Context, _ leased) (result, error) {
	var res result
	var errs []error
	q := store.OrgQuery{Paging: store.Paging{Limit: 1000}}
	for {
		page, err := s.store.Orgs(ctx, q)
		if err != nil {
			return res, errors.Join(append(errs, err)...)
		}
		for _, org := range page.Items {
			n, err := s.remind(ctx, org.ID)
			if err != nil {
				errs = append(errs, fmt.Errorf("accesssec: domains of %s: %w", org.ID, err))
			}
			res.done += n
		}
		if q.After = page.Next; q.After == "" {
			return res, errors.Join(errs...)
		}
	}
}

func (s *Service) remind(ctx context.Context, orgID string) (int, error) {
	var late []Domain
	now := s.now()
	err := eachDomain(ctx, s.store, orgID, func(rec store.Domain) error {
		d, err := domainOf(rec)
		if err == nil && !d.CheckAt.IsZero() && now.Sub(d.CheckAt) > 24*time.Hour {
			late = append(late, d)
		}
		return err
	})
	if err != nil || len(late) == 0 {
		return 0, err
	}
	return len(late), s.upkeep(ctx, func(tx store.Tx) error {
		for _, d := range late {
			if err := d.planAt(ctx, tx, orgID, now); err != nil {
				return err
			}
		}
		return nil
	})
}
