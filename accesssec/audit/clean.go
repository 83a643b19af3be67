package audit

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The bounds, in bytes of valid UTF-8 and in elements. Together with escaping they
// keep the largest event below maxEncoded.
const (
	maxToken = 64  // kinds, reasons, fields, keys, outcomes, types
	maxID    = 128 // ids, sessions, traces
	maxName  = 256
	maxAddr  = 320 // RFC 5321: 64 + "@" + 255
	maxIP    = 64
	maxAgent = 512
	maxValue = 512
	maxList  = 64 // targets, changes, facts: each

	maxEncoded = 1 << 20
)

// cutMark ends a value that was cut, and names the element that stands for those
// left out of a list.
const cutMark = "(cut)"

// clean returns what is kept of e: a copy within all bounds. It changes nothing that
// is clean already.
func clean(e Event) Event {
	e.ID = token(e.ID, maxID)
	e.Type = Type(token(string(e.Type), maxToken))
	e.At = e.At.UTC().Truncate(time.Microsecond)
	e.Actor = Actor{
		Kind:       token(e.Actor.Kind, maxToken),
		ID:         token(e.Actor.ID, maxID),
		Name:       text(e.Actor.Name, maxName),
		Address:    text(e.Actor.Address, maxAddr),
		OnBehalfOf: token(e.Actor.OnBehalfOf, maxID),
	}
	e.Outcome = Outcome(token(string(e.Outcome), maxToken))
	e.Reason = token(e.Reason, maxToken)
	e.Session = token(e.Session, maxID)
	e.Trace = token(e.Trace, maxID)
	e.IP = text(e.IP, maxIP)
	e.Agent = text(e.Agent, maxAgent)
	e.Targets = cleanList(e.Targets, func(t Target) Target {
		return Target{Kind: token(t.Kind, maxToken), ID: token(t.ID, maxID), Name: text(t.Name, maxName), Person: t.Person}
	}, func(n string) Target { return Target{Kind: cutMark, ID: n} })
	e.Changes = cleanList(e.Changes, func(c Change) Change {
		return Change{Field: token(c.Field, maxToken), Old: text(c.Old, maxValue), New: text(c.New, maxValue), Personal: c.Personal}
	}, func(n string) Change { return Change{Field: cutMark, New: n} })
	e.Facts = cleanList(e.Facts, func(f Fact) Fact {
		return Fact{Key: token(f.Key, maxToken), Value: text(f.Value, maxValue)}
	}, func(n string) Fact { return Fact{Key: cutMark, Value: n} })
	e.Erased = false
	return e
}

// cleanList cleans each element. Of a list that is too long the last place goes to a
// mark that says how many were left out.
func cleanList[T any](list []T, each func(T) T, mark func(n string) T) []T {
	if len(list) == 0 {
		return nil
	}
	keep := list
	if len(list) > maxList {
		keep = list[:maxList-1]
	}
	left := len(list) - len(keep)
	out := make([]T, 0, len(keep)+min(left, 1))
	for _, v := range keep {
		out = append(out, each(v))
	}
	if left > 0 {
		out = append(out, mark(strconv.Itoa(left)))
	}
	return out
}

// text makes s valid UTF-8 of at most most bytes.
func text(s string, most int) string {
	if len(s) <= most && plain(s) {
		return s
	}
	cut := len(s) > most
	if cut {
		s = s[:most]
	}
	return bound(strings.ToValidUTF8(s, "\uFFFD"), most, cut)
}

// token is text for what stands in a column: without control characters, which some
// databases refuse.
func token(s string, most int) string {
	if len(s) <= most && plain(s) {
		return s
	}
	cut := len(s) > most
	if cut {
		s = s[:most]
	}
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r <= 0x9f {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return bound(s, most, cut)
}

// bound cuts valid UTF-8 between two runes and marks the cut.
func bound(s string, most int, cut bool) string {
	if !cut && len(s) <= most {
		return s
	}
	end := min(len(s), most-len(cutMark))
	for end > 0 && end < len(s) && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + cutMark
}
