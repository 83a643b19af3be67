package domainclaim_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// gone is an absence that the zone's own name servers confirmed.
func gone(c domainclaim.Claim) domainclaim.Observation {
	o := seen(c, domainclaim.Absent)
	o.Authoritative = true
	return o
}

// missing is a claim that was proven at start, and found gone at the instant that is
// returned.
func missing(t *testing.T) (domainclaim.Claim, time.Time) {
	t.Helper()
	c := claim(t, "example.com")
	c, _ = c.Next(seen(c, domainclaim.Present), start)
	first := start.Add(24 * time.Hour)
	c, event := c.Next(seen(c, domainclaim.Absent), first)
	if c.State != domainclaim.Missing || !c.Holds() || event != domainclaim.EventMissing {
		t.Fatalf("%s, %q", c.State, event)
	}
	return c, first
}

// TestGraceToTheSecond5: a record that is gone for a week less a second holds its name, and
// a second after the week it does not, with one event for each of what people are told.
func TestGraceToTheSecond5(t *testing.T) {
	t.Parallel()
	c, first := missing(t)
	events := map[domainclaim.Event][]time.Duration{}
	look := func(after time.Duration) {
		var event domainclaim.Event
		if c, event = c.Next(gone(c), first.Add(after)); event != domainclaim.EventNone {
			events[event] = append(events[event], after)
		}
	}
	const day, week = 24 * time.Hour, 7 * 24 * time.Hour
	for after := 6 * time.Hour; after < week; after += 6 * time.Hour {
		look(after)
	}
	look(week - time.Second)
	if c.State != domainclaim.Missing || !c.Holds() || !c.LapsedAt.IsZero() || c.AbsentFor != week-time.Second {
		t.Errorf("a second before: %s, absent for %v", c.State, c.AbsentFor)
	}
	look(week + time.Second)
	if c.State != domainclaim.Unverified || c.Holds() || !c.LapsedAt.Equal(first.Add(week+time.Second)) {
		t.Errorf("a second after: %s, lapsed at %v", c.State, c.LapsedAt)
	}
	look(week + time.Hour)
	look(week + day)
	want := map[domainclaim.Event][]time.Duration{
		domainclaim.EventStillMissing: {3 * day, 6 * day},
		domainclaim.EventUnverified:   {week + time.Second},
	}
	if d := cmp.Diff(want, events); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
}

// TestGraceExactly: a week is enough, to the microsecond, and a microsecond less is not.
func TestGraceExactly(t *testing.T) {
	t.Parallel()
	for short, want := range map[time.Duration]domainclaim.State{time.Microsecond: domainclaim.Missing, 0: domainclaim.Unverified} {
		c, first := missing(t)
		for i := range 14 {
			c, _ = c.Next(gone(c), first.Add(time.Duration(i+1)*12*time.Hour-short))
		}
		if c.State != want || c.AbsentFor != domainclaim.Grace-short {
			t.Errorf("%v short: %s, absent for %v", short, c.State, c.AbsentFor)
		}
	}
}

// TestGraceAsksNameServers: resolvers alone never end a claim; the name servers' word does,
// and is asked for every quarter of an hour once it is all that is missing, after a day every
// hour.
func TestGraceAsksNameServers(t *testing.T) {
	t.Parallel()
	c, now := missing(t)
	for c.AbsentFor < domainclaim.Grace {
		now = now.Add(6 * time.Hour)
		c, _ = c.Next(seen(c, domainclaim.Absent), now)
	}
	for range 1000 {
		want := 15 * time.Minute
		if c.AbsentFor >= domainclaim.Grace+24*time.Hour {
			want = time.Hour
		}
		if wait := c.CheckAt.Sub(now); wait > want || wait < want*9/10 {
			t.Fatalf("next look after %v, want %v", wait, want)
		}
		now = c.CheckAt
		var event domainclaim.Event
		if c, event = c.Next(seen(c, domainclaim.Mismatch), now); !c.Holds() || event != domainclaim.EventNone {
			t.Fatalf("%s, %q", c.State, event)
		}
	}
	mismatch := gone(c)
	mismatch.Outcome = domainclaim.Mismatch
	if c, event := c.Next(mismatch, c.CheckAt); c.State != domainclaim.Unverified || event != domainclaim.EventUnverified {
		t.Errorf("%s, %q", c.State, event)
	}
}

// TestGraceConfirmations: nine looks are too few, however long it was.
func TestGraceConfirmations(t *testing.T) {
	t.Parallel()
	c, now := missing(t)
	c.AbsentFor, c.Confirmations = domainclaim.Grace, domainclaim.GraceConfirmations-2
	c, _ = c.Next(gone(c), now.Add(time.Hour))
	if c.State != domainclaim.Missing || c.Confirmations != 9 {
		t.Errorf("%s after %d looks", c.State, c.Confirmations)
	}
	if c, _ = c.Next(gone(c), now.Add(2*time.Hour)); c.State != domainclaim.Unverified {
		t.Errorf("%s after %d looks", c.State, c.Confirmations)
	}
}

// TestGap: which of the time between two absences counts.
func TestGap(t *testing.T) {
	t.Parallel()
	const h, µs = time.Hour, time.Microsecond
	for label, tt := range map[string]struct {
		unknown []time.Duration // looks that told nothing, after the first absence
		gap     time.Duration
		want    time.Duration
	}{
		"the same instant":              {nil, 0, 0},
		"an hour":                       {nil, h, h},
		"as long as may be":             {nil, 12 * h, 12 * h},
		"too long to be one":            {nil, 12*h + µs, 0},
		"a look that failed in that":    {[]time.Duration{12 * h}, 12*h + µs, 0},
		"a month":                       {nil, 30 * 24 * h, 0},
		"backwards":                     {nil, -h, 0},
		"a silence":                     {[]time.Duration{4 * h}, 6 * h, 4 * h},
		"its first look counts":         {[]time.Duration{4 * h, 5 * h, 6*h - µs}, 6 * h, 4 * h},
		"a look that failed":            {[]time.Duration{4 * h}, 4*h + h/6, 4*h + h/6},
		"looks that failed":             {[]time.Duration{4 * h, 4*h + h/2}, 5*h - µs, 5*h - µs},
		"the shortest silence":          {[]time.Duration{4 * h, 4*h + h/2}, 5 * h, 4 * h},
		"the longest silence":           {[]time.Duration{2 * h}, 5 * h, 2 * h},
		"too long a silence":            {[]time.Duration{2 * h}, 5*h + µs, 0},
		"silence from the beginning":    {[]time.Duration{0}, 2 * h, 0},
		"an outage of days":             {[]time.Duration{h, 24 * h, 72 * h}, 73 * h, 0},
		"a silence by a clock ahead":    {[]time.Duration{8 * h}, 6 * h, 0},
		"a silence by a clock far back": {[]time.Duration{-8 * h}, 6 * h, 0},
		"a silence by a clock behind":   {[]time.Duration{-h}, h, 0},
	} {
		c, first := missing(t)
		for _, at := range tt.unknown {
			c, _ = c.Next(seen(c, domainclaim.Unknown), first.Add(at))
		}
		c, event := c.Next(gone(c), first.Add(tt.gap))
		if c.AbsentFor != tt.want || c.Confirmations != 2 || event != domainclaim.EventNone {
			t.Errorf("%s: %v counts with %d looks, %q; want %v", label, c.AbsentFor, c.Confirmations, event, tt.want)
		}
		if c.Unknowns != 0 || !c.UnknownSince.IsZero() {
			t.Errorf("%s: %d looks told nothing since %v, after one that told", label, c.Unknowns, c.UnknownSince)
		}
		if at := max(tt.gap, 0); !c.AbsentAt.Equal(first.Add(at)) || !c.AbsentSince.Equal(first) {
			t.Errorf("%s: absent from %v until %v", label, c.AbsentSince, c.AbsentAt)
		}
	}
}

// TestClocksApart: two instances whose clocks are half a day apart, looking in turn, count
// no hour twice; and a clock that once was a century ahead stops no count for good.
func TestClocksApart(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{5 * time.Second, 11 * time.Hour, 13 * time.Hour, 40 * 24 * time.Hour} {
		c, first := missing(t)
		for i := range 48 {
			now := first.Add(time.Duration(i+1) * time.Hour)
			if i%2 == 0 {
				now = now.Add(ahead)
			}
			c, _ = c.Next(seen(c, domainclaim.Absent), now)
		}
		if most := 48*time.Hour + min(ahead, 12*time.Hour); c.AbsentFor > most {
			t.Errorf("%v apart: %v counted in 48 hours", ahead, c.AbsentFor)
		}
	}
	c, now := missing(t)
	c, _ = c.Next(seen(c, domainclaim.Absent), now.AddDate(100, 0, 0))
	for range 29 {
		now = now.Add(6 * time.Hour)
		c, _ = c.Next(gone(c), now)
	}
	if c.State != domainclaim.Unverified || c.AbsentFor != domainclaim.Grace {
		t.Errorf("a century ahead, once: %s, absent for %v", c.State, c.AbsentFor)
	}
}

// TestLateObservation: a look counts until it was made, however late it comes in, and none
// is made in the future.
func TestLateObservation(t *testing.T) {
	t.Parallel()
	c, first := missing(t)
	now := first.Add(8 * time.Hour)
	late := gone(c)
	late.At = first.Add(time.Hour + 999*time.Nanosecond)
	late.At = late.At.In(time.FixedZone("east", 3600))
	got, _ := c.Next(late, now)
	if got.AbsentFor != time.Hour || got.AbsentAt != first.Add(time.Hour) || !got.CheckAt.After(now) {
		t.Errorf("late: absent for %v until %v, next look at %v", got.AbsentFor, got.AbsentAt, got.CheckAt)
	}
	late.At = now.Add(time.Hour)
	if got, _ = c.Next(late, now); got.AbsentFor != 8*time.Hour || got.AbsentAt != now {
		t.Errorf("ahead: absent for %v until %v", got.AbsentFor, got.AbsentAt)
	}
	none := seen(c, domainclaim.Unknown)
	none.At = first.Add(2 * time.Hour)
	if got, _ = c.Next(none, now); got.UnknownSince != none.At {
		t.Errorf("silent since %v", got.UnknownSince)
	}
}

// TestLapsedComesBack: a lapsed claim is looked at once a day for thirty days more, and is
// verified when its record is back, also later when somebody asks for it.
func TestLapsedComesBack(t *testing.T) {
	t.Parallel()
	c, now := missing(t)
	for c.Holds() {
		now = now.Add(6 * time.Hour)
		c, _ = c.Next(gone(c), now)
	}
	lapsed := now
	looks := 0
	for !c.CheckAt.IsZero() {
		if c.CheckAt.Sub(now) > 36*time.Hour {
			t.Fatalf("next look after %v", c.CheckAt.Sub(now))
		}
		now = c.CheckAt
		var event domainclaim.Event
		if c, event = c.Next(gone(c), now); c.State != domainclaim.Unverified || event != domainclaim.EventNone {
			t.Fatalf("%s, %q", c.State, event)
		}
		looks++
	}
	if looks < 29 || looks > 31 || now.Sub(lapsed) < 30*24*time.Hour || now.Sub(lapsed) > 31*24*time.Hour || !c.LapsedAt.Equal(lapsed) {
		t.Errorf("%d looks in %v", looks, now.Sub(lapsed))
	}
	now = now.Add(100 * 24 * time.Hour)
	back, event := c.Next(seen(c, domainclaim.Present), now)
	if back.State != domainclaim.Verified || event != domainclaim.EventVerified || !back.VerifiedAt.Equal(now) || !back.LapsedAt.IsZero() || back.AbsentFor != 0 || back.CheckAt.IsZero() {
		t.Errorf("%q, %+v", event, back)
	}
	edge := c
	edge.CheckAt = start
	if got, _ := edge.Next(gone(c), lapsed.Add(30*24*time.Hour-time.Microsecond)); got.CheckAt.IsZero() {
		t.Error("no look any more a microsecond before the thirty days are over")
	}
	if got, _ := edge.Next(gone(c), lapsed.Add(30*24*time.Hour)); !got.CheckAt.IsZero() {
		t.Error("looked at after thirty days")
	}
}
