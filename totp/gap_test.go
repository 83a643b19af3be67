package totp_test

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/totp"
)

// A KDF may hand out one buffer again and again: what was kept is a copy.
func TestAKDFMayReuseItsBuffer(t *testing.T) {
	t.Parallel()
	buffer := make([]byte, 32)
	kdf := func(_ context.Context, secret, salt []byte) ([]byte, error) {
		sum := sha256.Sum256(append(salt, secret...))
		copy(buffer, sum[:])
		return buffer, nil
	}
	set, codes, err := totp.NewRecoveryCodes(t.Context(), kdf)
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range codes.Show()[:2] {
		try, err := set.Begin(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		try.Booked()
		if set, err = try.Check(t.Context(), kdf, code); err != nil {
			t.Fatal(err)
		}
	}
	try := must2(set.Begin(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)))
	set = try.Booked()
	if _, err := try.Check(t.Context(), kdf, "0000-0000-0000-0000"); err != totp.ErrWrongCode {
		t.Errorf("any code matches a hash that stands in the KDF's buffer: %v", err)
	}
	if set.Left() != 8 {
		t.Errorf("%d are left: a code matched the hash of another", set.Left())
	}
}

func must2[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// What is kept has whole microseconds, of recovery codes too.
func TestALockOfRecoveryCodesHasWholeMicroseconds(t *testing.T) {
	t.Parallel()
	kdf := func(_ context.Context, secret, salt []byte) ([]byte, error) {
		sum := sha256.Sum256(append(salt, secret...))
		return sum[:], nil
	}
	set, _, err := totp.NewRecoveryCodes(t.Context(), kdf)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 1_999, time.FixedZone("", 3600))
	for range 5 {
		set = must2(set.Begin(now)).Booked()
	}
	want := now.UTC().Truncate(time.Microsecond).Add(30 * time.Second)
	if got := set.LockedUntil(); got != want {
		t.Errorf("locked until %v, want %v", got, want)
	}
}

// A longer code is none.
func TestParseCodesRefusesALongerOne(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"0123-4567-89AB-CDEF-GHJK", "0123-4567-89AB-CDEF-G", "0123-4567-89AB"} {
		if _, err := totp.ParseCodes([]string{code}); err == nil {
			t.Errorf("%q is a code", code)
		}
	}
}
