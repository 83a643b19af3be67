package main

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	peer "github.com/pquerna/otp/totp"
	"golang.org/x/crypto/argon2"

	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/totp"
)

// names of what is typed, and of the peer
const (
	right    = "right"
	before   = "right, of the step before"
	after    = "right, of the next step"
	used     = "right, used before"
	wrong    = "wrong"
	noCode   = "no code"
	otherSet = "of another set"
	peerP    = "pquerna: "
)

// alike is how far apart two answers may be in time: who measures them shall not learn
// which one it was.
const alike = 1.05

// leastRounds are medians of something, however few rounds are asked for.
const leastRounds = 7

// slowTimes is how many more rounds a recovery code has: a round is one run of each, whose
// 60 milliseconds in memory vary by more than what is looked for.
const slowTimes = 3

// factors prints what one attempt at a second factor costs, and counts the bars missed.
func factors(out io.Writer, rounds int) (missed int, err error) {
	codes, err := codeSubjects()
	if err != nil {
		return 0, err
	}
	recovery, err := recoverySubjects()
	if err != nil {
		return 0, err
	}
	for _, part := range []struct {
		name     string
		subjects []subject
		against  []bar
		times    int // as many rounds
		pieces   int
	}{
		{"a code of an app, in units of one code computed", codes, codeBars(), 1, 320},
		{"a recovery code, in units of one Argon2id; each attempt has just one", recovery, recoveryBars(), slowTimes, 1},
	} {
		costs, err := measure(part.subjects, part.times*max(rounds, leastRounds), part.pieces)
		if err != nil {
			return 0, err
		}
		fmt.Fprintln(out, part.name)
		show(out, part.subjects, costs)
		missed += judge(out, part.against, part.subjects, costs)
		fmt.Fprintln(out)
	}
	return missed, nil
}

func codeBars() []bar {
	var out []bar
	for _, who := range []string{right, before, after, used} {
		out = append(out, atMost(who, alike, wrong), atMost(wrong, alike, who))
	}
	return append(out, atMost(wrong, 1.25, peerP+wrong), atMost(right, 1.25, peerP+wrong))
}

// recoveryBars: that there is just one run is counted; the time shows that nothing else
// costs a tenth of one.
func recoveryBars() []bar {
	var out []bar
	for _, who := range []string{right, wrong, noCode, otherSet} {
		out = append(out, atMost(who, 1.1, units))
	}
	return out
}

// phone is a live factor, and what is typed of it at a time.
type phone struct {
	live   totp.Enrollment
	secret totp.Secret
	shared string // the secret as pquerna reads it
	now    time.Time
	typed  map[string]string
}

// asPeer are the parameters of the factor as pquerna has them: three steps of 30 seconds.
func asPeer() peer.ValidateOpts {
	return peer.ValidateOpts{Period: 30, Skew: 1, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
}

func newPhone() (*phone, error) {
	const step = 30 * time.Second
	p := &phone{now: time.Unix(1_700_000_000, 0), typed: map[string]string{noCode: "not a code"}}
	began := p.now.Add(-5 * time.Minute)
	pending, secret, err := totp.New(began, nil)
	if err != nil {
		return nil, err
	}
	p.secret, p.shared = secret, base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret.Bytes())
	for name, at := range map[string]time.Time{right: p.now, before: p.now.Add(-step), after: p.now.Add(step), used: began} {
		if p.typed[name], err = peer.GenerateCodeCustom(p.shared, at, asPeer()); err != nil {
			return nil, err
		}
	}
	good := []string{p.typed[right], p.typed[before], p.typed[after]}
	for _, code := range []string{"000000", "111111", "222222", "333333"} {
		if !slices.Contains(good, code) {
			p.typed[wrong] = code
		}
	}
	confirm, err := pending.BeginConfirmation(began)
	if err != nil {
		return nil, err
	}
	confirm.Booked()
	p.live, err = confirm.Check(secret, p.typed[used])
	return p, err
}

// attempt is one, from Begin to what Check says.
func (p *phone) attempt(name string) error {
	now := p.now
	if name == used {
		now = p.live.CreatedAt()
	}
	attempt, err := p.live.Begin(now)
	if err != nil {
		return err
	}
	attempt.Booked()
	_, err = attempt.Check(p.secret, p.typed[name])
	return err
}

// codeSubjects are attempts at codes, ours and pquerna's. The unit is one code computed,
// of which either needs three for one that is wrong.
func codeSubjects() ([]subject, error) {
	p, err := newPhone()
	if err != nil {
		return nil, err
	}
	out := []subject{{units, func() error {
		_, err := hotp.GenerateCodeCustom(p.shared, uint64(p.now.Unix()/30), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		return err
	}}}
	for _, try := range []struct {
		name string
		want error
	}{{right, nil}, {before, nil}, {after, nil}, {used, totp.ErrUsedCode}, {wrong, totp.ErrWrongCode}, {noCode, totp.ErrWrongCode}} {
		out = append(out, subject{try.name, func() error {
			if err := p.attempt(try.name); !errors.Is(err, try.want) {
				return fmt.Errorf("bench: %s: %v", try.name, err)
			}
			return nil
		}})
	}
	for _, name := range []string{right, before, after, wrong} {
		out = append(out, subject{peerP + name, func() error {
			if ok, err := peer.ValidateCustom(p.typed[name], p.shared, p.now, asPeer()); err != nil || ok != (name != wrong) {
				return fmt.Errorf("bench: %s%s: %t, %v", peerP, name, ok, err)
			}
			return nil
		}})
	}
	return out, nil
}

// recoverySubjects are attempts at recovery codes, each of which must cost one run of
// Argon2id, whatever is typed. The unit is one run without anything around it.
func recoverySubjects() ([]subject, error) {
	ctx, now := context.Background(), time.Unix(1_700_000_000, 0)
	h := password.NewHasher(nil)
	set, codes, err := totp.NewRecoveryCodes(ctx, h.Derive)
	if err != nil {
		return nil, err
	}
	_, others, err := totp.NewRecoveryCodes(ctx, h.Derive)
	if err != nil {
		return nil, err
	}
	secret, salt := []byte("0123456789ABCDEF"), []byte("0123456789abcdef")
	out := []subject{{units, func() error {
		argon2.IDKey(secret, salt, 1, 47104, 1, 32)
		return nil
	}}}
	for _, try := range []struct {
		name, typed string
		want        error
	}{
		{right, codes.Show()[3], nil},
		{wrong, "0000-0000-0000-0000", totp.ErrWrongCode},
		{noCode, "not a code", totp.ErrWrongCode},
		{otherSet, others.Show()[3], totp.ErrWrongCode},
	} {
		out = append(out, subject{try.name, func() error {
			runs := h.Runs()
			attempt, err := set.Begin(now)
			if err != nil {
				return err
			}
			attempt.Booked()
			if _, err = attempt.Check(ctx, h.Derive, try.typed); !errors.Is(err, try.want) {
				return fmt.Errorf("bench: %s: %v", try.name, err)
			}
			if runs = h.Runs() - runs; runs != 1 {
				return fmt.Errorf("bench: %s: %d runs of Argon2id, want 1", try.name, runs)
			}
			return nil
		}})
	}
	return out, nil
}
