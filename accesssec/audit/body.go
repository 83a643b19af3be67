package audit

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// version is that of the layout of Body. A new layout gets a new number, and every
// release reads all that came before it.
const version = 1

// timeLayout is UTC with exactly six digits of fraction.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// appendBody writes the canonical bytes of e, which is clean and has digests in its
// personal fields: one JSON object, every key present, always in this order.
func appendBody(b []byte, orgID string, e *Event) []byte {
	b = append(b, `{"v":`...)
	b = strconv.AppendInt(b, version, 10)
	b = appendField(b, `,"org":`, orgID)
	b = appendField(b, `,"id":`, e.ID)
	b = append(b, `,"at":"`...)
	b = append(appendTime(b, e.At), '"')
	b = appendField(b, `,"type":`, string(e.Type))
	b = appendField(b, `,"actor":{"kind":`, e.Actor.Kind)
	b = appendField(b, `,"id":`, e.Actor.ID)
	b = appendField(b, `,"name":`, e.Actor.Name)
	b = appendField(b, `,"address":`, e.Actor.Address)
	b = appendField(b, `,"on_behalf_of":`, e.Actor.OnBehalfOf)
	b = append(b, `},"targets":[`...)
	for i, t := range e.Targets {
		b = appendComma(b, i)
		b = appendField(b, `{"kind":`, t.Kind)
		b = appendField(b, `,"id":`, t.ID)
		b = appendField(b, `,"name":`, t.Name)
		b = append(b, `,"person":`...)
		b = append(strconv.AppendBool(b, t.Person), '}')
	}
	b = appendField(b, `],"outcome":`, string(e.Outcome))
	b = appendField(b, `,"reason":`, e.Reason)
	b = appendField(b, `,"session":`, e.Session)
	b = appendField(b, `,"trace":`, e.Trace)
	b = appendField(b, `,"ip":`, e.IP)
	b = appendField(b, `,"agent":`, e.Agent)
	b = append(b, `,"changes":[`...)
	for i, c := range e.Changes {
		b = appendComma(b, i)
		b = appendField(b, `{"field":`, c.Field)
		b = appendField(b, `,"old":`, c.Old)
		b = appendField(b, `,"new":`, c.New)
		b = append(b, `,"personal":`...)
		b = append(strconv.AppendBool(b, c.Personal), '}')
	}
	b = append(b, `],"facts":[`...)
	for i, f := range e.Facts {
		b = appendComma(b, i)
		b = appendField(b, `{"key":`, f.Key)
		b = appendField(b, `,"value":`, f.Value)
		b = append(b, '}')
	}
	return append(b, `]}`...)
}

// appendTime appends t, which is UTC and in the years 0 to 9999, in timeLayout.
func appendTime(b []byte, t time.Time) []byte {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = append(appendDigits(b, year, 4), '-')
	b = append(appendDigits(b, int(month), 2), '-')
	b = append(appendDigits(b, day, 2), 'T')
	b = append(appendDigits(b, hour, 2), ':')
	b = append(appendDigits(b, minute, 2), ':')
	b = append(appendDigits(b, second, 2), '.')
	return append(appendDigits(b, t.Nanosecond()/1000, 6), 'Z')
}

// appendDigits appends so many digits of v, which has no more.
func appendDigits(b []byte, v, digits int) []byte {
	b = append(b, "000000"[:digits]...)
	for i := len(b) - 1; v > 0; i-- {
		b[i] = byte('0' + v%10)
		v /= 10
	}
	return b
}

func appendComma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}

func appendField(b []byte, key, value string) []byte {
	return appendString(append(b, key...), value)
}

// appendString writes a JSON string (RFC 8259, section 7) of valid UTF-8. Besides
// quote and backslash it escapes whatever could end or reorder a line where the bytes
// are shown: control characters, line and paragraph separators, and the marks that
// turn the direction of text. The list is fixed; it must not grow with Unicode.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	if plain(s) {
		return append(append(b, s...), '"')
	}
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20, r >= 0x7f && r <= 0x9f, r == 0x200e, r == 0x200f,
			r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
			b = append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// plain reports whether s is printable ASCII that stands for itself, as most values are.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// wire is Body as a JSON reader finds it.
type wire struct {
	V       int      `json:"v"`
	Org     string   `json:"org"`
	ID      string   `json:"id"`
	At      string   `json:"at"`
	Type    Type     `json:"type"`
	Actor   Actor    `json:"actor"`
	Targets []Target `json:"targets"`
	Outcome Outcome  `json:"outcome"`
	Reason  string   `json:"reason"`
	Session string   `json:"session"`
	Trace   string   `json:"trace"`
	IP      string   `json:"ip"`
	Agent   string   `json:"agent"`
	Changes []Change `json:"changes"`
	Facts   []Fact   `json:"facts"`
}

// parseBody reads Body without judging it: personal fields hold digests, and only
// writing the event again shows whether the bytes were canonical. newer is the
// version of a layout that this release does not know, else 0.
func parseBody(body []byte) (org string, e Event, newer int, ok bool) {
	if len(body) > maxEncoded {
		return "", Event{}, 0, false
	}
	var w wire
	if err := json.Unmarshal(body, &w); err != nil {
		var v struct{ V int }
		if json.Unmarshal(body, &v) == nil && v.V > version {
			return "", Event{}, v.V, false
		}
		return "", Event{}, 0, false
	}
	if w.V > version {
		return "", Event{}, w.V, false
	}
	at, err := time.Parse(timeLayout, w.At)
	if err != nil {
		return "", Event{}, 0, false
	}
	return w.Org, Event{
		ID: w.ID, Type: w.Type, At: at, Actor: w.Actor, Targets: orNil(w.Targets),
		Outcome: w.Outcome, Reason: w.Reason, Session: w.Session, Trace: w.Trace,
		IP: w.IP, Agent: w.Agent, Changes: orNil(w.Changes), Facts: orNil(w.Facts),
	}, 0, true
}

// orNil gives an empty list the form that clean gives it.
func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}
