package accesssec

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// UnlinkOptions of the end of a link: the zero value leaves all domains where they are.
type UnlinkOptions struct {
	// ReturnDomains hands back, in the same step, the domains that the org has brought along:
	// when it was linked, or by [Admin.TransferDomain] since. They were lent on that condition,
	// so either side may end the link like this. A claim that was given up since is not among
	// them. Without it they stay for good, which is for who has lent them alone to decide: who
	// governs is refused with CodeLentDomain.
	ReturnDomains bool
}

// UnlinkPreview is what the end of a link would do. Its Hash is what Unlink wants.
type UnlinkPreview struct {
	Hash         string
	Linked, From OrgChoice // the org that would have its own sign-on again, and whose it has now
	// Returned are the domains that would be handed back, Kept those that could be and would
	// not, and Resumed the org's own claims that count again.
	Returned, Kept, Resumed []Domain
	Loss
}

// PreviewUnlink says what Unlink would do, and changes nothing. It is for an Owner of either
// org, and asks for the password again.
func (a *Admin) PreviewUnlink(ctx context.Context, orgID string, opts *UnlinkOptions) (UnlinkPreview, error) {
	if _, err := a.authoriseOwner(ctx, a.s.store); err != nil {
		return UnlinkPreview{}, a.s.refused(ctx, err)
	}
	p, err := a.considerUnlink(ctx, a.s.store, orgID, opts)
	return p.UnlinkPreview, err
}

// Unlink gives an org its own sign-on back: its connections, domains and switches are what
// they were when it was linked, and count again. It is for an Owner of that org or of the one
// whose sign-on it has, asks for the password again, and wants the Hash of the preview. An org
// that shares no sign-on with the one that acts is CodeNotShared.
//
// People who can't sign in any more by a method lose the sessions that came of it.
func (a *Admin) Unlink(ctx context.Context, orgID, previewed string, opts *UnlinkOptions) error {
	return a.s.outrun(a.s.change(ctx, func(c *change) error {
		by, err := a.authoriseOwner(ctx, c)
		if err != nil {
			return err
		}
		p, err := a.considerUnlink(ctx, c, orgID, opts)
		if err == nil && p.Hash != previewed {
			err = refuse(CodePreviewStale, "")
		}
		if err == nil {
			err = a.unlink(ctx, c, by, p)
		}
		return refusedAs(err, a.p.OrgID, by.by(audit.SSOUnlinked, thing(audit.KindOrg, orgID, "")))
	}))
}

// outrun has who acts try again, where so many signed in all the while that a change which
// reads everybody never found a moment for itself. Nothing of it was done.
func (s *Service) outrun(err error) error {
	if s.joined {
		return err // the host runs its transaction again
	}
	return stale(err)
}

// unlinking is a preview of the end of a link and what carrying it out takes.
type unlinking struct {
	UnlinkPreview
	org   store.Org
	moves []transfer
	ends  []ending
}

func (a *Admin) considerUnlink(ctx context.Context, r store.Reader, orgID string, opts *UnlinkOptions) (unlinking, error) {
	if opts == nil {
		opts = &UnlinkOptions{}
	}
	var out unlinking
	org, own, err := accessOf(ctx, r, orgID)
	if errors.Is(err, store.ErrNotFound) || err == nil && (org.SSOFrom == "" || a.p.OrgID != org.ID && a.p.OrgID != org.SSOFrom) {
		return out, refuse(CodeNotShared, "")
	} else if err != nil {
		return out, err
	}
	out.org, out.Linked = org, OrgChoice{org.ID, org.Name}
	if out.From, err = choice(ctx, r, org.SSOFrom); err != nil {
		return out, err
	}
	l := losses{sum: sha256.New(), has: a.s.hasPassword}
	if l.before, err = sceneOf(ctx, r, org.ID); err != nil {
		return out, err
	}
	l.after, l.shows = l.before.next(), a.governs(l.before)
	p := own.policy(org.ID, org.Name)
	own.apply(&p)
	l.after.orgs[org.ID] = &p
	fmt.Fprintf(l.sum, "accesssec unlink v1\n%s %d\n%s %t\n", org.ID, org.Version, out.From.ID, opts.ReturnDomains)

	back, err := out.lent(ctx, r)
	if err != nil {
		return out, err
	}
	if len(back) > 0 && !opts.ReturnDomains && a.p.OrgID == out.From.ID {
		return out, refuse(CodeLentDomain, "only the organization that has lent its domains may leave them behind")
	}
	for _, t := range back {
		fmt.Fprintf(l.sum, "lent %s %s %d\n", t.rec.ID, t.rec.Status, t.d.Generation)
		if opts.ReturnDomains {
			t.on(l.after)
			out.moves, out.Returned = append(out.moves, t), append(out.Returned, t.d)
		} else {
			out.Kept = append(out.Kept, t.d)
		}
	}
	holding, rest, err := domainsOf(ctx, r, org.ID)
	if err != nil {
		return out, err
	}
	if out.Resumed, err = shownDomains(l.sum, "resumed", append(holding, rest...)); err != nil {
		return out, err
	}
	if err := l.weigh(ctx, r); err != nil {
		return out, err
	}
	out.Loss, out.ends, out.Hash = l.Loss, l.ends, hexOf(l.sum.Sum(nil))
	return out, nil
}

// lent are the claims that the org has brought along, on their way back.
func (u unlinking) lent(ctx context.Context, r store.Reader) ([]transfer, error) {
	docs, err := broughtBy(ctx, r, u.From.ID, u.Linked.ID)
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	var out []transfer
	err = eachDomain(ctx, r, u.From.ID, func(rec store.Domain) error {
		b, ok := docs[rec.ID]
		if !ok {
			return nil
		}
		d, err := domainOf(rec)
		if err == nil && b.Value.still(d) {
			out = append(out, transfer{rec: rec, d: d, from: u.From.ID, to: u.Linked.ID, borrowed: &b})
		}
		return err
	})
	return out, err
}

// unlink carries it out.
func (a *Admin) unlink(ctx context.Context, c *change, by acting, p unlinking) error {
	ended, err := c.endAll(ctx, p.ends, nil)
	if err != nil {
		return err
	}
	if err := c.handOver(ctx, by, p.moves...); err != nil {
		return err
	}
	if err := c.forgetShared(ctx, p.org); err != nil {
		return err
	}
	p.org.SSOFrom = ""
	if err := c.UpdateOrg(ctx, p.org); err != nil {
		return stale(err)
	}
	facts := []audit.Fact{
		fact("from", p.From.ID), count("domains_returned", len(p.Returned)), count("domains_kept", len(p.Kept)),
		count("people_without_a_way", p.LoseCount), count("sessions_ended", ended),
	}
	return a.tellShared(ctx, c, by, audit.SSOUnlinked, TemplateSSOUnlinked, p.From, p.Linked, facts, displays(p.Returned))
}

// forgetShared deletes what the org that governs keeps of a linked one, and ends the tokens by
// which it provisions it. What the linked one
// had lent and did not get back stays where it is.
func (c *change) forgetShared(ctx context.Context, org store.Org) error {
	if org.SSOFrom == "" {
		return nil
	}
	if _, err := broughts.drop(ctx, c, org.SSOFrom, []string{org.ID}, nil); err != nil {
		return err
	}
	if err := c.endLinkedSCIM(ctx, org.SSOFrom, org.ID); err != nil {
		return err
	}
	return c.drop(ctx, sharedSSOs.kind, org.SSOFrom, org.ID)
}
