package accesssectest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// maxPage is how much of a page is read.
const maxPage = 4 << 20

// page is what a person sees: an answer behind all redirects.
type page struct {
	status int
	at     *url.URL
	header http.Header
	text   string // what can be read, spaces as one
	forms  []form
	links  []*url.URL
}

// form is a form that is posted.
type form struct {
	action  *url.URL
	fields  url.Values          // inputs, with what is in them
	buttons map[string][]string // by name: what pressing one adds
}

// read takes all of an answer and closes it.
func read(res *http.Response, err error) (page, error) {
	if err != nil {
		return page{}, fmt.Errorf("accesssectest: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPage+1))
	if err == nil && len(body) > maxPage {
		err = errors.New("larger than 4 MiB")
	}
	if err != nil {
		return page{}, fmt.Errorf("accesssectest: page at %s: %w", res.Request.URL.Redacted(), err)
	}
	p := page{status: res.StatusCode, at: res.Request.URL, header: res.Header}
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || kind != "text/html" {
		p.text = strings.Join(strings.Fields(string(body)), " ")
		return p, nil
	}
	p.parse(body)
	return p, nil
}

// parse finds the forms and the text. Tokens will do: no page of a host needs a tree.
func (p *page) parse(body []byte) {
	var words []string
	var open *form
	hidden := "" // the element whose text nobody sees
	z := html.NewTokenizer(bytes.NewReader(body))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		t := z.Token()
		switch {
		case kind == html.TextToken && hidden == "":
			words = append(words, strings.Fields(t.Data)...)
		case kind == html.StartTagToken && (t.Data == "style" || t.Data == "script" || t.Data == "title"):
			hidden = t.Data
		case kind == html.EndTagToken && t.Data == hidden:
			hidden = ""
		case kind == html.StartTagToken && t.Data == "a":
			if u, err := p.at.Parse(attribute(t, "href")); err == nil {
				p.links = append(p.links, u)
			}
		case kind == html.StartTagToken && t.Data == "form":
			open = p.newForm(t)
		case kind == html.EndTagToken && t.Data == "form" && open != nil:
			p.forms = append(p.forms, *open)
			open = nil
		case (kind == html.StartTagToken || kind == html.SelfClosingTagToken) && open != nil:
			open.add(t)
		}
	}
	p.text = strings.Join(words, " ")
}

// newForm is nil for a form that is not posted.
func (p *page) newForm(t html.Token) *form {
	action, err := p.at.Parse(attribute(t, "action"))
	if err != nil || !strings.EqualFold(attribute(t, "method"), "post") {
		return nil
	}
	return &form{action: action, fields: url.Values{}, buttons: map[string][]string{}}
}

func (f *form) add(t html.Token) {
	name, value := attribute(t, "name"), attribute(t, "value")
	kind := strings.ToLower(attribute(t, "type"))
	switch {
	case name == "":
	case t.Data == "button" || t.Data == "input" && kind == "submit":
		f.buttons[name] = append(f.buttons[name], value)
	case t.Data == "input" && kind != "checkbox" && kind != "radio":
		f.fields.Add(name, value)
	}
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// form is the first with all of these fields.
func (p page) form(fields ...string) (form, bool) {
	for _, f := range p.forms {
		all := true
		for _, name := range fields {
			all = all && f.fields.Has(name)
		}
		if all {
			return f, true
		}
	}
	return form{}, false
}

// posts is the first form whose action ends so.
func (p page) posts(action string) (form, bool) {
	for _, f := range p.forms {
		if strings.HasSuffix(f.action.Path, "/"+action) {
			return f, true
		}
	}
	return form{}, false
}

// link is the first that is wanted.
func (p page) link(want func(*url.URL) bool) (*url.URL, bool) {
	for _, u := range p.links {
		if want(u) {
			return u, true
		}
	}
	return nil, false
}

// button is the first form with a button of that name and value, pressed.
func (p page) button(name, value string) (form, bool) {
	for _, f := range p.forms {
		for _, v := range f.buttons[name] {
			if v == value {
				f.fields.Set(name, value)
				return f, true
			}
		}
	}
	return form{}, false
}
