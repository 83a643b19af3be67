package accesssec

import (
	"context"

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

// vouched does what an accepted assertion brings with it: the account where it is to be
// made, the names, the address's proof.
func (c *change) vouched(ctx context.Context, f *facts, p proof) error {
	if !f.in.Person.Known {
		f.user = newUser(c, f.asked.address)
		f.user.AddressVerified = true
		rename(&f.user, p.identity)
		if err := c.createUser(ctx, f.logOrg(), f.user, p.visit.by(audit.UserCreated, actorOf(f.user))); err != nil {
			return err
		}
		f.user.Version = 1
		f.in.Person.Known = true
	} else if err := c.refreshUser(ctx, f, p); err != nil {
		return err
	}
	return c.bind(ctx, p.conn, f.user, p.identity.NameID)
}

// join makes the person the member that the decision has taken them for: by the invitation
// that they have shown, which is used up by it, else as one whom an identity provider has
// let in.
func (c *change) join(ctx context.Context, f *facts, v Visit) error {
	m := store.Membership{OrgID: f.in.Target.ID, UserID: f.user.ID, Role: string(policy.Member), Source: "jit", JoinedAt: c.now}
	if f.in.Person.Invited != "" {
		m.Role, m.Source = string(f.in.Person.Invited), "invitation"
		if err := c.accept(ctx, *f, v); err != nil {
			return err
		}
	}
	f.in.Person.Role = policy.Role(m.Role)
	e := v.by(audit.MemberAdded, actorOf(f.user))
	if conn := f.in.Attempt.Connection; conn != "" {
		e.Facts = append(e.Facts, fact("connection", conn))
	}
	if t := f.in.Target; t.GovernedBy != "" {
		e.Facts = append(e.Facts, fact("sign_on_of", t.GovernedBy))
	}
	return c.addMember(ctx, m, f.user, e)
}

// refreshUser writes what the identity provider knows better: the proof of the
// address, and the names.
func (c *change) refreshUser(ctx context.Context, f *facts, p proof) error {
	u := f.user
	if !u.AddressVerified {
		// Somebody made this account with an address they never proved. Now its
		// owner comes; what the other one left behind goes.
		if err := c.empty(ctx, f.logOrg(), &u, p.visit.by(audit.UserCleared, actorOf(u))); err != nil {
			return err
		}
	}
	renames := rename(&u, p.identity)
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
	if err := c.refreshEntries(ctx, u); err != nil {
		return err
	}
	e := p.visit.by(audit.UserRenamed, actorOf(u))
	e.Changes = renames
	return c.record(ctx, f.logOrg(), e)
}

// rename takes over the names that are asserted, unless SCIM keeps them. An absent one
// empties nothing. From then on they are the identity provider's, changed or not.
func rename(u *store.User, id *saml.Identity) []audit.Change {
	first, last := boundName(id.FirstName), boundName(id.LastName)
	if u.NamesFrom == namesFromSCIM || first == "" && last == "" {
		return nil
	}
	u.NamesFrom = namesFromSSO
	var out []audit.Change
	take := func(field string, old *string, next string) {
		if next != "" && next != *old {
			out = append(out, audit.Change{Field: field, Old: *old, New: next, Personal: true})
			*old = next
		}
	}
	take("first_name", &u.FirstName, first)
	take("last_name", &u.LastName, last)
	return out
}

// empty takes from an account whose address was never proven all by which whoever made
// it could come in, for the one who has proven it now. The caller updates the record.
func (c *change) empty(ctx context.Context, orgID string, u *store.User, e audit.Event) error {
	u.AddressVerified, u.Password, u.PasswordSetByUser = true, "", false
	n, err := c.DeleteSessions(ctx, store.SessionQuery{UserID: u.ID})
	if err != nil {
		return err
	}
	if err := c.forgetBrowsers(ctx, u.ID); err != nil {
		return err
	}
	if err := c.dropFactor(ctx, u.ID, ""); err != nil {
		return err
	}
	if err := c.dropLogins(ctx, u.ID); err != nil {
		return err
	}
	// What waits is told by the password, which may be as absent as it was.
	if _, err := halfLogins.drop(ctx, c, "", []string{u.ID}, nil); err != nil {
		return err
	}
	if _, err := mailLinks.drop(ctx, c, "", []string{u.ID}, nil); err != nil {
		return err
	}
	if err := c.forgetPast(ctx, u.ID); err != nil {
		return err
	}
	e.Targets, e.Facts = []audit.Target{personOf(*u)}, []audit.Fact{count("sessions_ended", n)}
	return c.record(ctx, orgID, e)
}

func newUser(c *change, a domainclaim.Address) store.User {
	return store.User{ID: newID("usr"), Address: a.String(), AddressKey: a.Key(), CreatedAt: c.now}
}

// createUser makes an account that was not there a moment ago. When two make it at
// once the key of its address decides, and the loser's change runs again.
func (c *change) createUser(ctx context.Context, orgID string, u store.User, e audit.Event) error {
	if err := c.CreateUser(ctx, u); err != nil {
		return err
	}
	c.made = u.ID
	e.Targets = []audit.Target{personOf(u)}
	return c.record(ctx, orgID, e)
}

// addMember makes a member and, in the same transaction, their directory entry: what
// SCIM reads later has everyone in it, however they came.
func (c *change) addMember(ctx context.Context, m store.Membership, u store.User, e audit.Event) error {
	_, err := c.enrol(ctx, m, u, e, nil)
	return err
}

// enrol is addMember, with an entry that dress has filled in.
func (c *change) enrol(ctx context.Context, m store.Membership, u store.User, e audit.Event, dress func(*store.Entry) error) (store.Entry, error) {
	none := store.Entry{}
	if err := c.PutMembership(ctx, m); err != nil {
		return none, err
	}
	// Who is in needs no other way in: one that stays open would outlive their removal.
	if _, err := c.uninvite(ctx, m.OrgID, u.AddressKey); err != nil {
		return none, err
	}
	if err := c.unask(ctx, m.OrgID, u.AddressKey); err != nil {
		return none, err
	}
	// Whom the host's own code has taken out and lets in again begins anew as well.
	if c.made != u.ID {
		if _, err := c.revokeAll(ctx, m.OrgID, u.ID, store.SubjectUser); err != nil {
			return none, err
		}
	}
	entry, err := c.entryFor(ctx, m.OrgID, u, dress)
	if err != nil {
		return none, err
	}
	if err := c.PutEntry(ctx, entry); err != nil {
		return none, err
	}
	entry.Version++
	e.Targets = []audit.Target{personOf(u)}
	e.Facts = append(e.Facts, fact("role", m.Role), fact("source", m.Source))
	return entry, c.record(ctx, m.OrgID, e)
}

// boundName keeps a name to what fits a page and a column: text without controls or
// marks that turn its direction, single blanks, at most a hundred characters.
func boundName(s string) string { return oneLine(s, 100) }
