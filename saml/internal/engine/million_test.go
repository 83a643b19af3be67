package engine_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
)

// TestCanonicalFormOfRandomDocuments does what FuzzCanonical does, blindly and by the
// million: ACCESSSEC_DOCUMENTS=5000000.
func TestCanonicalFormOfRandomDocuments(t *testing.T) {
	t.Parallel()
	n := 4_000
	if s := os.Getenv("ACCESSSEC_DOCUMENTS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	const workers = 2
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), uint64(w)))
			seed := make([]byte, 160)
			for range n / workers {
				for i := range seed {
					seed[i] = byte(r.Uint32())
				}
				if err := compare(seed[:20+r.IntN(140)], uint8(r.Uint32())); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d documents, one canonical form each", n)
}
