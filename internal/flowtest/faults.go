package flowtest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
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

// Faults: whatever call to the store fails, nobody is let in, and what was not used is
// good for another try.
func Faults(t *testing.T, open func(*testing.T) store.Store) {
	setUp := func(t *testing.T) (*world, *customer) {
		w := newWorld(t, open(t))
		acme := w.newCustomer("Acme", "example.com")
		acme.add(policy.Member, "ann@example.com")
		return w, acme
	}
	// each runs fn with the store failing ever later, until it succeeds.
	each := func(t *testing.T, w *world, org string, fn func(context.Context) (*accesssec.Entered, error)) {
		t.Helper()
		for n := int64(0); n < 1000; n++ {
			ctx := &dying{Context: w.ctx}
			ctx.left.Store(n)
			in, err := fn(ctx)
			if err == nil {
				if in == nil {
					t.Fatal("no error and no session")
				}
				t.Logf("in after %d failures", n)
				if n < 5 {
					t.Error("the store was hardly asked")
				}
				return
			}
			if in != nil {
				t.Fatalf("failure %d: let in, with the error %v", n, err)
			}
			var no *accesssec.Refusal
			if errors.As(err, &no) && no.Code != accesssec.CodeLocked {
				t.Fatalf("failure %d: a fault is told as %s", n, no.Code)
			}
			if left := w.sessions(store.SessionQuery{OrgID: org}); left != 0 {
				t.Fatalf("failure %d: %d sessions", n, left)
			}
		}
		t.Fatal("never let in")
	}
	t.Run("SSO", func(t *testing.T) {
		t.Parallel()
		w, acme := setUp(t)
		l := acme.start()
		m := l.answer(ann)
		each(t, w, acme.owner.OrgID, func(ctx context.Context) (*accesssec.Entered, error) {
			step, err := w.svc.SignIn().FinishSSO(ctx, l.visit, acme.conn.ID, m)
			return step.Entered, err
		})
	})
	t.Run("password", func(t *testing.T) {
		t.Parallel()
		w, acme := setUp(t)
		each(t, w, acme.owner.OrgID, func(ctx context.Context) (*accesssec.Entered, error) {
			w.advance(25 * 3600e9) // attempts that failed were counted, and are forgotten
			step, err := w.svc.SignIn().Password(ctx, w.visit(), "ann@example.com", right)
			return step.Entered, err
		})
	})
}
