package flowtest

import (
	"errors"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// lockedInSettings: a lock ends the sign-ins that wait, wherever the wrong codes were typed.
func lockedInSettings(t *testing.T, w *world) {
	acme, h := withHolder(w)
	w.advance(period)
	h.proves(h.in)
	one, two := h.half(), h.half()
	h.waiting(2)
	for range 5 {
		acme.refuses(h.me(h.in).RemoveFactor(w.ctx, h.wrong()), accesssec.CodeWrongCode)
	}
	h.waiting(0)
	w.advance(30 * time.Second)
	h.mustShow(one, h.code(), accesssec.CodeHalfOver)
	h.mustRedeem(two, h.paper[0], accesssec.CodeHalfOver)
	w.alive(h.in, true)
	h.mustShow(h.half(), h.code(), "") // which was neither counted nor used up
	if n := len(acme.events(audit.FactorLocked)); n != 1 {
		t.Errorf("%d locks in the log", n)
	}
}

// lockedByPaper: also of those that would go on by the app, which is not locked.
func lockedByPaper(_ *testing.T, w *world) {
	_, h := withHolder(w)
	w.advance(period)
	one, two := h.half(), h.half()
	v := h.half()
	for range 5 {
		h.mustRedeem(v, "0000-0000-0000-0000", accesssec.CodeWrongCode)
	}
	h.waiting(0)
	h.mustShow(one, h.code(), accesssec.CodeHalfOver)
	h.mustRedeem(two, h.paper[0], accesssec.CodeHalfOver)
	h.mustShow(h.half(), h.code(), "")
}

// lockedEveryWay: by password, by a link and by the OpenID provider.
func lockedEveryWay(t *testing.T, w *world) {
	g := w.offering(nil, accesssec.OpenIDClaims{Subject: "g-1", Address: "ann@example.com", Verified: true})
	_, h := withHolder(w)
	g.links(h.address, "g-1", h)
	g.p.takes(w)
	w.advance(period)
	begin := map[string]func(accesssec.Visit) accesssec.Step{
		"password": func(v accesssec.Visit) accesssec.Step {
			return must1(w.svc.SignIn().Password(w.ctx, v, h.address, right))
		},
		"link": func(v accesssec.Visit) accesssec.Step {
			return must1(w.svc.SignIn().Link(w.ctx, v, g.p.linked(w, v, h.address).token))
		},
		"google": func(v accesssec.Visit) accesssec.Step {
			step, no := g.comes(v, "g-1")
			if no != "" {
				t.Fatalf("by the provider: %q", no)
			}
			return step
		},
	}
	waiting := map[string]accesssec.Visit{}
	for way, in := range begin {
		waiting[way] = w.visit()
		if step := in(waiting[way]); step.Entered != nil || step.Next != policy.NextFactor {
			t.Fatalf("by %s alone: %+v", way, step)
		}
	}
	h.waiting(3)
	h.locks()
	h.waiting(0)
	g.p.takes(w) // who was locked is told
	w.advance(30 * time.Second)
	for way, v := range waiting {
		if got, no := h.shows(v, h.code()); no != accesssec.CodeHalfOver {
			t.Errorf("by %s, and then the right code after a lock: %+v, refused as %q", way, got, no)
		}
	}
	for way, in := range begin {
		w.advance(2 * time.Hour) // mails are not sent too often
		in(waiting[way])
		w.by(h.mustShow(waiting[way], h.code(), "").Entered, way+" totp")
	}
}

// factorSealedAnew: a code that is used leaves its factor under today's key, though nothing
// runs in the background.
func factorSealedAnew(t *testing.T, w *world) {
	w.svc = w.under(march())
	acme, h := withHolder(w)
	bob := acme.newHolder(policy.Member, "bob@example.com")
	w.svc = w.under(june(), march())
	h.signIn()
	h.mustRedeem(h.half(), h.paper[0], "")
	w.svc = w.under(june())
	h.signIn()
	h.mustRedeem(h.half(), h.paper[1], "")
	// Of who has not come meanwhile it is under the old key still, and a fault lets nobody in.
	v := bob.half()
	var no *accesssec.Refusal
	for _, enter := range []func() (accesssec.Step, error){
		func() (accesssec.Step, error) { return w.svc.SignIn().SecondFactor(w.ctx, v, bob.next()) },
		func() (accesssec.Step, error) { return w.svc.SignIn().Recover(w.ctx, v, bob.paper[0]) },
	} {
		if got, err := enter(); err == nil || got.Entered != nil || errors.As(err, &no) {
			t.Errorf("without its key: %+v, %v", got, err)
		}
	}
	if app, paper := bob.counted(); app != 0 || paper != 0 {
		t.Errorf("a fault of ours is counted: %d, %d", app, paper)
	}
}
