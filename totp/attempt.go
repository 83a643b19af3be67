package totp

import (
	"sync/atomic"
	"time"
)

// turn is where one attempt stands. It goes forward only, whoever holds a copy.
type turn struct{ at atomic.Int32 }

const (
	begun int32 = iota
	booked
	checked
)

func (t *turn) book() {
	if t != nil {
		t.at.CompareAndSwap(begun, booked)
	}
}

func (t *turn) check() error {
	if t == nil || !t.at.CompareAndSwap(booked, checked) {
		return ErrNotBooked
	}
	return nil
}

// Attempt is one try at a code, counted and not yet looked at. It can only be had from
// [Enrollment.Begin] and [Enrollment.BeginConfirmation], and is good for one Check.
type Attempt struct {
	booked enrollment
	at     time.Time
	turn   *turn
}

// Booked is what to save, by a swap against what Begin was called on, before Check.
func (a Attempt) Booked() Enrollment {
	a.turn.book()
	return Enrollment{a.booked}
}

// Check looks at the code and returns the enrolment to save, by a swap against Booked, in
// the transaction that the code was for. On [ErrWrongCode] there is nothing to save.
// [ErrSecret] and [ErrNotBooked] are faults, and nobody is let in on one.
//
// Spaces and hyphens in the code count for nothing, and the digits of other scripts as
// ours. The codes of the step before, this one and the next are computed, always all
// three, so that a phone may be 30 seconds off; the latest that matches must be later than
// the last step that was accepted.
func (a Attempt) Check(s Secret, code string) (Enrollment, error) {
	if err := a.turn.check(); err != nil {
		return Enrollment{}, err
	}
	step, err := a.booked.match(s, a.at, code)
	switch {
	case err != nil:
		return Enrollment{}, err
	case step < 0:
		return Enrollment{}, ErrWrongCode
	case step <= a.booked.LastStep:
		return Enrollment{}, ErrUsedCode
	}
	next := a.booked
	next.Confirmed, next.LastStep, next.limit = true, step, limit{}
	return Enrollment{next}, nil
}
