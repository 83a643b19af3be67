package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// clients is how many ask at once, each over a connection that is kept.
const clients = 8

// loadSlice is how long all clients together ask one subject before the next one has its turn.
const loadSlice = 160 * time.Millisecond

// load measures subjects that answer many at once: what a server does under load is neither the
// time of one request that nothing runs beside, nor the processor's time alone. The clients ask
// one subject at a time, which has its turn in pieces between those of the others; the time of a
// request is the wall's, shared among all that were answered. Allocations are those of one request
// alone. The first error ends it.
func load(subjects []subject, rounds, pieces int) ([]cost, error) {
	out := make([]cost, len(subjects))
	counts := make([]int, len(subjects)) // of requests in a piece
	for i, s := range subjects {
		var err error
		if out[i].allocs, out[i].bytes, err = allocations(s.run); err != nil {
			return nil, err
		}
		const first = 50 * clients // opens the connections, and says how many more fit
		if _, err := rush(s, first); err != nil {
			return nil, err
		}
		took, err := rush(s, first)
		if err != nil {
			return nil, err
		}
		counts[i] = max(clients, int(loadSlice/max(took/first, time.Microsecond))/pieces)
	}
	for round := range rounds {
		took := make([]time.Duration, len(subjects))
		for k := range len(subjects) * pieces {
			i := (k + round) % len(subjects) // nobody always comes after the same one
			t, err := rush(subjects[i], counts[i])
			if err != nil {
				return nil, err
			}
			took[i] += t
		}
		for i, t := range took {
			out[i].rounds = append(out[i].rounds, t/time.Duration(counts[i]*pieces))
		}
	}
	for i := range out {
		out[i].time = median(out[i].rounds)
	}
	return out, nil
}

// rush has all clients ask until n were answered, and is how long that took.
func rush(s subject, n int) (time.Duration, error) {
	var (
		left   atomic.Int64
		all    sync.WaitGroup
		failed atomic.Pointer[error]
	)
	left.Store(int64(n))
	began := time.Now()
	for range clients {
		all.Go(func() {
			for left.Add(-1) >= 0 && failed.Load() == nil {
				if err := s.run(); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return took, nil
}
