package domainclaim_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// A span of time, from and until.
type span struct{ from, to time.Time }

// overlap is how much of a and b is the same time.
func overlap(a, b span) time.Duration {
	from, to := a.from, a.to
	if b.from.After(from) {
		from = b.from
	}
	if b.to.Before(to) {
		to = b.to
	}
	return max(to.Sub(from), 0)
}

func inside(at time.Time, spans []span) (span, bool) {
	for _, s := range spans {
		if !at.Before(s.from) && at.Before(s.to) {
			return s, true
		}
	}
	return span{}, false
}

// union is spans in order, none on top of another.
func union(spans ...span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && !s.from.After(out[n-1].to) {
			if out[n-1].to.Before(s.to) {
				out[n-1].to = s.to
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// without is how much of s lies in none of spans, which are a union.
func without(s span, spans []span) time.Duration {
	total := s.to.Sub(s.from)
	for _, o := range spans {
		total -= overlap(s, o)
	}
	return total
}

// world is the truth about one claim: when its record is away, when DNS does not answer,
// when nobody looks, and when one of the two keeps anything from being seen.
type world struct {
	away, silent, down, blind []span
}

func days(n float64) time.Duration { return time.Duration(n * float64(24*time.Hour)) }

// newWorld is forty days: no outage, or up to three of half a day to six days; no time
// without an instance, or up to three of a minute to two days; and a record that stays, goes for
// good, or goes for a time, be it once or again and again.
func newWorld(r *rand.Rand) world {
	var w world
	pick := func(most int, shortest, longest float64) (out []span) {
		for range r.IntN(most + 1) {
			from := start.Add(days(r.Float64() * 38))
			out = append(out, span{from, from.Add(days(shortest + r.Float64()*(longest-shortest)))})
		}
		return out
	}
	w.silent = union(pick(3, 0.5, 6)...)
	w.down = union(pick(3, 0.001, 2)...)
	w.blind = union(slices.Concat(w.silent, w.down)...)
	switch r.IntN(4) {
	case 0: // it stays
	case 1:
		w.away = []span{{start.Add(days(1 + r.Float64()*22)), start.AddDate(1, 0, 0)}}
	case 2:
		w.away = pick(1, 0.01, 12)
	case 3:
		for from := start.Add(days(r.Float64() * 10)); from.Before(start.Add(days(40))); {
			to := from.Add(days(0.01 + r.Float64()*8))
			w.away = append(w.away, span{from, to})
			from = to.Add(days(0.5 + r.Float64()*3))
		}
	}
	return w
}

// absence is for how long, between two instants, the record was away and DNS would have
// said so.
func (w world) absence(s span) time.Duration {
	var total time.Duration
	for _, a := range w.away {
		if overlap(a, s) > 0 {
			if a.from.Before(s.from) {
				a.from = s.from
			}
			if a.to.After(s.to) {
				a.to = s.to
			}
			total += without(a, w.silent)
		}
	}
	return total
}

// tally is what became of many claims.
type tally struct {
	looks, lapsed, recovered int
	soonest, latest          time.Duration // to lapse: of answerable time, see live
}

// live takes one claim through its world: three looks in ten tell nothing, one in five of
// the rest had no name server to ask, looks are late by up to a minute, and every one is made by
// one of several instances whose clocks are up to five seconds off.
func (w world) live(t *testing.T, r *rand.Rand, c domainclaim.Claim, sum *tally) {
	end := start.Add(days(40))
	c, _ = c.Next(seen(c, domainclaim.Present), start)
	present := start   // the last look that found it
	var gone time.Time // and the first since that did not
	for now := c.CheckAt; now.Before(end); now = c.CheckAt {
		now = now.Add(time.Duration(r.Int64N(int64(time.Minute))))
		for s, down := inside(now, w.down); down; s, down = inside(now, w.down) {
			now = s.to.Add(time.Duration(r.Int64N(int64(time.Minute))))
		}
		if !now.Before(end) {
			break
		}
		sum.looks++
		_, isAway := inside(now, w.away)
		_, silent := inside(now, w.silent)
		o := seen(c, domainclaim.Present)
		switch {
		case silent, r.IntN(10) < 3:
			o.Outcome = domainclaim.Unknown
		case isAway:
			o.Outcome, o.Authoritative = domainclaim.Absent, r.IntN(5) > 0
		}
		skewed := now.Add(time.Duration(r.Int64N(int64(10*time.Second))) - 5*time.Second)
		o.At = skewed
		held := c.Holds()
		next, event := c.Next(o, skewed)
		if !next.CheckAt.After(skewed) {
			t.Fatalf("next look at %v, which is not after %v", next.CheckAt, skewed)
		}
		switch o.Outcome {
		case domainclaim.Present:
			present, gone = now, time.Time{}
			if event == domainclaim.EventRecovered {
				sum.recovered++
			}
		case domainclaim.Absent:
			if gone.IsZero() {
				gone = now
			}
		}
		if held && !next.Holds() {
			if event != domainclaim.EventUnverified || !isAway || o.Outcome != domainclaim.Absent || !o.Authoritative {
				t.Errorf("lapsed by %s with the record away: %v, %q", o.Outcome, isAway, event)
			}
			took := w.absence(span{present, now})
			if took < domainclaim.Grace-10*time.Second {
				t.Errorf("lapsed after %v of answerable absence\n%+v\n%+v", took, w, next)
			}
			sum.soonest = min(sum.soonest, took)
			sum.latest = max(sum.latest, without(span{gone, now}, w.blind))
			sum.lapsed++
		}
		if next.Holds() && !gone.IsZero() {
			if took := without(span{gone, now}, w.blind); took > domainclaim.Grace+days(1) {
				t.Errorf("still %s after %v of answerable absence\n%+v\n%+v", next.State, took, w, next)
				return
			}
		}
		if c = next; c.State == domainclaim.Unverified {
			return
		}
	}
}

// TestLives: thousands of claims over forty days, held against a bookkeeping of the truth
// that knows nothing of how Next counts. None lapses before a week in which its record was
// away and DNS could have said so; all whose record stays away lapse within eight days of
// time in which that could be seen. CLAIM_LIVES is how many claims; 2,000 if unset.
func TestLives(t *testing.T) {
	t.Parallel()
	lives := 2000
	if _, err := fmt.Sscan(os.Getenv("CLAIM_LIVES"), &lives); err != nil {
		lives = 2000
	}
	base := claim(t, "example.com")
	sum := tally{soonest: days(40)}
	for i := range lives {
		r := rand.New(rand.NewPCG(uint64(i), 20260301))
		c := base
		c.Name = fmt.Sprintf("d%d.example.com", i)
		newWorld(r).live(t, r, c, &sum)
		if t.Failed() {
			t.Fatalf("life %d", i)
		}
	}
	if sum.lapsed < lives/10 || sum.recovered < lives/10 {
		t.Errorf("%d lapsed and %d recovered of %d: too few to show anything", sum.lapsed, sum.recovered, lives)
	}
	t.Logf("%d claims, %d looks: %d lapsed, after %v of answerable absence at the soonest and %v from the first look at the latest; %d recovered",
		lives, sum.looks, sum.lapsed, sum.soonest, sum.latest, sum.recovered)
}

// FuzzNext moves claims that anybody may have written by what nobody may have seen.
func FuzzNext(f *testing.F) {
	f.Add(`{"name":"example.com","product":"acme","token":"t","state":"missing","absentAt":"2026-03-01T12:00:00Z","absentFor":604800000000000,"confirmations":9}`,
		`{"name":"example.com","token":"t","outcome":"absent","at":"2026-03-01T13:00:00Z","authoritative":true}`, int64(3600))
	f.Add(`{"name":"a","token":"t","state":"x"}`, `{"name":"a","token":"t","outcome":"present"}`, int64(0))
	f.Add(`{"state":"pending"}`, `{"outcome":"present"}`, int64(-1))
	f.Add(`{"name":"a","token":"t","state":"missing","confirmations":-9223372036854775808,"absentFor":-9223372036854775808,"unknowns":9223372036854775807,"warned":-5}`,
		`{"name":"a","token":"t","outcome":"mismatch","answers":[{"code":"NODATA"}],"nameServers":["b."]}`, int64(1<<40))
	f.Add(`{"name":"a","token":"t","state":"unverified","lapsedAt":"9999-12-31T23:59:59Z","history":[{"outcome":"unknown","doubted":1,"codes":["a","b","c","d","e","f"]}]}`,
		`{"name":"a","token":"t","outcome":"","doubted":true}`, int64(-1<<40))
	f.Fuzz(func(t *testing.T, claim, observation string, seconds int64) {
		var c domainclaim.Claim
		var o domainclaim.Observation
		if json.Unmarshal([]byte(claim), &c) != nil || json.Unmarshal([]byte(observation), &o) != nil {
			return
		}
		now := start.Add(time.Duration(seconds%(1<<32)) * time.Second)
		before, seenBefore := copied(t, c), o
		var breaker domainclaim.Breaker
		breaker.Watch("org", c, o)
		c.Guide()
		for label, next := range map[string]func(domainclaim.Observation, time.Time) (domainclaim.Claim, domainclaim.Event){"Next": c.Next, "Contest": c.Contest} {
			got, event := next(o, now)
			moved(t, label, c, got, o, event, now)
			if d := cmp.Diff(before, copied(t, c)); d != "" {
				t.Errorf("%s changed its receiver:\n%s", label, d)
			}
			if d := cmp.Diff(seenBefore, o); d != "" {
				t.Errorf("%s changed what was seen:\n%s", label, d)
			}
			got.Guide()
			again := got
			for range 3 {
				again, _ = again.Next(o, now)
			}
		}
	})
}

// moved holds one step to what is true of every step.
func moved(t *testing.T, label string, c, got domainclaim.Claim, o domainclaim.Observation, event domainclaim.Event, now time.Time) {
	t.Helper()
	if holds := got.State == domainclaim.Verified || got.State == domainclaim.Missing; got.Holds() != holds {
		t.Errorf("%s: %s holds: %v", label, got.State, got.Holds())
	}
	if got.Name != c.Name || got.Token != c.Token || got.Product != c.Product || got.Generation != c.Generation || got.Subdomains != c.Subdomains || !got.CreatedAt.Equal(c.CreatedAt) {
		t.Errorf("%s made another claim of it: %+v", label, got)
	}
	known := map[domainclaim.State]bool{domainclaim.Pending: true, domainclaim.Verified: true, domainclaim.Missing: true, domainclaim.Unverified: true}
	if !known[c.State] || c.Token == "" || o.Token != c.Token || o.Name != c.Name {
		if d := cmp.Diff(c, got); d != "" || event != domainclaim.EventNone {
			t.Errorf("%s moved it: %q\n%s", label, event, d)
		}
		return
	}
	absent := o.Outcome == domainclaim.Absent || o.Outcome == domainclaim.Mismatch
	switch {
	case got.State == c.State:
	case got.State == domainclaim.Verified && o.Outcome == domainclaim.Present && label == "Next":
	case got.State == domainclaim.Missing && c.State == domainclaim.Verified && absent:
	case got.State == domainclaim.Unverified && c.State == domainclaim.Missing && absent && o.Authoritative &&
		got.AbsentFor >= domainclaim.Grace && got.Confirmations >= domainclaim.GraceConfirmations:
	case got.State == domainclaim.Released && c.State == domainclaim.Pending && !now.Before(c.CreatedAt.Add(domainclaim.PendingFor)):
	default:
		t.Errorf("%s: %s became %s by %q", label, c.State, got.State, o.Outcome)
	}
	if grown := got.AbsentFor - max(c.AbsentFor, 0); c.State == domainclaim.Missing && got.State == domainclaim.Missing && grown > 12*time.Hour {
		t.Errorf("%s: %v more of absence by one look", label, grown)
	}
	if !got.CheckAt.IsZero() && !got.CheckAt.After(now) && !(label == "Contest" && got.CheckAt.Equal(c.CheckAt)) {
		t.Errorf("%s: next look at %v, which is not after %v", label, got.CheckAt, now)
	}
	if len(got.History) > 30 {
		t.Errorf("%s: %d spans of history", label, len(got.History))
	}
}
