package filter

import (
	"strconv"
	"strings"
)

// The bounds of numbers: how long one may be, and how far its point may be from its digits.
const (
	maxNumber   = 1024
	maxExponent = 100_000
)

// isNumber reports whether s is a number as JSON writes them.
func isNumber(s string) bool {
	_, _, _, ok := splitNumber(s)
	return ok
}

// splitNumber reads a JSON number: the digits before and behind its point, and its exponent.
func splitNumber(s string) (whole, fraction, exponent string, ok bool) {
	s = strings.TrimPrefix(s, "-")
	whole, s = digits(s)
	if whole == "" || whole[0] == '0' && len(whole) > 1 {
		return "", "", "", false
	}
	if rest, found := strings.CutPrefix(s, "."); found {
		if fraction, s = digits(rest); fraction == "" {
			return "", "", "", false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		exponent, s = s[1:], ""
		unsigned := strings.TrimLeft(exponent[:min(1, len(exponent))], "+-") + exponent[min(1, len(exponent)):]
		if n, rest := digits(unsigned); n == "" || rest != "" {
			return "", "", "", false
		}
	}
	return whole, fraction, exponent, s == ""
}

// digits are those that s begins with.
func digits(s string) (found, rest string) {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return s[:n], s[n:]
}

// numberKey writes a number so that texts are ordered as numbers are, and equal ones are the
// same: its sign, where its first digit stands, and its digits. Of a negative one each part is
// turned round.
func numberKey(s string) (string, bool) {
	whole, fraction, exponent, ok := splitNumber(s)
	if !ok || len(s) > maxNumber {
		return "", false
	}
	all := strings.TrimLeft(whole+fraction, "0")
	if all == "" {
		return "0", true
	}
	place := 0 // of the first digit, beside the point
	if exponent != "" {
		n, err := strconv.Atoi(exponent)
		if err != nil || n > maxExponent || n < -maxExponent {
			return "", false
		}
		place = n
	}
	place += len(all) - len(fraction)
	all = strings.TrimRight(all, "0")
	out := make([]byte, 0, len(all)+9)
	const middle = 500_000 // place is far from either end of six digits
	if s[0] != '-' {
		out = append(out, '1')
		out = strconv.AppendInt(out, int64(middle+place), 10)
		out = append(out, '.')
		return string(append(out, all...)), true
	}
	out = append(out, '-')
	out = strconv.AppendInt(out, int64(middle-place), 10)
	out = append(out, '.')
	for i := range len(all) {
		out = append(out, '0'+'9'-all[i])
	}
	return string(append(out, '~')), true // of two that begin the same, the longer is the lesser
}
