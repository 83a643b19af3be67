package signin

import (
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
)

const titleReset = "Reset your second factor"

// askReset shows where a link leads that an Owner or Admin had sent. Looking does nothing:
// mail scanners look at links too.
func (h *handler) askReset(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	if token := bearer(f.values.Get("token")); token != "" {
		h.resetPage(w, r, token, http.StatusOK, "")
		return
	}
	h.message(w, r, http.StatusGone, titleReset, "This link is not whole. Open it as it stands in the message, or ask for a new one.")
}

func (h *handler) resetPage(w http.ResponseWriter, r *http.Request, token string, status int, alert string) {
	data := h.view(form{})
	data.Token, data.Invalid = token, alert != ""
	h.page(w, r, status, "reset", titleReset, alert, data)
}

func (h *handler) confirmReset(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	v, token := h.visit(w, r, form{}), bearer(f.values.Get("token"))
	err := h.svc.SignIn().ConfirmReset(r.Context(), v, token, f.values.Get("password"))
	no := refusal(err)
	if err == nil {
		h.note(w, r, http.StatusOK, "Your second factor is reset",
			"You are signed out on all devices. Sign in now, and set up a new second factor before anything else.",
			h.start(form{}), "Sign in")
		return
	} else if no == nil {
		h.fault(w, r, v, err)
		return
	}
	switch no.Code {
	case accesssec.CodeWrongPassword:
		h.resetPage(w, r, token, statusOf(no), wrongPassword)
	case accesssec.CodeLocked, accesssec.CodeConflict:
		h.resetPage(w, r, token, statusOf(no), say(w, no))
	case accesssec.CodeLinkOver:
		h.message(w, r, statusOf(no), titleReset, no.Say)
	default:
		h.refused(w, r, v, no, "")
	}
}
