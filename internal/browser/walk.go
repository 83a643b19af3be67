package main

import (
	"context"
	"fmt"
	"strings"
)

// walk is what a person does. Every wait ends with ctx.
func walk(ctx context.Context, b *browser, h host, scripts bool) error {
	steps := []struct {
		name string
		do   func() error
	}{
		{"a protected page asks to sign in", func() error { return b.visit(ctx, h.origin+"/", "Sign in") }},
		{"the address has the focus and a label", func() error { return addressField(ctx, b) }},
		{"go to the identity provider", func() error { return toProvider(ctx, b) }},
		{"a forged answer", func() error { return forged(ctx, b, scripts) }},
		{"the page stays closed", func() error { return b.visit(ctx, h.origin+"/", "Sign in") }},
		{"go to the identity provider again", func() error { return toProvider(ctx, b) }},
		{"pick Ann", func() error { return pickAnn(ctx, b, scripts) }},
		{"the greeting", func() error { return b.heading(ctx, "Hello Ann Archer") }},
		{"sign out everywhere", func() error { return signOut(ctx, b) }},
		{"asked to sign in again", func() error { return b.visit(ctx, h.origin+"/", "Sign in") }},
		{"the browser found nothing to block", func() error { return quiet(ctx, b) }},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// addressField looks at the first page as a keyboard and a screen reader meet it.
func addressField(ctx context.Context, b *browser) error {
	field, err := b.active(ctx)
	if err != nil {
		return err
	}
	label, err := b.label(ctx, field)
	if err == nil && label != "Email address" {
		err = fmt.Errorf("the focus is on %q", label)
	}
	return err
}

// toProvider types the address and goes where its domain is at home.
func toProvider(ctx context.Context, b *browser) error {
	if err := b.write(ctx, "#address", "ann@example.com\ue007"); err != nil { // the last is Enter
		return err
	}
	if err := b.click(ctx, `form[action$="/sso/start"] button`); err != nil {
		return err
	}
	if err := b.find(ctx, `button[value="ann@example.com"]`); err != nil {
		return err
	}
	url, err := b.url(ctx)
	if err == nil && !strings.HasPrefix(url, "http://127.0.0.1:") {
		err = fmt.Errorf("the identity provider is at %s, not on a site of its own", url)
	}
	return err
}

// pickAnn presses her button. Without scripts the answer waits for another press.
func pickAnn(ctx context.Context, b *browser, scripts bool) error {
	if err := b.click(ctx, `button[value="ann@example.com"]`); err != nil || scripts {
		return err
	}
	if err := b.heading(ctx, "Signing you in"); err != nil {
		return err
	}
	return b.click(ctx, "noscript button")
}

// forged has the identity provider change the address after it has signed.
func forged(ctx context.Context, b *browser, scripts bool) error {
	if err := b.click(ctx, "summary"); err != nil {
		return err
	}
	if err := b.click(ctx, `input[value="tampered"]`); err != nil {
		return err
	}
	if err := pickAnn(ctx, b, scripts); err != nil {
		return err
	}
	if err := b.heading(ctx, "You are not signed in"); err != nil {
		return err
	}
	return b.find(ctx, ".code code")
}

func signOut(ctx context.Context, b *browser) error {
	if err := b.click(ctx, `a[href="/auth/signout"]`); err != nil {
		return err
	}
	if err := b.click(ctx, `button[value="everywhere"]`); err != nil {
		return err
	}
	return b.heading(ctx, "You are signed out")
}

// quiet reads the console: a page that the policy hinders says so there.
func quiet(ctx context.Context, b *browser) error {
	lines, err := b.console(ctx)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if strings.Contains(l, "Content Security Policy") || strings.Contains(l, "Refused to") {
			return fmt.Errorf("console: %s", l)
		}
	}
	return nil
}
