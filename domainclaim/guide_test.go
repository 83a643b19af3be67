package domainclaim_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
)

const keep = "Keep this record even after the domain is verified: it is looked for every day, and once it has been gone for a week, the domain is no longer verified."

// TestGuide: the sentences of every state, to the letter.
func TestGuide(t *testing.T) {
	t.Parallel()
	c := claim(t, "sub.example.com")
	hinted := func(o domainclaim.Outcome, hint string) domainclaim.Observation {
		out := seen(c, o)
		out.Hint, out.At = hint, start.Add(time.Hour)
		return out
	}
	absent, _ := c.Next(hinted(domainclaim.Absent, "No record was found."), start.Add(time.Hour))
	contested, _ := c.Contest(hinted(domainclaim.Present, "The record was found."), start.Add(time.Hour))
	verified, _ := c.Next(hinted(domainclaim.Present, "The record was found."), start.Add(time.Hour))
	missing, _ := verified.Next(hinted(domainclaim.Absent, "No record was found."), start.Add(time.Hour))
	lapsed := missing
	lapsed.State, lapsed.LapsedAt = domainclaim.Unverified, start
	taken, _ := lapsed.Contest(hinted(domainclaim.Present, "The record was found."), start.Add(time.Hour))
	strange := c
	strange.State = "x"
	month := start.Add(30 * 24 * time.Hour)
	for _, tt := range []struct {
		label, says, seen string
		c                 domainclaim.Claim
		endsAt            time.Time
	}{
		{"new", "The domain is not verified yet. Publish one of the records: it is looked for again and again, until 31 March 2026, 12:00 UTC.", "", c, month},
		{"pending", "The domain is not verified yet. Publish one of the records: it is looked for again and again, until 31 March 2026, 12:00 UTC.", "No record was found.", absent, month},
		{"contested", "The record is there, but another organization has verified this domain, and its record is there too. Both have been told. The domain is yours once the other organization gives it up, or its record has been gone for a week.", "The record was found.", contested, time.Time{}},
		{"verified", "The domain is verified.", "The record was found.", verified, time.Time{}},
		{"missing", "The record has been gone since 1 March 2026, 13:00 UTC. Put it back: the domain stays verified until 8 March 2026, 13:00 UTC at the earliest.", "No record was found.", missing, start.Add(7*24*time.Hour + time.Hour)},
		{"lapsed", "The record was gone for a week, so the domain is no longer verified. Put the record back and verify it again.", "No record was found.", lapsed, time.Time{}},
		{"taken", "The domain is no longer verified for you: its record is back, but another organization has verified it since.", "The record was found.", taken, time.Time{}},
		{"released", "The claim was given up, or not proven in time. Claim the domain again for a new record.", "No record was found.", absent.Release(), time.Time{}},
		{"strange", "The domain counts as not verified: where its claim stands cannot be read.", "", strange, time.Time{}},
	} {
		want := domainclaim.Guide{Says: tt.says, Seen: tt.seen, NextAt: tt.c.CheckAt, EndsAt: tt.endsAt}
		switch tt.c.State {
		case domainclaim.Released:
		case "x":
			want.NextAt = time.Time{}
		default:
			want.Records, want.Keep = []domainclaim.Record{
				{Name: "sub.example.com", Host: "sub", Type: "TXT", Value: "acme-domain-verify=" + c.Token},
				{Name: "_acme-challenge.sub.example.com", Host: "_acme-challenge.sub", Type: "TXT", Value: c.Token},
			}, keep
		}
		if tt.seen != "" {
			want.SeenAt = start.Add(time.Hour)
		}
		if d := cmp.Diff(want, tt.c.Guide()); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.label, d)
		}
	}
}

// TestGuideEndsAt: no claim lapses before the Guide says it can, and one that is looked at
// at the right instants lapses then.
func TestGuideEndsAt(t *testing.T) {
	t.Parallel()
	const h = time.Hour
	for label, tt := range map[string]struct {
		rest    time.Duration   // of the grace, at the last absence
		unknown []time.Duration // looks that told nothing since
		want    time.Duration
	}{
		"an hour left":                {h, nil, h},
		"nothing left":                {-h, nil, 0},
		"nothing known, enough time":  {h, []time.Duration{2 * h}, 2 * h},
		"nothing known for long":      {h, []time.Duration{2 * h, 5 * h}, 5 * h},
		"nothing known, some left":    {3 * h, []time.Duration{2 * h}, 3 * h},
		"nothing known, later still":  {3 * h, []time.Duration{2 * h, 4 * h}, 5 * h},
		"nothing known for too long":  {h, []time.Duration{2 * h, 6 * h}, 7 * h},
		"nothing known for a weekend": {h, []time.Duration{2 * h, 60 * h}, 61 * h},
	} {
		c, first := missing(t)
		c.AbsentFor, c.Confirmations = domainclaim.Grace-tt.rest, 20
		last := first
		for _, after := range tt.unknown {
			last = first.Add(after)
			o := seen(c, domainclaim.Unknown)
			o.At = last
			c, _ = c.Next(o, last)
		}
		ends := c.Guide().EndsAt
		if got := ends.Sub(first); got != tt.want {
			t.Errorf("%s: the end is after %v, want %v", label, got, tt.want)
			continue
		}
		if ends.After(last) && len(tt.unknown) > 0 {
			c, _ = c.Next(gone(c), last) // the first look that tells something again
		}
		if early, _ := c.Next(gone(c), ends.Add(-time.Microsecond)); tt.rest > 0 && ends.After(last) && !early.Holds() {
			t.Errorf("%s: lapsed before the end", label)
		}
		if late, _ := c.Next(gone(c), ends); late.Holds() {
			t.Errorf("%s: not lapsed at the end", label)
		}
	}
}
