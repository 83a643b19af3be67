package domainclaim_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// TestGhostResolver: one resolver of three, that lies or was left behind with name servers
// of old, keeps no domain whose record is gone.
func TestGhostResolver(t *testing.T) {
	t.Parallel()
	n, ghost := newInternet(t, 2), server(t)
	now := start
	check := domainclaim.NewChecker(&domainclaim.CheckerOptions{
		Resolvers: []domainclaim.Resolver{n.resolver.Resolver(), ghost.Resolver(), n.resolver.Resolver()},
		Authority: n.Authority(n.resolver), Timeout: 5 * time.Second, Now: func() time.Time { return now },
	})
	c := claim(t, "example.com")
	for _, s := range append(slices.Clone(n.keepers), n.resolver, ghost) {
		s.SetTXT(labelName, c.Token)
	}
	for look := 0; c.State != domainclaim.Unverified; look++ {
		if look == 1 {
			for _, s := range append(slices.Clone(n.keepers), n.resolver) {
				s.Remove(labelName)
			}
		}
		if look == 200 {
			t.Fatalf("still %s after %v", c.State, now.Sub(start))
		}
		c, _ = c.Next(check.Check(t.Context(), c), now)
		now = c.CheckAt
	}
	if gone := now.Sub(start); gone > 11*24*time.Hour {
		t.Errorf("lapsed after %v", gone)
	}
}

// TestAliasOfTheName: what stands behind an alias of the name itself is published by whoever
// runs what it leads to, and proves nothing; behind one of the label it does.
func TestAliasOfTheName(t *testing.T) {
	t.Parallel()
	for _, inZone := range []bool{true, false} {
		n := newInternet(t, 1)
		c := claim(t, "status.example.com")
		target := "tenant7.hosting.example.net"
		if inZone {
			target = "tenant7.example.com"
		}
		all := append(slices.Clone(n.keepers), n.resolver)
		for _, s := range all {
			s.SetCNAME("status.example.com", target)
			s.SetTXT(target, c.Records()[0].Value)
		}
		for name, look := range map[string]func(context.Context, domainclaim.Claim) domainclaim.Observation{
			"now": n.checker().CheckNow, "background": n.checker().Check,
		} {
			o := look(t.Context(), c)
			if o.Outcome == domainclaim.Present || !strings.Contains(o.Hint, "_acme-challenge.status.example.com") {
				t.Errorf("%s, in the zone %t: %s, %q", name, inZone, o.Outcome, o.Hint)
			}
		}
	}
}

// TestInnerRecordsAreNotShown: an alias can lead a host's own resolver to names that only it
// knows. What stands there is shown to nobody, unless it was meant for the claim.
func TestInnerRecordsAreNotShown(t *testing.T) {
	t.Parallel()
	s := server(t)
	c := claim(t, "example.com")
	const secret = "dsn=postgres://app:hunter2"
	s.SetTXT("db.corp.internal", secret)
	for _, name := range []string{"example.com", labelName} {
		s.SetCNAME(name, "db.corp.internal")
	}
	o := checker(s.Resolver()).Check(t.Context(), c)
	kept := append(slices.Clone(o.Found), o.Hint)
	for _, a := range o.Answers {
		kept = append(kept, a.Values...)
	}
	if all := strings.Join(kept, " "); strings.Contains(all, "hunter2") {
		t.Errorf("shown: %s", all)
	}
}
