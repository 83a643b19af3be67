package flowtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// factorMomentFlows: what happens in the one moment between two steps of a single call.
func factorMomentFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"the password, between booking and entering":  gapPassword,
		"another attempt wins, of who removes it":     gapRemoved,
		"signed out, of who removes it":               gapSignedOut,
		"another code is tried, of who confirms":      gapConfirm,
		"signed out, of who begins":                   gapBegin,
		"the password, of who confirms a reset":       gapReset,
		"who hangs up locks all the same":             gapHangUp,
		"a right password clears the link's count":    gapSettled,
		"a fault is no wrong password":                gapExcused,
		"a domain that is missing is still its org's": gapMissing,
		"a hundred and no more":                       gapHundred,
	})
}

// between is a store that does something once, right after a swap of a kind, or right
// before a transaction (kind "").
type between struct {
	store.Store
	kind store.Kind
	do   func()
	once *sync.Once
}

func (b between) SwapDoc(ctx context.Context, d store.Doc) error {
	err := b.Store.SwapDoc(ctx, d)
	if err == nil && d.Kind == b.kind {
		b.once.Do(b.do)
	}
	return err
}

func (b between) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	if b.kind == "" {
		b.once.Do(b.do)
	}
	return b.Store.RunInTx(ctx, fn)
}

// when is a Service to which that happens; w.svc stays as it is.
func (w *world) when(kind store.Kind, do func()) *accesssec.Service {
	return w.instance(between{w.store, kind, do, new(sync.Once)}, nil)
}

func gapPassword(t *testing.T, w *world) {
	acme, h := withHolder(w)
	w.must(h.me(h.in).SignOut(w.ctx))
	for _, change := range []func(*store.User){
		func(u *store.User) { u.Password += "x" },
		func(u *store.User) { u.Password = "" },
	} {
		u, _ := w.user(h.address)
		v, code := h.half(), h.next()
		svc := w.when("factor", func() { w.hostSets(h.address, change) })
		_, err := svc.SignIn().SecondFactor(w.ctx, v, code)
		acme.refuses(err, accesssec.CodeHalfOver)
		h.has(0)
		w.hostSets(h.address, func(now *store.User) { now.Password = u.Password })
	}
}

func gapRemoved(t *testing.T, w *world) {
	acme, h := withHolder(w)
	h.proves(h.in)
	w.advance(period)
	svc := w.when("factor", func() { w.must(h.me(h.in).ChangeFactor(w.ctx)) })
	acme.refuses(svc.Me(h.in.Principal).RemoveFactor(w.ctx, h.code()), accesssec.CodeConflict)
	if got := h.own(h.in).State; got != policy.FactorChanging {
		t.Errorf("the factor is %q", got)
	}
}

func gapSignedOut(t *testing.T, w *world) {
	acme, h := withHolder(w)
	h.proves(h.in)
	w.advance(period)
	svc := w.when("factor", func() { w.must(h.me(h.in).SignOut(w.ctx)) })
	acme.refuses(svc.Me(h.in.Principal).RemoveFactor(w.ctx, h.code()), accesssec.CodeSignedOut)
	if h.kept().Version == 0 {
		t.Error("removed by somebody who was signed out")
	}
}

func gapConfirm(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	in := must1(w.byPassword("ann@example.com", right))
	h := &holder{w: w, address: "ann@example.com", id: in.Principal.UserID}
	h.proves(in)
	h.scans(in.Principal)
	svc := w.when("factor_pending", func() {
		_, err := h.me(in).ConfirmFactor(w.ctx, h.wrong())
		acme.refuses(err, accesssec.CodeWrongCode)
	})
	codes, err := svc.Me(in.Principal).ConfirmFactor(w.ctx, h.code())
	acme.refuses(err, accesssec.CodeConflict)
	if codes.Show() != nil || h.kept().Version != 0 {
		t.Error("live, by an attempt that was overtaken")
	}
}

func gapBegin(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	in := must1(w.byPassword("ann@example.com", right))
	h := &holder{w: w, address: "ann@example.com", id: in.Principal.UserID}
	h.proves(in)
	svc := w.when("", func() { w.must(h.me(in).SignOut(w.ctx)) })
	_, err := svc.Me(in.Principal).BeginFactor(w.ctx)
	acme.refuses(err, accesssec.CodeSignedOut)
	if n := len(w.docsOf("factor_pending", h.id)); n != 0 {
		t.Errorf("%d wait for a first code", n)
	}
}

func gapReset(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.net")
	token := acme.mustLink(p, h)
	svc := w.when("", func() { w.hostSets(h.address, func(u *store.User) { u.Password += "x" }) })
	acme.refuses(svc.SignIn().ConfirmReset(w.ctx, w.visit(), token, right), accesssec.CodeLinkOver)
	if h.own(h.in).State != policy.FactorLive {
		t.Error("reset by a password that was changed meanwhile")
	}
}

func gapHangUp(t *testing.T, w *world) {
	acme, h := withHolder(w)
	w.advance(period)
	v := h.half()
	for range 4 {
		h.mustShow(v, h.wrong(), accesssec.CodeWrongCode)
	}
	ctx, hangUp := context.WithCancel(w.ctx)
	svc := w.when("factor", hangUp)
	if _, err := svc.SignIn().SecondFactor(ctx, v, h.wrong()); err == nil {
		t.Fatal("let in")
	}
	h.waiting(0)
	if n := len(acme.events("factor.locked")); n != 1 {
		t.Errorf("%d locks in the log", n)
	}
}

func gapSettled(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.net")
	token, v := acme.mustLink(p, h), w.from("198.51.100.1")
	for range 4 {
		acme.refuses(w.svc.SignIn().ConfirmReset(w.ctx, v, token, "wrong"), accesssec.CodeWrongPassword)
	}
	w.must(w.svc.SignIn().ConfirmReset(w.ctx, v, token, right))
	for range 4 {
		if got := w.guess(v, h.address, "wrong"); got != accesssec.CodeWrongPassword {
			t.Fatalf("after a right one: %q", got)
		}
	}
}

func gapExcused(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.net")
	token, v := acme.mustLink(p, h), w.from("198.51.100.1")
	away := w.instance(noTx{w.store}, nil)
	for range 10 {
		if err := away.SignIn().ConfirmReset(w.ctx, v, token, right); !errors.Is(err, errAway) {
			t.Fatalf("the store is away: %v", err)
		}
	}
	w.must(w.svc.SignIn().ConfirmReset(w.ctx, v, token, right))
}

// noTx is a store that commits nothing but swaps.
type noTx struct{ store.Store }

func (noTx) RunInTx(context.Context, func(store.Tx) error) error { return errAway }

func gapMissing(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.com")
	w.change(func(tx store.Tx) error {
		page, err := tx.Domains(w.ctx, acme.owner.OrgID, store.Paging{})
		if err != nil {
			return err
		}
		d := page.Items[0]
		d.Status = store.DomainMissing
		return tx.UpdateDomains(w.ctx, d)
	})
	if got := acme.resets(h.id); got[0].Outcome != accesssec.ResetDone {
		t.Errorf("while the record is missing: %v", got)
	}
}

func gapHundred(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	for _, n := range []int{0, 101} {
		many := make([]string, n)
		for i := range many {
			many[i] = "usr-" + time.Duration(i).String()
		}
		_, err := acme.admin().ResetFactors(w.ctx, many...)
		if no := (*accesssec.Refusal)(nil); err == nil || errors.As(err, &no) {
			t.Errorf("%d at once: %v, want a fault of the caller", n, err)
		}
	}
}
