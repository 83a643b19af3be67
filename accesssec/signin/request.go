package signin

import (
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
)

const titleRequest = "Ask to be let in"

// takeRequest is for who was refused a moment ago, in this browser, as no member.
func (h *handler) takeRequest(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	v := h.visit(w, r, form{})
	err := h.svc.SignIn().RequestAccess(r.Context(), v, short(f.values.Get("note")))
	switch no := refusal(err); {
	case err == nil:
		h.message(w, r, http.StatusOK, titleRequest, "Your request was sent. An Owner or Admin of the organization will answer it.")
	case no == nil:
		h.fault(w, r, v, err)
	case no.Code == accesssec.CodeRequested, no.Code == accesssec.CodeMember, no.Code == accesssec.CodeHalfOver, no.Code == accesssec.CodeLocked:
		h.message(w, r, statusOf(no), titleRequest, say(w, no))
	default:
		h.refused(w, r, v, no, "")
	}
}
