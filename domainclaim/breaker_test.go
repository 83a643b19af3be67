package domainclaim_test

import (
	"fmt"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// fleet is many verified claims behind one breaker, each with an owner of its own.
type fleet struct {
	claims  []domainclaim.Claim
	owners  []string
	breaker domainclaim.Breaker
	now     time.Time
}

func newFleet(t testing.TB, n int) *fleet {
	f := &fleet{now: start}
	base := claim(t, "example.com")
	for i := range n {
		c := base
		c.Name = fmt.Sprintf("d%d-example.com", i)
		c, _ = c.Next(seen(c, domainclaim.Present), start.Add(-24*time.Hour))
		f.claims = append(f.claims, c)
		f.owners = append(f.owners, fmt.Sprintf("owner-%d", i))
	}
	return f
}

// look shows the breaker and then claim i what was seen of it, and gives what was believed.
func (f *fleet) look(i int, o domainclaim.Outcome) domainclaim.Observation {
	got := f.breaker.Watch(f.owners[i], f.claims[i], f.seen(i, o))
	f.claims[i], _ = f.claims[i].Next(got, f.now)
	return got
}

func (f *fleet) seen(i int, o domainclaim.Outcome) domainclaim.Observation {
	out := seen(f.claims[i], o)
	out.At, out.Authoritative = f.now, o != domainclaim.Unknown
	return out
}

func (f *fleet) all(from, to int, o domainclaim.Outcome) (doubted int) {
	for i := from; i < to; i++ {
		if f.look(i, o).Doubted {
			doubted++
		}
	}
	return doubted
}

// TestBreakerOpens: at twenty vanished records, and more than one in twenty.
func TestBreakerOpens(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ present, gone, doubted int }{
		{0, 19, 0},
		{0, 20, 1},
		{0, 60, 41},
		{379, 20, 1}, // 20 of 399
		{380, 20, 0}, // 20 of 400 is one in twenty
		{380, 21, 1},
		{940, 49, 0},
		{940, 50, 1},  // 50 of 990
		{2000, 50, 0}, // the last thousand count: 50 of 1000
		{2000, 51, 1}, // 51 of 1000
		{2000, 300, 250},
	} {
		f := newFleet(t, tt.present+tt.gone)
		f.all(0, tt.present, domainclaim.Present)
		doubted := f.all(tt.present, tt.present+tt.gone, domainclaim.Absent)
		if doubted != tt.doubted || f.breaker.Open(f.now) != (tt.doubted > 0) {
			t.Errorf("%d present and %d gone: %d doubted, open: %v; want %d", tt.present, tt.gone, doubted, f.breaker.Open(f.now), tt.doubted)
		}
	}
}

// TestBreakerDoubts: what is not believed is unknown, moves nothing, and says why; all else
// passes as it was.
func TestBreakerDoubts(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 40)
	f.all(0, 30, domainclaim.Mismatch)
	o := f.seen(30, domainclaim.Mismatch)
	o.Found, o.Hint = []string{"x"}, "h"
	got := f.breaker.Watch(f.owners[30], f.claims[30], o)
	if got.Outcome != domainclaim.Unknown || got.Authoritative || !got.Doubted || got.Hint == "h" || got.Hint == "" {
		t.Errorf("%+v", got)
	}
	o.Outcome, o.Authoritative, o.Doubted, o.Hint = got.Outcome, false, true, got.Hint
	if d := cmp.Diff(o, got); d != "" {
		t.Errorf("more changed than that (-want +got):\n%s", d)
	}
	if next, event := f.claims[30].Next(got, f.now); next.State != domainclaim.Verified || event != domainclaim.EventNone || next.Guide().Seen != got.Hint {
		t.Errorf("%s, %q, %q", next.State, event, next.Guide().Seen)
	}
	// One that is missing already is not believed to be gone longer either.
	f.now = f.now.Add(6 * time.Hour)
	if o := f.look(0, domainclaim.Absent); !o.Doubted || f.claims[0].AbsentFor != 0 {
		t.Errorf("missing: %+v", o)
	}
	for label, o := range map[string]domainclaim.Observation{
		"present": f.seen(31, domainclaim.Present),
		"unknown": f.seen(31, domainclaim.Unknown),
		"foreign": {Name: "x", Token: "y", Outcome: domainclaim.Absent, At: f.now},
	} {
		if d := cmp.Diff(o, f.breaker.Watch(f.owners[31], f.claims[31], o)); d != "" {
			t.Errorf("%s (-want +got):\n%s", label, d)
		}
	}
	// An observation of no known day is not believed either, and makes nothing forgotten.
	timeless := f.seen(31, domainclaim.Absent)
	timeless.At = time.Time{}
	if !f.breaker.Watch(f.owners[31], f.claims[31], timeless).Doubted || !f.breaker.Open(f.now) {
		t.Error("believed for want of a time")
	}
	pending := claim(t, "example.org")
	o = seen(pending, domainclaim.Absent)
	o.At = f.now
	if d := cmp.Diff(o, f.breaker.Watch("somebody", pending, o)); d != "" {
		t.Errorf("pending (-want +got):\n%s", d)
	}
}

// TestBreakerOwners: an organisation that takes all its records away is one, however many
// they are and wherever they are kept.
func TestBreakerOwners(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 301)
	for i := range 300 {
		f.owners[i] = fmt.Sprintf("org-%d", i%19)
	}
	if n := f.all(0, 300, domainclaim.Absent); n != 0 || f.breaker.Open(f.now) {
		t.Errorf("nineteen owners: %d doubted", n)
	}
	// One record of an owner that is seen again does not make the others of it come back.
	f.look(0, domainclaim.Present)
	f.now = f.now.Add(time.Hour)
	if !f.look(300, domainclaim.Absent).Doubted {
		t.Error("twenty owners: believed")
	}
}

// TestBreakerDomains: names below one registered domain are one, whoever claims them: they
// cost nobody anything.
func TestBreakerDomains(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 300)
	for i := range f.claims {
		f.claims[i].Name = fmt.Sprintf("s%d.d%d-example.co.uk", i, i%19)
	}
	if n := f.all(0, 300, domainclaim.Absent); n != 0 || f.breaker.Open(f.now) {
		t.Errorf("nineteen domains: %d doubted", n)
	}
}

// TestBreakerOnceADay: a claim that is looked at again and again is one look a day, so that
// nobody can drown what vanishes, and one vanished record is one.
func TestBreakerOnceADay(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 100)
	f.all(20, 100, domainclaim.Present)
	for range 50 {
		f.now = f.now.Add(time.Second)
		f.look(99, domainclaim.Present)
		f.look(0, domainclaim.Absent)
		f.look(1, domainclaim.Unknown)
	}
	if f.all(1, 19, domainclaim.Absent) != 0 || f.breaker.Open(f.now) {
		t.Error("open at nineteen")
	}
	if !f.look(19, domainclaim.Absent).Doubted {
		t.Error("closed at twenty")
	}
	// Present in the morning and gone in the afternoon is vanished all the same, and so is
	// what was not known in the morning.
	f = newFleet(t, 40)
	f.all(0, 20, domainclaim.Present)
	f.all(20, 40, domainclaim.Unknown)
	f.now = f.now.Add(3 * time.Hour)
	if n := f.all(0, 40, domainclaim.Absent); n != 21 {
		t.Errorf("%d doubted in the afternoon, want 21", n)
	}
}

// TestBreakerMeanwhile: looks at a claim that others looked at as well, who have not written
// down yet what they saw, count once too.
func TestBreakerMeanwhile(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 100)
	watch := func(i int, o domainclaim.Outcome) bool {
		return f.breaker.Watch(f.owners[i], f.claims[i], f.seen(i, o)).Doubted
	}
	f.all(30, 100, domainclaim.Present)
	for range 500 {
		watch(29, domainclaim.Present)
	}
	for i := range 19 {
		watch(i, domainclaim.Absent)
		watch(i, domainclaim.Absent)
	}
	if watch(0, domainclaim.Absent) || !watch(19, domainclaim.Absent) {
		t.Error("want it closed at nineteen, and open at twenty of 91")
	}
	watch(0, domainclaim.Present) // one that two have seen gone is there again
	if f.breaker.Open(f.now) {
		t.Error("open at nineteen")
	}
}

// TestBreakerDays: what vanishes counts for two days from then on, however long before it
// was seen, and is taken off when it is back.
func TestBreakerDays(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 20)
	f.all(0, 20, domainclaim.Present)
	f.now = f.now.Add(47 * time.Hour)
	f.all(0, 20, domainclaim.Absent)
	for _, hours := range []int{0, 3, 48} {
		if !f.breaker.Open(f.now.Add(time.Duration(hours) * time.Hour)) {
			t.Errorf("closed after %d hours", hours)
		}
	}
	f.now = f.now.Add(20 * time.Hour)
	f.look(3, domainclaim.Present)
	if f.breaker.Open(f.now) {
		t.Error("open at nineteen")
	}
}

// TestBreakerCloses: as soon as the records are seen again; or after two days, when they
// stay away, for those will not come back.
func TestBreakerCloses(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 100)
	f.all(0, 30, domainclaim.Absent)
	f.now = f.now.Add(time.Hour)
	f.all(0, 10, domainclaim.Present)
	if !f.breaker.Open(f.now) {
		t.Error("twenty are gone still: closed")
	}
	f.look(10, domainclaim.Present)
	if f.breaker.Open(f.now) {
		t.Error("nineteen are gone: open")
	}

	f = newFleet(t, 100)
	f.all(0, 30, domainclaim.Absent)
	began := f.now
	for day := range 12 {
		for range 4 {
			f.now = f.now.Add(6 * time.Hour)
			f.all(0, 30, domainclaim.Absent)
		}
		f.all(30, 100, domainclaim.Present)
		if open := f.breaker.Open(f.now); open != (day < 2) {
			t.Errorf("after %v: open: %v", f.now.Sub(began), open)
		}
	}
	for i, c := range f.claims {
		if want := i < 30; (c.State == domainclaim.Unverified) != want {
			t.Errorf("claim %d is %s", i, c.State)
		}
	}
	if f.breaker.Open(f.now.Add(100 * 24 * time.Hour)) {
		t.Error("open with nothing to remember")
	}
}

// TestBreakerAbandoned: claims that stay missing for months, because no name server is
// there to confirm it, are no reason to doubt a record that vanishes.
func TestBreakerAbandoned(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 200)
	for i := range 100 {
		f.claims[i].State = domainclaim.Missing
	}
	for range 10 {
		f.now = f.now.Add(24 * time.Hour)
		if n := f.all(0, 100, domainclaim.Absent) + f.all(100, 200, domainclaim.Present); n != 0 {
			t.Fatalf("%d doubted", n)
		}
	}
	if f.look(100, domainclaim.Absent).Doubted {
		t.Error("one that vanishes beside them is not believed")
	}
}

// TestBreakerClock: what was seen by a clock that was far ahead keeps nothing in memory.
func TestBreakerClock(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 30)
	f.now = start.AddDate(50, 0, 0)
	f.all(0, 30, domainclaim.Absent)
	if !f.breaker.Open(f.now) {
		t.Fatal("closed")
	}
	if f.breaker.Open(start) {
		t.Error("open fifty years before")
	}
}

// TestBreakerAtOnce: many goroutines show it what they see, and it opens for all of them;
// what it keeps does not grow.
func TestBreakerAtOnce(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 4000)
	var wg sync.WaitGroup
	doubted := make([]int, 8)
	for g := range doubted {
		wg.Go(func() {
			for i := g; i < len(f.claims); i += len(doubted) {
				if f.breaker.Watch(f.owners[i], f.claims[i], f.seen(i, domainclaim.Absent)).Doubted {
					doubted[g]++
				}
				f.breaker.Open(f.now)
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range doubted {
		total += n
	}
	if total != 4000-19 {
		t.Errorf("%d of 4000 doubted, want all but nineteen", total)
	}
	if n := unsafe.Sizeof(f.breaker); n > 64<<10 {
		t.Errorf("a breaker takes %d bytes", n)
	}
	if n := f.breaker.Kept(); n > 4000 {
		t.Errorf("%d things kept in memory", n)
	}
}
