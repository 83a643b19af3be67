package main

import "net/http"

// proves asks for the password again: a stolen cookie alone changes nothing. Guesses are
// counted before they are looked at, and the session ends with them.
func (a *app) proves(r *http.Request, s session) error {
	if err := a.memory.guess(s.token); err != nil {
		return err
	}
	u, err := a.memory.userOf(s.user)
	if err != nil {
		return err
	}
	ok, _, err := a.hasher.Verify(r.Context(), r.PostForm.Get("password"), u.password)
	if err != nil {
		return err
	}
	if !ok {
		return errPassword
	}
	a.memory.guessed(s.token)
	return nil
}

// provesBoth asks for the password and a code of the app. A recovery code does not do: who
// has found one could take the whole factor off. The lost phone is what "change" is for.
func (a *app) provesBoth(r *http.Request, s session) (factor, error) {
	f, err := a.factor(s.user)
	if err != nil {
		return factor{}, err
	}
	if f.state != live {
		return factor{}, errConflict
	}
	if err := a.proves(r, s); err != nil {
		return factor{}, err
	}
	return a.byApp(f, r.PostForm.Get("code"))
}
