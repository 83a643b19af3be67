package totptest_test

import (
	"bytes"
	"encoding/base32"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/totp/totptest"
)

const (
	digits20 = "12345678901234567890"
	digits32 = "12345678901234567890123456789012"
	digits64 = "1234567890123456789012345678901234567890123456789012345678901234"
)

func inBase32(raw string) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(raw))
}

func newApp(t *testing.T, uri string) *totptest.App {
	t.Helper()
	app, err := totptest.NewApp(uri)
	if err != nil {
		t.Fatalf("NewApp(%q): %v", uri, err)
	}
	return app
}

// RFC 4226, appendix D.
func TestVectorsOfRFC4226(t *testing.T) {
	t.Parallel()
	app := newApp(t, "otpauth://totp/a?secret="+inBase32(digits20))
	want := []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"}
	var got []string
	for counter := range want {
		got = append(got, app.Code(time.Unix(int64(30*counter)+29, 0)))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// RFC 6238, appendix B, with the keys of errata 2866.
func TestVectorsOfRFC6238(t *testing.T) {
	t.Parallel()
	apps := map[string]*totptest.App{}
	for algorithm, raw := range map[string]string{"SHA1": digits20, "SHA256": digits32, "SHA512": digits64} {
		apps[algorithm] = newApp(t, "otpauth://totp/a?digits=8&algorithm="+algorithm+"&secret="+inBase32(raw))
	}
	for at, want := range map[int64][3]string{
		59:          {"94287082", "46119246", "90693936"},
		1111111109:  {"07081804", "68084774", "25091201"},
		1111111111:  {"14050471", "67062674", "99943326"},
		1234567890:  {"89005924", "91819424", "93441116"},
		2000000000:  {"69279037", "90698825", "38618901"},
		20000000000: {"65353130", "77737706", "47863826"},
	} {
		now := time.Unix(at, 0)
		got := [3]string{apps["SHA1"].Code(now), apps["SHA256"].Code(now), apps["SHA512"].Code(now)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("at %d: %s", at, diff)
		}
	}
}

func TestParametersCount(t *testing.T) {
	t.Parallel()
	secret := "?secret=" + inBase32(digits20)
	now := time.Unix(2000000000, 0)
	minute := newApp(t, "otpauth://totp/a"+secret+"&period=60")
	if minute.Code(now) != minute.Code(now.Add(39*time.Second)) || minute.Code(now) == minute.Code(now.Add(40*time.Second)) {
		t.Error("a period of 60 seconds is not kept")
	}
	if got := newApp(t, "otpauth://totp/a"+secret+"&digits=7").Code(time.Unix(59, 0)); got != "4287082" {
		t.Errorf("seven digits: %q", got)
	}
	usual := newApp(t, "otpauth://totp/a"+secret)
	typed, err := totptest.NewTypedApp("gezd gnbv gy3t qojq GEZD GNBV GY3T QOJQ")
	if err != nil {
		t.Fatal(err)
	}
	for name, app := range map[string]*totptest.App{
		"ignoring": newApp(t, "otpauth://totp/a"+secret+"&period=60&digits=8&algorithm=SHA512").Ignoring(),
		"typed":    typed,
	} {
		if app.Code(now) != usual.Code(now) {
			t.Errorf("%s: another code than by the defaults", name)
		}
	}
	if got := usual.Code(time.Unix(-1, 0)); got != "" {
		t.Errorf("before 1970: %q", got)
	}
	if got := new(totptest.App).Code(now) + new(totptest.App).Ignoring().Code(now); got != "" {
		t.Errorf("an app without a factor shows %q", got)
	}
}

func TestNamesAreRead(t *testing.T) {
	t.Parallel()
	for label, want := range map[string][2]string{
		"ann":                          {"", "ann"},
		"Acme:ann":                     {"Acme", "ann"},
		"Acme%3Aann":                   {"Acme", "ann"},
		"Acme%3aann":                   {"Acme", "ann"},
		"Acme:%20%20ann":               {"Acme", "ann"},
		"A%26T:ann%40example.com":      {"A&T", "ann@example.com"},
		"A+B:ann+tag@example.com":      {"A+B", "ann+tag@example.com"},
		"A%2FB:a%20b":                  {"A/B", "a b"},
		"100%25:%2541":                 {"100%", "%41"},
		"%253A:a":                      {"%3A", "a"},
		"B%C3%BCcher:%E2%9C%93":        {"Bücher", "✓"},
		"(Acme)!:o'neill*$,;=@-._~":    {"(Acme)!", "o'neill*$,;=@-._~"},
		"%D7%90%D7%91:%F0%9F%94%91key": {"אב", "🔑key"},
	} {
		app := newApp(t, "otpauth://totp/"+label+"?secret="+inBase32(digits20))
		if diff := cmp.Diff(want, [2]string{app.Issuer, app.Account}); diff != "" {
			t.Errorf("%s: %s", label, diff)
		}
	}
	app := newApp(t, "otpauth://totp/ann?issuer=AT%26T&image=x&secret="+inBase32(digits20))
	if app.Issuer != "AT&T" || app.Account != "ann" {
		t.Errorf("issuer of the query: %q %q", app.Issuer, app.Account)
	}
}

func TestLinksAreRefused(t *testing.T) {
	t.Parallel()
	secret := inBase32(digits20)
	for name, uri := range map[string]string{
		"empty":                    "",
		"another scheme":           "https://totp/a?secret=" + secret,
		"upper case":               "OTPAUTH://totp/a?secret=" + secret,
		"hotp":                     "otpauth://hotp/a?counter=1&secret=" + secret,
		"no query":                 "otpauth://totp/a",
		"no account":               "otpauth://totp/?secret=" + secret,
		"issuer alone":             "otpauth://totp/Acme:?secret=" + secret,
		"spaces for account":       "otpauth://totp/Acme:%20?secret=" + secret,
		"no issuer to a separator": "otpauth://totp/:ann?secret=" + secret,
		"two separators":           "otpauth://totp/Inc:x:ann?secret=" + secret,
		"two, one encoded":         "otpauth://totp/Inc%3Ax:ann?secret=" + secret,
		"a slash":                  "otpauth://totp/A/B:ann?secret=" + secret,
		"an ampersand":             "otpauth://totp/A&B:ann?secret=" + secret,
		"a space":                  "otpauth://totp/A B:ann?secret=" + secret,
		"a fragment":               "otpauth://totp/A#B:ann?secret=" + secret,
		"not encoded":              "otpauth://totp/Bücher:ann?secret=" + secret,
		"no UTF-8":                 "otpauth://totp/%FF:ann?secret=" + secret,
		"cut percent":              "otpauth://totp/ann%4?secret=" + secret,
		"cut percent, one":         "otpauth://totp/ann%?secret=" + secret,
		"percent of what":          "otpauth://totp/ann%+1?secret=" + secret,
		"the issuer cut off":       "otpauth://totp/AT%26T:ann?secret=" + secret + "&issuer=AT&T",
		"the issuer cut short":     "otpauth://totp/AT%26T:ann?secret=" + secret + "&issuer=AT&T=",
		"a plus for a space":       "otpauth://totp/A%20B:ann?issuer=A+B&secret=" + secret,
		"two issuers":              "otpauth://totp/Acme:ann?issuer=Evil&secret=" + secret,
		"issuer emptied":           "otpauth://totp/Acme:ann?issuer=&secret=" + secret,
		"secret twice":             "otpauth://totp/a?secret=" + secret + "&secret=" + secret,
		"no secret":                "otpauth://totp/a?digits=6",
		"empty secret":             "otpauth://totp/a?secret=",
		"lower case":               "otpauth://totp/a?secret=" + strings.ToLower(secret),
		"padding":                  "otpauth://totp/a?secret=" + secret[:31] + "%3D",
		"an end of line":           "otpauth://totp/a?secret=" + secret[:16] + "%0A" + secret[16:],
		"MD5":                      "otpauth://totp/a?algorithm=MD5&secret=" + secret,
		"sha1":                     "otpauth://totp/a?algorithm=sha1&secret=" + secret,
		"no digits":                "otpauth://totp/a?digits=&secret=" + secret,
		"ten digits":               "otpauth://totp/a?digits=10&secret=" + secret,
		"no period":                "otpauth://totp/a?period=0&secret=" + secret,
		"period below zero":        "otpauth://totp/a?period=-30&secret=" + secret,
		"too long":                 "otpauth://totp/a?secret=" + secret + "&x=" + strings.Repeat("x", 16<<10),
	} {
		app, err := totptest.NewApp(uri)
		if err == nil || app != nil {
			t.Errorf("%s: taken as %q %q", name, app.Issuer, app.Account)
			continue
		}
		if got := err.Error(); !strings.HasPrefix(got, "totptest: ") || strings.Contains(got, secret[:8]) {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, typed := range []string{"", " ", "0189", "GEZDGNBVGY3TQOJ1", strings.Repeat("A", 20<<10)} {
		if app, err := totptest.NewTypedApp(typed); err == nil || app != nil {
			t.Errorf("typed %.20q: taken", typed)
		}
	}
}

func TestAppPrintsWithoutItsSecret(t *testing.T) {
	t.Parallel()
	app := newApp(t, "otpauth://totp/Acme:ann?secret="+inBase32(digits20))
	var out bytes.Buffer
	for _, v := range []any{app, *app, []*totptest.App{app}, struct{ app totptest.App }{*app}, struct{ App *totptest.App }{app}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if err := json.NewEncoder(&out).Encode(v); err != nil {
			t.Error(err)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
	}
	if err := gob.NewEncoder(&out).Encode(app); err != nil {
		t.Error(err)
	}
	shown := strings.ToLower(out.String())
	if !strings.Contains(shown, "ann") {
		t.Fatal("nothing was printed")
	}
	for _, form := range []string{digits20[:8], inBase32(digits20)[:8], hex.EncodeToString([]byte(digits20))[:8], "49 50 51", "49,50,51", "0x31, 0x32"} {
		if strings.Contains(shown, strings.ToLower(form)) {
			t.Errorf("the secret was printed as %q", form)
		}
	}
}

// FuzzNewApp: no link makes a panic, and what is taken shows a code of its digits.
func FuzzNewApp(f *testing.F) {
	f.Add("otpauth://totp/Acme:ann%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme&algorithm=SHA1&digits=6&period=30")
	f.Add("otpauth://totp/a?secret=GE&digits=8&period=65535&algorithm=SHA512")
	f.Add("otpauth://totp/%3A%25:?secret=GE%3D")
	f.Fuzz(func(t *testing.T, uri string) {
		app, err := totptest.NewApp(uri)
		if err != nil {
			if app != nil {
				t.Error("an app and an error")
			}
			return
		}
		if app.Account == "" {
			t.Error("no account")
		}
		for _, at := range []int64{0, 59, 1 << 40} {
			if n := len(app.Code(time.Unix(at, 0))); n < 6 || n > 8 {
				t.Errorf("%d digits", n)
			}
			if n := len(app.Ignoring().Code(time.Unix(at, 0))); n != 6 {
				t.Errorf("ignoring: %d digits", n)
			}
		}
	})
}
