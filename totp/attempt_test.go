package totp_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/totp"
)

const step = 30 * time.Second

// TestACodeIsGoodOnce: CVE-2021-45331 (Gitea), CVE-2026-33473 (Vikunja), CVE-2025-6014
// (Vault) and CVE-2015-7225 (devise-two-factor) are one code taken twice.
func TestACodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	e, s, phone := liveFactor(t, nil)
	e, err := try(t, e, s, phone.Code(t0), t0)
	if err != nil {
		t.Fatal(err)
	}
	for _, later := range []time.Duration{0, time.Second, step} {
		if _, err := try(t, e, s, phone.Code(t0), t0.Add(later)); !errors.Is(err, totp.ErrUsedCode) {
			t.Errorf("the same code %v later: %v", later, err)
		}
	}
	if _, err := try(t, e, s, phone.Code(t0.Add(step)), t0.Add(step)); err != nil {
		t.Errorf("the next code: %v", err)
	}
}

// TestCodesTThenNextThenTIsRefused: who remembers the last code alone takes the one before
// it again (Gitea, models/auth/twofactor.go, after the fix of CVE-2021-45331).
func TestCodesTThenNextThenTIsRefused(t *testing.T) {
	t.Parallel()
	e, s, phone := liveFactor(t, nil)
	first, second := phone.Code(t0), phone.Code(t0.Add(step))
	for _, code := range []string{first, second} {
		next, err := try(t, e, s, code, t0)
		if err != nil {
			t.Fatal(err)
		}
		e = next
	}
	for _, code := range []string{first, second} {
		if _, err := try(t, e, s, code, t0); !errors.Is(err, totp.ErrUsedCode) {
			t.Errorf("again: %v", err)
		}
	}
}

// TestCodeOfTheStepBeforeIsUsedUp: the fix of CVE-2015-7225 let a code through again as
// that of the trailing step (CVE-2021-43177, devise-two-factor).
func TestCodeOfTheStepBeforeIsUsedUp(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-step, 0, step} {
		e, s, phone := liveFactor(t, nil)
		code := phone.Code(t0.Add(off))
		e, err := try(t, e, s, code, t0)
		if err != nil {
			t.Fatal(err)
		}
		for again := off - 2*step; again <= off+2*step; again += step / 2 {
			if _, err := try(t, e, s, code, t0.Add(again)); !errors.Is(err, totp.ErrWrongCode) {
				t.Errorf("taken at %v off, and again at %v: %v", off, again, err)
			}
		}
	}
}

// TestCodeThatConfirmedIsUsedUp: hanko, issue 2723: the code of the set-up was good for
// the first login too.
func TestCodeThatConfirmedIsUsedUp(t *testing.T) {
	t.Parallel()
	e, s, phone := newFactor(t, t0, nil)
	e = confirm(t, e, s, phone.Code(t0), t0)
	if _, err := try(t, e, s, phone.Code(t0), t0); !errors.Is(err, totp.ErrUsedCode) {
		t.Errorf("the code of the set-up, at a login: %v", err)
	}
	if _, err := try(t, e, s, phone.Code(t0.Add(-step)), t0); !errors.Is(err, totp.ErrUsedCode) {
		t.Errorf("the code before that of the set-up: %v", err)
	}
	if _, err := try(t, e, s, phone.Code(t0.Add(step)), t0); err != nil {
		t.Errorf("the next code: %v", err)
	}
}

// TestUsedCodeIsAWrongCode: a page that says "used already" says that it was right.
func TestUsedCodeIsAWrongCode(t *testing.T) {
	t.Parallel()
	if !errors.Is(totp.ErrUsedCode, totp.ErrWrongCode) || errors.Is(totp.ErrWrongCode, totp.ErrUsedCode) {
		t.Error("ErrUsedCode is to be an ErrWrongCode, and not the other way round")
	}
	e, s, phone := liveFactor(t, nil)
	e, err := try(t, e, s, phone.Code(t0), t0)
	if err != nil {
		t.Fatal(err)
	}
	used, err := try(t, e, s, phone.Code(t0), t0)
	if !errors.Is(err, totp.ErrUsedCode) || used.Fails() != 1 {
		t.Errorf("a used code: %v, %d failures; want it counted", err, used.Fails())
	}
}

// TestSlowWriterDoesNotLowerTheStep: logto, pull request 9109: of two logins at once the
// slower one put its earlier step over the later one, and that code was good again.
func TestSlowWriterDoesNotLowerTheStep(t *testing.T) {
	t.Parallel()
	e, s, phone := liveFactor(t, nil)
	c := cellOf(t, e)

	_, version := c.read()
	slow, err := c.enrollment(t).Begin(t0)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.swap(version, slow.Booked()); err != nil {
		t.Fatal(err)
	}
	if err := c.verify(s, phone.Code(t0.Add(step)), t0); err != nil {
		t.Fatal(err)
	}
	next, err := slow.Check(s, phone.Code(t0))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.swap(version+1, next); !errors.Is(err, errLost) {
		t.Fatalf("the slow one was saved: %v", err)
	}
	if got, want := lastStep(t, c.enrollment(t)), t0.Add(step).Unix()/30; got != want {
		t.Errorf("last step %d, not %d", got, want)
	}
}

// TestOneCodeOnManyNodes: CVE-2026-20779 (Gitea), CVE-2021-45331: the check and the mark
// were two steps.
func TestOneCodeOnManyNodes(t *testing.T) {
	t.Parallel()
	for range 50 {
		e, s, phone := liveFactor(t, nil)
		c := cellOf(t, e)
		code := phone.Code(t0)
		errs := together(64, func() error { return c.verify(s, code, t0) })
		in := 0
		for _, err := range errs {
			switch {
			case err == nil:
				in++
			case !errors.Is(err, errLost) && !errors.Is(err, totp.ErrUsedCode) && locked(err) == 0:
				t.Errorf("%v", err)
			}
		}
		if in != 1 {
			t.Fatalf("%d of 64 were let in by one code", in)
		}
	}
}

// together runs f n times at once.
func together(n int, f func() error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			<-start
			errs[i] = f()
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// TestParallelWrongCodesAreAllCounted: CVE-2019-5421 (Devise): attempts at once were
// counted as one. As many are looked at as are counted, and no more than the limit.
func TestParallelWrongCodesAreAllCounted(t *testing.T) {
	t.Parallel()
	e, s, phone := liveFactor(t, nil)
	c := cellOf(t, e)
	now, looked := t0, 0
	for round := 0; ; round++ {
		if round > 100 {
			t.Fatal("never disabled")
		}
		wrong := wrongFor(phone, now, step)
		errs := together(200, func() error {
			for {
				if err := c.verify(s, wrong, now); !errors.Is(err, errLost) {
					return err
				}
			}
		})
		disabled := 0
		for _, err := range errs {
			switch {
			case errors.Is(err, totp.ErrWrongCode):
				looked++
			case errors.Is(err, totp.ErrDisabled):
				disabled++
			case locked(err) == 0:
				t.Fatalf("%v", err)
			}
		}
		kept := c.enrollment(t)
		if kept.Fails() != looked {
			t.Fatalf("%d looked at, %d counted", looked, kept.Fails())
		}
		if want := min(5+round, 100); looked != want {
			t.Fatalf("round %d: %d looked at, want %d", round, looked, want)
		}
		if disabled > 0 {
			break
		}
		now = kept.LockedUntil()
	}
	if looked != 100 {
		t.Errorf("disabled after %d", looked)
	}
}

// TestCheckWantsBooked: who looks at a code before it is counted can look at thousands.
func TestCheckWantsBooked(t *testing.T) {
	t.Parallel()
	e, s, phone := liveFactor(t, nil)
	code := phone.Code(t0)

	attempt, err := e.Begin(t0)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, a totp.Attempt) {
		t.Helper()
		if next, err := a.Check(s, code); !errors.Is(err, totp.ErrNotBooked) || next.Confirmed() {
			t.Errorf("%s: %v, confirmed %v", what, err, next.Confirmed())
		}
	}
	refused("without Booked", attempt)
	refused("the zero Attempt", totp.Attempt{})
	var zero totp.Attempt
	if zero.Booked().Confirmed() {
		t.Error("the zero Attempt has a live factor")
	}
	refused("the zero Attempt, booked", zero)

	attempt.Booked()
	copied := attempt
	attempt.Booked()
	if _, err := attempt.Check(s, wrongFor(phone, t0, step)); !errors.Is(err, totp.ErrWrongCode) || errors.Is(err, totp.ErrNotBooked) {
		t.Fatalf("a wrong code: %v", err)
	}
	refused("a second time", attempt)
	refused("a copy", copied)
	copied.Booked()
	refused("a copy, booked again", copied)
	refused("the first, after that", attempt)
}

func TestOneAttemptIsOneCheckAmongMany(t *testing.T) {
	t.Parallel()
	e, s, phone := liveFactor(t, nil)
	attempt, err := e.Begin(t0)
	if err != nil {
		t.Fatal(err)
	}
	attempt.Booked()
	looked := 0
	for _, err := range together(64, func() error {
		attempt.Booked()
		_, err := attempt.Check(s, phone.Code(t0))
		return err
	}) {
		if !errors.Is(err, totp.ErrNotBooked) {
			looked++
		}
	}
	if looked != 1 {
		t.Errorf("one attempt looked at %d codes", looked)
	}
}

// TestARedemptionWantsBooked is the same order for recovery codes.
func TestARedemptionWantsBooked(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	set, codes := newSet(t)
	redemption, err := set.Begin(t0)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, d totp.Redemption) {
		t.Helper()
		runs := 0
		next, err := d.Check(ctx, counted(&runs), codes[0])
		if !errors.Is(err, totp.ErrNotBooked) || next.Left() != 0 || runs != 0 {
			t.Errorf("%s: %v, %d left, %d runs", what, err, next.Left(), runs)
		}
	}
	refused("without Booked", redemption)
	refused("the zero Redemption", totp.Redemption{})
	var zero totp.Redemption
	if zero.Booked().Left() != 0 {
		t.Error("the zero Redemption has codes")
	}
	refused("the zero Redemption, booked", zero)

	redemption.Booked()
	copied := redemption
	if _, err := redemption.Check(ctx, quick, "wrong"); !errors.Is(err, totp.ErrWrongCode) {
		t.Fatal(err)
	}
	refused("a second time", redemption)
	copied.Booked()
	refused("a copy", copied)
}

// TestASwapThatLosesLetsNobodyIn: what Check returns is worth nothing until it is saved,
// and the one that saved first has counted.
func TestASwapThatLosesLetsNobodyIn(t *testing.T) {
	t.Parallel()
	e, s, phone := liveFactor(t, nil)
	c := cellOf(t, e)
	_, version := c.read()
	a, err := e.Begin(t0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := e.Begin(t0)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.swap(version, a.Booked()); err != nil {
		t.Fatal(err)
	}
	if err := c.swap(version, b.Booked()); !errors.Is(err, errLost) {
		t.Fatalf("two booked against one row: %v", err)
	}
	// A third one books over a, which has not been saved yet.
	if err := c.verify(s, wrongFor(phone, t0, step), t0); !errors.Is(err, totp.ErrWrongCode) {
		t.Fatal(err)
	}
	next, err := a.Check(s, phone.Code(t0))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.swap(version+1, next); !errors.Is(err, errLost) {
		t.Errorf("an attempt that was booked over was saved: %v", err)
	}
	if got := c.enrollment(t); got.Fails() != 2 || lastStep(t, got) != lastStep(t, e) {
		t.Errorf("%d counted, last step %d", got.Fails(), lastStep(t, got))
	}
}
