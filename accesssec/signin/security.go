package signin

import (
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

const titleSecurity = "Your sign-in and security"

// ownEndpoint is what people do with their own account.
func (h *handler) ownEndpoint(route string) (endpoint, bool) {
	switch route {
	case "security":
		return endpoint{get: h.askSecurity}, true
	case "security/password":
		return endpoint{post: h.changePassword}, true
	case "security/mail":
		return endpoint{post: h.mailPassword}, true
	case "security/address":
		return endpoint{post: h.changeAddress}, true
	case "security/end":
		return endpoint{post: h.endSession}, true
	case "security/unlink":
		return endpoint{post: h.unlink}, true
	case "enter":
		return endpoint{post: h.enterOrg}, true
	}
	return endpoint{}, false
}

// own reads what a signed-in person has sent. Who is not signed in is sent to that, and back to
// page; then it returns false.
func (h *handler) own(w http.ResponseWriter, r *http.Request, page string) (form, *accesssec.Me, bool) {
	f, ok := h.read(w, r)
	if !ok {
		return f, nil, false
	}
	p, err := h.svc.FromRequest(r)
	switch {
	case err == nil:
		return f, h.svc.Me(p), true
	case refusal(err) != nil:
		h.signInFirst(w, r, page, f, err)
	default:
		h.fault(w, r, h.visit(w, r, f), err)
	}
	return f, nil, false
}

func (h *handler) askSecurity(w http.ResponseWriter, r *http.Request) {
	if f, me, ok := h.own(w, r, "security"); ok {
		h.securityPage(w, r, f, me, nil, "")
	}
}

// ownView is what the person's own page sees.
type ownView struct {
	Profile  accesssec.Profile
	Factor   accesssec.Factor
	OrgID    string // that they are in; "" their own account
	Sessions []sessionView
	Others   bool // there are other sessions
	Mails    bool
	Wrong    string // the form that was refused
	To       string // the address that was typed into it
}

// securityPage shows all of it. no is what was refused before, or nil, and from the form that
// it was refused to.
func (h *handler) securityPage(w http.ResponseWriter, r *http.Request, f form, me *accesssec.Me, no *accesssec.Refusal, from string) {
	data, err := h.ownPage(r, f, me)
	if err != nil {
		h.noOwnPage(w, r, f, err)
		return
	}
	status, alert := http.StatusOK, ""
	if no != nil {
		status, alert, data.Own.Wrong = statusOf(no), say(w, no), from
	}
	h.page(w, r, status, "security", titleSecurity, alert, data)
}

// ownPage reads what the page shows.
func (h *handler) ownPage(r *http.Request, f form, me *accesssec.Me) (view, error) {
	ctx, data := r.Context(), h.view(f)
	var err error
	if data.Own.Profile, err = me.Profile(ctx); err != nil {
		return data, err
	}
	if data.Own.Factor, err = me.Factor(ctx); err != nil {
		return data, err
	}
	sessions, err := me.Sessions(ctx)
	if err != nil {
		return data, err
	}
	for _, s := range sessions {
		data.Own.Sessions = append(data.Own.Sessions, shownSession(s, h.google))
		if s.Here {
			data.Own.OrgID = s.OrgID
		} else {
			data.Own.Others = true
		}
	}
	if data.Orgs, err = me.Orgs(ctx); err != nil {
		return data, err
	}
	if data.Google = h.hasWay(policy.Google); data.Google {
		data.Logins, err = me.Logins(ctx)
	}
	data.Other = h.to("factor", form{next: accesssec.SafePath(h.to("security", f))})
	data.Address, data.Own.Mails, data.Own.To = data.Own.Profile.Address, h.svc.Mails(), f.to
	return data, err
}

// noOwnPage is for an account that can't be shown. It leads nowhere by itself: see noFactorPage.
func (h *handler) noOwnPage(w http.ResponseWriter, r *http.Request, f form, err error) {
	v := h.visit(w, r, f)
	if no := refusal(err); no != nil {
		h.refusedInside(w, r, v, no)
		return
	}
	h.fault(w, r, v, err)
}

// ownRefused answers a form of that page that was refused, or has failed.
func (h *handler) ownRefused(w http.ResponseWriter, r *http.Request, f form, me *accesssec.Me, err error, from string) {
	no := refusal(err)
	switch {
	case no == nil:
		h.fault(w, r, h.visit(w, r, f), err)
	case no.Code == accesssec.CodeProve:
		h.redirect(w, r, h.to("prove", form{next: accesssec.SafePath(h.to("security", f) + "#" + from)}))
	case no.Code == accesssec.CodeSignedOut || no.Code == accesssec.CodeSetUp:
		h.signInFirst(w, r, "security", f, no)
	default:
		h.securityPage(w, r, f, me, no, from)
	}
}

func (h *handler) changePassword(w http.ResponseWriter, r *http.Request) {
	f, me, ok := h.own(w, r, "security")
	if !ok {
		return
	}
	in, err := me.ChangePassword(r.Context(), f.values.Get("password"), f.values.Get("new"))
	if no := refusal(err); no != nil && no.Code == accesssec.CodeWrongPassword {
		no = &accesssec.Refusal{Code: no.Code, Say: wrongPassword, Trace: no.Trace}
		h.securityPage(w, r, f, me, no, "password")
		return
	}
	if err != nil {
		from := "password"
		if accesssec.IsRefusal(err, accesssec.CodePasswordRules) || accesssec.IsRefusal(err, accesssec.CodePasswordReused) {
			from = "new"
		}
		h.ownRefused(w, r, f, me, err, from)
		return
	}
	in.SetCookie(w) // the session goes on under another token
	h.done(w, r, f, "Your password is changed", "You are signed out everywhere else.")
}

// done says what has happened, and leads back to the page.
func (h *handler) done(w http.ResponseWriter, r *http.Request, f form, title, text string) {
	h.note(w, r, http.StatusOK, title, text, h.to("security", f), "Go on")
}

// mailPassword is for who has no password, or has forgotten it: a link by which they set one, and
// come back to what they were about.
func (h *handler) mailPassword(w http.ResponseWriter, r *http.Request) {
	f, me, ok := h.own(w, r, "security")
	if !ok {
		return
	}
	after := f.next
	if after == "" {
		after = h.to("security", f)
	}
	if err := me.SendPasswordLink(r.Context(), after); err != nil {
		h.ownRefused(w, r, f, me, err, "mail")
		return
	}
	h.note(w, r, http.StatusOK, titleMail, "A mail with a link is on its way to the address of your account. By the link you choose a new password. It is good for one hour.", h.view(f).Back, "Go back")
}

func (h *handler) changeAddress(w http.ResponseWriter, r *http.Request) {
	f, me, ok := h.own(w, r, "security")
	if !ok {
		return
	}
	if f.values.Has("password") { // typed on the page of the proof, which has kept the address
		in, err := me.Prove(r.Context(), f.values.Get("password"))
		if no := refusal(err); no != nil {
			h.proofPage(w, r, f, no)
			return
		} else if err != nil {
			h.fault(w, r, h.visit(w, r, f), err)
			return
		}
		in.SetCookie(w) // the session goes on under another token
	}
	err := me.ChangeAddress(r.Context(), f.to)
	if accesssec.IsRefusal(err, accesssec.CodeProve) {
		h.proofPage(w, r, f, nil)
		return
	} else if err != nil {
		h.ownRefused(w, r, f, me, err, "address")
		return
	}
	h.done(w, r, f, titleMail, "A mail with a link is on its way to the new address. Until you have opened the link, and confirmed, nothing changes. It is good for one hour.")
}

// endSession ends one, or all others.
func (h *handler) endSession(w http.ResponseWriter, r *http.Request) {
	f, me, ok := h.own(w, r, "security")
	if !ok {
		return
	}
	var err error
	if id := word(f.values.Get("session")); id != "" {
		err = me.EndSession(r.Context(), id)
	} else {
		err = me.SignOutEverywhere(r.Context(), true)
	}
	if err != nil && !accesssec.IsRefusal(err, accesssec.CodeNotFound) { // what is over already is what was asked for
		h.ownRefused(w, r, f, me, err, "sessions")
		return
	}
	h.redirect(w, r, h.to("security", f)+"#sessions")
}

func (h *handler) unlink(w http.ResponseWriter, r *http.Request) {
	f, me, ok := h.own(w, r, "security")
	if !ok {
		return
	}
	if err := me.UnlinkLogin(r.Context(), word(f.values.Get("login"))); err != nil {
		h.ownRefused(w, r, f, me, err, "logins")
		return
	}
	h.redirect(w, r, h.to("security", f)+"#logins")
}

// enterOrg goes on in another org of the person's, or says what comes before that.
func (h *handler) enterOrg(w http.ResponseWriter, r *http.Request) {
	f, me, ok := h.own(w, r, "security")
	if !ok {
		return
	}
	v := h.visit(w, r, f)
	step, err := me.Enter(r.Context(), v, f.org)
	switch {
	case err != nil:
		h.ownRefused(w, r, form{next: f.next}, me, err, "orgs")
	case step.Entered == nil && step.Next == policy.NextSSO && step.Connection != "":
		data := h.view(f)
		data.Connection, data.OrgName, data.SSOFirst = step.Connection, step.OrgName, true
		h.page(w, r, http.StatusOK, "stepup", "Single sign-on comes first", "", data)
	case step.Entered == nil && step.Next == policy.NextPassword:
		h.redirect(w, r, h.start(f))
	case step.Entered == nil && step.Next == policy.NextSetUp: // in this session, and then once more
		h.redirect(w, r, h.to("factor", form{next: accesssec.SafePath(h.to("security", form{next: f.next}) + "#orgs")}))
	default:
		h.enter(w, r, v, step)
	}
}
