package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/totp/totptest"
)

// enter is the key that sends a form.
const enter = "\ue007"

// phone is what somebody has besides their password.
type phone struct {
	app   *totptest.App
	codes []string // recovery codes
	used  int
}

// recovery is the next code that has not been used.
func (p *phone) recovery() string {
	p.used++
	return p.codes[p.used-1]
}

// person is somebody at the browser.
type person struct {
	ctx            context.Context
	b              *browser
	host           host
	address, hello string // and what the host's page greets them with
	password       string
	phone          *phone
	now            func() time.Time // the host's clock
}

// walkFactor is what a person does with a second factor: sets it up, signs in with it and
// with a recovery code, and moves to another app. Every wait ends with ctx.
func walkFactor(ctx context.Context, b *browser, h host, _ bool) error {
	const hello = "Hello Olive Oakes"
	o := &person{
		ctx: ctx, b: b, host: h, address: "olive@example.com", hello: hello, now: time.Now,
		password: regexp.MustCompile(`Olive-1-[a-z2-7]+`).FindString(h.said),
	}
	if o.password == "" {
		return fmt.Errorf("no password in %q", h.said)
	}
	home := func(heading string) func() error {
		return func() error { return b.visit(ctx, h.origin+"/", heading) }
	}
	steps := []struct {
		name string
		do   func() error
	}{
		{"sign in by a password", func() error { return o.byPassword(hello) }},
		{"the page of the second factor", func() error { return b.visit(ctx, h.origin+"/auth/factor?next=/", "Set up a second factor") }},
		{"prove who it is", func() error { return o.prove(`form[action$="/factor/begin"] button`, "Set up a second factor") }},
		{"scan the picture", o.scan},
		{"a wrong first code", o.wrongFirst},
		{"the first code", o.confirm},
		{"the recovery codes as a file", o.download},
		{"they are saved", func() error { return o.press(`form[action$="/factor/done"] button`, hello) }},

		{"sign out", o.signOut},
		{"the password is not enough", func() error { return o.byPassword("Enter your code") }},
		{"the page stays closed", home("Sign in")},
		{"the code", o.code},
		{"sign out again", o.signOut},
		{"the password again", func() error { return o.byPassword("Enter your code") }},
		{"a recovery code", func() error { return o.recover(hello) }},

		{"the second factor", func() error { return b.visit(ctx, h.origin+"/auth/factor", "Your second factor") }},
		{"nine are left", func() error { return o.says("main", "Recovery codes left: 9.") }},
		{"prove it once more", func() error { return o.prove(`form[action$="/factor/change"] button`, "Your second factor") }},
		{"move to another app", func() error { return o.press(`form[action$="/factor/change"] button`, "You are signed out") }},
		{"sign in for it", func() error { return o.press(`main a.button`, "Sign in") }},
		{"the password first", func() error { return o.byPassword("Enter your code") }},
		{"then a recovery code", func() error { return o.recover("Set up a second factor") }},
		{"nothing else is open", home("Set up a second factor")},
		{"begin", func() error { return b.click(ctx, `form[action$="/factor/begin"] button`) }},
		{"scan the new picture", o.scan},
		{"its first code", o.confirm},
		{"not in yet", home("Your second factor is set up")},
		{"the new codes are saved", func() error { return o.press(`form[action$="/factor/done"] button`, hello) }},

		{"sign out at last", o.signOut},
		{"the password at last", func() error { return o.byPassword("Enter your code") }},
		{"the code of the new app", o.code},
		{"the browser found nothing to block", func() error { return quiet(ctx, b) }},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// press clicks, and waits for the next page's heading.
func (o *person) press(css, heading string) error {
	if err := o.b.click(o.ctx, css); err != nil {
		return err
	}
	return o.b.heading(o.ctx, heading)
}

// fill types into the field and sends the form.
func (o *person) fill(css, text, heading string) error {
	if err := o.b.write(o.ctx, css, text+enter); err != nil {
		return err
	}
	return o.b.heading(o.ctx, heading)
}

func (o *person) says(css, want string) error {
	text, err := o.b.text(o.ctx, css)
	if err == nil && !strings.Contains(text, want) {
		err = fmt.Errorf("the page says %q", text)
	}
	return err
}

// focused is the label of the field that has the focus.
func (o *person) focused(want string) error {
	field, err := o.b.active(o.ctx)
	if err != nil {
		return err
	}
	label, err := o.b.label(o.ctx, field)
	if err == nil && label != want {
		err = fmt.Errorf("the focus is on %q", label)
	}
	return err
}

// byPassword signs in from the start, where single sign-on is offered first.
func (o *person) byPassword(heading string) error {
	if err := o.b.visit(o.ctx, o.host.origin+"/", "Sign in"); err != nil {
		return err
	}
	if err := o.b.write(o.ctx, "#address", o.address+enter); err != nil {
		return err
	}
	if err := o.b.click(o.ctx, `button[name="way"][value="password"]`); err != nil {
		return err
	}
	return o.fill("#password", o.password, heading)
}

// prove presses a button that wants the password first, and comes back.
func (o *person) prove(css, back string) error {
	if err := o.press(css, "Confirm that it is you"); err != nil {
		return err
	}
	if err := o.fill("#password", o.password, back); err != nil {
		return err
	}
	if strings.Contains(css, "begin") {
		return o.b.click(o.ctx, css)
	}
	return nil
}

// scan reads the key that is shown for typing, and compares it with the link of the app, and
// that with what another program reads in a picture of the page.
func (o *person) scan() error {
	width, height, err := o.b.size(o.ctx, ".qr svg")
	if err != nil {
		return err
	}
	if width < 200 || width != height {
		return fmt.Errorf("the picture is %v by %v pixels", width, height)
	}
	if err := o.b.click(o.ctx, "summary"); err != nil {
		return err
	}
	key, err := o.b.text(o.ctx, "details code")
	if err != nil {
		return err
	}
	link, err := o.b.attribute(o.ctx, `details a[href^="otpauth:"]`, "href")
	if err != nil {
		return err
	}
	app, err := totptest.NewApp(link)
	if err != nil {
		return err
	}
	typed, err := totptest.NewTypedApp(key)
	if err != nil {
		return err
	}
	at := o.now()
	if app.Code(at) != typed.Code(at) || app.Account != o.address {
		return errors.New("the key and the link are not those of one factor of this person's")
	}
	png, err := o.b.picture(o.ctx, ".qr svg")
	if err != nil {
		return err
	}
	read, err := decode(o.ctx, png)
	if err == nil && read != link {
		err = errors.New("the picture says something else than the link")
	}
	if err != nil {
		return err
	}
	o.phone = &phone{app: typed}
	return nil
}

// wrongFirst leaves the focus where the code is to be typed again.
func (o *person) wrongFirst() error {
	code := []byte(o.phone.app.Code(o.now()))
	for i := range code {
		code[i] = '0' + ('9'-code[i])%10 // none of its digits stays
	}
	if err := o.b.write(o.ctx, "#code", string(code)+enter); err != nil {
		return err
	}
	if err := o.b.find(o.ctx, "#alert"); err != nil {
		return err
	}
	return o.focused("Code that the app shows")
}

// confirm types the first code, and reads the recovery codes.
func (o *person) confirm() error {
	if err := o.fill("#code", o.phone.app.Code(o.now()), "Save your recovery codes"); err != nil {
		return err
	}
	text, err := o.b.text(o.ctx, ".codes")
	if o.phone.codes = strings.Fields(text); err == nil && len(o.phone.codes) != 10 {
		err = fmt.Errorf("%d recovery codes", len(o.phone.codes))
	}
	return err
}

// download has the browser keep the file, and compares what is in it.
func (o *person) download() error {
	if err := o.b.click(o.ctx, `form[action$="/factor/codes.txt"] button`); err != nil {
		return err
	}
	return o.b.until(o.ctx, func() error {
		text, err := os.ReadFile(filepath.Join(o.b.downloads, "recovery-codes.txt"))
		if err == nil && !strings.HasSuffix(string(text), "\n"+strings.Join(o.phone.codes, "\n")+"\n") {
			err = errors.New("the file has other codes than the page")
		}
		return err
	})
}

// code types what the app shows in a moment: what it shows now may have been used.
func (o *person) code() error {
	if err := o.b.visit(o.ctx, o.host.origin+"/auth/code", "Enter your code"); err != nil {
		return err
	}
	if err := o.focused("Code"); err != nil {
		return err
	}
	return o.fill("#code", o.phone.app.Code(o.now().Add(30*time.Second)), o.hello)
}

// recover goes by the link to the other page.
func (o *person) recover(heading string) error {
	if err := o.press(`a[href*="/auth/recover"]`, "Use a recovery code"); err != nil {
		return err
	}
	if err := o.focused("Recovery code"); err != nil {
		return err
	}
	return o.fill("#code", strings.ToLower(o.phone.recovery()), heading)
}

func (o *person) signOut() error {
	if err := o.b.visit(o.ctx, o.host.origin+"/auth/signout", "Sign out"); err != nil {
		return err
	}
	return o.press(`button[value="device"]`, "You are signed out")
}
