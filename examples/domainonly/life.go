package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const day = 24 * time.Hour

// keeps fails unless the claim is in that state, and its org was told of nothing else than
// before since then.
func (w *walker) keeps(ctx context.Context, claim, in string, before answer) error {
	page, err := w.shows(ctx, claim, state(in))
	for _, what := range []string{"verified", "missing", "still_missing", "recovered", "unverified", "expired", "contested", "challenged"} {
		if err == nil && page.told(what) != before.told(what) {
			err = fmt.Errorf("told of %s", what)
		}
	}
	return err
}

// outage breaks DNS for ten days.
func (w *walker) outage(ctx context.Context) error {
	before, err := w.shows(ctx, w.acme)
	for _, kind := range []string{servfail, refused} {
		if err == nil {
			err = w.weather(ctx, kind)
		}
		if err == nil {
			err = w.pass(ctx, 10*day)
		}
		if err == nil {
			err = w.keeps(ctx, w.acme, "verified", before)
		}
		if err == nil {
			_, err = w.shows(ctx, w.acme, "DNS gave no usable answer, so nothing is known about the record, and nothing changes")
		}
		if err == nil {
			err = w.belongs(ctx, "ann@"+domain, "Acme")
		}
		if err != nil {
			return fmt.Errorf("ten days of %s: %w", kind, err)
		}
		w.done("ten days of %s change nothing, and nobody is told that a record is gone", strings.ToUpper(kind))
	}
	return w.weather(ctx, fair)
}

// liar has a resolver that says that nothing exists, where the name servers could not be
// found to say otherwise.
func (w *walker) liar(ctx context.Context) error {
	err := w.pass(ctx, day)
	if err == nil {
		err = w.weather(ctx, lying)
	}
	if err == nil {
		err = w.pass(ctx, 10*day)
	}
	if err == nil {
		_, err = w.shows(ctx, w.acme, state("missing"), "No name servers are known for the domain")
	}
	if err == nil {
		err = w.belongs(ctx, "ann@"+domain, "Acme")
	}
	if err != nil {
		return fmt.Errorf("a resolver that lies for ten days: %w", err)
	}
	w.done("a resolver that says for ten days that nothing exists makes the record missing, and can't make the claim lapse")
	if err = w.weather(ctx, fair); err == nil {
		err = w.pass(ctx, day)
	}
	if err == nil {
		_, err = w.shows(ctx, w.acme, state("verified"), "<b>recovered</b>")
	}
	if err != nil {
		return fmt.Errorf("after the lies: %w", err)
	}
	w.done("and all is well by itself when it tells the truth")
	return nil
}

// week takes the record away, and looks what becomes of the claim day by day.
func (w *walker) week(ctx context.Context) error {
	token, err := w.token(ctx, w.acme)
	before, failed := w.shows(ctx, w.acme)
	if err = errors.Join(err, failed); err == nil {
		err = w.remove(ctx, w.acme, label+"."+domain, token)
	}
	if err != nil {
		return fmt.Errorf("the record goes: %w", err)
	}
	w.done("the record goes: nothing changes before somebody looks")
	if err = w.pass(ctx, cacheLife); err == nil {
		err = w.sees(ctx, w.acme, state("missing"), "Put it back: the domain stays verified until", "The token found belongs to another claim")
	}
	if err != nil {
		return fmt.Errorf("the record is gone: %w", err)
	}
	w.done("then it is missing, Acme is told at once, and the domain is Acme's all the same")
	start := w.site.app.clock.now()
	at := func(d time.Duration, in string, missing, still, lapsed int) error {
		if err := w.pass(ctx, start.Add(d).Sub(w.site.app.clock.now())); err != nil {
			return err
		}
		page, err := w.shows(ctx, w.acme, state(in))
		got := [3]int{page.told("missing"), page.told("still_missing"), page.told("unverified")}
		had := [3]int{before.told("missing"), before.told("still_missing"), before.told("unverified")}
		if want := [3]int{had[0] + missing, had[1] + still, had[2] + lapsed}; err == nil && got != want {
			err = fmt.Errorf("told %v instead of %v", got, want)
		}
		owner := "Acme"
		if in == "unverified" {
			owner = "no organization"
		}
		return errors.Join(err, w.belongs(ctx, "ann@"+domain, owner))
	}
	for _, row := range []struct {
		at                     time.Duration
		state                  string
		missing, still, lapsed int
		says                   string
	}{
		{3*day - time.Hour, "missing", 1, 0, 0, ""},
		{3*day + day/2, "missing", 1, 1, 0, "day 3: told again"},
		{6*day + day/2, "missing", 1, 2, 0, "day 6: told for the last time"},
		{7*day - time.Minute, "missing", 1, 2, 0, "a minute before the week is over it is Acme's"},
		{7*day + day/2, "unverified", 1, 2, 1, "after the week it has lapsed, is nobody's, and Acme was told"},
	} {
		if err := at(row.at, row.state, row.missing, row.still, row.lapsed); err != nil {
			return fmt.Errorf("%v after the record went: %w", row.at, err)
		}
		if row.says != "" {
			w.done("%s", row.says)
		}
	}
	return nil
}

// back puts the record back.
func (w *walker) back(ctx context.Context) error {
	token, err := w.token(ctx, w.acme)
	if err == nil {
		err = w.publish(ctx, w.acme, "@", prefix+token)
	}
	if err == nil {
		err = w.pass(ctx, 2*day)
	}
	if err == nil {
		_, err = w.shows(ctx, w.acme, state("verified"))
	}
	if err == nil {
		err = w.belongs(ctx, "ann@"+domain, "Acme")
	}
	if err != nil {
		return fmt.Errorf("the record is back: %w", err)
	}
	w.done("with the record back it is verified again, in the background")
	return nil
}

// contest has another organization prove the same domain.
func (w *walker) contest(ctx context.Context) error {
	page, err := w.post(ctx, "/globex", "name", domain)
	if err != nil {
		return err
	}
	w.globex = page.path
	token, err := w.token(ctx, w.globex)
	if err == nil {
		err = w.publish(ctx, w.globex, label, token)
	}
	if err == nil {
		err = w.sees(ctx, w.globex, state("pending"), "another organization has verified this domain", "<b>contested</b>")
	}
	if err == nil {
		err = w.sees(ctx, w.globex, state("pending"))
	}
	if err == nil {
		err = w.pass(ctx, day)
	}
	var holder answer
	if err == nil {
		holder, err = w.shows(ctx, w.acme, state("verified"), "Another organization has published a record of its own")
	}
	if err == nil && holder.told("challenged") != 1 {
		err = fmt.Errorf("told %d times", holder.told("challenged"))
	}
	if err == nil {
		err = errors.Join(holder.lacks("by Globex"), w.belongs(ctx, "ann@"+domain, "Acme"))
	}
	if err != nil {
		return fmt.Errorf("a second claimant: %w", err)
	}
	w.done("Globex proves the domain too: it takes nothing from Acme whose record is there, and both are told")
	return nil
}

// change lets the domain go to the other.
func (w *walker) change(ctx context.Context) error {
	token, err := w.token(ctx, w.acme)
	if err == nil {
		err = w.remove(ctx, w.acme, domain, prefix+token)
	}
	if err == nil {
		err = w.pass(ctx, 6*day)
	}
	if err == nil {
		err = w.belongs(ctx, "ann@"+domain, "Acme")
	}
	if err == nil {
		err = w.pass(ctx, 3*day)
	}
	if err == nil {
		_, err = w.shows(ctx, w.acme, state("unverified"))
	}
	if err == nil {
		_, err = w.shows(ctx, w.globex, state("verified"))
	}
	if err == nil {
		err = w.belongs(ctx, "ann@"+domain, "Globex")
	}
	if err != nil {
		return fmt.Errorf("the domain changes hands: %w", err)
	}
	w.done("a week after Acme's record went the domain is Globex's, and at no time both's")
	if err = w.publish(ctx, w.acme, "@", prefix+token); err == nil {
		err = w.sees(ctx, w.acme, state("unverified"), "another organization has verified it since")
	}
	if err == nil {
		err = w.belongs(ctx, "ann@"+domain, "Globex")
	}
	if err != nil {
		return fmt.Errorf("the org before comes back: %w", err)
	}
	w.done("Acme's record comes too late then")
	return nil
}

// withdraw frees a name.
func (w *walker) withdraw(ctx context.Context) error {
	page, err := w.post(ctx, w.globex+"/withdraw")
	if err == nil {
		err = page.says(http.StatusOK, state("released"))
	}
	if err == nil {
		err = w.belongs(ctx, "ann@"+domain, "no organization")
	}
	if err == nil {
		err = w.sees(ctx, w.acme, state("verified"))
	}
	if err == nil {
		err = w.belongs(ctx, "ann@"+domain, "Acme")
	}
	if err != nil {
		return fmt.Errorf("withdraw: %w", err)
	}
	w.done("Globex withdraws, and Acme's proof counts again")
	return nil
}

// expire never proves a claim.
func (w *walker) expire(ctx context.Context) error {
	page, err := w.post(ctx, "/globex", "name", "example.org")
	if err != nil {
		return err
	}
	if err = w.pass(ctx, 30*day-time.Hour); err == nil {
		_, err = w.shows(ctx, page.path, state("pending"))
	}
	if err == nil {
		err = w.pass(ctx, day)
	}
	if err == nil {
		_, err = w.shows(ctx, page.path, state("released"), "<b>expired</b>")
	}
	if err != nil {
		return fmt.Errorf("a claim that nobody proves: %w", err)
	}
	w.done("a claim that is not proven in thirty days ends")
	return nil
}
