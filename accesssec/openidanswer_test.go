package accesssec

import (
	"net/url"
	"strings"
	"testing"
)

// What is read is one of two things, bounded, whatever a browser brings.
func FuzzOpenIDAnswer(f *testing.F) {
	state := "o1." + strings.Repeat("A", 43)
	for _, seed := range []string{
		"state=" + state + "&code=4%2F0A&scope=openid&iss=https%3A%2F%2Faccounts.google.com",
		"state=" + state + "&error=access_denied&error_description=no",
		"state=" + state + "&error=", "state=" + state + "&code=a&code=b", "state=x&code=%ff", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		a, err := readOpenIDAnswer(q)
		if err != nil {
			if a != (openIDAnswer{}) {
				t.Fatalf("%+v beside an error", a)
			}
			return
		}
		if !plausible(a.state, stateMark) || (a.code == "") == (a.failed == "") || len(a.code) > longestOpenIDCode ||
			len(a.issuer) > longestOpenIDName || len([]rune(a.failed)) > 60 || strings.ContainsAny(a.failed, "\r\n\x00") {
			t.Fatalf("%+v", a)
		}
		for _, name := range []string{"state", "code", "iss", "error"} {
			if len(q[name]) > 1 {
				t.Fatalf("%s is read of several", name)
			}
		}
	})
}
