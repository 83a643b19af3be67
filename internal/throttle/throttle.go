// Package throttle decides whether one more attempt at a secret may be looked at.
//
// It owns the arithmetic of attempt limits and nothing else: it keeps no state, reads
// no clock and knows no store. It never counts in memory, because a counter that a
// second instance, a restart or a flood of other keys can empty is no limit.
//
// Start at [Limit.Begin]. The order of steps is what makes the limit hold under
// parallel requests:
//
//  1. Read the [State] of what is guarded: one person's password, one authenticator.
//     Key it by the resolved id, never by what was typed.
//  2. Begin books the attempt as if it had failed.
//  3. Save the result by compare-and-swap, committed by itself, outside the
//     transaction the attempt guards: a refusal that is rolled back must not un-count
//     the attempt. Who loses the race starts again at 1.
//  4. Only now look at the secret. When it was right, save State{}.
//
// The delays follow NIST SP 800-63B-4, section 3.2.2.
package throttle

import (
	"fmt"
	"time"
)

// State is what is remembered of the attempts at one secret. The zero State is one
// that nobody has tried. It is kept as JSON; the field names outlive a release.
type State struct {
	Fails  int       `json:"fails"`            // attempts booked since the last success
	NextAt time.Time `json:"next_at,omitzero"` // no attempt is looked at before; zero: at once
	LastAt time.Time `json:"last_at,omitzero"` // when the last attempt was booked
}

// Limit says how many attempts are free and how long the waits after them are. Its
// zero value is the strict default; so is each field that is zero or below.
type Limit struct {
	Free   int           // attempts before the first wait; 0: 5
	First  time.Duration // the first wait, doubled by each attempt after it; 0: 30 seconds
	Max    time.Duration // the longest wait; 0: one hour, and never below First
	Forget time.Duration // without an attempt for so long, all is free again; 0: one day
}

// withDefaults fills what is zero. Forget is never below Free times Max: otherwise
// pausing until all is forgotten would buy more attempts than waiting each time.
func (l Limit) withDefaults() Limit {
	if l.Free <= 0 {
		l.Free = 5
	}
	if l.First <= 0 {
		l.First = 30 * time.Second
	}
	if l.Max <= 0 {
		l.Max = time.Hour
	}
	if l.Forget <= 0 {
		l.Forget = 24 * time.Hour
	}
	l.Max = max(l.Max, l.First)
	if free := time.Duration(l.Free); l.Max > maxDuration/free {
		l.Forget = maxDuration
	} else {
		l.Forget = max(l.Forget, free*l.Max)
	}
	return l
}

const maxDuration = time.Duration(1<<63 - 1)

// LockedError says that the attempt was not booked and must not be looked at.
type LockedError struct {
	RetryAfter time.Duration // above zero
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("throttle: too many attempts, retry after %v", e.RetryAfter)
}

// Begin books one attempt at now and returns the State to save before the secret is
// looked at, or a *LockedError and s unchanged.
//
// A clock that went back never shortens a wait.
func (l Limit) Begin(s State, now time.Time) (State, error) {
	l = l.withDefaults()
	now = now.UTC().Truncate(time.Microsecond)
	if now.Before(s.NextAt) {
		return s, &LockedError{RetryAfter: s.NextAt.Sub(now)}
	}
	if s.Fails < 0 || !s.LastAt.IsZero() && now.Sub(s.LastAt) >= l.Forget {
		s = State{}
	}
	if s.Fails < maxFails {
		s.Fails++
	}
	if s.Fails >= l.Free {
		s.NextAt = now.Add(l.wait(s.Fails - l.Free))
	}
	if now.After(s.LastAt) {
		s.LastAt = now
	}
	return s, nil
}

// GiveBack takes one attempt out of the count, for one that was booked among others and
// turned out right. A wait ends when what is left is free.
func (l Limit) GiveBack(s State) State {
	if s.Fails > 0 {
		s.Fails--
	}
	if s.Fails < l.withDefaults().Free {
		s.NextAt = time.Time{}
	}
	return s
}

// maxFails keeps the count from running over; the wait has long been Max by then.
const maxFails = 1 << 30

// wait is First doubled n times, at most Max.
func (l Limit) wait(n int) time.Duration {
	d := l.First
	for ; n > 0 && d < l.Max; n-- {
		if d > l.Max/2 {
			return l.Max
		}
		d *= 2
	}
	return min(d, l.Max)
}

// ForgottenAt is from when on s counts as the zero State: the earliest moment at
// which a record that holds it may be deleted.
func (l Limit) ForgottenAt(s State) time.Time {
	if s == (State{}) {
		return time.Time{}
	}
	at := s.LastAt.Add(l.withDefaults().Forget)
	if s.NextAt.After(at) {
		return s.NextAt
	}
	return at
}
