// Package password hashes passwords, checks them, and says which may be chosen.
//
// It owns Argon2id (RFC 9106) and the memory that costs: one [Hasher] per process
// runs a bounded number of computations at a time, and everything else that needs
// Argon2id goes through [Hasher.Derive] of the same one. It owns the text form of a
// hash (the PHC string), reads the hashes that other systems have kept ([CheckHash]), and owns
// the [Rules] for new passwords.
//
// It refuses to hash without a bound on the input, to compute with parameters from
// outside that have none, and to answer faster for an account that does not exist:
// [Hasher.Verify] with no hash costs what it costs with one.
//
// A password is a sequence of Unicode code points. Before it is hashed or compared it
// is brought to Normalization Form C, so that what is typed on one keyboard is found
// again from another; nothing is trimmed, folded or cut. Length is counted in code
// points of that form (NIST SP 800-63B-4, section 3.1.1.2).
//
// Start at [NewHasher].
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// The cost of one computation: OWASP ASVS 5.0, appendix C, for Argon2id with one
// pass and one lane.
const (
	defaultMemory = 47104 // KiB
	defaultTime   = 1
	lanes         = 1
	saltLen       = 16
	outLen        = 32
)

// maxBytes bounds what is normalised and hashed: 256 code points of 4 bytes.
const maxBytes = 1024

// Hasher computes Argon2id, at most so many at a time. It is safe for concurrent use.
// Make one per process: two bound nothing together.
type Hasher struct {
	cost    cost
	derive  cost
	turns   chan struct{}
	runs    atomic.Int64
	compute func(secret, salt []byte, c cost, n uint32) []byte
}

// cost is what one computation takes. The fields are those of the PHC string.
type cost struct {
	memory uint32 // KiB
	time   uint32 // passes
	lanes  uint8
}

// HasherOptions changes a [Hasher]. Every zero value is safe.
type HasherOptions struct {
	// Parallel is how many computations run at once, each of which takes Memory;
	// 0 means runtime.GOMAXPROCS. With the garbage collector as it is the heap comes to
	// twice that, and half as much again for a moment; GOMEMLIMIT keeps it lower.
	Parallel int
	// Memory (KiB) and Time (passes) raise the cost of new hashes. What is below the
	// default of 47104 KiB and 1 pass counts as the default, what is above 256 MiB
	// and 10 passes as that.
	Memory, Time uint32
	// InsecureCost makes every computation nearly free, for tests only: its hashes
	// give way to guessing. It overrides Memory and Time.
	InsecureCost bool
}

// NewHasher returns a Hasher; nil opts means the defaults.
func NewHasher(opts *HasherOptions) *Hasher {
	var o HasherOptions
	if opts != nil {
		o = *opts
	}
	if o.Parallel <= 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}
	h := &Hasher{
		cost: cost{
			memory: min(max(o.Memory, defaultMemory), maxMemory),
			time:   min(max(o.Time, defaultTime), maxTime),
			lanes:  lanes,
		},
		derive:  cost{memory: defaultMemory, time: defaultTime, lanes: lanes},
		turns:   make(chan struct{}, o.Parallel),
		compute: argon2id,
	}
	if o.InsecureCost {
		h.cost = cost{memory: 64, time: 1, lanes: lanes}
		h.derive = h.cost
	}
	return h
}

func argon2id(secret, salt []byte, c cost, n uint32) []byte {
	return argon2.IDKey(secret, salt, c.time, c.memory, c.lanes, n)
}

// run waits for a turn and computes.
func (h *Hasher) run(ctx context.Context, secret, salt []byte, c cost, n uint32) (out []byte, err error) {
	err = h.turn(ctx, func() { out = h.compute(secret, salt, c, n) })
	return out, err
}

// turn waits for one, and computes.
func (h *Hasher) turn(ctx context.Context, compute func()) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("password: %w", err)
	}
	select {
	case h.turns <- struct{}{}:
	default:
		select {
		case h.turns <- struct{}{}:
		case <-ctx.Done():
			return fmt.Errorf("password: waiting for a turn: %w", ctx.Err())
		}
		collect()
	}
	defer func() { <-h.turns }()
	h.runs.Add(1)
	compute()
	return nil
}

// Runs counts the computations begun so far. Tests compare it to show that two
// answers cost the same; it says nothing about a person.
func (h *Hasher) Runs() int64 { return h.runs.Load() }

// Hash returns the PHC string to keep for password, with a fresh salt.
//
// It judges no rule: ask [Rules.Check] first. It refuses only what Verify could never
// accept, an empty password and one above 1024 bytes, with a *[RejectedError].
// Otherwise the error is ctx's.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	switch {
	case password == "":
		return "", rejected(tooShort(1))
	case len(password) > maxBytes:
		return "", rejected(tooLong())
	}
	salt := make([]byte, saltLen)
	rand.Read(salt) // never fails: crypto/rand ends the program instead
	out, err := h.run(ctx, norm.NFC.Bytes([]byte(password)), salt, h.cost, outLen)
	if err != nil {
		return "", err
	}
	return phc{cost: h.cost, salt: salt, out: out}.String(), nil
}

// Verify reports whether password is the one that hash was made of, and if so whether
// hash is stale: made with other parameters than this Hasher's, or by another system. Then Hash
// the password again and replace the old hash by compare-and-swap.
//
// With hash "" (an unknown account, one without a password) or one that does not
// parse, Verify computes once all the same, against nothing, and answers false. Call
// it on every path that asks for a password, so that none is faster. A password that
// is empty or above 1024 bytes is false at once, whoever's it is. A stale hash costs
// what its own parameters say, until it is renewed.
//
// The error is ctx's; ok is then false.
func (h *Hasher) Verify(ctx context.Context, password, hash string) (ok, stale bool, err error) {
	if password == "" || len(password) > maxBytes {
		return false, false, nil
	}
	secret := norm.NFC.Bytes([]byte(password))
	if theirs, err := parseForeign(hash); err == nil {
		if err := h.turn(ctx, func() { ok = theirs.matches(secret) }); err != nil {
			return false, false, err
		}
		// To HMAC a key is the same with zeros behind it, and to bcrypt in C it ends there.
		ok = ok && !slices.Contains(secret, 0)
		return ok, ok, nil
	}
	want, parseErr := parsePHC(hash)
	if parseErr != nil {
		want = phc{cost: h.cost, salt: make([]byte, saltLen), out: make([]byte, outLen)}
	}
	got, err := h.run(ctx, secret, want.salt, want.cost, uint32(len(want.out)))
	if err != nil {
		return false, false, err
	}
	same := subtle.ConstantTimeCompare(got, want.out) == 1
	if !same || parseErr != nil {
		return false, false, nil
	}
	stale = want.cost != h.cost || len(want.salt) != saltLen || len(want.out) != outLen
	return true, stale, nil
}

// Derive computes Argon2id of secret and salt, 32 bytes, in the same turns as
// passwords. Its cost is fixed (47104 KiB, one pass), whatever the options raise:
// what is derived today is compared with what was derived years ago. Bytes are taken
// as they are, without normalisation.
//
// secret has 1 to 1024 bytes and salt 8 to 64, or the answer is an error.
func (h *Hasher) Derive(ctx context.Context, secret, salt []byte) ([]byte, error) {
	switch {
	case len(secret) == 0 || len(secret) > maxBytes:
		return nil, errors.New("password: a secret to derive from has 1 to 1024 bytes")
	case len(salt) < minSalt || len(salt) > maxSalt:
		return nil, errors.New("password: a salt has 8 to 64 bytes")
	}
	return h.run(ctx, secret, salt, h.derive, outLen)
}
