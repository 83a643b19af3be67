package memory

import (
	"math/rand/v2"
	"testing"
)

// TestHeads: beside a map, with hashes that crowd, and wrap around the end.
func TestHeads(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		dice := rand.New(rand.NewPCG(seed, 1))
		var h heads
		want := map[uint32]place{}
		spread := []uint32{4, 16, 64, 1 << 20}[seed%4]
		hash := func() uint32 { return dice.Uint32N(spread) * []uint32{1, 8, 1 << 28, 0xfffffff1}[seed/4%4] }
		for range 600 {
			x := hash()
			switch _, there := want[x]; {
			case there && dice.IntN(2) == 0:
				h.drop(x)
				delete(want, x)
			default:
				want[x] = place(1 + dice.Uint32N(1000))
				h.set(x, want[x])
			}
			if x = hash(); h.get(x) != want[x] || h.n != len(want) {
				t.Fatalf("seed %d: %d of %d leads to %d, want %d", seed, x, h.n, h.get(x), want[x])
			}
		}
		left := 0
		for _, s := range h.slots {
			if s.first == nowhere {
				continue
			}
			if left++; want[s.hash] != s.first {
				t.Fatalf("seed %d: %d stands at %d, want %d", seed, s.hash, s.first, want[s.hash])
			}
		}
		for x, p := range want {
			if h.get(x) != p {
				t.Fatalf("seed %d: %d leads to %d, want %d", seed, x, h.get(x), p)
			}
		}
		if left != len(want) || 4*left > 3*len(h.slots) {
			t.Errorf("seed %d: %d in %d places, want %d", seed, left, len(h.slots), len(want))
		}
	}
}
