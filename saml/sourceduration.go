package saml

import (
	"errors"
	"strings"
	"time"
)

// maxDuration bounds what a duration may say; nobody means more, and sums of it with
// any date stay in range.
const maxDuration = 10 * 366 * 24 * time.Hour

// parseDuration reads an xs:duration (XML Schema part 2, section 3.2.6), such as PT6H
// or P7D, to the whole second. A year counts as 365 days and a month as 30. Negative
// ones and those of more than ten years are refused.
func parseDuration(s string) (time.Duration, error) {
	rest, ok := strings.CutPrefix(strings.Trim(s, xmlWhite), "P")
	if !ok || len(rest) > 64 {
		return 0, errors.New("not an xs:duration")
	}
	days, clock, timed := strings.Cut(rest, "T")
	const day = 24 * time.Hour
	total, parts, err := addParts(days, []durationPart{{'Y', 365 * day}, {'M', 30 * day}, {'D', day}})
	if err != nil {
		return 0, err
	}
	if timed {
		more, n, err := addParts(clock, []durationPart{{'H', time.Hour}, {'M', time.Minute}, {'S', time.Second}})
		if err != nil {
			return 0, err
		}
		if n == 0 {
			return 0, errors.New("a T without a time in an xs:duration")
		}
		total, parts = total+more, parts+n
	}
	if parts == 0 {
		return 0, errors.New("an empty xs:duration")
	}
	if total > maxDuration {
		return 0, errors.New("an xs:duration of more than ten years")
	}
	return total, nil
}

type durationPart struct {
	letter byte
	unit   time.Duration
}

// addParts reads numbers with their letters, which stand in order and at most once.
func addParts(s string, order []durationPart) (total time.Duration, n int, err error) {
	bad := errors.New("not an xs:duration")
	for s != "" {
		digits := 0
		for digits < len(s) && isDigit(s[digits]) {
			digits++
		}
		if digits == 0 || digits > 9 || digits == len(s) {
			return 0, 0, bad
		}
		number := time.Duration(0)
		for _, c := range []byte(s[:digits]) {
			number = number*10 + time.Duration(c-'0')
		}
		s = s[digits:]
		if s[0] == '.' { // a fraction, which only seconds have, is cut off
			end := 1
			for end < len(s) && isDigit(s[end]) {
				end++
			}
			if end == 1 || s[end:] != "S" {
				return 0, 0, bad
			}
			s = s[end:]
		}
		for len(order) > 0 && order[0].letter != s[0] {
			order = order[1:]
		}
		if len(order) == 0 {
			return 0, 0, bad
		}
		if number > maxDuration/order[0].unit {
			return 0, 0, errors.New("an xs:duration of more than ten years")
		}
		total += number * order[0].unit
		order, s, n = order[1:], s[1:], n+1
	}
	return total, n, nil
}
