package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// recovery has Ann come in without her phone.
func (w *walker) recovery(ctx context.Context) error {
	v, err := w.knocked(ctx, ann)
	if err != nil {
		return err
	}
	code := w.ann.spend()
	page, err := v.recover(ctx, strings.ToLower(strings.ReplaceAll(code, "-", " ")))
	if err == nil {
		err = errors.Join(page.leads("/", accountPage), page.says(http.StatusOK, fmt.Sprintf("Recovery codes left: %d", len(w.ann.codes))))
	}
	if err != nil {
		return fmt.Errorf("a recovery code: %w", err)
	}
	w.done("sign in by a recovery code, and see how many are left")
	for _, row := range []struct{ code, does string }{
		{code, "refuse a recovery code the second time"},
		{w.bob.codes[0], "refuse a recovery code of somebody else"},
		{"AAAA-BBBB-CCCC-DDDD", "refuse one that nobody has"},
	} {
		other, err := w.knocked(ctx, ann)
		if err != nil {
			return err
		}
		page, err := other.recover(ctx, row.code)
		if err == nil {
			err = errors.Join(page.says(http.StatusUnauthorized, "This code is not accepted", "<h1>"+recoveryPage+"</h1>"), other.mustBeOut(ctx))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", row.does, err)
		}
		w.done("%s", row.does)
	}
	for _, path := range []string{"/remove", "/codes"} {
		page, err := v.post(ctx, path, url.Values{"password": {w.site.passwords[ann]}, "code": {w.ann.codes[0]}})
		if err == nil {
			err = page.says(http.StatusUnauthorized, "This code is not accepted", "Your second factor is on")
		}
		if err != nil {
			return fmt.Errorf("%s by a recovery code: %w", path, err)
		}
	}
	w.done("neither takes off the factor nor makes new recovery codes who has found a recovery code")
	return nil
}

// renew makes new recovery codes.
func (w *walker) renew(ctx context.Context) error {
	v, err := w.comeIn(ctx, ann, w.ann)
	if err != nil {
		return err
	}
	old := w.ann.codes
	page, err := v.post(ctx, "/codes", url.Values{"password": {w.site.passwords[ann]}, "code": {w.fresh(w.ann)}})
	if err == nil {
		err = page.says(http.StatusOK, "<h1>"+codesPage+"</h1>")
	}
	if err != nil {
		return fmt.Errorf("new codes: %w", err)
	}
	w.ann.codes = listed(page)
	w.hidden.codes = append(w.hidden.codes, w.ann.codes...)
	if len(w.ann.codes) != 10 {
		return fmt.Errorf("%d new codes", len(w.ann.codes))
	}
	if page, err = v.get(ctx, "/"); err == nil {
		err = page.says(http.StatusOK, "Recovery codes left: 10", "I have saved them")
	}
	if err != nil {
		return fmt.Errorf("new codes: %w", err)
	}
	if v, err = w.knocked(ctx, ann); err != nil {
		return err
	}
	if page, err = v.recover(ctx, old[0]); err == nil {
		err = page.says(http.StatusUnauthorized, "This code is not accepted")
	}
	if err == nil {
		err = w.in(ctx, v.recover, w.ann.spend())
	}
	if err != nil {
		return fmt.Errorf("after new codes: %w", err)
	}
	w.done("make ten new recovery codes: the old ones are void")
	return nil
}

// race shows one code in many browsers at the same time.
func (w *walker) race(ctx context.Context) error {
	const browsers = 8
	for _, row := range []struct {
		code string
		show func(*visitor) func(context.Context, string) (answer, error)
		does string
	}{
		{w.fresh(w.ann), func(v *visitor) func(context.Context, string) (answer, error) { return v.code }, "a code of the app"},
		{w.ann.spend(), func(v *visitor) func(context.Context, string) (answer, error) { return v.recover }, "a recovery code"},
	} {
		var ready []*visitor
		for range browsers {
			v, err := w.knocked(ctx, ann)
			if err != nil {
				return err
			}
			ready = append(ready, v)
		}
		ended := make(chan error, browsers)
		for _, v := range ready {
			go func() { ended <- w.in(ctx, row.show(v), row.code) }()
		}
		in := 0
		for range browsers {
			if err := <-ended; err == nil {
				in++
			}
		}
		if in != 1 {
			return fmt.Errorf("%s in %d browsers at once lets in %d", row.does, browsers, in)
		}
		w.done("%s in %d browsers at once lets in one of them", row.does, browsers)
	}
	return nil
}

// usedUp spends every recovery code.
func (w *walker) usedUp(ctx context.Context) error {
	w.clock.forward(time.Minute) // those who came too late in the race are wrong attempts
	for len(w.ann.codes) > 1 {
		v, err := w.knocked(ctx, ann)
		if err == nil {
			err = w.in(ctx, v.recover, w.ann.spend())
		}
		if err != nil {
			return err
		}
	}
	v, err := w.knocked(ctx, ann)
	if err != nil {
		return err
	}
	page, err := v.recover(ctx, w.ann.spend())
	if err == nil {
		err = errors.Join(page.leads("/setup", setUpPage), page.says(http.StatusOK, "your password alone guards"), v.mustBeHeld(ctx))
	}
	if err != nil {
		return fmt.Errorf("the last recovery code: %w", err)
	}
	w.done("the last recovery code leads into the set-up and nowhere else")
	if v, err = w.visitor(); err != nil {
		return err
	}
	page, err = w.knock(ctx, v, ann)
	if err == nil {
		err = errors.Join(page.leads("/setup", setUpPage), v.mustBeHeld(ctx))
	}
	old := w.ann
	if err == nil {
		w.ann, err = w.enrol(ctx, v, ann)
	}
	if err == nil {
		page, err = v.get(ctx, "/")
	}
	if err == nil {
		err = page.leads("/", accountPage)
	}
	if err == nil {
		err = w.mustRefuse(ctx, ann, w.fresh(old))
	}
	if err != nil {
		return fmt.Errorf("the login after it: %w", err)
	}
	w.done("so does the next login, until a new app is set up; the old one is void")
	return nil
}

// comeInTwice is Ann in two browsers.
func (w *walker) comeInTwice(ctx context.Context) (one, other *visitor, err error) {
	if one, err = w.comeIn(ctx, ann, w.ann); err == nil {
		other, err = w.comeIn(ctx, ann, w.ann)
	}
	return one, other, err
}

// change moves to another phone.
func (w *walker) change(ctx context.Context) error {
	v, other, err := w.comeInTwice(ctx)
	if err != nil {
		return err
	}
	page, err := v.post(ctx, "/change", url.Values{"password": {"a guess of somebody's"}})
	if err == nil {
		err = page.says(http.StatusUnauthorized, "The password is wrong")
	}
	if err == nil {
		page, err = v.post(ctx, "/change", url.Values{"password": {w.site.passwords[ann]}})
	}
	if err == nil {
		err = errors.Join(page.says(http.StatusOK, "You are signed out everywhere"), v.mustBeOut(ctx), other.mustBeOut(ctx))
	}
	if err != nil {
		return fmt.Errorf("change: %w", err)
	}
	w.done("to change the app signs her out everywhere")
	for _, code := range []string{"app", "recovery code"} {
		if v, err = w.knocked(ctx, ann); err != nil {
			return err
		}
		if code == "app" {
			page, err = v.code(ctx, w.fresh(w.ann))
		} else {
			page, err = v.recover(ctx, w.ann.spend())
		}
		if err == nil {
			err = errors.Join(page.leads("/setup", setUpPage), v.mustBeHeld(ctx))
		}
		if err != nil {
			return fmt.Errorf("the login after it, by %s: %w", code, err)
		}
	}
	w.done("the next login asks for the old factor, and leads into the set-up; who gives up there is asked again")
	old := w.ann
	if w.ann, err = w.enrol(ctx, v, ann); err == nil {
		err = w.mustRefuse(ctx, ann, w.fresh(old))
	}
	if err == nil {
		_, err = w.comeIn(ctx, ann, w.ann)
	}
	if err != nil {
		return fmt.Errorf("the new app: %w", err)
	}
	w.done("then the new app signs in, and the old one is void")
	return nil
}

// remove takes the factor off.
func (w *walker) remove(ctx context.Context) error {
	v, other, err := w.comeInTwice(ctx)
	if err != nil {
		return err
	}
	waiting, err := w.knocked(ctx, ann)
	if err != nil {
		return err
	}
	for _, lacks := range []url.Values{
		{"password": {"a guess of somebody's"}, "code": {w.fresh(w.ann)}},
		{"password": {w.site.passwords[ann]}, "code": {w.wrong(w.ann)}},
	} {
		page, err := v.post(ctx, "/remove", lacks)
		if err == nil {
			err = page.says(http.StatusUnauthorized, "Your second factor is on")
		}
		if err != nil {
			return fmt.Errorf("remove without both: %w", err)
		}
	}
	page, err := v.post(ctx, "/remove", url.Values{"password": {w.site.passwords[ann]}, "code": {w.fresh(w.ann)}})
	if err == nil {
		err = errors.Join(page.says(http.StatusOK, "You have no second factor"), other.mustBeOut(ctx))
	}
	if err == nil {
		if page, err = waiting.get(ctx, "/code"); err == nil {
			err = page.leads("/signin", signInPage)
		}
	}
	if err == nil {
		if page, err = w.knock(ctx, other, ann); err == nil {
			err = page.leads("/", accountPage)
		}
	}
	if err != nil {
		return fmt.Errorf("remove: %w", err)
	}
	w.done("to remove it takes the password and a code, and ends every other session")
	return nil
}

// stolen is a session in the wrong hands.
func (w *walker) stolen(ctx context.Context) error {
	v, err := w.comeIn(ctx, bob, w.bob)
	if err != nil {
		return err
	}
	page, err := v.postFrom(ctx, "https://elsewhere.example", "/change", url.Values{"password": {w.site.passwords[bob]}})
	if err == nil {
		err = page.says(http.StatusForbidden)
	}
	if err != nil {
		return fmt.Errorf("a form on another site: %w", err)
	}
	w.done("refuse a form on another site")
	for range mostGuesses {
		page, err := v.post(ctx, "/change", url.Values{"password": {"a guess of somebody's"}})
		if err == nil {
			err = page.says(http.StatusUnauthorized, "The password is wrong")
		}
		if err != nil {
			return fmt.Errorf("guessing at the password: %w", err)
		}
	}
	page, err = v.post(ctx, "/change", url.Values{"password": {w.site.passwords[bob]}})
	if err == nil {
		err = errors.Join(page.says(http.StatusForbidden, "You are signed out", "<h1>"+signInPage+"</h1>"), v.mustBeOut(ctx))
	}
	if err == nil {
		_, err = w.comeIn(ctx, bob, w.bob)
	}
	if err != nil {
		return fmt.Errorf("after five guesses at the password: %w", err)
	}
	w.done("five guesses at the password end the session in which they were made, and no other way in")
	return nil
}
