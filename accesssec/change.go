package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

var errSilent = errors.New("accesssec: a change without its event")

// change is one transaction of ours: what fn writes, and the event it owes.
type change struct {
	store.Tx
	now      time.Time
	recorded int
	history  int    // Options.PasswordHistory
	made     string // the id of the account that was made last, a new one: nothing can lead to that yet
}

// record writes e beside what has just been written. Events of one change are a
// microsecond apart, so that the log keeps their order.
func (c *change) record(ctx context.Context, orgID string, e audit.Event) error {
	e.At = c.now.Add(time.Duration(c.recorded) * time.Microsecond)
	c.recorded++
	return audit.Add(ctx, c.Tx, orgID, e)
}

// change runs fn in a transaction that must record at least one event, or nothing of
// it is kept. A *Refusal from fn undoes what fn wrote and is recorded in a transaction
// of its own. fn may run again: it touches only c and variables it sets afresh. Who
// lost a race to a key or a version, and has no sentence for it, tries again: two
// first logins of one person are two logins.
func (s *Service) change(ctx context.Context, fn func(*change) error) error {
	var err error
	for range 5 {
		var w writing
		err = s.store.RunInTx(ctx, func(tx store.Tx) error {
			c := &change{Tx: s.cache.watch(tx, &w), now: s.now(), history: s.opts.PasswordHistory}
			if err := fn(c); err != nil {
				return err
			}
			if c.recorded == 0 {
				return errSilent
			}
			return nil
		})
		s.cache.forget(&w)
		if _, no := errors.AsType[*Refusal](err); no {
			return s.refused(ctx, err)
		}
		// A transaction of the host's is the host's to run again.
		if s.joined || !errors.Is(err, store.ErrExists) && !errors.Is(err, store.ErrConflict) {
			break
		}
	}
	return err
}

// refusedAs has a refusal that no log knows of yet recorded in an org's, as one of the change
// that e would have been about. Any other error it returns as it is.
func refusedAs(err error, orgID string, e audit.Event) error {
	if no, is := errors.AsType[*Refusal](err); is && no.event.Type == "" {
		no.inOrg(orgID, refusedChange(e))
	}
	return err
}

// unless is err, but nil when it is what.
func unless(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}

// refused records the refusal in err, once, and returns err; any other error it
// returns as it is. Hanging up does not keep a refusal out of the log. A refusal that
// can't be recorded still refuses.
func (s *Service) refused(ctx context.Context, err error) error {
	var no *Refusal
	if !errors.As(err, &no) || no.event.Type == "" {
		return err
	}
	ctx, cancel := lingering(ctx)
	defer cancel()
	e := no.event
	e.At, e.Outcome, e.Reason = s.now(), audit.Refused, string(no.Code)
	no.event = audit.Event{}
	fault := s.store.RunInTx(ctx, func(tx store.Tx) error { return audit.Add(ctx, tx, no.orgID, e) })
	if fault != nil {
		s.opts.Log.ErrorContext(ctx, "accesssec: refusal not recorded", "code", no.Code, "err", fault)
	}
	return err
}

// lingering outlives the request by a little: what a client has earned is counted and
// recorded although it hangs up.
func lingering(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
}

// upkeep is the door for rows that no person decides: request records, seals, job
// results, caches. It owes no event. A test lists its callers.
func (s *Service) upkeep(ctx context.Context, fn func(store.Tx) error) error {
	var w writing
	defer s.cache.forget(&w)
	return s.store.RunInTx(ctx, func(tx store.Tx) error { return fn(s.cache.watch(tx, &w)) })
}
