package signin

import (
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
)

// askSignOut asks which devices. To who is signed out it says so.
func (h *handler) askSignOut(w http.ResponseWriter, r *http.Request) {
	p, err := h.svc.FromRequest(r)
	var profile accesssec.Profile
	if err == nil {
		profile, err = h.svc.Me(p).Profile(r.Context())
	}
	switch {
	case err == nil:
		h.page(w, r, http.StatusOK, "signout", "Sign out", "", h.view(form{address: profile.Address}))
	case refusal(err) != nil:
		data := h.view(form{})
		data.Text = "If you came by single sign-on, you may still be signed in at your identity provider."
		data.Link = "Sign in again"
		h.page(w, r, http.StatusOK, "message", "You are signed out", "", data)
	default:
		h.fault(w, r, h.visit(w, r, form{}), err)
	}
}

// signOut ends the session, or all of the person's. The cookie goes only when the
// session is over: a page that says so must be right.
func (h *handler) signOut(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	scope := f.values.Get("scope")
	if scope != "device" && scope != "everywhere" {
		h.message(w, r, http.StatusBadRequest, "The form can't be read", "You are still signed in. Open the sign-out page and choose again.")
		return
	}
	p, err := h.svc.FromRequest(r)
	if err == nil {
		me := h.svc.Me(p)
		if scope == "everywhere" {
			err = me.SignOutEverywhere(r.Context(), false)
		} else {
			err = me.SignOut(r.Context())
		}
	}
	if err != nil && refusal(err) == nil {
		h.fault(w, r, h.visit(w, r, form{}), err)
		return
	}
	accesssec.ClearCookie(w)
	h.redirect(w, r, h.svc.Path()+"signout")
}
