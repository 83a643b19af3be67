package flowtest

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// factorLimitFlows: on guessing at codes, by somebody who knows the password.
func factorLimitFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"200 wrong codes at once":                 factorLimit200,
		"200 wrong recovery codes at once":        factorLimitRecovery200,
		"a lock, and the next one":                factorLimitLocks,
		"a lock ends the sign-ins that wait":      factorLimitEnds,
		"to sign in anew begins no new count":     factorLimitRestart,
		"passwords and codes are counted apart":   factorLimitApart,
		"the app and the paper are counted apart": factorLimitPaper,
		"people are counted apart":                factorLimitPeople,
		"a hundred, and no more":                  factorLimitHundred,
		"a hundred of the recovery codes":         factorLimitHundredRecovery,
		"in the settings as at the sign-in":       factorLimitSettings,
		"a lock in the settings":                  lockedInSettings,
		"a lock of the recovery codes":            lockedByPaper,
		"whichever way a sign-in began":           lockedEveryWay,
	})
}

// locked compares that a refusal says to wait for so long.
func (w *world) locked(err error, want time.Duration) {
	w.t.Helper()
	var no *accesssec.Refusal
	if !errors.As(err, &no) || no.Code != accesssec.CodeLocked || no.RetryAfter != want {
		w.t.Errorf("got %v, want a lock of %v", err, want)
	}
}

// guesses is 200 wrong codes at once, in as many ways to enter. Each that was looked at is
// counted and in the log, and there are five at most.
func (h *holder) guesses(c *customer, enter func(int) error, count func() int) {
	w := h.w
	w.t.Helper()
	won, codes := w.race(200, enter)
	looked := codes[accesssec.CodeWrongCode]
	if n := len(c.events(audit.FactorRefused)); won != 0 || looked < 1 || looked > 5 || n != looked || count() != looked {
		w.t.Errorf("%d let in, %d looked at, %d counted, %d in the log; refused as %v", won, looked, count(), n, codes)
	}
	w.lost(codes, accesssec.CodeWrongCode, accesssec.CodeConflict, accesssec.CodeLocked, accesssec.CodeHalfOver)
	h.has(1)
}

func factorLimit200(_ *testing.T, w *world) {
	acme, h := withHolder(w)
	services, v := w.two(), h.half()
	h.guesses(acme, func(i int) error {
		_, err := services[i%2].SignIn().SecondFactor(w.ctx, v, h.wrong())
		return err
	}, func() int { app, _ := h.counted(); return app })
}

func factorLimitRecovery200(_ *testing.T, w *world) {
	acme, h := withHolder(w)
	services, v := w.two(), h.half()
	h.guesses(acme, func(i int) error {
		_, err := services[i%2].SignIn().Recover(w.ctx, v, "0000-0000-0000-0000")
		return err
	}, func() int { _, paper := h.counted(); return paper })
}

func factorLimitLocks(t *testing.T, w *world) {
	acme, h := withHolder(w)
	w.advance(period)
	for range 2 { // it locks again after it has been right
		h.locks()
		h.waiting(0)
		v := h.half()
		for _, wait := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute} {
			_, err := w.svc.SignIn().SecondFactor(w.ctx, v, h.code())
			w.locked(err, wait)
			w.advance(wait - time.Microsecond)
			_, err = w.svc.SignIn().SecondFactor(w.ctx, v, h.code())
			w.locked(err, time.Microsecond)
			if n := w.sessions(store.SessionQuery{UserID: h.id}); n != 1 {
				t.Errorf("%d sessions while it is locked", n)
			}
			w.advance(time.Microsecond)
			if wait < 2*time.Minute {
				h.mustShow(v, h.wrong(), accesssec.CodeWrongCode)
				v = h.half() // which that has ended
			}
		}
		if app, _ := h.counted(); app != 7 { // what was not looked at is not counted
			t.Errorf("%d attempts are counted, want 7", app)
		}
		w.must(h.me(h.mustShow(v, h.code(), "").Entered).SignOut(w.ctx))
		if app, _ := h.counted(); app != 0 {
			t.Errorf("%d attempts are counted after a right one", app)
		}
		w.advance(period)
	}
	h.locks()
	v, early := h.half(), h.code()
	_, err := w.svc.SignIn().SecondFactor(w.ctx, v, early)
	w.locked(err, 30*time.Second)
	w.advance(30 * time.Second)
	h.mustShow(v, early, "") // nor is it used up
	var fails []string
	for _, e := range acme.events(audit.FactorLocked) {
		fails = append([]string{factsOf(e)["failures"]}, fails...)
	}
	if diff := cmp.Diff([]string{"5", "6", "7", "5", "6", "7", "5"}, fails); diff != "" {
		t.Errorf("locked after (-want +got)\n%s", diff)
	}
}

// factorLimitEnds: in every browser, also in that of the person.
func factorLimitEnds(t *testing.T, w *world) {
	acme, h := withHolder(w)
	bob := acme.newHolder(policy.Member, "bob@example.com")
	mine, others := h.half(), bob.half()
	w.advance(period)
	h.locks()
	h.waiting(0)
	h.mustShow(mine, h.code(), accesssec.CodeHalfOver)
	h.mustRedeem(mine, h.paper[0], accesssec.CodeHalfOver)
	w.advance(30 * time.Second)
	h.mustShow(mine, h.code(), accesssec.CodeHalfOver)
	bob.mustShow(others, bob.code(), "")
	w.alive(h.in, true) // who is in stays in
	h.halfIn(mine)
	w.by(h.mustShow(mine, h.code(), "").Entered, "password totp")
	if n := len(acme.events(audit.FactorLocked)); n != 1 {
		t.Errorf("%d locks in the log", n)
	}
}

func factorLimitRestart(t *testing.T, w *world) {
	acme, h := withHolder(w)
	for i := 1; i <= 5; i++ {
		w.advance(time.Second)
		h.mustShow(h.half(), h.wrong(), accesssec.CodeWrongCode)
		if got := factsOf(acme.last(audit.FactorRefused))["failures"]; got != strconv.Itoa(i) {
			t.Errorf("attempt %d is counted as %s", i, got)
		}
	}
	_, err := w.svc.SignIn().SecondFactor(w.ctx, h.half(), h.code())
	w.locked(err, 30*time.Second)
	w.advance(24 * time.Hour) // waiting alone does not forget either
	h.mustShow(h.half(), h.wrong(), accesssec.CodeWrongCode)
	_, err = w.svc.SignIn().SecondFactor(w.ctx, h.half(), h.code())
	w.locked(err, time.Minute)
}

// factorLimitApart: who does not know the password can't lock the factor, and who does
// can't lock the password by codes.
func factorLimitApart(t *testing.T, w *world) {
	_, h := withHolder(w)
	v := w.from("192.0.2.1")
	h.halfIn(v)
	for range 4 {
		h.mustShow(v, h.wrong(), accesssec.CodeWrongCode)
	}
	for range 5 {
		if got := w.guess(v, h.address, "wrong"); got != accesssec.CodeWrongPassword {
			t.Errorf("a wrong password after four wrong codes: %q", got)
		}
	}
	if got := w.guess(v, h.address, right); got != accesssec.CodeLocked {
		t.Errorf("after five: %q", got)
	}
	if app, paper := h.counted(); app != 4 || paper != 0 {
		t.Errorf("%d and %d codes are counted", app, paper)
	}
	// The half of before still waits in that browser, and goes on.
	h.mustShow(v, h.next(), "")
	// A right password forgets wrong ones, and no wrong code.
	other := w.from("192.0.2.2")
	for range 3 {
		w.guess(other, h.address, "wrong")
		h.halfIn(other)
		h.mustShow(other, h.wrong(), accesssec.CodeWrongCode)
	}
	if app, _ := h.counted(); app != 3 {
		t.Errorf("%d codes are counted, want 3", app)
	}
}

// factorLimitPaper: who guesses at one does not take the other from its owner.
func factorLimitPaper(t *testing.T, w *world) {
	_, h := withHolder(w)
	w.advance(period)
	h.locks()
	v := h.half()
	for range 4 {
		h.mustRedeem(v, "0000-0000-0000-0000", accesssec.CodeWrongCode)
	}
	h.mustRedeem(v, h.paper[0], "")
	if app, paper := h.counted(); app != 5 || paper != 0 {
		t.Errorf("%d and %d are counted", app, paper)
	}
	v = h.half()
	_, err := w.svc.SignIn().SecondFactor(w.ctx, v, h.code())
	w.locked(err, 30*time.Second) // the app's are locked as before
	for range 5 {
		h.mustRedeem(v, "0000-0000-0000-0000", accesssec.CodeWrongCode)
	}
	v = h.half()
	_, err = w.svc.SignIn().Recover(w.ctx, v, h.paper[1])
	w.locked(err, 30*time.Second)
	w.advance(30*time.Second - time.Microsecond)
	_, err = w.svc.SignIn().Recover(w.ctx, v, h.paper[1])
	w.locked(err, time.Microsecond)
	w.advance(time.Microsecond)
	h.mustRedeem(v, h.paper[1], "")
	if app, paper := h.counted(); app != 5 || paper != 0 {
		t.Errorf("%d and %d are counted", app, paper)
	}
	h.signIn()
	if got := h.own(h.in); got.CodesLeft != 8 {
		t.Errorf("%d codes are left", got.CodesLeft)
	}
}

func factorLimitPeople(t *testing.T, w *world) {
	acme, h := withHolder(w)
	bob := acme.newHolder(policy.Member, "bob@example.com")
	w.advance(period)
	h.locks()
	if app, _ := bob.counted(); app != 0 {
		t.Errorf("%d codes are counted for somebody else", app)
	}
	bob.mustShow(bob.half(), bob.code(), "")
	if app, _ := h.counted(); app != 5 {
		t.Errorf("somebody else's right code leaves %d", app)
	}
}

// factorLimitHundred: the whole ladder, as somebody climbs it who knows the password.
func factorLimitHundred(t *testing.T, w *world) {
	p := newPost()
	acme, h := withHolder(w)
	w.svc = w.instance(w.store, p.sink(works))
	v := h.known()
	w.advance(period)
	wait := 30 * time.Second
	for i := 1; i <= 100; i++ {
		h.halfIn(v)
		h.mustShow(v, h.wrong(), accesssec.CodeWrongCode)
		if i == 5 || i == 100 {
			if diff := cmp.Diff([]string{"factor_locked ann@example.com"}, p.told(w)); diff != "" {
				t.Errorf("after %d told (-want +got)\n%s", i, diff)
			}
		}
		if i >= 5 && i < 100 {
			h.halfIn(v)
			_, err := w.svc.SignIn().SecondFactor(w.ctx, v, h.code())
			w.locked(err, wait)
			w.advance(wait)
			wait = min(2*wait, time.Hour)
		}
	}
	h.waiting(0)
	for range 3 {
		h.mustShow(h.half(), h.code(), accesssec.CodeFactorDisabled)
		w.advance(48 * time.Hour)
	}
	counts := map[audit.Type]int{}
	for _, e := range acme.events(audit.FactorRefused, audit.FactorLocked, audit.FactorDisabled) {
		counts[e.Type]++
	}
	want := map[audit.Type]int{audit.FactorRefused: 100, audit.FactorLocked: 95, audit.FactorDisabled: 1}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("the log has (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"failures": "100"}, factsOf(acme.last(audit.FactorDisabled))); diff != "" {
		t.Errorf("the log says (-want +got)\n%s", diff)
	}
	// A recovery code lets in to set-up at once; it is not the end of the others.
	got := h.mustRedeem(h.half(), h.paper[0], "")
	h.mustSetUp(got)
	w.by(got.Entered, "password recovery")
	if f := h.own(got.Entered); f.State != policy.FactorChanging || !f.Disabled || f.CodesLeft != 9 {
		t.Errorf("the factor is %+v", f)
	}
	h.mustShow(h.half(), h.code(), accesssec.CodeFactorDisabled)
	old := h.paper
	h.finishes(got.Entered)
	h.mustRedeem(h.half(), old[1], accesssec.CodeWrongCode)
	h.signIn()
	if diff := cmp.Diff([]string{"factor_added ann@example.com", "recovery_used ann@example.com"}, p.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
}

// factorLimitHundredRecovery: the app goes on to let in.
func factorLimitHundredRecovery(t *testing.T, w *world) {
	acme, h := withHolder(w)
	v := h.known()
	for i := 1; i <= 100; i++ {
		h.halfIn(v)
		h.mustRedeem(v, fmt.Sprintf("0000-0000-0000-%04d", i), accesssec.CodeWrongCode)
		w.advance(time.Hour)
	}
	h.mustRedeem(h.half(), h.paper[0], accesssec.CodeFactorDisabled)
	in := h.signIn()
	h.mustRedeem(h.half(), h.paper[0], accesssec.CodeFactorDisabled)
	if n := len(acme.events(audit.FactorDisabled)); n != 1 {
		t.Errorf("%d times disabled in the log", n)
	}
	h.proves(in)
	h.paper = must1(h.me(in).NewRecoveryCodes(w.ctx, h.next())).Show()
	h.mustRedeem(h.half(), h.paper[0], "")
}

// factorLimitSettings: codes that are asked of somebody signed in are the same codes.
func factorLimitSettings(_ *testing.T, w *world) {
	acme, h := withHolder(w)
	w.advance(period)
	h.proves(h.in)
	v := h.half()
	me := h.me(h.in)
	for range 2 {
		acme.refuses(me.RemoveFactor(w.ctx, h.wrong()), accesssec.CodeWrongCode)
		_, err := me.NewRecoveryCodes(w.ctx, h.wrong())
		acme.refuses(err, accesssec.CodeWrongCode)
	}
	h.mustShow(v, h.wrong(), accesssec.CodeWrongCode)
	w.locked(me.RemoveFactor(w.ctx, h.code()), 30*time.Second)
	_, err := me.NewRecoveryCodes(w.ctx, h.code())
	w.locked(err, 30*time.Second)
	h.mustShow(h.half(), h.code(), accesssec.CodeLocked)
	w.advance(30 * time.Second)
	h.mustShow(h.half(), h.code(), "")
	acme.refuses(me.RemoveFactor(w.ctx, h.code()), accesssec.CodeWrongCode) // it was used to sign in
}
