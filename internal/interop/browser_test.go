package interop_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// browser follows redirects, keeps cookies, and reads the forms of a page.
type browser struct {
	*http.Client
	posts []post // the SAML messages it carried by forms
}

type post struct {
	to     string
	fields url.Values
}

// page is what a browser shows.
type page struct {
	status int
	url    *url.URL
	body   []byte
	forms  []form
}

type form struct {
	id     string
	origin string // of the page it is on
	action string
	fields url.Values // of its inputs, with their values
}

func newBrowser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{Client: &http.Client{Jar: jar}}
}

func (b *browser) get(t testing.TB, at string) *page {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b.load(t, req)
}

// submit posts a form with some of its fields filled in.
func (b *browser) submit(t testing.TB, f form, filled url.Values) *page {
	t.Helper()
	fields := url.Values{}
	for _, values := range []url.Values{f.fields, filled} {
		for name, v := range values {
			fields[name] = v
		}
	}
	f.fields = fields
	return b.load(t, f.request(t))
}

// request is what a browser sends for a form as it stands.
func (f form) request(t testing.TB) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.action, strings.NewReader(f.fields.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", f.origin)
	return req
}

// load goes on through forms that carry SAML messages, which scripts post by themselves.
func (b *browser) load(t testing.TB, req *http.Request) *page {
	t.Helper()
	const most = 10
	p := b.read(t, req)
	for range most {
		if len(p.forms) != 1 || !p.forms[0].fields.Has("SAMLRequest") && !p.forms[0].fields.Has("SAMLResponse") {
			return p
		}
		f := p.forms[0]
		b.posts = append(b.posts, post{f.action, f.fields})
		p = b.read(t, f.request(t))
	}
	t.Fatalf("more than %d messages in a row; the last page is %s", most, p.url)
	return nil
}

func (b *browser) read(t testing.TB, req *http.Request) *page {
	t.Helper()
	resp, err := b.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	p := &page{status: resp.StatusCode, url: resp.Request.URL, body: body}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		p.forms = formsOf(t, body, p.url)
	}
	return p
}

// form is the one with that id.
func (p *page) form(t testing.TB, id string) form {
	t.Helper()
	for _, f := range p.forms {
		if f.id == id {
			return f
		}
	}
	t.Fatalf("no form %q at %s, status %d:\n%s", id, p.url, p.status, p.body)
	return form{}
}

func (p *page) has(id string) bool {
	for _, f := range p.forms {
		if f.id == id {
			return true
		}
	}
	return false
}

func formsOf(t testing.TB, body []byte, at *url.URL) []form {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var forms []form
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" {
			continue
		}
		action, err := at.Parse(attribute(n, "action"))
		if err != nil {
			t.Fatal(err)
		}
		f := form{id: attribute(n, "id"), origin: at.Scheme + "://" + at.Host, action: action.String(), fields: url.Values{}}
		for in := range n.Descendants() {
			if name := attribute(in, "name"); in.Data == "input" && name != "" && attribute(in, "type") != "checkbox" {
				f.fields.Set(name, attribute(in, "value"))
			}
		}
		forms = append(forms, f)
	}
	return forms
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
