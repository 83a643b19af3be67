package domainclaim_test

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
)

// clock is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// lasting lets where name servers are be kept for five minutes.
func lasting(s *dnstest.Server, names ...string) {
	for _, name := range append(names, "example.com", "ns1.example.net", "ns2.example.net") {
		s.SetTTL(name, 5*time.Minute)
	}
}

// keeping is a checker whose Authority goes by a clock that is moved by hand.
func (n *internet) keeping(t testing.TB, more ...*dnstest.Server) (*domainclaim.Checker, *clock) {
	t.Helper()
	at := &clock{at: start}
	servers := []string{n.resolver.Addr()}
	resolvers := []domainclaim.Resolver{n.resolver.Resolver()}
	for _, s := range more {
		servers, resolvers = append(servers, s.Addr()), append(resolvers, s.Resolver())
	}
	a, err := domainclaim.NewAuthority(&domainclaim.AuthorityOptions{Servers: servers, Dial: n.Dial, Now: at.now})
	if err != nil {
		t.Fatal(err)
	}
	return domainclaim.NewChecker(&domainclaim.CheckerOptions{Resolvers: resolvers, Authority: a, Timeout: 5 * time.Second, Now: at.now}), at
}

// searched is how often the resolver was asked for name servers and their addresses since
// the last call.
func searched(s *dnstest.Server) func() map[string]int {
	told := 0
	return func() map[string]int {
		all := s.Queries()
		asked := map[string]int{}
		for _, q := range all[told:] {
			if q.Type != "TXT" {
				asked[q.Type+" "+q.Name]++
			}
		}
		told = len(all)
		return asked
	}
}

// TestKeptNameServers: a look in the background takes from looks before it where name
// servers are, for as long as the resolvers let it and no longer, and asks those anew.
func TestKeptNameServers(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 2)
	lasting(n.resolver)
	n.resolver.SetTTL("ns1.example.net", 100*time.Second)
	check, at := n.keeping(t)
	c := held(claim(t, "example.com"))
	asked := searched(n.resolver)
	all := map[string]int{"NS example.com.": 1, "A ns1.example.net.": 1, "A ns2.example.net.": 1}
	for i, step := range []struct {
		after time.Duration
		want  map[string]int
	}{
		{0, all},
		{time.Second, map[string]int{}},
		{98 * time.Second, map[string]int{}},
		{time.Second, map[string]int{"A ns1.example.net.": 1}},
		{199 * time.Second, map[string]int{"A ns1.example.net.": 1}},
		{time.Second, map[string]int{"NS example.com.": 1, "A ns2.example.net.": 1}},
	} {
		at.move(step.after)
		before := len(n.keepers[0].Queries())
		o := check.Check(t.Context(), c)
		if o.Outcome != domainclaim.Absent || !o.Authoritative || o.Zone != "example.com." || len(o.NameServers) != 2 {
			t.Errorf("look %d: %s, authoritative %t, %s", i, o.Outcome, o.Authoritative, o.Hint)
		}
		if d := cmp.Diff(step.want, asked()); d != "" {
			t.Errorf("look %d (-want +got):\n%s", i, d)
		}
		if got := len(n.keepers[0].Queries()) - before; got != 2 {
			t.Errorf("look %d: %d questions to the name server, want 2: what it says is not kept", i, got)
		}
	}
	// The record is back, and found at the name servers that are known.
	n.publish(2, apexName, c.Records()[0].Value)
	if o := check.Check(t.Context(), c); o.Outcome != domainclaim.Present || !o.Authoritative || len(asked()) != 0 {
		t.Errorf("back: %s, authoritative %t", o.Outcome, o.Authoritative)
	}
}

// TestKeptForHowLong: what may not be kept is not, what may be for a week is for five
// minutes, and by a clock that goes back nothing is known.
func TestKeptForHowLong(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ttl, after time.Duration
		kept       bool
	}{
		"a minute, at once":       {time.Minute, 0, true},
		"a minute, to the end":    {time.Minute, time.Minute - time.Microsecond, true},
		"a minute is over":        {time.Minute, time.Minute, false},
		"not to be kept":          {0, 0, false},
		"a week, to the bound":    {7 * 24 * time.Hour, 5*time.Minute - time.Microsecond, true},
		"a week, from the bound":  {7 * 24 * time.Hour, 5 * time.Minute, false},
		"the clock has gone back": {time.Minute, -time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newInternet(t, 1)
			n.resolver.SetTTL("example.com", tt.ttl)
			n.resolver.SetTTL("ns1.example.net", tt.ttl)
			check, at := n.keeping(t)
			c := held(claim(t, "example.com"))
			asked := searched(n.resolver)
			check.Check(t.Context(), c)
			want := asked()
			if len(want) != 2 {
				t.Fatalf("the first look asked for %v", want)
			}
			if tt.kept {
				want = map[string]int{}
			}
			at.move(tt.after)
			if o := check.Check(t.Context(), c); o.Outcome != domainclaim.Absent || !o.Authoritative {
				t.Errorf("%s, authoritative %t", o.Outcome, o.Authoritative)
			}
			if d := cmp.Diff(want, asked()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestKeptTurnsNothing: no look that can prove a claim or end one, and none that somebody
// waits for, goes by what was kept, or leaves something for others.
func TestKeptTurnsNothing(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	in := func(s domainclaim.State, absent time.Duration) domainclaim.Claim {
		c := c
		c.State, c.AbsentFor = s, absent
		return c
	}
	const half = 12 * time.Hour
	for name, tt := range map[string]struct {
		claim domainclaim.Claim
		now   bool
		kept  bool
	}{
		"verified":             {claim: in(domainclaim.Verified, 0), kept: true},
		"missing":              {claim: in(domainclaim.Missing, 0), kept: true},
		"missing, and no end":  {claim: in(domainclaim.Missing, domainclaim.Grace-half-1), kept: true},
		"missing, and the end": {claim: in(domainclaim.Missing, domainclaim.Grace-half)},
		"missing for longer":   {claim: in(domainclaim.Missing, 2*domainclaim.Grace)},
		"pending":              {claim: in(domainclaim.Pending, 0)},
		"unverified":           {claim: in(domainclaim.Unverified, 0)},
		"unknown state":        {claim: in("later", 0)},
		"verified, now":        {claim: in(domainclaim.Verified, 0), now: true},
		"missing, now":         {claim: in(domainclaim.Missing, 0), now: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newInternet(t, 1)
			lasting(n.resolver, "ns.example.org")
			check, _ := n.keeping(t)
			asked := searched(n.resolver)
			look := func() domainclaim.Observation {
				if tt.now {
					return check.CheckNow(t.Context(), tt.claim)
				}
				return check.Check(t.Context(), tt.claim)
			}
			look()
			if len(asked()) == 0 {
				t.Fatal("the first look asked for nothing")
			}
			// What is kept by now are the name servers of one who could have been led astray.
			check.Check(t.Context(), in(domainclaim.Missing, 0))
			if again := len(asked()) > 0; again == tt.kept {
				t.Errorf("a look after it asked for name servers: %t", again)
			}
			n.resolver.SetNS("example.com", "ns.example.org")
			n.resolver.SetAddr("ns.example.org", netip.MustParseAddr("9.5.5.5"))
			moved := n.keep(t, netip.MustParseAddr("9.5.5.5"), "example.com")
			before := len(n.keepers[0].Queries())
			look()
			if fresh := len(asked()) > 0; fresh == tt.kept {
				t.Errorf("it asked for name servers: %t", fresh)
			}
			if led := len(n.keepers[0].Queries()) > before; led != tt.kept {
				t.Errorf("it went by what was kept: %t", led)
			}
			if there := len(moved.Queries()) > 0; there == tt.kept {
				t.Errorf("it went where the name servers are now: %t", there)
			}
		})
	}
}

// TestKeptNoFailure: that nobody answered, that nothing is there, and that resolvers differ
// is asked anew.
func TestKeptNoFailure(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]func(n *internet, second *dnstest.Server) (heal func()){
		"the zone fails": func(n *internet, _ *dnstest.Server) func() {
			n.resolver.Fail("example.com", dnstest.ServFail)
			return func() { n.resolver.Heal("example.com") }
		},
		"the host fails": func(n *internet, _ *dnstest.Server) func() {
			n.resolver.Fail("ns1.example.net", dnstest.Refused)
			return func() { n.resolver.Heal("ns1.example.net") }
		},
		"no zone": func(n *internet, second *dnstest.Server) func() {
			n.resolver.Remove("example.com")
			second.Remove("example.com")
			return func() {
				n.resolver.SetNS("example.com", "ns1.example.net")
				second.SetNS("example.com", "ns1.example.net")
			}
		},
		"no address": func(n *internet, second *dnstest.Server) func() {
			n.resolver.Remove("ns1.example.net")
			second.Remove("ns1.example.net")
			return func() {
				n.resolver.SetAddr("ns1.example.net", netip.MustParseAddr("9.1.1.1"))
				second.SetAddr("ns1.example.net", netip.MustParseAddr("9.1.1.1"))
			}
		},
		"they differ": func(n *internet, second *dnstest.Server) func() {
			second.SetAddr("ns1.example.net", netip.MustParseAddr("9.6.6.6"))
			return func() { second.SetAddr("ns1.example.net", netip.MustParseAddr("9.1.1.1")) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newInternet(t, 1)
			second := server(t)
			lasting(n.resolver)
			lasting(second)
			second.SetNS("example.com", "ns1.example.net")
			second.SetAddr("ns1.example.net", netip.MustParseAddr("9.1.1.1"))
			trap := n.keep(t, netip.MustParseAddr("9.6.6.6"), "example.com")
			check, _ := n.keeping(t, second)
			c := held(claim(t, "example.com"))
			heal := tt(n, second)
			if o := check.Check(t.Context(), c); o.Authoritative {
				t.Errorf("%s by the word of name servers, before there were any", o.Outcome)
			}
			heal()
			if o := check.Check(t.Context(), c); o.Outcome != domainclaim.Absent || !o.Authoritative {
				t.Errorf("%s, authoritative %t, %q", o.Outcome, o.Authoritative, o.Hint)
			}
			if q := trap.Queries(); len(q) > 0 {
				t.Errorf("a server that one of two resolvers names was asked %+v", q)
			}
		})
	}
}

// TestKeptMajority: what one resolver of three says about name servers is not kept, however
// long it says that it may be, and what most say is for no longer than the shortest says.
func TestKeptMajority(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 1)
	trap := n.keep(t, netip.MustParseAddr("9.6.6.6"), "example.com")
	liar, third := server(t), server(t)
	for s, addr := range map[*dnstest.Server]string{liar: "9.6.6.6", third: "9.1.1.1"} {
		s.SetNS("example.com", "ns1.example.net")
		s.SetAddr("ns1.example.net", netip.MustParseAddr(addr))
		lasting(s)
	}
	lasting(n.resolver)
	liar.SetTTL("ns1.example.net", 24*time.Hour)
	third.SetTTL("ns1.example.net", time.Minute)
	check, at := n.keeping(t, liar, third)
	c := held(claim(t, "example.com"))
	asked := searched(third)
	for i, want := range []map[string]int{{"NS example.com.": 1, "A ns1.example.net.": 1}, {}, {"A ns1.example.net.": 1}} {
		if o := check.Check(t.Context(), c); o.Outcome != domainclaim.Absent || !o.Authoritative {
			t.Errorf("look %d: %s, authoritative %t", i, o.Outcome, o.Authoritative)
		}
		if d := cmp.Diff(want, asked()); d != "" {
			t.Errorf("look %d (-want +got):\n%s", i, d)
		}
		at.move(30 * time.Second)
	}
	if q := trap.Queries(); len(q) > 0 {
		t.Errorf("the liar's server was asked %+v", q)
	}
}

// TestKeptByType: a name may be a zone, and one of its own name servers.
func TestKeptByType(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 1)
	lasting(n.resolver)
	n.resolver.SetNS("example.com", "example.com")
	n.resolver.SetAddr("example.com", netip.MustParseAddr("9.1.1.1"))
	check, _ := n.keeping(t)
	for i := range 2 {
		if o := check.Check(t.Context(), held(claim(t, "example.com"))); o.Outcome != domainclaim.Absent || !o.Authoritative {
			t.Errorf("look %d: %s, authoritative %t, %q", i, o.Outcome, o.Authoritative, o.Hint)
		}
	}
}

// TestKeptByOwnClock: the Authority that is made of the resolvers goes by the Checker's clock.
func TestKeptByOwnClock(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 1)
	lasting(n.resolver)
	n.resolver.SetAddr("ns1.example.net", netip.MustParseAddr("10.0.0.1")) // nobody is to be dialled
	at := &clock{at: start}
	check := domainclaim.NewChecker(&domainclaim.CheckerOptions{Resolvers: []domainclaim.Resolver{n.resolver.Resolver()}, Now: at.now})
	asked := searched(n.resolver)
	for i, want := range []int{1, 0, 1} {
		check.Check(t.Context(), held(claim(t, "example.com")))
		if got := asked()["NS example.com."]; got != want {
			t.Errorf("look %d asked %d times for name servers, want %d", i, got, want)
		}
		at.move(time.Duration(1+4*i) * time.Minute)
	}
}

// TestKeptByZone: who asks an Authority itself gets nothing that was kept.
func TestKeptByZone(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 1)
	lasting(n.resolver)
	a := n.Authority(n.resolver)
	asked := searched(n.resolver)
	for range 2 {
		if _, err := a.Zone(t.Context(), "example.com."); err != nil || len(asked()) != 2 {
			t.Errorf("the zone was not looked for: %v", err)
		}
	}
}

// TestKeptShared: domains at one hoster have their zones looked for, and its hosts once,
// whoever looks; what they make of it is each one's own.
func TestKeptShared(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 2)
	lasting(n.resolver)
	check, _ := n.keeping(t)
	const domains = 40
	for i := range domains {
		zone := fmt.Sprintf("shared%d.com", i)
		n.resolver.SetNS(zone, "ns1.example.net", "ns2.example.net")
		n.resolver.SetZone(zone, minimum)
		n.resolver.SetTTL(zone, 5*time.Minute)
		for _, k := range n.keepers {
			k.SetZone(zone, minimum)
		}
	}
	look := func(i int) {
		o := check.Check(t.Context(), held(claim(t, fmt.Sprintf("shared%d.com", i))))
		if o.Outcome != domainclaim.Absent || !o.Authoritative {
			t.Errorf("%d: %s, authoritative %t, %q", i, o.Outcome, o.Authoritative, o.Hint)
		}
	}
	look(0)
	asked := searched(n.resolver)
	asked()
	var wg sync.WaitGroup
	for i := 1; i < domains; i++ {
		wg.Go(func() { look(i) })
	}
	wg.Wait()
	got := asked()
	for what, times := range got {
		if times != 1 || what[:2] != "NS" {
			t.Errorf("%s was asked for %d times", what, times)
		}
	}
	if len(got) != domains-1 {
		t.Errorf("%d zones were looked for, want %d", len(got), domains-1)
	}
}

// TestKeptIsBounded: strangers choose what is asked for, and so it takes no more room than a
// few thousand answers; what was asked for lately stays.
func TestKeptIsBounded(t *testing.T) {
	t.Parallel()
	at := &clock{at: start}
	k := domainclaim.NewKept(at.now)
	for i := range 20_000 {
		k.Put(fmt.Sprintf("ns%d.example.net.", i), time.Minute, "9.1.1.1")
		if i%1000 == 999 && k.Size() > 4096 {
			t.Fatalf("%d answers take room", k.Size())
		}
	}
	for i := 18_000; i < 20_000; i++ {
		if _, ok := k.Find(fmt.Sprintf("ns%d.example.net.", i)); !ok {
			t.Fatalf("the host number %d of 20000 is not known", i)
		}
	}
	if _, ok := k.Find("ns1.example.net."); ok {
		t.Error("the first of them is known")
	}
	many := make([]string, 17)
	k.Put("many.example.net.", time.Minute, many...)
	k.Put("most.example.net.", time.Minute, many[:16]...)
	k.Put("none.example.net.", time.Minute)
	for host, want := range map[string]bool{"many.example.net.": false, "most.example.net.": true, "none.example.net.": false} {
		if _, ok := k.Find(host); ok != want {
			t.Errorf("%s is kept: %t", host, ok)
		}
	}
	k.Put("week.example.net.", 7*24*time.Hour, "9.1.1.1")
	at.move(5 * time.Minute)
	if _, ok := k.Find("week.example.net."); ok {
		t.Error("what may be kept for a week is known after five minutes")
	}
	before := k.Size()
	k.Put("zero.example.net.", 0, "9.1.1.1")
	if k.Size() != before {
		t.Error("what is not to be kept takes room")
	}
	k.Put("most.example.net.", time.Minute, many[:16]...)
	many[0] = "changed"
	got, _ := k.Find("most.example.net.")
	got[0] = "changed"
	if again, _ := k.Find("most.example.net."); again[0] != "" {
		t.Error("who gave what is kept, or was given it, has changed it")
	}
}
