package domainclaim_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/publicsuffix"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// TestNameOneKey21: the spellings of one domain are one name.
func TestNameOneKey21(t *testing.T) {
	t.Parallel()
	for want, spellings := range map[string][]string{
		"example.com":           {"example.com", "Example.COM.", "example。com", "ｅｘａｍｐｌｅ.com", "example.com。"},
		"xn--bcher-kva.com":     {"bücher.com", "BÜCHER.com", "xn--bcher-kva.com", "XN--BCHER-KVA.COM.", "bu\u0308cher.com"},
		"xn--fa-hia.de":         {"faß.de", "xn--fa-hia.de"},
		"sub.example.co.uk":     {"Sub.Example.CO.UK"},
		"xn--e1afmkfd.xn--p1ai": {"пример.рф", "ПРИМЕР.РФ."},
	} {
		for _, s := range spellings {
			n, err := domainclaim.ParseName(s, nil)
			if err != nil || n.String() != want {
				t.Errorf("ParseName(%q) = %q, %v; want %q", s, n, err, want)
			}
		}
	}
}

// TestNameRefused22: what cannot be claimed is refused, with the code that says why.
func TestNameRefused22(t *testing.T) {
	t.Parallel()
	label63 := strings.Repeat("a", 63) + "."
	for in, code := range map[string]domainclaim.NameCode{
		"":                               domainclaim.NameEmpty,
		".":                              domainclaim.NameEmpty,
		"。":                              domainclaim.NameEmpty,
		"co.uk":                          domainclaim.NamePublicSuffix,
		"CO.UK":                          domainclaim.NamePublicSuffix,
		"co.uk.":                         domainclaim.NamePublicSuffix,
		"github.io":                      domainclaim.NamePublicSuffix,
		"рф":                             domainclaim.NamePublicSuffix,
		"com":                            domainclaim.NamePublicSuffix,
		"foo.ck":                         domainclaim.NamePublicSuffix,
		"acme.github.io":                 domainclaim.NamePrivateSuffix,
		"Acme.GitHub.IO":                 domainclaim.NamePrivateSuffix,
		"localhost":                      domainclaim.NameSingleLabel,
		"printer.local":                  domainclaim.NameNotICANN,
		"acme.test":                      domainclaim.NameNotICANN,
		"acme.example":                   domainclaim.NameNotICANN,
		"acme.internal":                  domainclaim.NameNotICANN,
		"1.2.3.4":                        domainclaim.NameIP,
		"1.2.3.4.":                       domainclaim.NameIP,
		"１.2.3.4":                        domainclaim.NameIP,
		"[::1]":                          domainclaim.NameIP,
		"::1":                            domainclaim.NameIP,
		"fe80::1%eth0":                   domainclaim.NameIP,
		"127.1":                          domainclaim.NameIP,
		"*.a.com":                        domainclaim.NameWildcard,
		"a.*.com":                        domainclaim.NameSyntax,
		"a..b":                           domainclaim.NameSyntax,
		".a.com":                         domainclaim.NameSyntax,
		"a.com..":                        domainclaim.NameSyntax,
		"exa_mple.com":                   domainclaim.NameSyntax,
		"-a.com":                         domainclaim.NameSyntax,
		"ab--cd.com":                     domainclaim.NameSyntax,
		"xn--0.com":                      domainclaim.NameSyntax,
		"a b.com":                        domainclaim.NameSyntax,
		" a.com":                         domainclaim.NameSyntax,
		"a.com\n":                        domainclaim.NameSyntax,
		"a\x00.com":                      domainclaim.NameSyntax,
		"exam\u200bple.com":              domainclaim.NameSyntax,
		"\xff.com":                       domainclaim.NameSyntax,
		"https://example.com":            domainclaim.NameSyntax,
		"example.com/":                   domainclaim.NameSyntax,
		"ann@example.com":                domainclaim.NameSyntax,
		"example.com:443":                domainclaim.NameSyntax,
		strings.Repeat("a", 64) + ".com": domainclaim.NameTooLong,
		label63 + label63 + label63 + strings.Repeat("a", 58) + ".com": domainclaim.NameTooLong, // 254 bytes
		strings.Repeat("/", 1025):                                      domainclaim.NameTooLong, // before anything else is looked at
		strings.Repeat("a.", 600) + "com":                              domainclaim.NameTooLong,
		"gmail.com":                                                    domainclaim.NameFreeMail,
		"acme.onmicrosoft.com":                                         domainclaim.NameTenant,
		"onmicrosoft.com":                                              domainclaim.NameTenant,
	} {
		n, err := domainclaim.ParseName(in, nil)
		var refused *domainclaim.NameError
		if !errors.As(err, &refused) || refused.Code != code || refused.Hint == "" {
			t.Errorf("ParseName(%q) = %q, %v; want code %s", in, n, err, code)
			continue
		}
		if n != (domainclaim.Name{}) {
			t.Errorf("ParseName(%q) gave a value beside its error", in)
		}
		if !strings.HasPrefix(err.Error(), "domainclaim: ") || len(refused.Name) > 100 || strings.ContainsAny(refused.Name, "\x00\n\u200b") {
			t.Errorf("ParseName(%q): error %q of %q", in, err, refused.Name)
		}
	}
	if n, err := domainclaim.ParseName(label63+label63+label63+strings.Repeat("a", 57)+".com", nil); err != nil || len(n.String()) != 253 {
		t.Errorf("a name of 253 bytes: %v", err)
	}
}

// TestNameHint: who pastes an address of a page or a person is told what to type.
func TestNameHint(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"https://example.com", "example.com/", "ann@example.com"} {
		_, err := domainclaim.ParseName(s, nil)
		if err == nil || !strings.Contains(err.Error(), "type the domain alone, without https://") {
			t.Errorf("ParseName(%q): %v", s, err)
		}
	}
}

// TestNameFreeMail23: mail providers for everybody are refused in every spelling, and
// the host has the last word.
func TestNameFreeMail23(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"gmail.com", "GMAIL.com.", "googlemail.com", "outlook.com", "yahoo.co.uk", "mailinator.com", "sub.mailinator.com", "gmx.de", "qq.com"} {
		_, err := domainclaim.ParseName(s, nil)
		var refused *domainclaim.NameError
		if !errors.As(err, &refused) || refused.Code != domainclaim.NameFreeMail {
			t.Errorf("ParseName(%q): %v, want %s", s, err, domainclaim.NameFreeMail)
		}
	}
	for _, s := range []string{"notgmail.com", "gmail.com.example.com", "mygmail.de"} {
		if _, err := domainclaim.ParseName(s, nil); err != nil {
			t.Errorf("ParseName(%q): %v", s, err)
		}
	}
	var asked []string
	allow := &domainclaim.NameOptions{Allow: func(ascii string) bool {
		asked = append(asked, ascii)
		return ascii == "gmail.com" || ascii == "acme.onmicrosoft.com" || ascii == "com"
	}}
	for _, s := range []string{"GMAIL.com", "acme.onmicrosoft.com"} {
		if _, err := domainclaim.ParseName(s, allow); err != nil {
			t.Errorf("ParseName(%q) with Allow: %v", s, err)
		}
	}
	if _, err := domainclaim.ParseName("com", allow); err == nil {
		t.Error("Allow lifted the rule about public suffixes")
	}
	if d := cmp.Diff([]string{"gmail.com", "acme.onmicrosoft.com", "com"}, asked); d != "" {
		t.Errorf("Allow was asked (-want +got):\n%s", d)
	}
	refuse := &domainclaim.NameOptions{
		Allow:  func(string) bool { return true },
		Refuse: func(ascii string) bool { return ascii == "xn--bcher-kva.com" },
	}
	_, err := domainclaim.ParseName("Bücher.com", refuse)
	var refused *domainclaim.NameError
	if !errors.As(err, &refused) || refused.Code != domainclaim.NameRefused {
		t.Errorf("Refuse: %v", err)
	}
}

func TestNameAllowPrivate(t *testing.T) {
	t.Parallel()
	opts := &domainclaim.NameOptions{AllowPrivate: true}
	for _, s := range []string{"github.io", "acme.github.io"} {
		if n, err := domainclaim.ParseName(s, opts); err != nil || n.String() != s {
			t.Errorf("ParseName(%q) = %q, %v", s, n, err)
		}
	}
	for _, s := range []string{"co.uk", "com"} {
		if _, err := domainclaim.ParseName(s, opts); err == nil {
			t.Errorf("ParseName(%q): want refused", s)
		}
	}
}

// TestNameHomograph: a person sees both forms of a name that is not plain ASCII.
func TestNameHomograph(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"example.com": "example.com",
		"аррӏе.com":   "аррӏе.com (xn--80ak6aa92e.com)",
		"BÜCHER.com":  "bücher.com (xn--bcher-kva.com)",
		"abxn--c.com": "abxn--c.com", // has it in the middle, where it says nothing
	} {
		n, err := domainclaim.ParseName(in, nil)
		if err != nil || n.Display() != want {
			t.Errorf("ParseName(%q).Display() = %q, %v; want %q", in, n.Display(), err, want)
		}
	}
}

func TestNameCandidates(t *testing.T) {
	t.Parallel()
	n, err := domainclaim.ParseName("a.b.example.co.uk", nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a.b.example.co.uk", "b.example.co.uk", "example.co.uk"}, n.Candidates()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := (domainclaim.Name{}).Candidates(); got != nil {
		t.Errorf("zero name: %q", got)
	}
}

// TestProviderLists: every line of the embedded lists is a name in the form in which
// it is looked up, once, and in order.
func TestProviderLists(t *testing.T) {
	t.Parallel()
	everything := &domainclaim.NameOptions{Allow: func(string) bool { return true }, AllowPrivate: true}
	for name, list := range map[string]string{"freemail": domainclaim.FreeMail(), "tenants": domainclaim.Tenants()} {
		if !strings.HasPrefix(list, "\n") || !strings.HasSuffix(list, "\n") {
			t.Errorf("%s: want a line feed at both ends", name)
		}
		lines := strings.Split(strings.Trim(list, "\n"), "\n")
		if !slices.IsSorted(lines) || len(slices.Compact(slices.Clone(lines))) != len(lines) {
			t.Errorf("%s: not sorted, or a line twice", name)
		}
		for _, line := range lines {
			n, err := domainclaim.ParseName(line, everything)
			if err != nil || n.String() != line {
				t.Errorf("%s: %q: %q, %v", name, line, n, err)
			}
			if suffix, icann := publicsuffix.PublicSuffix(line); icann && suffix == line {
				t.Errorf("%s: %q is a public suffix", name, line)
			}
		}
	}
}
