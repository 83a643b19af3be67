package main

import (
	"cmp"
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
	time   time.Duration   // of the processor, median over the rounds
	rounds []time.Duration // one by one
	allocs uint64          // pieces of memory
	bytes  uint64          // bytes allocated
}

// slice is how long a subject runs before the next one has its turn, and longSlice where a
// few percent count.
const (
	slice     = 20 * time.Millisecond
	longSlice = 160 * time.Millisecond
)

// measure runs all subjects in turn, rounds times over, so that whatever else the
// machine does is shared by all of them, and takes each one's median. Where a few percent
// count, each turn comes in pieces between those of the others. The first error ends it.
func measure(subjects []subject, rounds, pieces int) ([]cost, error) {
	out := make([]cost, len(subjects))
	counts := make([]int, len(subjects)) // of runs in a piece
	turn := slice
	if pieces > 1 {
		turn = longSlice
	}
	for i, s := range subjects {
		var err error
		if out[i].allocs, out[i].bytes, err = allocations(s.run); err != nil {
			return nil, err
		}
		began := worked()
		if err := s.run(); err != nil {
			return nil, err
		}
		counts[i] = max(1, int(turn/max(worked()-began, time.Microsecond))/pieces)
	}
	for round := range rounds {
		took := make([]time.Duration, len(subjects))
		for k := range len(subjects) * pieces {
			i := (k + round) % len(subjects) // nobody always comes after the same one
			if pieces == 1 {
				runtime.GC()
			}
			began := worked()
			for range counts[i] {
				if err := subjects[i].run(); err != nil {
					return nil, err
				}
			}
			took[i] += worked() - began
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

// ratio of a to b, as the median over the rounds: what slows a machine for a while
// slows both.
func ratio(a, b cost) float64 {
	var all []float64
	for i := range min(len(a.rounds), len(b.rounds)) {
		all = append(all, float64(a.rounds[i])/float64(max(b.rounds[i], 1)))
	}
	return median(all)
}

func median[T cmp.Ordered](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
