package domainclaim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
)

func code(err error) domainclaim.Code {
	if e, ok := errors.AsType[*domainclaim.LookupError](err); ok {
		return e.Code
	}
	return ""
}

func TestNewResolver(t *testing.T) {
	t.Parallel()
	for in, ok := range map[string]bool{
		"192.0.2.1:53": true, "192.0.2.1": true, "[2001:db8::1]:5353": true, "2001:db8::1": true, "[2001:db8::1]": true,
		"": false, "dns.example.com:53": false, "192.0.2.1:": false, "192.0.2.1:0": false, "192.0.2.1:99999": false, "0.0.0.0:53": false, "::": false,
	} {
		r, err := domainclaim.NewResolver(in, nil)
		if (err == nil) != ok || (r != nil) != ok {
			t.Errorf("NewResolver(%q): %v", in, err)
		}
	}
}

// TestSplitStrings13: a record that travels in two strings is one value.
func TestSplitStrings13(t *testing.T) {
	t.Parallel()
	s := server(t)
	c := claim(t, "example.com")
	v := c.Records()[0].Value
	s.SetSplitTXT(apexName, v[:20], v[20:])
	o := checker(s.Resolver()).Check(t.Context(), c)
	if o.Outcome != domainclaim.Present || len(o.Found) != 1 || o.Found[0] != v {
		t.Errorf("%s, found %q", o.Outcome, o.Found)
	}
}

// TestManyRecords14: the second of forty records is found, over TCP.
func TestManyRecords14(t *testing.T) {
	t.Parallel()
	s := server(t)
	c := claim(t, "example.com")
	values := make([]string, 40)
	for i := range values {
		values[i] = fmt.Sprintf("%02d %s", i, strings.Repeat("x", 60))
	}
	values[1] = c.Records()[0].Value
	s.SetTXT(apexName, values...)
	a, err := s.Resolver().LookupTXT(t.Context(), apexName+".")
	if err != nil || len(a.Values) != 40 {
		t.Fatalf("%d values, %v", len(a.Values), err)
	}
	want := []dnstest.Query{{Name: apexName + ".", Type: "TXT", Network: "udp", EDNS: true, Recursive: true}, {Name: apexName + ".", Type: "TXT", Network: "tcp", EDNS: true, Recursive: true}}
	if d := cmp.Diff(want, s.Queries()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if o := checker(s.Resolver()).Check(t.Context(), c); o.Outcome != domainclaim.Present {
		t.Errorf("%s", o.Outcome)
	}
}

// TestTruncatedTwice15: an answer that is cut short over TCP as well says nothing,
// though what is left of it looks whole.
func TestTruncatedTwice15(t *testing.T) {
	t.Parallel()
	s := server(t)
	c := claim(t, "example.com")
	s.SetTXT(apexName, "v=spf1 -all", c.Records()[0].Value)
	s.Fail(apexName, dnstest.TruncatedTwice)
	if a, err := s.Resolver().LookupTXT(t.Context(), apexName+"."); code(err) != domainclaim.CodeTruncated {
		t.Errorf("%+v, %v", a, err)
	}
	if o := checker(s.Resolver()).Check(t.Context(), c); o.Outcome != domainclaim.Unknown {
		t.Errorf("%s, want unknown", o.Outcome)
	}
}

// TestOtherOwner16: records of another name are not the answer, and who sends them is
// not believed about absence either.
func TestOtherOwner16(t *testing.T) {
	t.Parallel()
	s := server(t)
	c := claim(t, "example.com")
	s.SetTXT(apexName, c.Records()[0].Value)
	s.Fail(apexName, dnstest.WrongOwner)
	if a, err := s.Resolver().LookupTXT(t.Context(), apexName+"."); code(err) != domainclaim.CodeMalformed || len(a.Values) != 0 {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestAliases17: eight aliases are followed, a ninth and a circle are not, whether the
// server brings the whole chain or one step at a time.
func TestAliases17(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	for _, fault := range []dnstest.Fault{"", dnstest.ShortChain} {
		for hops, want := range map[int]domainclaim.Outcome{1: domainclaim.Present, 8: domainclaim.Present, 9: domainclaim.Unknown} {
			s := server(t)
			s.Fail(".", fault)
			from := labelName
			var targets []string
			for i := range hops {
				to := fmt.Sprintf("hop%d.example.net", i)
				s.SetCNAME(from, strings.ToUpper(to))
				targets = append(targets, to+".")
				from = to
			}
			s.SetTXT(from, c.Token)
			o := checker(s.Resolver()).Check(t.Context(), c)
			if o.Outcome != want {
				t.Errorf("%q, %d aliases: %s, want %s", fault, hops, o.Outcome, want)
			}
			if want == domainclaim.Present {
				if d := cmp.Diff(targets, o.Answers[1].Aliases); d != "" {
					t.Errorf("%q, %d aliases (-want +got):\n%s", fault, hops, d)
				}
			}
		}
		s := server(t)
		s.Fail(".", fault)
		s.SetCNAME(labelName, "a.example.net")
		s.SetCNAME("a.example.net", "b.example.net")
		s.SetCNAME("b.example.net", "a.example.net")
		o := checker(s.Resolver()).Check(t.Context(), c)
		if o.Outcome != domainclaim.Unknown || o.Answers[1].Code != domainclaim.CodeAliasLoop || !strings.Contains(o.Hint, "in a circle") {
			t.Errorf("%q, circle: %s, %+v, %q", fault, o.Outcome, o.Answers, o.Hint)
		}
	}
}

// TestAliasToNothing: an alias that leads nowhere is an absence like any other, and
// one whose target fails is none.
func TestAliasToNothing(t *testing.T) {
	t.Parallel()
	for _, fault := range []dnstest.Fault{"", dnstest.ShortChain} {
		s := server(t)
		s.SetCNAME(labelName, "gone.example.net")
		s.SetCNAME("_other."+apexName, "empty.example.net")
		s.SetCNAME("_broken."+apexName, "broken.example.net")
		s.SetTXT("empty.example.net")
		s.Fail(labelName, fault)
		s.Fail("_other."+apexName, fault)
		s.Fail("_broken."+apexName, dnstest.ShortChain)
		s.Fail("broken.example.net", dnstest.ServFail)
		for name, want := range map[string]domainclaim.Code{
			labelName + ".": domainclaim.CodeNoName, "_other.example.com.": domainclaim.CodeNoData,
		} {
			if a, err := s.Resolver().LookupTXT(t.Context(), name); err != nil || a.Code != want || len(a.Aliases) != 1 {
				t.Errorf("%q: %s: %+v, %v; want %s", fault, name, a, err, want)
			}
		}
		if a, err := s.Resolver().LookupTXT(t.Context(), "_broken.example.com."); code(err) != domainclaim.CodeServFail {
			t.Errorf("broken target: %+v, %v", a, err)
		}
	}
}

func TestLookupAnswer(t *testing.T) {
	t.Parallel()
	s := server(t)
	s.SetTXT("Example.COM", "one", "two")
	a, err := s.Resolver().LookupTXT(t.Context(), "EXAMPLE.com.")
	if err != nil {
		t.Fatal(err)
	}
	want := domainclaim.Answer{Server: s.Addr(), Name: "EXAMPLE.com.", Code: domainclaim.CodeOK, Values: []string{"one", "two"}, TTL: 300 * time.Second}
	if d := cmp.Diff(want, a); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for name, want := range map[string]domainclaim.Code{"gone.example.com.": domainclaim.CodeNoName, "com.": domainclaim.CodeNoData} {
		if a, err := s.Resolver().LookupTXT(t.Context(), name); err != nil || a.Code != want || a.Values != nil {
			t.Errorf("%s: %+v, %v; want %s", name, a, err, want)
		}
	}
	for _, name := range []string{"", ".", "example.com", "a..b.", strings.Repeat("a", 64) + ".com.", strings.Repeat("a.", 127) + "a."} {
		if _, err := s.Resolver().LookupTXT(t.Context(), name); code(err) != domainclaim.CodeLocal {
			t.Errorf("LookupTXT(%q): %v, want %s", name, err, domainclaim.CodeLocal)
		}
	}
}

// TestLostPacket: the second packet is a new question, with an id of its own.
func TestLostPacket(t *testing.T) {
	t.Parallel()
	s := server(t)
	s.Fail(".", dnstest.Drop)
	// Long enough for both to be sent, and read, on a machine with everything else to do.
	r, err := domainclaim.NewResolver(s.Addr(), &domainclaim.ResolverOptions{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.LookupTXT(t.Context(), apexName+".")
	if code(err) != domainclaim.CodeTimeout || !strings.HasPrefix(err.Error(), "domainclaim: ") {
		t.Errorf("%v", err)
	}
	if n := len(s.Queries()); n != 2 {
		t.Errorf("%d packets, want 2", n)
	}
	first, a, err := domainclaim.NewQuery(apexName + ".")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[uint16]bool{first: true}
	for range 20 {
		id, b, err := domainclaim.NewQuery(apexName + ".")
		if err != nil || len(a) != len(b) {
			t.Fatal(err)
		}
		ids[id] = true
	}
	if len(ids) < 15 {
		t.Errorf("%d different ids in 21 questions", len(ids))
	}
}

func TestResolvConf(t *testing.T) {
	t.Parallel()
	for label, tt := range map[string]struct {
		text string
		want string
	}{
		"plain":          {"nameserver 192.0.2.1\n", "[192.0.2.1]"},
		"no line end":    {"nameserver 192.0.2.1", "[192.0.2.1]"},
		"search (4)":     {"search corp.internal\ndomain corp.internal\noptions ndots:5\nnameserver 192.0.2.1\n", "[192.0.2.1]"},
		"comments":       {"# nameserver 192.0.2.9\n; nameserver 192.0.2.8\nnameserver 192.0.2.1 # here\n", "[192.0.2.1]"},
		"several":        {"nameserver 192.0.2.1\r\nnameserver\t2001:db8::1\nnameserver fe80::1%eth0\nnameserver 192.0.2.4\n", "[192.0.2.1 2001:db8::1 fe80::1%eth0]"},
		"bad lines":      {"nameserver\nnameserver dns.example.com\nnameserver 0.0.0.0\nnameservers 192.0.2.2\nnameserver 192.0.2.1\n", "[192.0.2.1]"},
		"none":           {"search corp.internal\n", ""},
		"empty":          {"", ""},
		"far too long":   {"nameserver 192.0.2.1\n" + strings.Repeat("#", 64<<10), ""},
		"as long as may": {"nameserver 192.0.2.1\n" + strings.Repeat("#", 64<<10-21), "[192.0.2.1]"},
	} {
		got, err := domainclaim.ParseResolvConf(strings.NewReader(tt.text))
		if (err == nil) != (tt.want != "") {
			t.Errorf("%s: %v", label, err)
		}
		if err == nil && fmt.Sprint(got) != tt.want {
			t.Errorf("%s: %v, want %s", label, got, tt.want)
		}
	}
}
