package accounts

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

var errPaging = errors.New("accounts: not a page of this list")

// limitOf is how many rows a page has: the contract's bounds, see store.Paging.
func limitOf(n int) (int, error) {
	switch {
	case n < 0:
		return 0, errPaging
	case n == 0:
		return 100, nil
	}
	return min(n, 1000), nil
}

// place is where a page ends: at a row, not at a count, so that the next page goes on
// from there though people come and go.
type place struct {
	joined int64
	id     string
}

func (p place) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.joined, 10) + " " + p.id))
}

// placeIn reads what String has written, and refuses all else: it comes from a URL.
func placeIn(s string) (place, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return place{}, errPaging
	}
	joined, id, _ := strings.Cut(string(b), " ")
	n, err := strconv.ParseInt(joined, 10, 64)
	p := place{n, id}
	if err != nil || id == "" || p.String() != s {
		return place{}, errPaging
	}
	return p, nil
}

// lowerASCII is what lower makes of a column in SQLite.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}
