package totp

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
)

// KDF makes guessing slow: Argon2id or scrypt, as a rule. Hosts that hash passwords pass
// the same one, so that one semaphore bounds the memory of both. What it returns for a
// secret and a salt must stay the same for as long as a set of codes lives: at least 16
// bytes, not all of them zero. It is called by several requests at once.
type KDF func(ctx context.Context, secret, salt []byte) ([]byte, error)

const minDerived = 16

// Peppered keys k: without pepper, which does not stand in the same database, nobody can
// guess at codes from their hashes. pepper has 32 bytes or more; with a shorter one every
// call fails.
func Peppered(pepper []byte, k KDF) KDF {
	pepper = bytes.Clone(pepper)
	return func(ctx context.Context, secret, salt []byte) ([]byte, error) {
		if len(pepper) < 32 {
			return nil, errors.New("totp: a pepper has 32 bytes or more")
		}
		mac := hmac.New(sha256.New, pepper)
		mac.Write([]byte("totp recovery code v1\x00"))
		mac.Write(secret)
		return k.derive(ctx, mac.Sum(nil), salt)
	}
}

func (k KDF) derive(ctx context.Context, secret, salt []byte) ([]byte, error) {
	if k == nil {
		return nil, errors.New("totp: no KDF")
	}
	// Copies: what k does to the salt, and a buffer that it uses again, change nothing here.
	out, err := k(ctx, secret, bytes.Clone(salt))
	if err != nil {
		return nil, fmt.Errorf("totp: KDF: %w", err)
	}
	if !derived(out) {
		return nil, errors.New("totp: KDF: fewer than 16 bytes, or zeros")
	}
	return bytes.Clone(out), nil
}

// derived reports whether b can be the work of a KDF: one that was never filled in would
// be the hash of every code.
func derived(b []byte) bool { return len(b) >= minDerived && len(bytes.Trim(b, "\x00")) > 0 }
