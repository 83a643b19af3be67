package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// brought is a claim that an org has brought along into the sign-on that it shares: it is
// its own still, and goes back to it alone. Its id is the claim's, in the org that has it
// now; its owner the org that has brought it.
type brought struct {
	Generation int  `json:"generation"`       // a claim that was given up and made anew is another one
	Former     bool `json:"former,omitempty"` // who has it now had lost the name before
}

// handedOver is whom an org has handed a name over to. By this, answers to sign-ins that were
// begun before find their way. Its id is the name.
type handedOver struct {
	To string `json:"to"`
}

// handedOverFor is a good deal longer than any sign-in takes, for people who come by a
// bookmark.
const handedOverFor = 30 * 24 * time.Hour

var (
	broughts  = collection[brought]{"brought_domain"}
	handovers = collection[handedOver]{"handed_over"}
)

// broughtBy are the claims that admin has from the org, by their ids: those that are still
// the ones that were brought.
func broughtBy(ctx context.Context, r store.Reader, adminID, orgID string) (map[string]kept[brought], error) {
	out := map[string]kept[brought]{}
	q := store.DocQuery{Owners: []string{orgID}, Paging: store.Paging{Limit: 1000}}
	for {
		page, err := broughts.list(ctx, r, adminID, q)
		if err != nil {
			return nil, err
		}
		for _, k := range page.Items {
			out[k.ID] = k
		}
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// still reports whether the claim is the one that was brought.
func (b brought) still(d Domain) bool {
	return b.Generation == d.Generation && d.State != domainclaim.Released
}

// transfer is one claim on its way from one org to another that shares its sign-on, or is
// about to, or ceases to.
type transfer struct {
	rec      store.Domain
	d        Domain
	from, to string
	// borrowed is set where the claim goes back to who has brought it.
	borrowed *kept[brought]
	// lends: it goes to who governs, and is to come back.
	lends bool
}

// loses reports whether who gives it away has then lost the name for good, as to another:
// who holds it from then on does not vouch for its members, once the link ends.
func (t transfer) loses() bool { return t.borrowed == nil || t.borrowed.Value.Former }

// on does to a scene what handOver does to the store.
func (t transfer) on(sc *scene) {
	sc.moved(t.rec, t.to)
	delete(sc.formers[t.to], t.d.Name)
	if t.loses() {
		if sc.formers[t.from] == nil {
			sc.formers[t.from] = map[string]bool{}
		}
		sc.formers[t.from][t.d.Name] = true
	}
}

// handOver moves claims, all in the transaction it is called in: at each moment a name is
// held by exactly one org. A claim stays the one it was: the record in DNS goes on proving it,
// and what was seen so far goes with it. What the receiver had claimed on that name itself
// is replaced.
func (c *change) handOver(ctx context.Context, by acting, moves ...transfer) error {
	var receiver string
	var theirs map[string]store.Domain // by name
	for _, t := range moves {
		if theirs == nil || receiver != t.to {
			receiver, theirs = t.to, map[string]store.Domain{}
			err := eachDomain(ctx, c, t.to, func(rec store.Domain) error {
				theirs[rec.Name] = rec
				return nil
			})
			if err != nil {
				return err
			}
		}
		if err := c.handOverOne(ctx, t, theirs, by); err != nil {
			return err
		}
		theirs[t.d.Name] = t.rec
	}
	return nil
}

func (c *change) handOverOne(ctx context.Context, t transfer, theirs map[string]store.Domain, by acting) error {
	had, err := c.makeRoom(ctx, t, theirs)
	if err != nil {
		return err
	}
	if err := c.DeleteDomain(ctx, t.from, t.rec.ID); err != nil {
		return stale(gone(err))
	}
	next := t.rec
	next.OrgID, next.Version = t.to, 0
	if err := c.CreateDomain(ctx, next); err != nil {
		return err
	}
	if err := t.d.plan(ctx, c, t.to); err != nil {
		return err
	}
	if err := c.drop(ctx, contests.kind, t.from, t.rec.ID); err != nil {
		return err
	}
	if err := c.rememberMove(ctx, t, had); err != nil {
		return err
	}
	for _, side := range []struct{ orgID, key, other string }{{t.from, "to", t.to}, {t.to, "from", t.from}} {
		e := by.by(audit.DomainTransferred, thing(audit.KindDomain, t.d.ID, t.d.Name))
		e.Facts = []audit.Fact{fact("state", string(t.d.State)), fact(side.key, side.other)}
		if err := c.record(ctx, side.orgID, e); err != nil {
			return err
		}
	}
	return nil
}

// makeRoom takes away what the receiver has claimed on the name itself, and reports whether
// it had lost the name before.
func (c *change) makeRoom(ctx context.Context, t transfer, theirs map[string]store.Domain) (had bool, err error) {
	own, claimed := theirs[t.d.Name]
	switch {
	case claimed:
		if err := c.DeleteDomain(ctx, t.to, own.ID); err != nil {
			return false, err
		}
	case len(theirs) >= mostClaims:
		return false, refuse(CodeDomainLimit, "the organization that receives the domain has a thousand claims")
	}
	_, err = formers.get(ctx, c, t.to, t.d.Name)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// rememberMove writes down whose the claim was, for who comes after.
func (c *change) rememberMove(ctx context.Context, t transfer, had bool) error {
	name := t.d.Name
	if err := c.drop(ctx, formers.kind, t.to, name); err != nil {
		return err
	}
	if err := c.drop(ctx, handovers.kind, t.to, name); err != nil {
		return err
	}
	h, err := handovers.get(ctx, c, t.from, name)
	if errors.Is(err, store.ErrNotFound) {
		h, err = handovers.fresh(t.from, name, "", c.now, time.Time{}, handedOver{}), nil
	}
	if err != nil {
		return err
	}
	h.Value.To, h.ExpiresAt = t.to, c.now.Add(handedOverFor)
	if err := handovers.put(ctx, c, h); err != nil {
		return err
	}
	if t.borrowed != nil {
		if err := c.drop(ctx, broughts.kind, t.from, t.d.ID); err != nil {
			return err
		}
	}
	if t.loses() {
		err := c.drop(ctx, formers.kind, t.from, name)
		if err == nil {
			err = formers.put(ctx, c, formers.fresh(t.from, name, "", c.now, time.Time{}, struct{}{}))
		}
		if err != nil {
			return err
		}
	}
	if !t.lends {
		return nil
	}
	if err := c.drop(ctx, broughts.kind, t.to, t.d.ID); err != nil {
		return err
	}
	b := broughts.fresh(t.to, t.d.ID, "", c.now, time.Time{}, brought{Generation: t.d.Generation, Former: had})
	b.Owner = t.from
	return broughts.put(ctx, c, b)
}

// drop deletes a doc that may not be there.
func (c *change) drop(ctx context.Context, kind store.Kind, orgID, id string) error {
	return unless(c.DeleteDoc(ctx, kind, orgID, id), store.ErrNotFound)
}
