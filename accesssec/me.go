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

// Me is what a signed-in person does with their own account and sessions. A Principal
// without a session (CreateOrg's) is refused: it is nobody at a browser.
type Me struct {
	s *Service
	p Principal
}

// Profile is what is known of the person, and of the session they are in.
type Profile struct {
	Address, FirstName, LastName string

	OrgName string          // "" in their own account
	Methods []policy.Method // by which they signed in
	Since   time.Time
}

// Profile reads it.
func (m *Me) Profile(ctx context.Context) (Profile, error) {
	u, ses, err := m.signedIn(ctx, m.s.store)
	if err != nil {
		return Profile{}, err
	}
	out := Profile{Address: u.Address, FirstName: u.FirstName, LastName: u.LastName, Since: ses.CreatedAt}
	for _, method := range ses.Methods {
		out.Methods = append(out.Methods, policy.Method(method))
	}
	if ses.OrgID == "" {
		return out, nil
	}
	org, err := m.s.store.Org(ctx, ses.OrgID)
	out.OrgName = org.Name
	return out, err
}

// signedIn reads the session and whose it is.
func (m *Me) signedIn(ctx context.Context, r store.Reader) (store.User, store.Session, error) {
	if !m.p.genuine || m.p.hash == (store.Hash{}) {
		return store.User{}, store.Session{}, refuse(CodeSignedOut, "no session")
	}
	ses, err := m.s.session(ctx, r, m.p.hash)
	if err != nil {
		return store.User{}, ses, err
	}
	u, err := r.User(ctx, ses.UserID)
	if errors.Is(err, store.ErrNotFound) || err == nil && u.Disabled {
		return u, ses, refuse(CodeSignedOut, "the account is gone or disabled")
	}
	return u, ses, err
}

// Prove asks the password again. A right one is good for five minutes, in this session
// alone. Attempts are counted apart from those at the sign-in page, so that nobody
// outside can lock a signed-in person out of their settings.
func (m *Me) Prove(ctx context.Context, password string) error {
	u, _, err := m.signedIn(ctx, m.s.store)
	if err != nil {
		return err
	}
	if u.Password == "" {
		no := refuse(CodeNoPassword, "")
		no.Next = policy.NextSSO
		return no
	}
	counters := proveCounters(u.ID)
	if err := m.s.book(ctx, counters); err != nil {
		return err
	}
	right, _, err := m.s.hasher.Verify(ctx, password, u.Password)
	if err != nil {
		return err
	}
	if !right {
		no := refuse(CodeWrongPassword, "wrong password")
		return m.s.refused(ctx, no.inOrg(m.p.OrgID, m.p.by(audit.ProveRefused, u)))
	}
	return m.s.change(ctx, func(c *change) error {
		now, ses, err := m.signedIn(ctx, c)
		if err != nil {
			return err
		}
		if now.Password != u.Password {
			no := refuse(CodeWrongPassword, "the password was changed meanwhile")
			return no.inOrg(m.p.OrgID, m.p.by(audit.ProveRefused, u))
		}
		ses.ProvedAt = c.now
		if err := c.UpdateSession(ctx, ses); err != nil {
			return stale(err)
		}
		if err := settle(ctx, c, counters); err != nil {
			return err
		}
		return c.record(ctx, m.p.OrgID, m.p.by(audit.UserProved, u))
	})
}

// SetName changes the person's own names. While their address is on a verified domain
// and an identity provider has given the names, those stay.
func (m *Me) SetName(ctx context.Context, first, last string) error {
	first, last = boundName(first), boundName(last)
	return m.s.change(ctx, func(c *change) error {
		u, _, err := m.signedIn(ctx, c)
		if err != nil {
			return err
		}
		managed, err := namesManaged(ctx, c, u)
		if err != nil {
			return err
		}
		if managed {
			return refuse(CodeNamesManaged, "the names come from "+u.NamesFrom)
		}
		e := m.p.by(audit.UserRenamed, u, personOf(u))
		e.Changes = []audit.Change{
			{Field: "first_name", Old: u.FirstName, New: first, Personal: true},
			{Field: "last_name", Old: u.LastName, New: last, Personal: true},
		}
		u.FirstName, u.LastName, u.NamesFrom = first, last, namesFromSelf
		if err := c.UpdateUser(ctx, u); err != nil {
			return stale(err)
		}
		return c.record(ctx, m.p.OrgID, e)
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
	claim, err := claimOn(ctx, r, a.Domain())
	return claim.Status == store.DomainVerified || claim.Status == store.DomainMissing, err
}

// SignOut ends this session.
func (m *Me) SignOut(ctx context.Context) error {
	return m.s.change(ctx, func(c *change) error {
		u, ses, err := m.signedIn(ctx, c)
		if err != nil {
			return err
		}
		if _, err := c.DeleteSessions(ctx, store.SessionQuery{UserID: u.ID, ID: ses.ID}); err != nil {
			return err
		}
		return c.record(ctx, ses.OrgID, m.p.by(audit.SessionEnded, u))
	})
}

// SignOutEverywhere ends all sessions of the person, in every org. With othersOnly
// this one goes on.
func (m *Me) SignOutEverywhere(ctx context.Context, othersOnly bool) error {
	return m.s.change(ctx, func(c *change) error {
		u, ses, err := m.signedIn(ctx, c)
		if err != nil {
			return err
		}
		q := store.SessionQuery{UserID: u.ID}
		if othersOnly {
			q.Except = ses.Hash
		}
		n, err := c.DeleteSessions(ctx, q)
		if err != nil {
			return err
		}
		e := m.p.by(audit.SessionsEnded, u)
		e.Facts = []audit.Fact{count("sessions_ended", n)}
		return c.record(ctx, ses.OrgID, e)
	})
}
