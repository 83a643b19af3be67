package accesssec

import (
	"crypto/rand"
	"hash/crc32"
	"strings"
)

// The shape of a SCIM token: "<brand>_scim_", 43 characters of base62, which are 256 random
// bits, and 6 that are the CRC-32 (IEEE) of all that stands before them. Scanners for leaked
// secrets find it, and what was cut short or mistyped is told apart without a look-up.
const (
	scimMark      = "_scim_"
	scimRandom    = 43
	scimCheck     = 6
	scimShown     = 4 // of the random characters, so that people can tell one token from another
	mostSCIMBrand = 63
	mostSCIMToken = mostSCIMBrand + len(scimMark) + scimRandom + scimCheck

	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// newSCIMToken makes the bearer value, and how it begins.
func newSCIMToken(brand string) (token, shown string) {
	body := brand + scimMark + randomBase62(scimRandom)
	return body + checkOf(body), body[:len(body)-scimRandom+scimShown]
}

// randomBase62 has each character from bytes below the highest multiple of 62, so that none is
// likelier than another.
func randomBase62(n int) string {
	out := make([]byte, 0, n)
	var b [64]byte
	for len(out) < n {
		rand.Read(b[:]) // never fails: the program is ended instead
		for _, v := range b {
			if v < 248 && len(out) < n {
				out = append(out, base62[v%62])
			}
		}
	}
	return string(out)
}

// checkOf is the CRC-32 of body in base62, the highest digit first.
func checkOf(body string) string {
	var out [scimCheck]byte
	sum := crc32.ChecksumIEEE([]byte(body))
	for i := range out {
		out[scimCheck-1-i] = base62[sum%62]
		sum /= 62
	}
	return string(out[:])
}

func inBase62(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// plausibleSCIMToken reports whether v has the shape of a SCIM token, of whatever brand: a host
// that gives its product another name keeps the tokens that its customers have.
func plausibleSCIMToken(v string) bool {
	at := len(v) - scimRandom - scimCheck
	if len(v) > mostSCIMToken || at <= len(scimMark) {
		return false
	}
	brand, ok := strings.CutSuffix(v[:at], scimMark)
	if !ok {
		return false
	}
	for _, c := range []byte(brand) {
		if c != '-' && !inBase62(c) {
			return false
		}
	}
	for _, c := range []byte(v[at:]) {
		if !inBase62(c) {
			return false
		}
	}
	return checkOf(v[:len(v)-scimCheck]) == v[len(v)-scimCheck:]
}
