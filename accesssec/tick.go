package accesssec

import (
	"context"
	"errors"
	"fmt"
)

// Tick does what has come due: it deletes what has expired (sessions, requests, used
// assertions, counts of attempts) and gives new events their place in their chains. It
// returns how much it found to do. Call it about every minute, from one instance or
// from all of them; nothing is wrong when it is late, but the store grows.
func (s *Service) Tick(ctx context.Context) (int, error) {
	const batch = 1000
	done := 0
	for n := batch; n == batch; {
		var err error
		if n, err = s.store.DeleteExpired(ctx, s.now(), batch); err != nil {
			return done, err
		}
		done += n
	}
	orgs, err := s.store.UnsealedOrgs(ctx, batch)
	if err != nil {
		return done, err
	}
	var errs []error
	for _, org := range orgs { // one that can't be sealed keeps no other waiting
		if err := s.seal(ctx, org); err != nil {
			errs = append(errs, fmt.Errorf("accesssec: log of %q: %w", org, err))
			continue
		}
		done++
	}
	return done, errors.Join(errs...)
}
