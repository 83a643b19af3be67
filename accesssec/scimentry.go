package accesssec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/filter"
	"github.com/accesssec/accesssec-go/store"
)

// wanted is a user as the client has them, and what follows from that: worked out once, since it
// is asked for often.
type wanted struct {
	scim.User
	// key is how userNames are compared: as addresses where they are such, else without case.
	key string
	// address is by which the user signs in: the userName when it is one, else the one of emails
	// that counts. The zero one: there is none.
	address domainclaim.Address
	// attributes and index are what an entry keeps of the user, where that is known before the
	// transaction for whose end others wait; nil: it is not.
	attributes []byte
	index      []store.Index
}

func want(u scim.User) wanted {
	w := wanted{User: u}
	if a, err := domainclaim.ParseAddress(u.UserName); err == nil {
		w.key, w.address = a.Key(), a
		return w
	}
	w.key = filter.Fold(u.UserName)
	if a, err := domainclaim.ParseAddress(u.Address()); err == nil {
		w.address = a
	}
	return w
}

// resourceOf is what SCIM says of an account that no identity provider keeps.
func resourceOf(u store.User, active bool) scim.User {
	return scim.User{
		UserName: u.Address, Active: active,
		Name:   scim.Name{Given: u.FirstName, Family: u.LastName},
		Emails: []scim.Email{{Value: u.Address, Type: "work", Primary: true}},
	}
}

// dressPlain has an entry that no identity provider keeps say what the account says, so that
// filters and sorting find each member, however they came. Whether it is active is not asked.
func dressPlain(e *store.Entry, u store.User) error {
	e.Name, e.NameKey = u.Address, u.AddressKey
	return dressAs(e, nil, resourceOf(u, e.Active))
}

// dressed reports whether dressPlain would change nothing.
func dressed(e store.Entry, u store.User) bool {
	next := e
	return dressPlain(&next, u) == nil && next.Name == e.Name && next.NameKey == e.NameKey && bytes.Equal(next.Attributes, e.Attributes)
}

// dress has an entry say what the identity provider says, which keeps it from now on.
func (d *directory) dress(e *store.Entry, u wanted) error {
	e.ConnectionID, e.ExternalID = scimConnection, u.ExternalID
	e.Name, e.NameKey, e.Active = u.UserName, u.key, u.Active
	if u.attributes != nil {
		e.Attributes, e.Index = u.attributes, u.index
		return nil
	}
	return dressAs(e, d.s.opts.SCIMSchemas, u.User)
}

// redress is dress of an entry that says was: of somebody who says the same, active alone is another.
func (d *directory) redress(e *store.Entry, was scim.User, next wanted) error {
	if e.ConnectionID == scimConnection && len(e.Attributes) > 0 && e.Name == next.UserName && sameUser(was, next.User) {
		e.Active = next.Active
		return nil
	}
	return d.dress(e, next)
}

// sameUser reports whether two say the same of themselves, but for active.
func sameUser(a, b scim.User) bool {
	return a.UserName == b.UserName && a.ExternalID == b.ExternalID && a.Name == b.Name &&
		slices.Equal(a.Emails, b.Emails) && reflect.DeepEqual(a.Extra, b.Extra)
}

func dressAs(e *store.Entry, schemas *scim.Schemas, u scim.User) error {
	attributes, err := userAttributes(u)
	return dressIn(e, attributes, err, schemas.IndexUser(u))
}

func (d *directory) dressGroup(e *store.Entry, g scim.Group) error {
	e.ConnectionID, e.ExternalID = scimConnection, g.ExternalID
	attributes, err := json.Marshal(g.Attributes())
	return dressIn(e, attributes, err, d.s.opts.SCIMSchemas.IndexGroup(g))
}

// dressTeam is of a team that is made here.
func dressTeam(e *store.Entry) error {
	g := scim.Group{DisplayName: e.Name}
	attributes, err := json.Marshal(g.Attributes())
	return dressIn(e, attributes, err, (*scim.Schemas)(nil).IndexGroup(g))
}

func dressIn(e *store.Entry, attributes []byte, err error, index []scim.Indexed) error {
	if err != nil {
		return fmt.Errorf("accesssec: attributes of an entry: %w", err)
	}
	e.Attributes, e.Index = attributes, make([]store.Index, 0, len(index))
	for _, x := range index {
		switch x.Path {
		case "id", "externalId", "active": // columns
			continue
		}
		e.Index = append(e.Index, store.Index{Path: x.Path, Row: x.Row, Text: x.Key})
	}
	return nil
}

// attributesOf reads what an entry says. One from before entries said anything says its name.
func attributesOf(e store.Entry) (map[string]any, error) {
	if len(e.Attributes) == 0 {
		return nil, nil
	}
	m, err := scim.ReadAttributes(e.Attributes)
	if err != nil {
		return nil, fmt.Errorf("accesssec: stored entry %s: %w", e.ID, err)
	}
	return m, nil
}

// userOf is the entry as SCIM has it.
func userOf(e store.Entry) (scim.User, error) {
	if len(e.Attributes) <= len("{}") {
		return asKept(resourceOf(store.User{Address: e.Name}, e.Active), e), nil
	}
	u, err := scim.ReadUser(e.Attributes)
	if err != nil {
		return u, fmt.Errorf("accesssec: stored entry %s: %w", e.ID, err)
	}
	return asKept(u, e), nil
}

// asKept is u with what the columns of its entry say.
func asKept(u scim.User, e store.Entry) scim.User {
	u.ID, u.ExternalID, u.Active, u.Meta = e.ID, e.ExternalID, e.Active, metaOf(e)
	return u
}

// groupOf is the entry of a team as SCIM has it.
func groupOf(e store.Entry) (scim.Group, error) {
	attributes, err := attributesOf(e)
	if err != nil {
		return scim.Group{}, err
	}
	g := scim.Group{DisplayName: e.Name}
	if len(attributes) > 0 {
		if g, err = scim.GroupOf(attributes); err != nil {
			return g, fmt.Errorf("accesssec: stored entry %s: %w", e.ID, err)
		}
	}
	g.ID, g.ExternalID, g.Meta = e.ID, e.ExternalID, metaOf(e)
	return g, nil
}

func metaOf(e store.Entry) scim.Meta {
	return scim.Meta{Created: e.CreatedAt, LastModified: e.ModifiedAt, Version: strconv.FormatInt(e.Version, 10)}
}
