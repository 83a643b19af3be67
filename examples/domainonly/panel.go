package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// What can be done where DNS is simulated: be the customer at their DNS provider, break
// DNS, and let time go by.

// zoneOf is the registered domain that a claimed name is in.
func zoneOf(name string) string {
	n, err := domainclaim.ParseName(name, nil)
	if err != nil {
		return name // it was parsed when it was claimed
	}
	parents := n.Candidates()
	return parents[len(parents)-1]
}

// panel finds the zone of the claim.
func (a *app) panel(do func(r *http.Request, zone string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		org, ok := a.org(w, r)
		if !ok {
			return
		}
		claimed, err := a.registry.memory.row(org, r.PathValue("id"))
		if err == nil {
			err = do(r, zoneOf(claimed.name))
		}
		a.done(w, r, org, err)
	}
}

func (a *app) addRecord(r *http.Request, zone string) error {
	name, err := fullName(zone, r.PostForm.Get("host"))
	if err != nil {
		return err
	}
	return a.internet.add(name, r.PostForm.Get("value"))
}

func (a *app) removeRecord(r *http.Request, zone string) error {
	for _, have := range a.internet.of(zone) {
		if have.Name == r.PostForm.Get("name") && have.Value == r.PostForm.Get("value") {
			a.internet.remove(have.Name, have.Value)
			return nil
		}
	}
	return fmt.Errorf("%w: it is not there any more", errRecord)
}

func (a *app) changeWeather(r *http.Request, _ string) error {
	if !a.internet.setWeather(r.PostForm.Get("weather")) {
		return errRecord
	}
	return nil
}

// forward lets time go by, with all the looks that fall into it.
func (a *app) forward(r *http.Request, _ string) error {
	spans := map[string]time.Duration{"hour": time.Hour, "day": 24 * time.Hour, "days": 3 * 24 * time.Hour}
	d, ok := spans[r.PostForm.Get("by")]
	if !ok {
		return errRecord
	}
	return a.pass(r.Context(), d)
}

func (a *app) pass(ctx context.Context, d time.Duration) error {
	target := a.clock.now().Add(d)
	for {
		at, ok := a.registry.memory.nextDue()
		if !ok || at.After(target) {
			a.clock.forwardTo(target)
			return nil
		}
		a.clock.forwardTo(at)
		a.registry.sweep(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
