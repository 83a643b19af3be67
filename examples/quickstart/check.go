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
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// walk goes through all of the quickstart by HTTP, on a free port, and prints a line
// for each step. It ends at the first that fails.
func walk(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	steps := 0
	done := func(format string, args ...any) {
		steps++
		fmt.Fprintf(out, "ok   "+format+"\n", args...)
	}
	a, err := start(ctx, "localhost:0", done)
	if err != nil {
		return err
	}
	for _, part := range []func(context.Context, func(string, ...any)) error{a.walkSignIn, a.walkAttacks, a.walkPassword, a.walkFactor} {
		if err := part(ctx, done); err != nil {
			fmt.Fprintln(out, "FAIL", err)
			return errors.Join(err, a.close())
		}
	}
	if err := a.close(); err != nil {
		return err
	}
	fmt.Fprintf(out, "quickstart: all %d steps passed\n", steps)
	return nil
}

// walkSignIn has Ann come in twice, and go everywhere at once.
func (a *app) walkSignIn(ctx context.Context, done func(string, ...any)) error {
	before, err := a.acme.Members(ctx, accesssec.MemberQuery{Search: "ann@"})
	if err != nil {
		return err
	}
	laptop, err := a.comeIn(ctx, "ann@example.com")
	if err != nil {
		return err
	}
	after, err := a.acme.Members(ctx, accesssec.MemberQuery{Search: "ann@"})
	if err != nil {
		return err
	}
	if len(before.Items) != 0 || len(after.Items) != 1 || after.Items[0].Role != "member" {
		return fmt.Errorf("ann@example.com was to become a member: %v, then %v", before.Items, after.Items)
	}
	done("sign in as ann@example.com by single sign-on: she was nobody, and is a member now")
	page, err := laptop.get(ctx, "/")
	if err != nil {
		return err
	}
	for _, want := range []string{"Hello Ann Archer", "<dd>Acme</dd>", "<dd>member</dd>", "<dd>single sign-on</dd>"} {
		if !strings.Contains(page.text, want) {
			return fmt.Errorf("the protected page does not say %q (status %d)", want, page.status)
		}
	}
	done("the protected page says: Hello Ann Archer")

	phone, err := a.comeIn(ctx, "ann@example.com")
	if err != nil {
		return err
	}
	if _, err := laptop.post(ctx, "/auth/signout", url.Values{"scope": {"everywhere"}}); err != nil {
		return err
	}
	if err := errors.Join(laptop.mustBeOut(ctx), phone.mustBeOut(ctx)); err != nil {
		return err
	}
	done("sign out on all devices: her other session is over as well")
	return nil
}

// walkAttacks has the identity provider, or somebody in its place, forge its answers.
func (a *app) walkAttacks(ctx context.Context, done func(string, ...any)) error {
	for _, attack := range samltest.Attacks() {
		v, err := a.visitor()
		if err != nil {
			return err
		}
		page, err := v.bySSO(ctx, "ann@example.com", attack)
		if err != nil {
			return fmt.Errorf("%s: %w", attack, err)
		}
		// Who answers no request of this browser's is not turned away: a new request is made.
		again := strings.HasPrefix(page.url, a.idp.SSOURL())
		refused := page.status >= 400 && page.status <= 499 && strings.Contains(page.text, "Give this code to your administrator")
		if !again && !refused {
			return fmt.Errorf("%s: not refused (status %d)", attack, page.status)
		}
		if err := v.mustBeOut(ctx); err != nil {
			return fmt.Errorf("%s: %w", attack, err)
		}
		done("refuse a forged response, and make no session: %s", attack)
	}
	return nil
}

// walkPassword has the Owner choose her password, and a stranger guess it.
func (a *app) walkPassword(ctx context.Context, done func(string, ...any)) error {
	v, err := a.visitor()
	if err != nil {
		return err
	}
	page, err := v.post(ctx, "/auth/password", url.Values{"address": {"olive@example.com"}, "password": {"a guess of somebody's"}})
	if err != nil {
		return err
	}
	if page.status != http.StatusUnauthorized {
		return fmt.Errorf("a wrong password: status %d", page.status)
	}
	done("refuse a wrong password")
	page, err = v.post(ctx, "/auth/password", url.Values{"address": {"olive@example.com"}, "password": {a.password}, "next": {"/?from=signin"}})
	if err != nil {
		return err
	}
	if !strings.Contains(page.text, "Hello Olive Oakes") || page.url != a.origin+"/?from=signin" {
		return fmt.Errorf("a right password: status %d at %s", page.status, page.url)
	}
	done("sign in as olive@example.com, an Owner, by a password")
	return nil
}

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

// comeIn is a browser in which that person has signed in.
func (a *app) comeIn(ctx context.Context, address string) (*visitor, error) {
	v, err := a.visitor()
	if err != nil {
		return nil, err
	}
	page, err := v.bySSO(ctx, address)
	if err == nil && page.status != http.StatusOK {
		err = fmt.Errorf("sign in as %s: status %d", address, page.status)
	}
	return v, err
}

// answer is a page behind all redirects.
type answer struct {
	status    int
	url, text string
}

// bySSO types the address, presses the button, and picks the person at the identity
// provider.
func (v *visitor) bySSO(ctx context.Context, address string, attacks ...samltest.Attack) (answer, error) {
	page, err := v.post(ctx, "/auth/", url.Values{"address": {address}, "next": {"/"}})
	if err != nil {
		return page, err
	}
	_, rest, _ := strings.Cut(page.text, `name="connection" value="`)
	connection, _, ok := strings.Cut(rest, `"`)
	if !ok {
		return page, fmt.Errorf("no single sign-on is offered to %s (status %d)", address, page.status)
	}
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	fields := url.Values{"connection": {html.UnescapeString(connection)}, "next": {"/"}}
	req, err := v.form(ctx, "/auth/sso/start", fields)
	if err != nil {
		return answer{}, err
	}
	resp, err := v.client.Do(req)
	v.client.CheckRedirect = nil
	if err != nil {
		return answer{}, err
	}
	if err := resp.Body.Close(); err != nil {
		return answer{}, err
	}
	resp, err = samltest.Login(ctx, v.client, resp.Header.Get("Location"), address, attacks...)
	return read(resp, err)
}

// mustBeOut looks whether the protected page asks to sign in.
func (v *visitor) mustBeOut(ctx context.Context) error {
	page, err := v.get(ctx, "/")
	if err == nil && (!strings.HasPrefix(page.url, v.origin+"/auth/") || strings.Contains(page.text, "Hello")) {
		err = fmt.Errorf("still signed in at %s", page.url)
	}
	return err
}

func (v *visitor) get(ctx context.Context, path string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.origin+path, nil)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Accept", "text/html")
	return read(v.client.Do(req))
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
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Origin", v.origin)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return req, nil
}

func read(resp *http.Response, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return answer{resp.StatusCode, resp.Request.URL.String(), string(text)}, errors.Join(err, resp.Body.Close())
}
