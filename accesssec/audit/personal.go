package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
)

// personalAt is one after the other of the personal fields of e, in their canonical order, with the
// key that its digest binds: a nil value is a field that is not personal here, and last comes behind
// them. It keeps nothing of e, which need not be put on the heap for it.
func personalAt(e *Event, i int) (key string, value *string, last bool) {
	switch i {
	case 0:
		return "actor.name", &e.Actor.Name, false
	case 1:
		return "actor.address", &e.Actor.Address, false
	}
	if i -= 2; i < len(e.Targets) {
		switch t := &e.Targets[i]; {
		case !t.Person:
		case i == 0: // which is nearly all of them
			return "targets.0.name", &t.Name, false
		default:
			return "targets." + strconv.Itoa(i) + ".name", &t.Name, false
		}
		return "", nil, false
	}
	switch i -= len(e.Targets); i {
	case 0:
		return "ip", &e.IP, false
	case 1:
		return "agent", &e.Agent, false
	}
	i -= 2
	if i >= 2*len(e.Changes) {
		return "", nil, true
	}
	c, n := &e.Changes[i/2], strconv.Itoa(i/2)
	switch {
	case !c.Personal:
		return "", nil, false
	case i%2 == 0:
		return "changes." + n + ".old", &c.Old, false
	}
	return "changes." + n + ".new", &c.New, false
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
// personalAt.
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
		key, value, last := personalAt(e, i)
		if last {
			break
		}
		if value != nil && *value != "" {
			pairs = append(pairs, pair{key, *value})
			size += len(key) + len(*value) + len(`"":"",`)
			*value = s.digest(key, *value)
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
		key, value, last := personalAt(e, i)
		if last {
			break
		}
		if value == nil || *value == "" {
			continue
		}
		said := w.Values[key]
		if said == "" || salt(w.Salt).digest(key, said) != *value {
			return false
		}
		*value = said
		pairs = append(pairs, pair{key, said})
	}
	return pairs != nil && bytes.Equal(personal, appendPersonal(nil, salt(w.Salt), pairs))
}

// erase empties the personal fields of e and reports whether there was one.
func erase(e *Event) bool {
	found := false
	for i := 0; ; i++ {
		_, value, last := personalAt(e, i)
		if last {
			return found
		}
		if value != nil && *value != "" {
			found, *value = true, ""
		}
	}
}
