package totp

import (
	"crypto/subtle"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// skew is how many steps of time a phone may be off, either way (RFC 6238, section 5.2).
const skew = 1

var algorithms = map[Algorithm]otp.Algorithm{
	SHA1:   otp.AlgorithmSHA1,
	SHA256: otp.AlgorithmSHA256,
	SHA512: otp.AlgorithmSHA512,
}

// match is the latest step within skew of now that the code belongs to; -1 none. It does
// the same work whichever it is.
func (e enrollment) match(s Secret, now time.Time, code string) (int64, error) {
	secret, err := s.base32()
	if err != nil {
		return 0, err
	}
	algorithm, ok := algorithms[e.Algorithm]
	if !ok || e.Period <= 0 {
		return 0, fmt.Errorf("totp: algorithm %.20q, period %d", e.Algorithm, e.Period)
	}
	given := []byte(clean(code))
	current := now.Unix() / int64(e.Period)
	matched := -1 // of the steps below, counted from the earliest
	for i := range 2*skew + 1 {
		step := current - skew + int64(i)
		// Of 1970's first step the one before is -1, which is as good as none.
		want, err := hotp.GenerateCodeCustom(secret, uint64(step), hotp.ValidateOpts{Digits: otp.Digits(e.Digits), Algorithm: algorithm})
		if err != nil {
			return 0, fmt.Errorf("totp: %w", err)
		}
		same := subtle.ConstantTimeCompare([]byte(want), given)
		matched = subtle.ConstantTimeSelect(same, i, matched)
	}
	if matched < 0 {
		return -1, nil
	}
	return current - skew + int64(matched), nil
}

// longestCode bounds what is looked at, in bytes; people type spaces.
const longestCode = 64

// zeros are the first of the ten digits of the scripts that keyboards write codes in.
var zeros = [...]rune{'0', '\u0660', '\u06f0', '\u0966', '\uff10'}

// clean is code as digits, however it was typed, and "" when it is no code. What is
// compared and what is kept both come from here, so that no other spelling of a code is
// another code.
func clean(code string) string {
	if len(code) > longestCode {
		return ""
	}
	var b strings.Builder
	for _, c := range code {
		if filler(c) {
			continue
		}
		digit := rune(-1)
		for _, zero := range zeros {
			if zero <= c && c <= zero+9 {
				digit = c - zero
			}
		}
		if digit < 0 {
			return ""
		}
		b.WriteByte(byte('0' + digit))
	}
	return b.String()
}

// filler is what people and keyboards put between the characters of a code.
func filler(c rune) bool {
	return unicode.IsSpace(c) || unicode.Is(unicode.Dash, c) || unicode.Is(unicode.Cf, c)
}
