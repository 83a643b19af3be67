package domainclaim_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
)

// elsewhere adds a zone with a name server of its own.
func (n *internet) elsewhere(t testing.TB, zone string, at byte) *dnstest.Server {
	t.Helper()
	host, addr := fmt.Sprintf("ns%d.example.info", at), netip.AddrFrom4([4]byte{9, 5, 5, at})
	n.resolver.SetNS(zone, host)
	n.resolver.SetAddr(host, addr)
	return n.keep(t, addr, zone)
}

// TestAliasLeavesTheZone: an alias is followed to where its target is kept, and what a
// server says of a zone that is not its own counts for nothing.
func TestAliasLeavesTheZone(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 2)
	c := claim(t, "example.com")
	other := n.elsewhere(t, "example.org", 1)
	for _, k := range n.keepers {
		k.SetCNAME(labelName, "challenge.example.org")
	}
	o := n.checker().CheckNow(t.Context(), c)
	if o.Outcome != domainclaim.Absent || !o.Authoritative {
		t.Errorf("nothing: %s, %t, %q", o.Outcome, o.Authoritative, o.Hint)
	}
	other.SetTXT("challenge.example.org", c.Token)
	o = n.checker().CheckNow(t.Context(), c)
	if o.Outcome != domainclaim.Present || !o.Authoritative || o.Zone != "example.com." {
		t.Errorf("there: %s, %t, zone %q", o.Outcome, o.Authoritative, o.Zone)
	}
	seen := map[domainclaim.Code]int{}
	for _, a := range o.Answers {
		if a.Authoritative {
			seen[a.Code]++
		}
		if a.Code == domainclaim.CodeElsewhere {
			if d := cmp.Diff([]string{"challenge.example.org."}, a.Aliases); d != "" {
				t.Errorf("aliases (-want +got):\n%s", d)
			}
		}
	}
	if d := cmp.Diff(map[domainclaim.Code]int{domainclaim.CodeNoData: 2, domainclaim.CodeElsewhere: 2, domainclaim.CodeOK: 1}, seen); d != "" {
		t.Errorf("answers (-want +got):\n%s", d)
	}
	for _, fault := range []dnstest.Fault{dnstest.ServFail, dnstest.NoAA} {
		other.Fail(".", fault)
		if o := n.checker().CheckNow(t.Context(), c); o.Outcome != domainclaim.Absent || o.Authoritative {
			t.Errorf("%s: %s, %t; want what the resolver said", fault, o.Outcome, o.Authoritative)
		}
	}
	other.Heal(".")
	n.resolver.SetAddr("ns1.example.info", netip.MustParseAddr("127.0.0.1"))
	before := len(other.Queries())
	if o := n.checker().CheckNow(t.Context(), c); o.Outcome != domainclaim.Absent || o.Authoritative || len(other.Queries()) > before {
		t.Errorf("private: %s, %t", o.Outcome, o.Authoritative)
	}
}

// TestAliasMinority: a proof behind an alias that one odd server has is no proof, and no
// absence either.
func TestAliasMinority(t *testing.T) {
	t.Parallel()
	n := newInternet(t, 3)
	c := claim(t, "example.com")
	other := n.elsewhere(t, "example.org", 1)
	other.SetTXT("challenge.example.org", c.Token)
	n.keepers[0].SetCNAME(labelName, "challenge.example.org")
	if o := n.checker().CheckNow(t.Context(), c); o.Outcome != domainclaim.Unknown || !strings.Contains(o.Hint, "Only 1 of 3") {
		t.Errorf("pending: %s, %q", o.Outcome, o.Hint)
	}
	if o := n.checker().CheckNow(t.Context(), held(c)); o.Outcome != domainclaim.Present {
		t.Errorf("held: %s", o.Outcome)
	}
	// The target's own servers differ, one of three has it: nobody can tell.
	m := newInternet(t, 1)
	hosts := []string{"ns7.example.info", "ns8.example.info", "ns9.example.info"}
	var keepers []*dnstest.Server
	for i := range hosts {
		keepers = append(keepers, m.elsewhere(t, "example.org", byte(i+7)))
	}
	m.resolver.SetNS("example.org", hosts...)
	keepers[0].SetTXT("challenge.example.org", c.Token)
	m.keepers[0].SetCNAME(labelName, "challenge.example.org")
	for _, state := range []domainclaim.State{domainclaim.Pending, domainclaim.Unverified} {
		c.State = state
		if o := m.checker().CheckNow(t.Context(), c); o.Outcome != domainclaim.Unknown || o.Authoritative {
			t.Errorf("%s: %s, %t", state, o.Outcome, o.Authoritative)
		}
	}
	if o := m.checker().CheckNow(t.Context(), held(c)); o.Outcome != domainclaim.Present {
		t.Errorf("held: %s", o.Outcome)
	}
}

// TestAliasChains: eight aliases from zone to zone are followed, and a ninth and a circle
// are not, whether they stay in the zone or leave it.
func TestAliasChains(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	for hops, want := range map[int]domainclaim.Outcome{1: domainclaim.Present, 7: domainclaim.Present, 8: domainclaim.Present, 9: domainclaim.Unknown} {
		n := newInternet(t, 1)
		broken := server(t)
		broken.Fail(".", dnstest.ServFail)
		from, at := labelName, n.keepers[0]
		for i := range hops {
			zone := fmt.Sprintf("zone%d.org", i)
			at.SetCNAME(from, "x."+zone)
			from, at = "x."+zone, n.elsewhere(t, zone, byte(i+1))
		}
		at.SetTXT(from, c.Token)
		check := domainclaim.NewChecker(&domainclaim.CheckerOptions{Resolvers: []domainclaim.Resolver{broken.Resolver()}, Authority: n.Authority(n.resolver)})
		if o := check.CheckNow(t.Context(), c); o.Outcome != want {
			t.Errorf("%d aliases: %s, want %s; %+v", hops, o.Outcome, want, o.Answers)
		}
	}
	for label, names := range map[string][]string{
		"in the zone":   {labelName, "a.example.com", "b.example.com", "a.example.com"},
		"between zones": {labelName, "a.example.org", labelName},
		"beyond":        {labelName, "a.example.org", "b.example.org", "a.example.org"},
		"to itself":     {labelName, labelName},
	} {
		n := newInternet(t, 1)
		other := n.elsewhere(t, "example.org", 1)
		broken := server(t)
		broken.Fail(".", dnstest.ServFail)
		for i, to := range names[1:] {
			for _, s := range []*dnstest.Server{n.keepers[0], other} {
				s.SetCNAME(names[i], to)
			}
		}
		check := domainclaim.NewChecker(&domainclaim.CheckerOptions{Resolvers: []domainclaim.Resolver{broken.Resolver()}, Authority: n.Authority(n.resolver)})
		o := check.CheckNow(t.Context(), c)
		if o.Outcome != domainclaim.Unknown || !strings.Contains(o.Hint, "in a circle") {
			t.Errorf("%s: %s, %q, %+v", label, o.Outcome, o.Hint, o.Answers)
		}
	}
}
