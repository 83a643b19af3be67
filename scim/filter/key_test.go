package filter_test

import (
	"cmp"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// Numbers are ordered by their keys as they are by what they are worth, and equal ones have one.
func TestKeysOfNumbers(t *testing.T) {
	t.Parallel()
	a := filter.Attribute{Type: filter.Decimal}
	var all []string
	for _, whole := range []string{"0", "1", "9", "10", "11", "99", "100", "101", "123456789012345678901234567890"} {
		for _, fraction := range []string{"", ".0", ".5", ".05", ".50", ".505", ".999999999999999999999"} {
			for _, exponent := range []string{"", "e0", "E+2", "e-2", "e25", "e-25"} {
				all = append(all, whole+fraction+exponent, "-"+whole+fraction+exponent)
			}
		}
	}
	value := map[string]*big.Rat{}
	key := map[string]string{}
	for _, s := range all {
		r, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatal(s)
		}
		value[s] = r
		if key[s], ok = a.Key(json.Number(s)); !ok || key[s] == "" {
			t.Fatalf("%s has no key", s)
		}
	}
	for _, x := range all {
		for _, y := range all {
			if got, want := cmp.Compare(key[x], key[y]), value[x].Cmp(value[y]); got != want {
				t.Fatalf("%s and %s compare as %d, their keys %q and %q as %d", x, y, want, key[x], key[y], got)
			}
		}
	}
	for _, v := range []any{json.Number("1e100001"), json.Number("1e-100001"), json.Number("1e99999999999999999999"), json.Number(""),
		json.Number("NaN"), json.Number(strings.Repeat("1", 1025)), json.Number("0x10"), json.Number("١"), "1", true, nil} {
		if k, ok := a.Key(v); ok {
			t.Errorf("%v has the key %q", v, k)
		}
	}
	for _, v := range []any{json.Number("150.0"), 150.0, 150, int64(150), json.Number("1.5e2")} {
		if k, ok := (filter.Attribute{Type: filter.Integer}).Key(v); !ok || k != key["100"][:len(key["100"])-1]+"15" {
			t.Errorf("%v has the key %q, %v", v, k, ok)
		}
	}
}

func TestKeysOfInstants(t *testing.T) {
	t.Parallel()
	a := filter.Attribute{Type: filter.DateTime}
	for s, want := range map[string]string{
		"2011-05-13T04:42:34Z":            "2011-05-13T04:42:34.000000000Z",
		"2011-05-13T04:42:34.0000000Z":    "2011-05-13T04:42:34.000000000Z",
		"0001-01-03T00:00:00.0000000Z":    "0001-01-03T00:00:00.000000000Z",
		"2011-05-13T04:42:34.5+02:30":     "2011-05-13T02:12:34.500000000Z",
		"2011-05-13T23:42:34-01:00":       "2011-05-14T00:42:34.000000000Z",
		"2012-02-29T00:00:00.1234567891Z": "2012-02-29T00:00:00.123456789Z",
		"9999-12-31T23:59:59.999999999Z":  "9999-12-31T23:59:59.999999999Z",
		"0000-01-01T00:00:00Z":            "0000-01-01T00:00:00.000000000Z",
	} {
		if got, ok := a.Key(s); got != want || !ok {
			t.Errorf("%s: %q, %v; want %q", s, got, ok, want)
		}
	}
	at := time.Date(2011, 5, 13, 6, 42, 34, 7, time.FixedZone("", 7200))
	if got, ok := a.Key(at); got != "2011-05-13T04:42:34.000000007Z" || !ok {
		t.Errorf("%s: %q, %v", at, got, ok)
	}
	for _, v := range []any{"", "2011-05-13", "2011-05-13T04:42:34", "2011-05-13T04:42Z", "2011-05-13 04:42:34Z", "2011-05-13t04:42:34Z",
		"2011-05-13T04:42:34z", "2011-05-13T04:42:34,5Z", "2011-05-13T04:42:34.Z", "2011-05-13T24:00:00Z", "2011-05-13T23:60:00Z",
		"2011-05-13T23:59:60Z", "2011-13-13T04:42:34Z", "2011-00-13T04:42:34Z", "2011-02-29T04:42:34Z", "2011-05-00T04:42:34Z",
		"2011-05-13T04:42:34+24:00", "2011-05-13T04:42:34+02:60", "2011-05-13T04:42:34+2:00", "2011-05-13T04:42:34+0200",
		"9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00", "12011-05-13T04:42:34Z", "-011-05-13T04:42:34Z",
		"2011-05-13T04:42:34Zz", "2011-05-13T04:42:34+-2:00", true, nil, json.Number("5"), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if k, ok := a.Key(v); ok {
			t.Errorf("%v has the key %q", v, k)
		}
	}
}

func TestKeysOfOthers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a     filter.Attribute
		value any
		want  string
		ok    bool
	}{
		{filter.Attribute{Type: filter.String}, "ÉtÉ@X", "été@x", true},
		{filter.Attribute{Type: filter.String, CaseExact: true}, "ÉtÉ@X", "ÉtÉ@X", true},
		{filter.Attribute{Type: filter.String}, "", "", true},
		{filter.Attribute{Type: filter.String}, "a\x00", "", false},
		{filter.Attribute{Type: filter.String}, "a\xff", "", false},
		{filter.Attribute{Type: filter.String, CaseExact: true}, "A\xff", "", false},
		{filter.Attribute{Type: filter.String}, true, "", false},
		{filter.Attribute{Type: filter.String}, json.Number("1"), "", false},
		{filter.Attribute{Type: filter.Reference}, "https://X/", "https://X/", true},
		{filter.Attribute{Type: filter.Binary}, "QQ==", "QQ==", true},
		{filter.Attribute{Type: filter.Binary}, "Q\x00", "", false},
		{filter.Attribute{Type: filter.Boolean}, true, "true", true},
		{filter.Attribute{Type: filter.Boolean}, false, "false", true},
		{filter.Attribute{Type: filter.Boolean}, "true", "", false},
		{filter.Attribute{Type: filter.Complex}, map[string]any{}, "", false},
		{filter.Attribute{Type: "other"}, "x", "", false},
		{filter.Attribute{}, "X", "x", true},
		{filter.Attribute{}, false, "false", true},
		{filter.Attribute{}, nil, "", false},
		{filter.Attribute{}, []any{"x"}, "", false},
	} {
		if got, ok := c.a.Key(c.value); ok != c.ok || ok && got != c.want {
			t.Errorf("%+v %v: %q, %v; want %q, %v", c.a, c.value, got, ok, c.want, c.ok)
		}
	}
}

// Every letter is folded to what all are that differ from it in case alone, and that is folded.
func TestFoldsEveryLetter(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if 0xD800 <= r && r <= 0xDFFF {
			continue
		}
		folded := filter.Fold(string(r))
		if filter.Fold(folded) != folded {
			t.Fatalf("%U is folded to %q, and that to %q", r, folded, filter.Fold(folded))
		}
		if next := unicode.SimpleFold(r); filter.Fold(string(next)) != folded {
			t.Fatalf("%U is folded to %q, %U is not", r, folded, next)
		}
		if !strings.EqualFold(folded, string(r)) {
			t.Fatalf("%U is folded to another letter: %q", r, folded)
		}
	}
	for s, want := range map[string]string{
		"": "", "plain": "plain", "PlAiN": "plain", "Straße": "straße", "STRASSE": "strasse",
		"İstanbul": "İstanbul", "ΣΊΣΥΦΟΣ": "σίσυφοσ", "\u212Aelvin": "kelvin", "ſ": "s", "ÅNGSTRÖM": "ångström", "\u212B": "å",
	} {
		if got := filter.Fold(s); got != want {
			t.Errorf("%q is folded to %q, want %q", s, got, want)
		}
	}
	list := []string{"b", "É", "a", "z", "é", "A"}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(cmp.Compare(filter.Fold(a), filter.Fold(b)), cmp.Compare(a, b)) })
	if got := strings.Join(list, ""); got != "AabzÉé" {
		t.Errorf("ordered as %s", got)
	}
}
