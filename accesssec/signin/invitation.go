package signin

import (
	"net/http"
	"strings"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

const titleInvited = "You are invited"

// askInvited shows where the link of an invitation leads. Looking does nothing: mail scanners
// look at links too.
func (h *handler) askInvited(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	if f.invite = bearer(f.values.Get("token")); f.invite == "" {
		h.message(w, r, http.StatusGone, titleInvited, "This link is not whole. Open it as it stands in the message, or ask for a new one.")
		return
	}
	h.invitedPage(w, r, h.visit(w, r, f), f, http.StatusOK, "")
}

// invitedPage offers what fits whom it is for: single sign-on where it comes first, their
// password, or an account of their own.
func (h *handler) invitedPage(w http.ResponseWriter, r *http.Request, v accesssec.Visit, f form, status int, alert string) {
	in, err := h.svc.SignIn().Invitation(r.Context(), v)
	if err != nil {
		h.notInvited(w, r, v, err)
		return
	}
	data := h.view(f)
	data.Invited, data.Address, data.Invalid = in, in.Address, alert != ""
	data.First, data.Last = short(f.values.Get("first")), short(f.values.Get("last"))
	data.Password, data.Forgot = in.Step.Offers(policy.Password), h.svc.Mails()
	data.SSOFirst = in.Step.Next == policy.NextSSO
	data.Link, data.Google = in.Step.Offers(policy.Link), in.Step.Offers(policy.Google)
	if in.Step.Offers(policy.SSO) {
		data.Connection, data.OrgName = in.Step.Connection, in.Step.OrgName
	}
	h.page(w, r, status, "invitation", titleInvited, alert, data)
}

func (h *handler) notInvited(w http.ResponseWriter, r *http.Request, v accesssec.Visit, err error) {
	if no := refusal(err); no == nil {
		h.fault(w, r, v, err)
	} else if no.Code == accesssec.CodeLinkOver {
		h.message(w, r, statusOf(no), titleInvited, "This link does not work any more. Ask whoever has invited you for a new one; or sign in, if you have taken it up already.")
	} else {
		h.refused(w, r, v, no, "")
	}
}

// takeInvited makes an account for somebody who has none.
func (h *handler) takeInvited(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	v := h.visit(w, r, f)
	step, err := h.svc.SignIn().AcceptInvitation(r.Context(), v, accesssec.Newcomer{
		FirstName: short(f.values.Get("first")), LastName: short(f.values.Get("last")), Password: f.values.Get("password"),
	})
	no := refusal(err)
	if err == nil {
		h.enter(w, r, v, step)
		return
	} else if no == nil {
		h.fault(w, r, v, err)
		return
	}
	switch no.Code {
	case accesssec.CodePasswordRules, accesssec.CodePasswordReused, accesssec.CodeLocked, accesssec.CodeAccount:
		h.invitedPage(w, r, v, f, statusOf(no), say(w, no))
	case accesssec.Code(policy.SSORequired):
		if no.Next == policy.NextSSO {
			h.invitedPage(w, r, v, f, statusOf(no), say(w, no))
			return
		}
		h.refused(w, r, v, no, "")
	default:
		h.notInvited(w, r, v, no)
	}
}

// short is a name as somebody has typed it, and "" for what is too long to be one.
func short(s string) string {
	if len(s) > 400 {
		return ""
	}
	return strings.ToValidUTF8(s, "")
}
