package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	domain = "example.com"
	label  = "_" + product + "-challenge"
	prefix = product + "-domain-verify="
)

// refused claims what nobody can.
func (w *walker) refused(ctx context.Context) error {
	for _, row := range []struct{ typed, why string }{
		{"", "type a domain, such as example.com"},
		{"gmail.com", "everybody can get an address of this mail provider"},
		{"GMail.com.", "everybody can get an address of this mail provider"},
		{"co.uk", "everybody can register names under this domain"},
		{"ann.github.io", "hands out names like this one"},
		{"acme.onmicrosoft.com", "a provider lends this domain to its customers"},
		{"localhost", "type the whole domain"},
		{"intranet.acme", "not under an ending of the public DNS"},
		{"192.0.2.1", "not an IP address"},
		{"*.example.com", "without the star"},
		{"https://example.com/", "without https://"},
		{"exa mple.com", "a space or an invisible character"},
		{strings.Repeat("a", 64) + ".com", "at most 63 characters"},
		{`"><script>alert(1)</script>.com`, "type the domain alone"},
	} {
		page, err := w.post(ctx, "/acme", "name", row.typed)
		if err == nil {
			err = errors.Join(page.says(http.StatusUnprocessableEntity, "This domain can't be claimed: ", row.why), page.says(page.status, "There are none yet"))
		}
		if err == nil && strings.Contains(page.raw, "<script>") {
			err = errors.New("it is not escaped")
		}
		if err != nil {
			return fmt.Errorf("claim %q: %w", row.typed, err)
		}
	}
	w.done("refuse to claim mail providers, public suffixes, names lent by a provider, addresses and nonsense, each with its reason")
	return nil
}

// claim starts one.
func (w *walker) claim(ctx context.Context) error {
	page, err := w.post(ctx, "/acme", "name", "Example.COM.", "subdomains", "yes")
	if err == nil {
		err = page.says(http.StatusOK, "<h1>"+domain+"</h1>", state("pending"),
			"<code>@</code>", "<code>"+label+"</code>", "<code>"+label+"."+domain+"</code>",
			prefix+page.token(), "<code>"+page.token()+"</code>", "Keep this record even after the domain is verified", "Nothing yet.")
	}
	if err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	w.acme = page.path
	w.done("Acme claims Example.COM.: the page has the record in both spellings, the host as panels ask for it, and says to keep it")
	again, err := w.post(ctx, "/acme", "name", domain)
	if err == nil {
		err = again.says(http.StatusConflict, "You have claimed this domain already")
	}
	var foreign answer
	if err == nil {
		foreign, err = w.get(ctx, strings.Replace(w.acme, "/acme/", "/globex/", 1))
	}
	if err == nil {
		err = errors.Join(foreign.says(http.StatusNotFound), foreign.lacks(page.token()))
	}
	if err == nil {
		err = w.belongs(ctx, "ann@"+domain, "no organization")
	}
	if err != nil {
		return fmt.Errorf("what a claim is: %w", err)
	}
	w.done("a claim alone gives nothing, is there once, and is shown to no other organization")
	return nil
}

// before looks before there is a record.
func (w *walker) before(ctx context.Context) error {
	err := w.sees(ctx, w.acme, state("pending"), "No record was found. Add a TXT record at example.com with the value "+prefix,
		"The name servers of example.com were asked themselves", "NXDOMAIN", "(name server)")
	if err != nil {
		return fmt.Errorf("verify without a record: %w", err)
	}
	w.done("verify before the record is there: what to add, and that the name servers were asked themselves")
	return nil
}

// wrong publishes the token where it needs more than that.
func (w *walker) wrong(ctx context.Context) error {
	token, err := w.token(ctx, w.acme)
	if err == nil {
		err = w.publish(ctx, w.acme, "@", token)
	}
	if err == nil {
		err = w.sees(ctx, w.acme, state("pending"), "The token stands alone at example.com. There it needs the text before it too")
	}
	if err == nil {
		err = w.remove(ctx, w.acme, domain, token)
	}
	if err == nil {
		err = w.publish(ctx, w.acme, "@", "v="+prefix+token)
	}
	if err == nil {
		err = w.sees(ctx, w.acme, state("pending"), "The token was found with other text around it")
	}
	if err == nil {
		err = w.remove(ctx, w.acme, domain, "v="+prefix+token)
	}
	if err != nil {
		return fmt.Errorf("the wrong value: %w", err)
	}
	w.done("the bare token at the domain, and the value with more around it, prove nothing, and the page says what is wrong")
	return nil
}

// doubled types a whole name into a panel that adds the domain.
func (w *walker) doubled(ctx context.Context) error {
	token, err := w.token(ctx, w.acme)
	if err == nil {
		err = w.publish(ctx, w.acme, label+"."+domain, token)
	}
	if err == nil {
		err = w.sees(ctx, w.acme, state("pending"), "with the domain twice in its name", `Type "`+label+`" as the name`)
	}
	if err == nil {
		err = w.remove(ctx, w.acme, label+"."+domain+"."+domain, token)
	}
	if err != nil {
		return fmt.Errorf("the doubled name: %w", err)
	}
	w.done("a panel that adds the domain once more is noticed, and the page says what to type")
	return nil
}

// renewed gives the claim up, claims again, and shows the old record.
func (w *walker) renewed(ctx context.Context) error {
	var err error
	if w.old, err = w.token(ctx, w.acme); err != nil {
		return err
	}
	page, err := w.post(ctx, w.acme+"/withdraw")
	if err == nil {
		err = page.says(http.StatusOK, state("released"), "Claim the domain again for a new record")
	}
	if err == nil {
		if page, err = w.post(ctx, "/acme", "name", domain); err == nil {
			err = page.says(http.StatusOK, state("pending"))
		}
	}
	if err == nil && (page.path != w.acme || page.token() == w.old) {
		err = errors.New("another claim, or the old token")
	}
	if err == nil {
		err = w.publish(ctx, w.acme, "@", prefix+w.old)
	}
	if err == nil {
		err = w.sees(ctx, w.acme, state("pending"), "belongs to another claim, or to an older one on this domain")
	}
	if err != nil {
		return fmt.Errorf("withdraw and claim again: %w", err)
	}
	w.done("withdrawn and claimed again there is another token, and the old record proves nothing")
	return nil
}

// hostile publishes what a page must not run.
func (w *walker) hostile(ctx context.Context) error {
	const evil = `"><script>alert(1)</script>`
	err := w.publish(ctx, w.acme, label, evil)
	var page answer
	if err == nil {
		if page, err = w.verify(ctx, w.acme); err == nil {
			err = page.says(http.StatusOK, state("pending"), "<code>"+evil+"</code>")
		}
	}
	if err == nil && strings.Contains(page.raw, "<script>") {
		err = errors.New("it is not escaped")
	}
	if err == nil {
		err = w.remove(ctx, w.acme, label+"."+domain, evil)
	}
	if err != nil {
		return fmt.Errorf("a hostile record: %w", err)
	}
	w.done("what DNS says is shown as text, whatever it is")
	return nil
}

// often asks for more looks than there are.
func (w *walker) often(ctx context.Context) error {
	if err := w.pass(ctx, time.Minute); err != nil {
		return err
	}
	for n := range mostLooks + 1 {
		page, err := w.post(ctx, w.acme+"/verify")
		switch {
		case err != nil:
		case n < mostLooks:
			err = page.says(http.StatusOK)
		default:
			err = page.says(http.StatusTooManyRequests, "Wait a minute", state("pending"))
		}
		if err != nil {
			return fmt.Errorf("look %d in a row: %w", n+1, err)
		}
	}
	w.done("after %d looks in a row the next one has to wait a minute", mostLooks)
	return nil
}

// proven publishes the right record.
func (w *walker) proven(ctx context.Context) error {
	token, err := w.token(ctx, w.acme)
	if err == nil {
		err = w.publish(ctx, w.acme, label, token)
	}
	if err == nil {
		err = w.sees(ctx, w.acme, state("verified"), "The domain is verified.", "The record was found. Leave it in place",
			"Other DNS servers may not see it until", "<b>verified</b>")
	}
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	w.done("with the right record it is verified at once, while the resolver still has what it had before")
	return nil
}

// whose asks for addresses.
func (w *walker) whose(ctx context.Context) error {
	for address, owner := range map[string]string{
		"ann@example.com": "Acme", "Ann@EXAMPLE.com": "Acme", "ann@eu.example.com": "Acme",
		"ann@notexample.com": "no organization", "ann@example.com.evil.net": "no organization",
	} {
		if err := w.belongs(ctx, address, owner); err != nil {
			return fmt.Errorf("whose is %s: %w", address, err)
		}
	}
	for _, bad := range []string{`"a@evil.com"@example.com`, "Ann <ann@example.com>", "ann@example.com.", "ann@[192.0.2.1]"} {
		page, err := w.post(ctx, "/acme/whose", "address", bad)
		if err == nil {
			err = errors.Join(page.says(http.StatusUnprocessableEntity, "This is no address"), page.lacks("belongs to Acme"))
		}
		if err != nil {
			return fmt.Errorf("whose is %s: %w", bad, err)
		}
	}
	w.done("addresses there and below belong to Acme; lookalikes belong to nobody, and what has two readings is no address")
	return nil
}
