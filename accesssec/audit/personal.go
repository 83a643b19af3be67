package audit

import (
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
	s := []slot{{"actor.name", &e.Actor.Name}, {"actor.address", &e.Actor.Address}}
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
	h := sha256.New()
	h.Write(s[:])
	h.Write([]byte(key))
	h.Write([]byte{0x1f})
	h.Write([]byte(value))
	return hex.EncodeToString(h.Sum(nil))
}

// hide moves the personal values of e out of it: digests take their place, and the
// canonical bytes of Personal are returned, nil when there is nothing to hide.
func hide(e *Event, s salt) []byte {
	b := append([]byte(`{"v":1,"salt":"`), base64.StdEncoding.EncodeToString(s[:])...)
	b = append(b, `","values":{`...)
	n := 0
	for _, p := range slots(e) {
		if *p.value == "" {
			continue
		}
		b = appendComma(b, n)
		b = append(appendString(b, p.key), ':')
		b = appendString(b, *p.value)
		*p.value = s.digest(p.key, *p.value)
		n++
	}
	if n == 0 {
		return nil
	}
	return append(b, `}}`...)
}

// show puts the values of personal back in the place of their digests. With personal
// erased the fields become empty. It is false when anything does not match.
func show(e *Event, personal []byte) (erased, ok bool) {
	if len(personal) > maxEncoded {
		return false, false
	}
	var w struct {
		Salt   []byte            `json:"salt"`
		Values map[string]string `json:"values"`
	}
	if len(personal) > 0 {
		if err := json.Unmarshal(personal, &w); err != nil || len(w.Salt) != len(salt{}) {
			return false, false
		}
	}
	n := 0
	for _, p := range slots(e) {
		if *p.value == "" {
			continue
		}
		n++
		want, value := *p.value, ""
		if len(personal) > 0 {
			value = w.Values[p.key]
			if value == "" || salt(w.Salt).digest(p.key, value) != want {
				return false, false
			}
		}
		*p.value = value
	}
	if len(personal) > 0 && (n == 0 || n != len(w.Values)) {
		return false, false
	}
	return n > 0 && len(personal) == 0, true
}
