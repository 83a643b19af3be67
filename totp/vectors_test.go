package totp_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/totp"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

const (
	digits20 = "12345678901234567890"
	digits32 = "12345678901234567890123456789012"
	digits64 = "1234567890123456789012345678901234567890123456789012345678901234"
)

// acceptedAt confirms a new enrolment of the secret by code, and returns the step that
// the code was taken for; -1 when it was not.
func acceptedAt(t *testing.T, raw string, opts *totp.Options, code string, now time.Time) int64 {
	t.Helper()
	e, _, err := totp.New(now, opts)
	if err != nil {
		t.Fatal(err)
	}
	attempt, err := e.BeginConfirmation(now)
	if err != nil {
		t.Fatal(err)
	}
	attempt.Booked()
	next, err := attempt.Check(secretFrom(t, raw), code)
	if err != nil {
		return -1
	}
	return lastStep(t, next)
}

// RFC 4226, appendix D: the counter is the step of time.
func TestVectorsOfRFC4226(t *testing.T) {
	t.Parallel()
	for counter, code := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		now := time.Unix(int64(30*counter), 0)
		if got := acceptedAt(t, digits20, nil, code, now); got != int64(counter) {
			t.Errorf("%s was taken for step %d, not %d", code, got, counter)
		}
		if got := acceptedAt(t, digits20, nil, code, now.Add(time.Minute)); got != -1 {
			t.Errorf("%s was taken two steps late", code)
		}
	}
}

// RFC 6238, appendix B, with the keys of errata 2866.
func TestVectorsOfRFC6238(t *testing.T) {
	t.Parallel()
	keys := map[totp.Algorithm]string{totp.SHA1: digits20, totp.SHA256: digits32, totp.SHA512: digits64}
	for _, v := range []struct {
		at    int64
		codes map[totp.Algorithm]string
	}{
		{59, map[totp.Algorithm]string{totp.SHA1: "94287082", totp.SHA256: "46119246", totp.SHA512: "90693936"}},
		{1111111109, map[totp.Algorithm]string{totp.SHA1: "07081804", totp.SHA256: "68084774", totp.SHA512: "25091201"}},
		{1111111111, map[totp.Algorithm]string{totp.SHA1: "14050471", totp.SHA256: "67062674", totp.SHA512: "99943326"}},
		{1234567890, map[totp.Algorithm]string{totp.SHA1: "89005924", totp.SHA256: "91819424", totp.SHA512: "93441116"}},
		{2000000000, map[totp.Algorithm]string{totp.SHA1: "69279037", totp.SHA256: "90698825", totp.SHA512: "38618901"}},
		{20000000000, map[totp.Algorithm]string{totp.SHA1: "65353130", totp.SHA256: "77737706", totp.SHA512: "47863826"}},
	} {
		for algorithm, code := range v.codes {
			opts := &totp.Options{Algorithm: algorithm, Digits: 8}
			if got := acceptedAt(t, keys[algorithm], opts, code, time.Unix(v.at, 0)); got != v.at/30 {
				t.Errorf("%s at %d: %s was taken for step %d, not %d", algorithm, v.at, code, got, v.at/30)
			}
		}
	}
}

// TestAgreesWithAnotherApp: secrets of every size, all parameters, any time, against
// arithmetic that shares no line with ours.
func TestAgreesWithAnotherApp(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		raw := make([]byte, 16+rnd.IntN(113))
		for i := range raw {
			raw[i] = byte(rnd.Uint32())
		}
		period := 15 + rnd.IntN(106)
		opts := &totp.Options{
			Algorithm: []totp.Algorithm{totp.SHA1, totp.SHA256, totp.SHA512}[rnd.IntN(3)],
			Digits:    []int{6, 8}[rnd.IntN(2)],
			Period:    time.Duration(period) * time.Second,
		}
		phone, err := totptest.NewApp(fmt.Sprintf("otpauth://totp/a?secret=%s&algorithm=%s&digits=%d&period=%d",
			inBase32(string(raw)), opts.Algorithm, opts.Digits, period))
		if err != nil {
			t.Fatal(err)
		}
		now := time.Unix(rnd.Int64N(1<<37), rnd.Int64N(1e9))
		for off := -2; off <= 2; off++ {
			then := now.Add(time.Duration(off) * opts.Period)
			if then.Unix() < 0 {
				continue
			}
			want := now.Unix()/int64(period) + int64(off)
			if off < -1 || off > 1 {
				want = -1
			}
			// One of 300,000 is a code of two steps; none of this seed is.
			if got := acceptedAt(t, string(raw), opts, phone.Code(then), now); got != want {
				t.Errorf("%+v at %d, %d off: taken for step %d, not %d", opts, now.Unix(), off, got, want)
			}
		}
	}
}

// TestStepsBeginOnTime: the first and the last second of each step that is good, and the
// seconds beside them.
func TestStepsBeginOnTime(t *testing.T) {
	t.Parallel()
	for _, period := range []time.Duration{15 * time.Second, 30 * time.Second, 120 * time.Second} {
		opts := &totp.Options{Period: period}
		start := time.Unix(1800000000, 0) // a multiple of all three
		for _, c := range []struct {
			off  time.Duration
			want bool
		}{
			{-period - time.Nanosecond, false},
			{-period, true},
			{0, true},
			{period - time.Microsecond, true},
			{2*period - time.Microsecond, true},
			{2 * period, false},
		} {
			e, s, phone := newFactor(t, start, opts)
			e = confirm(t, e, s, phone.Code(start), start)
			// The code of the step that starts an hour later, typed at off from that start.
			later := start.Add(time.Hour)
			if _, err := try(t, e, s, phone.Code(later), later.Add(c.off)); (err == nil) != c.want {
				t.Errorf("period %v, typed at %v from the start of its step: %v", period, c.off, err)
			}
		}
	}
}

// TestNoStepBefore1970: the earliest step has no one before it.
func TestNoStepBefore1970(t *testing.T) {
	t.Parallel()
	zero := time.Unix(0, 0)
	if got := acceptedAt(t, digits20, nil, "755224", zero); got != 0 {
		t.Errorf("the code of step 0 was taken for step %d", got)
	}
	// One step before is the counter 2^64-1, to whom counts without a sign.
	mac := hmac.New(sha1.New, []byte(digits20))
	mac.Write([]byte{255, 255, 255, 255, 255, 255, 255, 255})
	sum := mac.Sum(nil)
	at := sum[19] & 15
	code := fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%1000000)
	if got := acceptedAt(t, digits20, nil, code, zero); got != -1 {
		t.Errorf("the code of step -1 was taken for step %d", got)
	}
	if _, _, err := totp.New(time.Unix(-1, 0), nil); err == nil {
		t.Error("an enrolment before 1970")
	}
	e, _, err := totp.New(zero, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.BeginConfirmation(time.Unix(-1, 0)); err == nil {
		t.Error("an attempt before 1970")
	}
}
