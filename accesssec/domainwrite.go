package accesssec

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// writeQuiet writes looks that moved nothing, all in one transaction. Where another has
// been quicker at one of them, each is written by itself.
func (s *Service) writeQuiet(ctx context.Context, looks []*domainLook) (int, error) {
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
			rec, err := Domain{ID: l.was.ID, Claim: l.after}.record(l.rec)
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
	s.pace.writing.Lock()
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
	s.pace.writing.Unlock()
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
func (s *Service) writeOne(ctx context.Context, l *domainLook) (int, error) {
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
