package accesssec

import (
	"context"
	"errors"
	"slices"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// ChangeAddress has a link sent to a new address, by which whoever has its mailbox makes it the
// account's: an hour, in any browser. It wants a proof ([Me.Prove]). The old address is told. A
// newer one ends the link of the one before. To an address that has an account it answers
// alike, and sends what says so: also where nobody has ever proven that one. What somebody has given
// it, a membership or a role, is not this account's to take or to end, so whoever has the mailbox sets
// that account's password by a link, which takes away what was there before, and moves it off first.
//
// Refusals: CodeAddress, also for the one that the account has; CodeNoMail; CodeLocked;
// CodeAddressManaged while the address is on a domain that an org holds, or has held last, of
// which the person is a member, or that org's identity provider keeps the person: it is theirs
// to change there. policy.SSORequired where the new one's domain sends everybody to single
// sign-on: whoever comes through that shall find no account of somebody else's.
func (m *Me) ChangeAddress(ctx context.Context, address string) error {
	s := m.s
	if err := s.alone(); err != nil {
		return err
	}
	to, err := domainclaim.ParseAddress(address)
	if err != nil {
		no := refuse(CodeAddress, "")
		no.Err = err
		return no
	}
	who, err := m.provenIn(ctx, s.store)
	if err != nil {
		return err
	}
	v := Visit{IP: who.session.IP, Agent: who.session.Agent, Trace: newTrace()}
	counters, err := s.mailCounters(ctx, v, to.Key())
	if err == nil {
		counters = append(counters, moveCounters(who.user.ID)...)
		err = s.book(ctx, counters)
	}
	if err != nil {
		return err
	}
	return s.excused(ctx, counters, s.change(ctx, func(c *change) error {
		who, err := m.provenIn(ctx, c)
		if err != nil {
			return err
		}
		home, err := homeOf(ctx, c, who)
		if err != nil {
			return err
		}
		e := who.by(audit.AddressAsked, personOf(who.user))
		e.Trace, e.Changes = v.Trace, []audit.Change{{Field: "address", Old: who.user.Address, New: to.String(), Personal: true}}
		if err := s.mayMove(ctx, c, v, who.user, to); err != nil {
			return refusedAs(err, home, e)
		}
		job, err := s.mailJob(mailAsked{
			For: MailAddress, Address: to.String(), UserID: who.user.ID, Was: who.user.AddressKey, Proof: passwordProof(who.user),
			OrgID: who.session.OrgID, IP: v.IP, Agent: v.Agent, Trace: v.Trace,
		})
		if err == nil {
			err = c.PutJobs(ctx, job)
		}
		if err == nil {
			err = c.record(ctx, home, e)
		}
		if err != nil {
			return err
		}
		return s.notify(ctx, c, message{template: TemplateAddressAsked, orgID: home, values: s.moveValues(c, who.user.Address, to.String())}, who.user)
	}))
}

func (s *Service) moveValues(c *change, old, next string) map[string]string {
	return map[string]string{"site": s.site(), "time": noticeTime(c.now), "old": old, "new": next}
}

// mayMove refuses an address that is not the person's to leave, or to take. It says nothing of
// whether somebody has the new one.
func (s *Service) mayMove(ctx context.Context, r store.Reader, v Visit, u store.User, to domainclaim.Address) error {
	switch {
	case s.opts.Notify == nil:
		return refuse(CodeNoMail, "a link goes by mail")
	case u.AddressKey == to.Key():
		return refuse(CodeAddress, "it is the address of the account")
	}
	managed, err := addressManaged(ctx, r, u)
	if err != nil {
		return err
	} else if managed {
		return refuse(CodeAddressManaged, "the address is on a domain of an org of the person's, or kept by its identity provider")
	}
	return s.ssoFirst(ctx, r, v, to, MailAddress)
}

// addressManaged reports whether an org that the person is a member of keeps their address: by
// its domain, or that of who governs it, or by provisioning.
func addressManaged(ctx context.Context, r store.Reader, u store.User) (bool, error) {
	orgs, err := r.OrgsOf(ctx, u.ID)
	if err != nil || len(orgs) == 0 {
		return false, err
	}
	var claims []store.Domain
	if a, no := domainclaim.ParseAddress(u.Address); no == nil {
		if claims, err = covering(ctx, r, a.Candidates()); err != nil {
			return false, err
		}
	}
	for _, m := range orgs {
		org, err := r.Org(ctx, m.OrgID)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(claims, func(d store.Domain) bool {
			return domainState(d.Status) != policy.DomainUnclaimed && (d.OrgID == m.OrgID || d.OrgID == org.SSOFrom)
		}) {
			return true, nil
		}
		entry, err := entryWith(ctx, r, m.OrgID, "userId", u.ID)
		if err != nil || entry.ConnectionID != "" {
			return err == nil, err
		}
	}
	return false, nil
}

// answerAddress writes to the new address: the link, or that somebody has an account with it,
// or nothing. Who asks may be the Owner of an org, and read its log: what became of it is in the
// system's own.
func (s *Service) answerAddress(ctx context.Context, c *change, m mailAsked, to domainclaim.Address, over bool) error {
	v := m.visit()
	u, err := c.User(ctx, m.UserID)
	if err = unless(err, store.ErrNotFound); err != nil {
		return err
	}
	home, err := holder(ctx, c, u.Address)
	if m.OrgID != "" {
		home = m.OrgID
	}
	if err != nil {
		return err
	}
	withheld := ""
	if err := s.mayMove(ctx, c, v, u, to); err != nil {
		var no *Refusal
		if !errors.As(err, &no) {
			return err
		}
		withheld = string(no.Code)
	}
	switch {
	case over:
		withheld = "expired"
	case u.ID == "" || u.Disabled || u.AddressKey != m.Was || passwordProof(u) != m.Proof:
		withheld = "account_changed"
	}
	msg := message{template: TemplateAddressConfirm, lasts: MailAddress.lasts()}
	msg.values = map[string]string{"site": s.site(), "old": u.Address, "new": to.String()}
	if withheld == "" {
		taken, err := isTaken(ctx, c, to)
		if err != nil {
			return err
		}
		if taken {
			withheld, msg.template = string(CodeAccount), TemplateAddressTaken
			delete(msg.values, "old")
		}
	}
	e := v.by(audit.MailRequested, stranger(to))
	e.Targets, e.Facts = []audit.Target{personOf(u)}, []audit.Fact{fact("for", string(m.For))}
	if withheld != "" {
		e.Type, e.Outcome, e.Reason = audit.MailWithheld, audit.Refused, withheld
	}
	if err := c.record(ctx, "", e); err != nil {
		return err
	}
	if u.ID != "" { // also where it is withheld: the link of before, if it went on, would tell
		link := mailLink{For: m.For, Address: to.String(), OrgID: m.OrgID, Log: home, Proof: m.Proof, Was: m.Was}
		token, err := c.keepLink(ctx, mailLinkID(m.For, u.ID), u.ID, m.at, link)
		if err != nil {
			return err
		}
		if withheld == "" {
			msg.values["link"], msg.values["until"] = s.linkTo(m.For, token), noticeTime(c.now.Add(m.For.lasts()))
		}
	}
	if withheld != "" && msg.template != TemplateAddressTaken {
		return nil
	}
	return s.notify(ctx, c, msg, addressee(to.String()))
}

// isTaken reports whether there is an account with the address.
func isTaken(ctx context.Context, r store.Reader, a domainclaim.Address) (bool, error) {
	_, err := r.UserByAddress(ctx, a.Key())
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// ConfirmAddress changes the address by the link that [Me.ChangeAddress] has sent to the new
// one, in any browser, once: that of the account that has asked, while it has the address and
// the password of then. Both addresses are told, and everything that is signed in is decided
// again. It signs nobody in.
//
// Refusals: CodeLinkOver, also where somebody has an account with the address by now;
// CodeAddressManaged and policy.SSORequired as with ChangeAddress.
func (i *SignIn) ConfirmAddress(ctx context.Context, v Visit, token string) error {
	s := i.s
	if err := s.alone(); err != nil {
		return err
	}
	l, err := s.opened(ctx, s.store, v, token, MailAddress)
	if err != nil {
		return err
	}
	if err := s.bookUse(ctx, v, l); err != nil {
		return err
	}
	return traced(s.change(ctx, func(c *change) error {
		if err := c.use(ctx, v, l); err != nil {
			return err
		}
		was, err := s.moving(ctx, c, v, l)
		if err != nil {
			e := v.by(audit.AddressChanged, actorOf(was))
			e.Targets = []audit.Target{personOf(was)}
			if IsRefusal(err, CodeLinkOver) {
				return err
			}
			return refusedAs(err, l.Value.Log, e)
		}
		return s.move(ctx, c, v, l, was)
	}), v)
}

// moving is the account that a link gives another address, while it may have it.
func (s *Service) moving(ctx context.Context, r store.Reader, v Visit, l openLink) (store.User, error) {
	to, err := domainclaim.ParseAddress(l.Value.Address)
	if err != nil {
		return store.User{}, err
	}
	u, err := r.User(ctx, l.Owner)
	if err != nil {
		return u, orOver(err, v.over())
	}
	mark, err := changedPeople.get(ctx, r, "", u.ID)
	if err := unless(err, store.ErrNotFound); err != nil {
		return u, err
	}
	// Who signs out everywhere takes back what they, or somebody in their place, have asked for.
	if u.Disabled || u.AddressKey != l.Value.Was || !l.holds(u) || l.At.Before(mark.Value.Out[""]) {
		return u, v.over()
	}
	if err := s.mayMove(ctx, r, v, u, to); err != nil {
		return u, err
	}
	taken, err := isTaken(ctx, r, to)
	if err == nil && taken {
		err = v.over()
	}
	return u, err
}

// move gives an account the address of a link, and everything that hangs on addresses follows.
func (s *Service) move(ctx context.Context, c *change, v Visit, l openLink, was store.User) error {
	to, err := domainclaim.ParseAddress(l.Value.Address)
	if err != nil {
		return err
	}
	u := was
	u.Address, u.AddressKey, u.AddressVerified = to.String(), to.Key(), true
	if err := c.UpdateUser(ctx, u); err != nil {
		return err
	}
	u.Version++
	// An identity provider that has called the person by the old address may call somebody else
	// by it from now on.
	home, err := holder(ctx, c, was.Address)
	if err == nil && home != "" {
		err = c.freeNameID(ctx, home, was)
	}
	if err != nil {
		return err
	}
	if err := c.forgetBrowsers(ctx, u.ID); err != nil {
		return err
	}
	if _, err := halfLogins.drop(ctx, c, "", []string{u.ID}, nil); err != nil {
		return err
	}
	logs, err := c.movedIn(ctx, u)
	if err != nil {
		return err
	}
	if err := c.refreshEntries(ctx, u); err != nil {
		return err
	}
	e := v.by(audit.AddressChanged, actorOf(u))
	e.Targets = []audit.Target{personOf(u)}
	e.Changes = []audit.Change{{Field: "address", Old: was.Address, New: u.Address, Personal: true}}
	if err := s.endUnfit(ctx, c, u, &e); err != nil {
		return err
	}
	if !slices.Contains(logs, l.Value.Log) { // the org is no more, or no more theirs
		logs = append(logs, "")
	}
	for _, orgID := range logs {
		if err := c.record(ctx, orgID, e); err != nil {
			return err
		}
	}
	return s.notify(ctx, c, message{template: TemplateAddressMoved, values: s.moveValues(c, was.Address, u.Address)}, was, u)
}

// movedIn takes back what waits for the new address in the orgs where the person is a member
// already, and returns those.
func (c *change) movedIn(ctx context.Context, u store.User) ([]string, error) {
	orgs, err := c.OrgsOf(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, m := range orgs {
		if _, err := c.uninvite(ctx, m.OrgID, u.AddressKey); err != nil {
			return nil, err
		}
		if err := c.unask(ctx, m.OrgID, u.AddressKey); err != nil {
			return nil, err
		}
		out = append(out, m.OrgID)
	}
	return out, nil
}
