package signin_test

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// checkPage holds a page to what all pages promise. Every page that any test of this
// package meets goes through it.
func checkPage(t testing.TB, p page) {
	t.Helper()
	checkHeaders(t, p)
	balanced(t, p)
	doc, err := html.Parse(strings.NewReader(p.text))
	if err != nil {
		t.Fatal(err)
	}
	checkAccess(t, p, doc)
	count := map[atom.Atom]int{}
	ids, labelled, inputs := map[string]bool{}, map[string]bool{}, []*html.Node{}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		count[n.DataAtom]++
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "srcset" {
				t.Errorf("%s: <%s> has %s", p.url, n.Data, a.Key)
			}
		}
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("%s: id %q twice", p.url, id)
			}
			ids[id] = true
		}
		switch n.DataAtom {
		case atom.Html:
			if attr(n, "lang") != "en" {
				t.Errorf("%s: no language", p.url)
			}
		case atom.Label:
			labelled[attr(n, "for")] = true
		case atom.Input:
			if attr(n, "type") != "hidden" && !has(n, "hidden") {
				inputs = append(inputs, n)
			}
			if (attr(n, "type") == "password" || attr(n, "name") == "code" && attr(n, "type") != "hidden") && attr(n, "value") != "" {
				t.Errorf("%s: a secret is echoed", p.url)
			}
		case atom.Form:
			if attr(n, "method") != "post" || !strings.HasPrefix(attr(n, "action"), "/auth/") {
				t.Errorf("%s: a form is sent by %q to %q", p.url, attr(n, "method"), attr(n, "action"))
			}
		case atom.A:
			if u, err := url.Parse(attr(n, "href")); err != nil || u.Scheme != "mailto" && u.Scheme != "otpauth" && (u.Host != "" || !strings.HasPrefix(u.Path, "/")) {
				t.Errorf("%s: a link to %q", p.url, attr(n, "href"))
			}
		}
	}
	if count[atom.H1] != 1 || count[atom.Main] != 1 || count[atom.Title] != 1 {
		t.Errorf("%s: %d h1, %d main, %d title", p.url, count[atom.H1], count[atom.Main], count[atom.Title])
	}
	for _, a := range []atom.Atom{atom.Script, atom.Img, atom.Iframe, atom.Link, atom.Object, atom.Base} {
		if count[a] > 0 {
			t.Errorf("%s: has <%s>", p.url, a)
		}
	}
	for _, n := range inputs {
		if !labelled[attr(n, "id")] {
			t.Errorf("%s: input %q has no label", p.url, attr(n, "name"))
		}
		for d := range strings.FieldsSeq(attr(n, "aria-describedby")) {
			if !ids[d] {
				t.Errorf("%s: input %q is described by %q, which is not there", p.url, attr(n, "name"), d)
			}
		}
	}
}

// checkAccess is what a page has to be for who hears it, types everything, or has a password
// manager: the focus is in one place, what went wrong is in the title and at its field, what is to
// be typed is named to the browser, what can be pressed has a name, and there is a way on.
func checkAccess(t testing.TB, p page, doc *html.Node) {
	t.Helper()
	focused, ways, alert := 0, 0, strings.Contains(p.text, `id="alert" role="alert"`)
	known := []string{"username", "email", "current-password", "new-password", "one-time-code", "given-name", "family-name", "off"}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if has(n, "autofocus") {
			focused++
		}
		if attr(n, "aria-invalid") == "true" && (!alert || !slices.Contains(strings.Fields(attr(n, "aria-describedby")), "alert")) {
			t.Errorf("%s: the field %q is wrong, and does not say why", p.url, attr(n, "name"))
		}
		switch kind := attr(n, "type"); n.DataAtom {
		case atom.Title:
			if strings.HasPrefix(words(n), "Error: ") != alert {
				t.Errorf("%s: the title is %q, and there is an alert: %v", p.url, words(n), alert)
			}
		case atom.Input:
			if kind != "hidden" && kind != "checkbox" && !slices.Contains(known, attr(n, "autocomplete")) {
				t.Errorf("%s: what belongs into %q is named %q to the browser", p.url, attr(n, "name"), attr(n, "autocomplete"))
			}
			if kind == "password" && !strings.HasSuffix(attr(n, "autocomplete"), "-password") {
				t.Errorf("%s: the password %q is named %q", p.url, attr(n, "name"), attr(n, "autocomplete"))
			}
		case atom.A, atom.Button:
			if within(n, atom.Main) {
				ways++
			}
			if words(n) == "" {
				t.Errorf("%s: <%s> has no name", p.url, n.Data)
			}
		case atom.H2:
			if !within(n, atom.Section) {
				t.Errorf("%s: the heading %q heads nothing", p.url, words(n))
			}
		}
	}
	if focused > 1 || ways == 0 {
		t.Errorf("%s: %d fields want the focus, %d ways on", p.url, focused, ways)
	}
}

func has(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

func within(n *html.Node, a atom.Atom) bool {
	for p := range n.Ancestors() {
		if p.DataAtom == a {
			return true
		}
	}
	return false
}

// words are what can be read in an element.
func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// fieldsOf is what a browser sends with a form of the page, as it came.
func fieldsOf(p page, action string) url.Values {
	out := url.Values{}
	doc, err := html.Parse(strings.NewReader(p.text))
	if err != nil {
		return out
	}
	for n := range doc.Descendants() {
		if n.DataAtom != atom.Input {
			continue
		}
		for form := n.Parent; form != nil; form = form.Parent {
			if form.DataAtom == atom.Form && attr(form, "action") == action {
				out.Add(attr(n, "name"), attr(n, "value"))
			}
		}
	}
	return out
}

// balanced wants each element closed where it was opened.
func balanced(t testing.TB, p page) {
	t.Helper()
	void := []string{"meta", "input"}
	var open []string
	z := html.NewTokenizer(strings.NewReader(p.text))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF || len(open) > 0 {
				t.Errorf("%s: ends with %v open (%v)", p.url, open, z.Err())
			}
			return
		case html.StartTagToken:
			if name := z.Token().Data; !slices.Contains(void, name) {
				open = append(open, name)
			}
		case html.EndTagToken:
			name := z.Token().Data
			if len(open) == 0 || open[len(open)-1] != name {
				t.Errorf("%s: </%s> with %v open", p.url, name, open)
				return
			}
			open = open[:len(open)-1]
		}
	}
}

func checkHeaders(t testing.TB, p page) {
	t.Helper()
	referrer := "same-origin"
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	if q := u.Query(); strings.Contains(p.text, `name="token"`) || strings.Contains(p.text, `name="invitation"`) ||
		q.Has("token") || q.Has("invitation") || q.Has("state") || q.Has("code") {
		referrer = "strict-origin" // the URL has it too
	}
	for name, want := range map[string]string{
		"Content-Type":           "text/html; charset=utf-8",
		"X-Content-Type-Options": "nosniff",
		"X-Frame-Options":        "DENY",
		"Referrer-Policy":        referrer,
		"Cache-Control":          "no-store",
	} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s: %s: %q", p.url, name, got)
		}
	}
	_, rest, _ := strings.Cut(p.text, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	got := strings.Split(p.header.Get("Content-Security-Policy"), "; ")
	want := []string{
		"default-src 'none'", "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'", "img-src 'self'",
		"form-action 'self' https: http:", // http: because the test listens on a loopback host
		"base-uri 'none'", "frame-ancestors 'none'",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: policy %q, want %q", p.url, got, want)
	}
}
