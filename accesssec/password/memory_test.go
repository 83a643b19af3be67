package password_test

import (
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/password"
)

// oneHash is the memory of one computation at the default cost, in bytes.
const oneHash = 47104 << 10

// However many wait, the heap holds the memory of those that compute, and little else: not that of
// fifty, nor that of those before.
func TestMemoryOfMany(t *testing.T) {
	const little = 20 << 20
	if got, most := peak(t), uint64(runtime.GOMAXPROCS(0)*oneHash+little); got > most {
		t.Errorf("%d MB, and at most %d are to be", got>>20, most>>20)
	}
}

// peak is the most of the heap that is in use while 50 people sign in at once.
func peak(t *testing.T) (most uint64) {
	t.Helper()
	h := password.NewHasher(nil)
	debug.FreeOSMemory()
	done, seen := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			select {
			case <-done:
				seen <- most
				return
			case <-time.After(time.Millisecond):
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
		}
	}()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if ok, _, err := h.Verify(t.Context(), "a password of 5 words", ""); ok || err != nil {
				t.Errorf("Verify = %v, %v", ok, err)
			}
		})
	}
	wg.Wait()
	close(done)
	most = <-seen
	t.Logf("%d MB at most, %d turns", most>>20, runtime.GOMAXPROCS(0))
	return most
}
