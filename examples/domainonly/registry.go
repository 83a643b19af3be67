package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"strings"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// product stands in the records that organizations publish, so that nobody can be talked
// into publishing them for somebody else.
const product = "domainonly"

// registry knows which organization has which domain.
type registry struct {
	memory  *memory
	checker *domainclaim.Checker
	breaker domainclaim.Breaker // one for all claims: it sees when too many vanish at once
	now     func() time.Time
	log     *log.Logger
}

// claim starts a claim, or starts one over that was given up: with a token that was never
// published. Claims that wait for their proof keep nobody from claiming the same name.
func (g *registry) claim(org, typed string, subdomains bool) (row, error) {
	name, err := domainclaim.ParseName(strings.TrimSpace(typed), nil)
	if err != nil {
		return row{}, err
	}
	for _, old := range g.memory.of(org) {
		if old.name == name.String() {
			return g.renew(old)
		}
	}
	c, err := domainclaim.New(product, name, g.now())
	if err != nil {
		return row{}, err
	}
	c.Subdomains = subdomains
	r, err := row{id: rand.Text(), org: org, name: c.Name}.with(c)
	if err == nil {
		err = g.memory.insert(r)
	}
	return r, err
}

func (g *registry) renew(r row) (row, error) {
	c, err := r.read()
	if err != nil {
		return row{}, err
	}
	if c.State != domainclaim.Released {
		return row{}, errTaken
	}
	if r, err = r.with(c.Renew(g.now())); err == nil {
		err = g.memory.swap(r)
	}
	return r, err
}

// withdraw gives a claim up: the name is free for others with that.
func (g *registry) withdraw(org, id string) error {
	r, err := g.memory.row(org, id)
	if err != nil {
		return err
	}
	c, err := r.read()
	if err == nil {
		r, err = r.with(c.Release())
	}
	if err == nil {
		err = g.memory.swap(r)
	}
	return err
}

// read is the claim of a row. One that can't be read is a fault, and no claim that holds.
func (r row) read() (c domainclaim.Claim, err error) {
	if err = json.Unmarshal(r.claim, &c); err != nil {
		err = fmt.Errorf("claim %s: %w", r.id, err)
	}
	return c, err
}

// with is the row of what became of its claim. The columns follow the claim.
func (r row) with(c domainclaim.Claim) (row, error) {
	var err error
	r.holds, r.checkAt = c.Holds(), c.CheckAt
	r.claim, err = json.Marshal(c)
	return r, err
}

// oftenError is too many looks in a short time.
type oftenError struct{ wait time.Duration }

func (e *oftenError) Error() string { return fmt.Sprintf("the next look is free in %v", e.wait) }

// verify looks now, while somebody waits: at the domain's own name servers, whatever
// resolvers have kept.
func (g *registry) verify(ctx context.Context, org, id string) error {
	r, err := g.memory.row(org, id)
	if err != nil {
		return err
	}
	if wait := g.memory.book(org, g.now()); wait > 0 {
		return &oftenError{wait}
	}
	return g.look(ctx, r, g.checker.CheckNow)
}

// region look

// look is the one place where DNS moves a claim. The network comes first, and no lock or
// transaction is held meanwhile; what was seen counts only for the claim that was read.
func (g *registry) look(ctx context.Context, r row, check func(context.Context, domainclaim.Claim) domainclaim.Observation) error {
	was, err := r.read()
	if err != nil {
		return err
	}
	seen := check(ctx, was)
	if err := ctx.Err(); err != nil {
		return err // the look was cut off: that is nothing about DNS
	}
	seen = g.breaker.Watch(r.org, was, seen)
	next, event := was.Next(seen, g.now())
	err = g.save(r, next, event)
	if errors.Is(err, errHeld) {
		// The proof is there, and the name another's. It takes nothing from whoever holds it.
		next, event = was.Contest(seen, g.now())
		if err = g.save(r, next, event); err == nil && event == domainclaim.EventContested {
			g.contested(next.Name)
		}
	}
	return err
}

// endregion

// save swaps the next claim in, and tells the org in the same step.
func (g *registry) save(r row, next domainclaim.Claim, event domainclaim.Event) error {
	r, err := r.with(next)
	if err != nil {
		return err
	}
	if event != domainclaim.EventNone {
		r.notices = append(r.notices[:len(r.notices):len(r.notices)], notice{g.now(), string(event), next.Guide().Says})
	}
	if err = g.memory.swap(r); err == nil && event != domainclaim.EventNone {
		g.log.Printf("%s: %s: %s", r.org, next.Name, event)
	}
	return err
}

// contested tells whoever holds the name, and has their record looked for at once: when it
// is gone, the week begins.
func (g *registry) contested(name string) {
	text := "Another organization has published a record of its own at " + name +
		". Nothing changes while yours is there. If the domain is not yours any more, withdraw the claim."
	if org, told := g.memory.challenge(name, notice{g.now(), "challenged", text}); told {
		g.log.Printf("%s: %s: challenged", org, name)
	}
}

// owner is the org that an address belongs to: that of the claim on its domain, else of one
// on a domain above that is for those below as well. The most specific goes first.
//
// errGone is nobody. What a claim that has lapsed closed at a site should stay closed, or
// taking a record away would open it; so ask for those as well before you let a password in.
func (g *registry) owner(typed string) (string, error) {
	a, err := domainclaim.ParseAddress(strings.TrimSpace(typed))
	if err != nil {
		return "", err
	}
	for _, name := range a.Candidates() {
		r, err := g.memory.holder(name)
		if errors.Is(err, errGone) {
			continue
		} else if err != nil {
			return "", err
		}
		c, err := r.read()
		if err != nil {
			return "", err
		}
		if c.Holds() && c.Covers(a) {
			return r.org, nil
		}
	}
	return "", errGone
}

// How the background works.
const (
	sweepEach   = 2 * time.Second // it is looked whether something is due
	sweepBatch  = 100
	looksAtOnce = 8
)

// run looks at claims when they are due, until ctx ends. On several instances each leases
// its own.
func (g *registry) run(ctx context.Context) {
	t := time.NewTicker(sweepEach)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			g.sweep(ctx)
		}
	}
}

// sweep looks at what is due. What fails comes again when its lease is over.
func (g *registry) sweep(ctx context.Context) {
	var wg sync.WaitGroup
	free := make(chan struct{}, looksAtOnce)
	for _, r := range g.memory.lease(g.now(), sweepBatch) {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			// A conflict is somebody else's look, or a claim that was given up.
			if err := g.look(ctx, r, g.checker.Check); err != nil && !errors.Is(err, errConflict) && ctx.Err() == nil {
				g.log.Printf("%s: %s: %v", r.org, r.name, err)
			}
		})
	}
	wg.Wait()
}
