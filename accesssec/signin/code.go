package signin

import (
	"context"
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
)

// second is one of the two pages that ask for a second factor.
type second struct {
	page, other, title string
}

func byApp() second      { return second{"code", "recover", "Enter your code"} }
func byRecovery() second { return second{"recover", "code", "Use a recovery code"} }

func (h *handler) askCode(w http.ResponseWriter, r *http.Request) { h.askSecond(w, r, byApp()) }

func (h *handler) askRecoveryCode(w http.ResponseWriter, r *http.Request) {
	h.askSecond(w, r, byRecovery())
}

// askSecond shows the form to anybody: whether something waits in this browser is only
// said to who posts it.
func (h *handler) askSecond(w http.ResponseWriter, r *http.Request, s second) {
	if f, ok := h.read(w, r); ok {
		h.secondPage(w, r, h.visit(w, r, f), f, s, http.StatusOK, "")
	}
}

// secondPage is one of the two. That this browser may be remembered is offered where what waits
// in it leads to an org that allows it, and so to nobody else.
func (h *handler) secondPage(w http.ResponseWriter, r *http.Request, v accesssec.Visit, f form, s second, status int, alert string) {
	data := h.view(f)
	data.Other, data.Invalid = h.to(s.other, f), alert != ""
	if s == byApp() {
		lasts, err := h.svc.SignIn().Rememberable(r.Context(), v)
		if err != nil && refusal(err) == nil {
			h.fault(w, r, v, err)
			return
		}
		data.Remember, data.Ticked = int(lasts.Hours()/24), v.Remember
	}
	h.page(w, r, status, s.page, s.title, alert, data)
}

func (h *handler) takeCode(w http.ResponseWriter, r *http.Request) {
	h.takeSecond(w, r, byApp(), h.svc.SignIn().SecondFactor)
}

func (h *handler) takeRecoveryCode(w http.ResponseWriter, r *http.Request) {
	h.takeSecond(w, r, byRecovery(), h.svc.SignIn().Recover)
}

func (h *handler) takeSecond(w http.ResponseWriter, r *http.Request, s second, try func(context.Context, accesssec.Visit, string) (accesssec.Step, error)) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	v := h.visit(w, r, f)
	step, err := try(r.Context(), v, f.code())
	no := refusal(err)
	if err == nil {
		h.enter(w, r, v, step)
		return
	} else if no == nil {
		h.fault(w, r, v, err)
		return
	}
	switch no.Code {
	case accesssec.CodeWrongCode, accesssec.CodeLocked, accesssec.CodeConflict:
		h.secondPage(w, r, v, f, s, statusOf(no), say(w, no))
	case accesssec.CodeHalfOver, accesssec.CodeNoFactor:
		h.addressPage(w, r, statusOf(no), "address", say(w, no), h.view(f))
	case accesssec.CodeFactorDisabled:
		h.disabled(w, r, v, f, s, no)
	default:
		h.refused(w, r, v, no, "")
	}
}

// disabled is for who has no more tries: a recovery code is left, and after that only
// somebody else's help.
func (h *handler) disabled(w http.ResponseWriter, r *http.Request, v accesssec.Visit, f form, s second, no *accesssec.Refusal) {
	if s == byApp() {
		h.secondPage(w, r, v, f, byRecovery(), statusOf(no), say(w, no))
		return
	}
	closed := *no
	closed.Say = "Recovery codes are not accepted any more, because too many in a row were wrong. Use your app, or have an administrator reset your second factor."
	h.refused(w, r, v, &closed, "")
}
