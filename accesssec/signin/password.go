package signin

import (
	"errors"
	"net/http"
	"slices"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

const titleSignIn = "Sign in"

var errNoSession = errors.New("signin: a step that is done, and no session")

// askAddress is the first page. Who is signed in already, and wants no other org, is
// sent on.
func (h *handler) askAddress(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	p, err := h.svc.FromRequest(r)
	switch {
	case err == nil && (f.org == "" || f.org == p.OrgID):
		h.leave(w, r, f.next)
	case err == nil || refusal(err) != nil:
		h.addressPage(w, r, http.StatusOK, "address", "", h.view(f))
	default:
		h.fault(w, r, h.visit(w, r, f), err)
	}
}

// takeAddress says what the address may sign in with. It looks at the domain alone.
func (h *handler) takeAddress(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	if f.values.Get("way") == "forgot" {
		if h.mails(w, r) {
			h.addressPage(w, r, http.StatusOK, "forgot", "", h.view(f))
		}
		return
	}
	v := h.visit(w, r, f)
	step, err := h.svc.SignIn().Discover(r.Context(), v, f.address)
	switch no := refusal(err); {
	case err == nil:
		h.offer(w, r, http.StatusOK, f, step, "")
	case no == nil:
		h.fault(w, r, v, err)
	default:
		h.askAgain(w, r, f, no)
	}
}

// askAgain shows the first page with what was typed and what is wrong with it.
func (h *handler) askAgain(w http.ResponseWriter, r *http.Request, f form, no *accesssec.Refusal) {
	data := h.view(f)
	data.Invalid = true
	h.addressPage(w, r, statusOf(no), "address", say(w, no), data)
}

// hasWay reports whether the host has that way in.
func (h *handler) hasWay(m policy.Method) bool { return slices.Contains(h.svc.Ways(), m) }

// offer shows the ways in for an address: the one that comes first, and the other.
func (h *handler) offer(w http.ResponseWriter, r *http.Request, status int, f form, step accesssec.Step, alert string) {
	data := h.view(f)
	if step.Offers(policy.SSO) {
		data.Connection, data.OrgName = step.Connection, step.OrgName
	}
	if step.Next == policy.NextSSO && data.Connection != "" && f.values.Get("way") != "password" {
		data.Password, data.SSOFirst = step.Offers(policy.Password), true
		h.page(w, r, status, "sso", titleSignIn, alert, data)
		return
	}
	data.Invalid = alert != "" && f.values.Has("password")
	data.Link, data.Google = step.Offers(policy.Link), step.Offers(policy.Google)
	data.Forgot = h.svc.Mails()
	h.page(w, r, status, "password", titleSignIn, alert, data)
}

func (h *handler) takePassword(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	v := h.visit(w, r, f)
	step, err := h.svc.SignIn().Password(r.Context(), v, f.address, f.values.Get("password"))
	no := refusal(err)
	switch {
	case err == nil:
		h.enter(w, r, v, step)
	case no == nil:
		h.fault(w, r, v, err)
	case no.Code == accesssec.CodeAddress:
		h.askAgain(w, r, f, no)
	case no.Code == accesssec.CodeWrongPassword || no.Code == accesssec.CodeLocked:
		h.offerAgain(w, r, v, f, no)
	case no.Next == policy.NextSSO:
		h.offerAgain(w, r, v, f, no)
	default:
		h.refused(w, r, v, no, "")
	}
}

// offerAgain shows what helps after a refusal: the password once more, or, where the
// password was right and is not enough, single sign-on without the password.
func (h *handler) offerAgain(w http.ResponseWriter, r *http.Request, v accesssec.Visit, f form, no *accesssec.Refusal) {
	step, err := h.svc.SignIn().Discover(r.Context(), v, f.address)
	if err != nil {
		h.fault(w, r, v, err)
		return
	}
	if no.Next == policy.NextSSO {
		if !step.Offers(policy.SSO) {
			h.refused(w, r, v, no, "")
			return
		}
		step.Next, step.Allows = policy.NextSSO, []policy.Method{policy.SSO}
		f.values.Del("way")
	} else {
		f.values.Set("way", "password")
	}
	h.offer(w, r, statusOf(no), f, step, say(w, no))
}

// enter gives the browser its session and sends it on: where it was going, or to what
// comes before that.
func (h *handler) enter(w http.ResponseWriter, r *http.Request, v accesssec.Visit, step accesssec.Step) {
	on := form{next: accesssec.SafePath(step.After), org: v.OrgID}
	switch {
	case step.Entered == nil && step.Next == policy.NextFactor:
		h.redirect(w, r, h.to("code", on))
	case step.Entered == nil && step.Next == policy.NextOrg:
		h.chooseOrg(w, r, step)
	case step.Entered == nil:
		h.fault(w, r, v, errNoSession)
	case step.Next == policy.NextSetUp:
		step.Entered.SetCookie(w)
		h.redirect(w, r, h.to("factor", on))
	case step.Grace:
		step.Entered.SetCookie(w)
		h.redirect(w, r, h.soon(on, step.GraceUntil))
	default:
		step.Entered.SetCookie(w)
		h.leave(w, r, step.After)
	}
}
