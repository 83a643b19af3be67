package dnstest_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
)

func server(t testing.TB) *dnstest.Server {
	t.Helper()
	s, err := dnstest.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// standard is Go's own resolver, asked about rooted names: a second opinion on what
// the server sends.
func standard(s *dnstest.Server) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, s.Addr())
	}}
}

func TestStandardResolver(t *testing.T) {
	t.Parallel()
	s := server(t)
	s.SetTXT("Example.com.", "one", "two")
	s.SetSplitTXT("split.example.com", "ab", "cd")
	s.SetTXT("long.example.com", strings.Repeat("x", 700))
	s.SetTXT("empty.example.com")
	s.SetCNAME("alias.example.com", "split.example.com")
	many := make([]string, 60)
	for i := range many {
		many[i] = strings.Repeat("y", 100)
	}
	s.SetTXT("many.example.com", many...)
	for name, want := range map[string][]string{
		"example.com.":       {"one", "two"},
		"EXAMPLE.com.":       {"one", "two"},
		"split.example.com.": {"abcd"},
		"alias.example.com.": {"abcd"},
		"long.example.com.":  {strings.Repeat("x", 700)},
		"many.example.com.":  many,
	} {
		got, err := standard(s).LookupTXT(t.Context(), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	for _, name := range []string{"empty.example.com.", "gone.example.com.", "example.net."} {
		_, err := standard(s).LookupTXT(t.Context(), name)
		if e, ok := err.(*net.DNSError); !ok || !e.IsNotFound {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	s.Remove("EXAMPLE.com")
	if got, err := standard(s).LookupTXT(t.Context(), "example.com."); err == nil {
		t.Errorf("removed: %q", got)
	}
	s.SetTXT("example.com", "three")
	s.Fail("example.com", dnstest.ServFail)
	_, err := standard(s).LookupTXT(t.Context(), "example.com.")
	if e, ok := err.(*net.DNSError); !ok || e.IsNotFound {
		t.Errorf("SERVFAIL: %v", err)
	}
	s.Heal("example.com")
	if got, err := standard(s).LookupTXT(t.Context(), "example.com."); err != nil || len(got) != 1 {
		t.Errorf("healed: %q, %v", got, err)
	}
}

// TestFaultOfOne: the fault of a name goes before the fault of all, and the records
// that a fault speaks of are those that were set.
func TestFaultOfOne(t *testing.T) {
	t.Parallel()
	s := server(t)
	s.SetTXT("example.com", "a")
	s.SetTXT("example.org", "b")
	s.Fail(".", dnstest.Refused)
	s.Fail("example.com", dnstest.NoData)
	s.Fail("example.net", dnstest.NXDomain)
	for name, want := range map[string]string{"example.com.": "NODATA", "example.net.": "NXDOMAIN"} {
		if a, err := s.Resolver().LookupTXT(t.Context(), name); err != nil || string(a.Code) != want || len(a.Values) != 0 {
			t.Errorf("%s: %+v, %v; want %s", name, a, err, want)
		}
	}
	if a, err := s.Resolver().LookupTXT(t.Context(), "example.org."); err == nil {
		t.Errorf("refused: %+v", a)
	}
	s.Heal(".")
	for _, name := range []string{"example.com.", "example.org."} {
		if a, err := s.Resolver().LookupTXT(t.Context(), name); err != nil || len(a.Values) != 1 {
			t.Errorf("%s healed: %+v, %v", name, a, err)
		}
	}
}

// TestRubbish: what is no question gets no answer and does no harm.
func TestRubbish(t *testing.T) {
	t.Parallel()
	s := server(t)
	s.SetTXT("example.com", "a")
	udp, err := net.Dial("udp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	tcp, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	for _, msg := range [][]byte{{}, {1}, make([]byte, 12), make([]byte, 600), []byte(strings.Repeat("\xff", 100))} {
		if _, err := udp.Write(msg); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tcp.Write(append(binary.BigEndian.AppendUint16(nil, 12), make([]byte, 12)...)); err != nil {
		t.Fatal(err)
	}
	if n, err := tcp.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("over TCP: %d, %v; want the connection closed", n, err)
	}
	if a, err := s.Resolver().LookupTXT(t.Context(), "example.com."); err != nil || len(a.Values) != 1 {
		t.Errorf("afterwards: %+v, %v", a, err)
	}
	if got := s.Queries(); len(got) != 1 || got[0].Network != "udp" || !got[0].EDNS || got[0].Name != "example.com." {
		t.Errorf("queries %+v", got)
	}
}

// TestConcurrent changes records while they are asked for, with open connections when
// the server closes.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	s, err := dnstest.New()
	if err != nil {
		t.Fatal(err)
	}
	idle, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	var wg sync.WaitGroup
	for i := range 4 {
		name := fmt.Sprintf("n%d.example.com", i)
		wg.Go(func() {
			for range 50 {
				s.SetTXT(name, "v")
				if a, err := s.Resolver().LookupTXT(context.Background(), name+"."); err != nil || len(a.Values) != 1 {
					t.Errorf("%s: %+v, %v", name, a, err)
				}
				s.Remove(name)
			}
		})
	}
	wg.Wait()
	if n := len(s.Queries()); n < 200 {
		t.Errorf("%d queries, want 200", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	idle.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := idle.Read(make([]byte, 1)); err == nil {
		t.Error("the connection outlived the server")
	}
}

func Example() {
	dns, err := dnstest.New()
	if err != nil {
		log.Fatal(err)
	}
	defer dns.Close()
	dns.SetTXT("example.com", "hello")

	answer, err := dns.Resolver().LookupTXT(context.Background(), "example.com.")
	fmt.Println(answer.Values, err)

	dns.Fail("example.com", dnstest.NXDomain)
	answer, err = dns.Resolver().LookupTXT(context.Background(), "example.com.")
	fmt.Println(answer.Code, err)
	// Output:
	// [hello] <nil>
	// NXDOMAIN <nil>
}
