package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
)

// slot is one personal field of an event, under the key that its digest binds.
type slot struct {
	key   string
	value *string
}

// slots lists the personal fields of e in their canonical order.
func slots(e *Event) []slot {
	s := make([]slot, 0, 4+len(e.Targets)+2*len(e.Changes))
	s = append(s, slot{"actor.name", &e.Actor.Name}, slot{"actor.address", &e.Actor.Address})
	for i := range e.Targets {
		if t := &e.Targets[i]; t.Person {
			s = append(s, slot{"targets." + strconv.Itoa(i) + ".name", &t.Name})
		}
	}
	s = append(s, slot{"ip", &e.IP}, slot{"agent", &e.Agent})
	for i := range e.Changes {
		if c := &e.Changes[i]; c.Personal {
			n := strconv.Itoa(i)
			s = append(s, slot{"changes." + n + ".old", &c.Old}, slot{"changes." + n + ".new", &c.New})
		}
	}
	return s
}

type salt [32]byte

// digest is what stands in Body for a personal value: hex(SHA-256(salt ‖ key ‖ 0x1f ‖
// value)). The salt is the event's own: the same address in two events gives two
// digests, and once the salt is erased no list of addresses can be tried.
func (s salt) digest(key, value string) string {
	var room [256]byte // most values are short
	b := append(room[:0], s[:]...)
	b = append(append(b, key...), 0x1f)
	sum := sha256.Sum256(append(b, value...))
	return hex.EncodeToString(sum[:])
}

// pair is one line of Personal.
type pair struct{ key, value string }

// appendPersonal writes the canonical bytes of Personal; pairs are in the order of
// slots.
func appendPersonal(b []byte, s salt, pairs []pair) []byte {
	b = append(b, `{"v":1,"salt":"`...)
	b = base64.StdEncoding.AppendEncode(b, s[:])
	b = append(b, `","values":{`...)
	for i, p := range pairs {
		b = appendComma(b, i)
		b = append(appendString(b, p.key), ':')
		b = appendString(b, p.value)
	}
	return append(b, `}}`...)
}

// hide moves the personal values of e out of it: digests take their place, and the
// canonical bytes of Personal are returned, nil when there is nothing to hide.
func hide(e *Event, s salt) []byte {
	var room [8]pair
	pairs, size := room[:0], 0
	for _, p := range slots(e) {
		if *p.value != "" {
			pairs = append(pairs, pair{p.key, *p.value})
			size += len(p.key) + len(*p.value) + len(`"":"",`)
			*p.value = s.digest(p.key, *p.value)
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	return appendPersonal(make([]byte, 0, 80+size), s, pairs)
}

// show puts the values of personal back in the place of their digests. It is false
// when anything does not match: a digest without a value, a value without a digest,
// bytes that are not canonical.
func show(e *Event, personal []byte) bool {
	var w struct {
		Salt   []byte            `json:"salt"`
		Values map[string]string `json:"values"`
	}
	if len(personal) > maxEncoded || json.Unmarshal(personal, &w) != nil || len(w.Salt) != len(salt{}) {
		return false
	}
	var pairs []pair
	for _, p := range slots(e) {
		if *p.value == "" {
			continue
		}
		value := w.Values[p.key]
		if value == "" || salt(w.Salt).digest(p.key, value) != *p.value {
			return false
		}
		*p.value = value
		pairs = append(pairs, pair{p.key, value})
	}
	return pairs != nil && bytes.Equal(personal, appendPersonal(nil, salt(w.Salt), pairs))
}

// erase empties the personal fields of e and reports whether there was one.
func erase(e *Event) bool {
	found := false
	for _, p := range slots(e) {
		found = found || *p.value != ""
		*p.value = ""
	}
	return found
}
