package totp_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/totp"
)

func newSet(t *testing.T) (totp.RecoveryCodes, []string) {
	t.Helper()
	set, codes, err := totp.NewRecoveryCodes(context.Background(), quick)
	if err != nil {
		t.Fatal(err)
	}
	return set, codes.Show()
}

// counted is quick, which adds each of its runs to n. It is for one goroutine.
func counted(n *int) totp.KDF {
	return func(ctx context.Context, secret, salt []byte) ([]byte, error) {
		*n++
		return quick(ctx, secret, salt)
	}
}

// redeem is one attempt, booked; it returns what is kept after it.
func redeem(t *testing.T, set totp.RecoveryCodes, kdf totp.KDF, code string) (totp.RecoveryCodes, error) {
	t.Helper()
	attempt, err := set.Begin(t0)
	if err != nil {
		return set, err
	}
	booked := attempt.Booked()
	next, err := attempt.Check(context.Background(), kdf, code)
	if err != nil {
		if !bytes.Equal(marshal(t, next), marshal(t, totp.RecoveryCodes{})) {
			t.Errorf("%v, and something to save: %s", err, marshal(t, next))
		}
		return booked, err
	}
	return next, nil
}

func TestEachRecoveryCodeWorksOnce(t *testing.T) {
	t.Parallel()
	set, codes := newSet(t)
	if len(codes) != 10 || set.Left() != 10 {
		t.Fatalf("%d codes, %d left; want ten", len(codes), set.Left())
	}
	id := set.ID()
	for i := range codes {
		code := codes[(i*7+3)%10] // in some order
		next, err := redeem(t, set, quick, code)
		if err != nil || next.Left() != set.Left()-1 || next.ID() != id || next.Fails() != 0 {
			t.Fatalf("code %d: %v, %d left of %d, id %q, %d failures", i, err, next.Left(), set.Left(), next.ID(), next.Fails())
		}
		if set = next; set.Left() > 0 {
			if _, err := redeem(t, set, quick, code); !errors.Is(err, totp.ErrWrongCode) {
				t.Errorf("code %d again: %v", i, err)
			}
		}
	}
	if _, err := redeem(t, set, quick, codes[0]); !errors.Is(err, totp.ErrNoCodes) {
		t.Errorf("when all are used: %v", err)
	}
	if _, err := (totp.RecoveryCodes{}).Begin(t0); !errors.Is(err, totp.ErrNoCodes) {
		t.Errorf("the zero set: %v", err)
	}
}

// TestOneRecoveryCodeManyTimesAtOnce: kratos (strategy/lookup) writes back what it has
// read; rodauth ignores how many rows it deleted.
func TestOneRecoveryCodeManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	for range 50 {
		set, codes := newSet(t)
		c := cellOf(t, set)
		in := 0
		for _, err := range together(64, func() error { return c.redeem(quick, codes[4], t0) }) {
			switch {
			case err == nil:
				in++
			case !errors.Is(err, errLost) && !errors.Is(err, totp.ErrWrongCode) && locked(err) == 0:
				t.Errorf("%v", err)
			}
		}
		if in != 1 {
			t.Fatalf("%d of 64 were let in by one recovery code", in)
		}
		row, _ := c.read()
		var left totp.RecoveryCodes
		if err := json.Unmarshal(row, &left); err != nil || left.Left() != 9 {
			t.Fatalf("%d left, %v", left.Left(), err)
		}
	}
}

// TestAllRecoveryCodesAtOnce: as many are let in as codes are gone.
func TestAllRecoveryCodesAtOnce(t *testing.T) {
	t.Parallel()
	for range 20 {
		set, codes := newSet(t)
		c := cellOf(t, set)
		var next atomic.Int32
		in := 0
		for _, err := range together(10, func() error { return c.redeem(quick, codes[next.Add(1)-1], t0) }) {
			if err == nil {
				in++
			}
		}
		row, _ := c.read()
		var left totp.RecoveryCodes
		if err := json.Unmarshal(row, &left); err != nil || left.Left() != 10-in || in == 0 {
			t.Fatalf("%d let in, %d left, %v", in, left.Left(), err)
		}
	}
}

// TestParallelWrongRecoveryCodesAreAllCounted is the same as for the codes of the app.
func TestParallelWrongRecoveryCodesAreAllCounted(t *testing.T) {
	t.Parallel()
	set, _ := newSet(t)
	c := cellOf(t, set)
	var runs atomic.Int32
	kdf := func(ctx context.Context, secret, salt []byte) ([]byte, error) {
		runs.Add(1)
		return quick(ctx, secret, salt)
	}
	wrong := 0
	for _, err := range together(200, func() error {
		for {
			if err := c.redeem(kdf, "0000-0000-0000-0000", t0); !errors.Is(err, errLost) {
				return err
			}
		}
	}) {
		if errors.Is(err, totp.ErrWrongCode) {
			wrong++
		} else if locked(err) == 0 {
			t.Fatal(err)
		}
	}
	row, _ := c.read()
	var left totp.RecoveryCodes
	if err := json.Unmarshal(row, &left); err != nil {
		t.Fatal(err)
	}
	if left.Fails() != 5 || wrong != 5 || runs.Load() != 5 {
		t.Errorf("%d counted, %d answered as wrong, %d looked at; want 5", left.Fails(), wrong, runs.Load())
	}
}

// TestRecoveryCodesOfAnotherAreRefused: CVE-2025-64175 (Gogs): a recovery code of one
// account opened another.
func TestRecoveryCodesOfAnotherAreRefused(t *testing.T) {
	t.Parallel()
	mine, _ := newSet(t)
	_, theirs := newSet(t)
	for _, code := range theirs[:5] {
		next, err := redeem(t, mine, quick, code)
		if !errors.Is(err, totp.ErrWrongCode) || next.Left() != 10 {
			t.Errorf("%v, %d left", err, next.Left())
		}
		mine = next
	}
	if mine.Fails() != 5 {
		t.Errorf("%d counted", mine.Fails())
	}
}

// TestANewSetEndsTheOldOne: they share no salt, no hash and no code.
func TestANewSetEndsTheOldOne(t *testing.T) {
	t.Parallel()
	type row struct {
		ID     string
		Salt   []byte
		Hashes [][]byte
	}
	seen := map[string]bool{}
	for range 20 {
		set, codes := newSet(t)
		var r row
		if err := json.Unmarshal(marshal(t, set), &r); err != nil {
			t.Fatal(err)
		}
		if len(r.ID) < 26 || len(r.Salt) != 16 || len(r.Hashes) != 10 || r.ID != set.ID() {
			t.Fatalf("%+v", r)
		}
		all := append([]string{r.ID, string(r.Salt)}, codes...)
		for _, h := range r.Hashes {
			all = append(all, string(h))
		}
		for _, v := range all {
			if seen[v] {
				t.Fatalf("%q stands there twice", v)
			}
			seen[v] = true
		}
	}
}

// TestOneRunOfTheKDFWhateverTheCode: what takes less time for a code that cannot be one
// tells of it, and what takes none is free to guess.
func TestOneRunOfTheKDFWhateverTheCode(t *testing.T) {
	t.Parallel()
	_, theirs := newSet(t)
	for name, code := range map[string]string{
		"right":      "",
		"wrong":      "0000-0000-0000-0000",
		"of another": theirs[0],
		"empty":      "",
		"short":      "0000",
		"no letters": "!!!!-!!!!-!!!!-!!!!",
		"hyphens":    "----------------",
		"too long":   strings.Repeat("0", 1<<20),
		"no UTF-8":   "\xff\xfe",
		"of the app": "123456",
	} {
		set, codes := newSet(t)
		if name == "right" {
			code = codes[9]
		}
		runs := 0
		_, err := redeem(t, set, counted(&runs), code)
		if runs != 1 {
			t.Errorf("%s: %d runs", name, runs)
		}
		if name != "right" && !errors.Is(err, totp.ErrWrongCode) || name == "right" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	runs := 0
	if _, _, err := totp.NewRecoveryCodes(context.Background(), counted(&runs)); err != nil || runs != 10 {
		t.Errorf("a new set: %d runs, %v", runs, err)
	}
}

// TestWhatStandsInForNoCodeIsNone: a set that had the hash of it would still refuse it.
func TestWhatStandsInForNoCodeIsNone(t *testing.T) {
	t.Parallel()
	var given []byte
	spy := func(ctx context.Context, secret, salt []byte) ([]byte, error) {
		given = bytes.Clone(secret)
		return quick(ctx, secret, salt)
	}
	set, _ := newSet(t)
	if _, err := redeem(t, set, spy, ""); !errors.Is(err, totp.ErrWrongCode) {
		t.Fatal(err)
	}
	salt := bytes.Repeat([]byte{7}, 16)
	hash, err := quick(context.Background(), given, salt)
	if err != nil {
		t.Fatal(err)
	}
	var trapped totp.RecoveryCodes
	row := marshal(t, map[string]any{"id": "x", "salt": salt, "hashes": [][]byte{hash}})
	if err := json.Unmarshal(row, &trapped); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"", string(given), "?"} {
		if _, err := redeem(t, trapped, quick, code); !errors.Is(err, totp.ErrWrongCode) {
			t.Errorf("%q: %v", code, err)
		}
	}
}

func TestAFaultOfTheKDFLetsNobodyIn(t *testing.T) {
	t.Parallel()
	fault := errors.New("out of memory")
	for name, kdf := range map[string]totp.KDF{
		"nil":     nil,
		"fails":   func(context.Context, []byte, []byte) ([]byte, error) { return nil, fault },
		"both":    func(context.Context, []byte, []byte) ([]byte, error) { return bytes.Repeat([]byte{1}, 32), fault },
		"nothing": func(context.Context, []byte, []byte) ([]byte, error) { return nil, nil },
		"short":   func(context.Context, []byte, []byte) ([]byte, error) { return bytes.Repeat([]byte{1}, 15), nil },
		"zeros":   func(context.Context, []byte, []byte) ([]byte, error) { return make([]byte, 32), nil },
		"pepper":  totp.Peppered(bytes.Repeat([]byte{1}, 31), quick),
		"inside":  totp.Peppered(bytes.Repeat([]byte{1}, 32), nil),
	} {
		set, codes, err := totp.NewRecoveryCodes(context.Background(), kdf)
		if err == nil || !strings.HasPrefix(err.Error(), "totp: ") || set.Left() != 0 || len(codes.Show()) != 0 {
			t.Errorf("%s: a new set: %d codes, %v", name, set.Left(), err)
		}
		good, shown := newSet(t)
		kept, err := redeem(t, good, kdf, shown[0])
		if err == nil || errors.Is(err, totp.ErrWrongCode) || kept.Left() != 10 || kept.Fails() != 1 {
			t.Errorf("%s: a right code: %v, %d left, %d counted", name, err, kept.Left(), kept.Fails())
		}
		if (name == "fails" || name == "both") && !errors.Is(err, fault) {
			t.Errorf("%s: %v does not wrap the fault", name, err)
		}
	}
}

func TestTheKDFHasTheContext(t *testing.T) {
	t.Parallel()
	set, codes := newSet(t)
	attempt, err := set.Begin(t0)
	if err != nil {
		t.Fatal(err)
	}
	attempt.Booked()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	kdf := func(ctx context.Context, secret, salt []byte) ([]byte, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return quick(ctx, secret, salt)
	}
	if _, err := attempt.Check(ctx, totp.Peppered(bytes.Repeat([]byte{1}, 32), kdf), codes[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("a request that is gone: %v", err)
	}
}

// TestTheKDFMayKeepWhatItGets: one that writes into its arguments, or answers with a
// buffer that it uses again, changes nothing of the set.
func TestTheKDFMayKeepWhatItGets(t *testing.T) {
	t.Parallel()
	buffer := make([]byte, 32)
	rough := func(ctx context.Context, secret, salt []byte) ([]byte, error) {
		out, err := quick(ctx, secret, salt)
		copy(buffer, out)
		clear(secret)
		clear(salt)
		return buffer, err
	}
	set, codes, err := totp.NewRecoveryCodes(context.Background(), rough)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := redeem(t, set, rough, "0000-0000-0000-0000"); !errors.Is(err, totp.ErrWrongCode) {
		t.Errorf("a wrong code: %v", err)
	}
	var kept totp.RecoveryCodes
	if err := json.Unmarshal(marshal(t, set), &kept); err != nil {
		t.Fatal(err)
	}
	for i, code := range codes.Show() {
		for _, from := range []totp.RecoveryCodes{set, kept} {
			next, err := redeem(t, from, rough, code)
			if err != nil || next.Left() != 9 {
				t.Errorf("code %d: %v, %d left", i, err, next.Left())
			}
		}
	}
}

// TestALockOfRecoveryCodesHasWholeMicroseconds: as everything that is kept.
func TestALockOfRecoveryCodesHasWholeMicroseconds(t *testing.T) {
	t.Parallel()
	set, _ := newSet(t)
	now := t0.Add(1_999 * time.Nanosecond).In(time.FixedZone("", 3600))
	for range 5 {
		try, err := set.Begin(now)
		if err != nil {
			t.Fatal(err)
		}
		set = try.Booked()
	}
	if got, want := set.LockedUntil(), t0.Add(time.Microsecond).Add(30*time.Second); got != want {
		t.Errorf("locked until %v, want %v", got, want)
	}
}

// TestPepper: the bytes are those of HMAC-SHA-256, and stay so; the KDF does not see the
// code.
func TestPepper(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pepper := []byte("0123456789abcdef0123456789abcdef")
	var secrets []string
	spy := func(ctx context.Context, secret, salt []byte) ([]byte, error) {
		secrets = append(secrets, string(secret))
		return quick(ctx, secret, salt)
	}
	mine := bytes.Clone(pepper)
	kdf := totp.Peppered(mine, spy)
	clear(mine) // the caller's own, to do with as it likes
	set, codes, err := totp.NewRecoveryCodes(ctx, kdf)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, code := range codes.Show() {
		mac := hmac.New(sha256.New, pepper)
		mac.Write([]byte("totp recovery code v1\x00" + strings.ReplaceAll(code, "-", "")))
		want = append(want, string(mac.Sum(nil)))
	}
	if diff := cmp.Diff(want, secrets); diff != "" {
		t.Error(diff)
	}
	for name, other := range map[string]totp.KDF{
		"no pepper":      quick,
		"another pepper": totp.Peppered(bytes.Repeat([]byte{1}, 32), quick),
		"longer pepper":  totp.Peppered(append(slices.Clone(pepper), 0, 1), quick),
		"twice":          totp.Peppered(pepper, totp.Peppered(pepper, quick)),
	} {
		if _, err := redeem(t, set, other, codes.Show()[0]); !errors.Is(err, totp.ErrWrongCode) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if next, err := redeem(t, set, totp.Peppered(pepper, quick), codes.Show()[0]); err != nil || next.Left() != 9 {
		t.Errorf("the same pepper: %v", err)
	}
}

const goldenSet = `{"id":"SET1","salt":"c2FsdHNhbHRzYWx0c2FsdA==",` +
	`"hashes":["AQEBAQEBAQEBAQEBAQEBAQ==","JobmJXH2qjSugpOMD2Zmgn5iravE9YWUn05+JrvCCKQ="]`

// TestRecoveryCodesJSON: bytes that outlive a release, and what they become.
func TestRecoveryCodesJSON(t *testing.T) {
	t.Parallel()
	var set totp.RecoveryCodes
	for _, row := range []string{
		goldenSet + `}`,
		goldenSet + `,"fails":4}`,
		goldenSet + `,"fails":7,"next_at":"2026-03-01T12:00:00.123456Z"}`,
		`{"id":"SET1","salt":"c2FsdHNhbHRzYWx0c2FsdA==","hashes":[]}`,
		`{"id":"","salt":null,"hashes":null}`, // the zero value
	} {
		if err := json.Unmarshal([]byte(row), &set); err != nil {
			t.Errorf("%s: %v", row, err)
		}
		if diff := cmp.Diff(row, string(marshal(t, set))); diff != "" {
			t.Error(diff)
		}
	}
	if err := json.Unmarshal([]byte(goldenSet+`}`), &set); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ code, want string }{
		{"", goldenSet + `,"fails":1}`},
		{"ABCD-EFGH-JKMN-PQRS", `{"id":"SET1","salt":"c2FsdHNhbHRzYWx0c2FsdA==","hashes":["AQEBAQEBAQEBAQEBAQEBAQ=="]}`},
	} {
		next, err := redeem(t, set, quick, c.code)
		if (err == nil) != (c.code != "") {
			t.Errorf("%q: %v", c.code, err)
		}
		if diff := cmp.Diff(c.want, string(marshal(t, next))); diff != "" {
			t.Errorf("%q: %s", c.code, diff)
		}
	}
}

// TestBrokenSetsAreRefused: a row that is broken opens nothing.
func TestBrokenSetsAreRefused(t *testing.T) {
	t.Parallel()
	const (
		hash = `"AQEBAQEBAQEBAQEBAQEBAQ=="`
		salt = `"salt":"c2FsdHNhbHRzYWx0c2FsdA=="`
	)
	for name, row := range map[string]string{
		"no JSON":         `{`,
		"a string":        `"x"`,
		"a list":          `[]`,
		"more after it":   `{"id":"a",` + salt + `,"hashes":[` + hash + `]} {}`,
		"no id":           `{` + salt + `,"hashes":[` + hash + `]}`,
		"no salt":         `{"id":"a","hashes":[` + hash + `]}`,
		"short salt":      `{"id":"a","salt":"c2FsdA==","hashes":[` + hash + `]}`,
		"long salt":       `{"id":"a","salt":"c2FsdHNhbHRzYWx0c2FsdHM=","hashes":[` + hash + `]}`,
		"salt, no base64": `{"id":"a","salt":"!","hashes":[` + hash + `]}`,
		"eleven":          `{"id":"a",` + salt + `,"hashes":[` + strings.Repeat(hash+",", 10) + hash + `]}`,
		"an empty hash":   `{"id":"a",` + salt + `,"hashes":[""]}`,
		"a null hash":     `{"id":"a",` + salt + `,"hashes":[null]}`,
		"short hash":      `{"id":"a",` + salt + `,"hashes":["AQEBAQEBAQEBAQEBAQEB"]}`,
		"a hash of zeros": `{"id":"a",` + salt + `,"hashes":["AAAAAAAAAAAAAAAAAAAAAA=="]}`,
		"one bad of two":  `{"id":"a",` + salt + `,"hashes":[` + hash + `,""]}`,
		"below zero":      `{"id":"a",` + salt + `,"hashes":[` + hash + `],"fails":-1}`,
		"half":            `{"id":"a",` + salt + `,"hashes":[` + hash + `],"fails":0.5}`,
		"no time":         `{"id":"a",` + salt + `,"hashes":[` + hash + `],"next_at":"soon"}`,
		"a lock of old":   `{"id":"a",` + salt + `,"hashes":[` + hash + `],"next_at":"1969-12-31T23:59:59Z"}`,
		"year 10000":      `{"id":"a",` + salt + `,"hashes":[` + hash + `],"next_at":"9999-12-31T23:59:59-23:59"}`,
	} {
		before, _ := newSet(t)
		set := before
		err := json.Unmarshal([]byte(row), &set)
		if err == nil {
			t.Errorf("%s: taken", name)
		}
		if set.ID() != before.ID() || set.Left() != 10 {
			t.Errorf("%s: what is refused was taken over", name)
		}
	}
}
