package memory

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/accesssec/accesssec-go/store"
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
	if log.back(0); rows.len()+rows.primary.first.n+shared.first.n+only.first.n != 0 {
		t.Error("what was undone is still there")
	}
}

// Keys that have one hash are told apart, and rows of all of them come and go in one chain.
func TestKeysOfOneHash(t *testing.T) {
	t.Parallel()
	const hash = 7
	x := newKeyed(func(key *int) (int, bool) { return *key, true })
	x.over(&rows[int]{at: make([]*int, 1)})
	rnd := rand.New(rand.NewPCG(3, 4))
	var there []place
	for step := range 5000 {
		if n := len(there); n > 0 && rnd.IntN(2) == 0 {
			i := rnd.IntN(n)
			x.chains.drop(hash, there[i])
			x.leave(there[i])
			there = slices.Delete(there, i, i+1)
		} else if n < 12 {
			p, key := x.room(), rnd.IntN(4)
			x.at[p] = &key
			x.chains.add(hash, p)
			there = append(there, p)
		}
		for key := range 4 {
			var got, want []place
			for p := x.find(x.first.get(hash), key); p != nowhere; p = x.find(x.links[p].after, key) {
				got = append(got, p)
			}
			for _, p := range there {
				if *x.at[p] == key {
					want = append(want, p)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("step %d: under %d stand %v, want %v", step, key, got, want)
			}
		}
	}
}

// What is kept of an entry and of an event is what was put, also where parts could be taken for
// one another.
func TestWhatIsKeptIsWhatWasPut(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(5, 6))
	text := func() string { return "abab"[:rnd.IntN(5)] }
	body := func() []byte { return bytesOf(text()) }
	var old *entry
	for range 5000 {
		e := store.Entry{ID: text(), ConnectionID: text(), Type: text(), Name: text(), NameKey: text(), ExternalID: text(), UserID: text(), Attributes: body()}
		for range rnd.IntN(3) {
			e.Index = append(e.Index, store.Index{Path: text(), Row: rnd.IntN(400) - 200, Text: text()})
		}
		kept := newEntry(&e, old)
		if got := copyEntry(kept); !reflect.DeepEqual(got, e) {
			t.Fatalf("got %+v, want %+v", got, e)
		}
		if !slices.Equal(slices.Collect(kept.indexed()), e.Index) {
			t.Fatalf("indexed as %v, want %v", slices.Collect(kept.indexed()), e.Index)
		}
		old = kept
		a := store.AuditEvent{ID: text(), Type: text(), Actor: text(), Target: text(), Outcome: text(), Body: body(), Personal: body()}
		if got := copyEvent(newEvent(&a)); !reflect.DeepEqual(got, a) {
			t.Fatalf("got %+v, want %+v", got, a)
		}
		if a.Personal = nil; !reflect.DeepEqual(copyEvent(newEvent(&a).erased()), a) {
			t.Fatalf("an erased one is not %+v", a)
		}
	}
}
