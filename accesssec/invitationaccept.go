package accesssec

import (
	"context"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// Invited is what a page shows to who has opened the link of an invitation. Who has the link
// has the mailbox, so it may say whether there is an account.
type Invited struct {
	OrgID, OrgName string
	Address        string // whom it is for
	Role           policy.Role
	By             string // the address of who has sent it
	Expires        time.Time

	// Account says that there is an account that the person signs in to, with the Visit's
	// Invitation set. Else AcceptInvitation makes one, where Step.Allows has a password.
	Account bool
	Step    Step // what comes first, and what may be tried
}

// Newcomer is what somebody says of themselves who takes up an invitation.
type Newcomer struct {
	FirstName, LastName string
	Password            string // see Options.Passwords
}

// Invitation is what the link says that v.Invitation is of. It changes nothing: mail scanners
// open links too. A link that is over, used, or by somebody who could not send it today is
// CodeLinkOver.
func (i *SignIn) Invitation(ctx context.Context, v Visit) (Invited, error) {
	s := i.s
	inv, err := s.shown(ctx, s.store, v, s.now())
	if err != nil {
		return Invited{}, err
	}
	f, err := s.inviteFacts(ctx, s.store, inv, policy.Attempt{})
	if err != nil {
		return Invited{}, err
	}
	by, err := s.store.User(ctx, inv.Owner)
	if err != nil {
		return Invited{}, orOver(err, v.refused(CodeLinkOver, nil))
	}
	org, err := s.store.Org(ctx, inv.OrgID)
	if err != nil {
		return Invited{}, orOver(err, v.refused(CodeLinkOver, nil))
	}
	out := Invited{
		OrgID: org.ID, OrgName: org.Name, Address: inv.Value.Address, Role: inv.Value.Role, By: by.Address,
		Expires: inv.ExpiresAt, Account: f.user.AddressVerified,
	}
	d := policy.Decide(f.in)
	out.Step = Step{Next: d.Next}
	for _, m := range d.Allows {
		none := m == policy.Password && (out.Account && !s.hasPassword(f.user) || !out.Account && d.Next == policy.NextSSO) ||
			m == policy.Link && !out.Account // the link of the invitation is one already
		if !none {
			out.Step.Allows = append(out.Step.Allows, m)
		}
	}
	if out.Step.Offers(policy.SSO) {
		out.Step.Connection, out.Step.OrgName = f.in.Owner.Connection, f.in.Owner.Name
	}
	return out, nil
}

// shown is the invitation that a browser shows, if it can be taken up; else CodeLinkOver.
func (s *Service) shown(ctx context.Context, r store.Reader, v Visit, now time.Time) (kept[invitation], error) {
	over := v.refused(CodeLinkOver, nil)
	key := v.inviteKey()
	if key == "" {
		return kept[invitation]{}, over
	}
	inv, err := invitations.byKey(ctx, r, key)
	if err != nil {
		return inv, orOver(err, over)
	}
	open, err := takeable(ctx, r, inv, now)
	if err == nil && !open {
		err = over
	}
	return inv, err
}

// inviteFacts are those of the person whom an invitation is for. An account with the address
// that nobody has proven counts as none: whoever has made it, it was not shown that they have
// the mailbox.
func (s *Service) inviteFacts(ctx context.Context, r store.Reader, inv kept[invitation], attempt policy.Attempt) (facts, error) {
	a, err := domainclaim.ParseAddress(inv.Value.Address)
	if err != nil {
		return facts{}, err
	}
	f, err := s.facts(ctx, r, asking{address: a, orgID: inv.OrgID, invite: inv.Key, attempt: attempt})
	if err == nil && !f.user.AddressVerified {
		f.in.Person = policy.Person{Address: f.in.Person.Address, Invited: inv.Value.Role}
	}
	return f, err
}

// AcceptInvitation takes up the invitation that v shows, for somebody without an account: it
// makes the account, with the address as proven, for the link was in the mail, and a password;
// makes the person a member; and signs them in, all of it in one transaction, or nothing. An
// account that somebody else has made with the address, and that nobody has proven to be
// theirs, is emptied first.
//
// Who has an account signs in to it instead: CodeAccount. Where single sign-on comes first for
// the address a new password is no way in, not even for an Owner: policy.SSORequired, with
// Next. CodePasswordRules for the password, CodeLinkOver as with [SignIn.Invitation].
func (i *SignIn) AcceptInvitation(ctx context.Context, v Visit, who Newcomer) (Step, error) {
	s := i.s
	if err := s.alone(); err != nil {
		return Step{}, err
	}
	inv, err := s.shown(ctx, s.store, v, s.now())
	if err != nil {
		return Step{}, err
	}
	org, err := s.store.Org(ctx, inv.OrgID)
	if err != nil {
		return Step{}, orOver(err, v.refused(CodeLinkOver, nil))
	}
	self := store.User{Address: inv.Value.Address, FirstName: boundName(who.FirstName), LastName: boundName(who.LastName)}
	if err := s.checkPassword(ctx, self, who.Password, org.Name); err != nil {
		return Step{}, traced(err, v)
	}
	// Counted first: what is refused here is in the log, which nobody shall fill.
	if err := s.book(ctx, acceptCounters(inv.Key)); err != nil {
		return Step{}, traced(err, v)
	}
	if _, err := s.newcomer(ctx, s.store, v, inv); err != nil {
		return Step{}, s.refused(ctx, err)
	}
	hash, err := s.newPassword(ctx, self, who.Password, org.Name)
	if err != nil {
		return Step{}, traced(err, v)
	}
	var out outcome
	err = s.change(ctx, func(c *change) error {
		out = outcome{}
		inv, err := s.shown(ctx, c, v, c.now)
		if err != nil {
			return err
		}
		f, err := s.newcomer(ctx, c, v, inv)
		if err != nil {
			return err
		}
		if err := c.settleIn(ctx, f, v, who, hash); err != nil {
			return err
		}
		// From here on it is a login as any other, by the account that is there now.
		f, err = s.inviteFacts(ctx, c, inv, policy.Attempt{Method: policy.Password})
		if err != nil {
			return err
		}
		switch d := policy.Decide(f.in); {
		case f.in.Person.Role != "":
			return v.refused(CodeMember, nil)
		case d.Bypass:
			return s.notByPassword(f, v)
		case d.Allow && !d.Create:
			return v.refused(CodeLinkOver, nil)
		}
		out, err = s.admit(ctx, c, f, proof{visit: v})
		return err
	})
	if err != nil {
		return Step{}, traced(err, v)
	}
	return out.step(v), nil
}

// newcomer are the facts of somebody who may set a password by an invitation: who has no
// account, on a domain where single sign-on does not come first.
func (s *Service) newcomer(ctx context.Context, r store.Reader, v Visit, inv kept[invitation]) (facts, error) {
	f, err := s.inviteFacts(ctx, r, inv, policy.Attempt{})
	if err != nil {
		return f, err
	}
	if f.user.AddressVerified {
		no := v.refused(CodeAccount, nil)
		no.Next = policy.NextPassword
		return f, no
	}
	if policy.Decide(f.in).Next == policy.NextSSO {
		return f, s.notByPassword(f, v)
	}
	return f, nil
}

// notByPassword refuses a password that was set a moment ago, and was never asked for, where
// another way in is required.
func (s *Service) notByPassword(f facts, v Visit) *Refusal {
	no := refuse(Code(policy.SSORequired), "a password that comes of an invitation does not go past single sign-on")
	if f.in.Attempt = (policy.Attempt{}); policy.Decide(f.in).Next == policy.NextSSO {
		no.Next = policy.NextSSO
	}
	return no.through(f.in.Owner).inOrg(f.logOrg(), v.by(audit.LoginRefused, stranger(f.asked.address)))
}

// settleIn makes the account of somebody who has taken up an invitation, or takes over the one
// that nobody has proven. The names are what they say themselves.
func (c *change) settleIn(ctx context.Context, f facts, v Visit, who Newcomer, hash string) error {
	u := f.user
	fresh := u.ID == ""
	if fresh {
		u = newUser(c, f.asked.address)
	} else if err := c.empty(ctx, f.logOrg(), &u, v.by(audit.UserCleared, actorOf(u))); err != nil {
		return err
	}
	u.AddressVerified, u.Password, u.PasswordSetByUser = true, hash, true
	u.FirstName, u.LastName, u.NamesFrom = boundName(who.FirstName), boundName(who.LastName), namesFromSelf
	if fresh {
		return c.createUser(ctx, f.logOrg(), u, v.by(audit.UserCreated, actorOf(u)))
	}
	if err := c.UpdateUser(ctx, u); err != nil {
		return err
	}
	return c.refreshEntries(ctx, u)
}
