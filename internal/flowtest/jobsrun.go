package flowtest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/store"
)

// running runs a Service until stop, which waits for its end.
func (w *world) running(svc *accesssec.Service) (stop func()) {
	ctx, cancel := context.WithCancel(w.ctx)
	ended := make(chan error, 1)
	go func() { ended <- svc.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

// sealing is a store that tells when an org's events were sealed.
type sealing struct {
	store.Store
	sealed chan string
}

func (s sealing) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	var orgs []string
	err := s.Store.RunInTx(ctx, func(tx store.Tx) error {
		orgs = nil
		return fn(sealingTx{tx, &orgs})
	})
	if err == nil {
		for _, org := range orgs {
			s.sealed <- org
		}
	}
	return err
}

type sealingTx struct {
	store.Tx
	orgs *[]string
}

func (tx sealingTx) SealAudit(ctx context.Context, orgID string, head store.AuditHead, events ...store.AuditEvent) error {
	*tx.orgs = append(*tx.orgs, orgID)
	return tx.Tx.SealAudit(ctx, orgID, head, events...)
}

func jobsRun(t *testing.T, w *world) {
	p := newPost()
	acme := withAnn(w)
	st := sealing{w.store, make(chan string, 1000)}
	w.svc = w.instance(st, p.sink(works))
	untilSealed := func() {
		t.Helper()
		for org := range st.sealed {
			if org == acme.owner.OrgID {
				break
			}
		}
		if n := len(eventsUnsealed(w, acme)); n != 0 {
			t.Errorf("%d events are not sealed", n)
		}
	}
	stop := w.running(w.svc)
	untilSealed()
	acme.toggle()
	if n := <-p.came; n.OrgID != acme.owner.OrgID || n.Template != accesssec.TemplateSettingsChanged {
		t.Errorf("%+v came", n)
	}
	w.advance(10 * time.Second)
	untilSealed()
	stop()
	acme.toggle()
	w.advance(time.Hour)
	if tried, _ := p.counts(); tried != 1 {
		t.Errorf("%d notices were taken, of which one after the end", tried)
	}
}

func jobsTwoRuns(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(works))
	stops := []func(){w.running(w.svc), w.running(w.instance(w.store, p.sink(works)))}
	const notices = 20
	for range notices {
		acme.toggle()
	}
	for range notices {
		<-p.came
	}
	for _, stop := range stops {
		stop()
	}
	if tried, n := p.counts(); tried != notices || n != notices || len(p.tried) != notices || len(p.clashes) != 0 {
		t.Errorf("%d notices of %d, in %d deliveries, %d twice at once", n, notices, len(p.tried), len(p.clashes))
	}
}

// jobsRunEnds: what was delivered at the end is booked, what was not comes again.
func jobsRunEnds(t *testing.T, w *world) {
	for name, answer := range map[string]error{"delivered": nil, "not delivered": context.Canceled} {
		p := newPost()
		began := make(chan struct{}, 10)
		late := p.sink(func(ctx context.Context, _ accesssec.Notice) error {
			began <- struct{}{}
			<-ctx.Done()
			return answer
		})
		acme := w.newOrg("Acme", "olive@"+map[string]string{"delivered": "a", "not delivered": "b"}[name]+".example.com")
		w.svc = w.instance(w.store, late)
		stop := w.running(w.svc)
		acme.toggle()
		<-began
		stop()
		w.svc = w.instance(w.store, p.sink(works))
		w.tick(w.svc) // at once: no lease is left, and no delay
		if _, n := p.counts(); n != 1 {
			t.Errorf("%s: %d notices delivered", name, n)
		}
		want := 2
		if answer == nil {
			want = 1
		}
		if len(p.tried) != want {
			t.Errorf("%s: tried %d times, want %d", name, len(p.tried), want)
		}
	}
}

// gone is a store that is away for its first calls.
type gone struct {
	store.Store
	calls *atomic.Int64
}

func (g gone) LeaseJobs(ctx context.Context, q store.LeaseQuery) ([]store.Job, error) {
	if g.calls.Add(-1) >= 0 {
		return nil, errAway
	}
	return g.Store.LeaseJobs(ctx, q)
}

func jobsRunStoreAway(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(works))
	acme.toggle()
	st := gone{w.store, new(atomic.Int64)}
	st.calls.Store(3)
	w.running(w.instance(st, p.sink(works)))
	if n := <-p.came; n.OrgID != acme.owner.OrgID {
		t.Errorf("%+v came", n)
	}
}
