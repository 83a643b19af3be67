package filter

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Key is the form in which values of a are compared, in memory, in an index and in a database
// alike: two values are equal when their keys are, and ordered as their keys are, byte by byte.
// It is false for a value that is not of a's type, and "" for an empty text, which counts as
// not assigned (RFC 7643, section 2.5).
//
//   - a String is folded by [Fold], or as it is where a is CaseExact
//   - a Binary or a Reference is as it is
//   - a Boolean is "true" or "false"
//   - a Decimal or an Integer is exact, and equal numbers have one key: 1, 1.0 and 10e-1
//   - a DateTime is its instant in UTC, to nine digits of a second, always as long:
//     "2011-05-13T04:42:34.000000000Z"
//
// Values are string, bool, [json.Number], float64, int, int64 and, for a DateTime, [time.Time].
// Text that is no UTF-8 or has a NUL has no key. An attribute without a Type takes a string, a
// bool or a number for what it is, which is how filters are matched that were not resolved.
func (a Attribute) Key(value any) (string, bool) {
	switch a.Type {
	case String, "":
		if s, ok := value.(string); ok {
			if !a.CaseExact {
				return Fold(s), sound(s)
			}
			return s, sound(s)
		}
		if a.Type == "" {
			return looseKey(value)
		}
	case Reference, Binary:
		s, ok := value.(string)
		return s, ok && sound(s)
	case Boolean:
		if b, ok := value.(bool); ok {
			return strconv.FormatBool(b), true
		}
	case Decimal, Integer:
		return anyNumberKey(value)
	case DateTime:
		switch v := value.(type) {
		case string:
			return instantKey(v)
		case time.Time:
			return timeKey(v)
		}
	}
	return "", false
}

// looseKey is the key of a value of which no type is known.
func looseKey(value any) (string, bool) {
	switch v := value.(type) {
	case bool:
		return strconv.FormatBool(v), true
	case time.Time:
		return timeKey(v)
	}
	return anyNumberKey(value)
}

func anyNumberKey(value any) (string, bool) {
	switch v := value.(type) {
	case json.Number:
		return numberKey(string(v))
	case float64:
		return numberKey(strconv.FormatFloat(v, 'g', -1, 64))
	case int:
		return numberKey(strconv.Itoa(v))
	case int64:
		return numberKey(strconv.FormatInt(v, 10))
	}
	return "", false
}

// sound reports whether s is text that every database can keep.
func sound(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }
