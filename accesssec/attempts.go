package accesssec

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/netip"
	"time"

	"github.com/accesssec/accesssec-go/internal/throttle"
	"github.com/accesssec/accesssec-go/store"
)

// The limits on guessing. One counter joins the address and the network it is tried
// from, so that a stranger elsewhere can't keep a person out for long; the wider one
// counts the address whoever tries it.
var (
	limitNear  = throttle.Limit{Free: 5, First: 30 * time.Second, Max: time.Hour, Forget: 24 * time.Hour}
	limitWide  = throttle.Limit{Free: 50, First: 30 * time.Second, Max: 15 * time.Minute, Forget: 24 * time.Hour}
	limitProve = throttle.Limit{Free: 5, First: 30 * time.Second, Max: time.Hour, Forget: 24 * time.Hour}
)

// counter is one thing that is counted. Its name is hashed before it is stored.
type counter struct {
	name  string
	limit throttle.Limit
}

func passwordCounters(addressKey, ip string) []counter {
	return []counter{
		{"password\x00" + addressKey + "\x00" + network(ip), limitNear},
		{"password\x00" + addressKey, limitWide},
	}
}

func proveCounters(userID string) []counter { return []counter{{"prove\x00" + userID, limitProve}} }

func (c counter) id() string {
	sum := sha256.Sum256([]byte(c.name))
	return hex.EncodeToString(sum[:])
}

// book counts an attempt before the secret is looked at, and commits the count by
// itself: a login that is rolled back, or a client that hangs up, was counted all the
// same. Unknown addresses are counted like known ones. It returns a *Refusal when the
// limit is reached; that one is not recorded, or whoever is locked out could fill the
// log at will. The failures that led to it are.
func (s *Service) book(ctx context.Context, counters []counter) error {
	for _, c := range counters {
		if err := s.bookOne(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) bookOne(ctx context.Context, c counter) error {
	for range 50 {
		now := s.now()
		at, err := attempts.get(ctx, s.store, "", c.id())
		if errors.Is(err, store.ErrNotFound) {
			at = attempts.fresh("", c.id(), "", now, time.Time{}, throttle.State{})
		} else if err != nil {
			return err
		}
		at.Value, err = c.limit.Begin(at.Value, now)
		var locked *throttle.LockedError
		if errors.As(err, &locked) {
			no := refuse(CodeLocked, "too many attempts in a row")
			no.RetryAfter = locked.RetryAfter
			return no
		} else if err != nil {
			return err
		}
		at.ExpiresAt = c.limit.ForgottenAt(at.Value)
		d, err := at.doc()
		if err != nil {
			return err
		}
		err = s.store.SwapDoc(ctx, d)
		if err == nil {
			return nil
		}
		if !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrExists) && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	// So many others try the same thing at this moment that it can only be guessing.
	no := refuse(CodeLocked, "too many attempts at once")
	no.RetryAfter = limitNear.First
	return no
}

// settle forgets the counts in the transaction of the success they guarded.
func settle(ctx context.Context, c *change, counters []counter) error {
	for _, k := range counters {
		err := c.DeleteDoc(ctx, attempts.kind, "", k.id())
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// network is what one customer of an access provider can change at will: an IPv4
// address, or the /64 of an IPv6 one.
func network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a.String()
	}
	p, _ := a.Prefix(64)
	return p.String()
}
