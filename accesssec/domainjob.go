package accesssec

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

const (
	domainJob = "domain" // keyed by the claim's id

	// A batch waits for its slowest look, and so there are many: where one domain in twenty
	// has name servers that are silent, each batch has some of them.
	domainHands = 16  // batches at once
	domainBatch = 250 // jobs that are leased at once
	looksAtOnce = 64  // of a batch
	looksInAll  = 256 // of all batches, and so of the sockets that looks take
)

// plan puts the job of the claim for when it is to be looked at next. A job that is there
// for a claim that is never looked at again ends by itself.
func (d Domain) plan(ctx context.Context, tx store.Tx, orgID string) error {
	return d.planAt(ctx, tx, orgID, d.CheckAt, false)
}

// planAt puts it for another time. Where somebody waits for the result the look is at the name
// servers, and without waiting for its turn.
func (d Domain) planAt(ctx context.Context, tx store.Tx, orgID string, at time.Time, now bool) error {
	if at.IsZero() {
		return nil
	}
	body, err := jobBody{Name: d.Name, Now: now}.encode()
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
func (l *domainLook) judge(seen domainclaim.Observation, now time.Time) {
	l.seen = seen
	l.after, l.event = l.was.Next(seen, now)
}

// lookAtDomains looks at the claims of a batch, some at once, and writes what was seen:
// what moves a claim by itself, all else together.
func (s *Service) lookAtDomains(ctx context.Context, jobs []leased) end {
	claims, err := s.claimsOf(ctx, jobs)
	if err != nil {
		s.putBack(ctx, jobs)
		return end{0, fmt.Errorf("accesssec: jobs %s: %w", domainJob, err)}
	}
	looks, todo := make([]*domainLook, len(jobs)), make(chan *domainLook, len(jobs))
	for i, j := range jobs {
		looks[i] = &domainLook{job: j, rec: claims[[2]string{j.OrgID, j.Key}]}
		todo <- looks[i]
	}
	close(todo)
	var wg sync.WaitGroup
	for range min(looksAtOnce, len(jobs)) {
		wg.Go(func() {
			for l := range todo {
				s.lookAt(ctx, l)
			}
		})
	}
	wg.Wait()
	s.judge(looks)

	var out end
	var errs []error
	var quiet []*domainLook
	for _, l := range looks {
		if l.event == domainclaim.EventNone {
			quiet = append(quiet, l)
			continue
		}
		done, err := s.writeOne(ctx, l)
		out.done += done
		errs = append(errs, err)
	}
	n, err := s.writeQuiet(ctx, quiet)
	out.done += n
	errs = append(errs, err, s.tellDoubt(ctx))
	out.err = errors.Join(errs...)
	return out
}

// judge works out what the looks of a batch come to. The breaker sees them in the order of
// their jobs: as they end, all whose record has vanished would come in a row, for they take
// the longest. It is asked again about those, since by then it is known how many they are.
func (s *Service) judge(looks []*domainLook) {
	for _, l := range looks {
		if l.looked() {
			l.judge(s.breaker.Watch(l.rec.OrgID, l.was.Claim, l.seen), s.now())
		}
	}
	for _, l := range looks {
		if l.event == domainclaim.EventMissing {
			l.judge(s.breaker.Watch(l.rec.OrgID, l.was.Claim, l.seen), s.now())
		}
	}
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
func (s *Service) lookAt(ctx context.Context, l *domainLook) {
	if l.over = l.rec.ID == ""; l.over {
		return
	}
	d, err := domainOf(l.rec)
	if err != nil {
		s.opts.Log.ErrorContext(ctx, "accesssec: domain not looked at", "org", l.job.OrgID, "id", l.job.Key, "err", err)
		l.next = s.now().Add(time.Hour)
		return
	}
	if l.over = d.CheckAt.IsZero(); l.over {
		return
	}
	if !l.job.body.Turn && !l.job.body.Now { // who has waited took its turn then
		now := s.now()
		if wait := s.pace.turn(d.NameServers, now); wait > 0 {
			l.next, l.job.body.Turn = now.Add(wait), true
			return
		}
	}
	seen, err := s.lookNow(ctx, d, l.job.body.Now)
	if err != nil {
		s.opts.Log.ErrorContext(ctx, "accesssec: domain not looked at", "org", l.job.OrgID, "id", l.job.Key, "err", err)
		l.next = s.now().Add(time.Hour)
		return
	}
	if ctx.Err() != nil { // it may be we who did not wait
		l.next = s.now()
		return
	}
	l.job.body.Turn, l.job.body.Now = false, false
	l.look = look{rec: l.rec, was: d, seen: seen, by: bySystem}
	l.settle = func(ctx context.Context, tx store.Tx, d Domain) error { return finish(ctx, tx, l.job, d.CheckAt) }
}

// lookNow looks, when it is among those that may.
func (s *Service) lookNow(ctx context.Context, d Domain, now bool) (seen domainclaim.Observation, err error) {
	select {
	case s.pace.looks <- struct{}{}:
		defer func() { <-s.pace.looks }()
	case <-ctx.Done():
		return seen, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{what: panicked(p), stack: debug.Stack()}
		}
	}()
	if now {
		return s.checker.CheckNow(ctx, d.Claim), nil
	}
	return s.checker.Check(ctx, d.Claim), nil
}

func (l *domainLook) looked() bool { return l.was.ID != "" }

// lookAfterDomains puts the jobs of claims that nobody has looked at for a day although
// they were due: none is forgotten for good. When it comes late itself nobody was there to
// look, and the jobs of all are under way by now: to put them again would take them away
// from who is at them.
func (s *Service) lookAfterDomains(ctx context.Context, j leased) (result, error) {
	if s.now().Sub(j.At) > 12*time.Hour {
		return result{}, nil
	}
	return s.eachOrg(ctx, "domains", s.remind)
}

// remind puts those of one org. A claim that can't be read keeps no other waiting, and is
// no failure of the job: that would come again within minutes, and put the jobs once more
// of those that are being looked at.
func (s *Service) remind(ctx context.Context, org store.Org) (int, error) {
	var late []Domain
	now := s.now()
	err := eachDomain(ctx, s.store, org.ID, func(rec store.Domain) error {
		d, err := domainOf(rec)
		if err != nil {
			s.opts.Log.ErrorContext(ctx, "accesssec: domain not read", "org", org.ID, "id", rec.ID, "err", err)
		} else if !d.CheckAt.IsZero() && now.Sub(d.CheckAt) > 24*time.Hour {
			late = append(late, d)
		}
		return nil
	})
	if err == nil && len(late) > 0 {
		err = s.upkeep(ctx, func(tx store.Tx) error {
			for _, d := range late {
				if err := d.planAt(ctx, tx, org.ID, now, false); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return 0, err
	}
	return len(late), nil
}
