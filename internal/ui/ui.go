// Package ui is the frame of every page this module serves: the layout, the style and
// the response headers. It owns no words but "Error" and "Need help?", no routes and
// no sessions.
//
// It refuses scripts: there are none, and the Content-Security-Policy it sends (CSP
// Level 3) allows none, so a page works the same where scripts are off. Nothing is
// loaded from anywhere; the style stands in the page and is allowed by its hash.
//
// Start at [MustParse], once per set of pages, and answer with [Pages.Write].
package ui

import (
	"bytes"
	_ "embed" // the frame and the style
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"
)

//go:embed frame.html
var frame string

//go:embed style.css
var style string

// parts is the file whose definitions all pages of a set may use.
const parts = "parts.html"

// Pages is a set of pages in one frame. It is safe for concurrent use.
type Pages struct {
	named map[string]*template.Template
}

// MustParse reads the pages of a set: each "*.html" at the root of bodies is the body
// of the page of that name, and sees Page.Data; what "parts.html" defines is there for
// all of them. It panics on a template that does not parse, so bodies is to be
// embedded in the program.
func MustParse(bodies fs.FS) *Pages {
	shared := template.Must(template.New("frame").Funcs(template.FuncMap{"initial": initial, "contact": contact}).
		Parse(strings.Replace(frame, "/*style*/", style, 1)))
	if text, err := fs.ReadFile(bodies, parts); err == nil {
		template.Must(shared.New(parts).Parse(string(text)))
	}
	names, err := fs.Glob(bodies, "*.html")
	if err != nil {
		panic("ui: " + err.Error())
	}
	p := &Pages{named: map[string]*template.Template{}}
	for _, name := range names {
		if name == parts {
			continue
		}
		text, err := fs.ReadFile(bodies, name)
		if err != nil {
			panic("ui: " + err.Error())
		}
		page := template.Must(shared.Clone())
		template.Must(page.New("body").Parse(string(text)))
		p.named[strings.TrimSuffix(name, path.Ext(name))] = page
	}
	return p
}

// Page is what one answer says.
type Page struct {
	Product string // whose pages these are; "" is not said
	Support string // a mail address or URL for who is stuck; "" none
	Title   string // the heading, and the title of the document
	Alert   string // what went wrong, in a sentence; a field can refer to it by the id "alert"
	Data    any    // what the body sees

	// FormsLeave says that a form of the page may end on another site: see [SetHeaders].
	FormsLeave bool
	// SecretURL says that the page's own URL holds a secret: links and forms of the page
	// then name its origin alone to the next one, ours as well. They still name that: see
	// [SetHeaders] for why not nothing.
	SecretURL bool
}

// Write answers r with the page of that name. A page that can't be written is a plain
// 500, and never half a page.
func (p *Pages) Write(w http.ResponseWriter, r *http.Request, status int, name string, page Page) {
	var b bytes.Buffer
	t, ok := p.named[name]
	if !ok || t.ExecuteTemplate(&b, "frame", page) != nil {
		http.Error(w, "The page can't be shown.", http.StatusInternalServerError)
		return
	}
	SetHeaders(w, r, page.FormsLeave)
	if page.SecretURL {
		w.Header().Set("Referrer-Policy", "strict-origin")
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// initial is the letter that stands for a product.
func initial(name string) string {
	c, _ := utf8.DecodeRuneInString(strings.TrimSpace(name))
	if c == utf8.RuneError {
		return ""
	}
	return strings.ToUpper(string(c))
}

// link is a contact as it is shown.
type link struct{ URL, Text string }

// contact makes a link of a mail address or URL; of anything else it shows the text.
func contact(support string) link {
	switch {
	case strings.HasPrefix(support, "https://"), strings.HasPrefix(support, "http://"):
		return link{support, strings.TrimPrefix(strings.TrimPrefix(support, "https://"), "http://")}
	case strings.HasPrefix(support, "mailto:"):
		return link{support, strings.TrimPrefix(support, "mailto:")}
	case strings.Contains(support, "@") && !strings.ContainsAny(support, " :/?&"):
		return link{"mailto:" + support, support}
	}
	return link{Text: support}
}
