package flowtest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/store"
)

// dying is a context that ends when it has been asked n times: a store asks at each
// call, so that each call of a login fails once, from the first to the last.
type dying struct {
	context.Context
	left atomic.Int64
}

func (d *dying) Err() error {
	if d.left.Add(-1) < 0 {
		return context.DeadlineExceeded
	}
	return d.Context.Err()
}

// faultsFlows: whatever call to the store fails, nobody is let in, and what was not used is
// good for another try.
func faultsFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"SSO":      faultsSSO,
		"password": faultsPassword,
		"touch":    faultsTouch,
	})
}

func faultsSSO(_ *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	m := l.answer(ann)
	acme.untilIn(func(ctx context.Context) (*accesssec.Entered, error) {
		step, err := w.svc.SignIn().FinishSSO(ctx, l.visit, acme.conn.ID, m)
		return step.Entered, err
	})
}

func faultsPassword(_ *testing.T, w *world) {
	acme := withAnn(w)
	acme.untilIn(func(ctx context.Context) (*accesssec.Entered, error) {
		w.advance(25 * time.Hour) // attempts that failed were counted, and are forgotten
		step, err := w.svc.SignIn().Password(ctx, w.visit(), "ann@example.com", right)
		return step.Entered, err
	})
}

// untilIn runs fn with the store failing ever later, until it succeeds.
func (c *customer) untilIn(fn func(context.Context) (*accesssec.Entered, error)) {
	w, t := c.w, c.w.t
	t.Helper()
	for n := int64(0); n < 1000; n++ {
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		in, err := fn(ctx)
		if err == nil {
			if in == nil {
				t.Fatal("no error and no session")
			}
			if n < 5 {
				t.Errorf("in after %d failures: the store was hardly asked", n)
			}
			return
		}
		if in != nil {
			t.Fatalf("failure %d: let in, with the error %v", n, err)
		}
		var no *accesssec.Refusal
		if errors.As(err, &no) {
			t.Fatalf("failure %d: a fault is told as %s", n, no.Code)
		}
		if left := w.sessions(store.SessionQuery{OrgID: c.owner.OrgID}); left != 0 {
			t.Fatalf("failure %d: %d sessions", n, left)
		}
	}
	t.Fatal("never let in")
}

// readOnly is a store that answers and can't mark a session.
type readOnly struct{ store.Store }

func (readOnly) TouchSession(context.Context, store.Hash, time.Time, time.Time) error {
	return errAway
}

// faultsTouch: who is signed in stays so while the store can't write, for as long as the
// session would have been good without being used.
func faultsTouch(t *testing.T, w *world) {
	withAnn(w)
	step, err := w.svc.SignIn().Password(w.ctx, w.visit(), "ann@example.com", right)
	w.must(err)
	w.store = readOnly{w.store}
	svc := w.service(w.host.URL)
	for _, hours := range []time.Duration{1, 22} {
		w.advance(hours * time.Hour)
		if _, err := svc.Authenticate(w.ctx, step.Entered.Token()); err != nil {
			t.Errorf("%d hours on: %v", hours, err)
		}
	}
	w.advance(time.Hour)
	if _, err := svc.Authenticate(w.ctx, step.Entered.Token()); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("a day after it was last marked: %v", err)
	}
}
