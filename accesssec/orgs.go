package accesssec

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// Person is somebody the host brings. Verified says that the host knows the address to
// be theirs. An account whose address nobody has proven is taken over by nobody: it is
// emptied (password, sessions) before the first one who has proven it comes into it,
// and joins no org before that.
type Person struct {
	Address, FirstName, LastName string
	Verified                     bool
	Password                     string      // in clear, held to Options.Passwords and hashed before anything is stored; "" none
	Role                         policy.Role // ignored by CreateOrg

	// PasswordHash is what another system has kept, in place of Password: bcrypt, scrypt or
	// PBKDF2 as a PHC or crypt string or as Django and Werkzeug write them, or Argon2id; up
	// to 512 bytes. It is kept as it is. One that password.CheckHash accepts is verified, and
	// made anew at the first sign-in. Options.PasswordCheck finds any as User.Password. All
	// others open nothing: to sign in with them is a wrong password, at the same cost, and the
	// account counts as one without.
	PasswordHash string
}

// CreateOrg makes an org and its first Owner: a new account, or the one that has the
// address already, whose names and password then stay as they are. The Principal is
// that of Vouch.
func (s *Service) CreateOrg(ctx context.Context, name string, owner Person) (Principal, error) {
	if name = oneLine(name, 201); name == "" || len(name) > 200 {
		return Principal{}, errors.New("accesssec: an org needs a name of at most 200 bytes")
	}
	owner.Role = policy.Owner
	made, err := s.prepare(ctx, owner, name)
	if err != nil {
		return Principal{}, err
	}
	var p Principal
	err = s.change(ctx, func(c *change) error {
		p = Principal{}
		org := store.Org{ID: newID("org"), Name: name, CreatedAt: c.now}
		if err := c.CreateOrg(ctx, org); err != nil {
			return err
		}
		if err := c.record(ctx, org.ID, byHost(audit.OrgCreated, thing(audit.KindOrg, org.ID, name))); err != nil {
			return err
		}
		u, err := c.bring(ctx, org.ID, made, "created")
		if err != nil {
			return err
		}
		p = vouchedFor(store.Membership{OrgID: org.ID, UserID: u.ID, Role: string(policy.Owner)}, c.now)
		return nil
	})
	if err != nil {
		return Principal{}, err
	}
	return p, nil
}

// Vouch is for the host's own code that acts for a member, a script or a set-up: a
// Principal without a session, good for five minutes of calls to Admin as if the
// password had just been typed. The log names the host, on behalf of the member. A
// person who is not a member is store.ErrNotFound.
func (s *Service) Vouch(ctx context.Context, orgID, userID string) (Principal, error) {
	m, err := s.store.Membership(ctx, orgID, userID)
	if err != nil {
		return Principal{}, fmt.Errorf("accesssec: vouch: %w", err)
	}
	return vouchedFor(m.Membership, s.now()), nil
}

func vouchedFor(m store.Membership, now time.Time) Principal {
	return Principal{UserID: m.UserID, OrgID: m.OrgID, Role: policy.Role(m.Role), user: m.UserID, org: m.OrgID, proved: now}
}

// ImportPeople makes the host's people members of an org, all or none: accounts with
// their passwords where there are none yet, memberships with the role of each. Who is
// a member already is refused. What is granted to everyone holds for them at once. An
// error names the first person that it is about, counted from 1. A thousand at once is
// fine; bring more by several calls, for each is one transaction.
func (s *Service) ImportPeople(ctx context.Context, orgID string, people ...Person) error {
	made := make([]prepared, len(people))
	if len(made) == 0 {
		return nil
	}
	org, err := s.store.Org(ctx, orgID)
	if err != nil {
		return fmt.Errorf("accesssec: import: %w", err)
	}
	for i, p := range people {
		if made[i], err = s.prepare(ctx, p, org.Name); err != nil {
			return fmt.Errorf("accesssec: person %d: %w", i+1, err)
		}
	}
	return s.change(ctx, func(c *change) error {
		if _, err := c.Org(ctx, orgID); err != nil {
			return fmt.Errorf("accesssec: import: %w", err)
		}
		for i, m := range made {
			if _, err := c.bring(ctx, orgID, m, "import"); err != nil {
				return fmt.Errorf("accesssec: person %d: %w", i+1, err)
			}
		}
		return nil
	})
}

// prepared is a Person after everything that takes time or can be wrong.
type prepared struct {
	Person
	address domainclaim.Address
	hash    string
}

func (s *Service) prepare(ctx context.Context, p Person, orgName string) (prepared, error) {
	m := prepared{Person: p}
	var err error
	if m.address, err = domainclaim.ParseAddress(p.Address); err != nil {
		no := refuse(CodeAddress, err.Error())
		no.Err = err
		return m, no
	}
	if !p.Role.Valid() {
		return m, fmt.Errorf("accesssec: %q is no role", p.Role)
	}
	switch {
	case p.Password != "" && p.PasswordHash != "":
		return m, errors.New("accesssec: Person has a Password and a PasswordHash")
	case p.PasswordHash != "":
		m.hash = p.PasswordHash
		return m, checkForeignHash(p.PasswordHash)
	case p.Password == "":
		return m, nil
	}
	m.hash, err = s.newPassword(ctx, store.User{Address: m.address.String(), FirstName: p.FirstName, LastName: p.LastName}, p.Password, orgName)
	return m, err
}

// bring makes one member of orgID, and the account where it is missing. An account
// that its owner has proven is joined as it is: what the host knows of a person in one
// org changes nothing of theirs in another. One that nobody has proven may be
// somebody else's trap, and is emptied for the one whom the host vouches for.
func (c *change) bring(ctx context.Context, orgID string, m prepared, source string) (store.User, error) {
	u, err := c.UserByAddress(ctx, m.address.Key())
	switch {
	case errors.Is(err, store.ErrNotFound):
		u = newUser(c, m.address)
		u.AddressVerified, u.Password = m.Verified, m.hash
		u.FirstName, u.LastName = boundName(m.FirstName), boundName(m.LastName)
		err = c.createUser(ctx, orgID, u, byHost(audit.UserCreated))
	case err == nil && !u.AddressVerified && !m.Verified:
		return u, refuse(CodeUnproven, "")
	case err == nil && !u.AddressVerified:
		if err = c.empty(ctx, orgID, &u, byHost(audit.UserCleared)); err != nil {
			return u, err
		}
		u.Password = m.hash
		err = c.UpdateUser(ctx, u)
	}
	if err != nil {
		return u, err
	}
	_, err = c.Membership(ctx, orgID, u.ID)
	if err == nil {
		return u, refuse(CodeMember, "")
	} else if !errors.Is(err, store.ErrNotFound) {
		return u, err
	}
	member := store.Membership{OrgID: orgID, UserID: u.ID, Role: string(m.Role), Source: source, JoinedAt: c.now}
	return u, c.addMember(ctx, member, u, byHost(audit.MemberAdded))
}
