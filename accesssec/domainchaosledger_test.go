package accesssec_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// chaosLedger is a store that keeps book of its leases and of what becomes of claims. One
// at a time writes, so that the book has the order of the store.
type chaosLedger struct {
	store.Store
	now func() time.Time

	mu     sync.Mutex
	leases map[chaosJob]chaosLease
	claims map[string]*chaosClaim // by id
	faults []string
	leased int // leases of claims
	again  int // of those whose holder was gone before it had ended them
	stale  int // ends of leases that were another's by then
	looks  int // that were written
}

type chaosJob struct{ kind, org, key string }

type chaosLease struct {
	worker string // "" nobody
	seq    int64
	until  time.Time
}

// chaosClaim is what became of a claim, as it was committed.
type chaosClaim struct {
	Org, Name, Status string
	Moves             []chaosMove
}

type chaosMove struct {
	At       time.Time
	From, To string
}

func newChaosLedger(st store.Store, now func() time.Time) *chaosLedger {
	return &chaosLedger{Store: st, now: now, leases: map[chaosJob]chaosLease{}, claims: map[string]*chaosClaim{}}
}

func (l *chaosLedger) fault(format string, args ...any) {
	if len(l.faults) < 20 {
		l.faults = append(l.faults, fmt.Sprintf("%v: ", l.now())+fmt.Sprintf(format, args...))
	}
}

// LeaseJobs notes who got what, and that it was nobody's.
func (l *chaosLedger) LeaseJobs(ctx context.Context, q store.LeaseQuery) ([]store.Job, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	jobs, err := l.Store.LeaseJobs(ctx, q)
	for _, j := range jobs {
		key := chaosJob{j.Kind, j.OrgID, j.Key}
		old := l.leases[key]
		if old.worker != "" && old.until.After(q.Now) {
			l.fault("%v is handed to %s while %s has it until %v", key, j.Lease, old.worker, old.until)
		}
		if j.Seq <= old.seq {
			l.fault("%v is handed to %s by the number %d after %d", key, j.Lease, j.Seq, old.seq)
		}
		if j.Lease != q.Worker || !j.LeaseUntil.Equal(q.Until) || j.At.After(q.Now) {
			l.fault("%v, due at %v, is handed to %s until %v", key, j.At, j.Lease, j.LeaseUntil)
		}
		if l.leases[key] = (chaosLease{j.Lease, j.Seq, j.LeaseUntil}); j.Kind == "domain" {
			l.leased++
			if old.worker != "" {
				l.again++
			}
		}
	}
	return jobs, err
}

// RunInTx takes down what is committed.
func (l *chaosLedger) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return l.runInTx(ctx, func(tx *chaosTx) error { return fn(tx) })
}

func (l *chaosLedger) runInTx(ctx context.Context, fn func(*chaosTx) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var book *chaosTx
	err := l.Store.RunInTx(ctx, func(tx store.Tx) error {
		book = &chaosTx{Tx: tx, l: l, leases: map[chaosJob]chaosLease{}}
		return fn(book)
	})
	if book == nil {
		return err
	}
	l.faults = append(l.faults, book.faults...)
	if err == nil {
		book.commit()
	}
	return err
}

// chaosTx is one transaction, and what it would change in the book.
type chaosTx struct {
	store.Tx
	l       *chaosLedger
	leases  map[chaosJob]chaosLease
	ended   []string // claims whose look has ended
	planned []string // claims that somebody put a look for
	created []store.Domain
	updated []store.Domain
	stale   int
	told    bool // there is an event
	faults  []string
}

func (tx *chaosTx) lease(key chaosJob) chaosLease {
	if l, ok := tx.leases[key]; ok {
		return l
	}
	return tx.l.leases[key]
}

func (tx *chaosTx) PutJobs(ctx context.Context, jobs ...store.Job) error {
	err := tx.Tx.PutJobs(ctx, jobs...)
	for _, j := range jobs {
		key := chaosJob{j.Kind, j.OrgID, j.Key}
		if err != nil {
			break
		}
		tx.leases[key] = chaosLease{seq: tx.lease(key).seq + 1}
		if j.Kind == "domain" {
			tx.planned = append(tx.planned, j.Key)
		}
	}
	return err
}

// FinishJobs holds the store to the book: only who has a lease ends it.
func (tx *chaosTx) FinishJobs(ctx context.Context, done ...store.JobDone) (int, error) {
	stale, err := tx.Tx.FinishJobs(ctx, done...)
	if err != nil {
		return stale, err
	}
	want := 0
	for _, f := range done {
		key := chaosJob{f.Kind, f.OrgID, f.Key}
		has := tx.lease(key)
		if has.worker == "" || has.worker != f.Lease || has.seq != f.Seq {
			want++
			continue
		}
		tx.leases[key] = chaosLease{seq: has.seq}
		if f.Kind == "domain" {
			tx.ended = append(tx.ended, f.Key)
		}
	}
	if tx.stale += stale; stale != want {
		tx.faults = append(tx.faults, fmt.Sprintf("%v: %d of %d leases were another's, and %d were refused", tx.l.now(), want, len(done), stale))
	}
	return stale, nil
}

func (tx *chaosTx) CreateDomain(ctx context.Context, d store.Domain) error {
	err := tx.Tx.CreateDomain(ctx, d)
	if err == nil {
		tx.created = append(tx.created, d)
	}
	return err
}

func (tx *chaosTx) UpdateDomains(ctx context.Context, ds ...store.Domain) error {
	err := tx.Tx.UpdateDomains(ctx, ds...)
	if err == nil {
		tx.updated = append(tx.updated, ds...)
	}
	return err
}

func (tx *chaosTx) AddAudit(ctx context.Context, events ...store.AuditEvent) error {
	tx.told = true
	return tx.Tx.AddAudit(ctx, events...)
}

func (tx *chaosTx) commit() {
	l := tx.l
	for key, lease := range tx.leases {
		l.leases[key] = lease
	}
	l.stale += tx.stale
	for _, d := range tx.created {
		l.claims[d.ID] = &chaosClaim{Org: d.OrgID, Name: d.Name, Status: d.Status}
	}
	asked := map[string]bool{}
	for _, id := range append(tx.ended, tx.planned...) {
		asked[id] = true
	}
	for _, d := range tx.updated {
		c := l.claims[d.ID]
		if !asked[d.ID] {
			l.fault("the claim on %s is written, and no look at it ends", d.Name)
		}
		if c.Status != d.Status {
			c.Moves = append(c.Moves, chaosMove{l.now(), c.Status, d.Status})
			c.Status = d.Status
			if !tx.told {
				l.fault("%s becomes %s without an event", d.Name, d.Status)
			}
		}
		l.looks++
	}
}

// errChaosGone is what an instance gets that is no more, or whose store is away.
var errChaosGone = errors.New("chaos: nobody answers")

// chaosHand is the ledger in the hand of one instance, which may die.
type chaosHand struct {
	*chaosLedger
	by *chaosInstance
}

func (h chaosHand) LeaseJobs(ctx context.Context, q store.LeaseQuery) ([]store.Job, error) {
	if err := h.by.calls(ctx); err != nil {
		return nil, err
	}
	if h.by.run.over && q.Kinds[0] == "domain" {
		return nil, nil
	}
	jobs, err := h.chaosLedger.LeaseJobs(ctx, q)
	if err == nil && q.Kinds[0] == "domain" && len(jobs) > 0 && h.by.fate == chaosDiesLeasing {
		h.by.die()
	}
	return jobs, err
}

func (h chaosHand) DomainsByName(ctx context.Context, names []string) ([]store.Domain, error) {
	if err := h.by.calls(ctx); err != nil {
		return nil, err
	}
	return h.chaosLedger.DomainsByName(ctx, names)
}

func (h chaosHand) Domain(ctx context.Context, orgID, id string) (store.Domain, error) {
	if err := h.by.calls(ctx); err != nil {
		return store.Domain{}, err
	}
	return h.chaosLedger.Domain(ctx, orgID, id)
}

func (h chaosHand) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	if err := h.by.calls(ctx); err != nil {
		return err
	}
	var lost bool
	err := h.runInTx(ctx, func(tx *chaosTx) error {
		if err := fn(tx); err != nil {
			return err
		}
		var kept bool
		if kept, lost = h.by.commits(tx); !kept {
			return errChaosGone
		}
		return nil
	})
	if err == nil && lost { // it is committed, and nobody hears of it
		return errChaosGone
	}
	return err
}
