package main

import (
	"net/http"

	"github.com/accesssec/accesssec-go/totp"
)

// fewCodes is when the page asks for new ones.
const fewCodes = 3

// showAccount is the page of somebody who has come in.
func (a *app) showAccount(w http.ResponseWriter, _ *http.Request, s session) error {
	return a.accountPage(w, s, refusal{status: http.StatusOK})
}

func (a *app) accountPage(w http.ResponseWriter, s session, no refusal) error {
	f, err := a.factor(s.user)
	if err != nil {
		return err
	}
	u, err := a.memory.userOf(s.user)
	if err != nil {
		return err
	}
	shown := page{Alert: no.text, Address: u.address}
	if f.state == live {
		shown.Factor = &shownFactor{
			Since: f.enrollment.CreatedAt().Format("2 January 2006"), Set: f.recovery.ID(), Saved: f.saved,
			Left: f.recovery.Left(), Few: f.recovery.Left() <= fewCodes,
			NoApp: f.enrollment.Disabled(), NoRecovery: f.recovery.Disabled(),
		}
	}
	a.pages.write(w, no.status, "account", shown)
	return nil
}

// renewCodes makes new recovery codes. The old ones are void with that.
func (a *app) renewCodes(w http.ResponseWriter, r *http.Request, s session) error {
	f, err := a.provesBoth(r, s)
	if err != nil {
		return err
	}
	f, codes, err := a.newCodes(r.Context(), f)
	if err != nil {
		return err
	}
	if f, err = a.save(f); err != nil {
		return err
	}
	a.log.Printf("user %s: has new recovery codes", s.user)
	a.codesPage(w, f, codes)
	return nil
}

// codesPage is the answer to the form that made them, and can't be had again.
func (a *app) codesPage(w http.ResponseWriter, f factor, codes totp.Codes) {
	a.pages.write(w, http.StatusOK, "codes", page{Codes: codes.Show(), Factor: &shownFactor{Set: f.recovery.ID()}})
}

// downloadCodes gives back as a file what the page sends. Nothing here has the codes any
// more, and in a form they are in no URL.
func (a *app) downloadCodes(w http.ResponseWriter, r *http.Request, s session) error {
	codes, err := totp.ParseCodes(r.PostForm["code"])
	if err != nil {
		a.pages.write(w, http.StatusBadRequest, "message", page{Title: "No recovery codes", Text: "These are no recovery codes of ours."})
		return nil
	}
	u, err := a.memory.userOf(s.user)
	if err != nil {
		return err
	}
	codes.Download(w, product, u.address, a.now())
	return nil
}

// savedCodes keeps that the person has the codes, so that the account page need not ask.
// What an old page says of codes that are void counts for nothing.
func (a *app) savedCodes(w http.ResponseWriter, r *http.Request, s session) error {
	f, err := a.factor(s.user)
	if err != nil {
		return err
	}
	if f.state == live && r.PostForm.Get("set") == f.recovery.ID() {
		f.saved = true
		if _, err := a.save(f); err != nil {
			return err
		}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// change signs out everywhere. At the next login the old factor is asked for a last time,
// the app's or a recovery code, and then a new one is set up. So at no time does a password
// alone stand between a thief and the account, and who has lost the phone can do it too.
func (a *app) change(w http.ResponseWriter, r *http.Request, s session) error {
	f, err := a.factor(s.user)
	if err != nil {
		return err
	}
	if f.state != live {
		return errConflict
	}
	if err := a.proves(r, s); err != nil {
		return err
	}
	f.state = changing
	kept, err := f.kept()
	if err != nil {
		return err
	}
	if err := a.memory.replace(kept, source{session: s.token}, nil, a.now()); err != nil {
		return err
	}
	a.log.Printf("user %s: changes their second factor", s.user)
	clearCookie(w, sessionCookie)
	a.pages.write(w, http.StatusOK, "message", page{Title: "You are signed out everywhere",
		Text: "Sign in once more with a code that you have, from your app or a recovery code. Then you set up the new app."})
	return nil
}

// remove takes the factor off. What was opened under it ends.
func (a *app) remove(w http.ResponseWriter, r *http.Request, s session) error {
	f, err := a.provesBoth(r, s)
	if err != nil {
		return err
	}
	f.state = none
	kept, err := f.kept()
	if err != nil {
		return err
	}
	token, next := a.newSession(s.user)
	if err := a.memory.replace(kept, source{session: s.token}, &next, a.now()); err != nil {
		return err
	}
	a.log.Printf("user %s: has removed their second factor", s.user)
	a.enter(w, r, token, next)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
