package signin

import (
	"embed"
	"html/template"
	"io/fs"
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/internal/ui"
)

//go:embed pages/*.html
var files embed.FS

var pages = ui.MustParse(bodies())

func bodies() fs.FS {
	sub, err := fs.Sub(files, "pages")
	if err != nil {
		panic("signin: " + err.Error()) // the name is in this file
	}
	return sub
}

// view is what the bodies of the pages see.
type view struct {
	Path  string // where the pages are mounted
	Start string // the sign-in page, with what the person came for
	After string

	Next, Org, Address string

	Connection, OrgName string // with a button for single sign-on
	SSOFirst            bool   // that button comes first
	Fresh               bool
	Password            bool   // offer one
	To                  string // an address that waits for the proof
	Invalid             bool   // the field is what the alert is about
	Alerted             bool   // there is one: the field that has the focus refers to it
	Provider            bool   // offer to sign out at the identity provider as well

	Orgs []accesssec.OrgChoice // to choose from

	Link, Google bool   // offer a mail, and the OpenID provider
	GoogleName   string // as people know it
	Forgot       bool   // offer a mail to set a password by
	SignUp       string // the page to make an account at, if it is offered
	Rules        string // what a new password has to be
	Remember     int    // days for which this browser may be remembered; 0 not
	Ticked       bool   // that was asked for already
	Logins       []accesssec.Login
	Own          ownView

	Trace       string
	Text, Label string

	Other  string // the other page of the same step
	Back   string // where people go who have done what they came for, or won't
	Factor factorView
	Token  string // of a link, which the page's own URL has as well

	Invite  string // the token of an invitation, which forms carry on
	Invited accesssec.Invited
	First   string
	Last    string
	Ask     bool // offer to ask to be let in
}

// factorView is what the pages of the second factor see. The picture and the link are
// package totp's, which escapes what stands in them.
type factorView struct {
	SettingUp bool // the session is good for nothing else
	Due       bool // a new one has to be set up, now or at the next sign-in
	Changing  bool
	Disabled  bool
	Since     string // a date
	Left      int    // recovery codes

	QR     template.HTML
	Link   template.URL
	Secret string

	Codes []string
	Wrong string // the form whose code was refused
}

func (h *handler) view(f form) view {
	v := view{
		Path: h.svc.Path(), Start: h.start(f), After: h.after, Next: f.next, Org: f.org, Address: f.address, Back: f.next,
		Invite: f.invite, GoogleName: h.google, Rules: h.svc.PasswordRules().Say(),
	}
	if v.Back == "" {
		v.Back = h.after
	}
	return v
}

func (h *handler) page(w http.ResponseWriter, r *http.Request, status int, name, title, alert string, v view) {
	v.Alerted = alert != ""
	pages.Write(w, r, status, name, ui.Page{
		Product: h.name, Support: h.svc.Support(), Title: title, Alert: alert, Data: v,
		// Any of our forms may end on another site: at the identity provider, or
		// where the host's page sends who has signed in.
		FormsLeave: true,
		SecretURL:  v.Token != "" || v.Invite != "" || secretURL(r),
	})
}

// secretURL reports whether the URL that was asked for holds what signs somebody in, or did a
// moment ago.
func secretURL(r *http.Request) bool {
	q := r.URL.Query()
	return q.Has("token") || q.Has("invitation") || q.Has("state") || q.Has("code")
}

// message is a page that leads back to the start.
func (h *handler) message(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	h.note(w, r, status, title, text, h.start(form{}), "Go to the sign-in page")
}

// note is a page that says what has happened, and leads on.
func (h *handler) note(w http.ResponseWriter, r *http.Request, status int, title, text, to, label string) {
	v := h.view(form{})
	v.Text, v.Start, v.Label = text, to, label
	h.page(w, r, status, "message", title, "", v)
}
