package accesssec

import (
	"net/http"
	"strings"
	"testing"
)

func TestSCIMTokenForm(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, brand := range []string{"accesssec", "a", "Acme-2", strings.Repeat("b", mostSCIMBrand)} {
		for range 200 {
			token, begins := newSCIMToken(brand)
			if !plausibleSCIMToken(token) || len(token) != len(brand)+len("_scim_")+43+6 {
				t.Fatalf("%q is no token", token)
			}
			if !strings.HasPrefix(token, begins) || len(begins) != len(brand)+len("_scim_")+4 {
				t.Fatalf("%q begins %q", token, begins)
			}
			if seen[token] {
				t.Fatal("the same token twice")
			}
			seen[token] = true
		}
	}
}

// TestSCIMTokenCheck: these bytes outlive a release.
func TestSCIMTokenCheck(t *testing.T) {
	t.Parallel()
	body := "accesssec_scim_" + strings.Repeat("0", 43)
	for in, want := range map[string]string{
		body: "4Z7zk3", "acme_scim_" + strings.Repeat("z", 43): "1gmx69",
	} {
		if got := checkOf(in); got != want || !plausibleSCIMToken(in+want) {
			t.Errorf("the check of %q is %q, want %q", in, got, want)
		}
	}
}

func TestSCIMTokenRefused(t *testing.T) {
	t.Parallel()
	token, _ := newSCIMToken("accesssec")
	other := func(s string) string { body := s[:len(s)-6]; return body + checkOf(body) } // as whoever knows the form
	for name, v := range map[string]string{
		"none":                   "",
		"another mark":           other(strings.Replace(token, "_scim_", "_sa_", 1)),
		"no brand":               other(strings.TrimPrefix(token, "accesssec")),
		"a brand too long":       other(strings.Repeat("a", mostSCIMBrand+1) + strings.TrimPrefix(token, "accesssec")),
		"a brand of other signs": other("acc_sec" + strings.TrimPrefix(token, "accesssec")),
		"cut short":              token[:len(token)-1],
		"longer":                 token + "0",
		"its check alone":        token[len(token)-6:],
		"in other case":          "accesssec_scim_" + strings.ToLower(strings.Repeat("aB", 21)+"a"+checkOf("accesssec_scim_"+strings.Repeat("aB", 21)+"a")),
		"a sign that is none":    other(token[:20] + "+" + token[21:]),
		"NUL":                    other(token[:20] + "\x00" + token[21:]),
		"a space behind":         token + " ",
		"a megabyte":             strings.Repeat(token, 16000),
	} {
		if plausibleSCIMToken(v) {
			t.Errorf("%s: %.80q is taken for a token", name, v)
		}
	}
	// Each single sign that is mistyped is noticed.
	for i := range len(token) {
		c := byte('x')
		if token[i] == c {
			c = 'y'
		}
		if plausibleSCIMToken(token[:i] + string(c) + token[i+1:]) {
			t.Errorf("another sign at %d is not noticed", i)
		}
	}
}

func FuzzSCIMToken(f *testing.F) {
	token, _ := newSCIMToken("accesssec")
	f.Add(token)
	f.Add("Bearer " + token)
	f.Add("_scim_" + strings.Repeat("a", 49))
	f.Add("accesssec_scim_" + strings.Repeat("\xff", 49))
	f.Fuzz(func(t *testing.T, v string) {
		if plausibleSCIMToken(v) {
			if len(v) > mostSCIMBrand+6+49 || strings.ContainsAny(v, " \x00\r\n\"") || checkOf(v[:len(v)-6]) != v[len(v)-6:] {
				t.Errorf("%q is taken for a token", v)
			}
		}
		h := http.Header{"Authorization": {v}}
		if got, ok := bearer(h); ok && !strings.HasSuffix(strings.TrimRight(v, " "), got) {
			t.Errorf("%q holds %q", v, got)
		}
	})
}

func TestBearer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		header http.Header
		want   string
		ok     bool
	}{
		"as it should be":   {http.Header{"Authorization": {"Bearer abc"}}, "abc", true},
		"in other case":     {http.Header{"Authorization": {"bEARER abc"}}, "abc", true},
		"more blanks":       {http.Header{"Authorization": {"Bearer   abc "}}, "abc", true},
		"none":              {http.Header{}, "", false},
		"empty":             {http.Header{"Authorization": {""}}, "", false},
		"nothing behind":    {http.Header{"Authorization": {"Bearer"}}, "", false},
		"an empty token":    {http.Header{"Authorization": {"Bearer "}}, "", true},
		"another scheme":    {http.Header{"Authorization": {"Basic abc"}}, "abc", false},
		"two":               {http.Header{"Authorization": {"Bearer abc", "Bearer abd"}}, "", false},
		"in another header": {http.Header{"X-Authorization": {"Bearer abc"}}, "", false},
	} {
		if got, ok := bearer(tt.header); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
}
