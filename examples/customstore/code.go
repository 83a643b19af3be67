package main

import (
	"errors"
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
)

// codePage asks for a code of the app, or for a recovery code.
type codePage struct {
	Recovery bool
	Alert    string
}

func (a *app) askCode(w http.ResponseWriter, _ *http.Request) {
	a.page(w, http.StatusOK, "code", codePage{})
}

func (a *app) askRecovery(w http.ResponseWriter, _ *http.Request) {
	a.page(w, http.StatusOK, "code", codePage{Recovery: true})
}

// region code

// takeCode is the second half of the login. Whose code it is, and where they wanted to go,
// accesssec knows by this browser: the form has the code and nothing else.
func (a *app) takeCode(w http.ResponseWriter, r *http.Request) {
	v := a.visit(w, r)
	step, err := a.svc.SignIn().SecondFactor(r.Context(), v, r.PostFormValue("code"))
	if err != nil {
		a.askAgain(w, r, v, err, codePage{})
		return
	}
	a.enter(w, r, step)
}

// endregion

func (a *app) takeRecovery(w http.ResponseWriter, r *http.Request) {
	v := a.visit(w, r)
	step, err := a.svc.SignIn().Recover(r.Context(), v, r.PostFormValue("code"))
	if err != nil {
		a.askAgain(w, r, v, err, codePage{Recovery: true})
		return
	}
	a.enter(w, r, step)
}

// askAgain shows the page once more after a code that another one may mend. What can't be
// mended here ends at the login.
func (a *app) askAgain(w http.ResponseWriter, r *http.Request, v accesssec.Visit, err error, page codePage) {
	var no *accesssec.Refusal
	if !errors.As(err, &no) {
		a.fault(w, r, err)
		return
	}
	switch no.Code {
	case accesssec.CodeWrongCode, accesssec.CodeLocked, accesssec.CodeConflict, accesssec.CodeFactorDisabled:
		page.Alert = no.Say
		a.page(w, statusOf(w, no), "code", page)
	default:
		a.refuse(w, r, v, err)
	}
}
