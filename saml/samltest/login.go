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
	return walk(c, req, func(resp *http.Response, f *form) (bool, error) {
		switch {
		case f != nil && f.kind == signInForm && !answered:
			return true, f.pick(email, attacks)
		case f != nil && f.kind == messageForm:
			answered = answered || f.fields.Has(fieldResponse)
			return true, nil
		case answered:
			return false, nil
		}
		return false, fmt.Errorf("samltest: no sign-in page at %s (status %d)", resp.Request.URL.Redacted(), resp.StatusCode)
	})
}

// Follow plays the browser of a person who does nothing: it sends req, follows redirects
// and forms that carry a SAML message and post themselves, and returns the page behind
// all that, whatever its status; for a logout, for example, which nobody is asked about.
// The caller closes its body. It is an error when a page is larger than 4 MiB, or when
// there are more than ten forms in a row.
func Follow(c *http.Client, req *http.Request) (*http.Response, error) {
	if c == nil {
		return nil, errors.New("samltest: Follow needs a client")
	}
	return walk(c, req, func(_ *http.Response, f *form) (bool, error) {
		return f != nil && f.kind == messageForm, nil
	})
}

// walk posts the forms of page after page, as long as next fills them in.
func walk(c *http.Client, req *http.Request, next func(*http.Response, *form) (bool, error)) (*http.Response, error) {
	for range maxForms {
		resp, err := c.Do(req)
		if err != nil {
			return nil, fmt.Errorf("samltest: browse: %w", err)
		}
		f, err := formOf(resp)
		if err != nil {
			resp.Body.Close()
			return nil, err
		}
		more, err := next(resp, f)
		if err == nil && !more {
			return resp, nil
		}
		resp.Body.Close()
		if err != nil {
			return nil, err
		}
		if req, err = f.request(req.Context()); err != nil {
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
