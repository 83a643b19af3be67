package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/totp"
)

// showing is one code that somebody shows for a person's factor.
type showing struct {
	user  store.User
	code  string
	mark  string      // of the factor that is asked for; "" whichever there is
	orgID string      // whose log has it when it is wrong
	event audit.Event // how it is told there
}

// appCode looks at a code of the app. The order can't be turned round: book and commit,
// look, and what is returned has to be put in the transaction that the code was for.
// Every code of a live factor goes through here, wherever it is asked for.
func (s *Service) appCode(ctx context.Context, w showing) (kept[factor], error) {
	f, err := s.askedFactor(ctx, w)
	if err != nil {
		return f, err
	}
	// Opened before it is counted: keys that are missing are our fault, and lock nobody out.
	secret, err := s.factorSecret(f.Value.Sealed, w.user.ID, f.Value.ID)
	if err != nil {
		return f, err
	}
	try, err := f.Value.Enrollment.Begin(s.now())
	if err != nil {
		return f, closedFactor(err)
	}
	f.Value.Enrollment = try.Booked()
	if f, err = bookIn(ctx, s, f); err != nil {
		return f, err
	}
	next, err := try.Check(secret, w.code)
	if errors.Is(err, totp.ErrWrongCode) {
		return f, s.wrongFactor(ctx, w, err, f.Value.Enrollment)
	} else if err != nil {
		return f, err
	}
	f.Value.Enrollment = next
	if s.keys.Stale(f.Value.Sealed) {
		f.Value.Sealed = s.sealFactorSecret(secret, w.user.ID, f.Value.ID)
	}
	return f, nil
}

// recoveryCode is appCode for a recovery code, which is used up by it. The slow part runs
// once, whatever the code, and outside of any transaction.
func (s *Service) recoveryCode(ctx context.Context, w showing) (kept[factor], error) {
	f, err := s.askedFactor(ctx, w)
	if err != nil {
		return f, err
	}
	pepper, err := s.openPepper(f.Value, w.user.ID)
	if err != nil {
		return f, err
	}
	try, err := f.Value.Recovery.Begin(s.now())
	if err != nil {
		return f, closedFactor(err)
	}
	f.Value.Recovery = try.Booked()
	if f, err = bookIn(ctx, s, f); err != nil {
		return f, err
	}
	next, err := try.Check(ctx, s.recoveryKDF(pepper), w.code)
	if errors.Is(err, totp.ErrWrongCode) {
		return f, s.wrongFactor(ctx, w, err, f.Value.Recovery)
	} else if err != nil {
		return f, err
	}
	f.Value.Recovery = next
	if s.keys.Stale(f.Value.Pepper) {
		f.Value.Pepper = s.keys.Seal(pepper, "recovery", w.user.ID, next.ID())
	}
	switch disabled := f.Value.Enrollment.Disabled(); {
	case next.Left() == 0 && disabled:
		f.Value = factor{Due: dueAtOnce}
	case next.Left() == 0:
		f.Value = factor{Due: dueUsedUp}
	case disabled:
		f.Value.Due = dueChange
	}
	return f, nil
}

// askedFactor reads the factor that a code is shown for.
func (s *Service) askedFactor(ctx context.Context, w showing) (kept[factor], error) {
	f, state, err := s.factorOf(ctx, s.store, w.user.ID)
	switch {
	case err != nil:
		return f, err
	case w.mark != "" && w.mark != f.Value.mark():
		no := refuse(CodeHalfOver, "the factor was locked, replaced or taken away meanwhile")
		no.Err = errHalfOver
		return f, no
	case state != policy.FactorLive && state != policy.FactorChanging:
		return f, refuse(CodeNoFactor, "the factor is "+string(state))
	}
	return f, nil
}

// closedFactor is why no code is looked at.
func closedFactor(err error) error {
	var locked *totp.LockedError
	switch {
	case errors.As(err, &locked):
		no := refuse(CodeLocked, "too many wrong codes in a row")
		no.RetryAfter = locked.RetryAfter
		return no
	case errors.Is(err, totp.ErrDisabled):
		return refuse(CodeFactorDisabled, "")
	case errors.Is(err, totp.ErrNoCodes):
		return refuse(CodeNoFactor, "no recovery codes are left")
	}
	return err
}

// tally is how often a factor was tried in vain, with this time: the app's codes and the
// recovery codes have each their own.
type tally interface {
	Fails() int
	LockedUntil() time.Time
	Disabled() bool
}

// tellAt are the failures at which the person is told; the log has each.
const tellAt = 5

// wrongFactor refuses a code. A failure that locks the factor ends the logins that wait
// for one: who goes on has to know the password still. What is said is the same for a code
// that was used before; the log tells them apart.
func (s *Service) wrongFactor(ctx context.Context, w showing, wrong error, n tally) error {
	e, detail := w.event, "wrong code"
	e.Facts = append(e.Facts, count("failures", n.Fails()))
	if errors.Is(wrong, totp.ErrUsedCode) {
		detail = "a code that was used before"
		e.Facts = append(e.Facts, fact("code", "used"))
	}
	err := s.refused(ctx, refuse(CodeWrongCode, detail).inOrg(w.orgID, e))
	if n.LockedUntil().IsZero() && !n.Disabled() {
		return err
	}
	if fault := s.lockFactor(ctx, w, n); fault != nil {
		return fault
	}
	return err
}

// lockFactor writes down that a failure has locked the factor, and tells of it.
func (s *Service) lockFactor(ctx context.Context, w showing, n tally) error {
	ctx, cancel := lingering(ctx)
	defer cancel()
	return s.change(ctx, func(c *change) error {
		e := w.event
		e.Type, e.Outcome, e.Facts = audit.FactorLocked, audit.Success, []audit.Fact{count("failures", n.Fails())}
		if n.Disabled() {
			e.Type = audit.FactorDisabled
		}
		f, err := factors.get(ctx, c, "", w.user.ID)
		if err == nil {
			f.Value.Locks++
			err = factors.put(ctx, c, f)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if n.Fails() == tellAt || n.Disabled() {
			if err := s.tellFactor(ctx, c, TemplateFactorLocked, w.user, nil); err != nil {
				return err
			}
		}
		return c.record(ctx, w.orgID, e)
	})
}

// tellFactor tells a person what has become of their second factor. The message gets the
// site and the time.
func (s *Service) tellFactor(ctx context.Context, c *change, t Template, u store.User, values map[string]string) error {
	all := map[string]string{"site": s.site(), "time": noticeTime(c.now), "address": u.Address}
	for k, v := range values {
		all[k] = v
	}
	return s.notify(ctx, c, message{template: t, values: all}, u)
}
