package domainclaim_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
)

// internet is a resolver, and name servers of example.com at made-up public addresses.
type internet struct {
	*dnstest.Network
	resolver *dnstest.Server
	keepers  []*dnstest.Server
}

// minimum is for how long an absence in a zone may be kept.
const minimum = 15 * time.Minute

func newInternet(t testing.TB, keepers int) *internet {
	t.Helper()
	n := &internet{Network: dnstest.NewNetwork(), resolver: server(t)}
	var hosts []string
	for i := range keepers {
		at := netip.AddrFrom4([4]byte{9, 1, 1, byte(i + 1)})
		hosts = append(hosts, fmt.Sprintf("ns%d.example.net", i+1))
		n.resolver.SetAddr(hosts[i], at)
		n.keepers = append(n.keepers, n.keep(t, at, "example.com"))
	}
	n.resolver.SetZone("example.com", minimum)
	n.resolver.SetNS("example.com", hosts...)
	return n
}

// keep places a name server of a zone.
func (n *internet) keep(t testing.TB, at netip.Addr, zone string) *dnstest.Server {
	t.Helper()
	s := server(t)
	s.SetZone(zone, minimum)
	n.Place(at, s)
	return s
}

// publish sets a record at the first so many name servers.
func (n *internet) publish(servers int, name, value string) {
	for _, s := range n.keepers[:servers] {
		s.SetTXT(name, value)
	}
}

// checker asks the network's resolver, and those beside it.
func (n *internet) checker(beside ...domainclaim.Resolver) *domainclaim.Checker {
	return domainclaim.NewChecker(&domainclaim.CheckerOptions{
		Resolvers: append([]domainclaim.Resolver{n.resolver.Resolver()}, beside...),
		Authority: n.Authority(n.resolver), Timeout: 5 * time.Second, Now: func() time.Time { return start },
	})
}

// waiting is a checker that waits so long for each name server, and for the resolver as long as
// its answer takes on a machine with everything else to do.
func (n *internet) waiting(t testing.TB, timeout time.Duration) *domainclaim.Checker {
	t.Helper()
	a, err := domainclaim.NewAuthority(&domainclaim.AuthorityOptions{
		Servers: []string{n.resolver.Addr()}, Dial: n.Dial, Timeout: timeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := domainclaim.NewResolver(n.resolver.Addr(), &domainclaim.ResolverOptions{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return domainclaim.NewChecker(&domainclaim.CheckerOptions{
		Resolvers: []domainclaim.Resolver{r}, Authority: a, Timeout: time.Minute, Now: func() time.Time { return start },
	})
}

func held(c domainclaim.Claim) domainclaim.Claim {
	c.State = domainclaim.Missing
	return c
}

// TestPublishedAtTheSource: a record is seen at the name servers the moment it is
// published, whatever the resolvers have kept, and the hint says until when they have.
func TestPublishedAtTheSource(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 2)
	c := claim(t, "example.com")
	o := n.checker().CheckNow(t.Context(), c)
	if o.Outcome != domainclaim.Absent || !o.Authoritative || !o.CachedUntil.IsZero() || !strings.Contains(o.Hint, "name servers of example.com were asked") {
		t.Errorf("before: %s, %t, until %s, %q", o.Outcome, o.Authoritative, o.CachedUntil, o.Hint)
	}
	n.publish(2, apexName, c.Records()[0].Value)
	o = n.checker().CheckNow(t.Context(), c)
	if o.Outcome != domainclaim.Present || !o.Authoritative {
		t.Fatalf("after: %s, %t, %q", o.Outcome, o.Authoritative, o.Hint)
	}
	if want := start.Add(minimum); !o.CachedUntil.Equal(want) || !strings.Contains(o.Hint, "may not see it until 12:15 UTC") {
		t.Errorf("until %s, want %s; hint %q", o.CachedUntil, want, o.Hint)
	}
	if d := cmp.Diff([]string{"ns1.example.net.", "ns2.example.net."}, o.NameServers); d != "" || o.Zone != "example.com." {
		t.Errorf("zone %q (-want +got):\n%s", o.Zone, d)
	}
	answers := map[bool]int{}
	for _, a := range o.Answers {
		answers[a.Authoritative]++
	}
	if d := cmp.Diff(map[bool]int{false: 2, true: 4}, answers); d != "" {
		t.Errorf("answers (-want +got):\n%s", d)
	}
	// In the background too: the resolver does not prove it, so the source is asked.
	if o := n.checker().Check(t.Context(), c); o.Outcome != domainclaim.Present || !o.Authoritative {
		t.Errorf("background: %s, %t", o.Outcome, o.Authoritative)
	}
	for _, k := range n.keepers {
		for _, q := range k.Queries() {
			if q.Recursive || q.Type != "TXT" {
				t.Errorf("a name server was asked %+v", q)
			}
		}
	}
}

// TestStaleAnswers: a record that resolvers have kept for longer than it exists proves
// nothing new, and is gone by the word of who keeps the zone.
func TestStaleAnswers(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 2)
	c := claim(t, "example.com")
	n.resolver.SetTXT(apexName, c.Records()[0].Value)
	o := n.checker().CheckNow(t.Context(), c)
	if o.Outcome != domainclaim.Absent || !o.Authoritative || !o.CachedUntil.Equal(start.Add(5*time.Minute)) || !strings.Contains(o.Hint, "may still show one until 12:05 UTC") {
		t.Errorf("pending: %s, %t, until %s, %q", o.Outcome, o.Authoritative, o.CachedUntil, o.Hint)
	}
	o = n.checker().CheckNow(t.Context(), held(c))
	if o.Outcome != domainclaim.Absent || !o.Authoritative || !strings.Contains(o.Hint, "may still show one until 12:05 UTC") {
		t.Errorf("held: %s, %t, %q", o.Outcome, o.Authoritative, o.Hint)
	}
	if o := n.checker().Check(t.Context(), held(c)); o.Outcome != domainclaim.Absent || !o.Authoritative {
		t.Errorf("missing, in the background: %s, %t", o.Outcome, o.Authoritative)
	}
	c.State = domainclaim.Verified
	if o := n.checker().Check(t.Context(), c); o.Outcome != domainclaim.Present {
		t.Errorf("verified, in the background: %s", o.Outcome)
	}
}

// TestNameServersDisagree: of several name servers at least half of those that answered
// must show a proof, one is enough for who has proven the domain, and none is an absence
// when more than half answered.
func TestNameServersDisagree(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		servers, has, refuse int
		pending, held        domainclaim.Outcome
		hint                 string // of the pending claim
	}{
		{1, 1, 0, domainclaim.Present, domainclaim.Present, "The record was found"},
		{2, 1, 0, domainclaim.Present, domainclaim.Present, "1 of 2 name servers have it so far."},
		{3, 1, 0, domainclaim.Unknown, domainclaim.Present, "Only 1 of 3 name servers"},
		{3, 2, 0, domainclaim.Present, domainclaim.Present, "2 of 3 name servers have it so far."},
		{4, 1, 2, domainclaim.Unknown, domainclaim.Present, "Only 1 of 2 name servers"},
		{5, 2, 2, domainclaim.Present, domainclaim.Present, "2 of 3 name servers have it so far."},
		{3, 0, 1, domainclaim.Absent, domainclaim.Absent, "No record was found"},
		{4, 0, 2, domainclaim.Absent, domainclaim.Absent, "No record was found"}, // by the resolver, not by them
		{3, 0, 3, domainclaim.Absent, domainclaim.Absent, "No record was found"},
	} {
		t.Run(fmt.Sprintf("%d of %d, %d refuse", tt.has, tt.servers, tt.refuse), func(t *testing.T) {
			t.Parallel()
			n := newInternet(t, tt.servers)
			c := claim(t, "example.com")
			n.publish(tt.has, labelName, c.Token)
			for _, k := range n.keepers[tt.servers-tt.refuse:] {
				k.Fail(".", dnstest.Refused)
			}
			o := n.checker().CheckNow(t.Context(), c)
			if o.Outcome != tt.pending || !strings.Contains(o.Hint, tt.hint) {
				t.Errorf("pending: %s, %q; want %s, %q", o.Outcome, o.Hint, tt.pending, tt.hint)
			}
			// The word of the name servers is theirs when more than half of them spoke.
			want := o.Outcome == domainclaim.Present || o.Outcome == domainclaim.Absent && 2*tt.refuse < tt.servers
			if o.Authoritative != want {
				t.Errorf("authoritative %t", o.Authoritative)
			}
			if o := n.checker().CheckNow(t.Context(), held(c)); o.Outcome != tt.held {
				t.Errorf("held: %s, want %s; %q", o.Outcome, tt.held, o.Hint)
			}
		})
	}
}

// TestAuthorityAlone: where the resolvers fail, the word of the name servers is enough.
func TestAuthorityAlone(t *testing.T) {
	t.Parallel()
	for _, published := range []bool{true, false} {
		n := newInternet(t, 2)
		broken := server(t)
		broken.Fail(".", dnstest.ServFail)
		c := claim(t, "example.com")
		want := domainclaim.Absent
		if published {
			n.publish(2, apexName, c.Records()[0].Value)
			want = domainclaim.Present
		}
		check := domainclaim.NewChecker(&domainclaim.CheckerOptions{
			Resolvers: []domainclaim.Resolver{broken.Resolver()}, Authority: n.Authority(n.resolver),
		})
		for label, o := range map[string]domainclaim.Observation{"check": check.Check(t.Context(), c), "now": check.CheckNow(t.Context(), c)} {
			if o.Outcome != want || !o.Authoritative {
				t.Errorf("%s: %s, %t; want %s", label, o.Outcome, o.Authoritative, want)
			}
		}
	}
}

// TestAuthorityFaults: whatever name servers do wrong, it is not taken for their word.
func TestAuthorityFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range []dnstest.Fault{
		dnstest.ServFail, dnstest.Refused, dnstest.FormErr, dnstest.NotImp, dnstest.BadVersion, dnstest.TruncatedTwice,
		dnstest.WrongOwner, dnstest.Garbage, dnstest.Lame, dnstest.Hangup, dnstest.NoAA, dnstest.Drop, dnstest.WrongID,
	} {
		for _, published := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%t", fault, published), func(t *testing.T) {
				t.Parallel()
				n := newInternet(t, 2)
				c := claim(t, "example.com")
				n.publish(2, apexName, "v=spf1 -all")
				n.publish(2, labelName, "another")
				if published {
					n.publish(2, apexName, c.Records()[0].Value)
				}
				for _, k := range n.keepers {
					k.Fail(".", fault)
				}
				timeout := time.Minute
				if fault == dnstest.Drop || fault == dnstest.WrongID { // nothing comes that is an answer
					timeout = time.Second
				}
				o := n.waiting(t, timeout).CheckNow(t.Context(), c)
				if o.Outcome != domainclaim.Absent || o.Authoritative {
					t.Errorf("%s, %t; want what the resolver said: absent", o.Outcome, o.Authoritative)
				}
				if !o.CachedUntil.Equal(start.Add(minimum)) || !strings.Contains(o.Hint, "until 12:15 UTC") {
					t.Errorf("until %s, %q", o.CachedUntil, o.Hint)
				}
				for _, a := range o.Answers {
					if a.Authoritative && (a.Code == domainclaim.CodeOK || a.Code == domainclaim.CodeNoName || len(a.Values) > 0) {
						t.Errorf("believed %+v", a)
					}
				}
				// What can be got around is: cut by UDP alone, or afraid of EDNS.
			})
		}
	}
	for _, fault := range []dnstest.Fault{dnstest.Truncated, dnstest.FormErrEDNS} {
		n := newInternet(t, 1)
		c := claim(t, "example.com")
		n.publish(1, apexName, c.Records()[0].Value)
		n.keepers[0].Fail(".", fault)
		if o := n.checker().CheckNow(t.Context(), c); o.Outcome != domainclaim.Present || !o.Authoritative {
			t.Errorf("%s: %s, %t", fault, o.Outcome, o.Authoritative)
		}
	}
}

// TestPrivateNameServers: who owns a domain chooses the addresses of its name servers,
// and none of them leads into the host's network.
func TestPrivateNameServers(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{
		"127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
		"::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "fe80::1", "fd00:ec2::254", "2002:a00:1::",
	} {
		t.Run(addr, func(t *testing.T) {
			t.Parallel()
			n := newInternet(t, 1)
			trap := server(t)
			n.Place(netip.MustParseAddr(addr), trap)
			n.Place(netip.MustParseAddr(addr).Unmap(), trap)
			trap.SetZone("example.com", minimum)
			c := claim(t, "example.com")
			trap.SetTXT(apexName, c.Records()[0].Value)
			n.resolver.SetAddr("ns1.example.net", netip.MustParseAddr(addr))
			for _, o := range []domainclaim.Observation{n.checker().Check(t.Context(), c), n.checker().CheckNow(t.Context(), c)} {
				if o.Outcome != domainclaim.Absent || o.Authoritative || !strings.Contains(o.Hint, "The name servers of example.com have private addresses.") {
					t.Errorf("%s, %t, %q", o.Outcome, o.Authoritative, o.Hint)
				}
			}
			for _, a := range n.Dialled() {
				if a != n.resolver.Addr() {
					t.Errorf("%s was dialled", a)
				}
			}
			if q := trap.Queries(); len(q) > 0 {
				t.Errorf("the host's own server was asked %+v", q)
			}
			// Beside a public one it is passed over.
			n.resolver.SetAddr("ns1.example.net", netip.MustParseAddr(addr), netip.AddrFrom4([4]byte{9, 1, 1, 1}))
			if o := n.checker().CheckNow(t.Context(), c); o.Outcome != domainclaim.Absent || !o.Authoritative || len(trap.Queries()) > 0 {
				t.Errorf("beside a public address: %s, %t", o.Outcome, o.Authoritative)
			}
		})
	}
}

// TestManyNameServers: what a zone can make us ask is bounded.
func TestManyNameServers(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 0)
	var hosts []string
	for i := range 40 {
		host := fmt.Sprintf("ns%02d.example.net", i)
		hosts = append(hosts, host)
		var addrs []netip.Addr
		for j := range 20 {
			at := netip.AddrFrom4([4]byte{9, 2, byte(i), byte(j)})
			addrs = append(addrs, at)
			n.Place(at, n.resolver)
		}
		n.resolver.SetAddr(host, addrs...)
	}
	n.resolver.SetNS("example.com", hosts...)
	z, err := n.Authority(n.resolver).Zone(t.Context(), "example.com.")
	if err != nil {
		t.Fatal(err)
	}
	if len(z.NameServers) != 16 || len(z.Servers) != 16 || !slices.IsSorted(z.NameServers) || z.Name != "example.com." {
		t.Errorf("%d name servers, %d addresses of %s", len(z.NameServers), len(z.Servers), z.Name)
	}
	o := n.checker().CheckNow(t.Context(), claim(t, "example.com"))
	if len(o.Answers) > 32 || len(o.NameServers) > 16 {
		t.Errorf("%d answers, %d name servers", len(o.Answers), len(o.NameServers))
	}
	// One of a host, or who has a single one of them would have many voices.
	n.resolver.SetNS("example.com", "ns00.example.net")
	if z, err := n.Authority(n.resolver).Zone(t.Context(), "example.com."); err != nil || len(z.Servers) != 1 {
		t.Errorf("%d addresses of one host, %v", len(z.Servers), err)
	}
}

// TestZoneCut: the zone of a name is the closest one. Where there is none it is that of the
// ending, which is no zone of anybody's record.
func TestZoneCut(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 1)
	host := "ns1.example.net"
	for _, zone := range []string{"com", "co.uk", "acme.co.uk", "_acme-challenge.example.com", "dept.example.com", "one.example.org"} {
		n.resolver.SetNS(zone, host)
	}
	n.resolver.SetCNAME("www.example.org", "one.example.org")
	a := n.Authority(n.resolver)
	for name, want := range map[string]string{
		"example.com.":                      "example.com.",
		"EXAMPLE.com.":                      "example.com.",
		"a.b.c.example.com.":                "example.com.",
		"_acme-challenge.example.com.":      "_acme-challenge.example.com.",
		"_acme-challenge.dept.example.com.": "dept.example.com.",
		"x.acme.co.uk.":                     "acme.co.uk.",
		"other.co.uk.":                      "co.uk.",
		"co.uk.":                            "",
		"gone.com.":                         "com.",
		"com.":                              "",
		".":                                 "",
		"example.com":                       "", // not rooted
		"www.example.org.":                  "", // an alias has the NS records of another
		strings.Repeat("a.", 40) + "example.com.": "", // too deep
	} {
		z, err := a.Zone(t.Context(), name)
		if z.Name != want || (err == nil) != (want != "") || z.Ending != (want == "com." || want == "co.uk.") {
			t.Errorf("%s: %q, %v; want %q", name, z.Name, err, want)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "domainclaim: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDeregistered: that a domain is not registered any more is known to the servers of its
// ending, by NXDOMAIN; nothing else that they say is about the record.
func TestDeregistered(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 1)
	n.resolver.SetNS("com", "ns1.example.net")
	c := claim(t, "gone.com")
	if o := n.checker().CheckNow(t.Context(), c); o.Outcome != domainclaim.Absent || o.Authoritative {
		t.Errorf("servers that do not keep the ending: %s, authoritative %t", o.Outcome, o.Authoritative)
	}
	n.keepers[0].SetZone("com", minimum)
	o := n.checker().CheckNow(t.Context(), c)
	if o.Outcome != domainclaim.Absent || !o.Authoritative || !strings.Contains(o.Hint, "may not be registered any more") || len(o.NameServers) > 0 {
		t.Errorf("gone: %s, authoritative %t, %q, at %v", o.Outcome, o.Authoritative, o.Hint, o.NameServers)
	}
	n.keepers[0].SetTXT("www.gone.com", "x") // the name is there, and what is asked for is not
	if o := n.checker().CheckNow(t.Context(), c); o.Authoritative {
		t.Errorf("a name that is there: %s, authoritative %t", o.Outcome, o.Authoritative)
	}
	for _, r := range c.Records() {
		n.keepers[0].SetTXT(r.Name, r.Value)
	}
	if o := n.checker().CheckNow(t.Context(), c); o.Outcome == domainclaim.Present {
		t.Error("proven by the servers of the ending")
	}
}

// TestZoneAskedOnce: both records are mostly in one zone, which is looked for once.
func TestZoneAskedOnce(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 2)
	n.checker().CheckNow(t.Context(), claim(t, "example.com"))
	asked := map[string]int{}
	for _, q := range n.resolver.Queries() {
		asked[q.Type+" "+q.Name]++
	}
	want := map[string]int{
		"TXT example.com.": 1, "TXT _acme-challenge.example.com.": 1,
		"TXT example.com.example.com.": 0, // the name servers are asked for that
		"NS example.com.":              1, "NS _acme-challenge.example.com.": 1,
		"A ns1.example.net.": 1, "A ns2.example.net.": 1,
	}
	delete(want, "TXT example.com.example.com.")
	if d := cmp.Diff(want, asked); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestDelegatedLabel: the label of the challenge may be a zone of its own, and each record
// is asked for where it is kept.
func TestDelegatedLabel(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 1)
	c := claim(t, "example.com")
	n.resolver.SetNS(labelName, "ns.example.org")
	n.resolver.SetAddr("ns.example.org", netip.MustParseAddr("9.3.3.3"))
	n.keepers[0].SetNS(labelName, "ns.example.org")
	other := n.keep(t, netip.MustParseAddr("9.3.3.3"), labelName)
	if o := n.checker().CheckNow(t.Context(), c); o.Outcome != domainclaim.Absent || !o.Authoritative {
		t.Errorf("nothing: %s, %t, %q", o.Outcome, o.Authoritative, o.Hint)
	}
	other.SetTXT(labelName, c.Token)
	if o := n.checker().CheckNow(t.Context(), c); o.Outcome != domainclaim.Present || !o.Authoritative || o.Zone != "example.com." {
		t.Errorf("under the label: %s, %t, %q", o.Outcome, o.Authoritative, o.Zone)
	}
	// One of the two broken: no word about it, and the other may still prove it.
	other.Fail(".", dnstest.ServFail)
	if o := n.checker().CheckNow(t.Context(), c); o.Outcome != domainclaim.Absent || o.Authoritative {
		t.Errorf("broken: %s, %t", o.Outcome, o.Authoritative)
	}
	n.resolver.SetAddr("ns.example.org", netip.MustParseAddr("10.0.0.1"))
	n.publish(1, apexName, c.Records()[0].Value)
	if o := n.checker().CheckNow(t.Context(), c); o.Outcome != domainclaim.Present || !o.Authoritative {
		t.Errorf("private: %s, %t", o.Outcome, o.Authoritative)
	}
}

// TestLabelWithoutName: in the background the zone of the label is not looked for where
// resolvers say that there is no such name. Where they are wrong, as caches are for a while
// after it was given away, the servers above it do not answer for it.
func TestLabelWithoutName(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		label         []string // records that the resolver has there; nil: no such name
		alias         string   // where the label leads, at the resolver
		beside        bool     // two resolvers more, which have another's records there
		delegated     bool     // by the name servers, though the resolver does not know
		asked         int      // questions for its name servers
		authoritative bool
	}{
		"no such name":            {authoritative: true},
		"a name without records":  {label: []string{}, asked: 1, authoritative: true},
		"another's records":       {label: []string{"other"}, asked: 1, authoritative: true},
		"one of three":            {beside: true, asked: 1, authoritative: true},
		"an alias to nowhere":     {alias: "nowhere.example.com", asked: 1, authoritative: true},
		"given away, and unknown": {delegated: true},
	} {
		n := newInternet(t, 2)
		if tt.label != nil {
			n.resolver.SetTXT(labelName, tt.label...)
		}
		if tt.alias != "" {
			n.resolver.SetCNAME(labelName, tt.alias)
		}
		var beside []domainclaim.Resolver
		for range 2 {
			if s := server(t); tt.beside {
				s.SetTXT(labelName, "other")
				beside = append(beside, s.Resolver())
			}
		}
		other := n.keep(t, netip.MustParseAddr("9.3.3.3"), labelName)
		c := claim(t, "example.com")
		if tt.delegated {
			other.SetTXT(labelName, c.Token)
			for _, k := range n.keepers {
				k.SetNS(labelName, "ns.example.org")
			}
		}
		for _, c := range []domainclaim.Claim{c, held(c)} {
			asked := searched(n.resolver)
			asked()
			o := n.checker(beside...).Check(t.Context(), c)
			if o.Authoritative != tt.authoritative || o.Outcome == domainclaim.Present {
				t.Errorf("%s: %s, authoritative %t", name, o.Outcome, o.Authoritative)
			}
			if got := asked()["NS "+labelName+"."]; got != tt.asked {
				t.Errorf("%s: %d questions for name servers of the label, want %d", name, got, tt.asked)
			}
		}
		// While somebody waits it is.
		asked := searched(n.resolver)
		asked()
		n.checker().CheckNow(t.Context(), c)
		if got := asked()["NS "+labelName+"."]; got != 1 {
			t.Errorf("%s, now: %d questions for name servers of the label", name, got)
		}
	}
}

// TestReferral: the servers of a zone do not answer for what they gave away, which is no
// absence, though nobody could be found to ask.
func TestReferral(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 1)
	c := claim(t, "dept.example.com")
	n.keepers[0].SetNS("dept.example.com", "ns.example.org")
	o := n.checker().CheckNow(t.Context(), c)
	if o.Outcome != domainclaim.Absent || o.Authoritative {
		t.Errorf("%s, %t; want what the resolver said", o.Outcome, o.Authoritative)
	}
	for _, a := range o.Answers {
		if a.Authoritative && a.Code != domainclaim.CodeLame {
			t.Errorf("%+v", a)
		}
	}
}

// TestAuthorityMajority: a resolver that lies about name servers leads nobody to them.
func TestAuthorityMajority(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 1)
	c := claim(t, "example.com")
	trap := n.keep(t, netip.MustParseAddr("9.6.6.6"), "example.com")
	trap.SetTXT(apexName, c.Records()[0].Value)
	liar := server(t)
	liar.SetTXT(apexName, c.Records()[0].Value)
	liar.SetNS("example.com", "ns.example.org")
	liar.SetAddr("ns.example.org", netip.MustParseAddr("9.6.6.6"))
	second := server(t)
	second.SetNS("example.com", "ns1.example.net")
	second.SetAddr("ns1.example.net", netip.MustParseAddr("9.1.1.1"))
	check := domainclaim.NewChecker(&domainclaim.CheckerOptions{
		Resolvers: []domainclaim.Resolver{n.resolver.Resolver(), liar.Resolver(), second.Resolver()},
		Authority: n.Authority(n.resolver, liar, second), Now: func() time.Time { return start },
	})
	for _, o := range []domainclaim.Observation{check.CheckNow(t.Context(), c), check.Check(t.Context(), c)} {
		if o.Outcome != domainclaim.Absent || !o.Authoritative {
			t.Errorf("%s, %t", o.Outcome, o.Authoritative)
		}
	}
	// Two liars are not outvoted, and one of two is no majority.
	two := domainclaim.NewChecker(&domainclaim.CheckerOptions{
		Resolvers: []domainclaim.Resolver{n.resolver.Resolver(), liar.Resolver()}, Authority: n.Authority(n.resolver, liar),
	})
	if o := two.CheckNow(t.Context(), c); o.Outcome != domainclaim.Unknown || !strings.Contains(o.Hint, "seen by 1 of 2 DNS servers") {
		t.Errorf("one of two: %s, %q", o.Outcome, o.Hint)
	}
	if q := trap.Queries(); len(q) > 0 {
		t.Errorf("the liar's server was asked %+v", q)
	}
}

// TestAddressesOfSixth: name servers with IPv6 alone are asked there, and of others the
// IPv4 addresses are, unless there is no way to those.
func TestAddressesOfSixth(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 0)
	four, six := netip.MustParseAddr("9.4.4.4"), netip.MustParseAddr("2600::53")
	n.resolver.SetNS("example.com", "ns1.example.net")
	asked := func() []string {
		z, err := n.Authority(n.resolver).Zone(t.Context(), "example.com.")
		if err != nil {
			t.Fatal(err)
		}
		var at []string
		for _, s := range z.Servers {
			_, err := s.LookupTXT(t.Context(), "example.com.")
			var failed *domainclaim.LookupError
			if a, _ := s.LookupTXT(t.Context(), "example.com."); err == nil {
				at = append(at, a.Server)
			} else if errors.As(err, &failed) {
				at = append(at, failed.Server)
			}
		}
		return at
	}
	n.resolver.SetAddr("ns1.example.net", six)
	if d := cmp.Diff([]string{"[2600::53]:53"}, asked()); d != "" {
		t.Errorf("IPv6 alone (-want +got):\n%s", d)
	}
	n.resolver.SetAddr("ns1.example.net", six, four)
	n.keep(t, four, "example.com")
	if d := cmp.Diff([]string{"9.4.4.4:53"}, asked()); d != "" {
		t.Errorf("both (-want +got):\n%s", d)
	}
	n.resolver.SetAddr("ns1.example.net", six, netip.MustParseAddr("9.4.4.5")) // nobody is there
	if d := cmp.Diff([]string{"[2600::53]:53"}, asked()); d != "" {
		t.Errorf("no way to IPv4 (-want +got):\n%s", d)
	}
}

// TestNewAuthority: who is asked for name servers is an address, as for NewResolver.
func TestNewAuthority(t *testing.T) {
	t.Parallel()
	for in, ok := range map[string]bool{"192.0.2.1": true, "[2001:db8::1]:5353": true, "dns.example.com": false, "0.0.0.0": false, "": false} {
		a, err := domainclaim.NewAuthority(&domainclaim.AuthorityOptions{Servers: []string{in}})
		if (err == nil) != ok || (a != nil) != ok {
			t.Errorf("NewAuthority(%q): %v", in, err)
		}
	}
	n := newInternet(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if z, err := n.Authority(n.resolver).Zone(ctx, "example.com."); err == nil {
		t.Errorf("cancelled: %+v", z)
	}
}
