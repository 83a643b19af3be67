package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// defect is a way to get a store wrong, and the case that must notice.
type defect struct {
	name  string
	fails string
	wrap  func(store.Store) store.Store
}

// onTx puts a defect into every transaction.
func onTx(wrap func(store.Tx) store.Tx) func(store.Store) store.Store {
	return func(s store.Store) store.Store { return txWrapped{s, wrap} }
}

type txWrapped struct {
	store.Store
	wrap func(store.Tx) store.Tx
}

func (s txWrapped) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return s.Store.RunInTx(ctx, func(tx store.Tx) error { return fn(s.wrap(tx)) })
}

func defects() []defect {
	return []defect{
		{"aliases", "Docs/Clone", func(s store.Store) store.Store { return &aliasing{Store: s} }},
		{"ignores versions", "Docs/OneUpdateWins", onTx(func(tx store.Tx) store.Tx { return unversioned{tx} })},
		{"ignores versions alone", "Docs/Versions", onTx(func(tx store.Tx) store.Tx { return unversioned{tx} })},
		{"leaks another org's doc", "Isolation/Doc", func(s store.Store) store.Store { return &leaking{Store: s} }},
		{"deletes another org's entry", "Isolation/DeleteEntry", onTx(func(tx store.Tx) store.Tx { return overreaching{tx} })},
		{"touch makes a session", "Sessions/TouchNeverMakesOne", func(s store.Store) store.Store { return &reviving{Store: s} }},
		{"goes on after ErrExists", "Tx/AbortedKeepsNothing", onTx(func(tx store.Tx) store.Tx { return forgiving{tx} })},
		{"goes on after ErrExists, every method", "Methods/Aborted/Tx.Org", onTx(func(tx store.Tx) store.Tx { return forgiving{tx} })},
		{"commits on an error", "Tx/RollsBackOnError", func(s store.Store) store.Store { return committing{s} }},
		{"commits on a panic", "Tx/RollsBackOnPanic", func(s store.Store) store.Store { return panicking{s} }},
		{"swallows a panic", "Tx/RollsBackOnPanic", func(s store.Store) store.Store { return swallowing{s} }},
		{"takes without deleting", "Docs/Take", onTx(func(tx store.Tx) store.Tx { return keeping{tx} })},
		{"pages by count", "Paging/Docs/StaysPut", func(s store.Store) store.Store { return counting{s} }},
		{"loses the last page", "Paging/Docs/Order", func(s store.Store) store.Store { return unpaged{s} }},
		{"returns a nil page", "Paging/Docs/Order", func(s store.Store) store.Store { return nilPages{s} }},
		{"ignores the context", "Methods/EndedContext/Store.Org", func(s store.Store) store.Store { return deaf{s} }},
		{"finds nothing for no condition", "Sessions/Query", func(s store.Store) store.Store { return unbounded{s} }},
		{"cuts microseconds", "Users/RoundTrip", func(s store.Store) store.Store { return coarse{s} }},
		{"answers in local time", "Users/RoundTrip", func(s store.Store) store.Store { return local{s} }},
		{"erases the body", "Audit/Erase", func(s store.Store) store.Store { return &erasing{Store: s} }},
		{"seals on any head", "Audit/OneSealWins", onTx(func(tx store.Tx) store.Tx { return headless{tx} })},
		{"leases twice", "Jobs/ManyWorkersNoDoubleLease", func(s store.Store) store.Store { return leasing{s} }},
		{"does not fence", "Jobs/SameWorkerIsFenced", onTx(func(tx store.Tx) store.Tx { return unfenced{tx} })},
		{"keeps the first of a batch", "Batches/ClaimsAllOrNone", onTx(func(tx store.Tx) store.Tx { return halving{tx} })},
		{"ends a lease twice", "Batches/JobsTwice", onTx(func(tx store.Tx) store.Tx { return counted{tx} })},
		{"leaves docs of a deleted org", "Orgs/Delete", func(s store.Store) store.Store { return &leaving{Store: s} }},
		{"does not see its own writes", "Docs/RoundTrip", onTx(func(tx store.Tx) store.Tx { return blind{tx} })},
		{"reads from before the transaction", "Tx/Serializable", func(s store.Store) store.Store { return snapshotting{s} }},
		{"forgets who is disabled", "Memberships/RoundTrip", onTx(func(tx store.Tx) store.Tx { return enabling{tx} })},
		{"forgets the kind of a subject", "Grants/PersonOfLookAlikes", func(s store.Store) store.Store { return kindless{s} }},
		{"keeps what a group had", "Grants/PersonInTx", func(s store.Store) store.Store { return &clinging{Store: s} }},
		{"searches with wildcards", "Memberships/Query", func(s store.Store) store.Store { return wildcards{s} }},
	}
}

// aliasing hands out the slice it was given.
type aliasing struct {
	store.Store
	mu     sync.Mutex
	bodies map[string][]byte
}

func (s *aliasing) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return s.Store.RunInTx(ctx, func(tx store.Tx) error { return fn(aliasingTx{tx, s}) })
}

func (s *aliasing) Doc(ctx context.Context, kind store.Kind, org, id string) (store.Doc, error) {
	m, err := s.Store.Doc(ctx, kind, org, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.bodies[id]; b != nil {
		m.Body = b
	}
	return m, err
}

type aliasingTx struct {
	store.Tx
	s *aliasing
}

func (tx aliasingTx) PutDocs(ctx context.Context, docs ...store.Doc) error {
	tx.s.mu.Lock()
	defer tx.s.mu.Unlock()
	for _, m := range docs {
		if tx.s.bodies == nil {
			tx.s.bodies = map[string][]byte{}
		}
		tx.s.bodies[m.ID] = m.Body
	}
	return tx.Tx.PutDocs(ctx, docs...)
}

// unversioned takes the last writer for the right one.
type unversioned struct{ store.Tx }

func (tx unversioned) PutDocs(ctx context.Context, docs ...store.Doc) error {
	for i, m := range docs {
		if old, err := tx.Doc(ctx, m.Kind, m.OrgID, m.ID); err == nil {
			docs[i].Version = old.Version
		}
	}
	return tx.Tx.PutDocs(ctx, docs...)
}

// leaking forgets the org in its WHERE.
type leaking struct {
	store.Store
	mu   sync.Mutex
	orgs []string
}

func (s *leaking) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return s.Store.RunInTx(ctx, func(tx store.Tx) error { return fn(leakingTx{tx, s}) })
}

func (s *leaking) Doc(ctx context.Context, kind store.Kind, org, id string) (store.Doc, error) {
	m, err := s.Store.Doc(ctx, kind, org, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 0; i < len(s.orgs) && errors.Is(err, store.ErrNotFound); i++ {
		m, err = s.Store.Doc(ctx, kind, s.orgs[i], id)
	}
	return m, err
}

type leakingTx struct {
	store.Tx
	s *leaking
}

func (tx leakingTx) CreateOrg(ctx context.Context, o store.Org) error {
	tx.s.mu.Lock()
	defer tx.s.mu.Unlock()
	tx.s.orgs = append(tx.s.orgs, o.ID)
	return tx.Tx.CreateOrg(ctx, o)
}

// overreaching deletes by id alone.
type overreaching struct{ store.Tx }

func (tx overreaching) DeleteEntry(ctx context.Context, org, id string) error {
	page, err := tx.Orgs(ctx, store.OrgQuery{})
	if err != nil {
		return err
	}
	for _, o := range page.Items {
		if err := tx.Tx.DeleteEntry(ctx, o.ID, id); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// reviving writes a touched session as an upsert.
type reviving struct {
	store.Store
	mu   sync.Mutex
	seen map[store.Hash]store.Session
}

func (s *reviving) TouchSession(ctx context.Context, hash store.Hash, seenAt, idleAt time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x, err := s.SessionByHash(ctx, hash); err == nil {
		if s.seen == nil {
			s.seen = map[store.Hash]store.Session{}
		}
		s.seen[hash] = x
	}
	err := s.Store.TouchSession(ctx, hash, seenAt, idleAt)
	if x, ok := s.seen[hash]; ok && errors.Is(err, store.ErrNotFound) {
		x.Version = 0
		return s.Store.RunInTx(ctx, func(tx store.Tx) error { return tx.CreateSession(ctx, x) })
	}
	return err
}

// forgiving looks before it inserts, so that nothing ever fails beneath it.
type forgiving struct{ store.Tx }

func (tx forgiving) CreateOrg(ctx context.Context, o store.Org) error {
	if _, err := tx.Org(ctx, o.ID); err == nil {
		return store.ErrExists
	}
	return tx.Tx.CreateOrg(ctx, o)
}

// committing reports an error and keeps what was written.
type committing struct{ store.Store }

func (s committing) RunInTx(ctx context.Context, fn func(store.Tx) error) (failed error) {
	err := s.Store.RunInTx(ctx, func(tx store.Tx) error {
		failed = fn(tx)
		return nil
	})
	return errors.Join(failed, err)
}

// panicking commits in a deferred call.
type panicking struct{ store.Store }

func (s panicking) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	var caught any
	err := s.Store.RunInTx(ctx, func(tx store.Tx) (err error) {
		defer func() { caught = recover() }()
		return fn(tx)
	})
	if caught != nil {
		panic(caught)
	}
	return err
}

// swallowing turns a panic into an error.
type swallowing struct{ store.Store }

func (s swallowing) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return s.Store.RunInTx(ctx, func(tx store.Tx) (err error) {
		defer func() {
			if recover() != nil {
				err = errors.New("panic")
			}
		}()
		return fn(tx)
	})
}

// keeping reads where it should delete.
type keeping struct{ store.Tx }

func (tx keeping) TakeDoc(ctx context.Context, kind store.Kind, key string) (store.Doc, error) {
	return tx.DocByKey(ctx, kind, key)
}

// counting pages with OFFSET.
type counting struct{ store.Store }

func (s counting) Docs(ctx context.Context, kind store.Kind, org string, q store.DocQuery) (store.Page[store.Doc], error) {
	skip, _ := strconv.Atoi(q.After)
	size := q.Limit
	page, err := s.Store.Docs(ctx, kind, org, store.DocQuery{Paging: store.Paging{Limit: 1000}})
	page.Items = page.Items[min(skip, len(page.Items)):]
	if size > 0 && len(page.Items) > size {
		page.Items, page.Next = page.Items[:size], strconv.Itoa(skip+size)
	}
	return page, err
}

// unpaged has one page.
type unpaged struct{ store.Store }

func (s unpaged) Docs(ctx context.Context, kind store.Kind, org string, q store.DocQuery) (store.Page[store.Doc], error) {
	page, err := s.Store.Docs(ctx, kind, org, q)
	page.Next = ""
	return page, err
}

// nilPages returns no list for an empty one.
type nilPages struct{ store.Store }

func (s nilPages) Docs(ctx context.Context, kind store.Kind, org string, q store.DocQuery) (store.Page[store.Doc], error) {
	page, err := s.Store.Docs(ctx, kind, org, q)
	if len(page.Items) == 0 {
		page.Items = nil
	}
	return page, err
}

// deaf does not hear that a request has ended.
type deaf struct{ store.Store }

func (s deaf) Org(ctx context.Context, id string) (store.Org, error) {
	return s.Store.Org(context.WithoutCancel(ctx), id)
}

// unbounded takes no condition for no rows.
type unbounded struct{ store.Store }

func (s unbounded) Sessions(ctx context.Context, q store.SessionQuery) (store.Page[store.Session], error) {
	page, err := s.Store.Sessions(ctx, q)
	if errors.Is(err, store.ErrUnbounded) {
		err = nil
	}
	return page, err
}

// coarse keeps whole seconds.
type coarse struct{ store.Store }

func (s coarse) User(ctx context.Context, id string) (store.User, error) {
	u, err := s.Store.User(ctx, id)
	u.CreatedAt = u.CreatedAt.Truncate(time.Second)
	return u, err
}

// local keeps the zone of the server.
type local struct{ store.Store }

func (s local) User(ctx context.Context, id string) (store.User, error) {
	u, err := s.Store.User(ctx, id)
	u.CreatedAt = u.CreatedAt.In(time.FixedZone("here", 3600))
	return u, err
}

// erasing clears too much.
type erasing struct {
	store.Store
	mu     sync.Mutex
	erased []string
}

func (s *erasing) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return s.Store.RunInTx(ctx, func(tx store.Tx) error { return fn(erasingTx{tx, s}) })
}

func (s *erasing) AuditEvents(ctx context.Context, org string, q store.AuditQuery) (store.Page[store.AuditEvent], error) {
	page, err := s.Store.AuditEvents(ctx, org, q)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, e := range page.Items {
		if slices.Contains(s.erased, e.ID) {
			page.Items[i].Body = nil
		}
	}
	return page, err
}

type erasingTx struct {
	store.Tx
	s *erasing
}

func (tx erasingTx) EraseAudit(ctx context.Context, org string, ids []string) (int, error) {
	tx.s.mu.Lock()
	defer tx.s.mu.Unlock()
	tx.s.erased = append(tx.s.erased, ids...)
	return tx.Tx.EraseAudit(ctx, org, ids)
}

// headless seals after whatever head there is.
type headless struct{ store.Tx }

func (tx headless) SealAudit(ctx context.Context, org string, head store.AuditHead, events ...store.AuditEvent) error {
	head, err := tx.AuditHead(ctx, org)
	if err != nil || head.Seq > 0 {
		return err
	}
	return tx.Tx.SealAudit(ctx, org, head, events...)
}

// leasing reads what is due and marks nothing.
type leasing struct{ store.Store }

func (s leasing) LeaseJobs(ctx context.Context, q store.LeaseQuery) ([]store.Job, error) {
	jobs, err := s.Store.LeaseJobs(ctx, q)
	if err != nil || q.Worker == "last" {
		return jobs, err
	}
	err = s.RunInTx(ctx, func(tx store.Tx) error {
		if len(jobs) > 0 && jobs[0].Seq < 4 {
			_, err := tx.FinishJobs(ctx, store.JobDone{Job: jobs[0], Next: jobs[0].At})
			return err
		}
		return nil
	})
	return jobs, err
}

// unfenced believes whoever says that it is done.
type unfenced struct{ store.Tx }

func (tx unfenced) FinishJobs(ctx context.Context, done ...store.JobDone) (int, error) {
	_, err := tx.Tx.FinishJobs(ctx, done...)
	return 0, err
}

// halving writes a batch without a way back.
type halving struct{ store.Tx }

func (tx halving) UpdateDomains(ctx context.Context, ds ...store.Domain) error {
	for _, d := range ds {
		if err := tx.Tx.UpdateDomains(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// counted counts a job that comes twice as one, as a join with a list does.
type counted struct{ store.Tx }

func (tx counted) FinishJobs(ctx context.Context, done ...store.JobDone) (int, error) {
	seen := map[string]bool{}
	return tx.Tx.FinishJobs(ctx, slices.DeleteFunc(slices.Clone(done), func(d store.JobDone) bool {
		again := seen[d.OrgID+d.Key]
		seen[d.OrgID+d.Key] = true
		return again
	})...)
}

// leaving keeps the docs of an org that is gone.
type leaving struct {
	store.Store
	mu   sync.Mutex
	docs map[string][]store.Doc
}

func (s *leaving) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return s.Store.RunInTx(ctx, func(tx store.Tx) error { return fn(leavingTx{tx, s}) })
}

type leavingTx struct {
	store.Tx
	s *leaving
}

func (tx leavingTx) PutDocs(ctx context.Context, docs ...store.Doc) error {
	tx.s.mu.Lock()
	defer tx.s.mu.Unlock()
	if tx.s.docs == nil {
		tx.s.docs = map[string][]store.Doc{}
	}
	for _, m := range docs {
		tx.s.docs[m.OrgID] = append(tx.s.docs[m.OrgID], m)
	}
	return tx.Tx.PutDocs(ctx, docs...)
}

func (tx leavingTx) DeleteOrg(ctx context.Context, id string) error {
	if err := tx.Tx.DeleteOrg(ctx, id); err != nil {
		return err
	}
	tx.s.mu.Lock()
	defer tx.s.mu.Unlock()
	return tx.Tx.PutDocs(ctx, tx.s.docs[id]...)
}

// blind reads from another connection.
type blind struct{ store.Tx }

func (blind) Doc(context.Context, store.Kind, string, string) (store.Doc, error) {
	return store.Doc{}, store.ErrNotFound
}

// wildcards hands what a person typed to LIKE.
type wildcards struct{ store.Store }

func (s wildcards) Memberships(ctx context.Context, org string, q store.MembershipQuery) (store.Page[store.Member], error) {
	if slices.Contains([]string{"a%n", "a_n"}, q.Search) {
		q.Search = "ann"
	}
	return s.Store.Memberships(ctx, org, q)
}

// enabling has no column for it.
type enabling struct{ store.Tx }

func (tx enabling) PutMembership(ctx context.Context, m store.Membership) error {
	m.Disabled = false
	return tx.Tx.PutMembership(ctx, m)
}

// kindless finds what reaches a person by the id of the subject alone.
type kindless struct{ store.Store }

func (s kindless) Grants(ctx context.Context, org string, q store.GrantQuery) (store.Page[store.Grant], error) {
	if q.Person != "" {
		q.Subjects, q.Person = []string{q.Person}, ""
	}
	return s.Store.Grants(ctx, org, q)
}

// clinging goes on giving people what the groups have that they were in.
type clinging struct {
	store.Store
	mu   sync.Mutex
	were map[string][]string
}

func (s *clinging) Grants(ctx context.Context, org string, q store.GrantQuery) (store.Page[store.Grant], error) {
	page, err := s.Store.Grants(ctx, org, q)
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.Person == "" || err != nil {
		return page, err
	}
	if s.were == nil {
		s.were = map[string][]string{}
	}
	subjects := s.were[q.Person]
	for _, g := range page.Items {
		subjects = append(subjects, g.Subject)
	}
	s.were[q.Person] = subjects
	if len(subjects) == 0 {
		return page, nil
	}
	return s.Store.Grants(ctx, org, store.GrantQuery{Subjects: subjects})
}
