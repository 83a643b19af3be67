package accesssec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// Domain is the org's claim on one domain. What a page shows of it is in its Guide: the
// record to publish in both spellings, where the claim stands, what was seen and when it
// is looked for again. History is what was seen so far.
type Domain struct {
	ID string
	// Suspended: the org has its sign-on from another one, and the claim decides about no
	// login meanwhile. Its record is looked for all the same.
	Suspended bool
	domainclaim.Claim
}

// Domains lists the claims, by name, those that were given up as well.
func (a *Admin) Domains(ctx context.Context) ([]Domain, error) {
	if err := a.allowed(ctx); err != nil {
		return nil, err
	}
	org, err := a.s.store.Org(ctx, a.p.OrgID)
	if err != nil {
		return nil, err
	}
	out := []Domain{}
	err = eachDomain(ctx, a.s.store, a.p.OrgID, func(rec store.Domain) error {
		d, err := domainOf(rec)
		d.Suspended = org.SSOFrom != ""
		out = append(out, d)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func eachDomain(ctx context.Context, r store.Reader, orgID string, fn func(store.Domain) error) error {
	p := store.Paging{Limit: 1000}
	for {
		page, err := r.Domains(ctx, orgID, p)
		if err != nil {
			return err
		}
		for _, rec := range page.Items {
			if err := fn(rec); err != nil {
				return err
			}
		}
		if p.After = page.Next; p.After == "" {
			return nil
		}
	}
}

// ClaimDomain starts a claim, for the domain alone and not for those below it: see
// [Admin.CoverSubdomains]. What to put into DNS is in its Records. It asks for the
// password again ([Me.Prove]). A claim that is not proven yet takes nothing from
// anybody and changes no one's login. It is looked for in the background ([Service.Run]),
// soon at first, and given up when it was not proven in thirty days; a hundred may wait, and an
// org has a thousand at most. A
// claim that was given up starts over, with another token: the old record proves nothing any
// more.
//
// The org's plan must have [FeatureDomains], and its sign-on be its own ([Admin.LinkTo]); a claim that is there is verified, and kept,
// without asking for it again.
func (a *Admin) ClaimDomain(ctx context.Context, name string) (Domain, error) {
	n, err := domainclaim.ParseName(name, a.s.opts.DomainNames)
	if err != nil {
		no := refuse(CodeDomainName, err.Error())
		no.Err = err
		return Domain{}, no
	}
	if err := a.needs(ctx, FeatureDomains, proven); err != nil {
		return Domain{}, err
	}
	var d Domain
	err = a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, proven)
		if err != nil {
			return err
		}
		if _, err := a.governing(ctx, c, &by, thing(audit.KindDomain, "", n.String())); err != nil {
			return err
		}
		if d, err = c.claim(ctx, a.p.OrgID, a.s.opts.Product, n); err != nil {
			var no *Refusal
			if errors.As(err, &no) {
				no.inOrg(a.p.OrgID, by.by(audit.ChangeRefused, thing(audit.KindDomain, d.ID, n.String())))
			}
			return err
		}
		return c.record(ctx, a.p.OrgID, by.by(audit.DomainClaimed, thing(audit.KindDomain, d.ID, d.Name)))
	})
	if err != nil {
		return Domain{}, err
	}
	return d, nil
}

// mostPending is how many claims of an org may wait for their proof: each is looked for at
// servers that whoever claims it can choose. mostClaims is how many an org can have in all,
// those that ended included: whatever asks about an org reads them all.
const (
	mostPending = 100
	mostClaims  = 1000
)

// claim writes a claim that is new, or starts one over that was given up.
func (c *change) claim(ctx context.Context, orgID, product string, n domainclaim.Name) (Domain, error) {
	claim, err := domainclaim.New(product, n, c.now)
	if err != nil {
		return Domain{}, err
	}
	d, rec := Domain{ID: newID("dom"), Claim: claim}, store.Domain{OrgID: orgID, Name: claim.Name}
	waiting, all := 0, 0
	err = eachDomain(ctx, c, orgID, func(have store.Domain) error {
		if all++; have.Status == store.DomainPending {
			waiting++
		}
		if have.Name != claim.Name {
			return nil
		}
		old, err := domainOf(have)
		if err == nil && old.State != domainclaim.Released {
			d, err = old, refuse(CodeDomainClaimed, "")
		} else if err == nil {
			d, rec = Domain{ID: old.ID, Claim: old.Renew(c.now)}, have
			d.Subdomains = false
		}
		return err
	})
	if err == nil && (waiting >= mostPending || all >= mostClaims && rec.ID == "") {
		err = refuse(CodeDomainLimit, "")
	}
	if err != nil {
		return d, err
	}
	if rec.ID == "" {
		rec.ID = d.ID
		if rec, err = d.record(rec); err == nil {
			err = c.CreateDomain(ctx, rec)
		}
	} else {
		err = d.update(ctx, c, rec)
	}
	if err == nil {
		err = d.plan(ctx, c, orgID)
	}
	return d, err
}

// VerifyDomain looks for the record now, at the zone's own name servers, and takes over
// what it saw. The Observation says what was found and what would help, also beside the
// refusals that come of it: CodeDomainUnproven when the record is not there as it must be
// (a domain that was verified before stays so for now: see Observation and Domain.State),
// CodeDNS when nobody could tell, CodeDomainTaken when the name is held by another org.
// In that case the claim is contested: both orgs are told, the other's record is looked
// for at once, and the name changes hands only once that has been gone for a week.
//
// People whose password the org's require SSO closes with the proof lose the sessions that
// came of it. The claim of an org whose proof has lapsed ends with the proof of another.
// Six looks in a row are free for an org, then CodeLocked says when the next one is.
func (a *Admin) VerifyDomain(ctx context.Context, id string) (domainclaim.Observation, error) {
	if err := a.s.alone(); err != nil {
		return domainclaim.Observation{}, err
	}
	by, err := a.authorise(ctx, a.s.store, asIs)
	if err != nil {
		return domainclaim.Observation{}, a.s.refused(ctx, err)
	}
	if _, err := a.governing(ctx, a.s.store, &by, thing(audit.KindDomain, id, "")); err != nil {
		return domainclaim.Observation{}, a.s.refused(ctx, err)
	}
	rec, err := a.s.store.Domain(ctx, a.p.OrgID, id)
	if err != nil {
		return domainclaim.Observation{}, gone(err)
	}
	d, err := domainOf(rec)
	if err != nil {
		return domainclaim.Observation{}, err
	}
	if d.State == domainclaim.Released {
		return domainclaim.Observation{}, refuse(CodeDomainUnproven, d.Guide().Says)
	}
	if err := a.s.book(ctx, verifyCounters(a.p.OrgID)); err != nil {
		return domainclaim.Observation{}, err
	}
	seen := a.s.checker.CheckNow(ctx, d.Claim) // the network, outside of any transaction
	if err := ctx.Err(); err != nil {
		return seen, err
	}
	seen = a.s.breaker.Watch(a.p.OrgID, d.Claim, seen)
	l := look{rec: rec, was: d, seen: seen, by: by.by}
	l.authorise = func(c *change) error { // who looked on may be nobody any more
		by, err := a.authorise(ctx, c, asIs)
		if err == nil {
			_, err = a.governing(ctx, c, &by, l.subject())
		}
		return err
	}
	l.settle = func(ctx context.Context, tx store.Tx, d Domain) error { return d.plan(ctx, tx, a.p.OrgID) }
	held, err := a.s.takeIn(ctx, l)
	switch {
	case err != nil:
	case held:
		err = refuse(CodeDomainTaken, "the record is there, and so is the claim of another organization")
	case seen.Outcome == domainclaim.Unknown:
		err = refuse(CodeDNS, seen.Hint)
	case seen.Outcome != domainclaim.Present:
		err = refuse(CodeDomainUnproven, seen.Hint)
	}
	return seen, err
}

// CoverSubdomains makes the claim count for addresses on all domains below it as well,
// but for those on which a more specific claim is verified, which may be another org's. It
// asks for the password again. There is no way back but to withdraw the claim. One that has
// lapsed keeps closed what it had closed, and closes no more: CodeDomainUnproven.
func (a *Admin) CoverSubdomains(ctx context.Context, id string) (Domain, error) {
	var d Domain
	err := a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, proven)
		if err != nil {
			return err
		}
		if _, err := a.governing(ctx, c, &by, thing(audit.KindDomain, id, "")); err != nil {
			return err
		}
		rec, err := c.Domain(ctx, a.p.OrgID, id)
		if err != nil {
			return gone(err)
		}
		if d, err = domainOf(rec); err != nil {
			return err
		}
		if d.State == domainclaim.Released {
			return refuse(CodeNotFound, "the claim was given up")
		}
		e := by.by(audit.DomainWidened, thing(audit.KindDomain, d.ID, d.Name))
		if d.State == domainclaim.Unverified {
			e.Type = audit.ChangeRefused
			return refuse(CodeDomainUnproven, d.Guide().Says).inOrg(a.p.OrgID, e)
		}
		if d.Subdomains {
			return errNothingDue
		}
		d.Subdomains = true
		if err := d.update(ctx, c, rec); err != nil {
			return err
		}
		if d.Holds() {
			ended, err := c.endClosed(ctx, a.p.OrgID)
			if err != nil {
				return err
			}
			e.Facts = append(e.Facts, count("sessions_ended", ended))
		}
		if err := c.record(ctx, a.p.OrgID, e); err != nil || !d.Holds() {
			return err
		}
		return a.s.notifyAdmins(ctx, c, message{template: TemplateDomainWidened, orgID: a.p.OrgID,
			values: map[string]string{"domain": d.Display(), "by": by.named()}})
	})
	if err != nil && !errors.Is(err, errNothingDue) {
		return Domain{}, err
	}
	return d, nil
}

func domainOf(rec store.Domain) (Domain, error) {
	d := Domain{ID: rec.ID}
	if err := json.Unmarshal(rec.Claim, &d.Claim); err != nil {
		return d, fmt.Errorf("accesssec: stored claim %s: %w", rec.ID, err)
	}
	return d, nil
}

// record writes the claim into rec. The columns follow the claim, never the reverse.
func (d Domain) record(rec store.Domain) (store.Domain, error) {
	var err error
	rec.Status = string(d.State)
	rec.Claim, err = json.Marshal(d.Claim)
	return rec, err
}

// update writes the claim, if it is still the one that was read: its version says that
// nothing of it has changed.
func (d Domain) update(ctx context.Context, tx store.Tx, rec store.Domain) error {
	next, err := d.record(rec)
	if err == nil {
		err = tx.UpdateDomains(ctx, next)
	}
	return stale(gone(err))
}

// gone tells what is not there from a fault.
func gone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return refuse(CodeNotFound, "")
	}
	return err
}
