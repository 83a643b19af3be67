package totp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/totp"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	usual := totp.Options{Algorithm: totp.SHA1, Digits: 6, Period: 30 * time.Second}
	for _, c := range []struct {
		opts *totp.Options
		want totp.Options
	}{
		{nil, usual},
		{&totp.Options{}, usual},
		{&totp.Options{Algorithm: totp.SHA512}, totp.Options{Algorithm: totp.SHA512, Digits: 6, Period: 30 * time.Second}},
		{&totp.Options{Digits: 8}, totp.Options{Algorithm: totp.SHA1, Digits: 8, Period: 30 * time.Second}},
		{&totp.Options{Period: 15 * time.Second}, totp.Options{Algorithm: totp.SHA1, Digits: 6, Period: 15 * time.Second}},
		{&totp.Options{Algorithm: totp.SHA256, Digits: 6, Period: 2 * time.Minute}, totp.Options{Algorithm: totp.SHA256, Digits: 6, Period: 2 * time.Minute}},
	} {
		e, _, err := totp.New(t0, c.opts)
		if err != nil {
			t.Errorf("%+v: %v", c.opts, err)
			continue
		}
		if diff := cmp.Diff(c.want, e.Options()); diff != "" {
			t.Error(diff)
		}
	}
	for _, opts := range []totp.Options{
		{Algorithm: "MD5"}, {Algorithm: "sha1"}, {Algorithm: "SHA1 "}, {Algorithm: totp.Algorithm(strings.Repeat("x", 1000))},
		{Digits: 1}, {Digits: 5}, {Digits: 7}, {Digits: 9}, {Digits: 10}, {Digits: -6},
		{Period: time.Second}, {Period: 15*time.Second - 1}, {Period: 30*time.Second + time.Millisecond},
		{Period: 121 * time.Second}, {Period: -30 * time.Second}, {Period: 1<<63 - 1},
	} {
		e, s, err := totp.New(t0, &opts)
		if err == nil || s.Bytes() != nil || e.Options().Digits != 0 {
			t.Errorf("%+v: taken", opts)
		} else if msg := err.Error(); !strings.HasPrefix(msg, "totp: ") || len(msg) > 100 {
			t.Errorf("%+v: %q", opts, msg)
		}
	}
}

func TestConfirmWithinTenMinutes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		after time.Duration
		want  error
	}{
		{0, nil},
		{totp.ConfirmWithin - time.Microsecond, nil},
		{totp.ConfirmWithin, totp.ErrExpired},
		{24 * time.Hour, totp.ErrExpired},
		{1<<63 - 1, totp.ErrExpired},
		// A clock that was set a little back is none to lock people out by; one that was
		// set further back would give an old enrolment another ten minutes.
		{-time.Minute, nil},
		{-time.Minute - time.Microsecond, totp.ErrExpired},
		{-24 * time.Hour, totp.ErrExpired},
	} {
		e, s, phone := newFactor(t, t0, nil)
		now := t0.Add(c.after)
		attempt, err := e.BeginConfirmation(now)
		if !errors.Is(err, c.want) {
			t.Errorf("%v after it was begun: %v", c.after, err)
		}
		if c.want != nil {
			if attempt.Booked(); attempt.Booked().Options().Digits != 0 {
				t.Errorf("%v: an attempt and an error", c.after)
			}
			continue
		}
		attempt.Booked()
		live, err := attempt.Check(s, phone.Code(now))
		if err != nil || !live.Confirmed() || live.Fails() != 0 || !live.CreatedAt().Equal(e.CreatedAt()) {
			t.Errorf("%v: %v, confirmed %v", c.after, err, live.Confirmed())
		}
	}
}

// TestPendingIsNotLive: nothing but the right code in time makes it so, and then it is
// confirmed no second time.
func TestPendingIsNotLive(t *testing.T) {
	t.Parallel()
	e, s, phone := newFactor(t, t0, nil)
	if _, err := e.Begin(t0); !errors.Is(err, totp.ErrPending) {
		t.Errorf("a login by a pending factor: %v", err)
	}
	attempt, err := e.BeginConfirmation(t0)
	if err != nil {
		t.Fatal(err)
	}
	booked := attempt.Booked()
	if booked.Confirmed() || booked.Fails() != 1 {
		t.Errorf("booked: confirmed %v, %d counted", booked.Confirmed(), booked.Fails())
	}
	if next, err := attempt.Check(s, wrongFor(phone, t0, step)); !errors.Is(err, totp.ErrWrongCode) || next.Confirmed() {
		t.Errorf("a wrong code: %v, confirmed %v", err, next.Confirmed())
	}
	if _, err := booked.Begin(t0); !errors.Is(err, totp.ErrPending) {
		t.Errorf("a login by a pending factor, after an attempt: %v", err)
	}
	live := confirm(t, booked, s, phone.Code(t0), t0)
	if live.Fails() != 0 {
		t.Errorf("%d counted", live.Fails())
	}
	if _, err := live.BeginConfirmation(t0); !errors.Is(err, totp.ErrConfirmed) {
		t.Errorf("a second confirmation: %v", err)
	}
}

// TestAnAppThatIgnoresParameters: Google's page on the Key URI Format says that its app
// ignores algorithm, digits and period. Who enrols with such a one must hear of it then,
// and not at the next login.
func TestAnAppThatIgnoresParameters(t *testing.T) {
	t.Parallel()
	for _, opts := range []*totp.Options{{Digits: 8}, {Algorithm: totp.SHA256}, {Period: time.Minute}} {
		e, s, phone := newFactor(t, t0, opts)
		attempt, err := e.BeginConfirmation(t0)
		if err != nil {
			t.Fatal(err)
		}
		attempt.Booked()
		if _, err := attempt.Check(s, phone.Ignoring().Code(t0)); !errors.Is(err, totp.ErrWrongCode) {
			t.Errorf("%+v: %v", opts, err)
		}
		confirm(t, e, s, phone.Code(t0), t0)
	}
	e, s, phone := newFactor(t, t0, nil)
	confirm(t, e, s, phone.Ignoring().Code(t0), t0)
}

func TestZeroEnrollmentAcceptsNothing(t *testing.T) {
	t.Parallel()
	var e totp.Enrollment
	s := secretFrom(t, digits20)
	if _, err := e.Begin(t0); !errors.Is(err, totp.ErrPending) {
		t.Errorf("Begin: %v", err)
	}
	for _, now := range []time.Time{t0, {}, time.Unix(0, 0)} {
		if a, err := e.BeginConfirmation(now); err == nil {
			a.Booked()
			_, err := a.Check(s, "755224")
			t.Errorf("BeginConfirmation at %v: Check: %v", now, err)
		}
	}
	if _, err := e.Setup("Acme", "ann", s); err == nil {
		t.Error("a set-up of no enrolment")
	}
	if e.Confirmed() || e.Disabled() || e.Fails() != 0 || !e.LockedUntil().IsZero() || !e.CreatedAt().IsZero() {
		t.Errorf("%+v", e)
	}
	// It can be written, and not be read back: a row of nothing is an error.
	if err := json.Unmarshal(marshal(t, e), new(totp.Enrollment)); err == nil {
		t.Error("the zero Enrollment was read back")
	}
}

// TestEnrollmentJSON: bytes that outlive a release, and what each step makes of them.
func TestEnrollmentJSON(t *testing.T) {
	t.Parallel()
	e, s, phone := newFactor(t, t0.Add(123456789*time.Nanosecond).In(time.FixedZone("", 3600)), nil)
	golden := func(e totp.Enrollment, want string) {
		t.Helper()
		row := marshal(t, e)
		if diff := cmp.Diff(want, string(row)); diff != "" {
			t.Error(diff)
		}
		back := readBack(t, row)
		if diff := cmp.Diff(string(row), string(marshal(t, back))); diff != "" {
			t.Error(diff)
		}
		if !back.CreatedAt().Equal(e.CreatedAt()) || !back.LockedUntil().Equal(e.LockedUntil()) || back.Options() != e.Options() {
			t.Errorf("%s: read back as another", row)
		}
	}
	const start = `{"algorithm":"SHA1","digits":6,"period":30,`
	golden(e, start+`"created_at":"2026-03-01T12:00:10.123456Z","last_step":-1}`)

	live := confirm(t, e, s, phone.Code(t0), t0)
	const confirmed = start + `"confirmed":true,"created_at":"2026-03-01T12:00:10.123456Z","last_step":59078880`
	golden(live, confirmed+`}`)

	for n := 1; n <= 5; n++ {
		live, _ = try(t, live, s, wrongFor(phone, t0, step), t0.Add(999*time.Nanosecond))
		if n == 1 {
			golden(live, confirmed+`,"fails":1}`)
		}
	}
	golden(live, confirmed+`,"fails":5,"next_at":"2026-03-01T12:00:40Z"}`)

	later := t0.Add(time.Minute)
	live, err := try(t, live, s, phone.Code(later), later)
	if err != nil {
		t.Fatal(err)
	}
	golden(live, strings.Replace(confirmed, "59078880", "59078882", 1)+`}`)

	other, _, _ := newFactor(t, t0, &totp.Options{Algorithm: totp.SHA512, Digits: 8, Period: time.Minute})
	golden(other, `{"algorithm":"SHA512","digits":8,"period":60,"created_at":"2026-03-01T12:00:10Z","last_step":-1}`)
}

// TestBrokenEnrolmentsAreRefused: what New and the steps after it could not have made.
func TestBrokenEnrolmentsAreRefused(t *testing.T) {
	t.Parallel()
	row := func(algorithm string, digits, period any, rest string) string {
		return fmt.Sprintf(`{"algorithm":%q,"digits":%v,"period":%v,%s}`, algorithm, digits, period, rest)
	}
	const (
		created = `"created_at":"2026-03-01T12:00:00Z"`
		pending = created + `,"last_step":-1`
		live    = created + `,"confirmed":true,"last_step":5`
	)
	for _, good := range []string{row("SHA1", 6, 30, pending), row("SHA512", 8, 120, live), row("SHA1", 6, 30, live+`,"fails":1000000`)} {
		readBack(t, []byte(good))
	}
	for name, r := range map[string]string{
		"no JSON":             `{`,
		"null":                `null`,
		"an empty object":     `{}`,
		"a string":            `"x"`,
		"more after it":       row("SHA1", 6, 30, pending) + `{}`,
		"no algorithm":        row("", 6, 30, pending),
		"MD5":                 row("MD5", 6, 30, pending),
		"lower case":          row("sha1", 6, 30, pending),
		"no digits":           row("SHA1", 0, 30, pending),
		"one digit":           row("SHA1", 1, 30, pending),
		"seven digits":        row("SHA1", 7, 30, pending),
		"digits below zero":   row("SHA1", -6, 30, pending),
		"no period":           row("SHA1", 6, 0, pending),
		"period below zero":   row("SHA1", 6, -30, pending),
		"a day":               row("SHA1", 6, 86400, pending),
		"half seconds":        row("SHA1", 6, 30.5, pending),
		"a period too large":  row("SHA1", 6, int64(30+1<<55), pending), // 30 seconds, to a product of 64 bits
		"and the other way":   row("SHA1", 6, int64(30-1<<55), pending),
		"larger than 64 bits": row("SHA1", 6, "18446744073709551646", pending),
		"never created":       row("SHA1", 6, 30, `"last_step":-1`),
		"created in no year":  row("SHA1", 6, 30, `"created_at":"0001-01-01T00:00:00Z","last_step":-1`),
		"before 1970":         row("SHA1", 6, 30, `"created_at":"1969-12-31T23:59:59Z","last_step":-1`),
		"year 10000":          row("SHA1", 6, 30, `"created_at":"9999-12-31T23:59:59-23:59","last_step":-1`),
		"live without a step": row("SHA1", 6, 30, created+`,"confirmed":true,"last_step":-1`),
		"a step and not live": row("SHA1", 6, 30, created+`,"last_step":5`),
		"no step, not live":   row("SHA1", 6, 30, created),
		"step -2":             row("SHA1", 6, 30, created+`,"last_step":-2`),
		"live, step -2":       row("SHA1", 6, 30, created+`,"confirmed":true,"last_step":-2`),
		"fails below zero":    row("SHA1", 6, 30, live+`,"fails":-1`),
		"locked in old times": row("SHA1", 6, 30, live+`,"next_at":"1969-12-31T23:59:59Z"`),
		"locked for ever":     row("SHA1", 6, 30, live+`,"next_at":"9999-12-31T23:59:59-23:59"`),
		"live by a word":      row("SHA1", 6, 30, created+`,"confirmed":"true","last_step":5`),
	} {
		before, _, _ := liveFactor(t, nil)
		e := before
		err := e.UnmarshalJSON([]byte(r))
		if err == nil {
			t.Errorf("%s: taken: %s", name, r)
		} else if !strings.HasPrefix(err.Error(), "totp: ") {
			t.Errorf("%s: %q", name, err)
		}
		if string(marshal(t, e)) != string(marshal(t, before)) {
			t.Errorf("%s: what is refused was taken over", name)
		}
		// As a field of a caller's own row, where null is not told to a pointer.
		if json.Unmarshal([]byte(`{"F":`+r+`}`), &struct{ F totp.Enrollment }{}) == nil {
			t.Errorf("%s: taken in a field", name)
		}
	}
	if _, _, err := totp.New(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), nil); err == nil {
		t.Error("an enrolment that cannot be kept")
	}
}
