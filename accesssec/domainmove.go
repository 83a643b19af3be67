package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// look is what was seen at one claim, on its way into the store.
type look struct {
	rec  store.Domain // as it was read
	was  Domain
	seen domainclaim.Observation
	by   func(audit.Type, ...audit.Target) audit.Event
	// settle says in the same transaction when to look next.
	settle func(context.Context, store.Tx, Domain) error
	// authorise is asked again where somebody's word moves the claim; nil: nobody's.
	authorise func(*change) error
}

func (l look) subject() audit.Target { return thing(audit.KindDomain, l.was.ID, l.was.Name) }

// errHeld undoes a transaction that has nothing to tell: the name is another org's, and
// both have been told before.
var errHeld = errors.New("accesssec: the name is held by another claim")

// errResting undoes one of a claim that waits for the end of a link.
var errResting = errors.New("accesssec: the claim is of an org that has its sign-on from another")

// resting reports whether a claim that nobody has proven yet is one of an org that has its
// sign-on from another: it neither takes hold of a name meanwhile, nor ends for not doing so.
func (c *change) resting(ctx context.Context, l look) (bool, error) {
	if l.was.State != domainclaim.Pending {
		return false, nil
	}
	org, err := c.Org(ctx, l.rec.OrgID)
	return org.SSOFrom != "", err
}

// takeIn writes what was seen, and all that it moves: this is the one place where a claim
// changes by what DNS says. It reports whether the proof is there and the name another
// org's.
func (s *Service) takeIn(ctx context.Context, l look) (held bool, err error) {
	now := s.now()
	next, event := l.was.Next(l.seen, now)
	d := Domain{ID: l.was.ID, Claim: next}
	quietly := func(tx store.Tx) error {
		err := d.update(ctx, tx, l.rec)
		if err == nil {
			err = l.settle(ctx, tx, d)
		}
		return err
	}
	if event == domainclaim.EventNone {
		return false, s.upkeep(ctx, quietly)
	}
	err = s.change(ctx, func(c *change) error {
		d.Claim, held = next, false
		if l.authorise != nil {
			if err := l.authorise(c); err != nil {
				return err
			}
		}
		if rests, err := c.resting(ctx, l); err != nil {
			return err
		} else if rests {
			d = l.was
			d.CheckAt = now.Add(24 * time.Hour)
			return errResting
		}
		if event != domainclaim.EventVerified {
			return s.moved(ctx, c, l, d, event)
		}
		others, err := c.DomainsByName(ctx, []string{d.Name})
		if err != nil {
			return err
		}
		for _, o := range others {
			if o.OrgID != l.rec.OrgID && holds(o) {
				var first domainclaim.Event
				d.Claim, first = l.was.Contest(l.seen, now)
				held = true
				return s.contested(ctx, c, l, d, o, first)
			}
		}
		// Those that have lapsed end with the proof of another.
		for _, o := range others {
			if o.OrgID == l.rec.OrgID {
				continue
			}
			if err := s.superseded(ctx, c, o); err != nil {
				return err
			}
		}
		if err := s.carved(ctx, c, l, d); err != nil {
			return err
		}
		err = c.DeleteDoc(ctx, formers.kind, l.rec.OrgID, d.Name)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return s.moved(ctx, c, l, d, event)
	})
	if errors.Is(err, errHeld) || errors.Is(err, errResting) {
		err = s.upkeep(ctx, quietly)
	}
	return held, err
}

// moved writes a claim that what was seen has moved, with its event and its notice.
func (s *Service) moved(ctx context.Context, c *change, l look, d Domain, event domainclaim.Event) error {
	if err := d.update(ctx, c, l.rec); err != nil {
		return err
	}
	if err := l.settle(ctx, c, d); err != nil {
		return err
	}
	what, tell := audit.DomainChecked, TemplateDomainMissing
	switch event {
	case domainclaim.EventVerified:
		what, tell = audit.DomainVerified, TemplateDomainVerified
	case domainclaim.EventMissing:
		what = audit.DomainMissing
	case domainclaim.EventRecovered:
		what, tell = audit.DomainRecovered, TemplateDomainRecovered
	case domainclaim.EventUnverified:
		what, tell = audit.DomainLapsed, TemplateDomainLapsed
	case domainclaim.EventExpired:
		what, tell = audit.DomainExpired, TemplateDomainExpired
	}
	e := l.by(what, l.subject())
	e.Facts = l.evidence(d)
	if event == domainclaim.EventVerified {
		ended, err := c.endClosed(ctx, l.rec.OrgID)
		if err != nil {
			return err
		}
		e.Facts = append(e.Facts, count("sessions_ended", ended))
	}
	if err := c.record(ctx, l.rec.OrgID, e); err != nil {
		return err
	}
	return s.tellDomain(ctx, c, l.rec.OrgID, tell, d)
}

// evidence is what was seen, for the log.
func (l look) evidence(d Domain) []audit.Fact {
	told := "resolvers"
	if l.seen.Authoritative {
		told = "name servers"
	}
	return []audit.Fact{
		fact("state", string(d.State)), fact("seen", string(l.seen.Outcome)), fact("told_by", told), fact("hint", oneLine(l.seen.Hint, mostOfValue)),
	}
}

// contested writes down that the proof is there, and the name another org's. Both are
// told at the first time, neither who the other is, and the record of who holds the name
// is looked for at once.
func (s *Service) contested(ctx context.Context, c *change, l look, d Domain, holder store.Domain, first domainclaim.Event) error {
	if first == domainclaim.EventNone {
		return errHeld
	}
	if err := d.update(ctx, c, l.rec); err != nil {
		return err
	}
	if err := l.settle(ctx, c, d); err != nil {
		return err
	}
	e := l.by(audit.DomainContested, l.subject())
	e.Facts = append(l.evidence(d), fact("side", "challenger"))
	if err := c.record(ctx, l.rec.OrgID, e); err != nil {
		return err
	}
	if err := s.tellDomain(ctx, c, l.rec.OrgID, TemplateDomainContesting, d); err != nil {
		return err
	}
	theirs, err := domainOf(holder)
	if err != nil {
		return err
	}
	if err := theirs.planAt(ctx, c, holder.OrgID, c.now, true); err != nil {
		return err
	}
	// Once a day, however often somebody claims the name anew.
	told, err := contests.get(ctx, c, holder.OrgID, theirs.ID)
	if err == nil && c.now.Before(told.ExpiresAt) {
		return nil
	} else if errors.Is(err, store.ErrNotFound) {
		told = contests.fresh(holder.OrgID, theirs.ID, "", c.now, time.Time{}, struct{}{})
	} else if err != nil {
		return err
	}
	told.ExpiresAt = c.now.Add(24 * time.Hour)
	if err := contests.put(ctx, c, told); err != nil {
		return err
	}
	e = bySystem(audit.DomainContested, thing(audit.KindDomain, theirs.ID, theirs.Name))
	e.Facts = []audit.Fact{fact("state", string(theirs.State)), fact("side", "holder")}
	if err := c.record(ctx, holder.OrgID, e); err != nil {
		return err
	}
	return s.tellDomain(ctx, c, holder.OrgID, TemplateDomainContested, theirs)
}

// carved tells another org whose claim covers the name as one of its subdomains, and does
// so no more.
func (s *Service) carved(ctx context.Context, c *change, l look, d Domain) error {
	above, err := covering(ctx, c, d.Candidates())
	if err != nil {
		return err
	}
	for _, rec := range above {
		if rec.OrgID == l.rec.OrgID || rec.Name == d.Name || !holds(rec) {
			continue
		}
		parent, err := domainOf(rec)
		if err != nil {
			return err
		}
		e := bySystem(audit.DomainCarved, thing(audit.KindDomain, parent.ID, parent.Name))
		e.Facts = []audit.Fact{fact("below", d.Name)}
		if err := c.record(ctx, rec.OrgID, e); err != nil {
			return err
		}
		err = s.notifyAdmins(ctx, c, message{template: TemplateDomainCarved, orgID: rec.OrgID,
			values: map[string]string{"domain": parent.Display(), "below": d.Display()}})
		if err != nil {
			return err
		}
	}
	return nil
}

// superseded ends a lapsed claim on a name that another org has proven.
func (s *Service) superseded(ctx context.Context, c *change, rec store.Domain) error {
	d, err := domainOf(rec)
	if err != nil {
		return err
	}
	d.Claim = d.Release()
	if err := d.update(ctx, c, rec); err != nil {
		return err
	}
	_, err = formers.get(ctx, c, rec.OrgID, d.Name)
	if errors.Is(err, store.ErrNotFound) {
		err = formers.put(ctx, c, formers.fresh(rec.OrgID, d.Name, "", c.now, time.Time{}, struct{}{}))
	}
	if err != nil {
		return err
	}
	ended, err := c.endBlocked(ctx, rec.OrgID)
	if err != nil {
		return err
	}
	e := bySystem(audit.DomainReleased, thing(audit.KindDomain, d.ID, d.Name))
	e.Reason, e.Facts = "superseded", []audit.Fact{count("sessions_ended", ended)}
	if err := c.record(ctx, rec.OrgID, e); err != nil {
		return err
	}
	return s.tellDomain(ctx, c, rec.OrgID, TemplateDomainReleased, d)
}

// tellDomain tells each Owner and Admin of an org about one of its claims.
func (s *Service) tellDomain(ctx context.Context, c *change, orgID string, t Template, d Domain) error {
	g := d.Guide()
	if what := restingWords(t); what != "" {
		org, err := c.Org(ctx, orgID)
		if err != nil {
			return err
		} else if org.SSOFrom != "" {
			return s.notifyAdmins(ctx, c, message{template: TemplateDomainResting, orgID: orgID, values: map[string]string{
				"domain": d.Display(), "what": what, "name": g.Records[0].Name, "value": g.Records[0].Value,
			}})
		}
	}
	m := message{template: t, orgID: orgID, values: map[string]string{"domain": d.Display()}}
	if t == TemplateDomainMissing || t == TemplateDomainLapsed {
		m.values["name"], m.values["value"] = g.Records[0].Name, g.Records[0].Value
		m.values["since"], m.values["seen"] = noticeTime(d.AbsentSince), g.Seen
	}
	if t == TemplateDomainMissing {
		m.values["ends"] = noticeTime(g.EndsAt)
	}
	return s.notifyAdmins(ctx, c, m)
}

// restingWords are for what has become of a record, where it changes nothing for anybody.
func restingWords(t Template) string {
	switch t {
	case TemplateDomainMissing:
		return "is missing"
	case TemplateDomainLapsed:
		return "was missing for a week, and the claim has lapsed"
	case TemplateDomainRecovered:
		return "is back"
	case TemplateDomainVerified:
		return "is there, and the claim is proven again"
	}
	return ""
}

// endClosed ends the sessions of the org's members whose password a proof has closed.
func (c *change) endClosed(ctx context.Context, orgID string) (int, error) {
	return c.endRefused(ctx, orgID, func(in policy.Input, _ policy.Decision) bool { return in.OnTarget })
}

// endBlocked ends those of members who are external since a claim ended, in an org that
// keeps such people out.
func (c *change) endBlocked(ctx context.Context, orgID string) (int, error) {
	return c.endRefused(ctx, orgID, func(_ policy.Input, d policy.Decision) bool { return d.Reason == policy.ExternalBlocked })
}

// endRefused ends the sessions of which who has a password is refused, for a reason of that
// kind.
func (c *change) endRefused(ctx context.Context, orgID string, kind func(policy.Input, policy.Decision) bool) (int, error) {
	around, err := sceneOf(ctx, c, orgID)
	if err != nil || !around.orgs[orgID].RequireSSO {
		return 0, err
	}
	var ends []ending
	err = around.each(ctx, c, func(m store.Member) error {
		in, err := around.input(ctx, c, m)
		if err == nil {
			ends = append(ends, closed(m, in, func(d policy.Decision) bool { return kind(in, d) })...)
		}
		return err
	})
	return c.endAll(ctx, ends, err)
}
