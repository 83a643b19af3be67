package accesssec

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/scim"
)

// What is kept of a user is byte for byte what encoding/json makes of their attributes: entries
// of before were written by it, and what a client says again is compared with them.
func TestUserAttributesAreThoseOfEncodingJSON(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	texts := []string{"", "", "Ann", "a@example.com", "R&D", `say "hi"`, `back\slash`, "a<b>c", "Zoë", "line\u2028end", "\x01", "bad\xff", "日本", "~ ", "\x7f"}
	text := func() string { return texts[rnd.IntN(len(texts))] }
	var value func(depth int) any
	value = func(depth int) any {
		switch n := rnd.IntN(9); {
		case n == 0:
			return rnd.IntN(2) == 0
		case n == 1:
			return json.Number([]string{"0", "-12.5", "1e3", ""}[rnd.IntN(4)])
		case n == 2:
			return nil
		case n < 5 && depth > 0:
			list := []any{}
			for range rnd.IntN(4) {
				list = append(list, value(depth-1))
			}
			return list
		case n < 7 && depth > 0:
			m := map[string]any{}
			for range rnd.IntN(4) {
				m[text()] = value(depth - 1)
			}
			return m
		}
		return text()
	}
	for range 3000 {
		u := scim.User{UserName: text(), Active: rnd.IntN(2) == 0,
			Name: scim.Name{Formatted: text(), Family: text(), Given: text(), Middle: text(), Prefix: text(), Suffix: text()}}
		if rnd.IntN(4) == 0 {
			u.Name = scim.Name{}
		}
		for range rnd.IntN(3) {
			u.Emails = append(u.Emails, scim.Email{Value: text(), Type: text(), Display: text(), Primary: rnd.IntN(2) == 0})
		}
		if n := rnd.IntN(5); n > 0 {
			u.Extra = map[string]any{}
			for range n {
				u.Extra[text()] = value(3)
			}
			if rnd.IntN(20) == 0 {
				u.Extra[[]string{"userName", "active", "name", "emails"}[rnd.IntN(4)]] = value(1)
			}
		}
		got, err := userAttributes(u)
		attributes := u.Attributes()
		delete(attributes, "active")
		want, wrong := json.Marshal(attributes)
		if string(got) != string(want) || (err == nil) != (wrong == nil) {
			t.Fatalf("%#v:\n got %s, %v\nwant %s, %v", u, got, err, want, wrong)
		}
	}
}

// The note on who is kept out by provisioning is what encoding/json writes, which wrote those of before.
func TestScimOffIsThatOfEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{{}, time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), time.Date(2026, 3, 4, 5, 6, 7, 89000, time.UTC), time.Date(2026, 3, 4, 5, 6, 7, 100000000, time.FixedZone("", 3600))} {
		want, err := json.Marshal(scimOff{at})
		if err != nil {
			t.Fatal(err)
		}
		if got := (scimOff{at}).body(); string(got) != string(want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
