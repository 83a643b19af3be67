package accesssec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// Domain is the org's claim on one domain.
type Domain struct {
	ID string
	domainclaim.Claim
}

// Domains lists the claims, by name.
func (a *Admin) Domains(ctx context.Context) ([]Domain, error) {
	if err := a.allowed(ctx); err != nil {
		return nil, err
	}
	out := []Domain{}
	p := store.Paging{Limit: 1000}
	for {
		page, err := a.s.store.Domains(ctx, a.p.OrgID, p)
		if err != nil {
			return nil, err
		}
		for _, rec := range page.Items {
			d, err := domainOf(rec)
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
		if p.After = page.Next; p.After == "" {
			return out, nil
		}
	}
}

// ClaimDomain starts a claim: what to put into DNS is in its Records. It asks for the
// password again ([Me.Prove]). A claim that is not proven yet takes nothing from
// anybody and changes no one's login. The org's plan must have [FeatureDomains]; a
// claim that is there is verified, and kept, without asking for it again.
func (a *Admin) ClaimDomain(ctx context.Context, name string) (Domain, error) {
	n, err := domainclaim.ParseName(name, nil)
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
		claim, err := domainclaim.New(a.s.opts.Product, n, c.now)
		if err != nil {
			return err
		}
		d = Domain{ID: newID("dom"), Claim: claim}
		rec, err := d.record(store.Domain{OrgID: a.p.OrgID, ID: d.ID, Name: claim.Name})
		if err != nil {
			return err
		}
		e := by.by(audit.DomainClaimed, thing(audit.KindDomain, d.ID, d.Name))
		err = c.CreateDomain(ctx, rec)
		if errors.Is(err, store.ErrExists) {
			no := refuse(CodeDomainClaimed, "")
			e.Type, no.Err = audit.ChangeRefused, err
			return no.inOrg(a.p.OrgID, e)
		} else if err != nil {
			return err
		}
		return c.record(ctx, a.p.OrgID, e)
	})
	if err != nil {
		return Domain{}, err
	}
	return d, nil
}

// VerifyDomain looks for the record now and takes over what it saw. The Observation
// says what was found and what would help, also beside the refusals that come of it:
// CodeDomainUnproven when the record is not there as it must be (a domain that was
// verified before stays so for now: see Observation and Domain.State), CodeDNS when
// nobody could tell, CodeDomainTaken when the name is held by another org. People whose
// password the org's require SSO closes with the proof lose the sessions that came of
// it.
func (a *Admin) VerifyDomain(ctx context.Context, id string) (domainclaim.Observation, error) {
	if err := a.s.alone(); err != nil {
		return domainclaim.Observation{}, err
	}
	if err := a.allowed(ctx); err != nil {
		return domainclaim.Observation{}, err
	}
	rec, err := a.s.store.Domain(ctx, a.p.OrgID, id)
	if err != nil {
		return domainclaim.Observation{}, gone(err)
	}
	d, err := domainOf(rec)
	if err != nil {
		return domainclaim.Observation{}, err
	}
	seen := a.s.checker.Check(ctx, d.Claim) // the network, outside of any transaction
	if err := ctx.Err(); err != nil {
		return seen, err
	}
	next, event := d.Claim.Next(seen, a.s.now())
	d.Claim = next
	if event == domainclaim.EventNone {
		err = a.s.upkeep(ctx, func(tx store.Tx) error { return d.update(ctx, tx, rec) })
	} else {
		err = a.s.change(ctx, func(c *change) error { return a.takeOver(ctx, c, rec, d, event) })
	}
	switch {
	case err != nil:
	case seen.Outcome == domainclaim.Unknown:
		err = refuse(CodeDNS, seen.Hint)
	case seen.Outcome != domainclaim.Present:
		err = refuse(CodeDomainUnproven, seen.Hint)
	}
	return seen, err
}

// update writes the claim, if it is still the one that was looked up: its version says
// that neither name nor token has changed.
func (d Domain) update(ctx context.Context, tx store.Tx, rec store.Domain) error {
	next, err := d.record(rec)
	if err != nil {
		return err
	}
	err = tx.UpdateDomains(ctx, next)
	if errors.Is(err, store.ErrExists) {
		no := refuse(CodeDomainTaken, "")
		no.Err = err
		return no
	}
	return stale(gone(err))
}

// takeOver writes a claim that what was seen has moved.
func (a *Admin) takeOver(ctx context.Context, c *change, rec store.Domain, d Domain, event domainclaim.Event) error {
	by, err := a.authorise(ctx, c, asIs)
	if err != nil {
		return err
	}
	e := by.by(audit.DomainChecked, thing(audit.KindDomain, d.ID, d.Name))
	if event == domainclaim.EventVerified {
		e.Type = audit.DomainVerified
	}
	e.Facts = []audit.Fact{fact("state", string(d.State))}
	if err := d.update(ctx, c, rec); err != nil {
		var no *Refusal
		if errors.As(err, &no) {
			e.Type = audit.ChangeRefused
			no.inOrg(a.p.OrgID, e)
		}
		return err
	}
	ended, err := c.endClosed(ctx, a.p.OrgID, d.Name)
	if err != nil {
		return err
	}
	e.Facts = append(e.Facts, count("sessions_ended", ended))
	return c.record(ctx, a.p.OrgID, e)
}

// endClosed ends the sessions of the members on a domain whose password its proof has
// closed.
func (c *change) endClosed(ctx context.Context, orgID, name string) (int, error) {
	org, acc, err := accessOf(ctx, c, orgID)
	if err != nil || !acc.RequireSSO {
		return 0, err
	}
	own := domains{name: {state: policy.DomainVerified}}
	rules := acc.policy(org.ID, org.Name)
	var ends []store.SessionQuery
	err = eachMember(ctx, c, orgID, func(m store.Member) {
		in := own.input(&rules, m)
		if d := policy.Decide(in); in.OnTarget && !d.Allow {
			ends = append(ends, closed(m, d))
		}
	})
	return c.endAll(ctx, ends, err)
}

func (c *change) endAll(ctx context.Context, ends []store.SessionQuery, err error) (int, error) {
	total := 0
	for _, q := range ends {
		if err != nil {
			break
		}
		var n int
		n, err = c.DeleteSessions(ctx, q)
		total += n
	}
	return total, err
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

// gone tells what is not there from a fault.
func gone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return refuse(CodeNotFound, "")
	}
	return err
}

// domainOwner is the org that holds the domain of a person's address; "" nobody does.
func domainOwner(ctx context.Context, r store.Reader, u store.User) (string, error) {
	a, err := domainclaim.ParseAddress(u.Address)
	if err != nil {
		return "", nil
	}
	claim, err := claimOn(ctx, r, a.Domain())
	if claim.Status != store.DomainVerified && claim.Status != store.DomainMissing {
		return "", err
	}
	return claim.OrgID, err
}
