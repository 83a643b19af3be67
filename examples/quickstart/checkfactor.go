package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/totp/totptest"
)

// walkFactor has the Owner add an authenticator app to her password.
func (a *app) walkFactor(ctx context.Context, done func(string, ...any)) error {
	v, err := a.visitor()
	if err != nil {
		return err
	}
	if _, err := v.password(ctx, a.password); err != nil {
		return err
	}
	phone, codes, err := v.setUp(ctx, a.password)
	if err != nil {
		return err
	}
	done("set up a second factor for olive@example.com: her app shows %s, and she saves %d recovery codes", phone.Issuer, len(codes))

	if err := v.half(ctx, a.password); err != nil {
		return err
	}
	done("her password alone lets her in no more: a code is asked for")
	// Each code is good once, and the one of now has confirmed. The app's next one is
	// taken early, so that nobody waits for half a minute.
	code := phone.Code(time.Now().Add(30 * time.Second))
	if err := v.mustBeWrong(ctx, "/auth/code", "no code"); err != nil {
		return err
	}
	page, err := v.post(ctx, "/auth/code", url.Values{"code": {code}})
	if err != nil || !strings.Contains(page.text, "<dd>password, authenticator app</dd>") {
		return fmt.Errorf("a right code: status %d at %s, %w", page.status, page.url, err)
	}
	done("refuse a wrong code, and sign in with a right one")

	if err := v.half(ctx, a.password); err != nil {
		return err
	}
	if err := v.mustBeWrong(ctx, "/auth/code", code); err != nil {
		return err
	}
	done("refuse the same code a second time")
	page, err = v.post(ctx, "/auth/recover", url.Values{"code": {codes[0]}})
	if err != nil || !strings.Contains(page.text, "<dd>password, recovery code</dd>") {
		return fmt.Errorf("a recovery code: status %d at %s, %w", page.status, page.url, err)
	}
	if err := v.half(ctx, a.password); err != nil {
		return err
	}
	if err := v.mustBeWrong(ctx, "/auth/recover", codes[0]); err != nil {
		return err
	}
	done("without the phone, sign in with a recovery code: once")
	return nil
}

// password signs in as Olive, as far as a password goes.
func (v *visitor) password(ctx context.Context, password string) (answer, error) {
	return v.post(ctx, "/auth/password", url.Values{"address": {"olive@example.com"}, "password": {password}})
}

// half signs out and shows the password, which is to be half of what is asked.
func (v *visitor) half(ctx context.Context, password string) error {
	if _, err := v.post(ctx, "/auth/signout", url.Values{"scope": {"device"}}); err != nil {
		return err
	}
	page, err := v.password(ctx, password)
	if err == nil && (page.status != http.StatusOK || !strings.HasPrefix(page.url, v.origin+"/auth/code")) {
		err = fmt.Errorf("no code is asked for: status %d at %s", page.status, page.url)
	}
	return errors.Join(err, v.mustBeOut(ctx))
}

// mustBeWrong shows a code, and looks whether it is refused and opens nothing.
func (v *visitor) mustBeWrong(ctx context.Context, path, code string) error {
	page, err := v.post(ctx, path, url.Values{"code": {code}})
	if err == nil && page.status != http.StatusUnauthorized {
		err = fmt.Errorf("a wrong code at %s: status %d", path, page.status)
	}
	return errors.Join(err, v.mustBeOut(ctx))
}

var (
	appLink   = regexp.MustCompile(`href="(otpauth:[^"]+)"`)
	shownCode = regexp.MustCompile(`<li><code>([0-9A-Z-]+)</code></li>`)
)

// setUp goes through the pages of the second factor as somebody with a phone does. They
// ask for the password once more before they show anything.
func (v *visitor) setUp(ctx context.Context, password string) (*totptest.App, []string, error) {
	page, err := v.post(ctx, "/auth/factor/begin", url.Values{"next": {"/"}})
	if err != nil {
		return nil, nil, err
	}
	if !strings.HasPrefix(page.url, v.origin+"/auth/prove") || appLink.MatchString(page.text) {
		return nil, nil, fmt.Errorf("set-up without the password: status %d at %s", page.status, page.url)
	}
	if _, err := v.post(ctx, "/auth/prove", url.Values{"password": {password}, "next": {"/"}}); err != nil {
		return nil, nil, err
	}
	if page, err = v.post(ctx, "/auth/factor/begin", url.Values{"next": {"/"}}); err != nil {
		return nil, nil, err
	}
	link := appLink.FindStringSubmatch(page.text)
	if link == nil {
		return nil, nil, fmt.Errorf("no QR code is shown: status %d at %s", page.status, page.url)
	}
	phone, err := totptest.NewApp(html.UnescapeString(link[1]))
	if err != nil {
		return nil, nil, err
	}
	page, err = v.post(ctx, "/auth/factor/confirm", url.Values{"code": {phone.Code(time.Now())}, "next": {"/"}})
	if err != nil {
		return nil, nil, err
	}
	var codes []string
	for _, c := range shownCode.FindAllStringSubmatch(page.text, -1) {
		codes = append(codes, c[1])
	}
	if len(codes) != 10 {
		return nil, nil, fmt.Errorf("the first code: status %d, and %d recovery codes", page.status, len(codes))
	}
	page, err = v.post(ctx, "/auth/factor/done", url.Values{"next": {"/"}})
	if err == nil && !strings.Contains(page.text, "Hello Olive Oakes") {
		err = fmt.Errorf("after the set-up: status %d at %s", page.status, page.url)
	}
	return phone, codes, err
}
