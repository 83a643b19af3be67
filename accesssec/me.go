package accesssec

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// Me is what a signed-in person does with their own account and sessions. A Principal
// without a session (CreateOrg's) is refused: it is nobody at a browser. Where a method gives
// the session another token it goes on with that: the Principal that it was made of is of
// nobody then. It is safe for concurrent use.
type Me struct {
	s *Service

	mu sync.Mutex
	p  Principal
}

// principal is who the person is by now.
func (m *Me) principal() Principal {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.p
}

// goOn takes the session for the person's from here on. It is for after the commit.
func (m *Me) goOn(in *Entered) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.p = in.Principal
}

// Profile is what is known of the person, and of the session they are in.
type Profile struct {
	Address, FirstName, LastName string

	HasPassword bool            // that can be verified here
	OrgName     string          // "" in their own account
	Methods     []policy.Method // by which they signed in
	Since       time.Time

	// ProviderLogout says that Me.SignOutSSO can take them to their identity provider.
	ProviderLogout bool
}

// Profile reads it.
func (m *Me) Profile(ctx context.Context) (Profile, error) {
	who, err := m.signedIn(ctx, m.s.store)
	if err != nil {
		return Profile{}, err
	}
	u, ses := who.user, who.session
	out := Profile{Address: u.Address, FirstName: u.FirstName, LastName: u.LastName, HasPassword: m.s.hasPassword(u), Since: ses.CreatedAt}
	for _, method := range ses.Methods {
		out.Methods = append(out.Methods, policy.Method(method))
	}
	conn, _, err := m.s.providerOf(ctx, ses)
	if err != nil {
		return Profile{}, err
	}
	out.ProviderLogout = conn != nil
	if ses.OrgID == "" {
		return out, nil
	}
	org, err := m.s.store.Org(ctx, ses.OrgID)
	if err != nil {
		return Profile{}, err
	}
	out.OrgName = org.Name
	return out, nil
}

// signedIn reads the session and whose it is.
func (m *Me) signedIn(ctx context.Context, r store.Reader) (acting, error) {
	who, err := m.leaving(ctx, r)
	if err == nil {
		err = fit(who.session)
	}
	if err == nil {
		err = who.there()
	}
	return who, err
}

// there refuses for an account that is gone or disabled.
func (a acting) there() error {
	if a.user.Version == 0 || a.user.Disabled {
		return refuse(CodeSignedOut, "the account is gone or disabled")
	}
	return nil
}

// leaving is signedIn for those who only want out: they may, whatever became of the
// account.
func (m *Me) leaving(ctx context.Context, r store.Reader) (acting, error) {
	p := m.principal()
	if !p.genuine() || p.hash == (store.Hash{}) {
		return acting{}, refuse(CodeSignedOut, "no session")
	}
	ses, err := m.s.anySession(ctx, r, p.hash)
	if err != nil {
		return acting{}, err
	}
	u, err := r.User(ctx, ses.UserID)
	if errors.Is(err, store.ErrNotFound) {
		u, err = store.User{ID: ses.UserID}, nil
	}
	return acting{user: u, session: ses}, err
}

// Prove asks the password again. A right one is good for five minutes, in this session
// alone; where it would not let the person in it proves nothing either. Attempts are
// counted apart from those at the sign-in page, so that nobody outside can lock a
// signed-in person out of their settings.
//
// The session goes on under another token, for it means more from here on (ASVS 5.0, 7.2.4):
// give the browser that of the Entered that is returned. The one of before, and
// the Principals that came of it, are signed out. Me goes on with the new one.
func (m *Me) Prove(ctx context.Context, password string) (*Entered, error) {
	if err := m.s.alone(); err != nil {
		return nil, err
	}
	who, err := m.signedIn(ctx, m.s.store)
	if err != nil {
		return nil, err
	}
	u := who.user
	if !m.s.hasPassword(u) {
		no := refuse(CodeNoPassword, "")
		no.Next = policy.NextSSO
		return nil, no
	}
	counters := proveCounters(u.ID)
	if err := m.s.book(ctx, counters); err != nil {
		return nil, err
	}
	right, _, err := m.s.verify(ctx, u, password)
	if err != nil {
		return nil, err
	}
	if !right {
		no := refuse(CodeWrongPassword, "wrong password")
		return nil, m.s.refused(ctx, no.inOrg(who.session.OrgID, who.by(audit.ProveRefused)))
	}
	var in *Entered
	err = m.s.change(ctx, func(c *change) error {
		who, err := m.signedIn(ctx, c)
		if err != nil {
			return err
		}
		ses := who.session
		no := m.s.closedTo(ctx, c, who)
		if no == nil && who.user.Password != u.Password {
			no = refuse(CodeWrongPassword, "the password was changed meanwhile")
		}
		var refusal *Refusal
		if errors.As(no, &refusal) {
			return refusal.inOrg(ses.OrgID, who.by(audit.ProveRefused))
		} else if no != nil {
			return no
		}
		ses.ProvedAt = c.now
		if in, err = c.rotate(ctx, ses); err != nil {
			return err
		}
		if err := settle(ctx, c, counters); err != nil {
			return err
		}
		return c.record(ctx, ses.OrgID, who.by(audit.UserProved))
	})
	if err != nil {
		return nil, m.s.excused(ctx, counters, err)
	}
	m.goOn(in)
	return in, nil
}

// ProveSSO is [Me.Prove] by single sign-on: Step.Bounce. The identity provider asks the person
// again, and [SignIn.FinishSSO] goes on, for nobody else (CodeSignedOut, as when this session has
// ended meanwhile). The session that it makes takes this one's place. Me does not go on with it.
func (m *Me) ProveSSO(ctx context.Context, v Visit, connectionID string) (Step, error) {
	if err := m.s.alone(); err != nil {
		return Step{}, err
	}
	who, err := m.signedIn(ctx, m.s.store)
	if err != nil {
		return Step{}, err
	}
	v.OrgID, v.Invitation, v.invite = who.session.OrgID, "", ""
	return m.s.SignIn().StartSSO(ctx, v, connectionID, &StartOptions{Fresh: true, instead: who.session.ID})
}

// closedTo asks the policy whether the person could sign in with their password: where
// they could not, it is not theirs to prove anything with.
func (s *Service) closedTo(ctx context.Context, r store.Reader, who acting) error {
	a, err := domainclaim.ParseAddress(who.user.Address)
	if err != nil {
		return err
	}
	// The question is what else is in the way, so the second factor counts as shown.
	f, err := s.facts(ctx, r, asking{address: a, orgID: who.session.OrgID, attempt: policy.Attempt{Method: policy.Password, Second: policy.TOTP}})
	if err != nil {
		return err
	}
	if d := policy.Decide(f.in); !d.Allow {
		return refuseDecision(d).through(f.in.Owner)
	}
	return nil
}

// SetName changes the person's own names. While their address is on a verified domain
// and an identity provider has given the names, those stay.
func (m *Me) SetName(ctx context.Context, first, last string) error {
	first, last = boundName(first), boundName(last)
	return m.s.change(ctx, func(c *change) error {
		who, err := m.signedIn(ctx, c)
		if err != nil {
			return err
		}
		u := who.user
		managed, err := namesManaged(ctx, c, u)
		if err != nil {
			return err
		}
		if managed {
			return refuse(CodeNamesManaged, "the names come from "+u.NamesFrom)
		}
		e := who.by(audit.UserRenamed, personOf(u))
		e.Changes = []audit.Change{
			{Field: "first_name", Old: u.FirstName, New: first, Personal: true},
			{Field: "last_name", Old: u.LastName, New: last, Personal: true},
		}
		u.FirstName, u.LastName, u.NamesFrom = first, last, namesFromSelf
		if err := c.UpdateUser(ctx, u); err != nil {
			return err
		}
		if err := c.refreshEntries(ctx, u); err != nil {
			return err
		}
		return c.record(ctx, who.session.OrgID, e)
	})
}

// namesManaged reports whether an identity provider keeps u's names.
func namesManaged(ctx context.Context, r store.Reader, u store.User) (bool, error) {
	if u.NamesFrom != namesFromSSO && u.NamesFrom != namesFromSCIM {
		return false, nil
	}
	a, err := domainclaim.ParseAddress(u.Address)
	if err != nil {
		return false, err
	}
	claim, err := claimOver(ctx, r, a)
	return holds(claim), err
}

// SignOut ends this session.
func (m *Me) SignOut(ctx context.Context) error {
	return m.s.change(ctx, func(c *change) error {
		who, err := m.leaving(ctx, c)
		if err != nil {
			return err
		}
		if _, err := c.DeleteSessions(ctx, store.SessionQuery{UserID: who.user.ID, ID: who.session.ID}); err != nil {
			return err
		}
		return c.record(ctx, who.session.OrgID, who.by(audit.SessionEnded))
	})
}

// SignOutEverywhere ends all sessions of the person, in every org, and the sign-ins that are
// under way; browsers that are remembered ask for a code again. With othersOnly this session
// goes on.
func (m *Me) SignOutEverywhere(ctx context.Context, othersOnly bool) error {
	return m.s.change(ctx, func(c *change) error {
		who, err := m.leaving(ctx, c)
		if err == nil {
			err = fit(who.session)
		}
		if err != nil {
			return err
		}
		q := store.SessionQuery{UserID: who.user.ID}
		if othersOnly {
			q.Except = who.session.Hash
		}
		n, err := c.DeleteSessions(ctx, q)
		if err != nil {
			return err
		}
		if err := c.signOut(ctx, who.user.ID); err != nil {
			return err
		}
		if _, err := c.forgetDevices(ctx, who.user.ID); err != nil {
			return err
		}
		e := who.by(audit.SessionsEnded)
		e.Facts = []audit.Fact{count("sessions_ended", n)}
		return c.record(ctx, who.session.OrgID, e)
	})
}
