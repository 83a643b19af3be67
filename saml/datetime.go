package saml

import (
	"errors"
	"strings"
	"time"
)

// parseTime reads an xs:dateTime. Without a zone it is UTC (saml-core 1.3.3). Years
// outside 2000 to 2199 are refused: no honest assertion has them, and they would
// reach records that are kept until then.
func parseTime(s string) (time.Time, error) {
	s = strings.Trim(s, xmlWhite)
	const layout = "2006-01-02T15:04:05"
	if len(s) < len(layout) || len(s) > 64 {
		return time.Time{}, errors.New("not an xs:dateTime")
	}
	t, err := time.Parse(layout, s[:len(layout)])
	if err != nil {
		return time.Time{}, errors.New("not an xs:dateTime")
	}
	rest := s[len(layout):]
	if strings.HasPrefix(rest, ".") {
		digits := 1
		for digits < len(rest) && isDigit(rest[digits]) {
			digits++
		}
		if digits == 1 {
			return time.Time{}, errors.New("a fraction without digits")
		}
		nanos := int64(0)
		for i := 1; i <= 9; i++ {
			nanos *= 10
			if i < digits {
				nanos += int64(rest[i] - '0')
			}
		}
		t = t.Add(time.Duration(nanos))
		rest = rest[digits:]
	}
	offset, err := parseZone(rest)
	if err != nil {
		return time.Time{}, err
	}
	t = t.Add(-offset)
	if t.Year() < 2000 || t.Year() > 2199 {
		return time.Time{}, errors.New("a year that cannot be meant")
	}
	return t, nil
}

// parseZone reads "", "Z" or an offset of at most 14 hours.
func parseZone(s string) (time.Duration, error) {
	if s == "" || s == "Z" {
		return 0, nil
	}
	bad := errors.New("not a time zone")
	if len(s) != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':' {
		return 0, bad
	}
	for _, i := range []int{1, 2, 4, 5} {
		if !isDigit(s[i]) {
			return 0, bad
		}
	}
	hours, minutes := int(s[1]-'0')*10+int(s[2]-'0'), int(s[4]-'0')*10+int(s[5]-'0')
	if minutes > 59 || hours > 14 || hours == 14 && minutes > 0 {
		return 0, bad
	}
	d := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if s[0] == '-' {
		d = -d
	}
	return d, nil
}
