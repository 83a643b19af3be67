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
	"bytes"
	"context"
	"errors"
	"runtime"
	"strconv"
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

// latch is the one lock of a Store: many readers or one writer. It knows which
// goroutine writes, to tell a nested use from one that only has to wait.
type latch struct {
	mu     sync.RWMutex
	writer atomic.Uint64
}

func (l *latch) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !l.mu.TryRLock() {
		if l.nested() {
			return errNested
		}
		l.mu.RLock()
	}
	return nil
}

func (l *latch) leave(error) { l.mu.RUnlock() }

// lock takes the store for one writer.
func (l *latch) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !l.mu.TryLock() {
		if l.nested() {
			return errNested
		}
		l.mu.Lock()
	}
	if err := ctx.Err(); err != nil { // it may have ended in the queue
		l.mu.Unlock()
		return err
	}
	return nil
}

// own marks the calling goroutine as the writer, for as long as code of the caller
// runs under the lock.
func (l *latch) own() { l.writer.Store(goroutine()) }

func (l *latch) unlock() {
	l.writer.Store(0)
	l.mu.Unlock()
}

// nested is asked only when the lock is taken, so that a free lock costs nothing.
func (l *latch) nested() bool {
	w := l.writer.Load()
	return w != 0 && w == goroutine()
}

// goroutine is the number in the first line of a stack trace, or 0 when that line
// reads otherwise: a nested use then hangs where it would have been refused.
func goroutine() uint64 {
	var buf [64]byte
	line, _ := bytes.CutPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	num, _, _ := bytes.Cut(line, []byte(" "))
	n, err := strconv.ParseUint(string(num), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
