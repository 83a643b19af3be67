package totp_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/pquerna/otp"

	"github.com/accesssec/accesssec-go/totp"
)

// readByOthers holds a link against two readers that nobody of us has written: pquerna/otp's
// own, and the standard library's.
func readByOthers(t *testing.T, link, issuer, account string, secret totp.Secret) {
	t.Helper()
	issuer, account = strings.TrimSpace(issuer), strings.TrimSpace(account)
	key, err := otp.NewKeyFromURL(link)
	if err != nil {
		t.Fatalf("%s: %v", link, err)
	}
	if key.Type() != "totp" || key.Issuer() != issuer || key.AccountName() != account || key.Secret() != mustBase32(t, secret) ||
		key.Period() != 30 || key.Digits() != otp.DigitsSix || key.Algorithm() != otp.AlgorithmSHA1 {
		t.Errorf("%s: pquerna/otp reads %q, %q, %d, %v, %v", link, key.Issuer(), key.AccountName(), key.Period(), key.Digits(), key.Algorithm())
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatalf("%s: %v", link, err)
	}
	if want := "/" + issuer + ":" + account; u.Path != want || u.Fragment != "" || u.User != nil {
		t.Errorf("%s: net/url reads the label %q, want %q", link, u.Path, want)
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil || len(q) != 5 || len(q["issuer"]) != 1 || q.Get("issuer") != issuer {
		t.Errorf("%s: net/url reads %v, %v", link, q["issuer"], err)
	}
}

func mustBase32(t *testing.T, s totp.Secret) string {
	t.Helper()
	if len(s.Bytes()) != 20 {
		t.Fatalf("a secret of %d bytes", len(s.Bytes()))
	}
	return inBase32(string(s.Bytes()))
}

// FuzzSetupByOthers: whatever names are taken come back from the link by readers of others.
func FuzzSetupByOthers(f *testing.F) {
	for _, names := range [][2]string{
		{"Acme", "ann@example.com"}, {"AT&T", "a+b"}, {"A/B", "%3A"}, {"A?B#C", "?secret=x&issuer=y"}, {"100%", "%41;"},
		{"..", "a/../b"}, {"🔑", "א"}, {"Cafe\u0301", " e "}, {"：", "安@例え.jp"}, {"x//y", "/"}, {"Inc:x", "é"},
	} {
		f.Add(names[0], names[1])
	}
	f.Fuzz(func(t *testing.T, issuer, account string) {
		e, s, _ := newFactor(t, t0, nil)
		setup, err := e.Setup(issuer, account, s)
		if err != nil {
			return
		}
		readByOthers(t, setup.URI(), issuer, account, s)
	})
}

// TestNamesComeBackByOthers: the names of the pictures that zbarimg reads as well.
func TestNamesComeBackByOthers(t *testing.T) {
	t.Parallel()
	all := named()
	for _, n := range all {
		e, s, _ := newFactor(t, t0, nil)
		setup, err := e.Setup(n.issuer, n.account, s)
		if err != nil {
			t.Fatalf("%q, %q: %v", n.issuer, n.account, err)
		}
		readByOthers(t, setup.URI(), n.issuer, n.account, s)
	}
	if len(all) != 200 {
		t.Errorf("%d names", len(all))
	}
}
