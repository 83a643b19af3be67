package flowtest

import (
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// coverCounted: who is on another org's claim below is that org's. What becomes of the
// parent ends none of their sessions, and takes no sign-on from them.
func coverCounted(_ *testing.T, w *world) {
	acme, other := below(w)
	w.publish("sub.example.com", other.claimOn("sub.example.com"))
	other.look("sub.example.com", "")
	sue := must1(w.byPassword("sue@sub.example.com", right)) // Other requires nothing
	acme.wouldLose("example.com", 4, 0)                      // Ann, Zoe, who is deep below, and the Owner
	acme.lapsed("example.com")
	w.publish("example.com", acme.claimOn("example.com"))
	acme.look("example.com", "")
	w.alive(sue, true)
}

// coverOwnLapsed: where an org's closer claim has lapsed, the one above it counts for the org.
func coverOwnLapsed(_ *testing.T, w *world) {
	_, acme := withSub(w)
	acme.cover("example.com")
	w.publish("sub.example.com", acme.claim("sub.example.com").Claim)
	acme.look("sub.example.com", "")
	acme.lapsed("sub.example.com")
	acme.signIn(sub)
	acme.wouldLose("example.com", 5, 0) // Ann, Zoe, Sue, who is deep below, and the Owner
	acme.wouldLose("sub.example.com", 0, 0)
}

// coverLapsedAnothers: an org whose claim has lapsed has no say over who is on the claim of
// another that holds the domain above.
func coverLapsedAnothers(_ *testing.T, w *world) {
	p := w.watched()
	other := w.newCustomer("Other", "sub.example.com")
	other.add(policy.Member, "sue@sub.example.com")
	other.claim("example.org")
	other.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	other.lapsed("sub.example.com")
	acme := w.newCustomer("Acme", "example.com")
	acme.cover("example.com")
	p.told(w)
	sue := must1(w.byPassword("sue@sub.example.com", right)) // Acme requires nothing
	w.publish("example.org", other.claimOn("example.org"))
	other.look("example.org", "")
	w.alive(sue, true)
}

// coverLapsedLater: of two that have lapsed the closer one counts, though the other was
// proven after it.
func coverLapsedLater(_ *testing.T, w *world) {
	p := w.watched()
	other := w.newOrg("Other", "owner@example.org")
	d := other.claim("sub.example.com")
	w.publish("sub.example.com", d.Claim)
	other.look("sub.example.com", "")
	w.advance(time.Hour)
	acme := withAnn(w)
	acme.add(policy.Member, "sue@sub.example.com")
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	acme.cover("example.com")
	p.told(w)
	other.lapsed("sub.example.com")
	acme.lapsed("example.com")
	must1(w.byPassword("sue@sub.example.com", right))
	w.refusesPassword("ann@example.com", policy.SSORequired)
}

// lookPacedAgain: turns that nobody took are not saved up, and whose name servers are not
// known wait for none.
func lookPacedAgain(t *testing.T, w *world) {
	w.watched()
	acme := w.newOrg("Acme", "owner@example.com")
	w.tick(w.svc)
	busy := []string{"ns1.example.com."}
	first := func(when string, want int) {
		t.Helper()
		began := w.clock()
		w.tick(w.svc)
		if n := acme.seenAt(began); n != want {
			t.Errorf("%s: %d were looked at in the first second, want %d", when, n, want)
		}
	}
	acme.holding(busy, numbered(30, "example.com")...)
	first("of 30", 20)
	w.strides(3, time.Second)
	w.advance(time.Hour)
	acme.holding(busy, numbered(30, "example.org")...)
	first("an hour later", 20)
	w.strides(3, time.Second)
	acme.holding(nil, numbered(30, "example.net")...)
	first("of no known name servers", 30)
}
