package memory

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Rows that come, go and move from key to key, with their undoing: after each step the indexes
// have what the rows say.
func TestIndexesFollowTheirRows(t *testing.T) {
	t.Parallel()
	type row struct {
		id, shared, only int
		version          int64
	}
	shared := newGroup(func(r *row) (int, bool) { return r.shared, r.shared != 0 })
	only := newUnique(func(r *row) (int, bool) { return r.only, r.only != 0 })
	rows := newTable(func(r *row) int { return r.id }, func(r *row) *int64 { return &r.version }, shared, only)
	rnd := rand.New(rand.NewPCG(1, 2))
	var log undo
	for step := range 5000 {
		switch r := (&row{id: rnd.IntN(8), shared: rnd.IntN(3), only: rnd.IntN(6)}); rnd.IntN(4) {
		case 0:
			if old, ok := rows.get(r.id); ok {
				rows.delete(&log, old)
			}
		case 1:
			log.back(rnd.IntN(log.mark() + 1))
		default:
			holder, taken := only.get(r.only)
			if err := rows.put(&log, r); (err != nil) != (taken && holder.id != r.id) {
				t.Fatalf("step %d: %v, and another has the key: %t", step, err, taken)
			}
		}
		for key := range 3 {
			var want []*row
			for r := range rows.all() {
				if r.shared == key && key != 0 {
					want = append(want, r)
				}
			}
			got := shared.take(key)
			byID := func(a, b *row) int { return a.id - b.id }
			slices.SortFunc(want, byID)
			slices.SortFunc(got, byID)
			if !slices.Equal(got, want) || shared.has(key) != (len(want) > 0) {
				t.Fatalf("step %d: under %d there are %d rows, want %d", step, key, len(got), len(want))
			}
		}
		for key := range 6 {
			var want *row
			for r := range rows.all() {
				if r.only == key && key != 0 {
					want = r
				}
			}
			if got, _ := only.get(key); got != want {
				t.Fatalf("step %d: the row of key %d is another", step, key)
			}
		}
	}
	if log.back(0); len(rows.rows)+len(shared.rows)+len(only.rows) != 0 {
		t.Error("what was undone is still there")
	}
}
