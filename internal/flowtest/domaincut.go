package flowtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// lookCutOff: a look that our own end has cut off tells nothing, and somebody else's turn
// comes at once.
func lookCutOff(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newOrg("Acme", "owner@example.com")
	w.tick(w.svc)
	acme.holding(nil, "example.com")
	before := acme.claimOn("example.com")

	ctx, cancel := context.WithCancel(w.ctx)
	if _, err := w.looking(p, cancel).Tick(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("in the background: %v", err)
	}
	ctx, cancel = context.WithCancel(w.ctx)
	svc := w.looking(p, cancel)
	who := must1(svc.Vouch(w.ctx, acme.owner.OrgID, acme.owner.UserID))
	if _, err := svc.Admin(who).VerifyDomain(ctx, acme.domainID("example.com")); !errors.Is(err, context.Canceled) {
		t.Errorf("now: %v", err)
	}
	if d := cmp.Diff(before, acme.claimOn("example.com")); d != "" {
		t.Errorf("the claim after looks that were cut off (-want +got)\n%s", d)
	}
	w.tick(w.svc)
	if got := acme.claimOn("example.com"); !got.Last.At.Equal(w.clock()) || got.Last.Outcome != domainclaim.Present {
		t.Errorf("the next instance saw %+v", got.Last)
	}
}

// blind is a store that finds no claims by their names.
type blind struct{ store.Store }

var errBlind = errors.New("flowtest: it can't be read now")

func (blind) DomainsByName(context.Context, []string) ([]store.Domain, error) { return nil, errBlind }

// lookBlind: where the claims of a batch can't be read, their jobs come again in a minute,
// and not when the lease is over.
func lookBlind(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newOrg("Acme", "owner@example.com")
	acme.claim("example.com")
	w.publish("example.com", acme.claimOn("example.com"))
	if _, err := w.serviceOn(blind{w.store}, w.host.URL, w.watching(p)).Tick(w.ctx); !errors.Is(err, errBlind) {
		t.Errorf("the pass: %v", err)
	}
	acme.stands("example.com", domainclaim.Pending)
	w.advance(time.Minute)
	w.tick(w.svc)
	acme.stands("example.com", domainclaim.Verified)
}
