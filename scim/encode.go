package scim

import (
	"encoding/json"
	"time"
)

// appendTime appends t as SCIM has times: UTC, to the microsecond.
func appendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	b = t.UTC().Truncate(time.Microsecond).AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

// An object is written name by name.
type object struct {
	b    []byte
	some bool
}

func begin(b []byte) object { return object{b: append(b, '{')} }

func (o *object) name(a *attribute) {
	if o.some {
		o.b = append(o.b, ',')
	}
	o.some = true
	o.b = append(o.b, a.key...)
}

func (o *object) text(a *attribute, value string) {
	if value != "" {
		o.name(a)
		o.b = appendText(o.b, value)
	}
}

func (o *object) bool(a *attribute, value bool) {
	o.name(a)
	if value {
		o.b = append(o.b, "true"...)
	} else {
		o.b = append(o.b, "false"...)
	}
}

func (o *object) end() []byte { return append(o.b, '}') }

// appendValue appends a value of a, and of its parts those that p shows. What is of no form
// that a schema knows is left out; written is then false.
func appendValue(b []byte, a *attribute, v any, p *projection) (out []byte, written bool) {
	if !a.MultiValued {
		return appendOne(b, a, v, p)
	}
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return b, false
	}
	start := len(b)
	b = append(b, '[')
	some := false
	for _, e := range list {
		mark := len(b)
		if some {
			b = append(b, ',')
		}
		var did bool
		if b, did = appendOne(b, a, e, p); !did {
			b = b[:mark]
			continue
		}
		some = true
	}
	if !some {
		return b[:start], false
	}
	return append(b, ']'), true
}

func appendOne(b []byte, a *attribute, v any, p *projection) ([]byte, bool) {
	if a.Type == "complex" {
		m, ok := v.(map[string]any)
		if !ok {
			return b, false
		}
		return appendComplex(b, a, m, p)
	}
	switch v := v.(type) {
	case string:
		return appendText(b, v), true
	case bool:
		if v {
			return append(b, "true"...), true
		}
		return append(b, "false"...), true
	case json.Number:
		if v == "" || numberLength(string(v)) != len(v) {
			return b, false
		}
		return append(b, v...), true
	}
	return b, false
}

func appendComplex(b []byte, a *attribute, m map[string]any, p *projection) ([]byte, bool) {
	start := len(b)
	o := begin(b)
	for _, s := range a.subs {
		v, ok := m[s.name]
		if !ok || !p.shows(s) {
			continue
		}
		mark, some := len(o.b), o.some
		o.name(s)
		var written bool
		if o.b, written = appendValue(o.b, s, v, p); !written {
			o.b, o.some = o.b[:mark], some
		}
	}
	if !o.some {
		return b[:start], false
	}
	return o.end(), true
}
