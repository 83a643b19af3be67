package accesssec

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// TransferPreview is what handing a domain over would do. Its Hash is what TransferDomain
// wants.
type TransferPreview struct {
	Hash string
	To   OrgChoice
	// Suspends: the receiver has its sign-on from another org, and the claim decides about no
	// login while it has.
	Suspends bool
	Loss
}

// PreviewTransfer says what TransferDomain would do, and changes nothing. It is for an Owner,
// and asks for the password again.
func (a *Admin) PreviewTransfer(ctx context.Context, domainID, toOrg string) (TransferPreview, error) {
	if _, err := a.authoriseOwner(ctx, a.s.store); err != nil {
		return TransferPreview{}, a.s.refused(ctx, err)
	}
	p, err := a.considerTransfer(ctx, a.s.store, domainID, toOrg)
	return p.TransferPreview, err
}

// TransferDomain hands a domain over between two orgs of one sign-on: to the one that this
// org has its sign-on from, or to one that has its sign-on from this. Others are refused with
// CodeNotShared, claims that hold no domain with CodeDomainUnproven. It is for an Owner of
// the org that gives, asks for the password again, and wants the Hash of the preview.
//
// It is one step: at no moment does nobody hold the domain, or two do. The claim stays as it
// is, and so may the record in DNS. What the receiver had claimed on that name itself, which
// can't have been proven, is replaced.
//
// To the org that governs, the domain is lent: people with addresses there sign in through
// its connection from then on, and at the end of the link it can go back
// ([UnlinkOptions].ReturnDomains). Such a domain goes to nobody else before:
// CodeLentDomain. The other way it is for what is about to be unlinked: the claim decides
// about no login until then, and the preview says who loses by that.
//
// People who lose their last way in by a method lose the sessions that came of it. The
// Owners and Admins of both orgs are told.
func (a *Admin) TransferDomain(ctx context.Context, domainID, toOrg, previewed string) error {
	return a.s.outrun(a.s.change(ctx, func(c *change) error {
		by, err := a.authoriseOwner(ctx, c)
		if err != nil {
			return err
		}
		e := by.by(audit.DomainTransferred, thing(audit.KindDomain, domainID, ""))
		p, err := a.considerTransfer(ctx, c, domainID, toOrg)
		if err == nil && p.Hash != previewed {
			err = refuse(CodePreviewStale, "")
		}
		if err != nil {
			return refusedAs(err, a.p.OrgID, e)
		}
		if _, err := c.endAll(ctx, p.ends, nil); err != nil {
			return err
		}
		if err := c.handOver(ctx, by, p.move); err != nil {
			return refusedAs(err, a.p.OrgID, e)
		}
		for _, orgID := range []string{p.move.from, p.move.to} {
			err := a.s.notifyAdmins(ctx, c, message{template: TemplateDomainTransferred, orgID: orgID, values: map[string]string{
				"domain": p.move.d.Display(), "by": by.named(), "from": p.from.Name, "to": p.To.Name,
			}})
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// transferring is a preview of a transfer and what carrying it out takes.
type transferring struct {
	TransferPreview
	from OrgChoice
	move transfer
	ends []ending
}

func (a *Admin) considerTransfer(ctx context.Context, r store.Reader, domainID, toOrg string) (transferring, error) {
	var out transferring
	from, err := r.Org(ctx, a.p.OrgID)
	if err != nil {
		return out, err
	}
	to, err := r.Org(ctx, toOrg)
	if errors.Is(err, store.ErrNotFound) || err == nil && to.SSOFrom != from.ID && (from.SSOFrom == "" || from.SSOFrom != to.ID) {
		return out, refuse(CodeNotShared, "")
	} else if err != nil {
		return out, err
	}
	rec, err := r.Domain(ctx, from.ID, domainID)
	if err != nil {
		return out, gone(err)
	}
	d, err := domainOf(rec)
	if err != nil {
		return out, err
	}
	if !d.Holds() {
		return out, refuse(CodeDomainUnproven, d.Guide().Says)
	}
	out.move = transfer{rec: rec, d: d, from: from.ID, to: to.ID, lends: from.SSOFrom == to.ID}
	lent, err := broughts.get(ctx, r, from.ID, rec.ID)
	if err == nil && lent.Value.still(d) {
		if lent.Owner != to.ID {
			return out, refuse(CodeLentDomain, "")
		}
		out.move.borrowed = &lent
	} else if err != nil && !errors.Is(err, store.ErrNotFound) {
		return out, err
	}
	before, err := sceneOf(ctx, r, from.ID)
	if err != nil {
		return out, err
	}
	l := losses{before: before, after: before.next(), sum: sha256.New(), shows: a.governs(before), has: a.s.hasPassword}
	out.move.on(l.after)
	fmt.Fprintf(l.sum, "accesssec transfer v1\n%s %d %s %d\n%s %s %d %s\n", from.ID, from.Version, to.ID, to.Version, rec.ID, rec.Status, d.Generation, d.Name)
	if err := l.weigh(ctx, r); err != nil {
		return out, err
	}
	out.from, out.To, out.Suspends = OrgChoice{from.ID, from.Name}, OrgChoice{to.ID, to.Name}, to.SSOFrom != ""
	out.Loss, out.ends, out.Hash = l.Loss, l.ends, hexOf(l.sum.Sum(nil))
	return out, nil
}

// governs is whose members the org that acts may see the names of: its own, and those of the
// orgs that have their sign-on from it.
func (a *Admin) governs(sc *scene) func(string) bool {
	return func(orgID string) bool {
		o := sc.orgs[orgID]
		return orgID == a.p.OrgID || o != nil && o.GovernedBy == a.p.OrgID
	}
}
