package totp_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/totp"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

// model is what a factor is to do, said without arithmetic: lists, and the ladder of waits
// as it is written down.
type model struct {
	phone  *totptest.App
	period time.Duration
	used   []int64 // steps that were accepted
	wrong  int     // in a row
	until  time.Time
}

// answers of a model and of the factor, in words.
const (
	in       = "in"
	wrong    = "wrong"
	used     = "used"
	shut     = "locked"
	disabled = "disabled"
	fault    = "fault"
)

// begin is the answer before any code is looked at; "" goes on.
func (m *model) begin(now time.Time) string {
	switch {
	case m.wrong >= 100:
		return disabled
	case now.Before(m.until):
		return shut
	}
	m.wrong++
	if m.wrong >= 5 {
		m.until = now.Add(waits()[m.wrong-5])
	}
	return ""
}

func (m *model) check(code string, now time.Time) string {
	latest := int64(-1)
	for _, off := range []time.Duration{-m.period, 0, m.period} {
		if then := now.Add(off); m.phone.Code(then) == code {
			latest = then.Unix() / int64(m.period/time.Second)
		}
	}
	if latest < 0 {
		return wrong
	}
	for _, step := range m.used {
		if latest <= step {
			return used
		}
	}
	m.used = append(m.used, latest)
	m.wrong, m.until = 0, time.Time{}
	return in
}

func answer(err error) string {
	switch {
	case err == nil:
		return in
	case errors.Is(err, totp.ErrUsedCode):
		return used
	case errors.Is(err, totp.ErrWrongCode):
		return wrong
	case errors.Is(err, totp.ErrDisabled):
		return disabled
	case locked(err) > 0:
		return shut
	}
	return fault
}

// walk is one random life of a factor. It counts the answers it has met.
func walk(t *testing.T, seed uint64, steps int, met map[string]int) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 7))
	opts := totp.Options{
		Algorithm: []totp.Algorithm{totp.SHA1, totp.SHA256, totp.SHA512}[rnd.IntN(3)],
		Digits:    []int{6, 8}[rnd.IntN(2)],
		Period:    []time.Duration{15 * time.Second, 30 * time.Second, 2 * time.Minute}[rnd.IntN(3)],
	}
	now := t0
	e, s, phone := newFactor(t, now, &opts)
	e = confirm(t, e, s, phone.Code(now), now)
	m := &model{phone: phone, period: opts.Period, used: []int64{now.Unix() / int64(opts.Period/time.Second)}}
	var typed []string
	hopeless := rnd.IntN(3) == 0 // a life of wrong codes, to the end of the ladder
	for n := range steps {
		if hopeless && rnd.IntN(2) == 0 && m.until.After(now) {
			now = m.until
		}
		switch rnd.IntN(4) {
		case 0:
			now = now.Add(time.Duration(rnd.Int64N(int64(3 * opts.Period))))
		case 1:
			if m.until.After(now) && rnd.IntN(2) == 0 {
				now = m.until
			}
		case 2:
			if rnd.IntN(10) == 0 {
				now = now.Add(-time.Duration(rnd.Int64N(int64(2 * opts.Period))))
			}
		}
		now = now.Truncate(time.Microsecond)
		code := wrongFor(phone, now, opts.Period)
		switch pick := rnd.IntN(10); {
		case hopeless:
		case pick < 5:
			code = phone.Code(now.Add(time.Duration(rnd.IntN(5)-2) * opts.Period))
		case pick < 7 && len(typed) > 0:
			code = typed[rnd.IntN(len(typed))]
		}
		typed = append(typed, code)

		want := m.begin(now)
		attempt, err := e.Begin(now)
		if want != "" || err != nil {
			if got := answer(err); got != want {
				t.Fatalf("seed %d, attempt %d at %v: Begin: %s (%v), the model: %s", seed, n, now, got, err, want)
			}
			if want == shut && locked(err) != m.until.Sub(now) {
				t.Fatalf("seed %d, attempt %d: locked for %v, the model: %v", seed, n, locked(err), m.until.Sub(now))
			}
			met[want]++
			continue
		}
		e = readBack(t, marshal(t, attempt.Booked()))
		if rnd.IntN(20) == 0 {
			met["given up"]++
			continue
		}
		want = m.check(code, now)
		next, err := attempt.Check(s, code)
		if got := answer(err); got != want {
			t.Fatalf("seed %d, attempt %d at %v: Check: %s (%v), the model: %s", seed, n, now, got, err, want)
		}
		met[want]++
		if err == nil {
			e = readBack(t, marshal(t, next))
		}
		if e.Fails() != m.wrong || !e.LockedUntil().Equal(m.until) || e.Disabled() != (m.wrong >= 100) || lastStep(t, e) != slices.Max(m.used) {
			t.Fatalf("seed %d, attempt %d: %s, the model: %d wrong, until %v, used %v", seed, n, marshal(t, e), m.wrong, m.until, slices.Max(m.used))
		}
	}
}

// TestLivesOfAFactor: random sequences of attempts (right, wrong, early, late, repeated,
// given up, with the clock going on, standing still and going back), each answered as the
// model answers, and kept as JSON in between.
func TestLivesOfAFactor(t *testing.T) {
	t.Parallel()
	met := map[string]int{}
	for seed := range uint64(40) {
		walk(t, seed, 300, met)
	}
	for _, what := range []string{in, wrong, used, shut, disabled, "given up"} {
		if met[what] < 100 {
			t.Errorf("%s was met %d times: %v", what, met[what], met)
		}
	}
	if met[fault] > 0 {
		t.Error(met)
	}
}
