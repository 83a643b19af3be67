package accesssec

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/accesssec/accesssec-go/internal/newid"
)

// newID makes an id of 130 random bits after a noun: "org-4f2k…".
func newID(noun string) string { return newid.Of(noun) }

// newSecret makes a bearer value of 256 random bits after a version mark.
func newSecret(mark string) string {
	var b [32]byte
	rand.Read(b[:]) // never fails: the program is ended instead
	return mark + base64.RawURLEncoding.EncodeToString(b[:])
}

// plausible reports whether v has the shape of newSecret(mark), before any look-up.
func plausible(v, mark string) bool {
	rest, ok := strings.CutPrefix(v, mark)
	if !ok || len(rest) != 43 {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	return err == nil
}

// newTrace makes an id that a person can read out over the phone: "7K4Q-M2XD".
func newTrace() string {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's: no I, L, O, U
	var b [8]byte
	rand.Read(b[:])
	for i := range b {
		b[i] = alphabet[b[i]%32]
	}
	return string(b[:4]) + "-" + string(b[4:])
}

func hexOf(b []byte) string {
	var room [64]byte // of a hash: one piece of memory in place of two
	return string(hex.AppendEncode(room[:0], b))
}
