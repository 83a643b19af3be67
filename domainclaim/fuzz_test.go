package domainclaim_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// upper raises ASCII letters alone.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{
		"ann@example.com", "Ann@BÜCHER.example", "a+tag@xn--bcher-kva.example", "H\u0331@example.com", "ann@ｅｘａｍｐｌｅ。com",
		`"a@evil.com"@example.com`, "a@[1.2.3.4]", "a@نامه\u200cای.com", "a@ſlack.com", "A <a@example.com>", "a@1.2.3.4",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := domainclaim.ParseAddress(s)
		if err != nil {
			return
		}
		k := a.Key()
		if len(k) > 254 || strings.Count(k, "@") != 1 || !utf8.ValidString(k) || strings.ContainsAny(k, "ABCDEFGHIJKLMNOPQRSTUVWXYZ \"<>()[]\\,;:\x00\r\n") {
			t.Errorf("%q has the key %q", s, k)
		}
		if !strings.HasSuffix(k, "@"+a.Domain()) || a.String() != s || !strings.HasPrefix(s, a.Local()+"@") {
			t.Errorf("%q: key %q, local %q, domain %q", s, k, a.Local(), a.Domain())
		}
		for _, other := range []string{k, a.Mailbox()} {
			b, err := domainclaim.ParseAddress(other)
			if err != nil || b.Key() != k {
				t.Errorf("%q of %q: key %q, %v; want %q", other, s, b.Key(), err, k)
			}
		}
		if b, err := domainclaim.ParseAddress(upper(s)); err == nil && b.Key() != k {
			t.Errorf("%q in capitals: key %q, want %q", s, b.Key(), k)
		}
		if c := a.Candidates(); len(c) == 0 || c[0] != a.Domain() {
			t.Errorf("%q: candidates %q", s, c)
		}
	})
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{
		"example.com", "Example.COM.", "bücher.com", "xn--bcher-kva.com", "example。com", "co.uk", "рф", "localhost", "1.2.3.4", "[::1]", "*.a.com", "a..b",
		"gmail.com", "acme.github.io", "аррӏе.com", "نامه\u200cای.com", "faß.de", "GİTHUB.com", "a.xn--0.com",
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, private bool) {
		opts := &domainclaim.NameOptions{AllowPrivate: private}
		n, err := domainclaim.ParseName(s, opts)
		if err != nil {
			if !utf8.ValidString(err.Error()) || n != (domainclaim.Name{}) {
				t.Errorf("%q: %q, %q", s, n, err)
			}
			return
		}
		if len(n.String()) > 253 || strings.Trim(n.String(), "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
			t.Errorf("%q is the name %q", s, n)
		}
		wide, _, _ := strings.Cut(n.Display(), " ")
		for _, other := range []string{n.String(), wide, upper(s), n.String() + "."} {
			if m, err := domainclaim.ParseName(other, opts); err != nil || m != n {
				t.Errorf("%q of %q is the name %q, %v; want %q", other, s, m, err, n)
			}
		}
		if a, err := domainclaim.ParseAddress("a@" + n.String()); err == nil && a.Domain() != n.String() {
			t.Errorf("an address at %q is at %q", n, a.Domain())
		}
		for _, candidate := range n.Candidates() {
			if candidate != n.String() && !strings.HasSuffix(n.String(), "."+candidate) {
				t.Errorf("%q has the candidate %q", n, candidate)
			}
		}
		c, err := domainclaim.New("acme", n, start)
		if err != nil {
			return
		}
		for _, r := range c.Records() {
			if _, _, err := domainclaim.NewQuery(r.Rooted()); err != nil {
				t.Errorf("the record name %q cannot be asked for: %v", r.Name, err)
			}
		}
	})
}

// message is an answer about example.com for the corpus.
func message(f *testing.F, rcode dnsmessage.RCode, answers, authorities, additionals []dnsmessage.Resource) []byte {
	f.Helper()
	m := dnsmessage.Message{
		Header:      dnsmessage.Header{ID: 1, Response: true, RecursionAvailable: true, RCode: rcode},
		Questions:   []dnsmessage.Question{{Name: dnsmessage.MustNewName("example.com."), Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassINET}},
		Answers:     answers,
		Authorities: authorities,
		Additionals: additionals,
	}
	msg, err := m.Pack()
	if err != nil {
		f.Fatal(err)
	}
	return msg
}

func record(owner string, kind dnsmessage.Type, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(owner), Type: kind, Class: dnsmessage.ClassINET, TTL: 60},
		Body:   body,
	}
}

func FuzzMessage(f *testing.F) {
	near, far := txt("example.com.", "a", "b"), txt("b.example.net.", "c")
	there, back := alias("example.com.", "b.example.net."), alias("b.example.net.", "example.com.")
	soa := record(".", dnsmessage.TypeSOA, &dnsmessage.SOAResource{NS: dnsmessage.MustNewName("ns."), MBox: dnsmessage.MustNewName("mb.")})
	ns := record(".", dnsmessage.TypeNS, &dnsmessage.NSResource{NS: dnsmessage.MustNewName("ns.")})
	var opt dnsmessage.ResourceHeader
	if err := opt.SetEDNS0(1232, dnsmessage.RCode(16), false); err != nil {
		f.Fatal(err)
	}
	edns := dnsmessage.Resource{Header: opt, Body: &dnsmessage.OPTResource{}}
	f.Add(message(f, dnsmessage.RCodeSuccess, []dnsmessage.Resource{near, near}, nil, nil))
	f.Add(message(f, dnsmessage.RCodeSuccess, []dnsmessage.Resource{there, far}, nil, nil))
	f.Add(message(f, dnsmessage.RCodeSuccess, []dnsmessage.Resource{there, back}, nil, nil))
	f.Add(message(f, dnsmessage.RCodeSuccess, []dnsmessage.Resource{far}, nil, nil))
	f.Add(message(f, dnsmessage.RCodeSuccess, nil, []dnsmessage.Resource{soa}, []dnsmessage.Resource{edns}))
	f.Add(message(f, dnsmessage.RCodeSuccess, nil, []dnsmessage.Resource{ns}, nil))
	f.Add(message(f, dnsmessage.RCodeNameError, nil, []dnsmessage.Resource{soa}, nil))
	f.Add(message(f, dnsmessage.RCodeServerFailure, nil, nil, nil))
	f.Fuzz(func(t *testing.T, msg []byte) {
		if len(msg) < 2 || len(msg) > 65535 {
			return
		}
		a, matched, err := domainclaim.ReadMessage(msg, uint16(msg[0])<<8|uint16(msg[1]), "example.com.", dnsmessage.TypeTXT, "")
		if !matched {
			return
		}
		if len(a.Aliases) > 8 {
			t.Errorf("%d aliases", len(a.Aliases))
		}
		if err != nil {
			if len(a.Values) != 0 || a.Code == "" || a.Code == domainclaim.CodeOK || a.Code == domainclaim.CodeNoName || a.Code == domainclaim.CodeNoData {
				t.Errorf("an error with %+v", a)
			}
			return
		}
		switch a.Code {
		case domainclaim.CodeOK:
			if len(a.Values) == 0 {
				t.Error("no values")
			}
		case domainclaim.CodeNoName, domainclaim.CodeNoData:
			if len(a.Values) != 0 {
				t.Errorf("absent with %+v", a)
			}
		case "":
			if len(a.Aliases) == 0 {
				t.Error("to be asked again for the same name")
			}
		default:
			t.Errorf("code %q without an error", a.Code)
		}
	})
}

// FuzzZoneMessage reads answers about name servers and their addresses, and those of a
// name server itself.
func FuzzZoneMessage(f *testing.F) {
	ns := record("example.com.", dnsmessage.TypeNS, &dnsmessage.NSResource{NS: dnsmessage.MustNewName("NS1.example.net.")})
	a := record("example.com.", dnsmessage.TypeA, &dnsmessage.AResource{A: [4]byte{9, 1, 1, 1}})
	aaaa := record("example.com.", dnsmessage.TypeAAAA, &dnsmessage.AAAAResource{AAAA: [16]byte{0x26, 15: 1}})
	soa := record("com.", dnsmessage.TypeSOA, &dnsmessage.SOAResource{NS: dnsmessage.MustNewName("ns."), MBox: dnsmessage.MustNewName("mb."), MinTTL: 1 << 31})
	there := alias("example.com.", "b.example.net.")
	kinds := []dnsmessage.Type{dnsmessage.TypeTXT, dnsmessage.TypeNS, dnsmessage.TypeA, dnsmessage.TypeAAAA, dnsmessage.TypeSOA}
	for i, answers := range [][]dnsmessage.Resource{{txt("example.com.", "a")}, {ns, ns}, {a}, {aaaa}, {there}, {there, txt("b.example.net.", "a")}, nil} {
		for _, authorities := range [][]dnsmessage.Resource{nil, {soa}, {ns}} {
			for kind := range kinds {
				msg := message(f, dnsmessage.RCodeSuccess, answers, authorities, nil)
				msg[2] |= 4 * byte(i%2) // AA
				msg[len("\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00")+1] = byte(kinds[kind])
				f.Add(msg, uint8(kind), i%2 == 0)
			}
		}
	}
	f.Fuzz(func(t *testing.T, msg []byte, kind uint8, zone bool) {
		if len(msg) < 2 || len(msg) > 65535 {
			return
		}
		apex := ""
		if zone {
			apex = "example.com."
		}
		want := kinds[int(kind)%len(kinds)]
		a, matched, err := domainclaim.ReadMessage(msg, uint16(msg[0])<<8|uint16(msg[1]), "example.com.", want, apex)
		if !matched {
			return
		}
		if a.TTL < 0 || a.TTL > 7*24*time.Hour || len(a.Aliases) > 8 {
			t.Errorf("%+v", a)
		}
		if zone && msg[2]&4 == 0 && (err == nil || len(a.Values) > 0) {
			t.Errorf("believed without AA: %+v", a)
		}
		if a.Code == domainclaim.CodeElsewhere && (!zone || len(a.Aliases) == 0 || len(a.Values) > 0) {
			t.Errorf("elsewhere: %+v", a)
		}
		for _, v := range a.Values {
			ip, bad := netip.ParseAddr(v)
			switch want {
			case dnsmessage.TypeNS:
				if !strings.HasSuffix(v, ".") || strings.ContainsAny(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
					t.Errorf("host %q", v)
				}
			case dnsmessage.TypeA, dnsmessage.TypeAAAA:
				if bad != nil || ip.Is4() != (want == dnsmessage.TypeA) {
					t.Errorf("address %q", v)
				}
			case dnsmessage.TypeSOA:
				t.Errorf("records of a type that is not read: %q", v)
			}
		}
	})
}

func FuzzValues(f *testing.F) {
	c := claim(f, "example.com")
	for _, v := range []string{"", "v=spf1 -all", c.Records()[0].Value, c.Token, `"` + c.Token + `"`, "acme-domain-verify=", "\xff\x00", upper(c.Token)} {
		f.Add(v, v)
	}
	f.Fuzz(func(t *testing.T, apex, under string) {
		o := checker(resolverFunc(func(_ context.Context, rooted string) (domainclaim.Answer, error) {
			if rooted == apexName+"." {
				return domainclaim.Answer{Values: []string{apex}}, nil
			}
			return domainclaim.Answer{Values: []string{under}}, nil
		})).Check(t.Context(), c)
		if o.Outcome == domainclaim.Present && !strings.Contains(apex+under, c.Token) {
			t.Errorf("%q and %q prove it", apex, under)
		}
		if o.Outcome == domainclaim.Absent || o.Outcome == domainclaim.Unknown {
			t.Errorf("a record under the label is %s", o.Outcome)
		}
		if !utf8.ValidString(o.Hint) || len(o.Hint) > 2000 {
			t.Errorf("hint %q", o.Hint)
		}
		for _, v := range o.Found {
			if len(v) > 100 || !utf8.ValidString(v) {
				t.Errorf("found %q", v)
			}
		}
	})
}

func FuzzResolvConf(f *testing.F) {
	f.Add("nameserver 192.0.2.1\nsearch corp.internal\nnameserver fe80::1%eth0\n")
	f.Fuzz(func(t *testing.T, text string) {
		servers, err := domainclaim.ParseResolvConf(strings.NewReader(text))
		if err == nil && (len(servers) == 0 || len(servers) > 3) {
			t.Errorf("%d servers", len(servers))
		}
		for _, ip := range servers {
			if _, err := domainclaim.NewResolver(ip.String(), nil); err != nil {
				t.Errorf("%v: %v", ip, err)
			}
		}
	})
}
