package flowtest

import (
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/domainclaim"
)

// contestDaily: the holder is told of a contest once a day, and of the one after that too.
func contestDaily(t *testing.T, w *world) {
	p, acme, rival := rivals(w)
	contest := func(when string, want int) {
		t.Helper()
		rival.look("example.com", accesssec.CodeDomainTaken)
		told := 0
		for _, n := range p.told(w) {
			if n == "domain_contested owner@example.com" {
				told++
			}
		}
		if n := len(acme.events(audit.DomainContested)); n != want || told > 1 {
			t.Errorf("%s: %d lines in the log of the holder, want %d, and %d messages", when, n, want, told)
		}
		rival.withdraw("example.com")
		d := rival.claim("example.com")
		w.publish("example.com", acme.claimOn("example.com"), d.Claim)
	}
	contest("at first", 1)
	w.advance(23 * time.Hour)
	contest("within the day", 1)
	w.advance(time.Hour)
	contest("a day later", 2)
}

// contestRests: a claim that the background has found contested is not looked at again
// before it is due.
func contestRests(t *testing.T, w *world) {
	_, _, rival := rivals(w)
	rival.rewrite("example.com", func(d *domainclaim.Claim) { d.CreatedAt = d.CreatedAt.Add(-10 * 24 * time.Hour) })
	w.passes(5 * time.Minute)
	got := rival.claimOn("example.com")
	if got.Contested.IsZero() || got.CheckAt.Sub(w.clock()) < 3*time.Hour {
		t.Fatalf("contested since %v, and due at %v", got.Contested, got.CheckAt)
	}
	asked := len(w.dns.Queries())
	w.strides(6, 20*time.Minute)
	if n := len(w.dns.Queries()) - asked; n != 0 {
		t.Errorf("%d questions before it is due", n)
	}
	w.advance(got.CheckAt.Sub(w.clock()))
	w.tick(w.svc)
	if n := len(w.dns.Queries()) - asked; n == 0 {
		t.Error("no question when it is due")
	}
}
