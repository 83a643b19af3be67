package flowtest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// personFaults: the store fails at each call in turn.
func personFaults(t *testing.T, w *world) {
	acme := withPeople(w)
	inTwoBrowsers(w, acme, "ann@example.com")
	u := w.hostSets("ann@example.com", disable)
	for n := int64(0); n < 1000; n++ {
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		err := w.svc.PersonChanged(ctx, u.ID)
		left, events := w.sessions(store.SessionQuery{UserID: u.ID}), len(acme.events(audit.UserChanged))
		if err == nil {
			if n < 5 || left != 0 || events != 1 {
				t.Errorf("after %d failures: %d sessions, %d lines in the log", n, left, events)
			}
			return
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("failure %d: %v", n, err)
		}
		if left != 2 || events != 0 {
			t.Fatalf("failure %d: %d sessions left, %d lines in the log", n, left, events)
		}
	}
	t.Fatal("never done")
}

// personRaces: a person is disabled while they sign in twenty times by password and
// twenty times by single sign-on, and others all the while.
func personRaces(t *testing.T, w *world) {
	acme := withPeople(w)
	u, _ := w.user("ann@example.com")
	zoe, _ := w.user("zoe@example.com")
	logins, answers := make([]*login, 20), make([]saml.Message, 20)
	for i := range logins {
		logins[i] = acme.start()
		answers[i] = logins[i].answer(ann)
	}
	visits := make([]accesssec.Visit, 40)
	for i := range visits {
		visits[i] = w.from(fmt.Sprintf("192.0.2.%d", i+1))
	}
	_, codes := w.race(62, func(i int) error {
		switch {
		case i < 20:
			_, err := w.svc.SignIn().Password(w.ctx, visits[i], "ann@example.com", right)
			return err
		case i < 40:
			_, err := logins[i-20].finish(answers[i-20])
			return err
		case i < 60:
			_, err := w.svc.SignIn().Password(w.ctx, visits[i-20], "zoe@example.com", right)
			return err
		case i == 60:
			if err := w.tries(func(tx store.Tx) error {
				now, err := tx.User(w.ctx, u.ID)
				if err != nil {
					return err
				}
				now.Disabled = true
				return tx.UpdateUser(w.ctx, now)
			}); err != nil {
				return err
			}
		}
		return w.svc.PersonChanged(w.ctx, u.ID)
	})
	for code := range codes {
		if code != reasonCode(policy.PersonDisabled) {
			t.Errorf("refused as %v", codes)
		}
	}
	if n := w.sessions(store.SessionQuery{UserID: u.ID}); n != 0 {
		t.Errorf("%d sessions of a disabled person", n)
	}
	if n := w.sessions(store.SessionQuery{UserID: zoe.ID}); n != 20 {
		t.Errorf("%d sessions of somebody else, want 20", n)
	}
}

// tries runs a change of the host's until it loses no race any more.
func (w *world) tries(fn func(store.Tx) error) error {
	for {
		if err := w.store.RunInTx(w.ctx, fn); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// personRacesItself: who says it twenty times at once has said it once.
func personRacesItself(t *testing.T, w *world) {
	acme := withPeople(w)
	inTwoBrowsers(w, acme, "ann@example.com")
	u, _ := w.user("ann@example.com")
	w.hostRoles(acme, u.ID, policy.Billing)
	won, codes := w.race(20, func(int) error { return w.svc.PersonChanged(w.ctx, u.ID) })
	if won != 20 {
		t.Errorf("%d without an error, refused as %v", won, codes)
	}
	if n := len(acme.events(audit.UserChanged)); n != 1 {
		t.Errorf("%d lines in the log, want 1", n)
	}
}
