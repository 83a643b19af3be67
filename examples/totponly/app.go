package main

import (
	"crypto/rand"
	"errors"
	"log"
	"net/http"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/store/seal"
)

// product is whose factor it is, as the app on the phone shows it.
const product = "Totponly"

// app is the site.
type app struct {
	keys   *seal.Ring
	hasher *password.Hasher
	memory *memory
	pages  *pages
	now    func() time.Time
	log    *log.Logger // persons by their id, and never what they typed
}

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	// For everybody.
	mux.HandleFunc("GET /signin", a.showSignIn)
	mux.HandleFunc("POST /signin", a.signIn)
	mux.HandleFunc("POST /signout", a.signOut)
	// For who has shown a password, and owes a code.
	mux.HandleFunc("GET /code", a.owing(a.showCode, "code"))
	mux.HandleFunc("POST /code", a.owing(a.takeCode, "code"))
	mux.HandleFunc("GET /recovery", a.owing(a.showRecovery, "recovery"))
	mux.HandleFunc("POST /recovery", a.owing(a.takeRecovery, "recovery"))
	// For who has come in, also with a factor to set up first.
	mux.HandleFunc("GET /setup", a.inside(a.showSetup, a.setupPage))
	mux.HandleFunc("POST /setup", a.inside(a.beginSetup, a.setupPage))
	mux.HandleFunc("POST /setup/confirm", a.inside(a.confirmSetup, a.setupPage))
	// For who has come in and owes nothing: everything else.
	mux.HandleFunc("GET /{$}", a.free(a.showAccount))
	mux.HandleFunc("POST /codes", a.free(a.renewCodes))
	mux.HandleFunc("POST /codes/download", a.free(a.downloadCodes))
	mux.HandleFunc("POST /codes/saved", a.free(a.savedCodes))
	mux.HandleFunc("POST /change", a.free(a.change))
	mux.HandleFunc("POST /remove", a.free(a.remove))
	// A form on another site reaches no handler: browsers say where a request comes from,
	// in headers that no script can write.
	return a.pages.guarded(http.NewCrossOriginProtection().Handler(bounded(mux)))
}

// mostForm is more than any form here has, in bytes.
const mostForm = 16 << 10

// bounded reads the form of a POST before any handler does. Handlers look at PostForm
// alone: what stands in a URL stands in logs, and is no password or code of anybody.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, mostForm)
		if err := r.ParseForm(); err != nil {
			status := http.StatusBadRequest
			if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, "This form can't be read.", status)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// The cookies. Both are of this host alone (__Host-), Secure, HttpOnly and Lax. Chromium
// and Firefox take http://localhost for trustworthy and keep Secure cookies there; Safari
// does not, and needs https.
const (
	loginCookie   = "__Host-totponly-login"
	sessionCookie = "__Host-totponly-session"
)

func setCookie(w http.ResponseWriter, name, value string, endsAt time.Time) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", Expires: endsAt,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func clearCookie(w http.ResponseWriter, name string) { setCookie(w, name, "", time.Unix(1, 0)) }

// cookie is "" also for two of one name: one of them is somebody else's doing.
func cookie(r *http.Request, name string) string {
	found := r.CookiesNamed(name)
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

// owing wants a login that waits for its code. name is the page that is shown again when
// next fails.
func (a *app) owing(next func(http.ResponseWriter, *http.Request, login) error, name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		l, err := a.memory.login(cookie(r, loginCookie), a.now())
		if err != nil {
			http.Redirect(w, r, "/signin", http.StatusSeeOther)
			return
		}
		if err := next(w, r, l); err != nil {
			no := a.refuse(w, l.user, err)
			a.pages.write(w, no.status, name, page{Alert: no.text})
		}
	}
}

// inside wants a session of any kind. again shows the page once more when next fails.
func (a *app) inside(next func(http.ResponseWriter, *http.Request, session) error,
	again func(http.ResponseWriter, session, refusal) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := a.memory.session(cookie(r, sessionCookie), a.now())
		if err != nil {
			http.Redirect(w, r, "/signin", http.StatusSeeOther)
			return
		}
		if err = next(w, r, s); err == nil {
			return
		}
		no := a.refuse(w, s.user, err)
		if errors.Is(err, errEnded) { // and is shown nothing of the account any more
			a.pages.write(w, no.status, "signin", page{Alert: no.text})
			return
		}
		if err := again(w, s, no); err != nil {
			no = a.refuse(w, s.user, err)
			a.pages.write(w, no.status, "message", page{Title: "Not now", Text: no.text})
		}
	}
}

// free wants a session that has no factor to set up first.
func (a *app) free(next func(http.ResponseWriter, *http.Request, session) error) http.HandlerFunc {
	return a.inside(func(w http.ResponseWriter, r *http.Request, s session) error {
		if s.setUp {
			http.Redirect(w, r, "/setup", http.StatusSeeOther)
			return nil
		}
		return next(w, r, s)
	}, a.accountPage)
}

// newSession has a token that nobody has seen: each step up is a new one.
func (a *app) newSession(user string) (token string, s session) {
	token = rand.Text()
	return token, session{token: digestOf(token), user: user, endsAt: a.now().Add(sessionLife)}
}

// enter gives the browser its session, and ends the one that it had before.
func (a *app) enter(w http.ResponseWriter, r *http.Request, token string, s session) {
	a.memory.signOut(cookie(r, sessionCookie))
	a.memory.forget(cookie(r, loginCookie))
	clearCookie(w, loginCookie)
	setCookie(w, sessionCookie, token, s.endsAt)
}
