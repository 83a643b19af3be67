package main

import (
	"context"
	"fmt"
	"strings"
)

// walkSamlonly is what an admin does who tries a provider. Every wait ends with ctx.
func walkSamlonly(ctx context.Context, b *browser, h host, scripts bool) error {
	const start = "Try an identity provider"
	provider := ""
	steps := []struct {
		name string
		do   func() error
	}{
		{"the start page", func() error { return b.visit(ctx, h.origin+"/", start) }},
		{"go to the provider by Redirect", func() (err error) {
			provider, err = askBy(ctx, b, "redirect", scripts)
			return err
		}},
		{"a forged answer", func() error { return diagnosed(ctx, b, scripts) }},
		{"nobody is signed in", func() error { return b.visit(ctx, h.origin+"/", start) }},
		{"go to the provider by POST", func() error {
			_, err := askBy(ctx, b, "post", scripts)
			return err
		}},
		{"pick Ann", func() error { return pickAnn(ctx, b, scripts) }},
		{"the identity", func() error { return b.heading(ctx, "Signed in") }},
		{"the page is reloaded", func() error { return b.visit(ctx, h.origin+"/", "Signed in") }},
		{"sign out", func() error { return b.click(ctx, `form[action="/logout"] button`) }},
		{"signed out on both sides", func() error { return b.heading(ctx, "Signed out everywhere") }},

		{"start at the provider", func() error { return b.visit(ctx, provider+"/", "Test identity provider") }},
		{"choose the application", func() error { return b.click(ctx, `form[method="get"] button`) }},
		{"pick Ann there", func() error { return pickAnn(ctx, b, scripts) }},
		{"asked again, for a request of ours", func() error { return b.heading(ctx, "Sign in") }},
		{"pick Ann again", func() error { return pickAnn(ctx, b, scripts) }},
		{"the identity again", func() error { return b.heading(ctx, "Signed in") }},
		{"the provider's sessions", func() error { return b.visit(ctx, provider+"/", "Test identity provider") }},
		{"sign out there", func() error { return signOutThere(ctx, b, scripts) }},
		{"nobody is signed in here either", func() error { return b.visit(ctx, h.origin+"/", start) }},
		{"the browser found nothing to block", func() error { return quiet(ctx, b) }},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// askBy goes to the provider, and says where that is.
func askBy(ctx context.Context, b *browser, binding string, scripts bool) (provider string, err error) {
	if err := b.click(ctx, `a[href="/login?binding=`+binding+`"]`); err != nil {
		return "", err
	}
	if binding == "post" && !scripts {
		if err := b.click(ctx, `button[type="submit"]`); err != nil {
			return "", err
		}
	}
	if err := b.find(ctx, `button[value="ann@example.com"]`); err != nil {
		return "", err
	}
	url, err := b.url(ctx)
	if err == nil && !strings.HasPrefix(url, "http://127.0.0.1:") {
		err = fmt.Errorf("the identity provider is at %s, not on a site of its own", url)
	}
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host, err
}

// diagnosed has the provider change the address after it has signed.
func diagnosed(ctx context.Context, b *browser, scripts bool) error {
	if err := b.click(ctx, "summary"); err != nil {
		return err
	}
	if err := b.click(ctx, `input[value="tampered"]`); err != nil {
		return err
	}
	if err := pickAnn(ctx, b, scripts); err != nil {
		return err
	}
	if err := b.heading(ctx, "This response is refused"); err != nil {
		return err
	}
	return b.find(ctx, "tr.fail")
}

// signOutThere ends the newest session, which the page has last, once for each binding.
// The provider tells by POST, and the answer goes back by Redirect.
func signOutThere(ctx context.Context, b *browser, scripts bool) error {
	if err := b.click(ctx, `form:nth-last-of-type(-n+2) button[name="binding"][value="post"]`); err != nil {
		return err
	}
	if !scripts {
		if err := b.click(ctx, "noscript button"); err != nil {
			return err
		}
	}
	return b.heading(ctx, "Signed out")
}
