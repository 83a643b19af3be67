package accesssec

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/accesssec/accesssec-go/store"
)

// Tick does what has come due by now, once, and returns how much it found to do: it
// gives new audit events their place in their chains (every 5 seconds), deletes what has
// expired (every 10 minutes: sessions, requests, used assertions, counts of attempts),
// looks after the certificates of connections (every 6 hours: tells of those about to
// expire, drops what was replaced a week ago) and after the tokens of provisioning (every 6 hours:
// tells of those that end within 14, 7 and 1 days, and of those that were replaced and are still
// shown), seals under a new key what an old one has sealed (every 6 hours, see
// [Service.Resealed]), reads metadata that a connection follows
// (when that says so), looks for the records of claimed domains (verified ones once a day,
// see [Admin.VerifyDomain]), and delivers notices. It is for a cron job, about every minute, and
// for tests; a server that keeps running has [Service.Run]. Call either from one instance or
// from all of them: each job is done by one. Nothing is wrong when it is late, but the store
// grows and notices wait.
//
// A job that fails is logged, keeps no other waiting, and comes again later and later.
// The error joins all that went wrong. When ctx ends, Tick stops taking jobs and waits
// for those that run, for at most 40 seconds.
func (s *Service) Tick(ctx context.Context) (int, error) {
	if err := s.alone(); err != nil {
		return 0, err
	}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		done int
		errs []error
	)
	for _, k := range s.jobKinds() {
		wg.Go(func() {
			n, err := s.crew(k).pass(ctx)
			mu.Lock()
			defer mu.Unlock()
			done += n
			errs = append(errs, err)
		})
	}
	wg.Wait()
	return done, errors.Join(errs...)
}

// pass runs all that is due at its beginning. What fails comes again after that, so
// that it ends.
func (c *crew) pass(ctx context.Context) (int, error) {
	var errs []error
	done, now, full := 0, c.s.now(), true
	for full || c.busy > 0 {
		if full {
			var err error
			if full, err = c.take(ctx, now); err != nil {
				errs = append(errs, fmt.Errorf("accesssec: jobs %s: %w", c.kind.kind, err))
			}
		}
		if c.busy > 0 {
			e := c.wait()
			done += e.done
			errs = append(errs, e.err)
		}
	}
	return done, errors.Join(errs...)
}

// eachOrg looks after what every org has of something, and adds up how much was done. What
// fails for one keeps no other waiting.
func (s *Service) eachOrg(ctx context.Context, what string, do func(context.Context, store.Org) (int, error)) (result, error) {
	var res result
	var errs []error
	q := store.OrgQuery{Paging: store.Paging{Limit: 1000}}
	for {
		page, err := s.store.Orgs(ctx, q)
		if err != nil {
			return res, errors.Join(append(errs, err)...)
		}
		for _, org := range page.Items {
			n, err := do(ctx, org)
			res.done += n
			if err != nil {
				errs = append(errs, fmt.Errorf("accesssec: %s of %s: %w", what, org.ID, err))
			}
		}
		if q.After = page.Next; q.After == "" {
			return res, errors.Join(errs...)
		}
	}
}

// sweep deletes what has expired.
func (s *Service) sweep(ctx context.Context, _ leased) (result, error) {
	const batch = 1000
	var res result
	for n := batch; n == batch; {
		var err error
		if n, err = s.store.DeleteExpired(ctx, s.now(), batch); err != nil {
			return res, err
		}
		res.done += n
	}
	return res, nil
}

// sealLogs seals every log that has something new. One that can't be sealed keeps no
// other waiting.
func (s *Service) sealLogs(ctx context.Context, _ leased) (result, error) {
	const batch = 1000
	var res result
	failed := map[string]error{}
	for {
		orgs, err := s.store.UnsealedOrgs(ctx, batch+len(failed))
		if err != nil {
			return res, errors.Join(err, faultsOf(failed))
		}
		tried := 0
		for _, org := range orgs {
			if failed[org] != nil {
				continue
			}
			tried++
			if err := s.seal(ctx, org); err != nil {
				failed[org] = fmt.Errorf("accesssec: log of %q: %w", org, err)
				continue
			}
			res.done++
		}
		if tried < batch {
			return res, faultsOf(failed)
		}
	}
}

func faultsOf(failed map[string]error) error {
	var errs []error
	for _, err := range failed {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
