package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/password"
)

// walker goes through the site by HTTP, with the site's clock in its hand.
type walker struct {
	site  *site
	clock *clock
	log   *lines
	seen  *transcript
	done  func(format string, args ...any)

	ann, bob *phone
	hidden   hidden
}

const (
	ann = "ann@example.com"
	bob = "bob@example.com"
)

// walk prints a line for each step, and ends at the first that fails.
func walk(ctx context.Context, hasher *password.Hasher, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	steps := 0
	w, err := newWalker(ctx, hasher)
	if err != nil {
		return err
	}
	w.done = func(format string, args ...any) {
		steps++
		fmt.Fprintf(out, "ok   "+format+"\n", args...)
	}
	for _, part := range []func(context.Context) error{
		w.password, w.setUp, w.confirm, w.signIn, w.order, w.lock, w.recovery, w.renew, w.race,
		w.usedUp, w.change, w.remove, w.stolen, w.leaks,
	} {
		if err := part(ctx); err != nil {
			fmt.Fprintln(out, "FAIL", err)
			return errors.Join(err, w.site.close())
		}
	}
	if err := w.site.close(); err != nil {
		return err
	}
	fmt.Fprintf(out, "totponly: all %d steps passed\n", steps)
	return nil
}

func newWalker(ctx context.Context, hasher *password.Hasher) (*walker, error) {
	w := &walker{clock: &clock{at: time.Now()}, log: &lines{}, seen: &transcript{}, done: func(string, ...any) {}}
	var err error
	w.site, err = start(ctx, "localhost:0", hasher, w.clock.now, w.log)
	if err == nil {
		for _, p := range w.site.passwords {
			w.hidden.passwords = append(w.hidden.passwords, p)
		}
	}
	return w, err
}

// password has Ann come in by what she knows.
func (w *walker) password(ctx context.Context) error {
	v, err := w.visitor()
	if err != nil {
		return err
	}
	wrong, err := v.post(ctx, "/signin", url.Values{"address": {ann}, "password": {"a guess of somebody's"}})
	if err != nil {
		return err
	}
	unknown, err := v.post(ctx, "/signin", url.Values{"address": {"nobody@example.com"}, "password": {"a guess of somebody's"}})
	if err == nil {
		err = wrong.says(http.StatusUnauthorized, "The password is wrong")
	}
	if err == nil && (unknown.status != wrong.status || unknown.text != wrong.text) {
		err = errors.New("somebody without an account is told something else")
	}
	if err != nil {
		return fmt.Errorf("a wrong password: %w", err)
	}
	w.done("refuse a wrong password, and say no more to somebody without an account")
	page, err := w.knock(ctx, v, ann)
	if err == nil {
		err = errors.Join(page.leads("/", accountPage), page.says(http.StatusOK, "You have no second factor"))
	}
	if err != nil {
		return fmt.Errorf("sign in by password: %w", err)
	}
	w.done("sign in as %s by a password: there is no second factor yet", ann)
	return nil
}

// knock shows the right password.
func (w *walker) knock(ctx context.Context, v *visitor, address string) (answer, error) {
	return v.post(ctx, "/signin", url.Values{"address": {address}, "password": {w.site.passwords[address]}})
}

// knocked is a browser that has shown the right password, and is asked for a code.
func (w *walker) knocked(ctx context.Context, address string) (*visitor, error) {
	v, err := w.visitor()
	if err != nil {
		return nil, err
	}
	page, err := w.knock(ctx, v, address)
	if err == nil {
		err = page.leads("/code", codePage)
	}
	return v, err
}

// comeIn is a browser that has come in by a code which was not shown before.
func (w *walker) comeIn(ctx context.Context, address string, p *phone) (*visitor, error) {
	v, err := w.knocked(ctx, address)
	if err != nil {
		return nil, err
	}
	page, err := v.code(ctx, w.fresh(p))
	if err == nil {
		err = page.leads("/", accountPage)
	}
	return v, err
}

// fresh waits for a code that was never shown.
func (w *walker) fresh(p *phone) string {
	w.clock.forward(time.Minute)
	return w.code(p)
}

// code is what the phone shows now.
func (w *walker) code(p *phone) string {
	code := p.app.Code(w.clock.now())
	w.hidden.shown = append(w.hidden.shown, code)
	return code
}

// wrong is a code that no step near now has.
func (w *walker) wrong(p *phone) string {
	near := map[string]bool{}
	for step := -2; step <= 2; step++ {
		near[p.app.Code(w.clock.now().Add(time.Duration(step)*30*time.Second))] = true
	}
	for n := 0; ; n++ {
		if code := fmt.Sprintf("%06d", n); !near[code] {
			return code
		}
	}
}

func (v *visitor) code(ctx context.Context, code string) (answer, error) {
	return v.post(ctx, "/code", url.Values{"code": {code}})
}

func (v *visitor) recover(ctx context.Context, code string) (answer, error) {
	return v.post(ctx, "/recovery", url.Values{"code": {code}})
}

// mustBeOut looks whether the account is closed to this browser.
func (v *visitor) mustBeOut(ctx context.Context) error {
	page, err := v.get(ctx, "/")
	if err == nil {
		err = page.leads("/signin", signInPage)
	}
	return err
}

// mustBeHeld looks whether a browser may do nothing but set up a factor.
func (v *visitor) mustBeHeld(ctx context.Context) error {
	page, err := v.get(ctx, "/")
	if err == nil {
		err = page.leads("/setup", setUpPage)
	}
	for _, path := range []string{"/codes", "/codes/download", "/codes/saved", "/change", "/remove"} {
		if err != nil {
			return err
		}
		if page, err = v.post(ctx, path, nil); err == nil {
			err = page.leads("/setup", setUpPage)
		}
	}
	return err
}

// enrol sets up a factor in a browser that may.
func (w *walker) enrol(ctx context.Context, v *visitor, address string) (*phone, error) {
	page, err := v.post(ctx, "/setup", url.Values{"password": {w.site.passwords[address]}})
	if err != nil {
		return nil, err
	}
	p, err := scan(page)
	if err != nil {
		return nil, err
	}
	w.hidden.secret(page)
	page, err = v.post(ctx, "/setup/confirm", url.Values{"code": {w.fresh(p)}})
	if err != nil {
		return nil, err
	}
	p.codes = listed(page)
	w.hidden.codes = append(w.hidden.codes, p.codes...)
	if err := page.says(http.StatusOK, "<h1>"+codesPage+"</h1>"); err != nil {
		return nil, err
	}
	if len(p.codes) != 10 || strings.Join(p.codes, "") == "" {
		return nil, fmt.Errorf("%d recovery codes", len(p.codes))
	}
	return p, nil
}
