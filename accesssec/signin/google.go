package signin

import (
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

const titleLinkLogin = "Link your login"

// maxAnswer bounds the query of an OpenID provider's answer: a code and a state.
const maxAnswer = 8 << 10

// googleEndpoint is what is done at the paths of the OpenID provider.
func (h *handler) googleEndpoint(route string) (endpoint, bool) {
	switch route {
	case "google/start":
		return endpoint{post: h.startGoogle}, true
	case "prove/google":
		return endpoint{post: h.proveGoogle}, true
	case "google/callback":
		return endpoint{get: h.finishGoogle}, true
	case "login/link":
		return endpoint{get: h.askLinkLogin, post: h.takeLinkLogin}, true
	}
	return endpoint{}, false
}

// startGoogle takes a form, and no link: no other site starts a sign-in here.
func (h *handler) startGoogle(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	v := h.visit(w, r, f)
	step, err := h.svc.SignIn().StartGoogle(r.Context(), v, nil)
	switch no := refusal(err); {
	case err == nil:
		h.redirect(w, r, step.URL)
	case no == nil:
		h.fault(w, r, v, err)
	default:
		h.refused(w, r, v, no, "")
	}
}

// proveGoogle has the provider ask somebody again who is signed in here.
func (h *handler) proveGoogle(w http.ResponseWriter, r *http.Request) {
	f, me, ok := h.own(w, r, "prove")
	if !ok {
		return
	}
	v := h.visit(w, r, form{next: f.next})
	step, err := me.ProveGoogle(r.Context(), v)
	if err != nil {
		h.noOwnPage(w, r, f, err)
		return
	}
	h.redirect(w, r, step.URL)
}

// finishGoogle is where the provider sends the browser back. That comes from another site by
// its nature: what makes it believable is the state, in the browser that it was made for.
func (h *handler) finishGoogle(w http.ResponseWriter, r *http.Request) {
	if len(r.URL.RawQuery) > maxAnswer {
		h.message(w, r, http.StatusBadRequest, "The answer can't be read", "Start the sign-in again.")
		return
	}
	v := h.svc.SignIn().Visit(w, r)
	step, err := h.svc.SignIn().FinishGoogle(r.Context(), v, r.URL.Query())
	switch no := refusal(err); {
	case err == nil && step.Entered == nil && step.Next == policy.NextLink:
		h.linkFirst(w, r, step)
	case err == nil:
		h.enter(w, r, v, step)
	case no == nil:
		h.fault(w, r, v, err)
	default:
		h.refused(w, r, v, no, "")
	}
}

// linkFirst is for who has an account here that the provider's login is not linked to. They
// sign in to it in the way they have, and are asked then: that they have both shows nobody who
// has only one of the two.
func (h *handler) linkFirst(w http.ResponseWriter, r *http.Request, step accesssec.Step) {
	back := form{next: accesssec.SafePath(h.to("login/link", form{next: accesssec.SafePath(step.After)}))}
	h.note(w, r, http.StatusOK, titleLinkLogin,
		"There is an account with this address, and "+h.google+" is not linked to it. Sign in to the account as you did before, and then confirm: from then on "+h.google+" will do. You have ten minutes.",
		h.start(back), "Sign in to my account")
}

// askLinkLogin shows what waits in this browser to be linked to the account that is signed in.
func (h *handler) askLinkLogin(w http.ResponseWriter, r *http.Request) {
	if f, me, ok := h.own(w, r, "login/link"); ok {
		h.linkLoginPage(w, r, f, me, http.StatusOK, "")
	}
}

func (h *handler) linkLoginPage(w http.ResponseWriter, r *http.Request, f form, me *accesssec.Me, status int, alert string) {
	v := h.visit(w, r, f)
	login, err := me.PendingLogin(r.Context(), v)
	if err != nil {
		h.notLinked(w, r, f, v, err)
		return
	}
	profile, err := me.Profile(r.Context())
	if err != nil {
		h.notLinked(w, r, f, v, err)
		return
	}
	data := h.view(f)
	data.Address, data.Logins = profile.Address, []accesssec.Login{login}
	h.page(w, r, status, "linklogin", titleLinkLogin, alert, data)
}

func (h *handler) takeLinkLogin(w http.ResponseWriter, r *http.Request) {
	f, me, ok := h.own(w, r, "login/link")
	if !ok {
		return
	}
	v := h.visit(w, r, f)
	err := me.LinkLogin(r.Context(), v)
	if err != nil {
		h.notLinked(w, r, f, v, err)
		return
	}
	h.note(w, r, http.StatusOK, "Your login is linked", "From now on you can sign in with "+h.google+" as well.", h.view(f).Back, "Go on")
}

func (h *handler) notLinked(w http.ResponseWriter, r *http.Request, f form, v accesssec.Visit, err error) {
	switch no := refusal(err); {
	case no == nil:
		h.fault(w, r, v, err)
	case no.Code == accesssec.CodeProve:
		h.redirect(w, r, h.to("prove", form{next: accesssec.SafePath(h.to("login/link", f))}))
	case no.Code == accesssec.CodeNotFound:
		h.note(w, r, statusOf(no), titleLinkLogin, "There is nothing to link to this account any more. Choose "+h.google+" at the sign-in page to begin again.", h.view(f).Back, "Go on")
	default:
		h.refusedInside(w, r, v, no)
	}
}
