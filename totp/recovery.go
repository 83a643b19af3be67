package totp

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	setSize  = 10
	saltSize = 16
)

// RecoveryCodes is one set of codes as it is kept: a salt, and the hashes of those that
// are left. It is a value; its JSON is stable. The zero RecoveryCodes has none left. A new
// set takes the place of the old one, and with it of all of its codes.
//
// It prints as "[redacted]", also inside of other structs: its hashes are nobody's to read
// either.
type RecoveryCodes struct {
	redacted
	held func() recovery
}

func setOf(r recovery) RecoveryCodes { return RecoveryCodes{held: func() recovery { return r }} }

func (r RecoveryCodes) get() recovery {
	if r.held == nil {
		return recovery{}
	}
	return r.held()
}

type recovery struct {
	ID     string   `json:"id"`
	Salt   []byte   `json:"salt"`
	Hashes [][]byte `json:"hashes"` // of those that are left
	limit
}

// NewRecoveryCodes makes a set of ten: what to keep, and what to show once. It costs ten
// runs of kdf, whose error it returns.
func NewRecoveryCodes(ctx context.Context, kdf KDF) (RecoveryCodes, Codes, error) {
	set := recovery{ID: rand.Text(), Salt: make([]byte, saltSize)}
	rand.Read(set.Salt)
	shown := make([]string, setSize)
	for i := range shown {
		shown[i] = newCode()
		hash, err := kdf.derive(ctx, []byte(plain(shown[i])), set.Salt)
		if err != nil {
			return RecoveryCodes{}, Codes{}, err
		}
		set.Hashes = append(set.Hashes, hash)
	}
	return setOf(set), codesOf(shown), nil
}

// ID names the set: random, and no secret.
func (r RecoveryCodes) ID() string { return r.get().ID }

// Left is how many have not been used.
func (r RecoveryCodes) Left() int { return len(r.get().Hashes) }

// Fails counts the attempts since the last one that was right, with one under way.
func (r RecoveryCodes) Fails() int { return r.get().Fails }

// LockedUntil is from when on a code is looked at again; the zero time: now.
func (r RecoveryCodes) LockedUntil() time.Time { return r.get().NextAt }

// Disabled reports whether a hundred attempts in a row were wrong.
func (r RecoveryCodes) Disabled() bool { return r.get().disabled() }

// Begin counts an attempt. The errors are [ErrNoCodes], [ErrDisabled] and a
// [*LockedError]. Save [Redemption.Booked] before anything else. Its count is its own:
// who guesses at the app's codes does not take the recovery codes from their owner.
func (r RecoveryCodes) Begin(now time.Time) (Redemption, error) {
	next := r.get()
	if len(next.Hashes) == 0 {
		return Redemption{}, ErrNoCodes
	}
	limit, err := next.limit.book(instant(now))
	if err != nil {
		return Redemption{}, err
	}
	next.limit = limit
	return Redemption{booked: setOf(next), turn: new(turn)}, nil
}

// Redemption is one try at a recovery code, counted and not yet looked at. It can only be
// had from [RecoveryCodes.Begin], and is good for one Check.
type Redemption struct {
	redacted
	booked RecoveryCodes
	turn   *turn
}

// Booked is what to save, by a swap against what Begin was called on, before Check.
func (d Redemption) Booked() RecoveryCodes {
	d.turn.book()
	return d.booked
}

// Check returns the set without the code that matched, to be saved by a swap against
// Booked in the transaction that lets the person in: of two who redeem one code, one swap
// wins. On [ErrWrongCode] there is nothing to save. It costs one run of kdf, which must be
// the one that the set was made with, whatever the code.
//
// Case, spaces and hyphens count for nothing; O is read as 0, I and L as 1.
func (d Redemption) Check(ctx context.Context, kdf KDF, code string) (RecoveryCodes, error) {
	if err := d.turn.check(); err != nil {
		return RecoveryCodes{}, err
	}
	next := d.booked.get()
	given := plain(code)
	guess := given
	if guess == "" {
		guess = noCode // costs the same, and is not taken
	}
	hash, err := kdf.derive(ctx, []byte(guess), next.Salt)
	if err != nil {
		return RecoveryCodes{}, err
	}
	matched := -1
	for i, h := range next.Hashes {
		matched = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(h, hash), i, matched)
	}
	if matched < 0 || given == "" {
		return RecoveryCodes{}, ErrWrongCode
	}
	next.Hashes = slices.Delete(slices.Clone(next.Hashes), matched, matched+1)
	next.limit = limit{}
	return setOf(next), nil
}

// MarshalJSON is the form to keep.
func (r RecoveryCodes) MarshalJSON() ([]byte, error) { return json.Marshal(r.get()) }

// UnmarshalJSON reads that form. What NewRecoveryCodes could not have made is an error.
func (r *RecoveryCodes) UnmarshalJSON(data []byte) error {
	var v recovery
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("totp: recovery codes: %w", err)
	}
	v.NextAt = instant(v.NextAt)
	if v.limit.broken() || len(v.Hashes) > setSize {
		return errors.New("totp: recovery codes: out of bounds")
	}
	if len(v.Hashes) > 0 && (v.ID == "" || len(v.Salt) != saltSize) {
		return errors.New("totp: recovery codes: without id or salt")
	}
	for _, h := range v.Hashes {
		if !derived(h) {
			return errors.New("totp: recovery codes: a hash is short")
		}
	}
	*r = setOf(v)
	return nil
}
