package flowtest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
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
