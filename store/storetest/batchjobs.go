package storetest

import (
	"cmp"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// testManyJobs finishes five hundred at once, in every way there is.
func testManyJobs(s subject) {
	kind := newID("kind")
	jobs := make([]store.Job, inBatch)
	for i := range jobs {
		jobs[i] = aJob(kind, odd(i))
		jobs[i].Key += odd(i)
		jobs[i].Body = []byte{byte(i), 0, '\\', '"'}
	}
	s.put(jobs...)
	held, err := s.LeaseJobs(s.Context(), store.LeaseQuery{
		Kinds: []string{kind}, Worker: "w", Now: day(0), Until: day(1), Limit: inBatch,
	})
	s.want("LeaseJobs", err, nil)
	if len(held) != inBatch {
		s.Fatalf("leased %d, want %d", len(held), inBatch)
	}
	var done []store.JobDone
	want, left := []store.Job{}, 0
	for i, j := range held {
		d := store.JobDone{Job: j, Next: day(5)}
		d.Body = []byte{byte(i), '{', 0xff}
		switch {
		case i%50 == 0: // somebody else has it by now
			d.Seq--
			left++
		case i%50 == 1:
			d.Lease = "another"
			left++
		case i%2 == 0:
			d.Next = day(4)
			fallthrough
		case i%3 == 0:
			j.At, j.Body, j.Lease, j.LeaseUntil, j.Seq = d.Next, d.Body, "w2", day(6), j.Seq+1
			want = append(want, j)
		default:
			d.Next = time.Time{}
		}
		done = append(done, d)
	}
	s.finish(left, done...)
	back, err := s.LeaseJobs(s.Context(), store.LeaseQuery{
		Kinds: []string{kind}, Worker: "w2", Now: day(5), Until: day(6), Limit: inBatch,
	})
	s.want("LeaseJobs", err, nil)
	if len(back) != len(want)+left {
		s.Errorf("%d jobs are left, want %d put back and %d stale", len(back), len(want), left)
	}
	back = slices.DeleteFunc(back, func(j store.Job) bool { return j.At.Equal(day(0)) })
	byKey := func(a, b store.Job) int { return cmp.Compare(a.Key, b.Key) }
	slices.SortFunc(back, byKey)
	slices.SortFunc(want, byKey)
	s.same("put back", back, want)
}

func testJobsTwice(s subject, others int) {
	kind := newID("kind")
	a, b := aJob(kind, newID("org")), aJob(kind, newID("org"))
	second := a
	second.Body, second.At = []byte("second"), day(1)
	put := []store.Job{a, b}
	for range others {
		put = append(put, aJob(kind, newID("org")))
	}
	s.put(append(put, second)...)
	held := s.lease(kind, "w", 1)
	last := len(held) - 1
	if len(held) != len(put) || string(held[last].Body) != "second" || held[last].Seq != 3 || held[0].Seq != 2 {
		s.Fatalf("leased %v, want the second of what was put twice, and its Seq raised twice", held)
	}
	first := store.JobDone{Job: held[last], Next: day(2)}
	stale := first
	stale.Seq--
	done := []store.JobDone{stale, first}
	for _, j := range held { // the first that fits ends a lease
		done = append(done, store.JobDone{Job: j})
	}
	s.finish(2, done...)
	again := s.lease(kind, "w", 2)
	if len(again) != 1 || again[0].Key != a.Key || again[0].Seq != 4 {
		s.Fatalf("left %v, want the one that was put back", again)
	}
	over := []store.JobDone{{Job: again[0]}, {Job: again[0], Next: day(3)}}
	for _, j := range held[:last] {
		over = append(over, store.JobDone{Job: j, Next: day(3)})
	}
	s.finish(len(over)-1, over...)
	s.same("deleted before it could be put back", s.lease(kind, "w", 9), []store.Job{})
}
