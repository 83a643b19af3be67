package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
)

// newcomer is somebody who has nothing but a mailbox at first.
type newcomer struct {
	person
	mails *mailHost
}

// walkMail is what a person does by mail: signs up, sets up a second factor, comes back by a
// code and by a link, without the phone, and with another password. Every wait ends with ctx.
func walkMail(ctx context.Context, b *browser, _ host, _ bool) (err error) {
	h, err := startMailHost()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	n := &newcomer{mails: h, person: person{
		ctx: ctx, b: b, host: host{origin: h.origin}, address: "nia@example.net", hello: "Hello Nia New",
		password: "Correct horse 7 battery staple", now: h.now,
	}}
	home := func(heading string) func() error {
		return func() error { return b.visit(ctx, h.origin+"/", heading) }
	}
	steps := []struct {
		name string
		do   func() error
	}{
		{"a protected page asks to sign in", home("Sign in")},
		{"sign up", func() error { return n.press(`a[href*="/auth/signup"]`, "Create an account") }},
		{"the address has the focus", func() error { return n.focused("Email address") }},
		{"a mail is asked for", func() error { return n.fill("#address", n.address, "Check your mail") }},
		{"the link of the mail", func() error { return n.follow(accesssec.TemplateMailSignUp, "Create an account") }},
		{"a password that is too simple", n.tooSimple},
		{"the account", n.finish},

		{"the person's own page", func() error { return b.visit(ctx, h.origin+"/auth/security?next=/", "Your sign-in and security") }},
		{"the second factor", func() error { return n.press(`#factor a.button`, "Set up a second factor") }},
		{"prove who it is", func() error { return n.prove(`form[action$="/factor/begin"] button`, "Set up a second factor") }},
		{"scan the picture", n.scan},
		{"the first code", n.confirm},
		{"the recovery codes as a file", n.download},
		{"they are saved", func() error { return n.press(`form[action$="/factor/done"] button`, "Your sign-in and security") }},

		{"sign out", n.signOut},
		{"ask for a mail", n.askLink},
		{"the code of the mail", n.mailCode},
		{"the code of the app", n.next},
		{"in", home(n.hello)},
		{"sign out again", n.signOut},
		{"ask for another mail", n.askLink},
		{"the link of the mail, in the same browser", func() error { return n.follow(accesssec.TemplateMailSignIn, "Sign in") }},
		{"which is pressed", func() error { return n.press(`form[action$="/link/open"] button`, "Enter your code") }},
		{"the phone is lost", func() error { return n.recover(n.hello) }},

		{"sign out once more", n.signOut},
		{"the password is forgotten", n.forget},
		{"the link to another", func() error { return n.follow(accesssec.TemplateMailPassword, "Choose a new password") }},
		{"the new password", n.choose},
		{"a code is asked for all the same", n.next},
		{"in by the new password", home(n.hello)},
		{"another device is signed out", n.endOthers},
		{"the browser found nothing to block", func() error { return quiet(ctx, b) }},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// follow opens the link of the newest mail of that kind.
func (n *newcomer) follow(kind accesssec.Template, heading string) error {
	link, err := n.mails.mail(n.ctx, kind, "link")
	if err != nil {
		return err
	}
	return n.b.visit(n.ctx, link, heading)
}

// tooSimple is told what is wrong, and goes on in the same field.
func (n *newcomer) tooSimple() error {
	if err := n.b.write(n.ctx, "#first", "Nia"); err != nil {
		return err
	}
	if err := n.b.write(n.ctx, "#last", "New"); err != nil {
		return err
	}
	if err := n.fill("#password", "password1", "Create an account"); err != nil {
		return err
	}
	if err := n.says("#alert", "at least 12 characters"); err != nil {
		return err
	}
	return n.focused("New password")
}

// finish has the names that were typed before.
func (n *newcomer) finish() error { return n.fill("#password", n.password, n.hello) }

// start types the address.
func (n *newcomer) start() error {
	if err := n.b.visit(n.ctx, n.host.origin+"/", "Sign in"); err != nil {
		return err
	}
	return n.b.write(n.ctx, "#address", n.address+enter)
}

func (n *newcomer) askLink() error {
	if err := n.start(); err != nil {
		return err
	}
	if err := n.press(`form[action$="/auth/link"] button`, "Check your mail"); err != nil {
		return err
	}
	return n.focused("Code of the mail")
}

func (n *newcomer) mailCode() error {
	code, err := n.mails.mail(n.ctx, accesssec.TemplateMailSignIn, "code")
	if err != nil {
		return err
	}
	return n.fill("#code", strings.ToLower(code), "Enter your code")
}

// next is a code of the app half a minute later, for each is good once.
func (n *newcomer) next() error {
	n.mails.ahead.Add(int64(30 * time.Second))
	return n.fill("#code", n.phone.app.Code(n.now()), n.hello)
}

// forget leads from the page of the password to a mail.
func (n *newcomer) forget() error {
	if err := n.start(); err != nil {
		return err
	}
	if err := n.press(`button[name="way"][value="forgot"]`, "Forgot your password?"); err != nil {
		return err
	}
	return n.press(`form[action$="/password/forgot"] button`, "Check your mail")
}

func (n *newcomer) choose() error {
	n.password = "Another horse 8 at the fence"
	return n.fill("#password", n.password, "Enter your code")
}

// endOthers signs in from elsewhere, sees it in the list, and ends it.
func (n *newcomer) endOthers() error {
	in := n.mails.svc.SignIn()
	v := in.Visit(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if _, err := in.Password(n.ctx, v, n.address, n.password); err != nil {
		return err
	}
	n.mails.ahead.Add(int64(30 * time.Second))
	step, err := in.SecondFactor(n.ctx, v, n.phone.app.Code(n.now()))
	if err != nil {
		return err
	}
	if err := n.b.visit(n.ctx, n.host.origin+"/auth/security", "Your sign-in and security"); err != nil {
		return err
	}
	if err := n.says("#sessions", "this browser"); err != nil {
		return err
	}
	if err := n.b.click(n.ctx, `#sessions > form[action$="/security/end"] button`); err != nil {
		return err
	}
	err = n.b.until(n.ctx, func() error {
		_, err := n.mails.svc.Authenticate(n.ctx, step.Entered.Token())
		if !accesssec.IsRefusal(err, accesssec.CodeSignedOut) {
			return fmt.Errorf("the other session goes on: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return n.b.visit(n.ctx, n.host.origin+"/", n.hello)
}
