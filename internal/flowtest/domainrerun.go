package flowtest

import (
	"context"
	"errors"
	"testing"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// rerun is a store that undoes a transaction, lets something else happen, and runs it again.
type rerun struct {
	store.Store
	between func()
}

var errRerun = errors.New("flowtest: undone, to be run again")

func (s *rerun) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	if between := s.between; between != nil {
		s.between = nil
		err := s.Store.RunInTx(ctx, func(tx store.Tx) error {
			_ = fn(tx)
			return errRerun
		})
		if !errors.Is(err, errRerun) {
			return err
		}
		between()
	}
	return s.Store.RunInTx(ctx, fn)
}

// raceRerun: the name is held when what was seen is written, and is not when that is run
// again. Nothing stays of the first run.
func raceRerun(t *testing.T, w *world) {
	p, acme, rival := rivals(w)
	st := &rerun{Store: w.store}
	svc := w.serviceOn(st, w.host.URL, w.watching(p))
	who := must1(svc.Vouch(w.ctx, rival.owner.OrgID, rival.owner.UserID))
	st.between = func() { acme.withdraw("example.com") }
	if _, err := svc.Admin(who).VerifyDomain(w.ctx, rival.domainID("example.com")); err != nil {
		t.Errorf("verified now: %v", err)
	}
	rival.stands("example.com", domainclaim.Verified)
	acme.stands("example.com", domainclaim.Released)
	if got := rival.claimOn("example.com"); !got.Contested.IsZero() {
		t.Errorf("contested since %v", got.Contested)
	}
	rival.tells("claimed host", "verified host")
	acme.tells("claimed host", "verified host", "withdrawn host")
	p.hears(w, "of it", "domain_verified boss@example.net", "domain_withdrawn owner@example.com")
}
