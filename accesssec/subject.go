package accesssec

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// subjectFor is how long a NameID is remembered that nobody signs in with.
const subjectFor = 400 * 24 * time.Hour

// subject is a NameID that a connection has vouched for a person with. Its id says
// whose, its key which; Doc.Owner is the account.
type subject struct{}

// bind ties the NameID of a login to the account, at the first one, and refuses when it
// was tied to another account, or the account to another NameID. The address alone says
// who somebody is to us, and people can edit it at some identity providers; the NameID
// is what the identity provider knows them by.
func (c *change) bind(ctx context.Context, conn kept[connection], u store.User, name saml.NameID) error {
	if name.Transient() {
		return nil
	}
	if a, err := domainclaim.ParseAddress(name.Value); err == nil {
		if err := c.nobodyElses(ctx, a.Key(), u); err != nil {
			return err
		}
	}
	id := subjectID(conn.ID, strconv.Itoa(conn.Value.Subjects), "user", u.ID)
	key := subjectKey(conn, name)
	other, err := subjects.byKey(ctx, c, key)
	if err == nil && other.Owner != u.ID {
		_, err = c.User(ctx, other.Owner)
		if err == nil {
			return refuse(CodeSubject, "the NameID belongs to another account")
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		// That account is gone, and the person has another by now.
		err = c.DeleteDoc(ctx, subjects.kind, conn.OrgID, other.ID)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	k, err := subjects.get(ctx, c, conn.OrgID, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		k = subjects.fresh(conn.OrgID, id, key, c.now, time.Time{}, subject{})
		k.Owner = u.ID
	case err != nil:
		return err
	case k.Key != key:
		return refuse(CodeSubject, "the account signed in with another NameID before")
	case k.ExpiresAt.Sub(c.now) > subjectFor/2:
		return nil
	}
	k.ExpiresAt = c.now.Add(subjectFor)
	return subjects.put(ctx, c, k)
}

// nobodyElses refuses a NameID that is the address of another account than the one that
// the assertion's address leads to.
func (c *change) nobodyElses(ctx context.Context, addressKey string, u store.User) error {
	other, err := c.UserByAddress(ctx, addressKey)
	if errors.Is(err, store.ErrNotFound) || err == nil && other.ID == u.ID {
		return nil
	} else if err != nil {
		return err
	}
	return refuse(CodeSubject, "the NameID is the address of another account")
}

// subjectKey is the key of the Doc that ties a NameID of the connection.
func subjectKey(conn kept[connection], name saml.NameID) string {
	value := name.Value
	if a, err := domainclaim.ParseAddress(value); err == nil {
		value = a.Key()
	}
	return subjectID(conn.ID, strconv.Itoa(conn.Value.Subjects), "subject", value, name.NameQualifier, name.SPNameQualifier)
}

func subjectID(parts ...string) string {
	all := ""
	for _, p := range parts {
		all += strconv.Itoa(len(p)) + ":" + p
	}
	h := hashOf(all)
	return hexOf(h[:])
}

// ForgetSubjects lets a connection tie everybody to the NameID they come with next. It
// is for an identity provider whose NameID was changed for all: until then each of them
// is refused with CodeSubject. It asks for the password again ([Me.Prove]). Another
// issuer ([Admin.Configure]) does the same.
func (a *Admin) ForgetSubjects(ctx context.Context, id string) error {
	return a.s.change(ctx, func(c *change) error {
		by, k, err := a.onConnection(ctx, c, id, proven)
		if err != nil {
			return err
		}
		old := k.Value
		k.Value.Subjects++
		if err := connections.put(ctx, c, k); err != nil {
			return stale(err)
		}
		e := by.by(audit.ConnectionConfigured, thing(audit.KindConnection, id, k.Value.Name))
		e.Changes = old.changes(k.Value)
		return a.announce(ctx, c, by, e)
	})
}
