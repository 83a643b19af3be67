package throttle_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/internal/throttle"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// retryAfter is the wait that err names, or 0 when err is no *LockedError.
func retryAfter(err error) time.Duration {
	var locked *throttle.LockedError
	if errors.As(err, &locked) {
		return locked.RetryAfter
	}
	return 0
}

func TestWaitsDoubleUpToMax(t *testing.T) {
	t.Parallel()
	l := throttle.Limit{Free: 3, First: 30 * time.Second, Max: 5 * time.Minute, Forget: time.Hour}
	want := []time.Duration{0, 0, 30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute}

	var s throttle.State
	var got []time.Duration
	now := t0
	for range want {
		next, err := l.Begin(s, now)
		if err != nil {
			t.Fatalf("Begin at %v: %v", now, err)
		}
		wait := time.Duration(0)
		if _, err := l.Begin(next, now); err != nil {
			wait = retryAfter(err)
		}
		got = append(got, wait)
		s, now = next, now.Add(wait)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLockedErrorSaysHowLong(t *testing.T) {
	t.Parallel()
	err := &throttle.LockedError{RetryAfter: 90 * time.Second}
	if got := err.Error(); !strings.HasPrefix(got, "throttle: ") || !strings.Contains(got, "1m30s") {
		t.Errorf("Error() = %q", got)
	}
}

func TestLockedLeavesTheStateAlone(t *testing.T) {
	t.Parallel()
	l := throttle.Limit{Free: 1, First: time.Minute}
	s, err := l.Begin(throttle.State{}, t0)
	if err != nil {
		t.Fatal(err)
	}
	got, err := l.Begin(s, t0.Add(59*time.Second))
	if d := retryAfter(err); d != time.Second {
		t.Errorf("RetryAfter = %v, want 1s (err %v)", d, err)
	}
	if got != s {
		t.Errorf("a locked attempt changed the state: %+v", got)
	}
	if _, err := l.Begin(s, t0.Add(time.Minute)); err != nil {
		t.Errorf("at NextAt: %v", err)
	}
}

func TestZeroLimitIsTheStrictDefault(t *testing.T) {
	t.Parallel()
	var zero throttle.Limit
	spelled := throttle.Limit{Free: 5, First: 30 * time.Second, Max: time.Hour, Forget: 24 * time.Hour}
	var a, b throttle.State
	now := t0
	for i := range 40 {
		var errA, errB error
		a, errA = zero.Begin(a, now)
		b, errB = spelled.Begin(b, now)
		if a != b || retryAfter(errA) != retryAfter(errB) {
			t.Fatalf("step %d: %+v, %v and %+v, %v", i, a, errA, b, errB)
		}
		now = now.Add(time.Duration(i) * time.Minute)
	}
	if a.Fails < 5 {
		t.Fatalf("only %d attempts were booked", a.Fails)
	}
}

func TestForgottenAfterSilence(t *testing.T) {
	t.Parallel()
	l := throttle.Limit{Free: 2, First: time.Minute, Max: 4 * time.Minute, Forget: time.Hour}
	s := throttle.State{Fails: 9, LastAt: t0, NextAt: t0.Add(4 * time.Minute)}
	if got, want := l.ForgottenAt(s), t0.Add(time.Hour); !got.Equal(want) {
		t.Errorf("ForgottenAt = %v, want %v", got, want)
	}
	kept, err := l.Begin(s, t0.Add(time.Hour-time.Microsecond))
	if err != nil || kept.Fails != 10 {
		t.Errorf("just before: %+v, %v", kept, err)
	}
	fresh, err := l.Begin(s, t0.Add(time.Hour))
	if err != nil || fresh.Fails != 1 {
		t.Errorf("from then on: %+v, %v", fresh, err)
	}
	if got := l.ForgottenAt(throttle.State{}); !got.IsZero() {
		t.Errorf("ForgottenAt of the zero State = %v", got)
	}
}

// A wait that outlasts Forget stands, and a short Forget buys no attempts.
func TestForgetNeverShortensAWait(t *testing.T) {
	t.Parallel()
	l := throttle.Limit{Free: 4, First: time.Hour, Max: 2 * time.Hour, Forget: time.Second}
	var s throttle.State
	for range 4 {
		s, _ = l.Begin(s, t0)
	}
	if _, err := l.Begin(s, t0.Add(time.Minute)); retryAfter(err) != 59*time.Minute {
		t.Errorf("err = %v", err)
	}
	if got, want := l.ForgottenAt(s), t0.Add(8*time.Hour); !got.Equal(want) {
		t.Errorf("ForgottenAt = %v, want %v", got, want)
	}
	stuck := throttle.State{Fails: 6, LastAt: t0, NextAt: t0.Add(100 * time.Hour)}
	if got := l.ForgottenAt(stuck); !got.Equal(stuck.NextAt) {
		t.Errorf("ForgottenAt = %v, before NextAt %v", got, stuck.NextAt)
	}
	if _, err := l.Begin(stuck, t0.Add(99*time.Hour)); retryAfter(err) != time.Hour {
		t.Errorf("err = %v", err)
	}
}

// Named for a defect seen elsewhere: a lock that ends and is never set again.
func TestSecondCycleLocksAgain(t *testing.T) {
	t.Parallel()
	l := throttle.Limit{Free: 3, First: time.Minute, Max: time.Minute, Forget: time.Hour}
	var s throttle.State
	now := t0
	for cycle := range 5 {
		booked := 0
		for {
			next, err := l.Begin(s, now)
			if err != nil {
				now = now.Add(retryAfter(err))
				break
			}
			s, booked = next, booked+1
		}
		want := 1
		if cycle == 0 {
			want = 3
		}
		if booked != want {
			t.Fatalf("cycle %d booked %d, want %d", cycle, booked, want)
		}
	}
	now = now.Add(4 * time.Hour) // forgotten: the whole of it starts again
	for i := range 4 {
		next, err := l.Begin(s, now)
		if locked := err != nil; locked != (i == 3) {
			t.Fatalf("after forgetting, attempt %d: %v", i, err)
		}
		s = next
	}
}

// Named for counters that lose attempts under parallel requests: two hundred guesses
// that keep to the order of steps, and exactly Free of them are looked at.
func TestParallelAttemptsAreCountedExactly(t *testing.T) {
	t.Parallel()
	l := throttle.Limit{Free: 5, First: time.Minute}
	var stored atomic.Pointer[throttle.State] // compare-and-swap, as a store has it
	stored.Store(&throttle.State{})
	var looked atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			for {
				old := stored.Load()
				next, err := l.Begin(*old, t0)
				if err != nil {
					return
				}
				if stored.CompareAndSwap(old, &next) {
					looked.Add(1)
					return
				}
			}
		})
	}
	wg.Wait()
	if looked.Load() != 5 || stored.Load().Fails != 5 {
		t.Errorf("%d attempts were looked at, %d booked", looked.Load(), stored.Load().Fails)
	}
}

func TestSuccessResets(t *testing.T) {
	t.Parallel()
	l := throttle.Limit{Free: 2, First: time.Minute}
	for range 10 {
		s, err := l.Begin(throttle.State{}, t0)
		if err != nil || s.Fails != 1 || !s.NextAt.IsZero() {
			t.Fatalf("%+v, %v", s, err)
		}
	}
}

// TestWindow tries at random moments and counts what was looked at in every window.
func TestWindow(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		l := throttle.Limit{
			Free:   1 + rng.IntN(6),
			First:  time.Duration(1+rng.IntN(60)) * time.Second,
			Max:    time.Duration(1+rng.IntN(600)) * time.Second,
			Forget: time.Duration(1+rng.IntN(3600)) * time.Second,
		}
		var s throttle.State
		var looked []time.Time
		now := t0
		for range 400 {
			now = now.Truncate(time.Microsecond)
			next, err := l.Begin(s, now)
			if err == nil {
				looked, s = append(looked, now), next
			}
			switch rng.IntN(3) {
			case 0: // at once
			case 1:
				now = now.Add(time.Duration(rng.Int64N(int64(l.First) * 2)))
			case 2: // the moment that suits an attacker best
				if d := retryAfter(err); d > 0 {
					now = now.Add(d)
				}
				if rng.IntN(20) == 0 {
					now = l.ForgottenAt(s)
				}
			}
		}
		for i := range looked {
			for j := i; j < len(looked); j++ {
				window := looked[j].Sub(looked[i])
				if n, most := j-i+1, l.Free+int(window/l.First); n > most {
					t.Fatalf("round %d, %+v: %d attempts in %v, want at most %d", round, l, n, window, most)
				}
			}
		}
	}
}

// TestMonotone: more booked failures never mean a shorter wait, and asking later
// never means a longer one.
func TestMonotone(t *testing.T) {
	t.Parallel()
	l := throttle.Limit{Free: 4, First: time.Second, Max: time.Hour}
	last := time.Duration(0)
	for fails := range 200 {
		s, err := l.Begin(throttle.State{Fails: fails, LastAt: t0}, t0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Begin(s, t0)
		wait := retryAfter(err)
		if wait < last || wait > time.Hour {
			t.Fatalf("%d fails: wait %v after %v", fails, wait, last)
		}
		if _, err := l.Begin(s, t0.Add(wait/2)); wait > 1 && retryAfter(err) >= wait {
			t.Fatalf("%d fails: asking later waits longer", fails)
		}
		last = wait
	}
	if last != time.Hour {
		t.Fatalf("the wait ends at %v", last)
	}
}

func TestExtremes(t *testing.T) {
	t.Parallel()
	const huge = time.Duration(1<<63 - 1)
	tests := map[string]struct {
		limit throttle.Limit
		state throttle.State
		fails int
	}{
		"largest durations": {throttle.Limit{Free: 1 << 62, First: huge, Max: huge, Forget: huge}, throttle.State{}, 1},
		"negative limit":    {throttle.Limit{Free: -1, First: -1, Max: -1, Forget: -1}, throttle.State{Fails: 2}, 3},
		"negative count":    {throttle.Limit{}, throttle.State{Fails: -1 << 63}, 1},
		"count at its end":  {throttle.Limit{}, throttle.State{Fails: 1 << 30, LastAt: t0}, 1 << 30},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := tt.limit.Begin(tt.state, t0)
			if err != nil || s.Fails != tt.fails {
				t.Fatalf("%+v, %v", s, err)
			}
			if s.NextAt.Before(t0) && !s.NextAt.IsZero() {
				t.Fatalf("NextAt %v ran over", s.NextAt)
			}
		})
	}
}

func TestClockThatGoesBack(t *testing.T) {
	t.Parallel()
	l := throttle.Limit{Free: 2, First: time.Minute}
	s, _ := l.Begin(throttle.State{}, t0)
	s, err := l.Begin(s, t0.Add(-time.Hour))
	if err != nil || s.Fails != 2 || !s.LastAt.Equal(t0) {
		t.Fatalf("%+v, %v", s, err)
	}
	s.NextAt = t0.Add(time.Minute)
	if _, err := l.Begin(s, t0.Add(-time.Hour)); retryAfter(err) != time.Hour+time.Minute {
		t.Fatalf("err = %v", err)
	}
}

func TestStateJSON(t *testing.T) {
	t.Parallel()
	tests := map[string]throttle.State{
		`{"fails":0}`: {},
		`{"fails":6,"next_at":"2026-03-01T12:01:00.000001Z","last_at":"2026-03-01T12:00:00Z"}`: {
			Fails: 6, NextAt: t0.Add(time.Minute + time.Microsecond), LastAt: t0,
		},
	}
	for want, s := range tests {
		got, err := json.Marshal(s)
		if err != nil || string(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
		var back throttle.State
		if err := json.Unmarshal([]byte(want), &back); err != nil || back != s {
			t.Errorf("%s became %+v, %v", want, back, err)
		}
	}
	// What Begin returns survives being kept, whatever clock it was given.
	east := t0.Add(123).In(time.FixedZone("", 7200))
	s, _ := throttle.Limit{Free: 1}.Begin(throttle.State{}, east)
	b, _ := json.Marshal(s)
	var back throttle.State
	if err := json.Unmarshal(b, &back); err != nil || back != s {
		t.Errorf("%+v came back as %+v, %v", s, back, err)
	}
}

// Who gives back what turned out right is never locked by it, and frees nobody else's.
func TestGiveBack(t *testing.T) {
	t.Parallel()
	l := throttle.Limit{Free: 3, First: time.Minute}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var s throttle.State
	for range 100 {
		next, err := l.Begin(s, now)
		if err != nil {
			t.Fatal("locked by what was right:", err)
		}
		s = l.GiveBack(next)
	}
	if s.Fails != 0 {
		t.Errorf("%d are left", s.Fails)
	}
	for range 3 {
		s, _ = l.Begin(s, now)
	}
	if _, err := l.Begin(s, now); err == nil {
		t.Error("three failures are free, and a fourth attempt was looked at")
	}
	if s = l.GiveBack(s); s.Fails != 2 || !s.NextAt.IsZero() {
		t.Errorf("after one was right: %+v", s)
	}
	if s = l.GiveBack(throttle.State{}); s.Fails != 0 {
		t.Errorf("less than nothing: %+v", s)
	}
}
