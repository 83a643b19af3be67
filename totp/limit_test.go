package totp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/totp"
)

// waits are those after the fifth attempt and each one after it: NIST SP 800-63B-4,
// section 3.2.2, has 30 seconds to an hour.
func waits() []time.Duration {
	out := []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute}
	for len(out) < 96 {
		out = append(out, time.Hour)
	}
	return out
}

// a guesser is one of the two that count, as this test sees them.
type guesser struct {
	guess    func(now time.Time) error // one wrong code, booked and looked at
	right    func(now time.Time) error // the right one
	fails    func() int
	until    func() time.Time
	disabled func() bool
}

func guessers(t *testing.T) map[string]guesser {
	e, s, phone := liveFactor(t, nil)
	set, codes := newSet(t)
	redeem := func(code string, now time.Time) error {
		attempt, err := set.Begin(now)
		if err != nil {
			return err
		}
		set = attempt.Booked()
		next, err := attempt.Check(context.Background(), quick, code)
		if err == nil {
			set, codes = next, codes[1:]
		}
		return err
	}
	return map[string]guesser{
		"app": {
			guess: func(now time.Time) (err error) {
				e, err = try(t, e, s, wrongFor(phone, now, step), now)
				return err
			},
			right: func(now time.Time) (err error) {
				e, err = try(t, e, s, phone.Code(now), now)
				return err
			},
			fails:    func() int { return e.Fails() },
			until:    func() time.Time { return e.LockedUntil() },
			disabled: func() bool { return e.Disabled() },
		},
		"recovery codes": {
			guess:    func(now time.Time) error { return redeem("0000-0000-0000-0000", now) },
			right:    func(now time.Time) error { return redeem(codes[0], now) },
			fails:    func() int { return set.Fails() },
			until:    func() time.Time { return set.LockedUntil() },
			disabled: func() bool { return set.Disabled() },
		},
	}
}

// TestDisabledAtHundred walks the whole ladder, a microsecond early on each rung. There is
// no limit in libraries that leave it to their callers (gitea, issue 6950), and the callers
// have counted what they did not count before (CVE-2025-64102, Zitadel).
func TestDisabledAtHundred(t *testing.T) {
	t.Parallel()
	for name, g := range guessers(t) {
		now := t0
		var got []time.Duration
		for n := 1; n <= 100; n++ {
			if g.disabled() {
				t.Fatalf("%s: disabled after %d", name, n-1)
			}
			if err := g.guess(now); !errors.Is(err, totp.ErrWrongCode) {
				t.Fatalf("%s: attempt %d: %v", name, n, err)
			}
			if g.fails() != n {
				t.Fatalf("%s: %d counted, not %d", name, g.fails(), n)
			}
			if n < 5 {
				if !g.until().IsZero() {
					t.Fatalf("%s: locked after %d", name, n)
				}
				continue
			}
			wait := g.until().Sub(now)
			got = append(got, wait)
			if n == 100 {
				break
			}
			for _, early := range []time.Duration{wait, time.Microsecond} {
				if err := g.right(now.Add(wait - early)); locked(err) != early {
					t.Fatalf("%s: the right code %v early: %v", name, early, err)
				}
			}
			now = g.until()
		}
		if diff := cmp.Diff(waits(), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, later := range []time.Duration{0, time.Hour, 1000 * time.Hour} {
			if err := g.right(now.Add(later)); !errors.Is(err, totp.ErrDisabled) || !g.disabled() || g.fails() != 100 {
				t.Errorf("%s: the right code after a hundred, %v later: %v", name, later, err)
			}
		}
	}
}

// TestTheHundredthMayBeRight: the last attempt that there is is looked at like any other.
func TestTheHundredthMayBeRight(t *testing.T) {
	t.Parallel()
	for name, g := range guessers(t) {
		now := t0
		for range 99 {
			if err := g.guess(now); !errors.Is(err, totp.ErrWrongCode) {
				t.Fatal(err)
			}
			now = later(now, g.until())
		}
		if err := g.right(now); err != nil {
			t.Fatalf("%s: the hundredth: %v", name, err)
		}
		if g.disabled() || g.fails() != 0 || !g.until().IsZero() {
			t.Errorf("%s: after it: disabled %v, %d counted, until %v", name, g.disabled(), g.fails(), g.until())
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// TestFiveHundredGuesses: keycloak email OTP, issue 146: of two limiters each left the
// counting to the other. With any options, at a login and at a confirmation, patient or
// not, a hundred are looked at and no more.
func TestFiveHundredGuesses(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []totp.Algorithm{totp.SHA1, totp.SHA256, totp.SHA512} {
		for _, digits := range []int{6, 8} {
			for _, period := range []time.Duration{15 * time.Second, 30 * time.Second, 2 * time.Minute} {
				opts := &totp.Options{Algorithm: algorithm, Digits: digits, Period: period}
				for _, patient := range []bool{false, true} {
					e, s, phone := liveFactor(t, opts)
					now, looked := t0, 0
					for range 500 {
						var err error
						if e, err = try(t, e, s, wrongFor(phone, now, period), now); errors.Is(err, totp.ErrWrongCode) {
							looked++
						}
						if patient {
							now = later(now, e.LockedUntil())
						}
					}
					if want := map[bool]int{false: 5, true: 100}[patient]; looked != want {
						t.Errorf("%+v, patient %v: %d of 500 guesses were looked at, want %d", *opts, patient, looked, want)
					}
				}
				e, s, phone := newFactor(t, t0, opts)
				now, looked := t0, 0
				for range 500 {
					attempt, err := e.BeginConfirmation(now)
					if err == nil {
						e = attempt.Booked()
						if _, err = attempt.Check(s, wrongFor(phone, now, period)); errors.Is(err, totp.ErrWrongCode) {
							looked++
						}
					}
					now = later(now, e.LockedUntil())
				}
				if looked != 9 { // ten minutes have room for so many
					t.Errorf("%+v: %d guesses at a confirmation were looked at", *opts, looked)
				}
			}
		}
	}
}

// TestRightCodeIsRefusedWhileLocked: CVE-2026-35597 (Vikunja): a lock that the right code
// opened.
func TestRightCodeIsRefusedWhileLocked(t *testing.T) {
	t.Parallel()
	for name, g := range guessers(t) {
		for range 5 {
			if err := g.guess(t0); !errors.Is(err, totp.ErrWrongCode) {
				t.Fatal(err)
			}
		}
		for _, after := range []time.Duration{0, time.Second, 30*time.Second - time.Microsecond} {
			err := g.right(t0.Add(after))
			if locked(err) != 30*time.Second-after || errors.Is(err, totp.ErrWrongCode) {
				t.Errorf("%s: the right code %v after the lock: %v", name, after, err)
			}
		}
		if g.fails() != 5 {
			t.Errorf("%s: what is refused unseen was counted: %d", name, g.fails())
		}
		if err := g.right(t0.Add(30 * time.Second)); err != nil {
			t.Errorf("%s: the right code when the lock is over: %v", name, err)
		}
	}
}

// TestSecondLockComesAgain: CVE-2020-11052 (Sorcery): once a lock had run out, there was
// no other. Waiting gives no free attempts back.
func TestSecondLockComesAgain(t *testing.T) {
	t.Parallel()
	for name, g := range guessers(t) {
		for range 5 {
			if err := g.guess(t0); !errors.Is(err, totp.ErrWrongCode) {
				t.Fatal(err)
			}
		}
		year := t0.AddDate(1, 0, 0)
		if err := g.guess(year); !errors.Is(err, totp.ErrWrongCode) {
			t.Fatal(err)
		}
		if err := g.guess(year); locked(err) != time.Minute {
			t.Errorf("%s: after one more wrong code a year later: %v", name, err)
		}
	}
}

// TestARightCodeBringsTheCountDown: and a second cycle is like the first.
func TestARightCodeBringsTheCountDown(t *testing.T) {
	t.Parallel()
	for name, g := range guessers(t) {
		now := t0
		for cycle := range 3 {
			for n := range 5 {
				if err := g.guess(now); !errors.Is(err, totp.ErrWrongCode) {
					t.Fatalf("%s: cycle %d, attempt %d: %v", name, cycle, n, err)
				}
			}
			if err := g.guess(now); locked(err) != 30*time.Second {
				t.Fatalf("%s: cycle %d: the sixth: %v", name, cycle, err)
			}
			now = now.Add(30 * time.Second)
			if err := g.right(now); err != nil {
				t.Fatalf("%s: cycle %d: the right one: %v", name, cycle, err)
			}
			if g.fails() != 0 || !g.until().IsZero() {
				t.Fatalf("%s: cycle %d: %d counted, until %v", name, cycle, g.fails(), g.until())
			}
		}
	}
}

// TestAnAttemptThatIsGivenUpWasCounted: a login that is broken off after Booked is one.
func TestAnAttemptThatIsGivenUpWasCounted(t *testing.T) {
	t.Parallel()
	e, s, phone := liveFactor(t, nil)
	for n := 1; n <= 5; n++ {
		attempt, err := e.Begin(t0)
		if err != nil {
			t.Fatal(err)
		}
		e = attempt.Booked()
		if n < 5 && e.Fails() != n {
			t.Fatalf("%d counted, not %d", e.Fails(), n)
		}
	}
	if _, err := try(t, e, s, phone.Code(t0), t0); locked(err) == 0 {
		t.Errorf("the right code after five: %v", err)
	}
}

// TestAFaultIsNoWrongCodeAndWasCounted: what could not be looked at is not free.
func TestAFaultIsNoWrongCodeAndWasCounted(t *testing.T) {
	t.Parallel()
	e, _, phone := liveFactor(t, nil)
	kept, err := try(t, e, totp.Secret{}, phone.Code(t0), t0)
	if !errors.Is(err, totp.ErrSecret) || errors.Is(err, totp.ErrWrongCode) || kept.Fails() != 1 {
		t.Errorf("no secret: %v, %d counted", err, kept.Fails())
	}
}

// TestTheTwoCountsAreApart: issue 46164 of keycloak: who guesses at one thing must not
// take another from its owner.
func TestTheTwoCountsAreApart(t *testing.T) {
	t.Parallel()
	all := guessers(t)
	app, codes := all["app"], all["recovery codes"]
	for range 5 {
		if err := app.guess(t0); !errors.Is(err, totp.ErrWrongCode) {
			t.Fatal(err)
		}
	}
	if err := codes.right(t0); err != nil {
		t.Errorf("a recovery code while the app is locked: %v", err)
	}
}

// TestAPendingEnrolmentCountsToo: its limits are those of a live one.
func TestAPendingEnrolmentCountsToo(t *testing.T) {
	t.Parallel()
	e, s, phone := newFactor(t, t0, nil)
	for range 5 {
		attempt, err := e.BeginConfirmation(t0)
		if err != nil {
			t.Fatal(err)
		}
		e = attempt.Booked()
		if _, err := attempt.Check(s, wrongFor(phone, t0, step)); !errors.Is(err, totp.ErrWrongCode) {
			t.Fatal(err)
		}
	}
	if _, err := e.BeginConfirmation(t0); locked(err) != 30*time.Second {
		t.Errorf("the sixth: %v", err)
	}
}

// TestClockGoneBack: a lock lasts as long as the clock takes to come back to it, and a
// code that was used stays used.
func TestClockGoneBack(t *testing.T) {
	t.Parallel()
	e, s, phone := liveFactor(t, nil)
	e, err := try(t, e, s, phone.Code(t0), t0)
	if err != nil {
		t.Fatal(err)
	}
	back := t0.Add(-2 * time.Minute)
	if _, err := try(t, e, s, phone.Code(back), back); !errors.Is(err, totp.ErrUsedCode) {
		t.Errorf("a code of before, by a clock gone back: %v", err)
	}
	for range 5 {
		if e, err = try(t, e, s, wrongFor(phone, t0, step), t0); !errors.Is(err, totp.ErrWrongCode) {
			t.Fatal(err)
		}
	}
	if _, err := e.Begin(back); locked(err) != 2*time.Minute+30*time.Second {
		t.Errorf("locked, by a clock gone back: %v", err)
	}
}

func TestLockedErrorSaysHowLong(t *testing.T) {
	t.Parallel()
	err := &totp.LockedError{RetryAfter: 90 * time.Second}
	if got := err.Error(); !strings.HasPrefix(got, "totp: ") || !strings.Contains(got, "1m30s") {
		t.Errorf("Error() = %q", got)
	}
}
