package samltest

import (
	"fmt"
	"net/http"
	"slices"
)

// serveSLO takes the messages of service providers.
func (idp *IdP) serveSLO(w http.ResponseWriter, r *http.Request) {
	if !idp.takes(r) {
		http.NotFound(w, r)
		return
	}
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, 4*maxRequest)
		if err := r.ParseForm(); err != nil {
			refuse(w, fmt.Errorf("%w: the form cannot be read", ErrLogout))
			return
		}
	}
	fields := r.URL.Query()
	if r.Method == http.MethodPost {
		fields = r.PostForm
	}
	switch isRequest, isResponse := fields.Has(fieldRequest), fields.Has(fieldResponse); {
	case isRequest == isResponse:
		refuse(w, fmt.Errorf("%w: neither a request nor a response", ErrLogout))
	case isRequest:
		req, err := idp.ReadLogoutRequest(r)
		if err != nil {
			refuse(w, err)
			return
		}
		m, err := idp.AnswerLogout(req)
		if err != nil {
			refuse(w, err)
			return
		}
		writeLogout(w, r, m)
	default:
		resp, err := idp.ReadLogoutResponse(r)
		if err != nil {
			refuse(w, err)
			return
		}
		writePage(w, loggedOutPage, http.StatusOK, resp)
	}
}

// takes tells whether the metadata lists the binding of r for logout.
func (idp *IdP) takes(r *http.Request) bool {
	by := Redirect
	if r.Method == http.MethodPost {
		by = POST
	}
	return slices.Contains(idp.product.logout, by)
}

// serveLogout ends a session from the start page.
func (idp *IdP) serveLogout(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	if err := r.ParseForm(); err != nil {
		refuse(w, fmt.Errorf("%w: the form cannot be read", ErrLogout))
		return
	}
	s, err := idp.session(r.PostForm.Get("session"))
	if err != nil {
		refuse(w, err)
		return
	}
	m, err := idp.StartLogout(s, Binding(r.PostForm.Get("binding")))
	if err != nil {
		refuse(w, err)
		return
	}
	writeLogout(w, r, m)
}

func writeLogout(w http.ResponseWriter, r *http.Request, m LogoutMessage) {
	if m.Form != nil {
		writeForm(w, "Signing you out", m.URL, m.Form)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, m.URL, http.StatusSeeOther)
}
