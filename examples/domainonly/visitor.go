package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// visitor is a browser, as far as it is needed here. The site sets no cookies.
type visitor struct{ origin string }

// answer is a page behind all redirects.
type answer struct {
	status    int
	path      string
	text, raw string // raw is as it came, with its escapes
}

// says fails unless the page has that status and all of these texts.
func (a answer) says(status int, texts ...string) error {
	if a.status != status {
		return fmt.Errorf("status %d instead of %d at %s", a.status, status, a.path)
	}
	for _, want := range texts {
		if !strings.Contains(a.text, want) {
			return fmt.Errorf("the page at %s does not say %q", a.path, want)
		}
	}
	return nil
}

// lacks fails when the page has one of these texts.
func (a answer) lacks(texts ...string) error {
	for _, text := range texts {
		if strings.Contains(a.text, text) {
			return fmt.Errorf("the page at %s says %q", a.path, text)
		}
	}
	return nil
}

func (v *visitor) get(ctx context.Context, path string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.origin+path, nil)
	if err != nil {
		return answer{}, err
	}
	return read(http.DefaultClient.Do(req))
}

// post sends a form of the site's own, as a browser does. Fields are names and values.
func (v *visitor) post(ctx context.Context, path string, fields ...string) (answer, error) {
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.origin+path, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", v.origin)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return read(http.DefaultClient.Do(req))
}

func read(resp *http.Response, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return answer{resp.StatusCode, resp.Request.URL.Path, html.UnescapeString(string(raw)), string(raw)}, errors.Join(err, resp.Body.Close())
}

// token is that of the claim on a page.
func (a answer) token() string {
	_, rest, _ := strings.Cut(a.text, product+"-domain-verify=")
	token, _, _ := strings.Cut(rest, "<")
	return token
}

// told is how often the page says that the organization was told of something.
func (a answer) told(what string) int { return strings.Count(a.text, "<b>"+what+"</b>") }

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
