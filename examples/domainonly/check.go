package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// walker goes through the site by HTTP: as two organizations, as the customer at their DNS
// provider, and with the clock in its hand.
type walker struct {
	*visitor
	site *site
	log  *lines
	done func(format string, args ...any)

	acme, globex string // the paths of their claims
	old          string // a token of before
}

// walk prints a line for each step, and ends at the first that fails.
func walk(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	w, err := newWalker()
	if err != nil {
		return err
	}
	steps := 0
	w.done = func(format string, args ...any) {
		steps++
		fmt.Fprintf(out, "ok   "+format+"\n", args...)
	}
	for _, part := range []func(context.Context) error{
		w.refused, w.claim, w.before, w.wrong, w.doubled, w.renewed, w.hostile, w.often, w.proven, w.whose,
		w.outage, w.liar, w.week, w.back, w.contest, w.change, w.withdraw, w.expire,
	} {
		if err := part(ctx); err != nil {
			fmt.Fprintln(out, "FAIL", err)
			return errors.Join(err, w.site.close())
		}
	}
	if err := w.site.close(); err != nil {
		return err
	}
	fmt.Fprintf(out, "domainonly: all %d steps passed\n", steps)
	return nil
}

// newWalker has a clock that stands still until it is put forward.
func newWalker() (*walker, error) {
	w := &walker{log: &lines{}, done: func(string, ...any) {}}
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	var err error
	w.site, err = start("localhost:0", simulatedDNS, &clock{base: func() time.Time { return noon }}, w.log)
	if err == nil {
		w.visitor = &visitor{w.site.origin}
	}
	return w, err
}

// pass lets time go by, as the panel does, to the minute.
func (w *walker) pass(ctx context.Context, d time.Duration) error { return w.site.app.pass(ctx, d) }

// verify asks for a look, a minute after the one before.
func (w *walker) verify(ctx context.Context, claim string) (answer, error) {
	w.site.app.clock.forwardTo(w.site.app.clock.now().Add(time.Minute))
	return w.post(ctx, claim+"/verify")
}

// sees asks for a look, and wants the page to say all of these texts.
func (w *walker) sees(ctx context.Context, claim string, texts ...string) error {
	page, err := w.verify(ctx, claim)
	if err == nil {
		err = page.says(http.StatusOK, texts...)
	}
	return err
}

// shows reads the page of a claim.
func (w *walker) shows(ctx context.Context, claim string, texts ...string) (answer, error) {
	page, err := w.get(ctx, claim)
	if err == nil {
		err = page.says(http.StatusOK, texts...)
	}
	return page, err
}

// publish adds a record by the panel, as it is typed there.
func (w *walker) publish(ctx context.Context, claim, host, value string) error {
	page, err := w.post(ctx, claim+"/add", "host", host, "value", value)
	if err == nil {
		err = page.says(http.StatusOK, value)
	}
	return err
}

// remove takes a record away.
func (w *walker) remove(ctx context.Context, claim, name, value string) error {
	page, err := w.post(ctx, claim+"/remove", "name", name, "value", value)
	if err == nil {
		err = page.says(http.StatusOK)
	}
	return err
}

func (w *walker) weather(ctx context.Context, to string) error {
	page, err := w.post(ctx, w.acme+"/weather", "weather", to)
	if err == nil {
		err = page.says(http.StatusOK)
	}
	return err
}

// token is the one of a claim now.
func (w *walker) token(ctx context.Context, claim string) (string, error) {
	page, err := w.shows(ctx, claim)
	if err == nil && len(page.token()) != 32 {
		err = fmt.Errorf("%q is no token", page.token())
	}
	return page.token(), err
}

// belongs asks whose an address is.
func (w *walker) belongs(ctx context.Context, address, to string) error {
	page, err := w.post(ctx, "/acme/whose", "address", address)
	if err == nil {
		err = page.says(http.StatusOK, "This address belongs to "+to+".")
	}
	return err
}

// state is the badge of a page.
func state(s string) string { return `<span class="state">` + s + `</span>` }
