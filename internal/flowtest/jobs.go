package flowtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// jobsFlows: what is done in the background, by several instances and by ones that die.
func jobsFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"what recurs comes at its time":          jobsRecur,
		"a kind that fails keeps no other":       jobsKindFails,
		"a log that can't be sealed is alone":    jobsLogFails,
		"64 writers, three instances that seal":  jobsSealed,
		"three instances at once":                jobsThreeInstances,
		"an instance that dies":                  jobsInstanceDies,
		"an instance that is too slow":           jobsTooSlow,
		"a pass that is cut short anywhere":      jobsCutShort,
		"Run does it without being asked":        jobsRun,
		"two Runs side by side":                  jobsTwoRuns,
		"Run ends, and books what was delivered": jobsRunEnds,
		"Run goes on when the store is back":     jobsRunStoreAway,
	})
}

// post is all that several sinks were given.
type post struct {
	mu        sync.Mutex
	flying    map[string]bool
	clashes   []string // ids that were in flight twice at once
	tried     []accesssec.Notice
	delivered map[string]accesssec.Notice
	heard     map[string]bool       // by who asked what was told
	came      chan accesssec.Notice // each that was delivered, as long as there is room
}

func newPost() *post {
	return &post{flying: map[string]bool{}, delivered: map[string]accesssec.Notice{}, heard: map[string]bool{}, came: make(chan accesssec.Notice, 10_000)}
}

// sink is a Notifier of one instance.
type sink func(context.Context, accesssec.Notice) error

func (s sink) Notify(ctx context.Context, n accesssec.Notice) error { return s(ctx, n) }

// sink does what do does, and keeps what it was given.
func (p *post) sink(do sink) accesssec.Notifier {
	return sink(func(ctx context.Context, n accesssec.Notice) error {
		p.mu.Lock()
		if p.flying[n.ID] {
			p.clashes = append(p.clashes, n.ID)
		}
		p.flying[n.ID] = true
		p.tried = append(p.tried, n)
		p.mu.Unlock()
		defer func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.flying[n.ID] = false
		}()
		if err := do(ctx, n); err != nil {
			return err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.delivered[n.ID] = n
		p.came <- n
		return nil
	})
}

func works(context.Context, accesssec.Notice) error { return nil }

var errSink = errors.New("flowtest: the mail server is away")

func fails(context.Context, accesssec.Notice) error { return errSink }

// counts are how many notices were tried, each once, and delivered.
func (p *post) counts() (tried, delivered int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := map[string]bool{}
	for _, n := range p.tried {
		ids[n.ID] = true
	}
	return len(ids), len(p.delivered)
}

// instance is one more Service on a store, whose notices go to n.
func (w *world) instance(st store.Store, n accesssec.Notifier) *accesssec.Service {
	w.t.Helper()
	return w.logging(st, n, nil)
}

func (w *world) logging(st store.Store, n accesssec.Notifier, log *slog.Logger) *accesssec.Service {
	w.t.Helper()
	return w.serviceOn(st, w.host.URL, func(o *accesssec.Options) { o.Notify, o.Log = n, log })
}

// told is Acme, whose Owner is told of what happens from now on.
func told(w *world, n accesssec.Notifier) *customer {
	w.t.Helper()
	acme := withAnn(w)
	w.svc = w.instance(w.store, n)
	return acme
}

// toggle changes a setting, of which the org's Owners and Admins are told.
func (c *customer) toggle() {
	c.w.t.Helper()
	c.apply(func(s *accesssec.Settings) { s.BlockExternal = !s.BlockExternal })
}

func (w *world) tick(svc *accesssec.Service) int {
	w.t.Helper()
	n, err := svc.Tick(w.ctx)
	w.must(err)
	return n
}

func jobsRecur(t *testing.T, w *world) {
	acme := withAnn(w)
	w.tick(w.svc)
	if n := len(eventsUnsealed(w, acme)); n != 0 {
		t.Errorf("%d events are not sealed by the first Tick", n)
	}
	w.guess(w.visit(), "ann@example.com", "wrong")
	in := must1(w.byPassword("zoe@example.com", right))
	other := w.service(w.host.URL)
	if n := w.tick(other); n != 0 || len(eventsUnsealed(w, acme)) == 0 {
		t.Errorf("%d done at another instance's time", n)
	}
	w.advance(5 * time.Second)
	w.tick(other)
	if n := len(eventsUnsealed(w, acme)); n != 0 {
		t.Errorf("%d events are not sealed after five seconds", n)
	}
	w.advance(15 * 24 * time.Hour)
	w.tick(w.svc)
	if n := w.sessions(store.SessionQuery{UserID: in.Principal.UserID}); n != 0 {
		t.Errorf("%d sessions that are over are left", n)
	}
}

// away is a store of which some calls fail.
type away struct {
	store.Store
	sweep, unsealed bool
	seal            string // the org whose log can't be sealed
}

var errAway = errors.New("flowtest: the store is away")

func (a away) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	if a.sweep {
		return 0, errAway
	}
	return a.Store.DeleteExpired(ctx, now, limit)
}

func (a away) UnsealedOrgs(ctx context.Context, limit int) ([]string, error) {
	if a.unsealed {
		return nil, errAway
	}
	return a.Store.UnsealedOrgs(ctx, limit)
}

func (a away) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return a.Store.RunInTx(ctx, func(tx store.Tx) error { return fn(awayTx{tx, a.seal}) })
}

type awayTx struct {
	store.Tx
	seal string
}

func (tx awayTx) SealAudit(ctx context.Context, orgID string, head store.AuditHead, events ...store.AuditEvent) error {
	if orgID == tx.seal {
		return errAway
	}
	return tx.Tx.SealAudit(ctx, orgID, head, events...)
}

func jobsKindFails(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(works))
	for name, st := range map[string]away{"sweep": {sweep: true}, "seal": {unsealed: true}} {
		acme.toggle()
		w.advance(24 * time.Hour)
		st.Store = w.store
		_, before := p.counts()
		if _, err := w.instance(st, p.sink(works)).Tick(w.ctx); !errors.Is(err, errAway) {
			t.Errorf("%s fails: Tick says %v", name, err)
		}
		if _, n := p.counts(); n != before+1 {
			t.Errorf("%s fails: %d notices delivered", name, n-before)
		}
		if left := len(eventsUnsealed(w, acme)); (left != 0) != st.unsealed {
			t.Errorf("%s fails: %d events are not sealed", name, left)
		}
		// What failed comes again, and later.
		w.advance(time.Minute)
		w.tick(w.svc)
		if left := len(eventsUnsealed(w, acme)); left != 0 {
			t.Errorf("%s failed: %d events are not sealed a minute later", name, left)
		}
	}
}

func jobsLogFails(t *testing.T, w *world) {
	acme := withAnn(w)
	other := w.newCustomer("Other", "example.org")
	svc := w.instance(away{Store: w.store, seal: acme.owner.OrgID}, nil)
	if _, err := svc.Tick(w.ctx); !errors.Is(err, errAway) {
		t.Errorf("Tick says %v", err)
	}
	if n := len(eventsUnsealed(w, other)); n != 0 {
		t.Errorf("%d events of another org are not sealed", n)
	}
	if n := len(eventsUnsealed(w, acme)); n == 0 {
		t.Error("sealed, although it failed")
	}
}

// jobsSealed: whoever writes and whoever seals at the same time, each chain is whole.
func jobsSealed(t *testing.T, w *world) {
	const writers, each = 64, 8
	orgs := make([]*customer, 16)
	for i := range orgs {
		orgs[i] = w.newOrg("Org", fmt.Sprintf("owner%d@example.net", i))
	}
	services := []*accesssec.Service{w.svc, w.service(w.host.URL), w.service(w.host.URL)}
	var faults sync.Map
	work := func(i int) error {
		org := orgs[i%len(orgs)].owner.OrgID
		if i >= writers { // who seals: by Tick, and by reading the log
			svc := services[i%len(services)]
			if _, err := svc.Tick(w.ctx); err != nil {
				return err
			}
			_, err := svc.SystemEvents(w.ctx, store.AuditQuery{})
			return err
		}
		for n := range each {
			e := audit.Event{Type: "host.test", At: w.clock(), Actor: audit.Actor{Kind: audit.KindHost}, Outcome: audit.Success,
				Facts: []audit.Fact{{Key: "n", Value: fmt.Sprint(i, n)}}}
			err := w.store.RunInTx(w.ctx, func(tx store.Tx) error { return audit.Add(w.ctx, tx, org, e) })
			if err != nil {
				return err
			}
		}
		return nil
	}
	run := func(n int, fn func(int) error) {
		w.race(n, func(i int) error {
			if err := fn(i); err != nil {
				faults.Store(i, err)
			}
			return nil
		})
	}
	run(writers+6, work)
	w.advance(10 * time.Second)
	run(2*len(orgs)+len(services), func(i int) error {
		if i >= 2*len(orgs) {
			_, err := services[i-2*len(orgs)].Tick(w.ctx)
			return err
		}
		c := orgs[i/2]
		who, err := services[i%len(services)].Vouch(w.ctx, c.owner.OrgID, c.owner.UserID)
		if err != nil {
			return err
		}
		_, err = services[i%len(services)].Admin(who).Events(w.ctx, store.AuditQuery{})
		return err
	})
	faults.Range(func(k, v any) bool { t.Errorf("%v: %v", k, v); return true })
	for _, c := range orgs {
		rows := w.chain(c)
		if want := 4*each + 3; len(rows) != want || rows[len(rows)-1].Seq != int64(want) { // three of the org's making
			t.Errorf("%d events in the chain of %s, want %d", len(rows), c.owner.OrgID, want)
		}
		if n := len(eventsUnsealed(w, c)); n != 0 {
			t.Errorf("%d events are left outside", n)
		}
	}
}

// chain is an org's whole chain, verified.
func (w *world) chain(c *customer) []store.AuditEvent {
	w.t.Helper()
	var rows []store.AuditEvent
	var head store.AuditHead
	q := store.AuditQuery{Paging: store.Paging{Limit: 7}}
	for {
		page, err := w.store.AuditEvents(w.ctx, c.owner.OrgID, q)
		w.must(err)
		if head, err = audit.VerifyChain(head, page.Items); err != nil {
			w.t.Errorf("the chain of %s: %v", c.owner.OrgID, err)
			return rows
		}
		rows = append(rows, page.Items...)
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	kept, err := w.store.AuditHead(w.ctx, c.owner.OrgID)
	w.must(err)
	if kept != head {
		w.t.Errorf("the chain ends at %d, its head says %d", head.Seq, kept.Seq)
	}
	return rows
}

// jobsThreeInstances: of one the sink always fails, of another it panics.
func jobsThreeInstances(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(works))
	var log lockedBuffer
	services := []*accesssec.Service{
		w.svc,
		w.logging(w.store, p.sink(fails), slog.New(slog.NewTextHandler(&log, nil))),
		w.logging(w.store, p.sink(func(_ context.Context, n accesssec.Notice) error { panic(n.Text) }), slog.New(slog.NewTextHandler(&log, nil))),
	}
	const notices = 40
	round := 0
	race := func() {
		round++ // each of them is the first to run at times
		w.race(9, func(i int) error {
			_, _ = services[(i+round)%3].Tick(w.ctx) // the errors are the sinks'
			return nil
		})
	}
	for turn := range notices / 4 {
		for range 4 {
			acme.toggle()
		}
		if turn < len(services) { // of a race the one that works may win every turn
			_, _ = services[turn].Tick(w.ctx)
		}
		race()
		w.advance(time.Minute)
	}
	for range 60 {
		if _, n := p.counts(); n == notices {
			break
		}
		w.advance(time.Hour)
		race()
	}
	if tried, n := p.counts(); n != notices || tried != notices {
		t.Errorf("%d of %d notices were delivered, %d tried", n, notices, tried)
	}
	if len(p.clashes) > 0 {
		t.Errorf("%d were in flight twice at once", len(p.clashes))
	}
	if dropped := acme.events(audit.NoticeDropped); len(dropped) != 0 {
		t.Errorf("%d were given up", len(dropped))
	}
	text := log.String()
	if !strings.Contains(text, errSink.Error()) || !strings.Contains(text, "panic") || !strings.Contains(text, "jobs.go") {
		t.Error("the log says nothing of the sinks, or of where one panicked")
	}
	for _, secret := range []string{"owner@example.com", "block_external", "access settings"} {
		if strings.Contains(text, secret) {
			t.Errorf("what the notices say is logged: %q", secret)
		}
	}
}

// lockedBuffer is what several instances log to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
