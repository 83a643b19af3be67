package flowtest

import (
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/seal"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

// resealFlows: the host's seal keys are rotated.
func resealFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"without the old key": resealRotated,
		"beside logins":       resealBeside,
		"a factor, when used": factorSealedAnew,
	})
}

func march() seal.Key { return seal.Key{ID: "march", Secret: [32]byte{3}} }
func june() seal.Key  { return seal.Key{ID: "june", Secret: [32]byte{6}} }

// under is an instance with those keys. The next ones that w makes have them too.
func (w *world) under(current seal.Key, old ...seal.Key) *accesssec.Service {
	w.t.Helper()
	w.keys = must1(seal.NewRing(current, old...))
	return w.service(w.host.URL)
}

// sixHours pass, and what is due is done.
func (w *world) sixHours() {
	w.t.Helper()
	w.advance(6 * time.Hour)
	w.tick(w.svc)
}

func resealRotated(t *testing.T, w *world) {
	w.svc = w.under(march())
	acme := encrypting(w, samltest.AES256GCM)
	before := acme.signIn(ann)
	there := acme.sessionsThere()
	beta := w.newOrg("Beta", "owner@example.net")
	beta.add(policy.Member, "bob@example.net")
	phone, paper := bobsPhone(w)

	w.svc = w.under(june(), march())
	w.tick(w.svc)
	only := w.under(june())
	l := acme.start()
	m := l.answer(ann)
	step, err := only.SignIn().FinishSSO(w.ctx, l.visit, acme.conn.ID, m)
	if step.Entered != nil || err == nil {
		t.Errorf("the old key is gone and nothing was sealed anew: %v", err)
	}
	if r := must1(w.svc.Resealed(w.ctx)); r != (accesssec.Resealing{}) {
		t.Errorf("%+v", r)
	}
	w.sixHours()
	if r := must1(w.svc.Resealed(w.ctx)); !r.Since.Equal(w.clock()) || r.Left != 0 {
		t.Errorf("%+v", r)
	}

	w.svc = only
	acme.signIn(ann) // what is encrypted is opened
	w.alive(before, true)
	if out := must1(w.arrives(w.svc, acme.conn.ID, acme.asks(there[0]))); out.Ended != 1 || out.Bounce == nil {
		t.Errorf("%+v", out)
	}
	w.alive(before, false)
	half := func() accesssec.Visit {
		t.Helper()
		v := w.visit()
		if step := must1(w.svc.SignIn().Password(w.ctx, v, "bob@example.net", right)); step.Next != policy.NextFactor {
			t.Fatalf("%+v", step)
		}
		return v
	}
	if step := must1(w.svc.SignIn().SecondFactor(w.ctx, half(), phone.Code(w.clock()))); step.Entered == nil {
		t.Errorf("%+v", step)
	}
	if step := must1(w.svc.SignIn().Recover(w.ctx, half(), paper[0])); step.Entered == nil {
		t.Errorf("%+v", step)
	}
	if r := must1(w.svc.Resealed(w.ctx)); r.Since.IsZero() {
		t.Errorf("asked without the old key: %+v", r)
	}
}

// bobsPhone shows the codes of a second factor, and the paper his recovery codes.
func bobsPhone(w *world) (*totptest.App, []string) {
	w.t.Helper()
	in := must1(w.byPassword("bob@example.net", right))
	me := w.svc.Me(in.Principal)
	must1(me.Prove(w.ctx, right))
	setup := must1(me.BeginFactor(w.ctx))
	phone := must1(totptest.NewApp(setup.URI()))
	return phone, must1(me.ConfirmFactor(w.ctx, phone.Code(w.clock()))).Show()
}

// resealBeside: while everything is sealed anew, people come in and Admins change things,
// and nothing of it is lost.
func resealBeside(t *testing.T, w *world) {
	w.svc = w.under(march())
	acme := encrypting(w, samltest.AES256GCM)
	for range 5 {
		acme.signIn(ann)
	}
	w.svc = w.under(june(), march())
	second := w.service(w.host.URL)
	w.tick(w.svc)
	w.advance(6 * time.Hour)
	idp := idpOf(t, acme)
	_, codes := w.race(8, func(i int) error {
		switch i % 4 {
		case 0:
			l := acme.start()
			_, err := l.finish(l.answer(ann))
			return err
		case 1:
			_, err := acme.admin().Configure(w.ctx, acme.conn.ID, idp, &saml.Rules{Skew: time.Minute})
			return err
		default:
			_, err := []*accesssec.Service{w.svc, second}[i%2].Tick(w.ctx)
			return err
		}
	})
	for code, n := range codes {
		if code != accesssec.CodeReconfigured && code != accesssec.CodeConflict {
			t.Errorf("%d refused as %q", n, code)
		}
	}
	for range 3 { // who lost a race does it the next time
		w.sixHours()
	}
	if r := must1(w.svc.Resealed(w.ctx)); r.Since.IsZero() || r.Left != 0 {
		t.Errorf("%+v", r)
	}
	w.svc = w.under(june())
	acme.signIn(ann) // what is encrypted is opened
	if conn := acme.connection(); conn.Rules.Skew != time.Minute {
		t.Errorf("what an Admin changed is undone: %+v", conn.Rules)
	}
}
