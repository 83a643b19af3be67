package flowtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// lease takes notices as an instance does that dies right after.
func (w *world) lease(worker string) []store.Job {
	w.t.Helper()
	now := w.clock()
	jobs, err := w.store.LeaseJobs(w.ctx, store.LeaseQuery{Kinds: []string{"notice"}, Worker: worker, Now: now, Until: now.Add(2 * time.Minute)})
	w.must(err)
	return jobs
}

func jobsInstanceDies(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(fails))
	acme.toggle()
	dead := w.lease("dead")
	if len(dead) != 1 {
		t.Fatalf("%d notices", len(dead))
	}
	w.svc = w.instance(w.store, p.sink(works))
	w.advance(2*time.Minute - time.Microsecond)
	w.tick(w.svc)
	if tried, _ := p.counts(); tried != 0 {
		t.Error("taken while the lease ran")
	}
	w.advance(time.Microsecond)
	late := w.lease("late")
	w.change(func(tx store.Tx) error {
		stale, err := tx.FinishJobs(w.ctx, store.JobDone{Job: dead[0]})
		if stale != 1 {
			t.Errorf("the dead one finished a job that another holds: %d stale", stale)
		}
		return err
	})
	if len(late) != 1 {
		t.Fatalf("%d notices after the lease", len(late))
	}
	w.advance(2 * time.Minute)
	w.tick(w.svc)
	if _, n := p.counts(); n != 1 {
		t.Errorf("%d delivered after the leases", n)
	}
	w.advance(24 * time.Hour)
	w.tick(w.svc)
	if len(p.tried) != 1 {
		t.Errorf("delivered %d times", len(p.tried))
	}
}

// slow is a store that does something right after it has leased notices, once.
type slow struct {
	store.Store
	then func()
}

func (s *slow) LeaseJobs(ctx context.Context, q store.LeaseQuery) ([]store.Job, error) {
	jobs, err := s.Store.LeaseJobs(ctx, q)
	if len(jobs) > 0 && jobs[0].Kind == "notice" && s.then != nil {
		then := s.then
		s.then = nil
		then()
	}
	return jobs, err
}

// jobsTooSlow: what another instance has done meanwhile is not done again, and nothing
// of it undone.
func jobsTooSlow(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(works))
	quick := w.svc
	late := func(before, meanwhile time.Duration, n accesssec.Notifier) {
		t.Helper()
		acme.toggle()
		w.advance(before)
		st := &slow{Store: w.store, then: func() {
			w.advance(meanwhile)
			w.tick(quick)
		}}
		// That it is late is no error.
		if _, err := w.instance(st, n).Tick(w.ctx); err != nil && !errors.Is(err, errSink) {
			t.Error(err)
		}
		if st.then != nil {
			t.Error("nothing was leased")
		}
	}
	// It fails to deliver what the other has delivered: it does not come again.
	late(0, 3*time.Minute, p.sink(fails))
	w.advance(24 * time.Hour)
	w.tick(quick)
	if tried, n := p.counts(); n != 1 || tried != 1 || len(p.tried) != 2 {
		t.Errorf("%d delivered, tried %d times", n, len(p.tried))
	}
	// It drops what the other has dropped: the log has it once.
	late(73*time.Hour, 3*time.Minute, p.sink(works))
	if n := len(acme.events(audit.NoticeDropped)); n != 1 {
		t.Errorf("%d events of one notice that was given up", n)
	}
}

// jobsCutShort ends the context of a pass at its first call to the store, at its second
// and so on: nothing is lost, whatever was under way.
func jobsCutShort(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(works))
	whole := 0
	for n := int64(0); n < 200 && whole < 3; n++ {
		acme.toggle()
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		if _, err := w.svc.Tick(ctx); err == nil {
			whole++
		}
		w.advance(time.Hour)
		w.tick(w.svc)
		if _, got := p.counts(); got != int(n)+1 {
			t.Fatalf("cut after %d calls: %d of %d delivered", n, got, n+1)
		}
		if left := len(eventsUnsealed(w, acme)); left != 0 {
			t.Fatalf("cut after %d calls: %d events are not sealed", n, left)
		}
	}
	if whole == 0 {
		t.Error("no pass came to its end")
	}
	if len(p.clashes) > 0 {
		t.Errorf("%d were in flight twice at once", len(p.clashes))
	}
}
