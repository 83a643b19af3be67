package storetest

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/store"
)

// verdict keeps back what is said inside a transaction until it has ended: a store runs
// fn again when its database has undone it for the sake of another, and what failed in a
// run that was undone says nothing. Only one transaction at a time can have its words
// kept back, so beside another each word counts.
type verdict struct {
	mu     sync.Mutex
	inside int  // transactions that are running
	crowd  bool // there was another beside it
	held   []string
}

func (v *verdict) enter(t *testing.T) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.inside++
	v.crowd = v.crowd || v.inside > 1
	if v.crowd {
		v.say(t)
	}
}

func (v *verdict) leave(t *testing.T) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.inside--
	v.say(t)
	v.crowd = v.inside > 0
}

// again forgets what was said in a run before this one.
func (v *verdict) again() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.crowd {
		v.held = nil
	}
}

func (v *verdict) say(t *testing.T) {
	for _, message := range v.held {
		t.Error(message)
	}
	v.held = nil
}

// add keeps a message back, or reports that it can't.
func (v *verdict) add(message string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.inside == 0 || v.crowd {
		return false
	}
	v.held = append(v.held, message)
	return true
}

// RunInTx shadows that of the store, for the verdict's sake.
func (s subject) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	s.verdict.enter(s.T)
	defer s.verdict.leave(s.T)
	return s.Store.RunInTx(ctx, func(tx store.Tx) error {
		s.verdict.again()
		return fn(tx)
	})
}

// Errorf shadows that of the test.
func (s subject) Errorf(format string, args ...any) {
	s.T.Helper()
	message := fmt.Sprintf(format, args...)
	if !s.verdict.add(at() + message) {
		s.T.Error(message)
	}
}

// Error shadows that of the test.
func (s subject) Error(args ...any) {
	s.T.Helper()
	s.Errorf("%s", fmt.Sprint(args...))
}

// at is the line of a case that has spoken, through the functions that speak for it.
func at() string {
	var pcs [10]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if base := filepath.Base(f.File); base != "storetest.go" && base != "verdict.go" || !more {
			return fmt.Sprintf("%s:%d: ", base, f.Line)
		}
	}
}
