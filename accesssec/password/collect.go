package password

import (
	"runtime"
	"runtime/metrics"
)

// littleHeap is what the collector looks through in a few milliseconds, in bytes.
const littleHeap = 32 << 20

// collect frees what the computation before has left, while others wait: by itself the collector
// lets the heap double first, which here is by the memory of all that compute. A host whose heap
// is large does not miss as much again, and would pay with seconds of its processors, so there it
// is left to the collector.
func collect() {
	heap := []metrics.Sample{{Name: "/gc/scan/heap:bytes"}}
	metrics.Read(heap)
	if heap[0].Value.Kind() == metrics.KindUint64 && heap[0].Value.Uint64() <= littleHeap {
		runtime.GC()
	}
}
