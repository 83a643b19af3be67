package main

import (
	"runtime"
	"slices"
	"time"
)

// subject is one thing that is measured.
type subject struct {
	name string
	run  func() error
}

// cost of one run.
type cost struct {
	time   time.Duration // of the processor, median over the rounds
	allocs uint64        // pieces of memory
	bytes  uint64        // bytes allocated
}

// slice is how long a subject runs before the next one has its turn.
const slice = 20 * time.Millisecond

// measure runs all subjects in turn, rounds times over, so that whatever else the
// machine does is shared by all of them, and takes each one's median. The first error
// ends it.
func measure(subjects []subject, rounds int) ([]cost, error) {
	out := make([]cost, len(subjects))
	times := make([][]time.Duration, len(subjects))
	counts := make([]int, len(subjects))
	for i, s := range subjects {
		var err error
		if out[i].allocs, out[i].bytes, err = allocations(s.run); err != nil {
			return nil, err
		}
		began := worked()
		if err := s.run(); err != nil {
			return nil, err
		}
		counts[i] = max(1, int(slice/max(worked()-began, time.Microsecond)))
	}
	for round := range rounds {
		for k := range subjects {
			i := (k + round) % len(subjects) // nobody always comes after the same one
			runtime.GC()
			began := worked()
			for range counts[i] {
				if err := subjects[i].run(); err != nil {
					return nil, err
				}
			}
			times[i] = append(times[i], (worked()-began)/time.Duration(counts[i]))
		}
	}
	for i := range out {
		out[i].time = median(times[i])
	}
	return out, nil
}

// allocations are the fewest of some runs: what belongs to the runtime is left out.
func allocations(run func() error) (count, bytes uint64, err error) {
	var before, after runtime.MemStats
	for i := range 6 {
		runtime.ReadMemStats(&before)
		if err := run(); err != nil {
			return 0, 0, err
		}
		runtime.ReadMemStats(&after)
		if n := after.Mallocs - before.Mallocs; i == 1 || i > 1 && n < count {
			count, bytes = n, after.TotalAlloc-before.TotalAlloc // the first run warms up
		}
	}
	return count, bytes, nil
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}
