package flowtest

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// factorRestricted: an Owner who is let in for set-up is let in to nothing else.
func factorRestricted(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	h := w.holder("owner@example.com")
	h.due("reset")
	in := h.settingUp()
	p, me := in.Principal, h.me(in)
	h.onlySetUp(acme, in)
	if got := h.own(in); got.State != policy.FactorDue || got.Shown {
		t.Errorf("before: %+v", got)
	}
	_, err := w.svc.SignIn().FinishSetUp(w.ctx, w.visit(), p)
	acme.refuses(err, accesssec.CodeSetUp) // nothing is set up yet
	h.sets(p)
	h.onlySetUp(acme, in)
	if got := h.own(in); got.State != policy.FactorLive || !got.Shown {
		t.Errorf("confirmed: %+v", got)
	}
	_, err = me.BeginFactor(w.ctx)
	acme.refuses(err, accesssec.CodeSetUp)
	for _, other := range []accesssec.Principal{{}, {UserID: p.UserID, OrgID: p.OrgID, SessionID: p.SessionID}, acme.owner} {
		_, err = w.svc.SignIn().FinishSetUp(w.ctx, w.visit(), other)
		acme.refuses(err, accesssec.CodeSignedOut)
	}
	got := must1(w.svc.SignIn().FinishSetUp(w.ctx, w.visit(), p))
	w.alive(in, false)
	w.alive(got.Entered, true)
	h.has(1)
	w.by(got.Entered, "password totp")
	_, err = w.svc.SignIn().FinishSetUp(w.ctx, w.visit(), p)
	acme.refuses(err, accesssec.CodeSignedOut)
	_, err = w.svc.SignIn().FinishSetUp(w.ctx, w.visit(), got.Entered.Principal)
	acme.refuses(err, accesssec.CodeNotFound)
	must1(w.svc.Admin(got.Entered.Principal).Settings(w.ctx))
	if !w.row(got.Entered).ProvedAt.IsZero() {
		t.Error("set-up counts as a proof")
	}
}

// onlySetUp compares that a session is refused everywhere but at set-up and sign-out.
func (h *holder) onlySetUp(c *customer, in *accesssec.Entered) {
	w := h.w
	w.t.Helper()
	me, admin := h.me(in), w.svc.Admin(in.Principal)
	calls := everyCall(w, admin, c)
	_, calls["Profile"] = me.Profile(w.ctx)
	_, calls["NewRecoveryCodes"] = me.NewRecoveryCodes(w.ctx, h.code())
	_, calls["Authenticate"] = w.svc.Authenticate(w.ctx, in.Token())
	_, calls["FromRequest"] = w.svc.FromRequest(sent(in, false))
	calls["SetName"] = me.SetName(w.ctx, "Eve", "Evil")
	_, calls["Prove"] = me.Prove(w.ctx, right)
	calls["ChangeFactor"] = me.ChangeFactor(w.ctx)
	calls["RemoveFactor"] = me.RemoveFactor(w.ctx, h.code())
	for name, err := range calls {
		if no := w.code(err); no != accesssec.CodeSetUp {
			w.t.Errorf("%s in a session for set-up: %q", name, no)
		}
	}
	inside := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { w.t.Error("let through") })
	for page, want := range map[bool]int{true: http.StatusSeeOther, false: http.StatusUnauthorized} {
		rec := httptest.NewRecorder()
		w.svc.Protect(inside).ServeHTTP(rec, sent(in, page))
		if to := rec.Header().Get("Location"); rec.Code != want || page && to != "/auth/factor?next=%2Freports%3Fof%3Dtoday" {
			w.t.Errorf("Protect answers by %d, to %q", rec.Code, to)
		}
	}
	if p := must1(w.svc.SignIn().SettingUp(sent(in, true))); p != in.Principal {
		w.t.Errorf("setting up is %+v", p)
	}
}

func factorRestrictedEnds(t *testing.T, w *world) {
	acme, h := withHolder(w)
	h.due("reset")
	in := h.settingUp()
	w.must(h.me(in).SignOut(w.ctx))
	_, err := h.me(in).BeginFactor(w.ctx)
	acme.refuses(err, accesssec.CodeSignedOut)
	in = h.settingUp()
	w.advance(25 * time.Minute)
	h.scans(in.Principal)
	w.advance(5*time.Minute - time.Microsecond)
	must1(h.me(in).PendingFactor(w.ctx))
	w.advance(time.Microsecond)
	_, err = h.me(in).ConfirmFactor(w.ctx, h.code())
	acme.refuses(err, accesssec.CodeSignedOut)
	_, err = w.svc.SignIn().SettingUp(sent(in, true))
	acme.refuses(err, accesssec.CodeSignedOut)
	// Confirmed and not finished: the factor is live, and the session ends as it would have.
	in = h.settingUp()
	h.sets(in.Principal)
	w.advance(30 * time.Minute)
	_, err = w.svc.SignIn().FinishSetUp(w.ctx, w.visit(), in.Principal)
	acme.refuses(err, accesssec.CodeSignedOut)
	h.signIn()
	// Whoever is signed in as usual is not setting up.
	_, err = w.svc.SignIn().SettingUp(sent(h.signIn(), true))
	acme.refuses(err, accesssec.CodeSignedOut)
	if n := len(acme.events(audit.LoginRefused)); n != 0 {
		t.Errorf("%d refused sign-ins in the log", n)
	}
}

// factorToken: the token is what a host keeps that has a cookie of its own.
func factorToken(t *testing.T, w *world) {
	acme, h := withHolder(w)
	usual := h.signIn()
	h.due("reset")
	in := h.settingUp()
	if p := must1(w.svc.SignIn().SettingUpBy(w.ctx, in.Token())); p != in.Principal {
		t.Errorf("setting up is %+v", p)
	}
	for _, token := range []string{"", "s1.", in.Token() + "x", usual.Token()} {
		p, err := w.svc.SignIn().SettingUpBy(w.ctx, token)
		acme.refuses(err, accesssec.CodeSignedOut)
		if p != (accesssec.Principal{}) {
			t.Errorf("refused, and yet %+v", p)
		}
	}
}
