// Package storetest is the conformance suite of [store.Store]: one function, [Run],
// which every store passes whole. It owns the proof that a store keeps the contract
// of package store, and offers no way to leave a part out: a store that passes may
// hold accounts, one that does not must not.
//
// The suite makes ids of its own and looks at nothing else, so the store that it
// opens need not be empty, and may be one database for all of it. Instants lie in
// 2040, but for what is to be found expired, which lies in 1990.
package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/accesssec/accesssec-go/store"
)

// Run judges a store. It calls open once for each noun, from parallel subtests named
// Noun/Case; open registers its own cleanup on t, and the stores it returns may
// share one database.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	nouns := []struct {
		name string
		run  func(s subject)
	}{
		{"Orgs", testOrgs},
		{"Domains", testDomains},
		{"Users", testUsers},
		{"Memberships", testMemberships},
		{"Entries", testEntries},
		{"Filters", testFilters},
		{"Members", testMembers},
		{"Grants", testGrants},
		{"Sessions", testSessions},
		{"Docs", testDocs},
		{"Jobs", testJobs},
		{"Batches", testBatches},
		{"Audit", testAudit},
		{"Expiry", testExpiry},
		{"Tx", testTx},
		{"Methods", testMethods},
		{"Isolation", testIsolation},
		{"Paging", testPaging},
	}
	for _, n := range nouns {
		t.Run(n.name, func(t *testing.T) {
			t.Parallel()
			n.run(subject{T: t, Store: open(t), verdict: &verdict{}})
		})
	}
}

// subject is a store under one test.
type subject struct {
	*testing.T
	store.Store
	verdict *verdict
}

// run is one parallel case.
func (s subject) run(name string, fn func(s subject)) {
	s.T.Run(name, func(t *testing.T) {
		t.Parallel()
		fn(subject{T: t, Store: s.Store, verdict: &verdict{}})
	})
}

// do runs fn in a transaction.
func (s subject) do(fn func(tx store.Tx) error) error { return s.RunInTx(s.Context(), fn) }

// must runs fn in a transaction that has to commit.
func (s subject) must(fn func(tx store.Tx) error) {
	s.Helper()
	if err := s.do(fn); err != nil {
		s.Fatalf("RunInTx: %v", err)
	}
}

// want checks for a sentinel, or for no error when target is nil.
func (s subject) want(what string, err, target error) {
	s.Helper()
	if !errors.Is(err, target) {
		s.Errorf("%s: error %v, want %v", what, err, target)
	}
}

// refuse runs fn in a transaction that has to fail with target.
func (s subject) refuse(what string, target error, fn func(tx store.Tx) error) {
	s.Helper()
	s.want(what, s.do(fn), target)
}

// misuse checks for an error that no caller matches.
func (s subject) misuse(what string, err error) {
	s.Helper()
	if err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrExists) {
		s.Errorf("%s: error %v, want one that is no sentinel", what, err)
	}
}

// same compares what came back with what was kept. Empty and nil slices are the same
// thing to a database.
func (s subject) same(what string, got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// race runs fn n times at once and counts those without an error. The others must
// have lost in one of the ways that the contract names: an error of any other kind
// is a failure, or a store that fails under load would pass for one that is right.
func (s subject) race(n int, fn func(ctx context.Context, i int) error) int {
	s.Helper()
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(s.Context(), i)
		})
	}
	close(start)
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrExists), errors.Is(err, store.ErrNotFound):
		default:
			s.Errorf("a loser got %v, want ErrConflict, ErrExists or ErrNotFound", err)
		}
	}
	return won
}

// oneWins is race where exactly one may win.
func (s subject) oneWins(n int, fn func(ctx context.Context, i int) error) {
	s.Helper()
	if won := s.race(n, fn); won != 1 {
		s.Errorf("%d of %d won, want exactly one", won, n)
	}
}

var errBack = errors.New("storetest: roll back")

// day is the instant of most records, with the last microsecond that must survive.
func day(n int) time.Time {
	return time.Date(2040, 2, 28, 23, 59, 59, 123456000, time.UTC).AddDate(0, 0, n)
}

// newID is an id that no other test uses.
func newID(noun string) string { return noun + "-" + rand.Text() }

func newHash() store.Hash {
	var h store.Hash
	rand.Read(h[:])
	return h
}
