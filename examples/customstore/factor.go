package main

import (
	"errors"
	"html/template"
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/totp"
)

// holder is who looks after their own second factor. forced: they are in a session that is
// for nothing but setting one up.
type holder struct {
	accesssec.Principal
	forced bool
}

// ownFactor lets both kinds of session through.
func (a *app) ownFactor(do func(http.ResponseWriter, *http.Request, holder)) http.Handler {
	as := func(forced bool) forPerson {
		return func(w http.ResponseWriter, r *http.Request, p accesssec.Principal) { do(w, r, holder{p, forced}) }
	}
	return a.either(as(false), as(true))
}

// factorPage is what the pages of the second factor show, each a part of it.
type factorPage struct {
	Alert, Next string
	Forced      bool
	Factor      accesssec.Factor
	QR          template.HTML
	Link        template.URL
	Secret      string
	Codes       []string
}

func (a *app) showFactor(w http.ResponseWriter, r *http.Request, o holder) {
	a.factorPage(w, r, o, http.StatusOK, "")
}

func (a *app) factorPage(w http.ResponseWriter, r *http.Request, o holder, status int, alert string) {
	f, err := a.svc.Me(o.Principal).Factor(r.Context())
	if err != nil {
		a.refuseOwner(w, r, o, err)
		return
	}
	a.page(w, status, "factor", factorPage{Alert: alert, Next: accesssec.SafePath(r.FormValue("next")), Forced: o.forced, Factor: f})
}

// refuseOwner shows the page again with what was wrong. Who has no session any more goes
// back to the login.
func (a *app) refuseOwner(w http.ResponseWriter, r *http.Request, o holder, err error) {
	var no *accesssec.Refusal
	switch {
	case !errors.As(err, &no):
		a.fault(w, r, err)
	case no.Code == accesssec.CodeSignedOut:
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	default:
		a.factorPage(w, r, o, statusOf(w, no), no.Say)
	}
}

// region setup

// beginFactor makes a factor that waits for its first code. Who is signed in as usual types
// the password again: a browser that was left alone must not bind somebody else's phone.
func (a *app) beginFactor(w http.ResponseWriter, r *http.Request, o holder) {
	if !o.forced {
		if err := a.prove(w, r, &o.Principal); err != nil {
			a.refuseOwner(w, r, o, err)
			return
		}
	}
	setup, err := a.svc.Me(o.Principal).BeginFactor(r.Context())
	if err != nil {
		a.refuseOwner(w, r, o, err)
		return
	}
	a.setupPage(w, r, o, http.StatusOK, "", setup)
}

// confirmFactor makes it live, by what the app shows. The recovery codes come with that.
func (a *app) confirmFactor(w http.ResponseWriter, r *http.Request, o holder) {
	me := a.svc.Me(o.Principal)
	codes, err := me.ConfirmFactor(r.Context(), r.PostFormValue("code"))
	if err == nil {
		a.codesPage(w, r, o, codes)
		return
	}
	var no *accesssec.Refusal
	if errors.As(err, &no) {
		if setup, fault := me.PendingFactor(r.Context()); fault == nil { // it waits still
			a.setupPage(w, r, o, statusOf(w, no), no.Say, setup)
			return
		}
	}
	a.refuseOwner(w, r, o, err)
}

// finishFactor is for who has saved the recovery codes. A login that had to be finished by
// this goes on: with another token, in the host's cookie.
func (a *app) finishFactor(w http.ResponseWriter, r *http.Request, o holder) {
	if !o.forced {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	step, err := a.svc.SignIn().FinishSetUp(r.Context(), a.visit(w, r), o.Principal)
	if err != nil {
		a.refuseOwner(w, r, o, err)
		return
	}
	a.enter(w, r, step)
}

// endregion

func (a *app) setupPage(w http.ResponseWriter, r *http.Request, o holder, status int, alert string, setup totp.Setup) {
	// Package totp writes both of nothing that could be markup or another scheme.
	a.page(w, status, "setup", factorPage{
		Alert: alert, Next: accesssec.SafePath(r.FormValue("next")), Forced: o.forced,
		QR: template.HTML(setup.QR().SVG()), Link: template.URL(setup.URI()), Secret: setup.SecretText(),
	})
}

// codesPage shows the recovery codes, once: nobody keeps them but the person.
func (a *app) codesPage(w http.ResponseWriter, r *http.Request, o holder, codes totp.Codes) {
	a.page(w, http.StatusOK, "codes", factorPage{Codes: codes.Show(), Next: accesssec.SafePath(r.FormValue("next")), Forced: o.forced})
}

// downloadCodes gives back as a file what the page sends, for nothing here has them.
func (a *app) downloadCodes(w http.ResponseWriter, r *http.Request, o holder) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "This form can't be read.", http.StatusBadRequest)
		return
	}
	codes, err := totp.ParseCodes(r.PostForm["code"])
	if err != nil {
		http.Error(w, "These are no recovery codes.", http.StatusBadRequest)
		return
	}
	f, err := a.svc.Me(o.Principal).Factor(r.Context())
	if err != nil {
		a.refuseOwner(w, r, o, err)
		return
	}
	codes.Download(w, f.Issuer, f.Address, f.At)
}

// prove takes the password that was typed again. The session goes on under another token:
// the browser gets it, and p is what acts from here on.
func (a *app) prove(w http.ResponseWriter, r *http.Request, p *accesssec.Principal) error {
	in, err := a.svc.Me(*p).Prove(r.Context(), r.PostFormValue("password"))
	if err != nil {
		return err
	}
	*p = in.Principal
	old, _ := a.cookies.read(r)
	return a.cookies.set(w, in, old)
}

// changeFactor is for another phone. At the next login the old one, or a recovery code, is
// asked for, and then the new one is set up: that login begins now.
func (a *app) changeFactor(w http.ResponseWriter, r *http.Request, o holder) {
	err := a.prove(w, r, &o.Principal)
	me := a.svc.Me(o.Principal)
	if err == nil {
		err = me.ChangeFactor(r.Context())
	}
	if err == nil {
		err = me.SignOut(r.Context())
	}
	if err != nil {
		a.refuseOwner(w, r, o, err)
		return
	}
	a.cookies.clear(w)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// removeFactor asks for the password and a code: either alone can be somebody else's.
func (a *app) removeFactor(w http.ResponseWriter, r *http.Request, o holder) {
	err := a.prove(w, r, &o.Principal)
	if err == nil {
		err = a.svc.Me(o.Principal).RemoveFactor(r.Context(), r.PostFormValue("code"))
	}
	if err != nil {
		a.refuseOwner(w, r, o, err)
		return
	}
	http.Redirect(w, r, "/factor", http.StatusSeeOther)
}

// renewCodes makes the old recovery codes worthless. It asks for what removing asks for.
func (a *app) renewCodes(w http.ResponseWriter, r *http.Request, o holder) {
	err := a.prove(w, r, &o.Principal)
	var codes totp.Codes
	if err == nil {
		codes, err = a.svc.Me(o.Principal).NewRecoveryCodes(r.Context(), r.PostFormValue("code"))
	}
	if err != nil {
		a.refuseOwner(w, r, o, err)
		return
	}
	a.codesPage(w, r, o, codes)
}
