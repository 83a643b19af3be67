package accesssec

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// LinkOptions of a link: the zero value leaves all domains where they are.
type LinkOptions struct {
	// TransferDomains hands the org's verified domains over to the other one in the same step,
	// so that people with addresses there go on signing in: through its connection. Without it
	// nobody signs in by single sign-on with such an address until the domain is handed over
	// ([Admin.TransferDomain]). They are lent: see [UnlinkOptions].ReturnDomains.
	TransferDomains bool
}

// LinkPreview is what a link would do. Its Hash is what LinkTo wants: who confirms a preview
// confirms that one and no other.
type LinkPreview struct {
	Hash string
	From OrgChoice // whose sign-on it would be
	// Moved are the domains that would be handed over, Suspended the claims that would decide
	// about no login until the link ends.
	Moved, Suspended []Domain
	Loss
}

// PreviewLink says what LinkTo would do, and changes nothing. It is for an Owner, and asks
// for the password again; wrong codes are counted as with LinkTo.
func (a *Admin) PreviewLink(ctx context.Context, code string, opts *LinkOptions) (LinkPreview, error) {
	if err := a.s.alone(); err != nil {
		return LinkPreview{}, err
	}
	by, counters, err := a.bookCode(ctx)
	if err != nil {
		return LinkPreview{}, err
	}
	p, err := a.considerLink(ctx, a.s.store, a.s.now(), code, opts)
	if err != nil {
		err = a.s.refused(ctx, refusedAs(err, a.p.OrgID, by.by(audit.SSOLinked, thing(audit.KindOrg, a.p.OrgID, ""))))
		return LinkPreview{}, a.s.excused(ctx, counters, err)
	}
	a.s.giveBack(ctx, counters, every)
	return p.LinkPreview, nil
}

// LinkTo gives this org the sign-on of another, by a code of one of its Owners
// ([Admin.LinkingCode]). It is for an Owner, asks for the password again, and wants the Hash
// of the preview. The org's plan must have [FeatureSharedSSO].
//
// From then on the other org's connection signs this org's people in, on the other's domains
// and by its switches: require SSO, IdP-managed access, who is external. This org's own
// connections, domains and switches rest: they decide about nothing and can't be changed
// (CodeShared), and are as they were when the link ends. Members, roles, teams, grants, the
// log and the session times stay this org's own. Claims that are not proven yet wait for
// the end of the link.
//
// People who can't sign in any more by a method lose the sessions that came of it; all other
// sessions go on. Sign-ins that are under way at the org's own identity provider end at the
// other's, without a word to the person.
//
// Refusals: CodeShared for an org that has its sign-on from another already, CodeInUse for
// one that others have theirs from (one level is all there is), CodeLinkCode for a code that
// is wrong, was used, is over, is this org's own, or is of nobody who could give it any more,
// CodeLocked after too many of those. CodeConflict says that nothing was done because so many
// people signed in at that moment: try again.
func (a *Admin) LinkTo(ctx context.Context, code, previewed string, opts *LinkOptions) error {
	if err := a.s.alone(); err != nil {
		return err
	}
	if err := a.needs(ctx, FeatureSharedSSO, proven); err != nil {
		return err
	}
	_, counters, err := a.bookCode(ctx)
	if err != nil {
		return err
	}
	err = a.s.change(ctx, func(c *change) error {
		by, err := a.authoriseOwner(ctx, c)
		if err != nil {
			return err
		}
		p, err := a.considerLink(ctx, c, c.now, code, opts)
		if err == nil && p.Hash != previewed {
			err = refuse(CodePreviewStale, "")
		}
		if err != nil {
			return refusedAs(err, a.p.OrgID, by.by(audit.SSOLinked, thing(audit.KindOrg, a.p.OrgID, "")))
		}
		if err := settle(ctx, c, counters); err != nil {
			return err
		}
		return a.link(ctx, c, by, p)
	})
	if IsRefusal(err, CodePreviewStale) || errors.Is(err, store.ErrConflict) {
		a.s.giveBack(ctx, counters, every) // the code was right
	}
	return a.s.excused(ctx, counters, a.s.outrun(err))
}

// bookCode counts an attempt at a code, for who may try one at all.
func (a *Admin) bookCode(ctx context.Context) (acting, []counter, error) {
	by, err := a.authoriseOwner(ctx, a.s.store)
	if err != nil {
		return by, nil, a.s.refused(ctx, err)
	}
	counters := linkingCounters(a.p)
	return by, counters, a.s.book(ctx, counters)
}

// linking is a preview of a link and what carrying it out takes.
type linking struct {
	LinkPreview
	key   string // of the code
	org   store.Org
	moves []transfer
	ends  []ending
}

// considerLink works out what a link would do.
func (a *Admin) considerLink(ctx context.Context, r store.Reader, now time.Time, code string, opts *LinkOptions) (linking, error) {
	if opts == nil {
		opts = &LinkOptions{}
	}
	var out linking
	var err error
	if out.org, err = a.linkable(ctx, r); err != nil {
		return out, err
	}
	out.key = linkingKey(code)
	admin, err := offers(ctx, r, out.key, out.org.ID, now)
	if err != nil {
		return out, err
	}
	out.From = OrgChoice{admin.ID, admin.Name}
	rules, err := readAccess(admin)
	if err != nil {
		return out, err
	}
	family, err := sharing(ctx, r, admin.ID)
	if err != nil {
		return out, err
	}
	l := losses{before: newScene(), sum: sha256.New(), shows: oneOf(out.org.ID), has: a.s.hasPassword}
	if err := l.before.load(ctx, r, family); err != nil {
		return out, err
	}
	if err := l.before.load(ctx, r, []store.Org{out.org}); err != nil {
		return out, err
	}
	fmt.Fprintf(l.sum, "accesssec link v1\n%s %d\n%s\n%s %d\n%s\n", out.org.ID, out.org.Version, out.org.Access, admin.ID, admin.Version, admin.Access)
	l.after = l.before.next()
	p := rules.policy(out.org.ID, out.org.Name)
	p.GovernedBy = admin.ID
	was := l.before.orgs[out.org.ID]
	p.Methods, p.RequireFactor, p.Devices = was.Methods, was.RequireFactor, was.Devices
	l.after.orgs[out.org.ID] = &p
	moved, stay, err := domainsOf(ctx, r, out.org.ID)
	if err != nil {
		return out, err
	}
	if !opts.TransferDomains {
		moved, stay = nil, append(moved, stay...)
	}
	if out.Moved, err = shownDomains(l.sum, "moved", moved); err != nil {
		return out, err
	}
	if out.Suspended, err = shownDomains(l.sum, "suspended", stay); err != nil {
		return out, err
	}
	for i, rec := range moved {
		t := transfer{rec: rec, d: out.Moved[i], from: out.org.ID, to: admin.ID, lends: true}
		t.on(l.after)
		out.moves = append(out.moves, t)
	}
	if err := l.weigh(ctx, r); err != nil {
		return out, err
	}
	out.Loss, out.ends, out.Hash = l.Loss, l.ends, hexOf(l.sum.Sum(nil))
	return out, nil
}

// linkable is the org that acts, if it is one that can be linked.
func (a *Admin) linkable(ctx context.Context, r store.Reader) (store.Org, error) {
	org, err := a.governing(ctx, r, nil)
	if err != nil {
		return org, err
	}
	linked, err := r.Orgs(ctx, store.OrgQuery{SSOFrom: org.ID, Paging: store.Paging{Limit: 1}})
	if err == nil && len(linked.Items) > 0 {
		err = refuse(CodeInUse, "other organizations have their sign-on from this one")
	}
	return org, err
}

// offers is the org whose sign-on a code gives. What is wrong with a code, only the log says.
func offers(ctx context.Context, r store.Reader, key, to string, now time.Time) (store.Org, error) {
	if key == "" {
		return store.Org{}, refuse(CodeLinkCode, "that is not what a code looks like")
	}
	k, err := linkingCodes.byKey(ctx, r, key)
	if errors.Is(err, store.ErrNotFound) {
		return store.Org{}, refuse(CodeLinkCode, "there is no such code, or it was used")
	} else if err != nil {
		return store.Org{}, err
	}
	m, err := r.Membership(ctx, k.OrgID, k.Owner)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Org{}, err
	}
	standing := err == nil && !m.Disabled && !m.User.Disabled && policy.Role(m.Role) == policy.Owner
	admin, err := r.Org(ctx, k.OrgID)
	switch {
	case err != nil:
		return admin, err
	case !now.Before(k.ExpiresAt):
		return admin, refuse(CodeLinkCode, "the code is more than a day old")
	case !standing:
		return admin, refuse(CodeLinkCode, "who made the code is no Owner any more")
	case k.OrgID == to:
		return admin, refuse(CodeLinkCode, "the code is the organization's own")
	case admin.SSOFrom != "":
		return admin, refuse(CodeLinkCode, "the other organization has its own sign-on from another by now")
	}
	return admin, nil
}

// link carries it out.
func (a *Admin) link(ctx context.Context, c *change, by acting, p linking) error {
	if _, err := linkingCodes.take(ctx, c, p.key); err != nil {
		return err
	}
	ended, err := c.endAll(ctx, p.ends, nil)
	if err != nil {
		return err
	}
	if err := c.handOver(ctx, by, p.moves...); err != nil {
		return err
	}
	p.org.SSOFrom = p.From.ID
	if err := c.UpdateOrg(ctx, p.org); err != nil {
		return stale(err)
	}
	k := sharedSSOs.fresh(p.From.ID, p.org.ID, "", c.now, time.Time{}, sharedSSO{})
	if err := c.drop(ctx, sharedSSOs.kind, k.OrgID, k.ID); err != nil {
		return err
	}
	if err := sharedSSOs.put(ctx, c, k); err != nil {
		return err
	}
	facts := []audit.Fact{
		fact("from", p.From.ID), count("domains_moved", len(p.moves)), count("domains_suspended", len(p.Suspended)),
		count("people_without_a_way", p.LoseCount), count("sessions_ended", ended),
	}
	return a.tellShared(ctx, c, by, audit.SSOLinked, TemplateSSOLinked, p.From, OrgChoice{p.org.ID, p.org.Name}, facts, displays(p.Moved))
}

// tellShared records what became of a link in both logs, and tells both sides.
func (a *Admin) tellShared(ctx context.Context, c *change, by acting, what audit.Type, tell Template, admin, linked OrgChoice, facts []audit.Fact, domains string) error {
	for _, orgID := range []string{linked.ID, admin.ID} {
		e := by.by(what, thing(audit.KindOrg, linked.ID, linked.Name), thing(audit.KindOrg, admin.ID, admin.Name))
		e.Facts = facts
		if err := c.record(ctx, orgID, e); err != nil {
			return err
		}
		err := a.s.notifyAdmins(ctx, c, message{template: tell, orgID: orgID, values: map[string]string{
			"by": by.named(), "linked": linked.Name, "from": admin.Name, "domains": domains,
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// displays names domains in a sentence.
func displays(ds []Domain) string {
	if len(ds) == 0 {
		return "none"
	}
	out := ds[0].Display()
	for _, d := range ds[1:] {
		out += ", " + d.Display()
	}
	return out
}
