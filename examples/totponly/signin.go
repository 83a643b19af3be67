package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
)

func (a *app) showSignIn(w http.ResponseWriter, _ *http.Request) {
	a.pages.write(w, http.StatusOK, "signin", page{})
}

func (a *app) signIn(w http.ResponseWriter, r *http.Request) {
	id, err := a.byPassword(w, r)
	if err != nil {
		no := a.refuse(w, cmp.Or(id, "unknown"), err)
		a.pages.write(w, no.status, "signin", page{Alert: no.text})
	}
}

// byPassword looks at the password, and decides whether a code is owed.
func (a *app) byPassword(w http.ResponseWriter, r *http.Request) (id string, err error) {
	u, err := a.memory.userAt(strings.ToLower(strings.TrimSpace(r.PostForm.Get("address"))))
	if err != nil && !errors.Is(err, errGone) {
		return "", err
	}
	// Without an account this costs the same and says the same.
	ok, _, err := a.hasher.Verify(r.Context(), r.PostForm.Get("password"), u.password)
	if err != nil {
		return u.id, err
	}
	if !ok {
		return u.id, errPassword
	}
	f, err := a.factor(u.id)
	if err != nil {
		return u.id, err
	}
	switch f.state {
	case none, due:
		return u.id, a.letIn(w, r, f)
	default:
		return u.id, a.askCode(w, r, f)
	}
}

// letIn lets in by the password alone.
func (a *app) letIn(w http.ResponseWriter, r *http.Request, f factor) error {
	token, s := a.newSession(f.user)
	s.setUp = f.state != none
	if err := a.memory.letIn(f.row, s, a.now()); err != nil {
		return err
	}
	a.log.Printf("user %s: signed in by password", f.user)
	a.enter(w, r, token, s)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// askCode keeps that the password was right, which opens nothing by itself.
func (a *app) askCode(w http.ResponseWriter, r *http.Request, f factor) error {
	token := rand.Text()
	l := login{token: digestOf(token), user: f.user, endsAt: a.now().Add(loginLife)}
	if err := a.memory.wait(l, a.now()); err != nil {
		return err
	}
	setCookie(w, loginCookie, token, l.endsAt)
	http.Redirect(w, r, "/code", http.StatusSeeOther)
	return nil
}

func (a *app) showCode(w http.ResponseWriter, _ *http.Request, _ login) error {
	a.pages.write(w, http.StatusOK, "code", page{})
	return nil
}

func (a *app) showRecovery(w http.ResponseWriter, _ *http.Request, _ login) error {
	a.pages.write(w, http.StatusOK, "recovery", page{})
	return nil
}

// takeCode lets in by a code of the app.
func (a *app) takeCode(w http.ResponseWriter, r *http.Request, l login) error {
	f, err := a.asked(l)
	if err != nil {
		return err
	}
	if f, err = a.byApp(f, r.PostForm.Get("code")); err != nil {
		return err
	}
	return a.letInByCode(w, r, l, f, "app")
}

// takeRecovery lets in by a recovery code.
func (a *app) takeRecovery(w http.ResponseWriter, r *http.Request, l login) error {
	f, err := a.asked(l)
	if err != nil {
		return err
	}
	if f, err = a.byRecovery(r.Context(), f, r.PostForm.Get("code")); err != nil {
		return err
	}
	return a.letInByCode(w, r, l, f, "recovery code")
}

// asked is the factor that the login owes a code of. When it went away since the password
// was right, there is none to look at, and the person starts again.
func (a *app) asked(l login) (factor, error) {
	f, err := a.factor(l.user)
	if err == nil && f.state != live && f.state != changing {
		err = errGone
	}
	return f, err
}

// letInByCode saves that the code is used, and opens the session, both or neither. When
// this swap loses nobody comes in: the same code may have let in somebody else meanwhile.
func (a *app) letInByCode(w http.ResponseWriter, r *http.Request, l login, f factor, by string) error {
	kept, err := f.kept()
	if err != nil {
		return err
	}
	token, s := a.newSession(f.user)
	s.setUp = kept.state != live
	if err := a.memory.letInByCode(kept, l, s, a.now()); err != nil {
		return err
	}
	a.log.Printf("user %s: signed in by password and %s", f.user, by)
	a.enter(w, r, token, s)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// signOut ends what the browser has, whatever that is.
func (a *app) signOut(w http.ResponseWriter, r *http.Request) {
	a.memory.signOut(cookie(r, sessionCookie))
	a.memory.forget(cookie(r, loginCookie))
	clearCookie(w, sessionCookie)
	clearCookie(w, loginCookie)
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
}
