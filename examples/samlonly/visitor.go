package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/accesssec/accesssec-go/saml/samltest"
)

// visitor is a browser, as far as it is needed here.
type visitor struct {
	s      *service
	client *http.Client
}

func (s *service) visitor() (*visitor, error) {
	jar, err := cookiejar.New(nil)
	return &visitor{s: s, client: &http.Client{Jar: jar}}, err
}

// answer is a page behind all redirects and forms.
type answer struct {
	status    int
	url, text string
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

func (v *visitor) signIn(ctx context.Context, path, email string, attacks ...samltest.Attack) (answer, error) {
	return read(samltest.Login(ctx, v.client, v.s.app.origin+path, email, attacks...))
}

// answered begins a sign-in and returns the provider's answer, which it does not post.
func (v *visitor) answered(ctx context.Context, email string) (samltest.Response, error) {
	var none samltest.Response
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.s.app.origin+"/login?binding=redirect", nil)
	if err != nil {
		return none, err
	}
	stay := *v.client
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := stay.Do(req)
	if err != nil {
		return none, err
	}
	if err := resp.Body.Close(); err != nil {
		return none, err
	}
	if req, err = http.NewRequestWithContext(ctx, http.MethodGet, resp.Header.Get("Location"), nil); err != nil {
		return none, err
	}
	asked, err := v.s.simulated.ReadRequest(req)
	if err != nil {
		return none, err
	}
	return v.s.simulated.Respond(asked, samltest.Person{Email: email})
}

// told has the provider end a session, in a browser that has no cookie of anybody.
func (s *service) told(ctx context.Context, session samltest.Session, by samltest.Binding, attacks ...samltest.Attack) (answer, error) {
	m, err := s.simulated.StartLogout(session, by, attacks...)
	if err != nil {
		return answer{}, err
	}
	req, err := m.Request(ctx)
	if err != nil {
		return answer{}, err
	}
	return read(samltest.Follow(&http.Client{}, req))
}

func (v *visitor) mustBeOut(ctx context.Context) error {
	return v.home(ctx, "Try an identity provider")
}
func (v *visitor) mustBeIn(ctx context.Context) error { return v.home(ctx, "Signed in") }

func (v *visitor) home(ctx context.Context, want string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.s.app.origin+"/", nil)
	if err != nil {
		return err
	}
	page, err := read(v.client.Do(req))
	if err != nil {
		return err
	}
	return page.says(http.StatusOK, want)
}

// post sends a form from a page of that origin, and follows what it leads to.
func (v *visitor) post(ctx context.Context, to, from string, fields url.Values) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(fields.Encode()))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", from)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if from == v.s.app.origin {
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return read(samltest.Follow(v.client, req))
}

func read(resp *http.Response, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	return answer{resp.StatusCode, resp.Request.URL.String(), string(text)}, errors.Join(err, resp.Body.Close())
}
