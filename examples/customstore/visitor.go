package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/accesssec/accesssec-go/saml/samltest"
)

// visitor is a browser, as far as it is needed here.
type visitor struct {
	origin string
	client *http.Client
}

func (a *app) visitor() (*visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &visitor{origin: a.origin, client: &http.Client{Jar: jar}}, nil
}

// answer is a page behind all redirects.
type answer struct {
	status    int
	url, text string
}

// in reports whether the page is the protected one.
func (p answer) in() bool { return p.status == http.StatusOK && strings.Contains(p.text, "<p>Hello ") }

// byPassword is a new browser in which somebody has tried a password.
func (a *app) byPassword(ctx context.Context, address, password string) (*visitor, answer, error) {
	v, err := a.visitor()
	if err != nil {
		return nil, answer{}, err
	}
	page, err := v.post(ctx, "/login/password", url.Values{"address": {address}, "password": {password}})
	return v, page, err
}

// known is byPassword for somebody of the years before, who is to be let in.
func (a *app) comeIn(ctx context.Context, first string) (*visitor, error) {
	v, page, err := a.byPassword(ctx, a.known[first].Mail, a.known[first].Password)
	if err == nil && !page.in() {
		err = fmt.Errorf("%s was not let in (status %d)", first, page.status)
	}
	return v, err
}

// bySSO types the address, presses the button, and picks the person at the identity
// provider.
func (a *app) bySSO(ctx context.Context, address string) (*visitor, answer, error) {
	v, err := a.visitor()
	if err != nil {
		return nil, answer{}, err
	}
	page, err := v.post(ctx, "/login", url.Values{"address": {address}})
	if err != nil {
		return nil, page, err
	}
	_, rest, _ := strings.Cut(page.text, `name="connection" value="`)
	connection, _, ok := strings.Cut(rest, `"`)
	if !ok {
		return nil, page, fmt.Errorf("no single sign-on is offered to %s (status %d)", address, page.status)
	}
	req, err := v.form(ctx, "/login/sso", url.Values{"connection": {html.UnescapeString(connection)}})
	if err != nil {
		return nil, page, err
	}
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := v.client.Do(req)
	v.client.CheckRedirect = nil
	if err != nil {
		return nil, page, err
	}
	if err := resp.Body.Close(); err != nil {
		return nil, page, err
	}
	page, err = read(samltest.Login(ctx, v.client, resp.Header.Get("Location"), address))
	return v, page, err
}

// home asks for the protected page.
func (v *visitor) home(ctx context.Context) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.origin+"/", nil)
	if err != nil {
		return answer{}, err
	}
	return read(v.client.Do(req))
}

// mustSay looks at the protected page.
func (v *visitor) mustSay(ctx context.Context, what string) error {
	page, err := v.home(ctx)
	if err == nil && (!page.in() || !strings.Contains(page.text, what)) {
		err = fmt.Errorf("the protected page does not say %q (status %d at %s)", what, page.status, page.url)
	}
	return err
}

// mustBeOut looks whether the protected page asks to sign in.
func (v *visitor) mustBeOut(ctx context.Context) error {
	page, err := v.home(ctx)
	if err == nil && (page.in() || !strings.HasPrefix(page.url, v.origin+"/login")) {
		err = fmt.Errorf("still signed in at %s", page.url)
	}
	return err
}

func (v *visitor) post(ctx context.Context, path string, fields url.Values) (answer, error) {
	req, err := v.form(ctx, path, fields)
	if err != nil {
		return answer{}, err
	}
	return read(v.client.Do(req))
}

// form is posted as a browser posts a form of the site's own.
func (v *visitor) form(ctx context.Context, path string, fields url.Values) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.origin+path, strings.NewReader(fields.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", v.origin)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return req, nil
}

// cookies are those that the browser would send, by name.
func (v *visitor) cookies() (map[string]string, error) {
	u, err := url.Parse(v.origin)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, c := range v.client.Jar.Cookies(u) {
		out[c.Name] = c.Value
	}
	return out, nil
}

func read(resp *http.Response, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return answer{resp.StatusCode, resp.Request.URL.String(), string(text)}, errors.Join(err, resp.Body.Close())
}
