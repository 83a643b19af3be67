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

// slotAt is one after the other of the personal fields of e, in their canonical order: a nil value is
// a field that is not personal here, and last is false. It keeps nothing of e, which need not be put
// on the heap for it.
func slotAt(e *Event, i int) (s slot, last bool) {
	switch i {
	case 0:
		return slot{"actor.name", &e.Actor.Name}, false
	case 1:
		return slot{"actor.address", &e.Actor.Address}, false
	}
	if i -= 2; i < len(e.Targets) {
		switch t := &e.Targets[i]; {
		case !t.Person:
		case i == 0: // which is nearly all of them
			return slot{"targets.0.name", &t.Name}, false
		default:
			return slot{"targets." + strconv.Itoa(i) + ".name", &t.Name}, false
		}
		return slot{}, false
	}
	switch i -= len(e.Targets); i {
	case 0:
		return slot{"ip", &e.IP}, false
	case 1:
		return slot{"agent", &e.Agent}, false
	}
	i -= 2
	if i >= 2*len(e.Changes) {
		return slot{}, true
	}
	c, n := &e.Changes[i/2], strconv.Itoa(i/2)
	switch {
	case !c.Personal:
		return slot{}, false
	case i%2 == 0:
		return slot{"changes." + n + ".old", &c.Old}, false
	}
	return slot{"changes." + n + ".new", &c.New}, false
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
	var out [2 * len(sum)]byte
	hex.Encode(out[:], sum[:])
	return string(out[:])
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
	for i := 0; ; i++ {
		p, last := slotAt(e, i)
		if last {
			break
		}
		if p.value != nil && *p.value != "" {
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
	for i := 0; ; i++ {
		p, last := slotAt(e, i)
		if last {
			break
		}
		if p.value == nil || *p.value == "" {
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
	for i := 0; ; i++ {
		p, last := slotAt(e, i)
		if last {
			return found
		}
		if p.value != nil && *p.value != "" {
			found, *p.value = true, ""
		}
	}
}
