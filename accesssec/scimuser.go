package accesssec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// scimVerdict is what provisioning a user would come to.
type scimVerdict struct {
	action          SCIMAction
	entryID, userID string      // of the member that is there; "" there is none
	refuse          *scim.Error // with SCIMRefuse

	code    Code // of the refusal, where it is one for the log; "" it is a mistake of the client
	about   store.User
	address domainclaim.Address
	entry   store.Entry // that is there, without an id where a member has none
	member  store.Member
	held    bool // kept out by somebody here, and not provisioning's to let in
	under   namesakes
}

// namesakes are the entries that have a name of a user, without an id where there is none.
type namesakes struct{ named, external store.Entry }

func (v scimVerdict) no(e *scim.Error, code Code) scimVerdict {
	v.action, v.refuse, v.code = SCIMRefuse, e, code
	return v
}

// refusal is the verdict as an error, which the log gets where it was a rule that said no.
func (d *directory) refusal(v scimVerdict) error {
	if v.code == "" {
		return v.refuse
	}
	who := v.about
	if who.ID == "" {
		who.Address = v.address.String()
	}
	return d.forbidden(v.code, v.refuse, personOf(who))
}

// What the customer's administrator hears.
func foreignAddress(address string) *scim.Error {
	return &scim.Error{Status: http.StatusForbidden, Detail: fmt.Sprintf(
		"The address %s is on no verified domain of this organization, so provisioning can't make or change this person. Verify the domain, or leave the person out.", address)}
}

func externalPerson() *scim.Error {
	return &scim.Error{Status: http.StatusForbidden, Detail: "This person's address is on no verified domain of this organization: they are external, and read-only for provisioning. Owners and Admins change them in the application."}
}

func heldPerson() *scim.Error {
	return &scim.Error{Status: http.StatusForbidden, Detail: "An Owner or Admin of this organization has disabled this person. They stay disabled, and are removed in the application alone, so that nothing lets them in again as somebody new."}
}

func invitePerson() *scim.Error {
	return withSentence(taken("The address has an account that is no member of this organization, so it", nil),
		"Invite this person in the application. When they have accepted, the next synchronization links them.")
}

func noAddress() *scim.Error {
	return badValue("A user needs an address to sign in with: as the userName, without blanks around it, or as the primary element of emails.")
}

// withSentence is e with one more sentence.
func withSentence(e *scim.Error, sentence string) *scim.Error {
	e.Detail += " " + sentence
	return e
}

// plan says what provisioning u would come to, and changes nothing. CreateUser carries it out,
// in the transaction that it was asked in; previews show it.
func (d *directory) plan(ctx context.Context, r store.Reader, u wanted) (scimVerdict, error) {
	v := scimVerdict{address: u.address}
	if u.address.Key() == "" {
		return v.no(noAddress(), ""), nil
	}
	within := d.reach(r)
	if in, err := within.hasAddress(ctx, u.address); err != nil {
		return v, err
	} else if !in {
		return v.no(foreignAddress(u.address.String()), CodeSCIMDomain), nil
	}
	if err := d.recognise(ctx, r, u, &v); err != nil || v.action != "" {
		return v, err
	}
	if v.member.UserID == "" {
		v.action = SCIMCreate
		no, err := d.free(ctx, r, u, store.Entry{}, &v.under)
		if err != nil || no != nil {
			return v.no(no, ""), err
		}
		return v, nil
	}
	v.entryID, v.userID, v.about = v.entry.ID, v.member.UserID, v.member.User
	was, err := userOf(v.entry)
	if err != nil {
		return v, err
	}
	x, err := d.consider(ctx, r, v.entry, v.member, was, u)
	if err != nil || x.refuse != nil {
		return v.no(x.refuse, x.code), err
	}
	switch {
	case v.entry.ConnectionID != scimConnection:
		v.action = SCIMLink
	case v.member.Disabled:
		off, err := offBySCIM(ctx, r, v.member.Membership)
		if v.action = SCIMReactivate; err != nil || off {
			return v, err
		}
		v.held = true
		u.Active = false // whatever they say
		fallthrough
	default:
		v.action = SCIMUpdate
		if same, err := saysAlready(v.entry, u.User); err != nil || same {
			v.action = SCIMSkip
			return v, err
		}
	}
	return v, nil
}

// recognise finds the member that u is: by what the client calls them, then by the account
// that has the address. An account that is no member is nobody's to take, but for one that this
// provisioning has made and deleted: see scimLeft.
func (d *directory) recognise(ctx context.Context, r store.Reader, u wanted, v *scimVerdict) error {
	e, err := d.externalEntry(ctx, r, store.EntryUser, u.ExternalID)
	if err != nil {
		return err
	}
	v.under.external = e
	if e.ID != "" && e.UserID != "" {
		m, err := r.Membership(ctx, d.by.orgID, e.UserID)
		if err == nil {
			v.entry, v.member = e, m
			return nil
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	account, err := r.UserByAddress(ctx, v.address.Key())
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	v.about, v.userID = account, account.ID
	m, err := r.Membership(ctx, d.by.orgID, account.ID)
	if errors.Is(err, store.ErrNotFound) {
		back, err := d.mayReturn(ctx, r, account)
		if err == nil && !back {
			*v = v.no(invitePerson(), CodeSCIMInvite)
		}
		return err
	} else if err != nil {
		return err
	}
	v.member = m
	v.entry, err = entryWith(ctx, r, d.by.orgID, "userId", account.ID)
	return err
}

// nameFree refuses a userName or an externalId that another member's entry has. An entry that
// nobody stands behind any more is not in the way, and neither is one that waits for the person.
func (d *directory) nameFree(ctx context.Context, r store.Reader, u wanted, own store.Entry) (*scim.Error, error) {
	if hasNames(own, u) {
		return nil, nil
	}
	external, err := d.externalEntry(ctx, r, store.EntryUser, u.ExternalID)
	if err != nil {
		return nil, err
	}
	return d.free(ctx, r, u, own, &namesakes{external: external})
}

// free is nameFree where it is known who has the externalId: it finds who has the userName.
func (d *directory) free(ctx context.Context, r store.Reader, u wanted, own store.Entry, under *namesakes) (*scim.Error, error) {
	var err error
	if under.named, err = d.namedEntry(ctx, r, store.EntryUser, u.key); err != nil {
		return nil, err
	}
	if used, err := d.used(ctx, r, under.named, own); err != nil {
		return nil, err
	} else if used {
		return taken("The userName", nil), nil
	}
	if used, err := d.used(ctx, r, under.external, own); err != nil || !used {
		return nil, err
	}
	return taken("The externalId", nil), nil
}

// hasNames reports whether the entry has the names of u already: unique keys, so nobody else
// has them.
func hasNames(own store.Entry, u wanted) bool {
	return own.ID != "" && own.ConnectionID == scimConnection && own.NameKey == u.key && own.ExternalID == u.ExternalID
}

func (d *directory) used(ctx context.Context, r store.Reader, e, own store.Entry) (bool, error) {
	if e.ID == "" || e.ID == own.ID || e.UserID == "" && own.ID == "" {
		return false, nil
	}
	if e.UserID == "" {
		return true, nil
	}
	left, err := hasLeft(ctx, r, e)
	return !left, err
}

// saysAlready reports whether the entry says just that.
func saysAlready(e store.Entry, u scim.User) (bool, error) {
	b, err := userAttributes(u)
	return bytes.Equal(b, e.Attributes) && e.ExternalID == u.ExternalID && e.Active == u.Active, err
}

// CreateUser makes the account, the membership and the entry of somebody who has no account
// yet, or one that this provisioning had made and deleted. Somebody who was deactivated is let in
// again, under the id that they have had, where the client is one that asks for it so.
func (d *directory) CreateUser(ctx context.Context, u scim.User) (scim.User, error) {
	var out scim.User
	var kept store.Entry
	if err := dressAs(&kept, d.s.opts.SCIMSchemas, u); err != nil {
		return out, err
	}
	next := want(u)
	next.attributes, next.index = kept.Attributes, kept.Index
	err := d.change(ctx, func(c *change) error {
		v, err := d.plan(ctx, c, next)
		if err != nil {
			return err
		}
		switch v.action {
		case SCIMRefuse:
			return d.refusal(v)
		case SCIMCreate:
			out, err = d.makeUser(ctx, c, next, v)
			return err
		case SCIMReactivate:
			if next.Active && d.by.settings.Profile.Takes(scim.ExternalIDAgain) {
				was, err := userOf(v.entry)
				if err == nil {
					out, err = d.writeUser(ctx, c, v.entry, v.member, was, next)
				}
				return err
			}
		}
		what := "The userName"
		if v.entry.ExternalID != "" && v.entry.ExternalID == next.ExternalID {
			what = "The externalId"
		}
		no := taken(what, nil)
		if v.held {
			no = withSentence(no, "They are disabled in the application, where an Owner or Admin lets them in again.")
		}
		return withSentence(no, "This person is a member already: find them by a filter, and change them.")
	})
	return out, err
}

// makeUser makes a member of somebody who is none, with an account where there is none yet.
func (d *directory) makeUser(ctx context.Context, c *change, u wanted, v scimVerdict) (scim.User, error) {
	if err := d.makeRoom(ctx, c, v.under); err != nil {
		return scim.User{}, err
	}
	account, err := d.account(ctx, c, u, v)
	if err != nil {
		return scim.User{}, err
	}
	m := store.Membership{OrgID: d.by.orgID, UserID: account.ID, Role: string(policy.Member), Source: sourceSCIM, Disabled: !u.Active, JoinedAt: c.now}
	entry, err := c.enrol(ctx, m, account, d.joins(v), func(e *store.Entry) error { return d.dress(e, u) })
	if err == nil && m.Disabled {
		err = c.noteOff(ctx, m)
	}
	if err != nil {
		return scim.User{}, err
	}
	return asKept(u.User, entry), nil
}

// makeRoom takes away entries whose people have left, as the transaction has found them under the
// names of somebody new.
func (d *directory) makeRoom(ctx context.Context, c *change, under namesakes) error {
	external, named := under.external.ID, under.named.ID
	if external != "" {
		if err := c.DeleteEntry(ctx, d.by.orgID, external); err != nil {
			return err
		}
	}
	if named == "" || named == external || under.named.UserID == "" {
		return nil // one that waits for the person becomes theirs
	}
	return c.DeleteEntry(ctx, d.by.orgID, named)
}
