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

// Domain is the org's claim on one domain.
type Domain struct {
	ID string
	domainclaim.Claim
}

// Domains lists the claims, by name.
func (a *Admin) Domains(ctx context.Context) ([]Domain, error) {
	if _, err := a.authorise(ctx, a.s.store, asIs); err != nil {
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
// anybody and changes no one's login.
func (a *Admin) ClaimDomain(ctx context.Context, name string) (Domain, error) {
	n, err := domainclaim.ParseName(name, nil)
	if err != nil {
		no := refuse(CodeDomainName, err.Error())
		no.Err = err
		return Domain{}, no
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
		if err := a.unclaimed(ctx, c, claim.Name); err != nil {
			return err
		}
		rec, err := d.record(store.Domain{OrgID: a.p.OrgID, ID: d.ID, Name: claim.Name})
		if err != nil {
			return err
		}
		if err := c.CreateDomain(ctx, rec); err != nil {
			return err
		}
		return c.record(ctx, a.p.OrgID, a.p.by(audit.DomainClaimed, by, thing(audit.KindDomain, d.ID, d.Name)))
	})
	return d, err
}

// unclaimed refuses a second claim of this org on one name.
func (a *Admin) unclaimed(ctx context.Context, c *change, name string) error {
	p := store.Paging{Limit: 1000}
	for {
		page, err := c.Domains(ctx, a.p.OrgID, p)
		if err != nil {
			return err
		}
		for _, d := range page.Items {
			if d.Name == name && d.Status != store.DomainReleased {
				return refuse(CodeDomainClaimed, "")
			}
		}
		if p.After = page.Next; p.After == "" {
			return nil
		}
	}
}

// VerifyDomain looks for the record now and takes over what it saw. The Observation
// says what was found and what would help, whether or not it was enough; a refusal
// comes with CodeDomainUnproven when it was not, and with CodeDomainTaken when the
// name is held by another org.
func (a *Admin) VerifyDomain(ctx context.Context, id string) (domainclaim.Observation, error) {
	if _, err := a.authorise(ctx, a.s.store, asIs); err != nil {
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
	err = a.s.change(ctx, func(c *change) error { return a.takeOver(ctx, c, rec, d, seen) })
	if err == nil && seen.Outcome != domainclaim.Present {
		err = refuse(CodeDomainUnproven, seen.Hint)
	}
	return seen, err
}

// takeOver moves the claim by what was seen, if it is still the claim that was looked
// up: its name, its token and its version.
func (a *Admin) takeOver(ctx context.Context, c *change, rec store.Domain, d Domain, seen domainclaim.Observation) error {
	by, err := a.authorise(ctx, c, asIs)
	if err != nil {
		return err
	}
	var event domainclaim.Event
	d.Claim, event = d.Claim.Next(seen, c.now)
	next, err := d.record(rec)
	if err != nil {
		return err
	}
	e := a.p.by(audit.DomainChecked, by, thing(audit.KindDomain, d.ID, d.Name))
	if event == domainclaim.EventVerified {
		e.Type = audit.DomainVerified
	}
	e.Facts = []audit.Fact{fact("outcome", string(seen.Outcome)), fact("state", string(d.State))}
	err = c.UpdateDomain(ctx, next)
	switch {
	case errors.Is(err, store.ErrExists):
		e.Type = audit.ChangeRefused
		return refuse(CodeDomainTaken, "").inOrg(a.p.OrgID, e)
	case errors.Is(err, store.ErrNotFound):
		return gone(err)
	case err != nil:
		return stale(err)
	}
	return c.record(ctx, a.p.OrgID, e)
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
