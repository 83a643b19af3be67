package domainclaim_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// TestContest: the proof of a claim whose name another one holds is written down and told
// once, and takes nothing.
func TestContest(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	now := start.Add(time.Hour)
	c, _ = c.Next(seen(c, domainclaim.Unknown), now)
	before := c
	got, event := c.Contest(seen(c, domainclaim.Present), now.Add(time.Hour))
	if got.State != domainclaim.Pending || got.Holds() || event != domainclaim.EventContested || !got.Contested.Equal(now.Add(time.Hour)) {
		t.Errorf("%s, %q, contested since %v", got.State, event, got.Contested)
	}
	if !got.VerifiedAt.IsZero() || got.Last == nil || got.Last.Outcome != domainclaim.Present || got.Unknowns != 0 || !got.UnknownSince.IsZero() || len(got.History) != 2 || !got.CheckAt.After(now.Add(time.Hour)) {
		t.Errorf("%+v", got)
	}
	if d := cmp.Diff(before, c); d != "" {
		t.Errorf("the claim itself changed:\n%s", d)
	}
	// Told once, however often it is seen, and whatever is not known in between.
	for i := range 5 {
		at := now.Add(time.Duration(2+i) * time.Hour)
		if i == 2 {
			got, event = got.Next(seen(c, domainclaim.Unknown), at)
		} else {
			got, event = got.Contest(seen(c, domainclaim.Present), at)
		}
		if event != domainclaim.EventNone || !got.Contested.Equal(now.Add(time.Hour)) {
			t.Errorf("look %d: %q, contested since %v", i, event, got.Contested)
		}
	}
	// A record that is gone contests nothing, and one that comes back does so anew.
	got, _ = got.Next(seen(c, domainclaim.Absent), now.Add(8*time.Hour))
	if !got.Contested.IsZero() {
		t.Errorf("contested since %v without a record", got.Contested)
	}
	if got, event = got.Contest(seen(c, domainclaim.Present), now.Add(9*time.Hour)); event != domainclaim.EventContested {
		t.Errorf("contested anew: %q", event)
	}
	// The name has become free.
	got, event = got.Next(seen(c, domainclaim.Present), now.Add(10*time.Hour))
	if got.State != domainclaim.Verified || event != domainclaim.EventVerified || !got.Contested.IsZero() {
		t.Errorf("%s, %q, contested since %v", got.State, event, got.Contested)
	}
}

// TestContestOfTheLapsed: who lapsed and whose name is taken by now contests it too.
func TestContestOfTheLapsed(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	c.State, c.LapsedAt = domainclaim.Unverified, start
	got, event := c.Contest(seen(c, domainclaim.Present), start.Add(time.Hour))
	if got.State != domainclaim.Unverified || event != domainclaim.EventContested || !got.LapsedAt.Equal(start) {
		t.Errorf("%s, %q", got.State, event)
	}
}

// TestContestRefused: nothing but the proof of a claim that does not hold the name
// contests it.
func TestContestRefused(t *testing.T) {
	t.Parallel()
	pending := claim(t, "example.com")
	for label, tt := range map[string]struct {
		state domainclaim.State
		o     domainclaim.Observation
	}{
		"verified":         {domainclaim.Verified, seen(pending, domainclaim.Present)},
		"missing":          {domainclaim.Missing, seen(pending, domainclaim.Present)},
		"released":         {domainclaim.Released, seen(pending, domainclaim.Present)},
		"in no state":      {"", seen(pending, domainclaim.Present)},
		"absent":           {domainclaim.Pending, seen(pending, domainclaim.Absent)},
		"not known":        {domainclaim.Pending, seen(pending, domainclaim.Unknown)},
		"of another name":  {domainclaim.Pending, domainclaim.Observation{Name: "example.org", Token: pending.Token, Outcome: domainclaim.Present}},
		"of another token": {domainclaim.Pending, domainclaim.Observation{Name: pending.Name, Token: "x", Outcome: domainclaim.Present}},
	} {
		c := pending
		c.State = tt.state
		got, event := c.Contest(tt.o, start.Add(time.Hour))
		if d := cmp.Diff(c, got); d != "" || event != domainclaim.EventNone {
			t.Errorf("%s: %q\n%s", label, event, d)
		}
	}
}

// TestExpiry: a claim that nobody proves is released after thirty days, but for one whose
// proof is there while another holds the name;
// the proof counts even when it comes later than that.
func TestExpiry(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	end := c.CreatedAt.Add(domainclaim.PendingFor)
	for _, o := range []domainclaim.Outcome{domainclaim.Absent, domainclaim.Mismatch, domainclaim.Unknown} {
		if got, event := c.Next(seen(c, o), end.Add(-time.Microsecond)); got.State != domainclaim.Pending || event != domainclaim.EventNone || got.CheckAt.IsZero() {
			t.Errorf("%s before the end: %s, %q", o, got.State, event)
		}
		got, event := c.Next(seen(c, o), end)
		if got.State != domainclaim.Released || event != domainclaim.EventExpired || got.Holds() || !got.CheckAt.IsZero() || got.Last.Outcome != o {
			t.Errorf("%s at the end: %s, %q", o, got.State, event)
		}
		if again, event := got.Next(seen(c, domainclaim.Present), end.Add(time.Hour)); again.State != domainclaim.Released || event != domainclaim.EventNone {
			t.Errorf("after the end: %s, %q", again.State, event)
		}
	}
	if got, event := c.Contest(seen(c, domainclaim.Present), end); got.State != domainclaim.Pending || event != domainclaim.EventContested || got.CheckAt.IsZero() {
		t.Errorf("contested at the end: %s, %q", got.State, event)
	}
	if got, event := c.Next(seen(c, domainclaim.Present), end.Add(24*time.Hour)); got.State != domainclaim.Verified || event != domainclaim.EventVerified {
		t.Errorf("proven after the end: %s, %q", got.State, event)
	}
}

// TestRelease: every state can be given up, and what is given up holds nothing and is
// looked at no more.
func TestRelease(t *testing.T) {
	t.Parallel()
	for _, state := range []domainclaim.State{domainclaim.Pending, domainclaim.Verified, domainclaim.Missing, domainclaim.Unverified, domainclaim.Released} {
		c := claim(t, "example.com")
		c.State = state
		c, _ = c.Next(seen(c, domainclaim.Absent), start)
		got := c.Release()
		if got.State != domainclaim.Released || got.Holds() || !got.CheckAt.IsZero() || got.Token != c.Token {
			t.Errorf("from %s: %+v", state, got)
		}
	}
}
