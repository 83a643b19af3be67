package totp_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/totp"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 10, 0, time.UTC) // ten seconds into a step

var errLost = errors.New("somebody else was first")

// cell is what a host's database has to be: it keeps bytes, and replaces them by
// compare-and-swap alone.
type cell struct {
	mu      sync.Mutex
	row     []byte
	version int
}

func (c *cell) read() ([]byte, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.row, c.version
}

func (c *cell) swap(version int, value any) error {
	row, err := json.Marshal(value)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.version != version {
		return errLost
	}
	c.row, c.version = row, version+1
	return nil
}

func cellOf(t *testing.T, value any) *cell {
	t.Helper()
	c := new(cell)
	if err := c.swap(0, value); err != nil {
		t.Fatal(err)
	}
	return c
}

// enrollment is what the cell holds.
func (c *cell) enrollment(t *testing.T) totp.Enrollment {
	t.Helper()
	row, _ := c.read()
	return readBack(t, row)
}

// verify is the order of the package comment. errLost: another attempt was under way.
func (c *cell) verify(s totp.Secret, code string, now time.Time) error {
	row, version := c.read()
	var e totp.Enrollment
	if err := json.Unmarshal(row, &e); err != nil {
		return err
	}
	attempt, err := e.Begin(now)
	if err != nil {
		return err
	}
	if err := c.swap(version, attempt.Booked()); err != nil {
		return err
	}
	next, err := attempt.Check(s, code)
	if err != nil {
		return err
	}
	return c.swap(version+1, next)
}

// redeem is the same for a recovery code.
func (c *cell) redeem(kdf totp.KDF, code string, now time.Time) error {
	row, version := c.read()
	var r totp.RecoveryCodes
	if err := json.Unmarshal(row, &r); err != nil {
		return err
	}
	attempt, err := r.Begin(now)
	if err != nil {
		return err
	}
	if err := c.swap(version, attempt.Booked()); err != nil {
		return err
	}
	next, err := attempt.Check(context.Background(), kdf, code)
	if err != nil {
		return err
	}
	return c.swap(version+1, next)
}

func readBack(t *testing.T, row []byte) totp.Enrollment {
	t.Helper()
	var e totp.Enrollment
	if err := json.Unmarshal(row, &e); err != nil {
		t.Fatalf("%s: %v", row, err)
	}
	return e
}

// newFactor is a pending enrolment begun at now, and the phone that has it. The secret is
// always the same, so that no test meets one of the few steps that have the code of another.
func newFactor(t *testing.T, now time.Time, opts *totp.Options) (totp.Enrollment, totp.Secret, *totptest.App) {
	t.Helper()
	e, _, err := totp.New(now, opts)
	if err != nil {
		t.Fatal(err)
	}
	s := secretFrom(t, digits20)
	return e, s, phoneOf(t, e, s)
}

func newPending(t *testing.T) totp.Enrollment {
	t.Helper()
	e, _, _ := newFactor(t, t0, nil)
	return e
}

func phoneOf(t *testing.T, e totp.Enrollment, s totp.Secret) *totptest.App {
	t.Helper()
	opts := e.Options()
	pending, _, err := totp.New(t0, &opts) // a live one shows no secret
	if err != nil {
		t.Fatal(err)
	}
	setup, err := pending.Setup("Acme", "ann@example.com", s)
	if err != nil {
		t.Fatal(err)
	}
	phone, err := totptest.NewApp(setup.URI())
	if err != nil {
		t.Fatal(err)
	}
	return phone
}

// liveFactor was confirmed long enough before t0 for no step near t0 to be used up.
func liveFactor(t *testing.T, opts *totp.Options) (totp.Enrollment, totp.Secret, *totptest.App) {
	t.Helper()
	before := t0.Add(-time.Hour)
	e, s, phone := newFactor(t, before, opts)
	return confirm(t, e, s, phone.Code(before), before), s, phone
}

func confirm(t *testing.T, e totp.Enrollment, s totp.Secret, code string, now time.Time) totp.Enrollment {
	t.Helper()
	attempt, err := e.BeginConfirmation(now)
	if err != nil {
		t.Fatal(err)
	}
	attempt.Booked()
	next, err := attempt.Check(s, code)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// try is one attempt, booked; it returns what is kept after it.
func try(t *testing.T, e totp.Enrollment, s totp.Secret, code string, now time.Time) (totp.Enrollment, error) {
	t.Helper()
	attempt, err := e.Begin(now)
	if err != nil {
		return e, err
	}
	booked := attempt.Booked()
	next, err := attempt.Check(s, code)
	if err != nil {
		if !bytes.Equal(marshal(t, next), marshal(t, totp.Enrollment{})) {
			t.Errorf("%v, and something to save: %s", err, marshal(t, next))
		}
		return booked, err
	}
	return next, nil
}

// lastStep reads the column that a host never needs.
func lastStep(t *testing.T, e totp.Enrollment) int64 {
	t.Helper()
	var row struct {
		LastStep int64 `json:"last_step"`
	}
	row.LastStep = -2
	if err := json.Unmarshal(marshal(t, e), &row); err != nil {
		t.Fatal(err)
	}
	return row.LastStep
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	row, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func secretFrom(t *testing.T, raw string) totp.Secret {
	t.Helper()
	s, err := totp.SecretFrom([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wrongFor is a code of as many digits that is none of the three that are good at now.
func wrongFor(phone *totptest.App, now time.Time, period time.Duration) string {
	good := map[string]bool{}
	for i := range 3 {
		good[phone.Code(now.Add(time.Duration(i-1)*period))] = true
	}
	digits := len(phone.Code(now))
	for _, wrong := range []string{"00000000", "11111111", "22222222", "33333333"} {
		if !good[wrong[:digits]] {
			return wrong[:digits]
		}
	}
	return ""
}

// quick is a KDF that takes no time. It is right in all but that.
func quick(_ context.Context, secret, salt []byte) ([]byte, error) {
	sum := sha256.Sum256(append(append([]byte("quick\x00"), salt...), secret...))
	return sum[:], nil
}

func inBase32(raw string) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(raw))
}

// locked is the wait that err names; 0 when it is no lock.
func locked(err error) time.Duration {
	var l *totp.LockedError
	if errors.As(err, &l) {
		return l.RetryAfter
	}
	return 0
}
