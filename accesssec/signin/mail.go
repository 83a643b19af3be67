package signin

import (
	"context"
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

const (
	titleMail   = "Check your mail"
	titleForgot = "Forgot your password?"
	titleSignUp = "Create an account"
)

// mailEndpoint is what is done at the paths of mails, and of the links in them. A link is only
// ever looked at by GET: mail scanners open links too.
func (h *handler) mailEndpoint(route string) (endpoint, bool) {
	switch route {
	case "link":
		return endpoint{get: h.askLinkCode, post: h.sendLink}, true
	case "link/code":
		return endpoint{post: h.takeLinkCode}, true
	case "link/open":
		return endpoint{get: h.askLink, post: h.takeLink}, true
	case "password/forgot":
		return endpoint{get: h.askForgot, post: h.sendPassword}, true
	case "password/sent":
		return endpoint{get: h.passwordSent}, true
	case "password/reset":
		return endpoint{get: h.askNewPassword, post: h.takeNewPassword}, true
	case "signup":
		return endpoint{get: h.askSignUp, post: h.sendSignUp}, true
	case "signup/sent":
		return endpoint{get: h.signUpSent}, true
	case "signup/finish":
		return endpoint{get: h.askNewAccount, post: h.takeNewAccount}, true
	case "address/confirm":
		return endpoint{get: h.askNewAddress, post: h.takeNewAddress}, true
	}
	return endpoint{}, false
}

// mailing is one kind of mail that the address on a form can be sent.
type mailing struct {
	what accesssec.MailFor
	form string // the page that asks for the address
	sent string // the page behind it, which is the same whoever has typed which address
}

func (h *handler) sendLink(w http.ResponseWriter, r *http.Request) {
	h.sendMail(w, r, mailing{accesssec.MailSignIn, "address", "link"})
}

func (h *handler) sendPassword(w http.ResponseWriter, r *http.Request) {
	h.sendMail(w, r, mailing{accesssec.MailPassword, "forgot", "password/sent"})
}

func (h *handler) sendSignUp(w http.ResponseWriter, r *http.Request) {
	h.sendMail(w, r, mailing{accesssec.MailSignUp, "signup", "signup/sent"})
}

// sendMail asks for one, and leads to a page that is got: to load it again sends nothing.
func (h *handler) sendMail(w http.ResponseWriter, r *http.Request, m mailing) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	v := h.visit(w, r, f)
	err := h.svc.SignIn().SendMail(r.Context(), v, f.address, m.what)
	no := refusal(err)
	switch {
	case err == nil:
		h.redirect(w, r, h.to(m.sent, f))
	case no == nil:
		h.fault(w, r, v, err)
	case no.Next == policy.NextSSO:
		h.offerAgain(w, r, v, f, no)
	case no.Code == accesssec.CodeAddress || no.Code == accesssec.CodeLocked || no.Code == accesssec.CodeConflict:
		data := h.view(f)
		data.Invalid = no.Code == accesssec.CodeAddress
		h.addressPage(w, r, statusOf(no), m.form, say(w, no), data)
	default:
		h.refused(w, r, v, no, "")
	}
}

// addressPage is one of the pages that ask for an address.
func (h *handler) addressPage(w http.ResponseWriter, r *http.Request, status int, name, alert string, data view) {
	title := map[string]string{"forgot": titleForgot, "signup": titleSignUp}[name]
	if title == "" {
		title = titleSignIn
		if h.svc.SignUpOpen() {
			data.SignUp = h.to("signup", form{next: data.Next, org: data.Org})
		}
	}
	data.Google = name != "forgot" && h.hasWay(policy.Google) // who it is, it says itself
	h.page(w, r, status, name, title, alert, data)
}

func (h *handler) askForgot(w http.ResponseWriter, r *http.Request) {
	if f, ok := h.read(w, r); ok && h.mails(w, r) {
		h.addressPage(w, r, http.StatusOK, "forgot", "", h.view(f))
	}
}

func (h *handler) askSignUp(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	if !h.svc.SignUpOpen() {
		h.message(w, r, http.StatusForbidden, titleSignUp, "Accounts are made by invitation here. Ask whoever runs your organization's account for one.")
		return
	}
	h.addressPage(w, r, http.StatusOK, "signup", "", h.view(f))
}

// mails answers when nothing can be mailed here, and returns false.
func (h *handler) mails(w http.ResponseWriter, r *http.Request) bool {
	if h.svc.Mails() {
		return true
	}
	h.message(w, r, http.StatusForbidden, "Not offered here", "No mails are sent from here. Ask whoever runs your organization's account.")
	return false
}

func (h *handler) passwordSent(w http.ResponseWriter, r *http.Request) {
	h.sentPage(w, r, "If you have an account with the address that you typed, a mail with a link is on its way to it. By the link you choose a new password. It is good for one hour.")
}

func (h *handler) signUpSent(w http.ResponseWriter, r *http.Request) {
	h.sentPage(w, r, "A mail is on its way to the address that you typed. Open the link in it to go on. It is good for one day.")
}

func (h *handler) sentPage(w http.ResponseWriter, r *http.Request, text string) {
	if f, ok := h.read(w, r); ok {
		h.note(w, r, http.StatusOK, titleMail, text+" If nothing comes, look among the unwanted mail, and check the address.", h.start(f), "Go to the sign-in page")
	}
}

// askLinkCode shows the form to anybody: whether a mail was sent is said to nobody.
func (h *handler) askLinkCode(w http.ResponseWriter, r *http.Request) {
	if f, ok := h.read(w, r); ok {
		h.linkCodePage(w, r, f, http.StatusOK, "")
	}
}

func (h *handler) linkCodePage(w http.ResponseWriter, r *http.Request, f form, status int, alert string) {
	data := h.view(f)
	data.Invalid = alert != ""
	h.page(w, r, status, "link", titleMail, alert, data)
}

func (h *handler) takeLinkCode(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	v := h.visit(w, r, f)
	step, err := h.svc.SignIn().LinkCode(r.Context(), v, f.code())
	no := refusal(err)
	switch {
	case err == nil:
		h.enter(w, r, v, step)
	case no == nil:
		h.fault(w, r, v, err)
	case no.Code == accesssec.CodeWrongCode:
		h.linkCodePage(w, r, f, statusOf(no), "This code is wrong. It is the one of the newest mail.")
	case no.Code == accesssec.CodeLocked || no.Code == accesssec.CodeConflict:
		h.linkCodePage(w, r, f, statusOf(no), say(w, no))
	case no.Code == accesssec.CodeLinkOver:
		h.addressPage(w, r, statusOf(no), "address", "This code does not work any more. Start again to get a new one.", h.view(f))
	default:
		h.refused(w, r, v, no, "")
	}
}

// opened is a link that somebody has come by.
type opened struct {
	form   form
	visit  accesssec.Visit
	token  string
	mailed accesssec.Mailed
}

// open reads the link that r is about. When it is none of that kind, or over, it answers and
// returns false.
func (h *handler) open(w http.ResponseWriter, r *http.Request, what accesssec.MailFor, title string) (opened, bool) {
	f, ok := h.read(w, r)
	if !ok {
		return opened{}, false
	}
	o := opened{form: f, visit: h.visit(w, r, form{}), token: bearer(f.values.Get("token"))}
	if o.token == "" {
		h.askAnew(w, r, what, title, "This link is not whole. Open it as it stands in the mail, or ask for a new one.")
		return o, false
	}
	var err error
	o.mailed, err = h.svc.SignIn().Mailed(r.Context(), o.visit, o.token)
	switch no := refusal(err); {
	case err == nil && o.mailed.For == what:
		return o, true
	case err != nil && no == nil:
		h.fault(w, r, o.visit, err)
	default:
		h.linkOver(w, r, o.visit, what, title, no)
	}
	return o, false
}

// linkOver is the page of a link that is good for nothing. no may be nil: it is a link to
// another page.
func (h *handler) linkOver(w http.ResponseWriter, r *http.Request, v accesssec.Visit, what accesssec.MailFor, title string, no *accesssec.Refusal) {
	switch {
	case no == nil || no.Code == accesssec.CodeLinkOver:
		h.askAnew(w, r, what, title, "This link does not work any more: it was used, or its time is over, or a newer mail has taken its place. Ask for a new one.")
	case no.Code == accesssec.CodeLocked || no.Code == accesssec.CodeConflict:
		h.message(w, r, statusOf(no), title, say(w, no))
	default:
		h.refused(w, r, v, no, "")
	}
}

// askAnew leads to where such a link is asked for.
func (h *handler) askAnew(w http.ResponseWriter, r *http.Request, what accesssec.MailFor, title, text string) {
	switch {
	case what == accesssec.MailPassword && h.svc.Mails():
		h.note(w, r, http.StatusGone, title, text, h.to("password/forgot", form{}), "Ask for a new link")
	case what == accesssec.MailSignUp && h.svc.SignUpOpen():
		h.note(w, r, http.StatusGone, title, text, h.to("signup", form{}), "Ask for a new link")
	case what == accesssec.MailAddress:
		h.note(w, r, http.StatusGone, title, text, h.to("security", form{})+"#address", "Ask for a new link")
	default:
		h.message(w, r, http.StatusGone, title, text)
	}
}

// view is the page's, with the token for its form.
func (h *handler) openedView(o opened) view {
	data := h.view(form{address: o.mailed.Address})
	data.Token, data.OrgName = o.token, o.mailed.OrgName
	data.First, data.Last = short(o.form.values.Get("first")), short(o.form.values.Get("last"))
	return data
}

// askLink offers to sign in by a link: in the browser that has asked for it. In another one,
// as mail often opens, the code of the mail has to be carried over: who was made to open a
// link that somebody else has asked for shall sign nobody in.
func (h *handler) askLink(w http.ResponseWriter, r *http.Request) {
	o, ok := h.open(w, r, accesssec.MailSignIn, titleSignIn)
	if !ok {
		return
	}
	if !o.mailed.Here {
		h.elsewhere(w, r, http.StatusOK)
		return
	}
	h.page(w, r, http.StatusOK, "open", titleSignIn, "", h.openedView(o))
}

func (h *handler) elsewhere(w http.ResponseWriter, r *http.Request, status int) {
	h.message(w, r, status, "Go back to where you started",
		"This link works in the browser alone that has asked for it. Go back there, and type the code that stands in the same mail. If it was not you who has asked, do nothing.")
}

func (h *handler) takeLink(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	v := h.visit(w, r, form{})
	step, err := h.svc.SignIn().Link(r.Context(), v, bearer(f.values.Get("token")))
	switch no := refusal(err); {
	case err == nil:
		h.enter(w, r, v, step)
	case no == nil:
		h.fault(w, r, v, err)
	case no.Code == accesssec.CodeBrowser:
		h.elsewhere(w, r, statusOf(no))
	default:
		h.linkOver(w, r, v, accesssec.MailSignIn, titleSignIn, no)
	}
}

// chosen answers what came of a form with a new password, by a link: the session, or the form
// once more.
func (h *handler) chosen(w http.ResponseWriter, r *http.Request, what accesssec.MailFor, name, title string, try func(ctx context.Context, v accesssec.Visit, token string, f form) (accesssec.Step, error)) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	v := h.visit(w, r, form{})
	step, err := try(r.Context(), v, bearer(f.values.Get("token")), f)
	no := refusal(err)
	if err == nil {
		h.enter(w, r, v, step)
		return
	} else if no == nil {
		h.fault(w, r, v, err)
		return
	}
	switch no.Code {
	case accesssec.CodePasswordRules, accesssec.CodePasswordReused, accesssec.CodeLocked, accesssec.CodeConflict:
		if o, ok := h.open(w, r, what, title); ok {
			data := h.openedView(o)
			data.Invalid = no.Code == accesssec.CodePasswordRules || no.Code == accesssec.CodePasswordReused
			h.page(w, r, statusOf(no), name, title, say(w, no), data)
		}
	case accesssec.CodeAccount:
		h.note(w, r, statusOf(no), title, "You have an account with this address. Sign in to it.", h.start(form{}), "Go to the sign-in page")
	default:
		h.linkOver(w, r, v, what, title, no)
	}
}

const titleNewPassword = "Choose a new password"

func (h *handler) askNewPassword(w http.ResponseWriter, r *http.Request) {
	if o, ok := h.open(w, r, accesssec.MailPassword, titleNewPassword); ok {
		h.page(w, r, http.StatusOK, "newpassword", titleNewPassword, "", h.openedView(o))
	}
}

func (h *handler) takeNewPassword(w http.ResponseWriter, r *http.Request) {
	h.chosen(w, r, accesssec.MailPassword, "newpassword", titleNewPassword, func(ctx context.Context, v accesssec.Visit, token string, f form) (accesssec.Step, error) {
		return h.svc.SignIn().SetPassword(ctx, v, token, f.values.Get("password"))
	})
}

func (h *handler) askNewAccount(w http.ResponseWriter, r *http.Request) {
	if o, ok := h.open(w, r, accesssec.MailSignUp, titleSignUp); ok {
		h.page(w, r, http.StatusOK, "newaccount", titleSignUp, "", h.openedView(o))
	}
}

func (h *handler) takeNewAccount(w http.ResponseWriter, r *http.Request) {
	h.chosen(w, r, accesssec.MailSignUp, "newaccount", titleSignUp, func(ctx context.Context, v accesssec.Visit, token string, f form) (accesssec.Step, error) {
		return h.svc.SignIn().SignUp(ctx, v, token, accesssec.Newcomer{
			FirstName: short(f.values.Get("first")), LastName: short(f.values.Get("last")), Password: f.values.Get("password"),
		})
	})
}

const titleNewAddress = "Confirm your address"

func (h *handler) askNewAddress(w http.ResponseWriter, r *http.Request) {
	if o, ok := h.open(w, r, accesssec.MailAddress, titleNewAddress); ok {
		h.page(w, r, http.StatusOK, "newaddress", titleNewAddress, "", h.openedView(o))
	}
}

func (h *handler) takeNewAddress(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	v := h.visit(w, r, form{})
	err := h.svc.SignIn().ConfirmAddress(r.Context(), v, bearer(f.values.Get("token")))
	switch no := refusal(err); {
	case err == nil:
		h.note(w, r, http.StatusOK, "Your address is changed", "From now on you sign in with the new address, and mails go to it.", h.after, "Go on")
	case no == nil:
		h.fault(w, r, v, err)
	case no.Code == accesssec.CodeAddressManaged:
		h.message(w, r, statusOf(no), titleNewAddress, no.Say)
	default:
		h.linkOver(w, r, v, accesssec.MailAddress, titleNewAddress, no)
	}
}
