package keyset_test

import (
	"encoding/base64"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/internal/keyset"
)

func places() []keyset.Place {
	return []keyset.Place{
		{},
		{ID: "a"},
		{Num: math.MinInt64, ID: "a"},
		{Num: math.MaxInt64, Text: "both", ID: "a"},
		{Text: "größe", ID: "b"},
		{Text: strings.Repeat("x", 300), ID: "b"},
		{Missing: true, ID: "c"},
		keyset.At(time.Time{}, "d"),
		keyset.At(time.Date(2040, 1, 2, 3, 4, 5, 6000, time.UTC), "d"),
	}
}

func TestTokenRoundTrip(t *testing.T) {
	t.Parallel()
	for _, p := range places() {
		got, err := keyset.Parse(p.Token())
		if err != nil || got != p {
			t.Errorf("%+v came back as %+v, %v", p, got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	raw := func(b string) string { return base64.RawURLEncoding.EncodeToString([]byte(b)) }
	zeros := strings.Repeat("\x00", 8)
	good := keyset.Place{Num: 1, Text: "a", ID: "b"}.Token()
	cases := map[string]string{
		"empty":               "",
		"not base64":          "%%%",
		"padded":              good + "=",
		"a line break in it":  good[:4] + "\n" + good[4:],
		"spare bits":          good[:len(good)-1] + "h",
		"too short":           raw("\x01\x00" + zeros),
		"another format":      raw("\x02\x00" + zeros + "\x00"),
		"another flag":        raw("\x01\x02" + zeros + "\x00"),
		"text beyond its end": raw("\x01\x00" + zeros + "\x05abcd"),
		"a length too long":   raw("\x01\x00" + zeros + strings.Repeat("\xff", 10)),
		"a length in excess":  raw("\x01\x00" + zeros + "\x81\x00ab"),
		"text with a NUL":     keyset.Place{Text: "a\x00", ID: "b"}.Token(),
		"an id with a NUL":    keyset.Place{ID: "\x00"}.Token(),
		"text is no UTF-8":    keyset.Place{Text: "\xff", ID: "b"}.Token(),
		"too long":            keyset.Place{Text: strings.Repeat("x", 1<<20), ID: "b"}.Token(),
	}
	for name, token := range cases {
		if p, err := keyset.Parse(token); !errors.Is(err, keyset.ErrToken) || p != (keyset.Place{}) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	byNum := []keyset.Place{{Num: 2, ID: "b"}, {Num: 1, ID: "z"}, {Missing: true, ID: "b"}, {Num: 2, ID: "a"}, {Missing: true, ID: "a"}}
	byText := []keyset.Place{{Text: "é", ID: "a"}, {Text: "Z", ID: "b"}, {Text: "a", ID: "a"}, {Missing: true, ID: "c"}}
	cases := []struct {
		name string
		rows []keyset.Place
		desc bool
		want []keyset.Place
	}{
		{"rising", byNum, false, []keyset.Place{byNum[1], byNum[3], byNum[0], byNum[4], byNum[2]}},
		{"falling, ids still rise", byNum, true, []keyset.Place{byNum[3], byNum[0], byNum[1], byNum[4], byNum[2]}},
		{"bytes", byText, false, []keyset.Place{byText[1], byText[2], byText[0], byText[3]}},
		{"bytes falling", byText, true, []keyset.Place{byText[0], byText[2], byText[1], byText[3]}},
	}
	for _, c := range cases {
		got := slices.SortedFunc(slices.Values(c.rows), func(a, b keyset.Place) int { return a.Compare(b, c.desc) })
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s:\n%s", c.name, d)
		}
	}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	p := keyset.Place{Num: 7, ID: "a"}
	cases := []struct {
		name          string
		after         string
		limit, offset int
		want          keyset.Window
		err           error
	}{
		{name: "nothing asked", want: keyset.Window{Limit: 100}},
		{name: "some", limit: 7, offset: 3, want: keyset.Window{Limit: 7, Offset: 3}},
		{name: "the most", limit: 1000, want: keyset.Window{Limit: 1000}},
		{name: "more than the most", limit: math.MaxInt, want: keyset.Window{Limit: 1000}},
		{name: "an offset that would overflow", offset: math.MaxInt, want: keyset.Window{Limit: 100, Offset: 1 << 30}},
		{name: "the next page", after: p.Token(), limit: 1, want: keyset.Window{After: &p, Limit: 1}},
		{name: "negative limit", limit: -1, err: keyset.ErrLimit},
		{name: "negative offset", offset: -1, err: keyset.ErrLimit},
		{name: "offset beside a token", after: p.Token(), offset: 1, err: keyset.ErrLimit},
		{name: "made up token", after: "x", err: keyset.ErrToken},
	}
	for _, c := range cases {
		got, err := keyset.Ask(c.after, c.limit, c.offset)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s:\n%s", c.name, d)
		}
	}
}

// FuzzParse reads page tokens that somebody made up.
func FuzzParse(f *testing.F) {
	for _, p := range places() {
		f.Add(p.Token())
	}
	f.Add("AQAAAAAAAAAAAP8")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		p, err := keyset.Parse(token)
		if err != nil {
			if p != (keyset.Place{}) {
				t.Fatalf("%+v beside %v", p, err)
			}
			return
		}
		if p.Token() != token {
			t.Fatalf("%q is read as %+v, which is %q", token, p, p.Token())
		}
	})
}
