package accesssec

import (
	"context"
	"sync"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/domainclaim"
)

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
