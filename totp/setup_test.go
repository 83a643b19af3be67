package totp_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/totp"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

// TestNamesComeBackFromTheLink: pquerna/otp 1.5.0 writes "AT&T" as an issuer that is read
// as "AT", "A+B" as one that is read as "A B", and leaves the "/" of "A/B" in the path.
func TestNamesComeBackFromTheLink(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ issuer, account, label string }{
		{"Acme", "ann@example.com", "Acme:ann%40example.com"},
		{"AT&T", "ann&bob@example.com", "AT%26T:ann%26bob%40example.com"},
		{"A+B", "ann+totp@example.com", "A%2BB:ann%2Btotp%40example.com"},
		{"A/B", "a/b/../c", "A%2FB:a%2Fb%2F..%2Fc"},
		{"A B  C", "ann lee", "A%20B%20%20C:ann%20lee"},
		{"A?B#C", "?secret=x&issuer=y", "A%3FB%23C:%3Fsecret%3Dx%26issuer%3Dy"},
		{"100%", "%3A%2541%", "100%25:%253A%252541%25"},
		{"Acme%20", "a%", "Acme%2520:a%25"},
		{`"Q" <b>'s</b>`, `a\b;c,d`, "%22Q%22%20%3Cb%3E%27s%3C%2Fb%3E:a%5Cb%3Bc%2Cd"},
		{"a-b._~", "A-Z.0_9~", "a-b._~:A-Z.0_9~"},
		{"Bücher", "jörg@bücher.example", "B%C3%BCcher:j%C3%B6rg%40b%C3%BCcher.example"},
		{"Cafe\u0301", "e\u0301", "Cafe%CC%81:e%CC%81"}, // as it is given: no form is made another
		{"株式会社", "安@例え.jp", "%E6%A0%AA%E5%BC%8F%E4%BC%9A%E7%A4%BE:%E5%AE%89%40%E4%BE%8B%E3%81%88.jp"},
		{"שלום", "אבג", "%D7%A9%D7%9C%D7%95%D7%9D:%D7%90%D7%91%D7%92"},
		{"شركة", "علي ٤٢", "%D8%B4%D8%B1%D9%83%D8%A9:%D8%B9%D9%84%D9%8A%20%D9%A4%D9%A2"},
		{"نمی\u200cخواهم", "👩\u200d💻", "%D9%86%D9%85%DB%8C%E2%80%8C%D8%AE%D9%88%D8%A7%D9%87%D9%85:%F0%9F%91%A9%E2%80%8D%F0%9F%92%BB"}, // joiners are part of words
		{"🔑", "🏳️‍🌈", "%F0%9F%94%91:%F0%9F%8F%B3%EF%B8%8F%E2%80%8D%F0%9F%8C%88"},
		{"\ufffd", "\U0010ffff.", "%EF%BF%BD:%F4%8F%BF%BF."},
		{"：ratio∶", "full：width", "%EF%BC%9Aratio%E2%88%B6:full%EF%BC%9Awidth"}, // look like ":", and part nothing
	} {
		e, s, _ := newFactor(t, t0, nil)
		setup, err := e.Setup(c.issuer, c.account, s)
		if err != nil {
			t.Errorf("%q %q: %v", c.issuer, c.account, err)
			continue
		}
		issuer, _, _ := strings.Cut(c.label, ":")
		want := "otpauth://totp/" + c.label + "?secret=" + inBase32(digits20) + "&issuer=" + issuer + "&algorithm=SHA1&digits=6&period=30"
		if diff := cmp.Diff(want, setup.URI()); diff != "" {
			t.Error(diff)
		}
		app, err := totptest.NewApp(setup.URI())
		if err != nil {
			t.Errorf("%s: %v", setup.URI(), err)
			continue
		}
		if diff := cmp.Diff([]string{c.issuer, c.account}, []string{app.Issuer, app.Account}); diff != "" {
			t.Error(diff)
		}
		confirm(t, e, s, app.Code(t0), t0)
	}
}

func TestSpacesAroundNamesCountForNothing(t *testing.T) {
	t.Parallel()
	e, s, _ := newFactor(t, t0, nil)
	setup, err := e.Setup(" Acme\n", "\u00a0ann lee\t", s)
	if err != nil {
		t.Fatal(err)
	}
	app, err := totptest.NewApp(setup.URI())
	if err != nil {
		t.Fatal(err)
	}
	if app.Issuer != "Acme" || app.Account != "ann lee" {
		t.Errorf("%q %q", app.Issuer, app.Account)
	}
}

// TestNamesAreRefused: "Inc:x" made an account of half the issuer; a line that ends early,
// or is written from right to left, shows another name than it is.
func TestNamesAreRefused(t *testing.T) {
	t.Parallel()
	e, s, _ := newFactor(t, t0, nil)
	for _, bad := range []string{
		"", " ", "\t\n", "\u3000",
		"Inc:x", ":", "a:", ":a",
		"a\nb", "a\rb", "a\tb", "a\x00b", "a\x1bb", "a\x7fb", "a\u0085b", "a\u009fb", "a\u2028b", "a\u2029b",
		"a\u202eb", "a\u202ab", "a\u202cb", "a\u2066b", "a\u2069b", "a\u200fb", "a\u200eb", "a\u061cb",
		"a\xffb", "\xed\xa0\x80", "a\xc3",
	} {
		for _, names := range [][2]string{{bad, "ann"}, {"Acme", bad}} {
			setup, err := e.Setup(names[0], names[1], s)
			if err == nil || setup.URI() != "" || setup.SecretText() != "" {
				t.Errorf("%q: taken", names)
				continue
			}
			which := "issuer"
			if names[1] == bad {
				which = "account"
			}
			if msg := err.Error(); !strings.HasPrefix(msg, "totp: ") || !strings.Contains(msg, which) {
				t.Errorf("%q: %q", names, msg)
			}
		}
	}
}

func TestLengthsOfNames(t *testing.T) {
	t.Parallel()
	e, s, _ := newFactor(t, t0, nil)
	for _, c := range []struct {
		issuer, account int
		letter          string
		want            bool
	}{
		{64, 254, "a", true},
		{65, 1, "a", false},
		{1, 255, "a", false},
		{64, 100, "é", true}, // characters, not bytes
		{65, 1, "é", false},
		{1, 254, "é", true},
		{1, 255, "é", false},
		{64, 1, "漢", true},
		{65, 1, "漢", false},
		{1, 1 << 20, "a", false},
	} {
		_, err := e.Setup(strings.Repeat(c.letter, c.issuer), strings.Repeat(c.letter, c.account), s)
		if (err == nil) != c.want {
			t.Errorf("%d and %d of %q: %v", c.issuer, c.account, c.letter, err)
		}
	}
}

func TestSetupSaysTheParameters(t *testing.T) {
	t.Parallel()
	for _, opts := range []totp.Options{{Algorithm: totp.SHA512, Digits: 8, Period: 120e9}, {Algorithm: totp.SHA256, Digits: 6, Period: 15e9}} {
		e, s, phone := newFactor(t, t0, &opts)
		confirm(t, e, s, phone.Code(t0), t0)
	}
}

// TestSecretTextIsTheSecret: who types gets the same codes as who scans.
func TestSecretTextIsTheSecret(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{digits20, digits32, digits64, digits20[:16], digits20 + "1"} {
		e, _, _ := newFactor(t, t0, nil)
		s := secretFrom(t, raw)
		setup, err := e.Setup("Acme", "ann", s)
		if err != nil {
			t.Fatal(err)
		}
		text := setup.SecretText()
		if strings.ReplaceAll(text, " ", "") != inBase32(raw) {
			t.Errorf("%d bytes: %q", len(raw), text)
		}
		for i, group := range strings.Split(text, " ") {
			if len(group) != 4 && i != len(text)/5 {
				t.Errorf("%d bytes: group %q in %q", len(raw), group, text)
			}
		}
		app, err := totptest.NewTypedApp(text)
		if err != nil {
			t.Fatal(err)
		}
		confirm(t, e, s, app.Code(t0), t0)
	}
	if got := (totp.Setup{}).SecretText() + (totp.Setup{}).URI() + (totp.Setup{}).QR().SVG(); got != "" {
		t.Errorf("the zero Setup: %q", got)
	}
}

// TestEmptySecretIsAnError: pquerna/otp 1.5.0 accepts an empty secret, whose codes anybody
// can compute: a column that is NULL was no second factor.
func TestEmptySecretIsAnError(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string][]byte{
		"nil": nil, "empty": {}, "15 bytes": []byte(digits20[:15]), "129 bytes": []byte(strings.Repeat("x", 129)),
		"16 zeros": make([]byte, 16), "20 zeros": make([]byte, 20), "128 zeros": make([]byte, 128),
	} {
		s, err := totp.SecretFrom(raw)
		if !errors.Is(err, totp.ErrSecret) || s.Bytes() != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, n := range []int{16, 128} {
		if s, err := totp.SecretFrom([]byte(strings.Repeat("x", n))); err != nil || len(s.Bytes()) != n {
			t.Errorf("%d bytes: %v", n, err)
		}
	}

	// The code of the empty key, for a step of its own: RFC 4226 by another hand.
	live, s, _ := liveFactor(t, nil)
	for _, code := range []string{emptyKeyCode(t0), emptyKeyCode(t0.Add(step)), "", "000000"} {
		kept, err := try(t, live, totp.Secret{}, code, t0)
		if !errors.Is(err, totp.ErrSecret) || errors.Is(err, totp.ErrWrongCode) || kept.Fails() != 1 {
			t.Errorf("login under the zero Secret by %q: %v", code, err)
		}
	}
	pending, _, _ := newFactor(t, t0, nil)
	attempt, err := pending.BeginConfirmation(t0)
	if err != nil {
		t.Fatal(err)
	}
	attempt.Booked()
	if next, err := attempt.Check(totp.Secret{}, emptyKeyCode(t0)); !errors.Is(err, totp.ErrSecret) || next.Confirmed() {
		t.Errorf("confirmation under the zero Secret: %v", err)
	}
	if setup, err := pending.Setup("Acme", "ann", totp.Secret{}); !errors.Is(err, totp.ErrSecret) || setup.URI() != "" {
		t.Errorf("a set-up of the zero Secret: %v", err)
	}
	if _, err := pending.Setup("Acme", "ann", s); err != nil {
		t.Error(err)
	}
}

// TestALiveFactorShowsNoSecret: it was shown while it was pending, and is not shown again.
func TestALiveFactorShowsNoSecret(t *testing.T) {
	t.Parallel()
	e, s, _ := liveFactor(t, nil)
	if setup, err := e.Setup("Acme", "ann@example.com", s); !errors.Is(err, totp.ErrConfirmed) || setup.URI() != "" {
		t.Errorf("%q, %v", setup.URI(), err)
	}
}
