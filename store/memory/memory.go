// Package memory is a complete [store.Store] in maps: for tests, demos and first
// runs. It owns nothing on disk, so all is lost with the process, and it refuses
// what PostgreSQL would refuse: a transaction that failed once does nothing more.
//
// Start with [New]. The contract is that of package store; storetest holds this
// package to it.
//
// One transaction runs at a time and holds the store for as long as its function
// runs; reads outside of it wait. A rollback replays an undo log, so that the cost
// of a transaction is that of what it touches and never of what is stored.
package memory

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/accesssec/accesssec-go/store"
)

// errNested is for a function that reaches past its Tx to the Store: without it the
// goroutine would wait for itself.
var errNested = errors.New("memory: the Store was used inside its own transaction; use the Tx")

// Store keeps everything in memory. It is safe for concurrent use. The zero value is
// not usable; call [New].
type Store struct {
	view
	latch *latch
	spare []step // room for the next transaction, who has the latch
}

var _ store.Store = (*Store)(nil)

// New returns an empty Store.
func New() *Store {
	l := &latch{}
	return &Store{view: view{data: newData(), door: l}, latch: l}
}

// data is all that is stored.
type data struct {
	orgs        orgs
	domains     domains
	users       users
	memberships memberships
	entries     entries
	members     members
	grants      grants
	sessions    sessions
	docs        docs
	jobs        jobs
	events      events
}

func newData() *data {
	return &data{
		orgs:        newOrgs(),
		domains:     newDomains(),
		users:       newUsers(),
		memberships: newMemberships(),
		entries:     newEntries(),
		members:     newMembers(),
		grants:      newGrants(),
		sessions:    newSessions(),
		docs:        newDocs(),
		jobs:        newJobs(),
		events:      newEvents(),
	}
}

// door lets a reader in: that of a Store takes a lock, that of a Tx asks whether the
// transaction still stands.
type door interface {
	enter(ctx context.Context) error
	leave(err error)
}

// view reads, for Store and Tx alike.
type view struct {
	data *data
	door door
}

// read runs fn behind the door of v.
func read[T any](ctx context.Context, v view, fn func(d *data) (T, error)) (T, error) {
	var none T
	if err := v.door.enter(ctx); err != nil {
		return none, err
	}
	out, err := fn(v.data)
	v.door.leave(err)
	if err != nil {
		return none, err
	}
	return out, nil
}

// latch is the one lock of a Store, which one at a time has. Readers have it for so short that to
// let them in together costs more than it saves: a writer would wait for all who were woken to
// read, and they for it. It knows whether code of a caller runs under it, and how far that has
// come, to tell a nested use from one that only has to wait.
type latch struct {
	mu    sync.Mutex
	owned atomic.Bool
	steps atomic.Uint64 // of transactions, whosever
}

// How often who finds the lock taken lets others run before they sleep: to sleep and be woken
// costs as much as a transaction takes. Who reads waits for one to end, and gets by; those who
// write are a queue, in which most would be awake in vain.
const (
	readerTries = 256
	writerTries = 16
)

func (l *latch) enter(ctx context.Context) error { return l.take(ctx, readerTries) }

func (l *latch) leave(error) { l.mu.Unlock() }

func (l *latch) take(ctx context.Context, tries int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.mu.TryLock() {
		return nil
	}
	return l.wait(tries)
}

// wait waits for the lock. While somebody gets on under it this is no nested use, which would be
// what they wait for.
func (l *latch) wait(tries int) error {
	before := l.steps.Load()
	for range tries {
		runtime.Gosched()
		if l.mu.TryLock() {
			return nil
		}
	}
	if l.steps.Load() == before && l.nested() {
		return errNested
	}
	l.mu.Lock()
	return nil
}

// lock takes the store for one writer.
func (l *latch) lock(ctx context.Context) error {
	if err := l.take(ctx, writerTries); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil { // it may have ended in the queue
		l.mu.Unlock()
		return err
	}
	return nil
}

// own marks that code of a caller runs under the lock.
func (l *latch) own() { l.owned.Store(true) }

func (l *latch) unlock() {
	l.owned.Store(false)
	l.steps.Add(1)
	l.mu.Unlock()
}

// nested is asked only when the lock is taken, so that a free lock costs nothing. Whoever comes
// from within a transaction, be it of another Store, has broken the contract.
func (l *latch) nested() bool { return l.owned.Load() && inTransaction() }

// inTransaction looks for the one place that runs functions of callers. Far down a stack it is
// not seen, and a nested use then hangs where it would have been refused.
func inTransaction() bool {
	var callers [512]uintptr
	name := runtime.FuncForPC(reflect.ValueOf((*tx).run).Pointer()).Name()
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	for {
		f, more := frames.Next()
		if f.Function == name {
			return true
		}
		if !more {
			return false
		}
	}
}
