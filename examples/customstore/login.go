package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"net/url"
	"strconv"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
)

// The pages by which people come in are the host's own: they have to end in its own
// cookie. A host that has no reason for one mounts package signin instead.

// loginPage is what the page shows.
type loginPage struct {
	Address, Next, Alert string
	Password             bool
	Connection, OrgName  string // single sign-on is offered
}

func (a *app) askAddress(w http.ResponseWriter, r *http.Request) {
	a.page(w, http.StatusOK, "login", loginPage{Next: accesssec.SafePath(r.FormValue("next"))})
}

// visit is the browser on its way in, and where it wants to go.
func (a *app) visit(w http.ResponseWriter, r *http.Request) accesssec.Visit {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	v := a.svc.SignIn().Visit(w, r)
	v.After = accesssec.SafePath(r.FormValue("next"))
	return v
}

// takeAddress asks what the address may sign in with. The answer is the same for
// everybody at its domain.
func (a *app) takeAddress(w http.ResponseWriter, r *http.Request) {
	a.offer(w, r, a.visit(w, r), http.StatusOK, "")
}

func (a *app) offer(w http.ResponseWriter, r *http.Request, v accesssec.Visit, status int, alert string) {
	page := loginPage{Address: r.FormValue("address"), Next: v.After, Alert: alert}
	step, err := a.svc.SignIn().Discover(r.Context(), v, page.Address)
	var no *accesssec.Refusal
	switch {
	case errors.As(err, &no):
		status, page.Alert = http.StatusUnprocessableEntity, no.Say
	case err != nil:
		a.fault(w, r, err)
		return
	default:
		page.Password = step.Offers(policy.Password)
		page.Connection, page.OrgName = step.Connection, step.OrgName
	}
	a.page(w, status, "login", page)
}

// region password

// takePassword is the host's old login form. That accesssec counts the attempt, asks
// Passwords.Check and then the policy, is all behind this one call.
func (a *app) takePassword(w http.ResponseWriter, r *http.Request) {
	v := a.visit(w, r)
	step, err := a.svc.SignIn().Password(r.Context(), v, r.FormValue("address"), r.FormValue("password"))
	if err != nil {
		a.refuse(w, r, v, err)
		return
	}
	a.enter(w, r, step)
}

// endregion

func (a *app) startSSO(w http.ResponseWriter, r *http.Request) {
	v := a.visit(w, r)
	step, err := a.svc.SignIn().StartSSO(r.Context(), v, r.FormValue("connection"), nil)
	if err != nil {
		a.refuse(w, r, v, err)
		return
	}
	step.Bounce.ServeHTTP(w, r)
}

// finishSSO is the postback URL that stands in the customer's identity provider.
func (a *app) finishSSO(w http.ResponseWriter, r *http.Request) {
	v := a.svc.SignIn().Visit(w, r)
	m, _ := saml.ReadMessage(w, r) // what can't be read is refused by FinishSSO, and logged
	step, err := a.svc.SignIn().FinishSSO(r.Context(), v, r.PathValue("connection"), m)
	if err != nil {
		a.refuse(w, r, v, err)
		return
	}
	a.enter(w, r, step)
}

// region enter

// enter writes the host's cookie and sends the browser on: to the page for a code, when the
// password was right and nobody is signed in yet; to set-up, when the session is for that.
func (a *app) enter(w http.ResponseWriter, r *http.Request, step accesssec.Step) {
	w.Header().Set("Cache-Control", "no-store")
	if step.Next == policy.NextFactor {
		http.Redirect(w, r, "/login/code", http.StatusSeeOther)
		return
	}
	if step.Entered == nil {
		a.fault(w, r, errors.New("a step that is done, and no session"))
		return
	}
	old, _ := a.cookies.read(r) // what the host keeps there beside the token, if anything
	if err := a.cookies.set(w, step.Entered, old); err != nil {
		a.fault(w, r, err)
		return
	}
	to := accesssec.SafePath(step.After)
	if step.Next == policy.NextSetUp {
		to = "/factor?next=" + url.QueryEscape(to)
	} else if to == "" {
		to = "/"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// endregion

// refuse shows why somebody was not let in. What is no Refusal is a fault.
func (a *app) refuse(w http.ResponseWriter, r *http.Request, v accesssec.Visit, err error) {
	var no *accesssec.Refusal
	if !errors.As(err, &no) {
		a.fault(w, r, err)
		return
	}
	status := statusOf(w, no)
	alert := no.Say + " Give this code to support: " + v.Trace
	if r.FormValue("address") == "" { // not from a form of ours
		a.page(w, status, "login", loginPage{Alert: alert, Next: no.After})
		return
	}
	a.offer(w, r, v, status, alert)
}

// statusOf is what a refusal is in HTTP.
func statusOf(w http.ResponseWriter, no *accesssec.Refusal) int {
	switch no.Code {
	case accesssec.CodeWrongPassword, accesssec.CodeWrongCode:
		return http.StatusUnauthorized
	case accesssec.CodeLocked:
		w.Header().Set("Retry-After", strconv.Itoa(int(no.RetryAfter.Seconds())+1))
		return http.StatusTooManyRequests
	}
	return http.StatusForbidden
}

// forPerson answers somebody who has a session.
type forPerson func(http.ResponseWriter, *http.Request, accesssec.Principal)

// region signedin

// signedIn lets through who is signed in. The cookie alone proves nothing: Authenticate
// asks the store, so that whoever was signed out a moment ago is out. A session that is
// for setting up a second factor opens nothing else.
func (a *app) signedIn(next forPerson) http.Handler {
	return a.either(next, func(w http.ResponseWriter, r *http.Request, _ accesssec.Principal) {
		http.Redirect(w, r, "/factor?next="+url.QueryEscape(back(r)), http.StatusSeeOther)
	})
}

// either lets through who is signed in, and to setUp who is in a session for that.
func (a *app) either(next, setUp forPerson) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		w.Header().Set("Cache-Control", "no-store")
		var p accesssec.Principal
		to := next
		s, err := a.cookies.read(r)
		if err == nil {
			p, err = a.svc.Authenticate(r.Context(), s.Token)
		}
		if accesssec.IsRefusal(err, accesssec.CodeSetUp) {
			to = setUp
			p, err = a.svc.SignIn().SettingUpBy(r.Context(), s.Token)
		}
		var no *accesssec.Refusal
		switch {
		case err == nil:
			to(w, r, p)
		case errors.Is(err, errCookie) || errors.As(err, &no):
			http.Redirect(w, r, "/login?next="+url.QueryEscape(back(r)), http.StatusSeeOther)
		default:
			a.fault(w, r, err) // the store is away: nobody is let in, nobody is signed out
		}
	})
}

// endregion

// back is where r can be taken up again. A form that was posted can't.
func back(r *http.Request) string {
	if r.Method != http.MethodGet {
		return ""
	}
	return r.URL.RequestURI()
}

// logout ends this session, or all of the person's.
func (a *app) logout(w http.ResponseWriter, r *http.Request, p accesssec.Principal) {
	end := a.svc.Me(p).SignOut
	if r.FormValue("scope") == "everywhere" {
		end = func(ctx context.Context) error { return a.svc.Me(p).SignOutEverywhere(ctx, false) }
	}
	if err := end(r.Context()); err != nil {
		a.fault(w, r, err)
		return
	}
	a.cookies.clear(w)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// fault says as little as possible to the person, and the rest to the log.
func (a *app) fault(w http.ResponseWriter, r *http.Request, err error) {
	log.Printf("customstore: %s %s: %v", r.Method, r.URL.Path, err)
	http.Error(w, "That does not work at the moment. Try again.", http.StatusServiceUnavailable)
}
