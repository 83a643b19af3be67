package dnstest_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/accesssec/accesssec-go/domainclaim"
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

// TestStandardResolverTypes: Go's own resolver reads the records of the other types.
func TestStandardResolverTypes(t *testing.T) {
	t.Parallel()
	s := server(t)
	s.SetNS("example.com", "ns1.example.net", "NS2.example.net")
	s.SetAddr("ns1.example.net", netip.MustParseAddr("9.1.1.1"), netip.MustParseAddr("2600::1"))
	found, err := standard(s).LookupNS(t.Context(), "example.com.")
	var hosts []string
	for _, ns := range found {
		hosts = append(hosts, ns.Host)
	}
	slices.Sort(hosts)
	if d := cmp.Diff([]string{"ns1.example.net.", "ns2.example.net."}, hosts); d != "" || err != nil {
		t.Errorf("NS: %v (-want +got):\n%s", err, d)
	}
	for network, want := range map[string]string{"ip4": "9.1.1.1", "ip6": "2600::1"} {
		got, err := standard(s).LookupNetIP(t.Context(), network, "ns1.example.net.")
		if err != nil || len(got) != 1 || got[0].Unmap().String() != want {
			t.Errorf("%s: %v, %v; want %s", network, got, err, want)
		}
	}
	s.Remove("ns1.example.net")
	if got, err := standard(s).LookupNetIP(t.Context(), "ip4", "ns1.example.net."); err == nil {
		t.Errorf("removed: %v", got)
	}
}

// ask sends one question by UDP and returns what comes back.
func ask(t *testing.T, s *dnstest.Server, name string, recurse bool) dnsmessage.Message {
	t.Helper()
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 9, RecursionDesired: recurse},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassINET}},
	}
	msg, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("udp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write(msg); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1500)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	var out dnsmessage.Message
	if err := out.Unpack(buf[:n]); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestZones: a question that is not recursive is answered from the server's zones, by the
// book.
func TestZones(t *testing.T) {
	t.Parallel()
	s := server(t)
	s.SetZone("example.com", time.Minute)
	s.SetTXT("example.com", "a")
	s.SetTXT("b.example.com", "b")
	s.SetTXT("example.org", "other")
	s.SetTXT("x.sub.example.com", "not its own")
	s.SetNS("sub.example.com", "ns.example.org")
	s.SetCNAME("in.example.com", "b.example.com")
	s.SetCNAME("out.example.com", "example.org")
	s.SetCNAME("loop.example.com", "loop.example.com")
	for _, tt := range []struct {
		name        string
		recurse     bool
		rcode       dnsmessage.RCode
		aa          bool
		answers     int
		authorities dnsmessage.Type // of the first; 0: none
	}{
		{"example.com.", false, 0, true, 1, 0},
		{"example.com.", true, 0, false, 1, 0},
		{"in.example.com.", false, 0, true, 2, 0},
		{"out.example.com.", false, 0, true, 1, 0},
		{"out.example.com.", true, 0, false, 2, 0},
		{"loop.example.com.", false, 0, true, 1, 0},
		{"gone.example.com.", false, 3, true, 0, dnsmessage.TypeSOA},
		{"x.sub.example.com.", false, 0, false, 0, dnsmessage.TypeNS},
		{"x.sub.example.com.", true, 0, false, 1, 0},
		{"example.org.", false, 5, false, 0, 0},
		{"example.org.", true, 0, false, 1, 0},
	} {
		m := ask(t, s, tt.name, tt.recurse)
		var first dnsmessage.Type
		if len(m.Authorities) > 0 {
			first = m.Authorities[0].Header.Type
		}
		if m.RCode != tt.rcode || m.Authoritative != tt.aa || len(m.Answers) != tt.answers || first != tt.authorities || m.RecursionAvailable != tt.recurse {
			t.Errorf("%s, %t: %v", tt.name, tt.recurse, m.GoString())
		}
	}
	// Without a zone every question is one to a resolver.
	if m := ask(t, server(t), "example.com.", false); m.Authoritative || !m.RecursionAvailable || m.RCode != 3 {
		t.Errorf("without a zone: %v", m.GoString())
	}
}

// TestNetwork: who dials gets to the servers that were placed, to loopback, and nowhere
// else.
func TestNetwork(t *testing.T) {
	t.Parallel()
	n, s := dnstest.NewNetwork(), server(t)
	n.Place(netip.MustParseAddr("9.1.1.1"), s)
	s.SetTXT("example.com", "a")
	for address, ok := range map[string]bool{
		"9.1.1.1:53": true, s.Addr(): true,
		"9.1.1.1:80": false, "9.1.1.2:53": false, "127.0.0.1:53": false, "example.com:53": false,
	} {
		conn, err := n.Dial(t.Context(), "udp", address)
		if (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
		if err == nil {
			if conn.RemoteAddr().String() != s.Addr() {
				t.Errorf("%s leads to %s", address, conn.RemoteAddr())
			}
			conn.Close()
		}
	}
	if got := n.Dialled(); len(got) != 5 {
		t.Errorf("dialled %q", got)
	}
}

// A whole "verify now": the record is published, and seen at the domain's name server
// while resolvers still have it that there is none.
func ExampleServer_Authority() {
	dns, err := dnstest.New()
	if err != nil {
		log.Fatal(err)
	}
	defer dns.Close()
	checker := domainclaim.NewChecker(&domainclaim.CheckerOptions{
		Resolvers: []domainclaim.Resolver{dns.Resolver()},
		Authority: dns.Authority(),
	})
	name, err := domainclaim.ParseName("example.com", nil)
	if err != nil {
		log.Fatal(err)
	}
	claim, err := domainclaim.New("acme", name, time.Now())
	if err != nil {
		log.Fatal(err)
	}
	seen := checker.CheckNow(context.Background(), claim)
	fmt.Println(seen.Outcome, seen.Authoritative, seen.NameServers)

	dns.SetTXT(claim.Records()[0].Name, claim.Records()[0].Value)
	seen = checker.CheckNow(context.Background(), claim)
	fmt.Println(seen.Outcome, seen.Authoritative)
	// Output:
	// absent true [ns.dnstest.net.]
	// present true
}

// Name servers that do not agree need a network.
func ExampleNetwork() {
	network := dnstest.NewNetwork()
	var servers []*dnstest.Server
	for range 3 {
		s, err := dnstest.New()
		if err != nil {
			log.Fatal(err)
		}
		defer s.Close()
		servers = append(servers, s)
	}
	resolver, first, second := servers[0], servers[1], servers[2]
	resolver.SetNS("example.com", "ns1.example.net", "ns2.example.net")
	for host, at := range map[string]struct {
		addr   string
		server *dnstest.Server
	}{"ns1.example.net": {"9.1.1.1", first}, "ns2.example.net": {"9.1.1.2", second}} {
		resolver.SetAddr(host, netip.MustParseAddr(at.addr))
		network.Place(netip.MustParseAddr(at.addr), at.server)
		at.server.SetZone("example.com", time.Minute)
	}
	first.SetTXT("example.com", "new")
	second.SetTXT("example.com", "old")

	zone, err := network.Authority(resolver).Zone(context.Background(), "www.example.com.")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(zone.Name, zone.NameServers)
	for _, s := range zone.Servers {
		answer, err := s.LookupTXT(context.Background(), "example.com.")
		fmt.Println(answer.Server, answer.Values, err)
	}
	// Output:
	// example.com. [ns1.example.net. ns2.example.net.]
	// 9.1.1.1:53 [new] <nil>
	// 9.1.1.2:53 [old] <nil>
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
