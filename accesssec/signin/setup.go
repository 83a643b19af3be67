package signin

import (
	"html/template"
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/internal/ui"
	"github.com/accesssec/accesssec-go/totp"
)

const titleSetUp = "Set up a second factor"

// show takes over what brings the factor into an app.
func (v *factorView) show(s totp.Setup) {
	v.QR, v.Link, v.Secret = template.HTML(s.QR().SVG()), template.URL(s.URI()), s.SecretText()
}

// beginFactor makes one that waits for its first code, and leads to the page that shows
// it: a page that is got, so that a phone that comes back from the app may load it again.
func (h *handler) beginFactor(w http.ResponseWriter, r *http.Request) {
	f, p, settingUp, ok := h.acting(w, r)
	if !ok {
		return
	}
	if _, err := h.svc.Me(p).BeginFactor(r.Context()); err != nil {
		h.factorRefused(w, r, f, p, settingUp, err, "")
		return
	}
	h.redirect(w, r, h.to("factor", f))
}

// confirmFactor makes it live by its first code. What is answered is the only page that
// ever has the recovery codes.
func (h *handler) confirmFactor(w http.ResponseWriter, r *http.Request) {
	f, p, settingUp, ok := h.acting(w, r)
	if !ok {
		return
	}
	codes, err := h.svc.Me(p).ConfirmFactor(r.Context(), f.code())
	if err != nil {
		h.factorRefused(w, r, f, p, settingUp, err, "confirm")
		return
	}
	h.codesPage(w, r, f, codes)
}

func (h *handler) codesPage(w http.ResponseWriter, r *http.Request, f form, codes totp.Codes) {
	data := h.view(f)
	data.Factor.Codes = codes.Show()
	h.page(w, r, http.StatusOK, "codes", "Save your recovery codes", "", data)
}

// downloadCodes gives back as a file what the page before it had: they are kept nowhere
// else.
func (h *handler) downloadCodes(w http.ResponseWriter, r *http.Request) {
	f, p, _, ok := h.acting(w, r)
	if !ok {
		return
	}
	codes, err := totp.ParseCodes(f.values["code"])
	if err != nil {
		h.message(w, r, http.StatusBadRequest, "The form can't be read", "These are no recovery codes.")
		return
	}
	factor, err := h.svc.Me(p).Factor(r.Context())
	if err != nil {
		h.noFactorPage(w, r, f, err)
		return
	}
	ui.SetHeaders(w, r, false)
	codes.Download(w, factor.Issuer, factor.Address, factor.At)
}

// finishSetUp is for the person who says that the codes are saved. In a session for set-up
// that is what signs them in.
func (h *handler) finishSetUp(w http.ResponseWriter, r *http.Request) {
	f, p, settingUp, ok := h.acting(w, r)
	if !ok {
		return
	}
	if !settingUp {
		h.leave(w, r, f.next)
		return
	}
	v := h.visit(w, r, f)
	step, err := h.svc.SignIn().FinishSetUp(r.Context(), v, p)
	switch no := refusal(err); {
	case err == nil:
		h.enter(w, r, v, step)
	case no == nil:
		h.fault(w, r, v, err)
	case no.Code == accesssec.CodeSetUp:
		h.redirect(w, r, h.to("factor", f))
	default:
		h.refused(w, r, v, no, "")
	}
}
