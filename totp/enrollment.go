package totp

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ConfirmWithin is how long an enrolment waits for the code that confirms it.
const ConfirmWithin = 10 * time.Minute

// Algorithm is the hash of a factor's codes.
type Algorithm string

// The algorithms of RFC 6238.
const (
	SHA1   Algorithm = "SHA1"
	SHA256 Algorithm = "SHA256"
	SHA512 Algorithm = "SHA512"
)

// Options of an enrolment. The zero value (SHA1, 6 digits, 30 seconds) is what every app
// knows; many ignore anything else without a word, and show codes that never match.
type Options struct {
	Algorithm Algorithm     // "": SHA1
	Digits    int           // 6 or 8; 0: 6
	Period    time.Duration // whole seconds, 15 to 120; 0: 30 seconds
}

func (o Options) withDefaults() (Options, error) {
	if o.Algorithm == "" {
		o.Algorithm = SHA1
	}
	if o.Digits == 0 {
		o.Digits = 6
	}
	if o.Period == 0 {
		o.Period = 30 * time.Second
	}
	switch {
	case o.Algorithm != SHA1 && o.Algorithm != SHA256 && o.Algorithm != SHA512:
		return o, fmt.Errorf("totp: algorithm %.20q: want SHA1, SHA256 or SHA512", o.Algorithm)
	case o.Digits != 6 && o.Digits != 8:
		return o, fmt.Errorf("totp: %d digits: want 6 or 8", o.Digits)
	case o.Period%time.Second != 0 || o.Period < 15*time.Second || o.Period > 120*time.Second:
		return o, fmt.Errorf("totp: a period of %v: want whole seconds, 15 to 120", o.Period)
	}
	return o, nil
}

// Enrollment is everything about one factor but its secret. It is a value: each step
// returns the next one. Its JSON is stable, and holds no secret. The zero Enrollment
// accepts nothing.
type Enrollment struct {
	e enrollment
}

type enrollment struct {
	Algorithm Algorithm `json:"algorithm"`
	Digits    int       `json:"digits"`
	Period    int       `json:"period"` // seconds
	Confirmed bool      `json:"confirmed,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	LastStep  int64     `json:"last_step"` // the latest that was accepted; -1 none
	limit
}

// New makes a pending enrolment and its secret of 160 bits. Show the person a
// [Enrollment.Setup], and confirm by [Enrollment.BeginConfirmation] what their app shows.
// Keep it apart from a factor that is live: whoever gives up half-way keeps the old one.
// nil opts are the defaults.
func New(now time.Time, opts *Options) (Enrollment, Secret, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	o, err := o.withDefaults()
	if err != nil {
		return Enrollment{}, Secret{}, err
	}
	if !kept(now.UTC()) {
		return Enrollment{}, Secret{}, errors.New("totp: a time before 1970 or after 9999")
	}
	return Enrollment{enrollment{
		Algorithm: o.Algorithm, Digits: o.Digits, Period: int(o.Period / time.Second),
		CreatedAt: instant(now), LastStep: -1,
	}}, newSecret(), nil
}

// instant is t as it is kept: UTC, in whole microseconds, as any database keeps it.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// kept reports whether t is a time that has a step, and a place in JSON.
func kept(t time.Time) bool { return t.Unix() >= 0 && t.Year() <= 9999 }

// Confirmed reports whether the factor is live.
func (e Enrollment) Confirmed() bool { return e.e.Confirmed }

// CreatedAt is when the enrolment was begun.
func (e Enrollment) CreatedAt() time.Time { return e.e.CreatedAt }

// Options are those it was made with, none of them zero.
func (e Enrollment) Options() Options {
	return Options{Algorithm: e.e.Algorithm, Digits: e.e.Digits, Period: time.Duration(e.e.Period) * time.Second}
}

// Fails counts the attempts since the last one that was right, with one under way.
func (e Enrollment) Fails() int { return e.e.Fails }

// LockedUntil is from when on a code is looked at again; the zero time: now.
func (e Enrollment) LockedUntil() time.Time { return e.e.NextAt }

// Disabled reports whether a hundred attempts in a row were wrong. Such a factor accepts
// nothing any more: the person enrols anew, after another proof of who they are.
func (e Enrollment) Disabled() bool { return e.e.disabled() }

// Begin counts an attempt at a live factor. The errors are [ErrPending], [ErrDisabled] and
// a [*LockedError]. Save [Attempt.Booked] before anything else.
func (e Enrollment) Begin(now time.Time) (Attempt, error) {
	if !e.e.Confirmed {
		return Attempt{}, ErrPending
	}
	return e.begin(now)
}

// BeginConfirmation counts an attempt to confirm a pending enrolment: [ErrConfirmed] when
// it is live, [ErrExpired] once [ConfirmWithin] is over. What Check returns then is live,
// and the code is used up.
func (e Enrollment) BeginConfirmation(now time.Time) (Attempt, error) {
	switch age := instant(now).Sub(e.e.CreatedAt); {
	case e.e.Confirmed:
		return Attempt{}, ErrConfirmed
	case age >= ConfirmWithin || age < -time.Minute:
		return Attempt{}, ErrExpired
	}
	return e.begin(now)
}

func (e Enrollment) begin(now time.Time) (Attempt, error) {
	now = instant(now)
	if now.Unix() < 0 || e.e.Period <= 0 {
		return Attempt{}, errors.New("totp: no enrolment, or a time before 1970")
	}
	booked, err := e.e.limit.book(now)
	if err != nil {
		return Attempt{}, err
	}
	e.e.limit = booked
	return Attempt{booked: e.e, at: now, turn: new(turn)}, nil
}

// MarshalJSON is the form to keep.
func (e Enrollment) MarshalJSON() ([]byte, error) { return json.Marshal(e.e) }

// UnmarshalJSON reads that form. What New could not have made is an error, so that no
// broken row is a factor that accepts more than it should.
func (e *Enrollment) UnmarshalJSON(data []byte) error {
	var v enrollment
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("totp: enrolment: %w", err)
	}
	v.CreatedAt, v.NextAt = instant(v.CreatedAt), instant(v.NextAt)
	o := Options{Algorithm: v.Algorithm, Digits: v.Digits, Period: time.Duration(v.Period) * time.Second}
	full, err := o.withDefaults()
	switch {
	case err != nil:
		return err
	case full != o:
		return errors.New("totp: enrolment: a parameter is missing")
	case v.Period != int(o.Period/time.Second): // the product above had no room
		return errors.New("totp: enrolment: a period out of bounds")
	case v.LastStep < -1 || v.Confirmed != (v.LastStep >= 0) || v.limit.broken() || !kept(v.CreatedAt):
		return errors.New("totp: enrolment: out of bounds")
	}
	e.e = v
	return nil
}
