package domainclaim_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// seen is an observation for c as a Checker would make it in the instant of Next.
func seen(c domainclaim.Claim, o domainclaim.Outcome) domainclaim.Observation {
	return domainclaim.Observation{Name: c.Name, Token: c.Token, Outcome: o}
}

func TestNextVerifies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from  domainclaim.State
		event domainclaim.Event
	}{
		{domainclaim.Pending, domainclaim.EventVerified},
		{domainclaim.Unverified, domainclaim.EventVerified},
		{domainclaim.Missing, domainclaim.EventRecovered},
		{domainclaim.Verified, domainclaim.EventNone},
	} {
		c := claim(t, "example.com")
		c.State = tt.from
		c.AbsentSince, c.Confirmations, c.Unknowns = start, 4, 2
		c.VerifiedAt = start.Add(-time.Hour)
		before := c
		now := start.Add(time.Minute)
		got, event := c.Next(seen(c, domainclaim.Present), now)
		if got.State != domainclaim.Verified || event != tt.event || !got.Holds() {
			t.Errorf("%s: %s, %q; want verified, %q", tt.from, got.State, event, tt.event)
		}
		if !got.AbsentSince.IsZero() || got.Confirmations != 0 || got.Unknowns != 0 {
			t.Errorf("%s: the count of absence goes on: %+v", tt.from, got)
		}
		if fresh := tt.event == domainclaim.EventVerified; fresh != got.VerifiedAt.Equal(now) {
			t.Errorf("%s: VerifiedAt %v", tt.from, got.VerifiedAt)
		}
		if got.Last == nil || got.Last.Outcome != domainclaim.Present {
			t.Errorf("%s: Last %+v", tt.from, got.Last)
		}
		if d := cmp.Diff(before, c); d != "" {
			t.Errorf("%s: the claim itself changed:\n%s", tt.from, d)
		}
	}
}

func TestNextPendingStays(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	for _, o := range []domainclaim.Outcome{domainclaim.Absent, domainclaim.Mismatch, domainclaim.Unknown, "", "other"} {
		got, event := c.Next(seen(c, o), start.Add(time.Hour))
		if got.State != domainclaim.Pending || event != domainclaim.EventNone || got.Holds() {
			t.Errorf("%q: %s, %q", o, got.State, event)
		}
		if got.Last == nil || got.Last.Outcome != o {
			t.Errorf("%q: Last %+v, want what was seen", o, got.Last)
		}
		if !got.AbsentSince.IsZero() || got.Confirmations != 0 {
			t.Errorf("%q: absence counted before the proof: %+v", o, got)
		}
	}
}

// failing is a resolver that fails in one way.
type failing domainclaim.Code

func (f failing) LookupTXT(_ context.Context, rooted string) (domainclaim.Answer, error) {
	return domainclaim.Answer{}, &domainclaim.LookupError{Server: "192.0.2.1:53", Name: rooted, Code: domainclaim.Code(f)}
}

// TestUnknownForTenDays1to3: ten days of SERVFAIL, of time-outs or of REFUSED unverify no
// claim and start no count, and a page says what is wrong.
func TestUnknownForTenDays1to3(t *testing.T) {
	t.Parallel()
	for _, code := range []domainclaim.Code{domainclaim.CodeServFail, domainclaim.CodeTimeout, domainclaim.CodeRefused} {
		now := start
		checker := domainclaim.NewChecker(&domainclaim.CheckerOptions{
			Resolvers: []domainclaim.Resolver{failing(code), failing(code), failing(code)},
			Now:       func() time.Time { return now },
		})
		c := claim(t, "example.com")
		c, _ = c.Next(seen(c, domainclaim.Present), start)
		for now.Before(start.Add(10 * 24 * time.Hour)) {
			if !c.CheckAt.After(now) {
				t.Fatalf("%s: CheckAt %v is not after %v", code, c.CheckAt, now)
			}
			now = c.CheckAt
			var event domainclaim.Event
			if c, event = c.Next(checker.Check(t.Context(), c), now); event != domainclaim.EventNone {
				t.Fatalf("%s: event %q", code, event)
			}
		}
		if c.State != domainclaim.Verified || !c.Holds() || !c.AbsentSince.IsZero() || !c.AbsentAt.IsZero() || c.AbsentFor != 0 || c.Confirmations != 0 || c.Warned != 0 {
			t.Errorf("%s: after ten days: %+v", code, c)
		}
		if c.Unknowns < 40 || c.Unknowns > 60 || c.UnknownSince.Before(start.Add(12*time.Hour)) || c.UnknownSince.After(start.Add(36*time.Hour)) {
			t.Errorf("%s: %d looks told nothing since %v", code, c.Unknowns, c.UnknownSince)
		}
		if g := c.Guide(); g.Says != "The domain is verified." || !strings.Contains(g.Seen, string(code)) {
			t.Errorf("%s: the guide says %q, %q", code, g.Says, g.Seen)
		}
	}
}

// TestAlternating7: a failure between two absences neither adds to them nor ends them.
func TestAlternating7(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	c, _ = c.Next(seen(c, domainclaim.Present), start)
	first := start.Add(24 * time.Hour)
	now := first
	for i := range 10 {
		o := domainclaim.Absent
		if i%2 == 1 {
			o = domainclaim.Unknown
		}
		c, _ = c.Next(seen(c, o), now)
		now = now.Add(time.Hour)
	}
	if c.Confirmations != 5 || !c.AbsentSince.Equal(first) || c.State != domainclaim.Missing || c.Unknowns != 1 {
		t.Errorf("%d confirmations since %v, %s, %d unknowns", c.Confirmations, c.AbsentSince, c.State, c.Unknowns)
	}
	// Four gaps of two hours, of each of which DNS was silent for one.
	if c.AbsentFor != 4*time.Hour || !c.AbsentAt.Equal(first.Add(8*time.Hour)) {
		t.Errorf("absent for %v until %v, want 4h", c.AbsentFor, c.AbsentAt)
	}
	// Alternating for ever, it lapses once the absences alone come to a week.
	for c.Holds() && now.Before(first.Add(60*24*time.Hour)) {
		o := seen(c, domainclaim.Unknown)
		if c.Unknowns > 0 {
			o = seen(c, domainclaim.Absent)
			o.Authoritative = true
		}
		c, _ = c.Next(o, now)
		now = now.Add(time.Hour)
	}
	if c.AbsentFor != domainclaim.Grace || c.State != domainclaim.Unverified || c.LapsedAt.Sub(first) != 2*domainclaim.Grace {
		t.Errorf("%s after %v, absent for %v", c.State, c.LapsedAt.Sub(first), c.AbsentFor)
	}
}

// TestNotBackDated8: after a month without checks the first absence counts from now.
func TestNotBackDated8(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	c, _ = c.Next(seen(c, domainclaim.Present), start)
	late := start.Add(30 * 24 * time.Hour)
	c, event := c.Next(seen(c, domainclaim.Absent), late.Add(999*time.Nanosecond))
	if c.State != domainclaim.Missing || event != domainclaim.EventMissing || c.AbsentFor != 0 || !c.AbsentSince.Equal(late) || c.Confirmations != 1 {
		t.Errorf("%s, %q, absent since %v, %d confirmations", c.State, event, c.AbsentSince, c.Confirmations)
	}
}

// TestRecordBack6: a record that comes back on the sixth day ends the count, the token
// stays, and the next absence begins a count of its own.
func TestRecordBack6(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	token := c.Token
	c, _ = c.Next(seen(c, domainclaim.Present), start)
	now := start
	for range 20 {
		now = now.Add(6 * time.Hour)
		c, _ = c.Next(seen(c, domainclaim.Mismatch), now)
	}
	if c.Confirmations != 20 || c.AbsentFor != 19*6*time.Hour {
		t.Fatalf("%d confirmations in %v: a mismatch counts as absence", c.Confirmations, c.AbsentFor)
	}
	now = now.Add(6 * time.Hour)
	c, event := c.Next(seen(c, domainclaim.Present), now)
	if !c.AbsentSince.IsZero() || !c.AbsentAt.IsZero() || c.AbsentFor != 0 || c.Confirmations != 0 || c.Warned != 0 {
		t.Errorf("the count goes on: %+v", c)
	}
	if c.State != domainclaim.Verified || c.Token != token || c.Generation != 1 || event != domainclaim.EventRecovered || !c.VerifiedAt.Equal(start) {
		t.Errorf("%+v, %q", c, event)
	}
	now = now.Add(6 * time.Hour)
	c, event = c.Next(seen(c, domainclaim.Absent), now)
	if event != domainclaim.EventMissing || c.AbsentFor != 0 || c.Confirmations != 1 || !c.AbsentSince.Equal(now) {
		t.Errorf("the next absence: %q, %+v", event, c)
	}
}

// TestStaleObservation: a look that was under way while the claim became another is
// no look at this claim.
func TestStaleObservation(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	for label, o := range map[string]domainclaim.Observation{
		"zero":          {},
		"another name":  {Name: "example.org", Token: c.Token, Outcome: domainclaim.Present},
		"another token": {Name: c.Name, Token: "x", Outcome: domainclaim.Present},
	} {
		got, event := c.Next(o, start)
		if event != domainclaim.EventNone {
			t.Errorf("%s: event %q", label, event)
		}
		if d := cmp.Diff(c, got); d != "" {
			t.Errorf("%s: changed (-want +got):\n%s", label, d)
		}
	}
}

func TestCheckAt(t *testing.T) {
	t.Parallel()
	// The pause may be up to a tenth shorter than named.
	within := func(t *testing.T, label string, c domainclaim.Claim, now time.Time, want time.Duration) {
		t.Helper()
		if got := c.CheckAt.Sub(now); got > want || got < want-want/10 {
			t.Errorf("%s: next look after %v, want %v", label, got, want)
		}
	}
	c := claim(t, "example.com")
	for age, want := range map[time.Duration]time.Duration{
		0:                     2 * time.Minute,
		10 * time.Minute:      2 * time.Minute,
		8 * time.Hour:         time.Hour,
		29 * 24 * time.Hour:   4 * time.Hour,
		-time.Hour:            450 * time.Second, // a clock that was set back
		-365 * 24 * time.Hour: 4 * time.Hour,
	} {
		got, _ := c.Next(seen(c, domainclaim.Absent), start.Add(age))
		within(t, "pending for "+age.String(), got, start.Add(age), want)
	}
	c, _ = c.Next(seen(c, domainclaim.Present), start)
	if wait := c.CheckAt.Sub(start); wait < 12*time.Hour || wait >= 36*time.Hour {
		t.Errorf("verified: next look after %v", wait)
	}
	next, _ := c.Next(seen(c, domainclaim.Present), c.CheckAt)
	if wait := next.CheckAt.Sub(c.CheckAt); wait != 24*time.Hour {
		t.Errorf("verified: the look after the next one %v later", wait)
	}
	gone, lost := c, c
	for i, want := range []time.Duration{time.Hour, 3 * time.Hour, 4 * time.Hour, 4 * time.Hour} {
		gone, _ = gone.Next(seen(c, domainclaim.Absent), start)
		within(t, "absent "+string(rune('1'+i)), gone, start, want)
	}
	for i, want := range []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 6 * time.Hour, 6 * time.Hour} {
		lost, _ = lost.Next(seen(c, domainclaim.Unknown), start)
		within(t, "unknown "+string(rune('1'+i)), lost, start, want)
	}
	// Claims made together drift apart.
	other := claim(t, "example.org")
	other, _ = other.Next(seen(other, domainclaim.Present), start)
	if other.CheckAt.Equal(c.CheckAt) {
		t.Error("two names are looked at in the same instant")
	}
}
