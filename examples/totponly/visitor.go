package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/totp/totptest"
)

// visitor is a browser, as far as it is needed here.
type visitor struct {
	origin string
	client *http.Client
}

// visitor is a new one, of whom everything that is answered is kept.
func (w *walker) visitor() (*visitor, error) {
	jar, err := cookiejar.New(nil)
	return &visitor{w.site.origin, &http.Client{Jar: jar, Transport: w.seen}}, err
}

// answer is a page behind all redirects.
type answer struct {
	status    int
	url, text string
	header    http.Header
}

// says fails unless the page has that status and all of these texts.
func (a answer) says(status int, texts ...string) error {
	if a.status != status {
		return fmt.Errorf("status %d instead of %d at %s", a.status, status, a.url)
	}
	for _, want := range texts {
		if !strings.Contains(a.text, want) {
			return fmt.Errorf("the page at %s does not say %q", a.url, want)
		}
	}
	return nil
}

// leads fails unless the redirects ended at path, on a page with that title.
func (a answer) leads(path, title string) error {
	u, err := url.Parse(a.url)
	if err == nil && u.Path != path {
		err = fmt.Errorf("at %s instead of %s", u.Path, path)
	}
	return errors.Join(err, a.says(http.StatusOK, "<h1>"+title+"</h1>"))
}

func (v *visitor) get(ctx context.Context, path string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.origin+path, nil)
	if err != nil {
		return answer{}, err
	}
	return read(v.client.Do(req))
}

// post sends a form of the site's own, as a browser does.
func (v *visitor) post(ctx context.Context, path string, fields url.Values) (answer, error) {
	return v.postFrom(ctx, v.origin, path, fields)
}

func (v *visitor) postFrom(ctx context.Context, origin, path string, fields url.Values) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.origin+path, strings.NewReader(fields.Encode()))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", origin)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if origin == v.origin {
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return read(v.client.Do(req))
}

func read(resp *http.Response, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return answer{resp.StatusCode, resp.Request.URL.String(), html.UnescapeString(string(text)), resp.Header}, errors.Join(err, resp.Body.Close())
}

// The pages, by their titles.
const (
	signInPage   = "Sign in"
	codePage     = "Enter the code of your app"
	recoveryPage = "Enter a recovery code"
	setUpPage    = "Set up an authenticator app"
	codesPage    = "Your recovery codes"
	accountPage  = "Your account"
)

// phone is what a person has of their factor.
type phone struct {
	app   *totptest.App
	typed *totptest.App // the same factor, by the text of the page
	codes []string      // for recovery
}

// scan reads the set-up page as a phone does.
func scan(page answer) (*phone, error) {
	if err := page.says(http.StatusOK, "<svg ", "Open it."); err != nil {
		return nil, err
	}
	app, err := totptest.NewApp(between(page.text, `<a href="otpauth`, `"`, "otpauth"))
	if err != nil {
		return nil, err
	}
	typed, err := totptest.NewTypedApp(between(page.text, "<code>", "</code>", ""))
	return &phone{app: app, typed: typed}, err
}

// between is what stands after the first and before the next, with a start to put back.
func between(text, after, before, start string) string {
	_, rest, _ := strings.Cut(text, after)
	found, _, _ := strings.Cut(rest, before)
	return start + found
}

// listed are the recovery codes of a page.
func listed(page answer) (codes []string) {
	for _, part := range strings.Split(page.text, "<li>")[1:] {
		code, _, _ := strings.Cut(part, "</li>")
		codes = append(codes, code)
	}
	return codes
}

// transcript is everything that was answered, redirects included.
type transcript struct {
	mu   sync.Mutex
	said []said
}

type said struct{ method, path, head, body string }

// RoundTrip implements [http.RoundTripper].
func (t *transcript) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said = append(t.said, said{r.Method, r.URL.RequestURI(), fmt.Sprint(resp.Header), html.UnescapeString(string(body))})
	return resp, nil
}

// clock stands still until it is put forward.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// lines is a log that is read while others write to it.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
