package accesssec

import (
	"context"
	"errors"
	"strings"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// Who set a person's names last: SCIM before the assertion, the assertion before the
// person's own edit, while the address is on a verified domain.
const (
	namesFromSelf = "self"
	namesFromSSO  = "sso"
	namesFromSCIM = "scim"
)

// vouched does what an accepted assertion brings with it: the account and the
// membership where they are to be made, the names, the address's proof.
func (s *Service) vouched(ctx context.Context, c *change, f *facts, d policy.Decision, p proof) error {
	first, last := boundName(p.identity.FirstName), boundName(p.identity.LastName)
	if !f.in.Person.Known {
		f.user = newUser(c, f.asked.address)
		f.user.AddressVerified, f.user.FirstName, f.user.LastName = true, first, last
		if first != "" || last != "" {
			f.user.NamesFrom = namesFromSSO
		}
		if err := createUser(ctx, c, f.logOrg(), f.user, p.visit.by(audit.UserCreated, actorOf(f.user))); err != nil {
			return err
		}
		f.user.Version = 1
		f.in.Person.Known = true
	} else if err := s.refreshUser(ctx, c, f, p, first, last); err != nil {
		return err
	}
	if d.Create {
		m := store.Membership{OrgID: f.in.Target.ID, UserID: f.user.ID, Role: string(policy.Member), Source: "jit", JoinedAt: c.now}
		if err := addMember(ctx, c, m, f.user, p.visit.by(audit.MemberAdded, actorOf(f.user))); err != nil {
			return err
		}
		f.in.Person.Role = policy.Member
	}
	return nil
}

// refreshUser writes what the identity provider knows better: the proof of the
// address, and the names unless SCIM keeps them. An absent name empties nothing.
func (s *Service) refreshUser(ctx context.Context, c *change, f *facts, p proof, first, last string) error {
	u := f.user
	if !u.AddressVerified {
		// Somebody made this account with an address they never proved. Now its
		// owner comes; what the other one left behind (a password, sessions) goes.
		u.AddressVerified, u.Password, u.PasswordSetByUser = true, "", false
		n, err := c.DeleteSessions(ctx, store.SessionQuery{UserID: u.ID})
		if err != nil {
			return err
		}
		e := p.visit.by(audit.UserCleared, actorOf(u))
		e.Facts = []audit.Fact{count("sessions_ended", n)}
		if err := c.record(ctx, f.logOrg(), e); err != nil {
			return err
		}
	}
	var renames []audit.Change
	if u.NamesFrom != namesFromSCIM {
		rename := func(field string, old *string, next string) {
			if next != "" && next != *old {
				renames = append(renames, audit.Change{Field: field, Old: *old, New: next, Personal: true})
				*old = next
			}
		}
		rename("first_name", &u.FirstName, first)
		rename("last_name", &u.LastName, last)
		if len(renames) > 0 {
			u.NamesFrom = namesFromSSO
		}
	}
	if u == f.user {
		return nil
	}
	if err := c.UpdateUser(ctx, u); err != nil {
		return err
	}
	u.Version++
	f.user = u
	if len(renames) == 0 {
		return nil
	}
	e := p.visit.by(audit.UserRenamed, actorOf(u))
	e.Changes = renames
	return c.record(ctx, f.logOrg(), e)
}

func newUser(c *change, a domainclaim.Address) store.User {
	return store.User{ID: newID("usr"), Address: a.String(), AddressKey: a.Key(), CreatedAt: c.now}
}

// createUser makes an account. Its id and its address are looked for first, because
// a refusal can say more than a taken key, and the key decides when two race.
func createUser(ctx context.Context, c *change, orgID string, u store.User, e audit.Event) error {
	_, err := c.UserByAddress(ctx, u.AddressKey)
	switch {
	case err == nil:
		return refuse(CodePersonExists, "")
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	if err := c.CreateUser(ctx, u); err != nil {
		return err
	}
	e.Targets = []audit.Target{personOf(u)}
	return c.record(ctx, orgID, e)
}

// addMember makes a member and, in the same transaction, their directory entry: what
// SCIM reads later has everyone in it, however they came.
func addMember(ctx context.Context, c *change, m store.Membership, u store.User, e audit.Event) error {
	if err := c.PutMembership(ctx, m); err != nil {
		return err
	}
	entry := store.Entry{
		OrgID: m.OrgID, ID: newID("ent"), Type: store.EntryUser, UserID: u.ID,
		Name: u.Address, NameKey: u.AddressKey, Active: true,
		CreatedAt: c.now, ModifiedAt: c.now,
	}
	if err := c.PutEntry(ctx, entry); err != nil {
		return err
	}
	e.Targets = []audit.Target{personOf(u)}
	e.Facts = append(e.Facts, fact("role", m.Role), fact("source", m.Source))
	return c.record(ctx, m.OrgID, e)
}

// addressOf is the address the assertion vouches for.
func addressOf(id *saml.Identity) (domainclaim.Address, error) {
	a, err := domainclaim.ParseAddress(id.Email)
	if err != nil {
		no := refuse(CodeAddress, "the assertion carries no usable address")
		if id.Email == "" {
			no.Detail = "the assertion has no email attribute, and its NameID is no address"
		}
		no.Err = err
		return a, no
	}
	return a, nil
}

// boundName keeps a name to what fits a page and a column.
func boundName(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if r := []rune(s); len(r) > 100 {
		s = string(r[:100])
	}
	return s
}
