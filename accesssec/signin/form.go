package signin

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/accesssec/accesssec-go/accesssec"
)

// maxForm bounds the body of our own forms; each field has a bound of its own.
const maxForm = 16 << 10

// form is what a page has sent. What is out of its bounds counts as not sent.
type form struct {
	next       string // safe, or ""
	org        string
	address    string
	connection string
	invite     string // the token of an invitation
	to         string // an address that shall take the place of the account's; a form of ours has it, never a link
	values     url.Values
}

// read takes the fields from the body of a POST or from the query. When they can't be
// had it answers and returns false.
func (h *handler) read(w http.ResponseWriter, r *http.Request) (form, bool) {
	values := r.URL.Query()
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			status := http.StatusBadRequest
			if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
				status = http.StatusRequestEntityTooLarge
			}
			h.message(w, r, status, "The form can't be read", "Start at the sign-in page, and fill it in again.")
			return form{}, false
		}
		values = r.PostForm
	}
	f := form{values: values, next: accesssec.SafePath(values.Get("next"))}
	f.org, f.connection = word(values.Get("org")), word(values.Get("connection"))
	f.invite = bearer(values.Get("invitation"))
	f.address = typed(values.Get("address"))
	if r.Method == http.MethodPost { // by no link: see proofPage
		f.to = typed(values.Get("to"))
	}
	return f, true
}

// typed is an address as somebody has typed it, and "" for what is too long to be one.
func typed(s string) string {
	if s = strings.TrimSpace(s); len(s) > 512 {
		return ""
	}
	return strings.ToValidUTF8(s, "")
}

// word is s when it could be one of our ids, and "" when it can be none.
func word(s string) string {
	if len(s) > 64 {
		return ""
	}
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.') {
			return ""
		}
	}
	return s
}

// bearer is s when it could be the token of a link of ours, and "" when it can be none.
func bearer(s string) string {
	if len(s) > 64 || word(strings.ReplaceAll(s, "_", "-")) == "" {
		return ""
	}
	return s
}

// code is what was typed as one. What is too long to be one is passed on as none, and
// counts as wrong.
func (f form) code() string {
	if c := f.values.Get("code"); len(c) <= 128 {
		return c
	}
	return ""
}

// start is the sign-in page, with what the person came for.
func (h *handler) start(f form) string { return h.to("", f) }

// to is one of our pages, with what the person came for; but for an invitation, whose token
// stands in no URL of ours but that of its link.
func (h *handler) to(page string, f form) string {
	q := url.Values{}
	if f.next != "" {
		q.Set("next", f.next)
	}
	if f.org != "" {
		q.Set("org", f.org)
	}
	if len(q) == 0 {
		return h.svc.Path() + page
	}
	return h.svc.Path() + page + "?" + q.Encode()
}

// visit marks the browser and says what it came for.
func (h *handler) visit(w http.ResponseWriter, r *http.Request, f form) accesssec.Visit {
	v := h.svc.SignIn().Visit(w, r)
	v.OrgID, v.After, v.Invitation = f.org, f.next, f.invite
	v.Remember = f.values.Get("remember") != ""
	return v
}

// leave sends the browser to a path of the host's. It is checked once more here, so
// that no way to this line can lead off the site.
func (h *handler) leave(w http.ResponseWriter, r *http.Request, next string) {
	if next = accesssec.SafePath(next); next == "" {
		next = h.after
	}
	h.redirect(w, r, next)
}

func (h *handler) redirect(w http.ResponseWriter, r *http.Request, path string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "same-origin")
	http.Redirect(w, r, path, http.StatusSeeOther)
}
