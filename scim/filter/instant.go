package filter

import "time"

// instantLayout is one width for all instants, so that texts are ordered as they are.
const instantLayout = "2006-01-02T15:04:05.000000000Z"

// instantKey is the key of an instant as RFC 7643, section 2.3.5 writes it: a date, a time and
// a zone. A text without a zone has no one meaning, and none of a year that is not of four
// digits in UTC can be written so. What lies beyond nine digits of a second is cut off.
func instantKey(s string) (string, bool) {
	// 2011-05-13T04:42:34, then a fraction, then Z or +02:00
	const shape = "0000-00-00T00:00:00"
	if len(s) <= len(shape) {
		return "", false
	}
	for i := range len(shape) {
		if c := shape[i]; c == '0' && (s[i] < '0' || '9' < s[i]) || c != '0' && c != s[i] {
			return "", false
		}
	}
	fraction, zone := "", s[len(shape):]
	if zone[0] == '.' {
		if fraction, zone = digits(zone[1:]); fraction == "" {
			return "", false
		}
	}
	offset, ok := zoneMinutes(zone)
	if !ok {
		return "", false
	}
	year, month, day := number(s[0:4]), number(s[5:7]), number(s[8:10])
	hour, minute, second := number(s[11:13]), number(s[14:16]), number(s[17:19])
	nanos := 0
	for i := range 9 {
		nanos *= 10
		if i < len(fraction) {
			nanos += int(fraction[i] - '0')
		}
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if t.Month() != time.Month(month) || t.Day() != day || hour > 23 || minute > 59 || second > 59 {
		return "", false
	}
	return timeKey(t.Add(-time.Duration(offset) * time.Minute))
}

// zoneMinutes is how far a zone lies before UTC.
func zoneMinutes(zone string) (int, bool) {
	if zone == "Z" {
		return 0, true
	}
	if len(zone) != 6 || zone[0] != '+' && zone[0] != '-' || zone[3] != ':' {
		return 0, false
	}
	hours, minutes := number(zone[1:3]), number(zone[4:6])
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	n := hours*60 + minutes
	if zone[0] == '-' {
		n = -n
	}
	return n, true
}

// number is what a few digits say, -1 when they are none.
func number(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || '9' < s[i] {
			return -1
		}
		n = 10*n + int(s[i]-'0')
	}
	return n
}

func timeKey(t time.Time) (string, bool) {
	t = t.UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		return "", false
	}
	return t.Format(instantLayout), true
}
