package flowtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// factorRecoveryFlows: in without the phone.
func factorRecoveryFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"a code is good once, however typed": recoveryOnce,
		"down to the last one":               recoveryLast,
		"the last one, with codes disabled":  recoveryLastDisabled,
		"what is left in other browsers":     recoveryLastElsewhere,
		"new ones":                           recoveryRenewed,
	})
}

func recoveryOnce(t *testing.T, w *world) {
	p := newPost()
	acme, h := withHolder(w)
	w.svc = w.instance(w.store, p.sink(works))
	v := h.half()
	in := h.mustRedeem(v, h.paper[4], "").Entered
	w.by(in, "password recovery")
	w.alive(in, true)
	if !w.row(in).ProvedAt.IsZero() {
		t.Error("a recovery code counts as a proof")
	}
	acme.refuses(h.me(in).ChangeFactor(w.ctx), accesssec.CodeProve)
	_, err := h.me(in).NewRecoveryCodes(w.ctx, h.next())
	acme.refuses(err, accesssec.CodeProve)
	if e := acme.last(audit.FactorRecovered); factsOf(e)["left"] != "9" || e.Trace != v.Trace || e.Actor.ID != h.id || e.Outcome != audit.Success {
		t.Errorf("the log says %+v", e)
	}
	if diff := cmp.Diff([]string{"recovery_used ann@example.com"}, p.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	if n := p.tried[0]; !strings.Contains(n.Text, "9 more are left") {
		t.Errorf("the notice says\n%s", n.Text)
	}
	h.mustRedeem(v, h.paper[4], accesssec.CodeHalfOver)
	spellings := []func(string) string{
		strings.ToLower,
		func(c string) string { return strings.ReplaceAll(c, "-", "") },
		func(c string) string { return "  " + strings.ReplaceAll(c, "-", " ") + "\t" },
		func(c string) string { return strings.ReplaceAll(c, "0", "o") },
		func(c string) string { return strings.ReplaceAll(c, "1", "l") },
	}
	v = h.half()
	for _, spell := range spellings[:4] {
		h.mustRedeem(v, spell(h.paper[4]), accesssec.CodeWrongCode)
	}
	if _, paper := h.counted(); paper != 4 {
		t.Errorf("%d attempts are counted, want 4", paper)
	}
	for i, spell := range spellings {
		h.mustRedeem(h.half(), spell(h.paper[5+i]), "")
	}
	if got := h.own(in); got.CodesLeft != 4 {
		t.Errorf("%d codes are left", got.CodesLeft)
	}
	h.signIn() // the app is what it was
}

// recoveryLast: it lets in like the others, and nothing is left to ask for after it.
func recoveryLast(t *testing.T, w *world) {
	p := newPost()
	acme, h := withHolder(w)
	w.svc = w.instance(w.store, p.sink(works))
	var in *accesssec.Entered
	for i, code := range h.paper {
		got := h.mustRedeem(h.half(), code, "")
		if in = got.Entered; got.Next != "" {
			t.Fatalf("code %d leads to %q", i, got.Next)
		}
		want := "more are left"
		switch i {
		case 8:
			want = "One more is left"
		case 9:
			want = "It was the last one"
		}
		if told := p.told(w); len(told) != 1 || !strings.Contains(p.tried[i].Text, want) {
			t.Errorf("after code %d told %v: %s", i, told, p.tried[i].Text)
		}
		if got := factsOf(acme.last(audit.FactorRecovered))["left"]; got != fmt.Sprint(9-i) {
			t.Errorf("after code %d the log says that %s are left", i, got)
		}
		w.advance(period)
	}
	w.alive(in, true)
	w.alive(h.in, true)
	h.owns(in, accesssec.Factor{State: policy.FactorDue})
	// Whoever wants to may set it up at once, with a proof.
	_, err := h.me(in).BeginFactor(w.ctx)
	acme.refuses(err, accesssec.CodeProve)
	next := h.settingUp()
	w.by(next, "password")
	if e := acme.last(audit.SessionCreated); factsOf(e)["restricted"] != "enrol" {
		t.Errorf("the log says %+v", e)
	}
	full := h.finishes(next)
	w.alive(in, false) // no second factor of today was asked for it
	w.alive(full, true)
	if got := factsOf(acme.last(audit.FactorAdded)); got["before"] != "due" {
		t.Errorf("the log says %v", got)
	}
	h.has(1)
	h.signIn()
}

// recoveryLastDisabled: it is the last one, and no code of the app would be taken.
func recoveryLastDisabled(t *testing.T, w *world) {
	_, h := withHolder(w)
	for i := 1; i <= 9; i++ {
		h.mustRedeem(h.half(), h.paper[i], "")
	}
	h.becomes([]byte(strings.Replace(string(h.kept().Body), `"last_step"`, `"fails":100,"last_step"`, 1)))
	if app, _ := h.counted(); app != 100 {
		t.Fatalf("%d codes are counted", app)
	}
	h.mustShow(h.half(), h.next(), accesssec.CodeFactorDisabled)
	got := h.mustRedeem(h.half(), h.paper[0], "")
	h.mustSetUp(got)
	h.finishes(got.Entered)
	h.signIn()
}

// recoveryLastElsewhere: a sign-in that waits for a code has none to wait for any more.
func recoveryLastElsewhere(_ *testing.T, w *world) {
	_, h := withHolder(w)
	v := h.half()
	for _, code := range h.paper {
		h.mustRedeem(h.half(), code, "")
	}
	h.mustShow(v, h.next(), accesssec.CodeHalfOver)
	h.mustRedeem(v, h.paper[0], accesssec.CodeHalfOver)
	h.has(11)
	got := must1(w.svc.SignIn().Password(w.ctx, v, h.address, right)) // starting again helps
	h.mustSetUp(got)
}

func recoveryRenewed(t *testing.T, w *world) {
	p := newPost()
	acme, h := withHolder(w)
	w.svc = w.instance(w.store, p.sink(works))
	me := h.me(h.in)
	w.advance(period)
	h.mustRedeem(h.half(), h.paper[0], "")
	p.told(w)
	w.advance(period * 10)
	_, err := me.NewRecoveryCodes(w.ctx, h.code())
	acme.refuses(err, accesssec.CodeProve)
	h.proves(h.in)
	me = h.me(h.in)
	for _, code := range []string{h.wrong(), h.paper[1], ""} {
		_, err = me.NewRecoveryCodes(w.ctx, code)
		acme.refuses(err, accesssec.CodeWrongCode)
	}
	h.mustRedeem(h.half(), h.paper[1], "") // the old ones are good until then
	p.told(w)
	old := h.paper
	h.paper = must1(me.NewRecoveryCodes(w.ctx, h.code())).Show()
	if len(h.paper) != 10 || h.own(h.in).CodesLeft != 10 {
		t.Errorf("%d new ones, %d left", len(h.paper), h.own(h.in).CodesLeft)
	}
	v := h.half()
	for _, code := range old[:4] {
		h.mustRedeem(v, code, accesssec.CodeWrongCode)
	}
	h.mustRedeem(v, h.paper[0], "")
	h.signIn()
	if n := len(acme.events(audit.RecoveryRenewed)); n != 1 {
		t.Errorf("%d times in the log", n)
	}
	if diff := cmp.Diff([]string{"recovery_renewed ann@example.com", "recovery_used ann@example.com"}, p.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
}
