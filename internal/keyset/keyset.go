// Package keyset pages through ordered lists for the stores in this module. It owns
// the place where a page ends, the opaque token that names it, and the bounds of a
// page. It refuses tokens that it did not make: they come back from outside.
//
// Start with [Ask], which reads what a caller asked for, and [Place.Token], which says
// where the next page begins. A place holds the sort value and the id of a row and not
// a count, so that a page starts where the last one ended though rows came or went.
package keyset

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

// The bounds of a page, and of what is read to find one.
const (
	DefaultLimit = 100
	MaxLimit     = 1000

	maxToken  = 1 << 20 // bytes; a token holds one sort value
	maxOffset = 1 << 30 // beyond the end of every list
)

// The errors of this package. The message names the contract they are about.
var (
	ErrToken = errors.New("store: not a page token of this store")
	ErrLimit = errors.New("store: negative limit or offset, or an offset beside a token")
)

// Place is where a row stands in a list: by Num, then Text, then ID. A list sorts by
// one of Num and Text and leaves the other alone.
type Place struct {
	Missing bool // without a sort value: last in either direction
	Num     int64
	Text    string
	ID      string // breaks ties, rising in either direction
}

// At is the place of a row that is listed by t, in microseconds.
func At(t time.Time, id string) Place { return Place{Num: t.UnixMicro(), ID: id} }

// Compare is negative when p comes before q, and positive when it comes after. desc
// turns the order of Num and Text round and nothing else.
func (p Place) Compare(q Place, desc bool) int {
	if p.Missing != q.Missing {
		if p.Missing {
			return 1
		}
		return -1
	}
	c := cmp.Or(cmp.Compare(p.Num, q.Num), cmp.Compare(p.Text, q.Text))
	if desc {
		c = -c
	}
	return cmp.Or(c, cmp.Compare(p.ID, q.ID))
}

// Token is the opaque form of p. It says what it says to who can decode it, which is
// no more than the row it was made of.
func (p Place) Token() string {
	b := []byte{1, 0} // the format, and Missing
	if p.Missing {
		b[1] = 1
	}
	b = binary.BigEndian.AppendUint64(b, uint64(p.Num))
	b = binary.AppendUvarint(b, uint64(len(p.Text)))
	b = append(b, p.Text...)
	b = append(b, p.ID...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Parse reads what [Place.Token] wrote. It is [ErrToken] for anything else, text that
// no store keeps (no UTF-8, or with a NUL) included.
func Parse(token string) (Place, error) {
	if len(token) > maxToken {
		return Place{}, ErrToken
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < 10 || b[0] != 1 || b[1] > 1 {
		return Place{}, ErrToken
	}
	p := Place{Missing: b[1] == 1, Num: int64(binary.BigEndian.Uint64(b[2:10]))}
	rest := b[10:]
	n, size := binary.Uvarint(rest)
	if size <= 0 || n > uint64(len(rest)-size) {
		return Place{}, ErrToken
	}
	rest = rest[size:]
	p.Text, p.ID = string(rest[:n]), string(rest[n:])
	if !kept(p.Text) || !kept(p.ID) || p.Token() != token {
		return Place{}, ErrToken
	}
	return p, nil
}

func kept(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// Limit is how many rows a page has for a caller that asked for n: 0 stands for
// [DefaultLimit], more than [MaxLimit] for MaxLimit, and less than 0 is [ErrLimit].
func Limit(n int) (int, error) {
	switch {
	case n < 0:
		return 0, ErrLimit
	case n == 0:
		return DefaultLimit, nil
	}
	return min(n, MaxLimit), nil
}

// Window is the part of a list that a caller asked for.
type Window struct {
	After  *Place // nil on the first page
	Offset int    // rows to pass over; 0 beside After
	Limit  int    // within the bounds
}

// Ask checks what a caller asked for: a token or "", how many rows, and how many to
// pass over first.
func Ask(after string, limit, offset int) (Window, error) {
	n, err := Limit(limit)
	if err != nil {
		return Window{}, err
	}
	if offset < 0 || offset > 0 && after != "" {
		return Window{}, ErrLimit
	}
	w := Window{Offset: min(offset, maxOffset), Limit: n}
	if after == "" {
		return w, nil
	}
	p, err := Parse(after)
	if err != nil {
		return Window{}, err
	}
	w.After = &p
	return w, nil
}
