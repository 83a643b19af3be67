package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// put stores jobs in a transaction of its own.
func (s subject) put(jobs ...store.Job) {
	s.Helper()
	s.must(func(tx store.Tx) error { return tx.PutJobs(s.Context(), jobs...) })
}

// lease takes what is due on a day, until the next.
func (s subject) lease(kind, worker string, today int) []store.Job {
	s.Helper()
	jobs, err := s.LeaseJobs(s.Context(), store.LeaseQuery{
		Kinds: []string{kind}, Worker: worker, Now: day(today), Until: day(today + 1),
	})
	s.want("LeaseJobs", err, nil)
	return jobs
}

// finish ends leases, and checks how many were stale.
func (s subject) finish(stale int, done ...store.JobDone) {
	s.Helper()
	s.must(func(tx store.Tx) error {
		got, err := tx.FinishJobs(s.Context(), done...)
		if got != stale {
			s.Errorf("FinishJobs: %d stale, want %d", got, stale)
		}
		return err
	})
}

func testJobs(s subject) {
	testLeases(s)
	testPutBack(s)
	testJobMisuse(s)
	s.run("RoundTrip", func(s subject) {
		j := aJob(newID("kind"), newID("org"))
		given := j
		given.Seq, given.Lease, given.LeaseUntil = 40, "nobody", day(99) // not the caller's to set
		s.put(given)
		j.Lease, j.LeaseUntil, j.Seq = "w1", day(1), 2
		got := s.lease(j.Kind, "w1", 0)
		s.same("leased", got, []store.Job{j})
		for _, at := range []time.Time{got[0].At, got[0].LeaseUntil} {
			if at.Location() != time.UTC {
				s.Errorf("instant in %v, want UTC", at.Location())
			}
		}
		s.finish(0, store.JobDone{Job: got[0]})
		s.same("after it was done", s.lease(j.Kind, "w1", 50), []store.Job{})
	})
	s.run("Due", func(s subject) {
		kind := newID("kind")
		var jobs []store.Job
		for i := range 4 {
			j := aJob(kind, newID("org"))
			j.At, j.Key = day(3-i), fmt.Sprint(i)
			jobs = append(jobs, j)
		}
		s.put(jobs...)
		var keys []string
		for _, j := range s.lease(kind, "w", 2) {
			keys = append(keys, j.Key)
		}
		s.same("due, oldest first", keys, []string{"3", "2", "1"})
		_, err := s.LeaseJobs(s.Context(), store.LeaseQuery{Kinds: []string{newID("kind")}, Worker: "w", Now: day(9), Until: day(10)})
		s.want("another kind", err, nil)
	})
	s.run("Limit", func(s subject) {
		kind := newID("kind")
		s.put(aJob(kind, "a"), aJob(kind, "b"), aJob(kind, "c"))
		q := store.LeaseQuery{Kinds: []string{kind, newID("kind")}, Worker: "w", Now: day(0), Until: day(1), Limit: 2}
		for _, want := range []int{2, 1, 0} {
			got, err := s.LeaseJobs(s.Context(), q)
			s.want("LeaseJobs", err, nil)
			if len(got) != want {
				s.Errorf("leased %d, want %d", len(got), want)
			}
		}
	})
}

func testLeases(s subject) {
	s.run("LeaseEnds", func(s subject) {
		j := aJob(newID("kind"), "")
		s.put(j)
		first := s.lease(j.Kind, "w1", 0)
		s.same("while it is held", s.lease(j.Kind, "w2", 0), []store.Job{})
		second := s.lease(j.Kind, "w2", 1) // the lease of before is over from here on
		if len(first) != 1 || len(second) != 1 || second[0].Seq != first[0].Seq+1 {
			s.Fatalf("leased %v, then %v", first, second)
		}
		s.finish(1, store.JobDone{Job: first[0]})
		s.same("done by who lost the lease", s.lease(j.Kind, "w3", 1), []store.Job{})
		s.finish(0, store.JobDone{Job: second[0]})
		s.finish(1, store.JobDone{Job: second[0]})
	})
	s.run("SameWorkerIsFenced", func(s subject) {
		j := aJob(newID("kind"), "")
		s.put(j)
		first, second := s.lease(j.Kind, "w", 0), s.lease(j.Kind, "w", 1)
		if len(first) != 1 || len(second) != 1 {
			s.Fatalf("leased %v, then %v", first, second)
		}
		s.finish(1, store.JobDone{Job: first[0], Next: day(5)})
		other := second[0]
		other.Lease = "w2"
		s.finish(1, store.JobDone{Job: other})
		s.finish(0, store.JobDone{Job: second[0]})
	})
	s.run("PutTakesTheLease", func(s subject) {
		j := aJob(newID("kind"), newID("org"))
		s.put(j)
		held := s.lease(j.Kind, "w1", 0)
		j.Body = []byte("new")
		s.put(j)
		s.finish(1, store.JobDone{Job: held[0]})
		again := s.lease(j.Kind, "w2", 0)
		if len(again) != 1 || string(again[0].Body) != "new" || again[0].Seq != held[0].Seq+2 {
			s.Errorf("leased %v after PutJobs", again)
		}
	})
}

func testPutBack(s subject) {
	s.run("PutBack", func(s subject) {
		j := aJob(newID("kind"), newID("org"))
		s.put(j)
		held := s.lease(j.Kind, "w1", 0)
		held[0].Body = []byte("second try")
		s.finish(0, store.JobDone{Job: held[0], Next: day(5)})
		s.finish(1, store.JobDone{Job: held[0]})
		s.same("before it is due again", s.lease(j.Kind, "w1", 4), []store.Job{})
		j.At, j.Body, j.Lease, j.LeaseUntil, j.Seq = day(5), []byte("second try"), "w2", day(6), 3
		s.same("when it is", s.lease(j.Kind, "w2", 5), []store.Job{j})
	})
	s.run("OneStaleLeavesTheOthers", func(s subject) {
		kind := newID("kind")
		s.put(aJob(kind, "a"), aJob(kind, "b"), aJob(kind, "c"))
		var done []store.JobDone
		for _, j := range s.lease(kind, "w", 0) {
			done = append(done, store.JobDone{Job: j})
		}
		done[1].Seq++
		done = append(done, store.JobDone{Job: aJob(kind, "d")}, store.JobDone{Job: store.Job{Kind: kind, OrgID: "a", Key: done[0].Key}})
		s.finish(3, done...)
		if left := s.lease(kind, "w", 9); len(left) != 1 || left[0].OrgID != done[1].OrgID {
			s.Errorf("left %v, want the stale one", left)
		}
	})
	s.run("Rollback", func(s subject) {
		j := aJob(newID("kind"), newID("org"))
		s.put(j)
		held := s.lease(j.Kind, "w", 0)
		s.refuse("RunInTx", errBack, func(tx store.Tx) error {
			_, err := tx.FinishJobs(s.Context(), store.JobDone{Job: held[0]})
			s.want("FinishJobs", err, nil)
			s.want("PutJobs", tx.PutJobs(s.Context(), aJob(j.Kind, newID("org"))), nil)
			return errBack
		})
		s.finish(0, store.JobDone{Job: held[0]})
		s.same("put in vain", s.lease(j.Kind, "w", 0), []store.Job{})
	})
}

func testJobMisuse(s subject) {
	s.run("Misuse", func(s subject) {
		good := store.LeaseQuery{Kinds: []string{newID("kind")}, Worker: "w", Now: day(0), Until: day(1)}
		for name, target := range map[string]error{"kinds": store.ErrUnbounded, "worker": store.ErrUnbounded} {
			q := good
			if name == "kinds" {
				q.Kinds = nil
			} else {
				q.Worker = ""
			}
			_, err := s.LeaseJobs(s.Context(), q)
			s.want("without "+name, err, target)
		}
		q := good
		q.Until = q.Now
		_, err := s.LeaseJobs(s.Context(), q)
		s.misuse("a lease that is over at once", err)
		q = good
		q.Limit = -1
		_, err = s.LeaseJobs(s.Context(), q)
		s.misuse("a negative limit", err)
		s.misuse("a job without a kind", s.do(func(tx store.Tx) error {
			return tx.PutJobs(s.Context(), store.Job{Key: "k", At: day(0)})
		}))
	})
	s.run("Clone", func(s subject) {
		j := aJob(newID("kind"), newID("org"))
		s.put(j)
		j.Body[0] = 'X'
		first := s.lease(j.Kind, "w", 0)
		first[0].Body[0] = 'Y'
		second := s.lease(j.Kind, "w", 1)
		s.same("body", string(second[0].Body), "body")
	})
	s.run("ManyWorkersNoDoubleLease", testManyWorkers)
}

func testManyWorkers(s subject) {
	const total = 60
	kind := newID("kind")
	jobs := make([]store.Job, total)
	for i := range jobs {
		jobs[i] = aJob(kind, newID("org"))
	}
	s.put(jobs...)
	var mu sync.Mutex
	leased := map[string]int{}
	s.race(8, func(ctx context.Context, i int) error {
		for {
			got, err := s.LeaseJobs(ctx, store.LeaseQuery{
				Kinds: []string{kind}, Worker: fmt.Sprint("w", i), Now: day(0), Until: day(1), Limit: 5,
			})
			if err != nil || len(got) == 0 {
				return err
			}
			mu.Lock()
			for _, j := range got {
				leased[j.Key]++
			}
			mu.Unlock()
		}
	})
	// A store that passes over rows another worker is looking at may leave some.
	for _, j := range s.lease(kind, "last", 0) {
		leased[j.Key]++
	}
	for _, j := range jobs {
		if leased[j.Key] != 1 {
			s.Errorf("job %s was leased %d times", j.Key, leased[j.Key])
		}
	}
	all := s.lease(kind, "later", 1)
	if len(all) != total || slices.ContainsFunc(all, func(j store.Job) bool { return j.Seq != 3 }) {
		s.Errorf("%d jobs once all leases are over, or with a Seq other than 3", len(all))
	}
}
