package scim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// A cursor (RFC 9865) is where the next page begins, signed: nobody keeps it here. In it are
// when it ends, how long its pages are, how many items there were at the first, and what the
// Backend said the place is. What it goes with (whose it is, and what was asked for) is in the
// signature alone, so that it goes with nothing else.
type cursor struct {
	expires time.Time
	count   int
	total   int
	after   string
}

const (
	cursorVersion = 1
	cursorHead    = 1 + 8 + 4 + 8
	cursorSum     = sha256.Size
	mostPlace     = 512           // bytes, as Page.Next says
	mostAfter     = mostPlace + 1 // and which list it is of
)

// asked is what a cursor goes with.
type asked struct {
	scope    string // of the tenant and its token
	resource string // "User", "Group", "" both
	filter   string // as it prints when it is resolved
	sort     string
	desc     bool
}

func (c cursor) sign(key []byte, a asked) string {
	b := make([]byte, cursorHead, cursorHead+len(c.after)+cursorSum)
	b[0] = cursorVersion
	binary.BigEndian.PutUint64(b[1:], uint64(c.expires.Unix()))
	binary.BigEndian.PutUint32(b[9:], uint32(c.count))
	binary.BigEndian.PutUint64(b[13:], uint64(c.total))
	b = append(b, c.after...)
	return base64.RawURLEncoding.EncodeToString(append(b, cursorMAC(key, a, b)...))
}

// openCursor reads one that sign has made. One that is not of this key, tenant and question
// is no cursor, whatever is wrong with it.
func openCursor(key []byte, a asked, text string, now time.Time) (cursor, error) {
	invalid := badRequest(InvalidCursor, "This cursor is not one of this query. Leave its value empty to begin with the first page.")
	if len(text) > base64.RawURLEncoding.EncodedLen(cursorHead+mostAfter+cursorSum) {
		return cursor{}, invalid
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < cursorHead+cursorSum || b[0] != cursorVersion {
		return cursor{}, invalid
	}
	body, sum := b[:len(b)-cursorSum], b[len(b)-cursorSum:]
	if !hmac.Equal(sum, cursorMAC(key, a, body)) {
		return cursor{}, invalid
	}
	c := cursor{
		expires: time.Unix(int64(binary.BigEndian.Uint64(body[1:])), 0),
		count:   int(binary.BigEndian.Uint32(body[9:])),
		total:   int(binary.BigEndian.Uint64(body[13:])),
		after:   string(body[cursorHead:]),
	}
	if !now.Before(c.expires) {
		return cursor{}, badRequest(ExpiredCursor, "This cursor has ended. Begin with the first page again.")
	}
	return c, nil
}

// cursorMAC covers the lengths of its parts too, so that none runs into the next.
func cursorMAC(key []byte, a asked, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("accesssec scim cursor 1\x00"))
	desc := "ascending"
	if a.desc {
		desc = "descending"
	}
	for _, part := range []string{a.scope, a.resource, a.filter, a.sort, desc} {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	mac.Write(body)
	return mac.Sum(nil)
}
