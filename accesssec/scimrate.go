package accesssec

import (
	"net/http"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/scim"
)

// buckets let what comes under each name through at a rate, and a burst of it at once. They are
// in memory, and bounded: they keep an instance from being kept busy, and guard no secret.
type buckets struct {
	rate, burst float64 // of each, in a second and at once
	most        int

	mu sync.Mutex
	of map[string]*bucket
}

// bucket is what is left of one burst.
type bucket struct {
	left  float64
	at    time.Time
	whose scimBearer
}

func newBuckets(rate, burst float64, most int) *buckets {
	return &buckets{rate: rate, burst: burst, most: most, of: map[string]*bucket{}}
}

// refill adds what has come in since; a clock that goes back adds nothing.
func (b *buckets) refill(one *bucket, now time.Time) {
	if gone := now.Sub(one.at); gone > 0 {
		one.left = min(b.burst, one.left+b.rate*gone.Seconds())
		one.at = now
	}
}

// short is how long until there is one whole again; 0: there is.
func (b *buckets) short(one *bucket) time.Duration {
	if one.left >= 1 {
		return 0
	}
	return max(time.Duration((1-one.left)/b.rate*float64(time.Second)), time.Millisecond)
}

// take takes one, or says how long to wait.
func (b *buckets) take(name string, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spend(b.find(name, now), now)
}

// takeKnown is take for one that somebody is known to have; of others it keeps nothing, so that
// names that are made up push nobody out.
func (b *buckets) takeKnown(name string, now time.Time) (whose scimBearer, known bool, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	one := b.of[name]
	if one == nil {
		return scimBearer{}, false, 0
	}
	return one.whose, true, b.spend(one, now)
}

func (b *buckets) find(name string, now time.Time) *bucket {
	one := b.of[name]
	if one == nil {
		b.room(now)
		one = &bucket{left: b.burst, at: now}
		b.of[name] = one
	}
	return one
}

func (b *buckets) spend(one *bucket, now time.Time) time.Duration {
	b.refill(one, now)
	wait := b.short(one)
	if wait == 0 {
		one.left--
	}
	return wait
}

// charge takes n more, there or not, so that it takes time until there is one again.
func (b *buckets) charge(name string, n int, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if one := b.of[name]; one != nil {
		b.refill(one, now)
		one.left -= float64(n)
	}
}

// wait is how long it would be told to wait, and takes none.
func (b *buckets) wait(name string, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	one := b.of[name]
	if one == nil {
		return 0
	}
	b.refill(one, now)
	return b.short(one)
}

// know says whose a bucket is. Of a new one it takes one.
func (b *buckets) know(name string, whose scimBearer, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of[name] == nil {
		b.spend(b.find(name, now), now)
	}
	b.of[name].whose = whose
}

// forget drops a bucket that is nobody's.
func (b *buckets) forget(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.of, name)
}

// room makes some: what is full again says nothing. When nothing is, some of the others go, in
// no order that anybody could choose.
func (b *buckets) room(now time.Time) {
	if len(b.of) < b.most {
		return
	}
	for name, one := range b.of {
		if b.refill(one, now); one.left >= b.burst {
			delete(b.of, name)
		}
	}
	for name := range b.of {
		if len(b.of) < b.most-b.most/8 {
			return
		}
		delete(b.of, name)
	}
}

func tooFast(wait time.Duration) *scim.Error {
	return &scim.Error{Status: http.StatusTooManyRequests, Detail: "Too many requests at once. Go on after the time that Retry-After says.", RetryAfter: wait}
}
