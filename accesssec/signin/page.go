package signin

import (
	"embed"
	"io/fs"
	"net/http"

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
	Password            bool // offer one
	Invalid             bool // the field is what the alert is about
	Provider            bool // offer to sign out at the identity provider as well

	Trace      string
	Text, Link string
}

func (h *handler) view(f form) view {
	return view{Path: h.svc.Path(), Start: h.start(f), After: h.after, Next: f.next, Org: f.org, Address: f.address}
}

func (h *handler) page(w http.ResponseWriter, r *http.Request, status int, name, title, alert string, v view) {
	pages.Write(w, r, status, name, ui.Page{
		Product: h.name, Support: h.svc.Support(), Title: title, Alert: alert, Data: v,
		// Any of our forms may end on another site: at the identity provider, or
		// where the host's page sends who has signed in.
		FormsLeave: true,
	})
}

// message is a page that leads back to the start.
func (h *handler) message(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	v := h.view(form{})
	v.Text, v.Link = text, "Go to the sign-in page"
	h.page(w, r, status, "message", title, "", v)
}
