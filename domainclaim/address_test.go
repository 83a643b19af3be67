package domainclaim_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, key, local, domain string }{
		{"ann@example.com", "ann@example.com", "ann", "example.com"},
		{"Ann@Example.COM", "ann@example.com", "Ann", "example.com"},
		{"ann@bücher.example", "ann@xn--bcher-kva.example", "ann", "xn--bcher-kva.example"},
		{"ANN@BÜCHER.example", "ann@xn--bcher-kva.example", "ANN", "xn--bcher-kva.example"},
		{"ann@XN--BCHER-KVA.EXAMPLE", "ann@xn--bcher-kva.example", "ann", "xn--bcher-kva.example"},
		{"ann@example。com", "ann@example.com", "ann", "example.com"},
		{"ann@corp.local", "ann@corp.local", "ann", "corp.local"},
		{"a.b!#$%&'*+-/=?^_`{|}~@example.com", "a.b!#$%&'*+-/=?^_`{|}~@example.com", "a.b!#$%&'*+-/=?^_`{|}~", "example.com"},
		{"ann@faß.de", "ann@xn--fa-hia.de", "ann", "xn--fa-hia.de"},
		{"用户@example.com", "用户@example.com", "用户", "example.com"},
		// H with a macron below is two characters, its lower case is one.
		{"H\u0331@example.com", "\u1e96@example.com", "H\u0331", "example.com"},
		// The joiner that Persian needs inside a name.
		{"ann@نامه\u200cای.com", "ann@xn--mgba3gch31f060k.com", "ann", "xn--mgba3gch31f060k.com"},
		{strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64), "example.com"},
	} {
		a, err := domainclaim.ParseAddress(tt.in)
		if err != nil {
			t.Errorf("ParseAddress(%q): %v", tt.in, err)
			continue
		}
		got := []string{a.Key(), a.Local(), a.Domain(), a.String(), a.Mailbox()}
		want := []string{tt.key, tt.local, tt.domain, tt.in, tt.local + "@" + tt.domain}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("ParseAddress(%q) (-want +got):\n%s", tt.in, d)
		}
		again, err := domainclaim.ParseAddress(a.Key())
		if err != nil || again.Key() != a.Key() {
			t.Errorf("key of key of %q: %q, %v", tt.in, again.Key(), err)
		}
	}
}

// TestAddressRefused26 is regression 26 with all that belongs beside it: what is no
// bare address is refused at the door, each for its reason.
func TestAddressRefused26(t *testing.T) {
	t.Parallel()
	refusedAddresses(t, map[string]domainclaim.AddressCode{
		"":                                      domainclaim.AddressEmpty,
		"ann":                                   domainclaim.AddressSyntax,
		"@":                                     domainclaim.AddressLocal,
		"@example.com":                          domainclaim.AddressLocal,
		"ann@":                                  domainclaim.AddressDomain,
		"a@b@example.com":                       domainclaim.AddressSyntax,
		"ann@@example.com":                      domainclaim.AddressSyntax,
		"a@example.com.":                        domainclaim.AddressDomain,
		"a@example.com。":                        domainclaim.AddressDomain,
		"a@.example.com":                        domainclaim.AddressDomain,
		"a@example..com":                        domainclaim.AddressDomain,
		"a@example":                             domainclaim.AddressDomain,
		"a@localhost":                           domainclaim.AddressDomain,
		"a@[1.2.3.4]":                           domainclaim.AddressDomain,
		"a@[IPv6:::1]":                          domainclaim.AddressDomain,
		"a@1.2.3.4":                             domainclaim.AddressDomain,
		"a@1.2.3.04":                            domainclaim.AddressDomain,
		"a@example.0x7f":                        domainclaim.AddressDomain,
		"a@::1":                                 domainclaim.AddressDomain,
		"a@exa_mple.com":                        domainclaim.AddressDomain,
		"a@-example.com":                        domainclaim.AddressDomain,
		"a@example-.com":                        domainclaim.AddressDomain,
		"a@ab--cd.com":                          domainclaim.AddressDomain,
		"a@*.example.com":                       domainclaim.AddressDomain,
		"a@xn--0.com":                           domainclaim.AddressDomain,
		"a@xn--a-.com":                          domainclaim.AddressDomain,
		"a@example.com:25":                      domainclaim.AddressDomain,
		"a@" + strings.Repeat("b", 64) + ".com": domainclaim.AddressDomain,
		"a@exam\u200dple.com":                   domainclaim.AddressDomain,
		"A<a@example.com>":                      domainclaim.AddressLocal,
		"<a@example.com>":                       domainclaim.AddressLocal,
		"g:a@example.com;":                      domainclaim.AddressLocal,
		"a@evil.com(@example.com)":              domainclaim.AddressSyntax,
		"a(evil)@example.com":                   domainclaim.AddressLocal,
		"a@example.com(evil)":                   domainclaim.AddressDomain,
		"mailto:a@example.com":                  domainclaim.AddressLocal,
		"a,b@example.com":                       domainclaim.AddressLocal,
		`a\@b@example.com`:                      domainclaim.AddressSyntax,
		`a\b@example.com`:                       domainclaim.AddressLocal,
		".a@example.com":                        domainclaim.AddressLocal,
		"a.@example.com":                        domainclaim.AddressLocal,
		"a..b@example.com":                      domainclaim.AddressLocal,
		"a\u200d@example.com":                   domainclaim.AddressLocal,
		"a\ufffd@example.com":                   domainclaim.AddressLocal,
		"a\uff20evil.com@example.com":           domainclaim.AddressLocal, // full-width @
		"a\u2024b@example.com":                  domainclaim.AddressLocal, // one dot leader
	})
}

// TestAddressCharacters26: characters that have no place in an address, and too many
// of those that have.
func TestAddressCharacters26(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a.", 95) + "example.com" // 201 bytes
	refusedAddresses(t, map[string]domainclaim.AddressCode{
		"A <a@example.com>":                      domainclaim.AddressBlank,
		" a@example.com":                         domainclaim.AddressBlank,
		"a@example.com ":                         domainclaim.AddressBlank,
		"a @example.com":                         domainclaim.AddressBlank,
		"a\t@example.com":                        domainclaim.AddressBlank,
		"a@example.com\n":                        domainclaim.AddressBlank,
		"a@example.com\r\nBcc: b":                domainclaim.AddressBlank,
		"a\x00@example.com":                      domainclaim.AddressBlank,
		"a@example.com\x00":                      domainclaim.AddressBlank,
		"a\x7f@example.com":                      domainclaim.AddressBlank,
		"a\u0085@example.com":                    domainclaim.AddressBlank,
		"a\u00a0@example.com":                    domainclaim.AddressBlank,
		"a@exam\u00adple.com":                    domainclaim.AddressBlank, // soft hyphen, which IDNA would drop
		"a@exam\u200bple.com":                    domainclaim.AddressBlank,
		"a\u200b@example.com":                    domainclaim.AddressBlank,
		"a\u202eb@example.com":                   domainclaim.AddressBlank,
		"a\u3000@example.com":                    domainclaim.AddressBlank,
		"a\u2800@example.com":                    domainclaim.AddressBlank,
		"a\u3164@example.com":                    domainclaim.AddressBlank,
		"a\ufe0f@example.com":                    domainclaim.AddressBlank,
		"a\ufeff@example.com":                    domainclaim.AddressBlank,
		"a\U000e0041@example.com":                domainclaim.AddressBlank,
		"a\ufffe@example.com":                    domainclaim.AddressBlank, // no character
		"a\u0378@example.com":                    domainclaim.AddressBlank, // not one yet
		"a@exam\u0378ple.com":                    domainclaim.AddressBlank,
		"a\xff@example.com":                      domainclaim.AddressEncoding,
		"a@\xc3\x28.com":                         domainclaim.AddressEncoding,
		"u\u0308@example.com":                    domainclaim.AddressEncoding, // not composed
		"\u212a@example.com":                     domainclaim.AddressEncoding, // the Kelvin sign composes to K
		strings.Repeat("a", 65) + "@example.com": domainclaim.AddressTooLong,
		strings.Repeat("ü", 33) + "@example.com": domainclaim.AddressTooLong,
		strings.Repeat("a", 53) + "@" + long:     domainclaim.AddressTooLong,
		strings.Repeat("a", 12) + "@" + strings.Repeat("bücher.", 17) + "ab.com": domainclaim.AddressTooLong, // as A-labels
	})
	refusedAddresses(t, map[string]domainclaim.AddressCode{
		// 255 bytes as typed, and few as A-labels.
		"ann@" + strings.Repeat("ｅ", 40) + "." + strings.Repeat("ｅ", 42) + ".com": domainclaim.AddressTooLong,
		// The key is composed, and so shorter than what mail would be sent to.
		strings.Repeat("J\u030c", 21) + "@" + strings.Repeat("bücher.", 13) + "abcde.com": domainclaim.AddressTooLong,
	})
	if a, err := domainclaim.ParseAddress(strings.Repeat("a", 52) + "@" + long); err != nil || len(a.Key()) != 254 {
		t.Errorf("an address of 254 bytes: %d, %v", len(a.Key()), err)
	}
}

func refusedAddresses(t *testing.T, addresses map[string]domainclaim.AddressCode) {
	t.Helper()
	for in, code := range addresses {
		a, err := domainclaim.ParseAddress(in)
		var refused *domainclaim.AddressError
		if !errors.As(err, &refused) || refused.Code != code {
			t.Errorf("ParseAddress(%q) = %q, %v; want code %s", in, a.Key(), err, code)
			continue
		}
		if a != (domainclaim.Address{}) {
			t.Errorf("ParseAddress(%q) gave a value beside its error", in)
		}
		if !strings.HasPrefix(err.Error(), "domainclaim: ") || len(in) > 5 && strings.Contains(err.Error(), in) {
			t.Errorf("error %q: want the package first, and not the address", err)
		}
	}
}

// TestAddressOneKey21: the spellings of one address have one key.
func TestAddressOneKey21(t *testing.T) {
	t.Parallel()
	for _, group := range [][]string{
		{"Ann@example.com", "ann@Example.COM", "ANN@EXAMPLE.COM", "ann@example。com", "ann@ｅｘａｍｐｌｅ.com"},
		{"ann@bücher.example", "Ann@BÜCHER.example", "ann@xn--bcher-kva.example", "ann@Xn--Bcher-Kva.Example", "ann@bu\u0308cher.example"},
	} {
		keys := map[string]bool{}
		for _, s := range group {
			a, err := domainclaim.ParseAddress(s)
			if err != nil {
				t.Errorf("ParseAddress(%q): %v", s, err)
			}
			keys[a.Key()] = true
		}
		if len(keys) != 1 {
			t.Errorf("%q have %d keys: %v", group, len(keys), keys)
		}
	}
}

// TestAddressQuotedLocal24: the domain is never taken out of a quoted local part.
func TestAddressQuotedLocal24(t *testing.T) {
	t.Parallel()
	for _, s := range []string{`"a@evil.com"@example.com`, `"a"@example.com`, `"a\"@evil.com"@example.com`, `a"@evil.com"@example.com`} {
		if a, err := domainclaim.ParseAddress(s); err == nil {
			t.Errorf("ParseAddress(%q) has domain %q, want it refused", s, a.Domain())
		}
	}
}

// TestAddressLookAlike25: a look-alike is the familiar domain only where IDNA maps it
// there, and then the address is the mapped one.
func TestAddressLookAlike25(t *testing.T) {
	t.Parallel()
	for in, domain := range map[string]string{
		"a@GİTHUB.com":      "xn--github-qyd.com", // i with its own dot above: not github.com
		"a@ſlack.com":       "slack.com",          // IDNA maps the long s
		"a@\u212aelvin.com": "kelvin.com",         // and the Kelvin sign
		"a@gıthub.com":      "xn--gthub-n4a.com",
		"a@аррӏе.com":       "xn--80ak6aa92e.com",
	} {
		a, err := domainclaim.ParseAddress(in)
		if err != nil {
			t.Errorf("ParseAddress(%q): %v", in, err)
			continue
		}
		if a.Domain() != domain || a.Mailbox() != "a@"+domain || a.Key() != "a@"+domain {
			t.Errorf("ParseAddress(%q): domain %q, mailbox %q, want %q", in, a.Domain(), a.Mailbox(), domain)
		}
	}
	// Other letters of the local part never fold into ASCII ones.
	a, err := domainclaim.ParseAddress("ſam@example.com")
	if err != nil || a.Key() == "sam@example.com" {
		t.Errorf("long s in the local part: key %q, %v", a.Key(), err)
	}
}

// TestAddressLocalUntouched27: tags and letters beyond ASCII stay as they are.
func TestAddressLocalUntouched27(t *testing.T) {
	t.Parallel()
	for in, key := range map[string]string{
		"a+tag@example.com": "a+tag@example.com",
		"A+Tag@example.com": "a+tag@example.com",
		"Ü@example.com":     "Ü@example.com",
		"ü@example.com":     "ü@example.com",
		"a.b@gmail.com":     "a.b@gmail.com",
	} {
		a, err := domainclaim.ParseAddress(in)
		if err != nil || a.Key() != key || a.Local()+"@"+a.Domain() != in {
			t.Errorf("ParseAddress(%q): key %q, mailbox %q, %v", in, a.Key(), a.Mailbox(), err)
		}
	}
}

func TestAddressCandidates(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"a@example.com":         {"example.com"},
		"a@x.y.example.co.uk":   {"x.y.example.co.uk", "y.example.co.uk", "example.co.uk"},
		"a@acme.github.io":      {"acme.github.io"},
		"a@mail.acme.github.io": {"mail.acme.github.io", "acme.github.io"},
		"a@github.io":           {"github.io"},
		"a@host.corp.local":     {"host.corp.local", "corp.local"},
	} {
		a, err := domainclaim.ParseAddress(in)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, a.Candidates()); d != "" {
			t.Errorf("%q (-want +got):\n%s", in, d)
		}
	}
	if got := (domainclaim.Address{}).Candidates(); got != nil {
		t.Errorf("zero address: %q", got)
	}
	if got := (domainclaim.Address{}).Mailbox(); got != "" {
		t.Errorf("zero address: %q", got)
	}
}
