package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// setUp begins a factor, and gives up half-way.
func (w *walker) setUp(ctx context.Context) error {
	v, err := w.visitor()
	if err != nil {
		return err
	}
	if _, err := w.knock(ctx, v, ann); err != nil {
		return err
	}
	page, err := v.post(ctx, "/setup", url.Values{"password": {"a guess of somebody's"}})
	if err == nil {
		err = page.says(http.StatusUnauthorized, "The password is wrong", "Your password, once more")
	}
	if err != nil {
		return fmt.Errorf("set up without the password: %w", err)
	}
	w.done("to set up a factor takes the password once more")
	page, err = v.post(ctx, "/setup", url.Values{"password": {w.site.passwords[ann]}})
	var p *phone
	if err == nil {
		w.hidden.secret(page)
		p, err = scan(page)
	}
	if err != nil {
		return fmt.Errorf("the set-up page: %w", err)
	}
	if now := w.clock.now(); p.app.Issuer != product || p.app.Account != ann || p.app.Code(now) != p.typed.Code(now) {
		return fmt.Errorf("the set-up page: for %q of %q, or another key in words than in the link", p.app.Account, p.app.Issuer)
	}
	w.done("the set-up page shows a QR code, a link and a key to type, of one secret")
	page, err = v.post(ctx, "/setup/confirm", url.Values{"code": {w.wrong(p)}})
	if err == nil {
		err = page.says(http.StatusUnauthorized, "This code is not accepted", "<svg ")
	}
	w.clock.forward(11 * time.Minute)
	if err == nil {
		if page, err = v.post(ctx, "/setup/confirm", url.Values{"code": {w.code(p)}}); err == nil {
			err = page.says(http.StatusForbidden, "This took too long")
		}
	}
	var other *visitor
	if err == nil {
		other, err = w.visitor()
	}
	if err == nil {
		if page, err = w.knock(ctx, other, ann); err == nil {
			err = page.leads("/", accountPage)
		}
	}
	if err != nil {
		return fmt.Errorf("a set-up that is not confirmed: %w", err)
	}
	w.done("a wrong code confirms nothing, and neither does a right one after ten minutes: the password is still enough")
	return nil
}

// confirm sets the factors up.
func (w *walker) confirm(ctx context.Context) error {
	v, err := w.visitor()
	if err != nil {
		return err
	}
	other, err := w.visitor()
	if err != nil {
		return err
	}
	for _, browser := range []*visitor{v, other} {
		if _, err := w.knock(ctx, browser, ann); err != nil {
			return err
		}
	}
	if w.ann, err = w.enrol(ctx, v, ann); err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	w.done("the first code confirms, and ten recovery codes are shown")
	file, err := v.post(ctx, "/codes/download", url.Values{"code": w.ann.codes})
	if err == nil {
		err = file.says(http.StatusOK, append([]string{product, ann}, w.ann.codes...)...)
	}
	if err == nil && !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") {
		err = errors.New("it is no attachment")
	}
	if err != nil {
		return fmt.Errorf("download: %w", err)
	}
	w.done("they can be downloaded as a file")
	page, err := v.get(ctx, "/setup") // the secret is not shown again
	if err == nil {
		err = errors.Join(page.leads("/", accountPage), page.says(http.StatusOK, "Recovery codes left: 10", "I have saved them"))
	}
	if err == nil {
		set := between(page.text, `name="set" value="`, `"`, "")
		if page, err = v.post(ctx, "/codes/saved", url.Values{"set": {set}}); err == nil && strings.Contains(page.text, "I have saved them") {
			err = errors.New("asked again whether they are saved")
		}
	}
	if err == nil {
		err = other.mustBeOut(ctx)
	}
	if err != nil {
		return fmt.Errorf("after the set-up: %w", err)
	}
	w.done("neither they nor the secret are shown again, and her session that was opened without a factor is over")

	if v, err = w.visitor(); err != nil {
		return err
	}
	if _, err := w.knock(ctx, v, bob); err != nil {
		return err
	}
	if w.bob, err = w.enrol(ctx, v, bob); err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	w.done("%s sets up a factor of his own", bob)
	return nil
}

// signIn has Ann come in with her phone.
func (w *walker) signIn(ctx context.Context) error {
	v, err := w.knocked(ctx, ann)
	if err == nil {
		err = v.mustBeOut(ctx)
	}
	if err != nil {
		return fmt.Errorf("after the password: %w", err)
	}
	w.done("now the password opens nothing: a code is asked")
	for _, row := range []struct{ code, does string }{
		{w.wrong(w.ann), "refuse a wrong code"},
		{w.code(w.bob), "refuse a code of somebody else's app"},
		{w.ann.codes[0], "refuse a recovery code where the app's is asked"},
		{"", "refuse no code at all"},
	} {
		page, err := v.code(ctx, row.code)
		if err == nil {
			err = errors.Join(page.says(http.StatusUnauthorized, "This code is not accepted"), v.mustBeOut(ctx))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", row.does, err)
		}
		w.done("%s", row.does)
	}
	page, err := v.code(ctx, w.fresh(w.ann))
	if err == nil {
		err = errors.Join(page.leads("/", accountPage), page.says(http.StatusOK, ann))
	}
	if err != nil {
		return fmt.Errorf("the right code: %w", err)
	}
	w.done("sign in by the right code")
	return nil
}

// order shows codes more than once.
func (w *walker) order(ctx context.Context) error {
	code := w.code(w.ann) // has just let her in
	for _, spelled := range []string{code, code[:3] + " " + code[3:], code[:3] + "-" + code[3:] + "\u00a0"} {
		if err := w.mustRefuse(ctx, ann, spelled); err != nil {
			return fmt.Errorf("the same code again: %w", err)
		}
	}
	w.done("refuse the same code again, however it is spelled")
	first := w.fresh(w.ann)
	second := w.ann.app.Code(w.clock.now().Add(30 * time.Second)) // of a phone that is ahead
	w.hidden.shown = append(w.hidden.shown, second)
	for _, good := range []string{first, second} {
		v, err := w.knocked(ctx, ann)
		if err != nil {
			return err
		}
		page, err := v.code(ctx, good)
		if err == nil {
			err = page.leads("/", accountPage)
		}
		if err != nil {
			return fmt.Errorf("two codes in a row: %w", err)
		}
	}
	if err := w.mustRefuse(ctx, ann, first); err != nil {
		return fmt.Errorf("the first of two codes again: %w", err)
	}
	w.done("accept a code and the next one, and refuse the first again")
	return nil
}

// mustRefuse shows a code of the app in a new browser.
func (w *walker) mustRefuse(ctx context.Context, address, code string) error {
	v, err := w.knocked(ctx, address)
	if err != nil {
		return err
	}
	page, err := v.code(ctx, code)
	if err == nil {
		err = errors.Join(page.says(http.StatusUnauthorized, "This code is not accepted"), v.mustBeOut(ctx))
	}
	return err
}

// lock guesses.
func (w *walker) lock(ctx context.Context) error {
	if _, err := w.comeIn(ctx, ann, w.ann); err != nil { // from here on none was wrong
		return err
	}
	w.clock.forward(time.Minute)
	for range 5 {
		if err := w.mustRefuse(ctx, ann, w.wrong(w.ann)); err != nil {
			return fmt.Errorf("a wrong code: %w", err)
		}
	}
	v, err := w.knocked(ctx, ann)
	if err != nil {
		return err
	}
	locked := func(seconds string) error {
		page, err := v.code(ctx, w.code(w.ann))
		if err == nil {
			err = errors.Join(page.says(http.StatusTooManyRequests, "Until "+seconds+" have passed", "not even a right one"), v.mustBeOut(ctx))
		}
		return err
	}
	if err := locked("30s"); err != nil {
		return fmt.Errorf("after five wrong codes: %w", err)
	}
	w.done("after five wrong codes refuse the right one, for 30 seconds")
	if err := w.in(ctx, v.recover, w.ann.spend()); err != nil {
		return fmt.Errorf("a recovery code while the app is locked: %w", err)
	}
	w.done("a recovery code lets her in all the same")
	if v, err = w.knocked(ctx, ann); err != nil {
		return err
	}
	w.clock.forward(30 * time.Second)
	if _, err = v.code(ctx, w.wrong(w.ann)); err == nil {
		err = locked("1m0s")
	}
	if err != nil {
		return fmt.Errorf("a wrong code after the lock: %w", err)
	}
	w.done("one more wrong code locks for a minute, and a new login does not begin from nothing")
	w.clock.forward(time.Minute)
	if err := w.in(ctx, v.code, w.code(w.ann)); err != nil {
		return fmt.Errorf("after the lock: %w", err)
	}
	w.done("then the right code signs in")
	return nil
}

// in shows a code that has to open the account.
func (w *walker) in(ctx context.Context, show func(context.Context, string) (answer, error), code string) error {
	page, err := show(ctx, code)
	if err == nil {
		err = page.leads("/", accountPage)
	}
	return err
}

// spend takes the next recovery code.
func (p *phone) spend() string {
	code := p.codes[0]
	p.codes = slices.Delete(p.codes, 0, 1)
	return code
}
