package signin

import (
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/saml"
)

// askSignOut asks which devices. To who is signed out it says so.
func (h *handler) askSignOut(w http.ResponseWriter, r *http.Request) {
	p, settingUp, err := h.who(r)
	var data view
	switch {
	case err != nil:
	case settingUp:
		var factor accesssec.Factor
		factor, err = h.svc.Me(p).Factor(r.Context())
		data = h.view(form{address: factor.Address})
		data.Factor.SettingUp = true
	default:
		var profile accesssec.Profile
		profile, err = h.svc.Me(p).Profile(r.Context())
		data = h.view(form{address: profile.Address})
		data.Provider = profile.ProviderLogout
	}
	switch {
	case err == nil:
		h.page(w, r, http.StatusOK, "signout", "Sign out", "", data)
	case refusal(err) != nil:
		h.note(w, r, http.StatusOK, "You are signed out",
			"If you came by single sign-on, you may still be signed in at your identity provider.", h.start(form{}), "Sign in again")
	default:
		h.fault(w, r, h.visit(w, r, form{}), err)
	}
}

// signOut ends the session, or all of the person's, or this one and the one at the
// identity provider, which is asked when it is over here. The cookie goes only when the
// session is over: a page that says so must be right.
func (h *handler) signOut(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	scope := f.values.Get("scope")
	if scope != "device" && scope != "everywhere" && scope != "provider" {
		h.message(w, r, http.StatusBadRequest, "The form can't be read", "You are still signed in. Open the sign-out page and choose again.")
		return
	}
	p, settingUp, err := h.who(r)
	if settingUp { // it can end itself, and nothing else
		scope = "device"
	}
	var bounce *saml.Bounce
	if err == nil {
		me := h.svc.Me(p)
		switch scope {
		case "everywhere":
			err = me.SignOutEverywhere(r.Context(), false)
		case "provider":
			bounce, err = me.SignOutSSO(r.Context())
		default:
			err = me.SignOut(r.Context())
		}
	}
	if err != nil && refusal(err) == nil {
		h.fault(w, r, h.visit(w, r, form{}), err)
		return
	}
	accesssec.ClearCookie(w)
	if err != nil && scope == "everywhere" { // who asks for that may have lost a device
		h.note(w, r, http.StatusOK, "You are signed out here",
			"You were so already, and nothing was ended on other devices by this. To sign out there as well, sign in and choose it once more.", h.start(form{}), "Sign in again")
		return
	}
	if bounce != nil {
		bounce.ServeHTTP(w, r)
		return
	}
	h.redirect(w, r, h.svc.Path()+"signout")
}

// logout takes single logout messages of an identity provider. They come from another
// site, perhaps in a frame and without any cookie: what makes them believable is their
// signature. It is read as it came, whatever the method.
func (h *handler) logout(w http.ResponseWriter, r *http.Request, connection string) {
	v := h.svc.SignIn().Visit(w, r)
	m, _ := saml.ReadLogout(w, r) // a message that says why it can't be read
	out, err := h.svc.SignIn().Logout(r.Context(), v, connection, m)
	switch no := refusal(err); {
	case err == nil && out.Bounce != nil:
		out.Bounce.ServeHTTP(w, r)
	case err == nil:
		h.redirect(w, r, h.svc.Path()+"signout")
	case no == nil:
		h.fault(w, r, v, err)
	case no.Code == accesssec.SAMLCode(saml.CodeStatus):
		h.message(w, r, http.StatusOK, "You are signed out here",
			"Your identity provider, or another application, may have kept its session. Close the browser to be sure.")
	default:
		data := h.view(form{})
		data.Trace = no.Trace
		h.page(w, r, statusOf(no), "refused", "The sign-out did not work", no.Say, data)
	}
}
