package signin

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/totp"
)

// who finds the session of r, be it one that is for nothing but setting up a second factor.
func (h *handler) who(r *http.Request) (p accesssec.Principal, settingUp bool, err error) {
	p, err = h.svc.FromRequest(r)
	if !accesssec.IsRefusal(err, accesssec.CodeSetUp) {
		return p, false, err
	}
	p, err = h.svc.SignIn().SettingUp(r)
	return p, true, err
}

// acting reads a form about the second factor, and whose it is. When it can't it answers
// and returns false.
func (h *handler) acting(w http.ResponseWriter, r *http.Request) (f form, p accesssec.Principal, settingUp, ok bool) {
	if f, ok = h.read(w, r); !ok {
		return f, p, false, false
	}
	p, settingUp, err := h.who(r)
	switch {
	case err == nil:
		return f, p, settingUp, true
	case refusal(err) != nil:
		h.signInFirst(w, r, "factor", f, err)
	default:
		h.fault(w, r, h.visit(w, r, f), err)
	}
	return f, p, settingUp, false
}

// askFactor shows what has become of the person's second factor, and what they may do. It
// begins nothing: that takes a form.
func (h *handler) askFactor(w http.ResponseWriter, r *http.Request) {
	if f, p, settingUp, ok := h.acting(w, r); ok {
		h.factorPage(w, r, f, p, settingUp, nil, "")
	}
}

// factorPage is that page. no is what was refused before, or nil, and from the form that
// it was refused to.
func (h *handler) factorPage(w http.ResponseWriter, r *http.Request, f form, p accesssec.Principal, settingUp bool, no *accesssec.Refusal, from string) {
	me := h.svc.Me(p)
	factor, err := me.Factor(r.Context())
	var pending totp.Setup
	waits := false
	if err == nil && !factor.Shown && (settingUp || factor.State == policy.FactorNone || factor.State == policy.FactorDue) {
		pending, err = me.PendingFactor(r.Context())
		waits = err == nil
		// What waits is shown under the proof that it was begun by; without one, and with
		// nothing that waits, the page offers to begin.
		if accesssec.IsRefusal(err, accesssec.CodeFactorExpired) || accesssec.IsRefusal(err, accesssec.CodeProve) {
			err = nil
		}
	}
	if err != nil {
		h.noFactorPage(w, r, f, err)
		return
	}
	status, alert := http.StatusOK, ""
	if no != nil {
		status, alert = statusOf(no), say(w, no)
	}
	data := h.view(f)
	data.Address, data.Other = factor.Address, h.to("factor", f)
	data.Factor = factorView{
		SettingUp: settingUp, Due: factor.State == policy.FactorDue, Changing: factor.State == policy.FactorChanging,
		Disabled: factor.Disabled, Since: factor.Since.Format("2 January 2006"), Left: factor.CodesLeft, Wrong: from,
	}
	switch {
	case factor.Shown:
		h.page(w, r, status, "shown", "Your second factor is set up", alert, data)
	case waits:
		data.Factor.show(pending)
		h.page(w, r, status, "setup", titleSetUp, alert, data)
	case settingUp || factor.State == policy.FactorNone || factor.State == policy.FactorDue:
		h.page(w, r, status, "begin", titleSetUp, alert, data)
	case factor.State == policy.FactorLive || factor.State == policy.FactorChanging:
		h.page(w, r, status, "factor", "Your second factor", alert, data)
	default: // nothing here knows what to do with it
		h.fault(w, r, h.visit(w, r, f), fmt.Errorf("signin: the second factor of %s is %q", p.UserID, factor.State))
	}
}

// noFactorPage is for an account that can't be shown. It leads nowhere by itself: who is
// sent to sign in while they have a session would come back here.
func (h *handler) noFactorPage(w http.ResponseWriter, r *http.Request, f form, err error) {
	v := h.visit(w, r, f)
	if no := refusal(err); no != nil {
		h.refusedInside(w, r, v, no)
		return
	}
	h.fault(w, r, v, err)
}

// factorRefused answers a form about the second factor that was refused, or has failed.
func (h *handler) factorRefused(w http.ResponseWriter, r *http.Request, f form, p accesssec.Principal, settingUp bool, err error, from string) {
	no := refusal(err)
	switch {
	case no == nil:
		h.fault(w, r, h.visit(w, r, f), err)
	case no.Code == accesssec.CodeProve:
		h.redirect(w, r, h.to("prove", form{next: accesssec.SafePath(h.to("factor", f))}))
	case no.Code == accesssec.CodeSetUp: // it is set up but for the last step, and the page says so
		h.redirect(w, r, h.to("factor", f))
	default:
		h.factorPage(w, r, f, p, settingUp, no, from)
	}
}

// changeFactor signs out: the next sign-in asks for the old one, and then sets up the new.
func (h *handler) changeFactor(w http.ResponseWriter, r *http.Request) {
	f, p, settingUp, ok := h.acting(w, r)
	if !ok {
		return
	}
	me := h.svc.Me(p)
	if err := me.ChangeFactor(r.Context()); err != nil {
		h.factorRefused(w, r, f, p, settingUp, err, "")
		return
	}
	if err := me.SignOut(r.Context()); err != nil && refusal(err) == nil {
		h.fault(w, r, h.visit(w, r, f), err)
		return
	}
	accesssec.ClearCookie(w)
	h.note(w, r, http.StatusOK, "You are signed out",
		"Sign in again to set up your new second factor. You are asked for a code of the app you have, or for a recovery code, and then you set up the new one. Until that is done the old one stays good.",
		h.start(f), "Sign in")
}

func (h *handler) removeFactor(w http.ResponseWriter, r *http.Request) {
	f, p, settingUp, ok := h.acting(w, r)
	if !ok {
		return
	}
	if err := h.svc.Me(p).RemoveFactor(r.Context(), f.code()); err != nil {
		h.factorRefused(w, r, f, p, settingUp, err, "remove")
		return
	}
	h.note(w, r, http.StatusOK, "Your second factor is removed",
		"From now on a password is enough to sign in. The recovery codes are worthless; you can delete the account from the app.",
		h.view(f).Back, "Go on")
}

func (h *handler) renewCodes(w http.ResponseWriter, r *http.Request) {
	f, p, settingUp, ok := h.acting(w, r)
	if !ok {
		return
	}
	codes, err := h.svc.Me(p).NewRecoveryCodes(r.Context(), f.code())
	if err != nil {
		h.factorRefused(w, r, f, p, settingUp, err, "codes")
		return
	}
	h.codesPage(w, r, f, codes)
}

// day is how a date stands in the URL of the page "soon".
const day = "2006-01-02"

// soon is the page that tells somebody who came in without a second factor that they will need
// one. until may be zero: at the next sign-in.
func (h *handler) soon(f form, until time.Time) string {
	to := h.to("factor/soon", f)
	if until.IsZero() {
		return to
	}
	mark := "?"
	if strings.Contains(to, mark) {
		mark = "&"
	}
	return to + mark + "until=" + until.UTC().Format(day)
}

// askSoon changes nothing, and stands in nobody's way: whoever goes on has seen it.
func (h *handler) askSoon(w http.ResponseWriter, r *http.Request) {
	f, me, ok := h.own(w, r, "factor/soon")
	if !ok {
		return
	}
	factor, err := me.Factor(r.Context())
	if err != nil {
		h.noFactorPage(w, r, f, err)
		return
	}
	data := h.view(f)
	data.Address = factor.Address
	data.Text = "Your organization asks for a second factor. At your next sign-in you set one up before anything else."
	if until, err := time.Parse(day, f.values.Get("until")); err == nil {
		data.Text = "Your organization asks for a second factor from " + until.Format("2 January 2006") + " on. Who has none by then sets one up before anything else."
	}
	h.page(w, r, http.StatusOK, "soon", titleSetUp, "", data)
}
