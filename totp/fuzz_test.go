package totp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/accesssec/accesssec-go/totp"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

// FuzzSetup: whatever names are taken come back from the link, by a reading that is not
// ours.
func FuzzSetup(f *testing.F) {
	for _, names := range [][2]string{{"Acme", "ann@example.com"}, {"AT&T", "a+b"}, {"A/B", "%3A"}, {"Inc:x", "é"}, {"🔑", "א\u202e"}, {" a ", "\u00a0b"}} {
		f.Add(names[0], names[1])
	}
	f.Fuzz(func(t *testing.T, issuer, account string) {
		e, s, _ := newFactor(t, t0, nil)
		setup, err := e.Setup(issuer, account, s)
		if err != nil {
			if setup.URI() != "" || !strings.HasPrefix(err.Error(), "totp: ") {
				t.Errorf("%q beside %v", setup.URI(), err)
			}
			return
		}
		app, err := totptest.NewApp(setup.URI())
		if err != nil {
			t.Fatalf("%q %q: %s: %v", issuer, account, setup.URI(), err)
		}
		if app.Issuer != strings.TrimSpace(issuer) || app.Account != strings.TrimSpace(account) {
			t.Errorf("%q %q came back as %q %q", issuer, account, app.Issuer, app.Account)
		}
		if strings.Contains(issuer+account, ":") || !utf8.ValidString(issuer+account) {
			t.Errorf("%q %q was taken", issuer, account)
		}
		confirm(t, e, s, app.Code(t0), t0)
	})
}

// digitsOf are the decimal digits of s in any script; ok is false when s has anything else
// that leaves ink.
func digitsOf(s string) (digits string, ok bool) {
	ok = true
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Nd, r):
			first := r // of a run of tens
			for unicode.Is(unicode.Nd, first-1) {
				first--
			}
			digits += string('0' + (r-first)%10)
		case unicode.IsLetter(r), unicode.IsSymbol(r), unicode.IsMark(r), unicode.IsNumber(r), r == utf8.RuneError:
			ok = false
		}
	}
	return digits, ok
}

// FuzzCode: no text makes a panic, none but the right digits are right, and whatever is
// taken is taken once.
func FuzzCode(f *testing.F) {
	for _, code := range spelled("287082") {
		f.Add(code, int64(59))
	}
	f.Add("755224", int64(0))
	f.Add("7552244", int64(29))
	f.Add("", int64(1<<40))
	f.Fuzz(func(t *testing.T, code string, at int64) {
		now := time.Unix(at, 0)
		e, _, err := totp.New(now, nil)
		if err != nil {
			return
		}
		s := secretFrom(t, digits20)
		phone, err := totptest.NewTypedApp(inBase32(digits20))
		if err != nil {
			t.Fatal(err)
		}
		attempt, err := e.BeginConfirmation(now)
		if err != nil {
			t.Fatal(err)
		}
		attempt.Booked()
		live, err := attempt.Check(s, code)
		right := false
		digits, plain := digitsOf(code)
		for _, off := range []time.Duration{-step, 0, step} {
			good := phone.Code(now.Add(off))
			right = right || good != "" && good == digits && plain
			if good != "" && good == code && err != nil {
				t.Errorf("%q at %d is right: %v", code, at, err)
			}
		}
		switch {
		case err != nil:
			if !errors.Is(err, totp.ErrWrongCode) || live.Confirmed() {
				t.Errorf("%q at %d: %v, confirmed %v", code, at, err, live.Confirmed())
			}
			return
		case !right:
			t.Errorf("%q at %d was taken", code, at)
		}
		if _, err := try(t, live, s, code, now); !errors.Is(err, totp.ErrUsedCode) {
			t.Errorf("%q at %d again: %v", code, at, err)
		}
		if _, err := try(t, live, s, digits, now); !errors.Is(err, totp.ErrUsedCode) {
			t.Errorf("%q at %d, its digits: %v", code, at, err)
		}
	})
}

// FuzzEnrollmentJSON: what is read is written, and read again as the same; it is a factor
// that New could have made, whatever the row says.
func FuzzEnrollmentJSON(f *testing.F) {
	f.Add([]byte(`{"algorithm":"SHA1","digits":6,"period":30,"created_at":"2026-03-01T12:00:00Z","last_step":-1}`))
	f.Add([]byte(`{"algorithm":"SHA512","digits":8,"period":120,"confirmed":true,"created_at":"2026-03-01T12:00:00.123456Z","last_step":59078880,"fails":7,"next_at":"2026-03-01T12:01:40Z"}`))
	f.Add([]byte(`{"period":36028797018963998}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, row []byte) {
		var e totp.Enrollment
		if err := e.UnmarshalJSON(row); err != nil {
			if !bytes.Equal(marshal(t, e), marshal(t, totp.Enrollment{})) {
				t.Errorf("%s: refused, and taken over", row)
			}
			return
		}
		kept := marshal(t, e)
		if again := marshal(t, readBack(t, kept)); !bytes.Equal(kept, again) {
			t.Errorf("%s became %s", kept, again)
		}
		opts := e.Options()
		if _, _, err := totp.New(t0, &opts); err != nil {
			t.Errorf("%s: %v", row, err)
		}
		if e.Confirmed() != (lastStep(t, e) >= 0) || e.Fails() < 0 {
			t.Errorf("%s: confirmed %v, step %d, %d counted", row, e.Confirmed(), lastStep(t, e), e.Fails())
		}
		// No row makes a factor that takes the code of a step it has seen.
		s := secretFrom(t, digits20)
		phone := phoneOf(t, e, s)
		seen := lastStep(t, e)
		if seen < 0 || seen > 1<<32 {
			return
		}
		now := time.Unix(seen*int64(opts.Period/time.Second), 0)
		next, err := try(t, e, s, phone.Code(now), now)
		if err == nil && lastStep(t, next) <= seen {
			t.Errorf("%s: step %d was taken again", row, seen)
		}
	})
}

// FuzzRecoveryCodesJSON: the same for a set.
func FuzzRecoveryCodesJSON(f *testing.F) {
	f.Add([]byte(goldenSet+`}`), "ABCD-EFGH-JKMN-PQRS")
	f.Add([]byte(goldenSet+`,"fails":7,"next_at":"2026-03-01T12:00:00.123456Z"}`), "abcdefghjkmnpqrs")
	f.Add([]byte(`{"id":"","salt":null,"hashes":null}`), "")
	f.Fuzz(func(t *testing.T, row []byte, code string) {
		var set totp.RecoveryCodes
		if err := set.UnmarshalJSON(row); err != nil {
			if set.ID() != "" || set.Left() != 0 {
				t.Errorf("%s: refused, and taken over", row)
			}
			return
		}
		kept := marshal(t, set)
		var back totp.RecoveryCodes
		if err := json.Unmarshal(kept, &back); err != nil {
			t.Fatalf("%s: %v", kept, err)
		}
		if again := marshal(t, back); !bytes.Equal(kept, again) {
			t.Errorf("%s became %s", kept, again)
		}
		if set.Left() > 10 || set.Fails() < 0 {
			t.Errorf("%s: %d left, %d counted", row, set.Left(), set.Fails())
		}
		attempt, err := set.Begin(t0)
		if err != nil {
			return
		}
		if attempt.Booked().Fails() != set.Fails()+1 {
			t.Errorf("%s: not counted", row)
		}
		runs := 0
		next, err := attempt.Check(context.Background(), counted(&runs), code)
		if runs != 1 {
			t.Errorf("%d runs", runs)
		}
		if err == nil && (next.Left() != set.Left()-1 || next.Fails() != 0) {
			t.Errorf("%q: %d left of %d", code, next.Left(), set.Left())
		}
		if err != nil && !errors.Is(err, totp.ErrWrongCode) {
			t.Error(err)
		}
	})
}

// FuzzParseCodes: what is taken is lines of sixteen letters and digits, and nothing that a
// page or a file could be changed by.
func FuzzParseCodes(f *testing.F) {
	f.Add("ABCD-EFGH-JKMN-PQR0,ABCD-EFGH-JKMN-PQR1")
	f.Add("abcd-efgh-jkmn-pqr0")
	f.Add("")
	f.Add(",")
	f.Fuzz(func(t *testing.T, joined string) {
		shown := strings.Split(joined, ",")
		codes, err := totp.ParseCodes(shown)
		if err != nil {
			if codes.Show() != nil {
				t.Error("codes and an error")
			}
			return
		}
		if strings.Join(codes.Show(), ",") != joined || len(shown) > 10 {
			t.Errorf("%q became %q", joined, codes.Show())
		}
		for _, code := range shown {
			if len(code) != 19 || strings.Trim(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-") != "" || strings.Count(code, "-") != 3 {
				t.Errorf("%q was taken", code)
			}
		}
	})
}
