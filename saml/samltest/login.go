package samltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// Bounds of what [Login] follows and reads.
const (
	maxPage  = 4 << 20
	maxForms = 10
)

// Login plays the browser of a person who signs in. It starts at loginURL, follows
// redirects and forms that post themselves, picks email with attacks on the sign-in
// page of an [IdP], posts the response to the service provider, and returns the
// answer to that behind all redirects, whatever its status. The caller closes its
// body. c needs a cookie jar, as a browser has one.
//
// It is an error when no sign-in page is found, when the page does not list email or
// an attack, or when a page is larger than 4 MiB. Forms are posted with the Origin
// and Sec-Fetch-Site headers that a browser would send.
func Login(ctx context.Context, c *http.Client, loginURL, email string, attacks ...Attack) (*http.Response, error) {
	if c == nil || c.Jar == nil {
		return nil, errors.New("samltest: Login needs a client with a cookie jar")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, loginURL, nil)
	if err != nil {
		return nil, fmt.Errorf("samltest: sign in: %w", err)
	}
	answered := false
	for range maxForms {
		resp, err := c.Do(req)
		if err != nil {
			return nil, fmt.Errorf("samltest: sign in: %w", err)
		}
		f, err := formOf(resp)
		if err != nil {
			resp.Body.Close()
			return nil, err
		}
		switch {
		case f != nil && f.kind == signInForm && !answered:
			if err := f.pick(email, attacks); err != nil {
				resp.Body.Close()
				return nil, err
			}
		case f != nil && f.kind == messageForm:
			answered = answered || f.fields.Has("SAMLResponse")
		case answered:
			return resp, nil
		default:
			resp.Body.Close()
			return nil, fmt.Errorf("samltest: no sign-in page at %s (status %d)", resp.Request.URL.Redacted(), resp.StatusCode)
		}
		resp.Body.Close()
		if req, err = f.request(ctx); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("samltest: more than %d forms in a row", maxForms)
}

// formOf reads the one form that Login knows what to do with, or nil. It leaves the
// body of resp as it found it.
func formOf(resp *http.Response) (*form, error) {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != "text/html" {
		return nil, nil
	}
	body := resp.Body
	page, err := io.ReadAll(io.LimitReader(body, maxPage+1))
	if err != nil {
		return nil, fmt.Errorf("samltest: read %s: %w", resp.Request.URL.Redacted(), err)
	}
	if len(page) > maxPage {
		return nil, fmt.Errorf("samltest: the page at %s is larger than %d bytes", resp.Request.URL.Redacted(), maxPage)
	}
	body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(page))
	f, err := findForm(page, resp.Request.URL)
	if f != nil {
		f.policy = resp.Header.Get("Referrer-Policy")
	}
	return f, err
}

// pick presses the button of a person.
func (f *form) pick(email string, attacks []Attack) error {
	if !f.offers(fieldPerson, email) {
		return fmt.Errorf("samltest: the sign-in page does not list %q", email)
	}
	f.fields.Set(fieldPerson, email)
	for _, attack := range attacks {
		if !f.offers(fieldAttack, string(attack)) {
			return fmt.Errorf("samltest: the sign-in page does not offer the attack %q", attack)
		}
		f.fields.Add(fieldAttack, string(attack))
	}
	return nil
}

// request posts the form as a browser would.
func (f *form) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.action.String(), strings.NewReader(f.fields.Encode()))
	if err != nil {
		return nil, fmt.Errorf("samltest: post form: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", f.origin())
	site := "cross-site"
	if sameOrigin(f.page, f.action) {
		site = "same-origin"
	}
	req.Header.Set("Sec-Fetch-Site", site)
	return req, nil
}

// origin is what the referrer policy of the page leaves of it (Fetch standard,
// "append a request Origin header").
func (f *form) origin() string {
	same := sameOrigin(f.page, f.action)
	switch {
	case f.policy == "no-referrer",
		f.policy == "same-origin" && !same,
		f.policy != "unsafe-url" && f.page.Scheme == "https" && f.action.Scheme == "http":
		return "null"
	}
	return f.page.Scheme + "://" + f.page.Host
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }
