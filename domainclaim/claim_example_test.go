package domainclaim_test

import (
	"fmt"
	"log"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// proven is a claim on example.com that was verified at noon.
func proven() (domainclaim.Claim, time.Time) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	name, err := domainclaim.ParseName("example.com", nil)
	if err != nil {
		log.Fatal(err)
	}
	claim, err := domainclaim.New("acme", name, now)
	if err != nil {
		log.Fatal(err)
	}
	claim, _ = claim.Next(look(claim, domainclaim.Present, now), now)
	return claim, now
}

// look is what a Checker would give.
func look(c domainclaim.Claim, outcome domainclaim.Outcome, at time.Time) domainclaim.Observation {
	return domainclaim.Observation{Name: c.Name, Token: c.Token, Outcome: outcome, At: at, Authoritative: true}
}

// The record of a verified claim goes, DNS is out of order for two days, and the record
// stays away: the claim lapses after a week of absence that DNS told of. Then it is back.
func ExampleClaim_Next() {
	claim, start := proven()
	now := start
	for now.Before(start.Add(12 * 24 * time.Hour)) {
		now = claim.CheckAt
		day := int(now.Sub(start).Hours() / 24)
		outcome := domainclaim.Absent
		switch {
		case day == 3 || day == 4:
			outcome = domainclaim.Unknown
		case day >= 11:
			outcome = domainclaim.Present
		}
		var event domainclaim.Event
		if claim, event = claim.Next(look(claim, outcome, now), now); event != domainclaim.EventNone {
			fmt.Printf("day %d: %s, %s\n", day, event, claim.State)
		}
	}
	// Output:
	// day 0: missing, missing
	// day 5: still_missing, missing
	// day 8: still_missing, missing
	// day 9: unverified, unverified
	// day 11: verified, verified
}

// What a page says about a claim whose record is gone.
func ExampleClaim_Guide() {
	claim, now := proven()
	now = now.Add(24 * time.Hour)
	claim, _ = claim.Next(look(claim, domainclaim.Absent, now), now)
	guide := claim.Guide()
	fmt.Println(guide.Says)
	fmt.Println(guide.Records[0].Type, guide.Records[0].Name)
	fmt.Println(guide.EndsAt.Format(time.DateOnly))
	// Output:
	// The record has been gone since 2 March 2026, 12:00 UTC. Put it back: the domain stays verified until 9 March 2026, 12:00 UTC at the earliest.
	// TXT example.com
	// 2026-03-09
}

// The records of thirty organisations vanish in one hour. The first few may be true; then
// no absence is believed any more, and nothing lapses, until they are seen again.
func ExampleBreaker() {
	var breaker domainclaim.Breaker
	claim, now := proven()
	now = now.Add(24 * time.Hour)
	believed := 0
	for i := range 30 {
		c := claim
		org := fmt.Sprintf("org%d", i)
		c.Name = org + "-example.com"
		o := breaker.Watch(org, c, look(c, domainclaim.Absent, now))
		if !o.Doubted {
			believed++
		}
		_, _ = c.Next(o, now)
	}
	fmt.Println(believed, "believed; open:", breaker.Open(now))
	// Output:
	// 19 believed; open: true
}
