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

// inHand is what somebody has at home: the app on the phone, and the recovery codes.
type inHand struct {
	phone *totptest.App
	codes []string
}

// walkFactor has the Owner add a second factor, who goes past the required single sign-on.
func (a *app) walkFactor(ctx context.Context, done func(string, ...any)) error {
	v, err := a.comeIn(ctx, "olive")
	if err != nil {
		return err
	}
	password := url.Values{"password": {a.known["olive"].Password}}
	if page, err := v.post(ctx, "/factor/begin", url.Values{"password": {"a guess of somebody's"}}); err != nil || page.status != http.StatusUnauthorized {
		return fmt.Errorf("set-up without the password: status %d, %v", page.status, err)
	}
	mine, err := v.setUp(ctx, password)
	if err != nil {
		return err
	}
	if mine.phone.Issuer != "Desk" || mine.phone.Account != a.known["olive"].Mail {
		return fmt.Errorf("the app shows %q, %q", mine.phone.Issuer, mine.phone.Account)
	}
	file, err := v.post(ctx, "/factor/codes.txt", url.Values{"code": mine.codes})
	if err != nil || !strings.Contains(file.text, strings.Join(mine.codes, "\n")) {
		return fmt.Errorf("the download: status %d, %v", file.status, err)
	}
	done("Olive sets up an app as her second factor, and saves %d recovery codes", len(mine.codes))

	if err := a.halfIn(ctx, v, "olive"); err != nil {
		return err
	}
	// Each code is good once, and the one of now has confirmed. The app's next one is
	// taken early, so that nobody waits for half a minute.
	code := mine.phone.Code(time.Now().Add(30 * time.Second))
	thief, err := a.visitor()
	if err != nil {
		return err
	}
	if err := errors.Join(thief.mustBeRefused(ctx, "/login/code", code), thief.mustBeOut(ctx)); err != nil {
		return fmt.Errorf("a code in another browser: %w", err)
	}
	done("her password alone lets her in no more, nor does a code without it")
	if page, err := v.byCode(ctx, "/login/code", code); err != nil || !page.in() {
		return fmt.Errorf("a right code: status %d, %v", page.status, err)
	}
	done("with the code of the app she is in")

	if err := a.halfIn(ctx, v, "olive"); err != nil {
		return err
	}
	if err := errors.Join(v.mustBeRefused(ctx, "/login/code", code), v.mustBeOut(ctx)); err != nil {
		return fmt.Errorf("the same code: %w", err)
	}
	if page, err := v.byCode(ctx, "/login/recovery", mine.codes[0]); err != nil || !page.in() {
		return fmt.Errorf("a recovery code: status %d, %v", page.status, err)
	}
	done("the same code again is refused; a recovery code lets her in")
	if err := a.halfIn(ctx, v, "olive"); err != nil {
		return err
	}
	if err := v.mustBeRefused(ctx, "/login/recovery", mine.codes[0]); err != nil {
		return fmt.Errorf("the same recovery code: %w", err)
	}
	if page, err := v.byCode(ctx, "/login/recovery", strings.ToLower(mine.codes[1])); err != nil || !page.in() {
		return fmt.Errorf("another recovery code: status %d, %v", page.status, err)
	}
	done("each recovery code once")
	return a.walkChange(ctx, v, mine, done)
}

// walkChange has her change to another phone.
func (a *app) walkChange(ctx context.Context, v *visitor, old inHand, done func(string, ...any)) error {
	page, err := v.post(ctx, "/factor/change", url.Values{"password": {a.known["olive"].Password}})
	if err != nil || !strings.HasPrefix(page.url, a.origin+"/login") {
		return fmt.Errorf("change to another phone: status %d at %s, %v", page.status, page.url, err)
	}
	if err := a.halfIn(ctx, v, "olive"); err != nil {
		return err
	}
	if _, err := v.byCode(ctx, "/login/recovery", old.codes[2]); err != nil {
		return err
	}
	if err := v.mustSetUp(ctx); err != nil {
		return err
	}
	done("to change the phone she shows what she has, and is let into set-up and nothing else")
	mine, err := v.setUp(ctx, nil)
	if err != nil {
		return err
	}
	if err := v.mustSetUp(ctx); err != nil {
		return fmt.Errorf("before the codes are saved: %w", err)
	}
	if page, err = v.post(ctx, "/factor/done", url.Values{"next": {"/?from=setup"}}); err != nil || !page.in() || page.url != a.origin+"/?from=setup" {
		return fmt.Errorf("the end of set-up: status %d at %s, %v", page.status, page.url, err)
	}
	if err := a.halfIn(ctx, v, "olive"); err != nil {
		return err
	}
	err = errors.Join(
		v.mustBeRefused(ctx, "/login/code", old.phone.Code(time.Now())),
		v.mustBeRefused(ctx, "/login/recovery", old.codes[3]),
	)
	if err != nil {
		return fmt.Errorf("the old phone: %w", err)
	}
	if page, err = v.byCode(ctx, "/login/code", mine.phone.Code(time.Now().Add(30*time.Second))); err != nil || !page.in() {
		return fmt.Errorf("the new phone: status %d, %v", page.status, err)
	}
	done("the new phone is good now, and the old one's codes are worthless")
	return a.walkReset(ctx, v, done)
}

// walkReset has Tess lose her phone, and the boss help.
func (a *app) walkReset(ctx context.Context, boss *visitor, done func(string, ...any)) error {
	if page, err := boss.post(ctx, "/team/active", url.Values{"id": {"acct-3"}, "active": {"yes"}}); err != nil || !page.in() {
		return fmt.Errorf("enabling: status %d, %v", page.status, err)
	}
	tess, err := a.comeIn(ctx, "tess")
	if err != nil {
		return err
	}
	if _, err := tess.setUp(ctx, url.Values{"password": {a.known["tess"].Password}}); err != nil {
		return err
	}
	reset := url.Values{"id": {"acct-3"}, "password": {"a guess of somebody's"}}
	if page, err := boss.post(ctx, "/team/factor", reset); err != nil || page.status != http.StatusForbidden {
		return fmt.Errorf("a reset without the password: status %d, %v", page.status, err)
	}
	if err := tess.mustSay(ctx, "Hello Tess Tyler"); err != nil {
		return err
	}
	reset.Set("password", a.known["olive"].Password)
	if page, err := boss.post(ctx, "/team/factor", reset); err != nil || !page.in() {
		return fmt.Errorf("a reset: status %d, %v", page.status, err)
	}
	if err := tess.mustBeOut(ctx); err != nil {
		return err
	}
	tess, _, err = a.byPassword(ctx, a.known["tess"].Mail, a.known["tess"].Password)
	if err != nil {
		return err
	}
	if err := tess.mustSetUp(ctx); err != nil {
		return err
	}
	done("the boss resets the one of Tess, who is signed out, and has to set up another before anything else")
	return nil
}

// halfIn signs out, and types the password.
func (a *app) halfIn(ctx context.Context, v *visitor, first string) error {
	if _, err := v.post(ctx, "/logout", nil); err != nil {
		return err
	}
	page, err := v.post(ctx, "/login/password", url.Values{"address": {a.known[first].Mail}, "password": {a.known[first].Password}})
	if err != nil || page.url != a.origin+"/login/code" {
		return fmt.Errorf("a password, and no code was asked: status %d at %s, %v", page.status, page.url, err)
	}
	return v.mustBeOut(ctx)
}

var shownCode = regexp.MustCompile(`<li><code>([^<]+)</code></li>`)

// setUp brings a new factor into a phone and confirms it.
func (v *visitor) setUp(ctx context.Context, proof url.Values) (inHand, error) {
	page, err := v.post(ctx, "/factor/begin", proof)
	if err != nil {
		return inHand{}, err
	}
	link := linkIn(page.text)
	phone, err := totptest.NewApp(link)
	if err != nil {
		return inHand{}, fmt.Errorf("the page for set-up, status %d: %w", page.status, err)
	}
	page, err = v.byCode(ctx, "/factor/confirm", "no code")
	if err != nil || page.status != http.StatusUnauthorized || linkIn(page.text) != link {
		return inHand{}, fmt.Errorf("a wrong first code: status %d, %v", page.status, err)
	}
	page, err = v.byCode(ctx, "/factor/confirm", phone.Code(time.Now()))
	if err != nil {
		return inHand{}, err
	}
	out := inHand{phone: phone}
	for _, m := range shownCode.FindAllStringSubmatch(page.text, -1) {
		out.codes = append(out.codes, m[1])
	}
	if len(out.codes) != 10 {
		return inHand{}, fmt.Errorf("the first code: status %d, and %d recovery codes", page.status, len(out.codes))
	}
	return out, nil
}

// linkIn is the link that the page has for the app.
func linkIn(page string) string {
	_, rest, _ := strings.Cut(page, `href="otpauth:`)
	link, _, _ := strings.Cut(rest, `"`)
	return "otpauth:" + html.UnescapeString(link)
}

func (v *visitor) byCode(ctx context.Context, path, code string) (answer, error) {
	return v.post(ctx, path, url.Values{"code": {code}})
}

// mustBeRefused looks whether a code is.
func (v *visitor) mustBeRefused(ctx context.Context, path, code string) error {
	page, err := v.byCode(ctx, path, code)
	if err == nil && page.status != http.StatusUnauthorized && page.status != http.StatusForbidden {
		err = fmt.Errorf("not refused: status %d at %s", page.status, page.url)
	}
	return err
}

// mustSetUp looks whether the session is for setting up, and opens nothing else.
func (v *visitor) mustSetUp(ctx context.Context) error {
	for _, ask := range []func() (answer, error){
		func() (answer, error) { return v.home(ctx) },
		func() (answer, error) { return v.post(ctx, "/workspaces", url.Values{"name": {"Gamma"}}) },
		func() (answer, error) {
			return v.post(ctx, "/factor/codes", url.Values{"password": {"x"}, "code": {"y"}})
		},
	} {
		page, err := ask()
		if err == nil && (page.in() || !strings.HasPrefix(page.url, v.origin+"/factor") || strings.Contains(page.text, "<ol>")) {
			err = fmt.Errorf("a session for set-up opens more: status %d at %s", page.status, page.url)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
