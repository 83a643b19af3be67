package domainclaim_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
)

// TestDoubledAtTheSource19: a record whose name has the domain twice is found at the name
// servers, where resolvers have not been asked for it. What panels append is the zone, not
// the name of the claim.
func TestDoubledAtTheSource19(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, published, host string
	}{
		{"example.com", "example.com.example.com", "@"},
		{"example.com", "_acme-challenge.example.com.example.com", "_acme-challenge"},
		{"dept.example.com", "dept.example.com.example.com", "dept"},
		{"dept.example.com", "_acme-challenge.dept.example.com.example.com", "_acme-challenge.dept"},
	} {
		n := newInternet(t, 2)
		c := claim(t, tt.name)
		value := c.Records()[0].Value
		if strings.HasPrefix(tt.published, "_") {
			value = c.Records()[1].Value
		}
		n.publish(2, tt.published, value)
		want := fmt.Sprintf("Type %q as the name of the record.", tt.host)
		o := n.checker().CheckNow(t.Context(), c)
		if o.Outcome != domainclaim.Absent || !strings.HasSuffix(o.Hint, want) {
			t.Errorf("%s: %s, %q; want %q", tt.published, o.Outcome, o.Hint, want)
		}
		// The same where only a resolver can be asked.
		s := server(t)
		s.SetTXT(tt.published, value)
		if o := checker(s.Resolver()).Check(t.Context(), c); o.Outcome != domainclaim.Absent || !strings.HasSuffix(o.Hint, want) {
			t.Errorf("%s at a resolver: %s, %q; want %q", tt.published, o.Outcome, o.Hint, want)
		}
		// It says nothing to who has proven the domain, and costs no question.
		before := len(s.Queries())
		if o := checker(s.Resolver()).Check(t.Context(), held(c)); strings.Contains(o.Hint, "twice") {
			t.Errorf("held: %q", o.Hint)
		}
		for _, q := range s.Queries()[before:] {
			if q.Name == tt.published+"." {
				t.Errorf("held: asked for %s", q.Name)
			}
		}
	}
}

// TestHintsAtTheSource: what is said of what the name servers have. 11, 12, 18 and 20 of
// the regressions, and what only they can tell.
func TestHintsAtTheSource(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	old, renewed := c, c.Renew(start)
	for label, tt := range map[string]struct {
		claim domainclaim.Claim
		set   func(n *internet)
		want  domainclaim.Outcome
		hint  string
	}{
		"padded (18)":           {c, func(n *internet) { n.publish(1, apexName, "  "+c.Records()[0].Value+" ") }, domainclaim.Present, "Leave it in place"},
		"quoted (18)":           {c, func(n *internet) { n.publish(1, labelName, `"`+c.Token+`"`) }, domainclaim.Present, "Leave it in place"},
		"host=value (18)":       {c, func(n *internet) { n.publish(1, labelName, labelName+"="+c.Token) }, domainclaim.Mismatch, "other text around it"},
		"bare at the apex (20)": {c, func(n *internet) { n.publish(1, apexName, c.Token) }, domainclaim.Mismatch, "The token stands alone at example.com"},
		"long under label (20)": {c, func(n *internet) { n.publish(1, labelName, c.Records()[0].Value) }, domainclaim.Present, ""},
		"older token (12)":      {renewed, func(n *internet) { n.publish(1, apexName, old.Records()[0].Value) }, domainclaim.Mismatch, "to an older one on this domain"},
		"older, bare (12)":      {renewed, func(n *internet) { n.publish(1, labelName, old.Token) }, domainclaim.Mismatch, "to an older one on this domain"},
		"wildcard": {c, func(n *internet) {
			n.publish(1, apexName, "v=spf1 -all")
			n.publish(1, labelName, "v=spf1 -all")
		}, domainclaim.Mismatch, "It may come from a wildcard (*.example.com)"},
		"something else":  {c, func(n *internet) { n.publish(1, labelName, "hello") }, domainclaim.Mismatch, "not with the value of this claim"},
		"no address":      {c, func(n *internet) { n.resolver.SetAddr("ns1.example.net") }, domainclaim.Absent, "have no addresses that can be reached"},
		"private address": {c, func(n *internet) { n.resolver.SetAddr("ns1.example.net", netip.MustParseAddr("10.1.1.1")) }, domainclaim.Absent, "The name servers of example.com have private addresses."},
		"no name servers": {c, func(n *internet) { n.resolver.SetNS("example.com") }, domainclaim.Absent, "may not be registered any more"},
		"DNSSEC is broken": {c, func(n *internet) {
			n.resolver.Fail(".", dnstest.ServFail)
		}, domainclaim.Unknown, "its name servers or its DNSSEC signatures may be broken"},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			n := newInternet(t, 1)
			tt.set(n)
			o := n.checker().CheckNow(t.Context(), tt.claim)
			hint := strings.ReplaceAll(o.Hint, "the domain's name servers", "its name servers")
			if o.Outcome != tt.want || !strings.Contains(hint, tt.hint) {
				t.Errorf("%s, %q; want %s, %q", o.Outcome, o.Hint, tt.want, tt.hint)
			}
			for sentence := range strings.SplitAfterSeq(o.Hint, ". ") {
				if len(sentence) > 260 {
					t.Errorf("a long sentence: %q", sentence)
				}
			}
		})
	}
}

// TestCachedUntil: an absence is kept for the lesser of the SOA's TTL and its MINIMUM, and
// nothing for longer than a week.
func TestCachedUntil(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	s := server(t)
	s.SetZone("example.com", 7200e9)
	o := checker(s.Resolver()).Check(t.Context(), c)
	if want := start.Add(7200e9); o.Outcome != domainclaim.Absent || !o.CachedUntil.Equal(want) || !strings.Contains(o.Hint, "until 14:00 UTC.") {
		t.Errorf("%s until %s, %q", o.Outcome, o.CachedUntil, o.Hint)
	}
	s.SetZone("example.com", 30*24*3600e9)
	o = checker(s.Resolver()).Check(t.Context(), c)
	if want := start.AddDate(0, 0, 7); !o.CachedUntil.Equal(want) || !strings.Contains(o.Hint, "until 12:00 UTC on 8 March.") {
		t.Errorf("until %s, %q", o.CachedUntil, o.Hint)
	}
	s.SetZone("example.com", 0)
	if o = checker(s.Resolver()).Check(t.Context(), c); !o.CachedUntil.IsZero() {
		t.Errorf("until %s", o.CachedUntil)
	}
}
