package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"

	"github.com/accesssec/accesssec-go/totp"
)

// pending is a row of a factor that waits for its first code, as package totp works with it.
type pending struct {
	setup
	enrollment totp.Enrollment
}

// pending reads what this session has begun; errGone when that is nothing, or too long ago.
func (a *app) pending(s session) (pending, error) {
	kept, err := a.memory.setup(s.token, a.now())
	if err != nil {
		return pending{}, err
	}
	p := pending{setup: kept}
	err = json.Unmarshal(kept.enrollment, &p.enrollment)
	return p, err
}

// maySetUp says who sets up a factor: who has none, or has shown what is left of the old
// one. Who has a live one says first that they want to change it.
func maySetUp(f factor, s session) bool {
	return f.state == none || f.state == due || f.state == changing && s.setUp
}

// showSetup is the one page that shows the secret, and only until the first code.
func (a *app) showSetup(w http.ResponseWriter, r *http.Request, s session) error {
	f, err := a.factor(s.user)
	if err != nil {
		return err
	}
	if !maySetUp(f, s) {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	return a.setupPage(w, s, refusal{status: http.StatusOK})
}

// beginSetup makes a secret, of which nothing changes yet.
func (a *app) beginSetup(w http.ResponseWriter, r *http.Request, s session) error {
	f, err := a.factor(s.user)
	if err != nil {
		return err
	}
	if !maySetUp(f, s) {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	if err := a.proves(r, s); err != nil {
		return err
	}
	enrollment, secret, err := totp.New(a.now(), nil)
	if err != nil {
		return err
	}
	kept, err := json.Marshal(enrollment)
	if err != nil {
		return err
	}
	id := rand.Text()
	err = a.memory.begin(setup{session: s.token, user: s.user, id: id, enrollment: kept,
		secret: a.sealSecret(s.user, id, secret), endsAt: enrollment.CreatedAt().Add(totp.ConfirmWithin)})
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/setup", http.StatusSeeOther)
	return nil
}

// confirmSetup takes the first code, and with it puts the factor in the place of the one
// before. That an app shows the code is the proof that nobody is locked out from here on.
func (a *app) confirmSetup(w http.ResponseWriter, r *http.Request, s session) error {
	f, err := a.factor(s.user) // as it is now; the last swap is against this one
	if err != nil {
		return err
	}
	if !maySetUp(f, s) {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	p, err := a.byFirstCode(s, r.PostForm.Get("code"))
	if err != nil {
		return err
	}
	f.state, f.id, f.secret, f.enrollment = live, p.id, p.secret, p.enrollment
	f, codes, err := a.newCodes(r.Context(), f)
	if err != nil {
		return err
	}
	kept, err := f.kept()
	if err != nil {
		return err
	}
	// Sessions that were opened without this factor end here, and so does whoever was
	// asked for the one before.
	token, next := a.newSession(s.user)
	if err := a.memory.replace(kept, source{s.token, &p.setup}, &next, a.now()); err != nil {
		return err
	}
	a.log.Printf("user %s: has set up a second factor", s.user)
	a.enter(w, r, token, next)
	a.codesPage(w, f, codes)
	return nil
}

// byFirstCode is byApp for a factor that waits. The code that confirms is used up by that.
func (a *app) byFirstCode(s session, code string) (pending, error) {
	p, err := a.pending(s)
	if err != nil {
		return pending{}, err
	}
	attempt, err := p.enrollment.BeginConfirmation(a.now())
	if err != nil {
		return pending{}, err
	}
	if p.setup.enrollment, err = json.Marshal(attempt.Booked()); err != nil {
		return pending{}, err
	}
	if p.setup, err = a.memory.swapSetup(p.setup); err != nil {
		return pending{}, err
	}
	secret, err := a.openSecret(p.user, p.id, p.secret)
	if err != nil {
		return pending{}, err
	}
	p.enrollment, err = attempt.Check(secret, code)
	return p, err
}

// setupPage shows the factor that waits, or asks for the password to make one.
func (a *app) setupPage(w http.ResponseWriter, s session, no refusal) error {
	f, err := a.factor(s.user)
	if err != nil {
		return err
	}
	u, err := a.memory.userOf(s.user)
	if err != nil {
		return err
	}
	shown := page{Alert: no.text, Address: u.address, Forced: s.setUp, Unguarded: f.state == due}
	p, err := a.pending(s)
	if errors.Is(err, errGone) {
		a.pages.write(w, no.status, "begin", shown)
		return nil
	}
	if err != nil {
		return err
	}
	secret, err := a.openSecret(p.user, p.id, p.secret)
	if err != nil {
		return err
	}
	how, err := p.enrollment.Setup(product, u.address, secret)
	if err != nil {
		return err
	}
	// Package totp writes both of them of nothing that could be markup or another scheme.
	shown.QR, shown.Link = template.HTML(how.QR().SVG()), template.URL(how.URI())
	shown.Secret = how.SecretText()
	a.pages.write(w, no.status, "setup", shown)
	return nil
}
