package accesssec

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// FinishGoogle takes the query with which the OpenID provider has sent the browser back. What
// was asked for is used up by it, whatever it comes to.
//
// Who has signed in by it before is known by issuer and subject, and by nothing else. Of anybody
// else the provider has to say that the address is verified. Where there is no account one is
// made, with the address as proven. An account that nobody has proven is emptied first. One that
// somebody has proven is not signed in to: Step.Next is policy.NextLink, and in this browser,
// within ten minutes, whoever signs in to that account in another way may link the two
// ([Me.PendingLogin], [Me.LinkLogin]). The second factor is asked as after a password.
//
// Refusals: CodeOpenID for what the provider, or whoever sends the browser, has got wrong;
// CodeBrowser in another browser; CodeNotFresh; CodeAddress; policy.SSORequired with NextSSO
// where an account would be made on a domain that single sign-on comes first for; CodeNotOffered
// where Options.InviteOnly keeps people from making accounts, and they show no invitation for
// the address; CodeLinked for another person than [Me.ProveGoogle] was for; those of the policy.
func (i *SignIn) FinishGoogle(ctx context.Context, v Visit, query url.Values) (Step, error) {
	s := i.s
	if err := s.alone(); err != nil {
		return Step{}, err
	}
	if !slices.Contains(s.ways(), policy.Google) {
		return Step{}, v.refused(CodeNotOffered, nil)
	}
	a, err := readOpenIDAnswer(query)
	if err != nil {
		return Step{}, s.refusedAnswer(ctx, v, refuse(CodeOpenID, err.Error()))
	}
	st, err := s.takeState(ctx, v, a)
	if err != nil {
		return Step{}, err
	}
	v = st.Value.visit(v)
	if a.failed != "" {
		return Step{}, s.refusedAnswer(ctx, v, refuse(CodeOpenID, "the provider says: "+a.failed))
	}
	l, err := s.exchange(ctx, v, st, a)
	if err != nil {
		return Step{}, err
	}
	if err := s.bookLogin(ctx, v, l); err != nil {
		return Step{}, traced(err, v)
	}
	var step Step
	err = s.change(ctx, func(c *change) (err error) {
		step, err = s.admitLogin(ctx, c, v, st, l)
		return err
	})
	if err != nil {
		return Step{}, traced(err, v)
	}
	return step, nil
}

// bookLogin counts that a second factor is about to be asked, of who is known by that login.
func (s *Service) bookLogin(ctx context.Context, v Visit, l openIDLogin) error {
	k, err := logins.byKey(ctx, s.store, l.key)
	if err != nil {
		return unless(err, store.ErrNotFound)
	}
	u, err := s.store.User(ctx, k.Owner)
	if err != nil {
		return unless(err, store.ErrNotFound)
	}
	return s.bookChallenge(ctx, v, u)
}

// admitLogin goes through the gate with the account that the login is linked to, or finds one
// by the address.
func (s *Service) admitLogin(ctx context.Context, c *change, v Visit, st kept[openIDState], l openIDLogin) (Step, error) {
	second, err := secondShown(ctx, c, v, st.Value)
	if err != nil {
		return Step{}, err
	}
	by := policy.Attempt{Method: policy.Google, Second: second}
	u, err := c.linkedTo(ctx, l.key)
	if err != nil {
		return Step{}, err
	}
	if wanted := st.Value.UserID; wanted != "" && wanted != u.ID {
		return Step{}, refuse(CodeLinked, "the login is not the one of the person who was asked").inOrg("", v.byGoogle())
	}
	a := l.address
	switch {
	case u.ID != "":
		if a, err = domainclaim.ParseAddress(u.Address); err != nil {
			return Step{}, err
		}
	case !l.claims.Verified:
		return Step{}, refuse(CodeOpenID, "the provider does not say that the address is verified").inOrg("", v.byGoogle())
	}
	f, err := s.insteadFacts(ctx, c, v, st.Value.Instead, a, by)
	if err != nil {
		return Step{}, err
	}
	switch {
	case u.ID != "" && f.user.ID != u.ID:
		return Step{}, errors.New("accesssec: the address of an account leads to another one")
	case u.ID != "":
	case f.user.AddressVerified:
		return s.askLink(ctx, c, v, f, l)
	default:
		if err := s.welcome(ctx, c, v, f, l); err != nil {
			return Step{}, err
		}
		if f, err = s.passwordFacts(ctx, c, v, a, by); err != nil {
			return Step{}, err
		}
	}
	out, err := s.admit(ctx, c, f, proof{visit: v, fresh: st.Value.Fresh, began: st.At, instead: st.Value.Instead})
	return out.step(v), err
}

// secondShown is the second factor of the session that is gone on from, where one is: who proves
// themselves in it is not asked for that again, as with a password; and the session that they go
// on in ends when that one does (see admit), or a code that was shown once would be good for ever.
func secondShown(ctx context.Context, r store.Reader, v Visit, st openIDState) (policy.Method, error) {
	if st.Instead == "" {
		return "", nil
	}
	page, err := r.Sessions(ctx, store.SessionQuery{UserID: st.UserID, ID: st.Instead})
	if err != nil {
		return "", err
	}
	if len(page.Items) == 0 {
		return "", refuse(CodeSignedOut, "the session that this was to go on from is over").inOrg("", v.byGoogle())
	}
	_, second := parted(page.Items[0].Methods)
	if second == policy.Device {
		second = "" // whether the browser is remembered still is looked up
	}
	return second, nil
}

// welcome makes the account of somebody whose address the provider has verified, or takes over
// the one that nobody has proven, and links the login. What the policy says of it after that
// undoes it.
func (s *Service) welcome(ctx context.Context, c *change, v Visit, f facts, l openIDLogin) error {
	refused := v.by(audit.LoginRefused, stranger(f.asked.address))
	refused.Facts = []audit.Fact{fact("method", string(policy.Google))}
	u, fresh := f.user, f.user.ID == ""
	// Whoever comes through single sign-on shall find no account in the way.
	in := f.in
	in.Person, in.Attempt = policy.Person{Address: in.Person.Address, Invited: in.Person.Invited}, policy.Attempt{}
	if policy.Decide(in).Next == policy.NextSSO {
		no := refuse(Code(policy.SSORequired), "accounts on this domain are made by single sign-on")
		no.Next = policy.NextSSO
		return no.through(in.Owner).inOrg(f.logOrg(), refused)
	}
	if fresh && s.opts.InviteOnly && !in.Person.Invited.Valid() {
		no := refuse(CodeNotOffered, "there is no account, and no invitation was shown")
		no.Say = "There is no account with this address. Open the link of your invitation first, or ask to be invited."
		return no.inOrg(f.logOrg(), refused)
	}
	if fresh {
		u = newUser(c, f.asked.address)
		u.AddressVerified = true
		l.names(&u)
		if err := c.createUser(ctx, f.logOrg(), u, v.by(audit.UserCreated, actorOf(u))); err != nil {
			return err
		}
	} else if err := c.takeOver(ctx, f, v, &u, l); err != nil {
		return err
	}
	if err := c.link(ctx, u, l.key, l.asLogin(), f.logOrg(), v.by(audit.LoginLinked, actorOf(u))); err != nil || fresh {
		return err
	}
	return s.tellLogin(ctx, c, TemplateLoginLinked, u, l.claims.Issuer)
}

// takeOver empties an account that nobody has proven, for who has proven it now.
func (c *change) takeOver(ctx context.Context, f facts, v Visit, u *store.User, l openIDLogin) error {
	if err := c.empty(ctx, f.logOrg(), u, v.by(audit.UserCleared, actorOf(*u))); err != nil {
		return err
	}
	if u.NamesFrom != namesFromSCIM && u.NamesFrom != namesFromSSO {
		l.names(u)
	}
	if err := c.UpdateUser(ctx, *u); err != nil {
		return err
	}
	u.Version++
	return c.refreshEntries(ctx, *u)
}

// names takes over what the provider calls the person. An absent name empties nothing.
func (l openIDLogin) names(u *store.User) {
	first, last := boundName(bound(l.claims.FirstName, 1024)), boundName(bound(l.claims.LastName, 1024))
	if first != "" || last != "" {
		u.FirstName, u.LastName, u.NamesFrom = first, last, namesFromSelf
	}
}

// askLink keeps the login for whoever proves, in this browser, that the account is theirs.
func (s *Service) askLink(ctx context.Context, c *change, v Visit, f facts, l openIDLogin) (Step, error) {
	if d := policy.Decide(f.in); !d.Allow && d.Reason != policy.FactorAsked {
		return Step{}, refuseDecision(d).through(f.in.Owner).inOrg(f.refusedBy(d), v.by(audit.LoginRefused, f.actor()))
	}
	id := v.browser(pendingName)
	p, err := pendingLogins.get(ctx, c, "", id)
	if errors.Is(err, store.ErrNotFound) {
		p, err = pendingLogins.fresh("", id, id, c.now, c.now, pendingLogin{}), nil
	}
	if err != nil {
		return Step{}, err
	}
	p.Owner, p.At, p.ExpiresAt = f.user.ID, c.now, c.now.Add(openIDFor)
	p.Value = pendingLogin{Key: l.key, Account: f.user.AddressKey, linkedLogin: l.asLogin()}
	if err := pendingLogins.put(ctx, c, p); err != nil {
		return Step{}, err
	}
	e := v.by(audit.LoginLinkAsked, stranger(f.asked.address))
	e.Targets = []audit.Target{personOf(f.user)}
	return Step{Next: policy.NextLink, After: SafePath(v.After)}, c.record(ctx, f.logOrg(), e)
}
