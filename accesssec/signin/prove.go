package signin

import (
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// askProof asks a signed-in person to show once more who they are.
func (h *handler) askProof(w http.ResponseWriter, r *http.Request) {
	if f, ok := h.read(w, r); ok {
		h.proofPage(w, r, f, nil)
	}
}

func (h *handler) takeProof(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	p, err := h.svc.FromRequest(r)
	var in *accesssec.Entered
	if err == nil {
		in, err = h.svc.Me(p).Prove(r.Context(), f.values.Get("password"))
	}
	switch no := refusal(err); {
	case err == nil:
		in.SetCookie(w) // the session goes on under another token
		h.leave(w, r, f.next)
	case no == nil:
		h.fault(w, r, h.visit(w, r, f), err)
	default:
		h.proofPage(w, r, f, no)
	}
}

// proofPage offers the password and, where the person's domain has it, a fresh single
// sign-on: first of the two where it comes first at sign-in as well, for there many
// have no password. no is what was refused before, or nil. An address that was typed before the
// proof was asked for stays on the form of the password, and goes on with it: it stands in no URL.
// Who proves themselves elsewhere comes back to where they type it again.
func (h *handler) proofPage(w http.ResponseWriter, r *http.Request, f form, no *accesssec.Refusal) {
	p, err := h.svc.FromRequest(r)
	if refusal(err) != nil {
		h.signInFirst(w, r, "prove", form{next: f.next}, err)
		return
	}
	var profile accesssec.Profile
	if err == nil {
		profile, err = h.svc.Me(p).Profile(r.Context())
	}
	f.address, f.org = profile.Address, p.OrgID
	v := h.visit(w, r, f)
	if gone := refusal(err); gone != nil {
		h.refusedInside(w, r, v, gone)
		return
	}
	var step accesssec.Step
	if err == nil {
		step, err = h.svc.SignIn().Discover(r.Context(), v, f.address)
	}
	if err != nil && refusal(err) == nil {
		h.fault(w, r, v, err)
		return
	}
	data := h.view(f)
	data.Password, data.Fresh, data.Forgot, data.Own.Profile = profile.HasPassword, true, h.svc.Mails(), profile
	if h.hasWay(policy.Google) {
		logins, err := h.svc.Me(p).Logins(r.Context())
		if err != nil {
			h.noOwnPage(w, r, f, err)
			return
		}
		data.Google = len(logins) > 0
	}
	status, alert := http.StatusOK, ""
	if f.to != "" {
		data.To, data.Back = f.to, f.next
		data.Next = accesssec.SafePath(h.to("security", form{next: f.next}) + "#address")
	}
	if no != nil {
		status, alert, data.Invalid = statusOf(no), say(w, no), true
		if no.Code == accesssec.CodeWrongPassword {
			alert = wrongPassword // the address is not in question
		}
		data.Password = data.Password && no.Next != policy.NextSSO
	}
	if step.Offers(policy.SSO) {
		data.Connection, data.OrgName = step.Connection, step.OrgName
		data.SSOFirst = step.Next == policy.NextSSO || !data.Password
	}
	h.page(w, r, status, "prove", "Confirm that it is you", alert, data)
}

// signInFirst sends people to sign in, and then back to that page of ours. Who is signed in
// for nothing but setting up a second factor does that first.
func (h *handler) signInFirst(w http.ResponseWriter, r *http.Request, page string, f form, err error) {
	back := form{next: accesssec.SafePath(h.to(page, f)), org: f.org}
	if accesssec.IsRefusal(err, accesssec.CodeSetUp) {
		h.redirect(w, r, h.to("factor", back))
		return
	}
	h.redirect(w, r, h.start(back))
}
