package accesssec

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestBuckets(t *testing.T) {
	t.Parallel()
	now := time.Date(2090, 3, 2, 12, 0, 0, 0, time.UTC)
	b := newBuckets(2, 4, 100)
	through := func(name string, at time.Time, tries int) (n int, last time.Duration) {
		for range tries {
			wait := b.take(name, at)
			if last = wait; wait == 0 {
				n++
			}
		}
		return n, last
	}
	if n, wait := through("a", now, 10); n != 4 || wait != 500*time.Millisecond {
		t.Errorf("%d at once, then wait %v", n, wait)
	}
	if n, _ := through("b", now, 10); n != 4 {
		t.Errorf("another one: %d", n)
	}
	if wait := b.wait("a", now); wait != 500*time.Millisecond || b.wait("c", now) != 0 {
		t.Errorf("told to wait %v", wait)
	}
	if n, _ := through("a", now.Add(500*time.Millisecond), 10); n != 1 {
		t.Errorf("half a second later: %d", n)
	}
	if n, _ := through("a", now.Add(-time.Hour), 10); n != 0 {
		t.Errorf("an hour back: %d", n)
	}
	if n, _ := through("a", now.Add(time.Hour), 10); n != 4 {
		t.Errorf("an hour later: %d", n)
	}
	b.forget("a")
	if n, _ := through("a", now.Add(time.Hour), 10); n != 4 {
		t.Errorf("forgotten: %d", n)
	}
}

func TestBucketsAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2090, 3, 2, 12, 0, 0, 0, time.UTC)
	b := newBuckets(1, 2, 64)
	for i := range 10_000 {
		b.take(fmt.Sprint("flood ", i), now)
		b.know(fmt.Sprint("known ", i), scimBearer{tokenID: "t"}, now)
		if len(b.of) > 64 {
			t.Fatalf("%d are kept", len(b.of))
		}
	}
	// What is full again goes before what is not.
	b = newBuckets(1, 2, 64)
	b.take("busy", now.Add(time.Minute))
	for i := range 63 {
		b.take(fmt.Sprint("once ", i), now)
	}
	b.take("one more", now.Add(time.Minute))
	if len(b.of) != 2 || b.of["busy"] == nil {
		t.Errorf("%d are left", len(b.of))
	}
}

func TestBucketsKnow(t *testing.T) {
	t.Parallel()
	now := time.Date(2090, 3, 2, 12, 0, 0, 0, time.UTC)
	b := newBuckets(1, 2, 64)
	if _, known, wait := b.takeKnown("a", now); known || wait != 0 || len(b.of) != 0 {
		t.Error("known from the beginning")
	}
	b.know("a", scimBearer{orgID: "o", tokenID: "t"}, now)
	b.know("a", scimBearer{orgID: "o", tokenID: "t"}, now) // takes one, and one alone
	if whose, known, wait := b.takeKnown("a", now); !known || wait != 0 || whose.orgID != "o" || whose.tokenID != "t" {
		t.Errorf("%+v, %v, %v", whose, known, wait)
	}
	if _, known, wait := b.takeKnown("a", now); !known || wait != time.Second {
		t.Errorf("%v, %v", known, wait)
	}
	b.forget("a")
	if _, known, _ := b.takeKnown("a", now); known {
		t.Error("known after it was forgotten")
	}
}

// A clock that is set back keeps nobody out, and lets nobody in sooner.
func TestBucketsClockBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2090, 3, 2, 12, 0, 0, 0, time.UTC)
	b := newBuckets(1, 2, 64)
	for i, want := range []time.Duration{0, 0, time.Second} {
		if wait := b.take("a", now.Add(time.Duration(-i)*time.Hour)); wait != want {
			t.Errorf("the %d. waits %v, want %v", i+1, wait, want)
		}
	}
}

func TestBucketsAtOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2090, 3, 2, 12, 0, 0, 0, time.UTC)
	b := newBuckets(1, 100, 64)
	var through atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if wait := b.take("a", now); wait == 0 {
					through.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := through.Load(); n != 100 {
		t.Errorf("%d came through, want 100", n)
	}
}
