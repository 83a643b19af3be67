package flowtest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// factorChangeFlows: another phone, and none.
func factorChangeFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"changed at the next sign-in":      changeNextSignIn,
		"given up half-way":                changeGivenUp,
		"by a recovery code":               changeByRecovery,
		"two browsers set up":              changeTwoBrowsers,
		"not from within":                  changeNotFromWithin,
		"there is none to change":          changeNone,
		"removed":                          changeRemoved,
		"removed, and somebody is half in": changeRemovedMeanwhile,
		"single sign-on goes on":           changeSSO,
	})
}

func changeNextSignIn(t *testing.T, w *world) {
	p := newPost()
	acme, h := withHolder(w)
	w.svc = w.instance(w.store, p.sink(works))
	w.advance(6 * time.Minute)
	me := h.me(h.in)
	acme.refuses(me.ChangeFactor(w.ctx), accesssec.CodeProve)
	h.proves(h.in)
	me = h.me(h.in)
	other := h.signIn()
	w.must(me.ChangeFactor(w.ctx))
	if got := h.own(h.in); got.State != policy.FactorChanging || got.CodesLeft != 10 {
		t.Errorf("the factor is %+v", got)
	}
	w.alive(h.in, true)
	w.alive(other, true)
	if e := acme.last(audit.FactorChanging); e.Actor.ID != h.id || e.Session != h.in.Principal.SessionID {
		t.Errorf("the log says %+v", e)
	}
	w.must(me.SignOut(w.ctx))

	v := h.half() // the password alone leads nowhere, as before
	h.mustShow(v, h.wrong(), accesssec.CodeWrongCode)
	got := h.mustShow(v, h.next(), "")
	h.mustSetUp(got)
	w.by(got.Entered, "password totp")
	old, paper := h.phone, h.paper
	full := h.finishes(got.Entered)
	w.by(full, "password totp")
	w.alive(full, true)
	w.alive(other, false)
	h.has(1)
	v = h.half()
	for w.advance(period); h.fits(old.Code(w.clock())); w.advance(period) {
	}
	h.mustShow(v, old.Code(w.clock()), accesssec.CodeWrongCode)
	h.mustRedeem(v, paper[0], accesssec.CodeWrongCode)
	h.mustShow(v, h.code(), "")
	h.mustRedeem(h.half(), h.paper[0], "")
	if got := factsOf(acme.last(audit.FactorAdded)); got["before"] != "changing" || got["sessions_ended"] != "1" {
		t.Errorf("the log says %v", got)
	}
	if diff := cmp.Diff([]string{"factor_added ann@example.com", "factor_changing ann@example.com", "recovery_used ann@example.com"}, p.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
}

// changeGivenUp: until the new one is confirmed nothing has become of the old one.
func changeGivenUp(t *testing.T, w *world) {
	acme, h := withHolder(w)
	h.proves(h.in)
	w.must(h.me(h.in).ChangeFactor(w.ctx))
	old := *h
	for i := range 3 {
		got := old.mustShow(old.half(), old.next(), "")
		old.mustSetUp(got)
		h.scans(got.Entered.Principal) // on the new phone, and then nothing
		_, err := h.me(got.Entered).ConfirmFactor(w.ctx, h.wrong())
		acme.refuses(err, accesssec.CodeWrongCode)
		if i > 0 {
			w.must(h.me(got.Entered).SignOut(w.ctx))
		}
		if own := old.own(old.in); own.State != policy.FactorChanging || own.CodesLeft != 10 {
			t.Errorf("given up: %+v", own)
		}
		w.advance(11 * time.Minute)
		w.tick(w.svc)
		w.alive(h.in, true)
	}
	old.mustSetUp(old.mustRedeem(old.half(), old.paper[0], ""))
	got := old.mustShow(old.half(), old.next(), "")
	old.mustSetUp(got)
	full := h.finishes(got.Entered)
	w.alive(full, true)
	h.signIn()
}

func changeByRecovery(_ *testing.T, w *world) {
	_, h := withHolder(w)
	h.proves(h.in)
	w.must(h.me(h.in).ChangeFactor(w.ctx))
	got := h.mustRedeem(h.half(), h.paper[0], "")
	h.mustSetUp(got)
	w.by(got.Entered, "password recovery")
	full := h.finishes(got.Entered)
	w.by(full, "password totp")
	h.signIn()
}

// changeTwoBrowsers: the one that is confirmed first is the one.
func changeTwoBrowsers(_ *testing.T, w *world) {
	acme, h := withHolder(w)
	h.proves(h.in)
	w.must(h.me(h.in).ChangeFactor(w.ctx))
	one := h.mustShow(h.half(), h.next(), "").Entered
	two := h.mustShow(h.half(), h.next(), "").Entered
	three := h.mustShow(h.half(), h.next(), "").Entered
	waits := h.half()
	h.scans(one.Principal)
	late := &holder{w: w, address: h.address, id: h.id}
	late.scans(two.Principal) // takes the place of what the first has begun
	_, err := h.me(one).ConfirmFactor(w.ctx, h.code())
	acme.refuses(err, accesssec.CodeFactorExpired)
	late.paper = must1(h.me(two).ConfirmFactor(w.ctx, late.code())).Show()
	for _, in := range []*accesssec.Entered{one, three} {
		_, err = h.me(in).BeginFactor(w.ctx)
		acme.refuses(err, accesssec.CodeSignedOut)
	}
	late.mustShow(waits, late.next(), accesssec.CodeHalfOver)
	late.mustRedeem(waits, h.paper[0], accesssec.CodeHalfOver)
	must1(w.svc.SignIn().FinishSetUp(w.ctx, w.visit(), two.Principal))
	late.has(1)
	late.signIn()
}

// changeNotFromWithin: a session that is stolen, with the password, does not replace it.
func changeNotFromWithin(_ *testing.T, w *world) {
	acme, h := withHolder(w)
	h.proves(h.in)
	_, err := h.me(h.in).BeginFactor(w.ctx)
	acme.refuses(err, accesssec.CodeFactorLive)
	w.must(h.me(h.in).ChangeFactor(w.ctx))
	_, err = h.me(h.in).BeginFactor(w.ctx)
	acme.refuses(err, accesssec.CodeFactorLive)
	// A password alone that got a session for set-up while one was due, and it is not now.
	kept := h.kept().Body
	h.due("reset")
	in := h.settingUp()
	h.scans(in.Principal)
	h.becomes(kept)
	_, err = h.me(in).ConfirmFactor(w.ctx, h.code())
	acme.refuses(err, accesssec.CodeFactorLive)
	_, err = h.me(in).BeginFactor(w.ctx)
	acme.refuses(err, accesssec.CodeFactorLive)
}

func changeNone(_ *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	in := must1(w.byPassword("ann@example.com", right))
	w.prove(in)
	me := w.svc.Me(in.Principal)
	acme.refuses(me.ChangeFactor(w.ctx), accesssec.CodeNoFactor)
	acme.refuses(me.RemoveFactor(w.ctx, "123456"), accesssec.CodeNoFactor)
	_, err := me.NewRecoveryCodes(w.ctx, "123456")
	acme.refuses(err, accesssec.CodeNoFactor)
}

func changeRemoved(t *testing.T, w *world) {
	p := newPost()
	acme, h := withHolder(w)
	w.svc = w.instance(w.store, p.sink(works))
	w.advance(6 * time.Minute)
	me := h.me(h.in)
	acme.refuses(me.RemoveFactor(w.ctx, h.code()), accesssec.CodeProve)
	h.proves(h.in)
	me = h.me(h.in)
	for _, code := range []string{h.wrong(), h.paper[0], ""} {
		acme.refuses(me.RemoveFactor(w.ctx, code), accesssec.CodeWrongCode)
	}
	if e := acme.last(audit.FactorRefused); e.Actor.ID != h.id || e.Session != h.in.Principal.SessionID || factsOf(e)["factor"] != "totp" {
		t.Errorf("the log says %+v", e)
	}
	if h.own(h.in).State != policy.FactorLive {
		t.Error("removed by a wrong code")
	}
	w.must(me.RemoveFactor(w.ctx, h.code()))
	h.owns(h.in, accesssec.Factor{State: policy.FactorNone})
	w.alive(h.in, true)
	in := must1(w.byPassword(h.address, right))
	w.by(in, "password")
	if e := acme.last(audit.FactorRemoved); e.Actor.ID != h.id {
		t.Errorf("the log says %+v", e)
	}
	if diff := cmp.Diff([]string{"factor_removed ann@example.com"}, p.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	w.must(w.svc.PersonChanged(w.ctx, h.id)) // by a code of a factor that is gone one is in still
	w.alive(h.in, true)
	h.proves(h.in)
	h.sets(h.in.Principal) // and another one may be set up
	w.alive(in, false)
	h.signIn()
}

func changeRemovedMeanwhile(_ *testing.T, w *world) {
	_, h := withHolder(w)
	h.proves(h.in)
	v := h.half()
	w.must(h.me(h.in).RemoveFactor(w.ctx, h.next()))
	h.waiting(0)
	h.mustShow(v, h.next(), accesssec.CodeHalfOver)
	h.mustRedeem(v, h.paper[0], accesssec.CodeHalfOver)
	must1(w.byPassword(h.address, right))
}

// changeSSO: whatever becomes of the factor, single sign-on asks for none of it.
func changeSSO(t *testing.T, w *world) {
	acme := withAnn(w)
	h := w.holder("ann@example.com")
	for _, state := range []string{"live", "changing", "reset", "used_up", "junk"} {
		switch state {
		case "live":
		case "changing":
			h.proves(h.in)
			w.must(h.me(h.in).ChangeFactor(w.ctx))
		default:
			h.due(state)
		}
		before := string(h.kept().Body)
		l := acme.start()
		got, err := l.finish(l.answer(ann))
		if err != nil || got.Entered == nil || got.Next != "" {
			t.Errorf("%s: %+v, %v", state, got, err)
			continue
		}
		w.alive(got.Entered, true)
		w.by(got.Entered, "sso")
		if string(h.kept().Body) != before {
			t.Errorf("%s: the factor was changed", state)
		}
	}
	acme.signIn(samltest.Person{Email: "zoe@example.com"})
}
