package domainclaim_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// copied is c by way of what is stored, which shares nothing with it.
func copied(t testing.TB, c domainclaim.Claim) domainclaim.Claim {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var out domainclaim.Claim
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestUnknownState: a claim in a state that this version does not know holds nothing, is
// proven by nothing, and stays as it is: another version may know it.
func TestUnknownState(t *testing.T) {
	t.Parallel()
	for _, state := range []domainclaim.State{"", "x", "VERIFIED", "verified ", "suspended"} {
		c := claim(t, "example.com")
		c.State = state
		if c.Holds() {
			t.Errorf("%q holds the name", state)
		}
		for _, o := range []domainclaim.Observation{seen(c, domainclaim.Present), gone(c), seen(c, domainclaim.Unknown)} {
			for label, next := range map[string]func(domainclaim.Observation, time.Time) (domainclaim.Claim, domainclaim.Event){"Next": c.Next, "Contest": c.Contest} {
				got, event := next(o, start.AddDate(1, 0, 0))
				if d := cmp.Diff(c, got); d != "" || event != domainclaim.EventNone {
					t.Errorf("%s of %q by %s: %q\n%s", label, state, o.Outcome, event, d)
				}
			}
		}
		if got := c.Release(); got.State != domainclaim.Released {
			t.Errorf("%q cannot be given up", state)
		}
	}
}

// TestClaimWithoutToken: what says nothing is proof of nothing.
func TestClaimWithoutToken(t *testing.T) {
	t.Parallel()
	whole := claim(t, "example.com")
	nameless, tokenless := whole, whole
	nameless.Name, tokenless.Token = "", ""
	for label, c := range map[string]domainclaim.Claim{"zero": {State: domainclaim.Pending}, "no name": nameless, "no token": tokenless} {
		got, event := c.Next(seen(c, domainclaim.Present), start)
		if got.State != domainclaim.Pending || event != domainclaim.EventNone {
			t.Errorf("%s: %s, %q", label, got.State, event)
		}
	}
}

// TestUnknownOutcome: an outcome that this version does not know tells nothing.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	for _, outcome := range []domainclaim.Outcome{"", "x", "PRESENT", domainclaim.Unknown} {
		c, first := missing(t)
		got, event := c.Next(seen(c, outcome), first.Add(time.Hour))
		if got.State != domainclaim.Missing || event != domainclaim.EventNone || got.Unknowns != 1 || got.AbsentFor != 0 || got.Confirmations != 1 {
			t.Errorf("%q: %q, %+v", outcome, event, got)
		}
	}
}

// TestHostileCounts: numbers that no claim has neither panic, nor wrap round, nor keep a
// record that is gone from lapsing, nor end a claim before its week.
func TestHostileCounts(t *testing.T) {
	t.Parallel()
	for _, n := range []int{math.MinInt, -1, 0, math.MaxInt} {
		for _, state := range []domainclaim.State{domainclaim.Pending, domainclaim.Verified, domainclaim.Missing, domainclaim.Unverified} {
			c := claim(t, "example.com")
			c.State, c.LapsedAt = state, start
			c.Confirmations, c.Warned, c.Unknowns, c.Generation, c.AbsentFor = n, n, n, n, time.Duration(n)
			for _, o := range []domainclaim.Observation{seen(c, domainclaim.Unknown), seen(c, domainclaim.Absent), seen(c, domainclaim.Present)} {
				got, _ := c.Next(o, start)
				if got.Unknowns < 0 || got.AbsentFor < 0 && got.AbsentFor != c.AbsentFor || !got.CheckAt.After(start) {
					t.Errorf("%s with %d: %+v", state, n, got)
				}
			}
		}
		c := claim(t, "example.com")
		c.State, c.AbsentAt = domainclaim.Missing, start
		c.Confirmations, c.Warned, c.AbsentFor = n, n, time.Duration(n)
		if got, _ := c.Next(seen(c, domainclaim.Absent), start.Add(time.Hour)); got.AbsentFor < time.Hour || got.Confirmations < 1 {
			t.Errorf("%d: %d looks in %v", n, got.Confirmations, got.AbsentFor)
		}
		// A verified claim counts from nothing, whatever was left in it.
		c = claim(t, "example.com")
		c.State, c.Confirmations, c.AbsentFor, c.Warned, c.AbsentSince, c.AbsentAt = domainclaim.Verified, n, time.Duration(n), n, start, start
		now := start.Add(time.Hour)
		c, event := c.Next(gone(c), now)
		if event != domainclaim.EventMissing || c.AbsentFor != 0 || c.Confirmations != 1 || c.Warned != 1 || !c.AbsentSince.Equal(now) || !c.AbsentAt.Equal(now) {
			t.Errorf("%d: %q, %+v", n, event, c)
		}
		if n > 0 {
			continue
		}
		// A missing one whose counts are below nothing lapses as any other.
		c.Confirmations, c.AbsentFor, c.Warned = n, time.Duration(n), n
		warnings := 0
		for range 28 {
			if event == domainclaim.EventStillMissing {
				warnings++
			}
			now = now.Add(6 * time.Hour)
			c, event = c.Next(gone(c), now)
		}
		if c.State != domainclaim.Unverified || event != domainclaim.EventUnverified || warnings != 2 {
			t.Errorf("%d: %s after a week, %q, %d warnings", n, c.State, event, warnings)
		}
	}
}

// TestOldClaim: what was stored before the newest fields were there goes on.
func TestOldClaim(t *testing.T) {
	t.Parallel()
	read := func(state string) domainclaim.Claim {
		var c domainclaim.Claim
		text := `{"name":"example.com","product":"acme","token":"tok","generation":1,"state":"` + state + `",` +
			`"createdAt":"2026-03-01T12:00:00Z","verifiedAt":"2026-03-01T13:00:00Z","absentSince":"2026-03-01T14:00:00Z","confirmations":3}`
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	now := start.Add(10 * 24 * time.Hour)
	c := read("missing")
	c, event := c.Next(gone(c), now)
	if c.State != domainclaim.Missing || event != domainclaim.EventNone || c.AbsentFor != 0 || c.Confirmations != 4 || !c.AbsentAt.Equal(now) {
		t.Errorf("missing: %q, %+v", event, c)
	}
	c = read("unverified")
	if c, event = c.Next(gone(c), now); c.State != domainclaim.Unverified || event != domainclaim.EventNone || c.CheckAt.IsZero() {
		t.Errorf("unverified: %q, %+v", event, c)
	}
	if c, event = c.Next(seen(c, domainclaim.Present), now); c.State != domainclaim.Verified || event != domainclaim.EventVerified {
		t.Errorf("unverified and back: %q, %+v", event, c)
	}
}

// TestClaimSize: a claim in which everything is as long as it can be is less than half a
// megabyte as JSON, and one as claims are, some two thousand bytes.
func TestClaimSize(t *testing.T) {
	t.Parallel()
	worst := strings.Repeat("<", 100) // six bytes each as JSON
	ten := []string{}
	for i := range 10 {
		ten = append(ten, worst[:99]+string(rune('0'+i)))
	}
	long := strings.Repeat("a234567890123456789.", 10) + "example.com"
	answer := domainclaim.Answer{Server: worst, Name: strings.Repeat("b", 254), Code: domainclaim.Code(worst), Aliases: ten, Values: ten, TTL: math.MaxInt64, Authoritative: true}
	c := claim(t, long)
	o := seen(c, domainclaim.Mismatch)
	o.At, o.Zone, o.CachedUntil, o.Found, o.Hint = start, strings.Repeat("b", 254), start, ten, strings.Repeat("<", 2000)
	for range 16 {
		o.NameServers = append(o.NameServers, strings.Repeat("b", 254))
	}
	for range 32 {
		o.Answers = append(o.Answers, answer)
	}
	for i := range 100 {
		o.Outcome = []domainclaim.Outcome{domainclaim.Mismatch, domainclaim.Unknown}[i%2]
		c, _ = c.Next(o, start)
	}
	if n := size(t, c); n > 1<<19 {
		t.Errorf("%d bytes", n)
	}

	usual := claim(t, "example.com")
	o = seen(usual, domainclaim.Present)
	o.At, o.Found, o.Hint = start, []string{usual.Records()[0].Value}, "The record was found. Leave it in place: it is looked for again and again."
	o.Zone, o.NameServers = "example.com.", []string{"ns1.example.net.", "ns2.example.net."}
	for range 6 {
		o.Answers = append(o.Answers, domainclaim.Answer{Server: "192.0.2.1:53", Name: "example.com.", Code: domainclaim.CodeOK, Values: o.Found, TTL: time.Hour})
	}
	usual, _ = usual.Next(o, start)
	if n := size(t, usual); n > 3000 {
		t.Errorf("%d bytes as usual", n)
	}
}

func size(t *testing.T, c domainclaim.Claim) int {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", len(text))
	return len(text)
}
