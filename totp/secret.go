package totp

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"fmt"
)

// The sizes of a secret in bytes. RFC 4226, section 4, wants 128 bits and recommends 160.
const (
	secretSize = 20
	minSecret  = 16
	maxSecret  = 128
)

// Secret is what the app and we share. The zero Secret is refused everywhere: an empty
// column in a database must not be a secret that everybody knows.
type Secret struct {
	redacted
	held func() []byte
}

// SecretFrom is the Secret of bytes that a caller has kept, 16 to 128 of them.
// Everything else is [ErrSecret], and so is a secret of zeros.
func SecretFrom(b []byte) (Secret, error) {
	if len(b) < minSecret || len(b) > maxSecret || len(bytes.Trim(b, "\x00")) == 0 {
		return Secret{}, ErrSecret
	}
	kept := bytes.Clone(b)
	return Secret{held: func() []byte { return kept }}, nil
}

func newSecret() Secret {
	b := make([]byte, secretSize)
	rand.Read(b) // crypto/rand.Read fills all of b or ends the program
	return Secret{held: func() []byte { return b }}
}

// Bytes is a copy of the secret, for the caller to seal. It is nil for the zero Secret.
func (s Secret) Bytes() []byte { return bytes.Clone(s.bytes()) }

func (s Secret) bytes() []byte {
	if s.held == nil {
		return nil
	}
	return s.held()
}

// base32 is the form of otpauth links: upper case, no padding.
func (s Secret) base32() (string, error) {
	b := s.bytes()
	if len(b) < minSecret {
		return "", fmt.Errorf("%w: %d bytes", ErrSecret, len(b))
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b), nil
}
