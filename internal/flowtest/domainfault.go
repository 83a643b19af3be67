package flowtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// domainFaultFlows: whatever fails, a claim, its job and the log are as they were.
func domainFaultFlows() map[string]flow {
	return map[string]flow{
		"each call, at each call to the store": domainFaultsCalls,
		"what a look moves, half written":      domainFaultsMoves,
	}
}

// domainSnapshot is all that a claim's change may touch.
type domainSnapshot struct {
	Domains  []store.Domain
	Events   int
	Sessions int
}

func (c *customer) snapshot() domainSnapshot {
	w := c.w
	w.t.Helper()
	page, err := w.store.Domains(w.ctx, c.owner.OrgID, store.Paging{})
	w.must(err)
	sealed, err := w.store.AuditEvents(w.ctx, c.owner.OrgID, store.AuditQuery{Paging: store.Paging{Limit: 1000}})
	w.must(err)
	return domainSnapshot{
		Domains:  page.Items,
		Events:   len(eventsUnsealed(w, c)) + len(sealed.Items),
		Sessions: w.sessions(store.SessionQuery{OrgID: c.owner.OrgID}),
	}
}

// untilDone runs fn with the store failing ever later, until it succeeds. A failure leaves
// everything as it was.
func (c *customer) untilDone(what string, fn func(context.Context) error) {
	w, t := c.w, c.w.t
	t.Helper()
	for n := int64(0); n < 1000; n++ {
		w.advance(11 * time.Minute) // looks are counted, and forgotten
		before := c.snapshot()
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		err := fn(ctx)
		if err == nil {
			if n < 2 {
				t.Errorf("%s: done after %d failures", what, n)
			}
			return
		}
		if no := (*accesssec.Refusal)(nil); errors.As(err, &no) {
			t.Fatalf("%s: failure %d is told as %s", what, n, no.Code)
		}
		if diff := cmp.Diff(before, c.snapshot()); diff != "" {
			t.Fatalf("%s: failure %d has changed (-want +got)\n%s", what, n, diff)
		}
	}
	t.Fatalf("%s: never done", what)
}

func domainFaultsCalls(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newCustomer("Acme", "example.net")
	acme.add(policy.Member, "ann@example.com")
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.BlockExternal = true, true })
	p.told(w)
	acme.untilDone("ClaimDomain", func(ctx context.Context) error {
		_, err := acme.admin().ClaimDomain(ctx, "example.com")
		return err
	})
	w.publish("example.com", acme.claimOn("example.com"))
	id := acme.domainID("example.com")
	acme.untilDone("VerifyDomain", func(ctx context.Context) error {
		_, err := acme.admin().VerifyDomain(ctx, id)
		return err
	})
	acme.stands("example.com", domainclaim.Verified)
	in := acme.signIn(ann)
	acme.untilDone("Domains", func(ctx context.Context) error {
		_, err := acme.admin().Domains(ctx)
		return err
	})
	acme.untilDone("CoverSubdomains", func(ctx context.Context) error {
		_, err := acme.admin().CoverSubdomains(ctx, id)
		return err
	})
	var preview accesssec.Withdrawal
	acme.untilDone("PreviewWithdrawal", func(ctx context.Context) (err error) {
		preview, err = acme.admin().PreviewWithdrawal(ctx, id)
		return err
	})
	w.alive(in, true)
	acme.untilDone("WithdrawDomain", func(ctx context.Context) error { return acme.admin().WithdrawDomain(ctx, id, preview.Hash) })
	w.alive(in, false)
	acme.stands("example.com", domainclaim.Released)
	p.hears(w, "of what was done, once", "domain_verified owner@example.net", "domain_widened owner@example.net", "domain_withdrawn owner@example.net")
	var got []audit.Type
	for _, e := range acme.events(domainTypes()...) {
		if e.Targets[0].ID == id {
			got = append(got, e.Type)
		}
	}
	if diff := cmp.Diff([]audit.Type{audit.DomainWithdrawn, audit.DomainWidened, audit.DomainVerified, audit.DomainClaimed}, got); diff != "" {
		t.Errorf("the log (-want +got)\n%s", diff)
	}
}

// breaks is a store of whose transactions one step fails, or their end.
type breaks struct {
	store.Store
	at string
}

func (b breaks) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return b.Store.RunInTx(ctx, func(tx store.Tx) error {
		one := &breaksTx{Tx: tx, at: b.at}
		if err := fn(one); err != nil {
			return err
		}
		if b.at == "commit" && one.wrote {
			return errAway
		}
		return nil
	})
}

type breaksTx struct {
	store.Tx
	at    string
	wrote bool // a claim
}

func (tx *breaksTx) step(name string) error {
	if tx.at == name {
		return errAway
	}
	return nil
}

func (tx *breaksTx) UpdateDomains(ctx context.Context, ds ...store.Domain) error {
	tx.wrote = true
	if err := tx.step("UpdateDomains"); err != nil {
		return err
	}
	return tx.Tx.UpdateDomains(ctx, ds...)
}

func (tx *breaksTx) FinishJobs(ctx context.Context, done ...store.JobDone) (int, error) {
	if err := tx.step("FinishJobs"); err != nil && done[0].Kind == "domain" {
		return 0, err
	}
	return tx.Tx.FinishJobs(ctx, done...)
}

func (tx *breaksTx) PutJobs(ctx context.Context, jobs ...store.Job) error {
	if err := tx.step("PutJobs"); err != nil {
		return err
	}
	return tx.Tx.PutJobs(ctx, jobs...)
}

func (tx *breaksTx) AddAudit(ctx context.Context, events ...store.AuditEvent) error {
	if err := tx.step("AddAudit"); err != nil {
		return err
	}
	return tx.Tx.AddAudit(ctx, events...)
}

func (tx *breaksTx) DeleteSessions(ctx context.Context, q store.SessionQuery) (int, error) {
	if err := tx.step("DeleteSessions"); err != nil {
		return 0, err
	}
	return tx.Tx.DeleteSessions(ctx, q)
}

func (tx *breaksTx) DomainsByName(ctx context.Context, names []string) ([]store.Domain, error) {
	if err := tx.step("DomainsByName"); err != nil {
		return nil, err
	}
	return tx.Tx.DomainsByName(ctx, names)
}

func (tx *breaksTx) Memberships(ctx context.Context, orgID string, q store.MembershipQuery) (store.Page[store.Member], error) {
	if err := tx.step("Memberships"); err != nil {
		return store.Page[store.Member]{}, err
	}
	return tx.Tx.Memberships(ctx, orgID, q)
}

// domainFaultsMoves: the background sees a proof that closes passwords, takes a name from a
// lapsed claim and signs its people out; or the end of a week of absence. Nothing of it is
// kept when any of it can't be, and a lease later all of it is.
func domainFaultsMoves(t *testing.T, w *world) {
	p, acme, rival, in := blocking(w) // Ann is signed in to Acme, whose claim has lapsed
	rival.verify("example.org")
	rival.connect()
	rival.add(policy.Member, "rita@example.com")
	rival.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	rita := must1(w.byPassword("rita@example.com", right))
	p.told(w)
	w.advance(time.Hour)
	for _, at := range []string{"UpdateDomains", "FinishJobs", "PutJobs", "AddAudit", "DeleteSessions", "DomainsByName", "Memberships", "commit"} {
		a, b := acme.snapshot(), rival.snapshot()
		_, err := w.serviceOn(breaks{w.store, at}, w.host.URL, w.watching(p)).Tick(w.ctx)
		if !errors.Is(err, errAway) {
			t.Errorf("%s fails, and Tick says %v", at, err)
		}
		if diff := cmp.Diff([]domainSnapshot{a, b}, []domainSnapshot{acme.snapshot(), rival.snapshot()}); diff != "" {
			t.Errorf("%s fails: changed (-want +got)\n%s", at, diff)
		}
		w.advance(4 * time.Minute) // the lease
	}
	w.alive(in, true)
	w.alive(rita, true)
	w.tick(w.svc)
	acme.stands("example.com", domainclaim.Released)
	rival.stands("example.com", domainclaim.Verified)
	w.alive(in, false)
	w.alive(rita, false)
	p.hears(w, "of it, once", "domain_released owner@example.com", "domain_verified boss@example.net")
}
