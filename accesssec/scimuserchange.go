package accesssec

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// scimMove is what changing a member by provisioning takes, or why it may not be.
type scimMove struct {
	refuse *scim.Error
	code   Code
	moves  bool // to another address
	to     domainclaim.Address
}

// consider says whether provisioning may make next of a member, whose address has to be within
// reach before and after: so nobody is taken over who is not the org's, and nobody is moved to
// where they are somebody else's.
func (d *directory) consider(ctx context.Context, r store.Reader, e store.Entry, m store.Member, was scim.User, next wanted) (scimMove, error) {
	within, to := d.reach(r), next.address
	in, err := false, error(nil)
	if to.Key() != "" && to.String() == m.User.Address {
		in, err = within.hasAddress(ctx, to)
	} else {
		in, err = within.has(ctx, m.User.Address)
	}
	if err != nil {
		return scimMove{}, err
	} else if !in {
		return scimMove{refuse: externalPerson(), code: CodeSCIMDomain}, nil
	}
	if to.Key() == "" {
		return scimMove{refuse: noAddress()}, nil
	}
	x := scimMove{to: to}
	from := m.User.AddressKey
	if e.ConnectionID == scimConnection {
		// What the client has said before and says again moves nobody, also where the host
		// has given them another address since.
		if was.UserName == next.UserName && was.Address() == next.Address() {
			from = to.Key()
		} else if said := want(was).address.Key(); said != "" {
			from = said
		}
	}
	if x.moves = to.Key() != from && to.Key() != m.User.AddressKey; x.moves {
		if in, err = within.hasAddress(ctx, to); err != nil {
			return x, err
		} else if !in {
			return scimMove{refuse: foreignAddress(to.String()), code: CodeSCIMDomain}, nil
		}
		if kept, err := keepsAddressIn(ctx, r, d.by.fromID, m.User); err != nil {
			return x, err
		} else if kept {
			return scimMove{refuse: keptAddress(), code: CodeAbove}, nil
		}
		_, err := r.UserByAddress(ctx, to.Key())
		if err == nil {
			return scimMove{refuse: withSentence(taken("The address "+to.String(), nil), "Another account has it.")}, nil
		} else if !errors.Is(err, store.ErrNotFound) {
			return x, err
		}
	}
	x.refuse, err = d.nameFree(ctx, r, next, e)
	return x, err
}

// ChangeUser changes a member within reach. The first change of one whom nobody kept so far
// makes them the identity provider's.
func (d *directory) ChangeUser(ctx context.Context, id string, edit func(*scim.User) (bool, error)) (scim.User, error) {
	var out scim.User
	err := d.change(ctx, func(c *change) error {
		e, m, err := d.provisioned(ctx, c, id)
		if err != nil {
			return err
		}
		was, err := userOf(e)
		if err != nil {
			return err
		}
		was.Active = !m.Disabled // also where the host's own code has done that
		out = was
		next := was // an edit leaves alone what it shares with it
		if changed, err := edit(&next); err != nil {
			return err
		} else if !changed {
			return errSettled
		}
		next.ID = e.ID
		out, err = d.writeUser(ctx, c, e, m, was, want(next))
		return err
	})
	return out, err
}

// provisioned is a member by the id of their entry. Somebody who is no member any more, and
// somebody whom the settings hide, is not there.
func (d *directory) provisioned(ctx context.Context, c *change, id string) (store.Entry, store.Member, error) {
	e, err := d.entry(ctx, c, store.EntryUser, id)
	if err != nil {
		return e, store.Member{}, err
	}
	m, err := c.Membership(ctx, d.by.orgID, e.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return e, m, scim.ErrNotFound
	} else if err != nil || !d.by.settings.HideExternals {
		return e, m, err
	}
	if in, err := d.reach(c).has(ctx, m.User.Address); err != nil {
		return e, m, err
	} else if !in {
		return e, m, scim.ErrNotFound
	}
	return e, m, nil
}

// writeUser makes next of a member, with all that comes of it: names and address of the
// account, whether they can come in, what is kept of them.
func (d *directory) writeUser(ctx context.Context, c *change, e store.Entry, m store.Member, was scim.User, next wanted) (scim.User, error) {
	x, err := d.consider(ctx, c, e, m, was, next)
	if err == nil && x.refuse != nil {
		err = d.refusal(scimVerdict{refuse: x.refuse, code: x.code, about: m.User})
	}
	if err != nil {
		return scim.User{}, err
	}
	if was.Active = !m.Disabled; next.Active && m.Disabled {
		if next.Active, err = offBySCIM(ctx, c, m.Membership); err != nil {
			return scim.User{}, err
		}
	}
	if err := d.clearNames(ctx, c, e, next); err != nil {
		return scim.User{}, err
	}
	linked, said := e.ConnectionID == scimConnection, e
	if err := d.redress(&e, was, next); err != nil {
		return scim.User{}, err
	}
	if linked && was.Active == next.Active && sameEntry(said, e) {
		return asKept(next.User, said), errSettled // somebody else keeps them out
	}
	e.ModifiedAt = c.now
	if err := c.PutEntry(ctx, e); err != nil {
		return scim.User{}, err
	}
	e.Version++
	if !linked {
		if err := c.record(ctx, d.by.orgID, d.by.does(audit.MemberLinked, personOf(m.User))); err != nil {
			return scim.User{}, err
		}
	}
	if m.User, err = d.writeAccount(ctx, c, m.User, next.User, x); err != nil {
		return scim.User{}, err
	}
	if was.Active != next.Active {
		if err := d.setActive(ctx, c, m, next.Active); err != nil {
			return scim.User{}, err
		}
	}
	var names []string
	if !bytes.Equal(said.Attributes, e.Attributes) || said.ExternalID != e.ExternalID {
		names = changedAttributes(was, next.User)
	}
	if linked && (len(names) > 0 || c.recorded == 0) {
		event := d.by.does(audit.MemberProvisioned, personOf(m.User))
		event.Facts = append(event.Facts, fact("attributes", strings.Join(names, " ")))
		if err := c.record(ctx, d.by.orgID, event); err != nil {
			return scim.User{}, err
		}
	}
	return asKept(next.User, e), nil
}

// sameEntry reports whether two entries say the same.
func sameEntry(a, b store.Entry) bool {
	return a.Name == b.Name && a.ExternalID == b.ExternalID && a.Active == b.Active && bytes.Equal(a.Attributes, b.Attributes)
}

// clearNames takes entries away that stand in the way and that nobody stands behind.
func (d *directory) clearNames(ctx context.Context, c *change, own store.Entry, next wanted) error {
	if hasNames(own, next) {
		return nil
	}
	named, err := d.namedEntry(ctx, c, store.EntryUser, next.key)
	if err == nil && named.ID != "" && named.ID != own.ID {
		err = c.DeleteEntry(ctx, d.by.orgID, named.ID)
	}
	if err != nil {
		return err
	}
	external, err := d.externalEntry(ctx, c, store.EntryUser, next.ExternalID)
	if err == nil && external.ID != "" && external.ID != own.ID {
		err = c.DeleteEntry(ctx, d.by.orgID, external.ID)
	}
	return err
}

// writeAccount has the account say what next says: the names, and the address where it is
// another one.
func (d *directory) writeAccount(ctx context.Context, c *change, u store.User, next scim.User, x scimMove) (store.User, error) {
	was := u
	renames := takeNames(&u, next)
	if x.moves {
		u.Address, u.AddressKey = x.to.String(), x.to.Key()
	}
	if u == was {
		return u, nil
	}
	if err := c.UpdateUser(ctx, u); err != nil {
		return u, err
	}
	u.Version++
	if len(renames) > 0 {
		e := d.by.does(audit.UserRenamed, personOf(u))
		e.Changes = renames
		if err := c.record(ctx, d.by.orgID, e); err != nil {
			return u, err
		}
	}
	if x.moves {
		if err := d.s.addressMoved(ctx, c, d.by.orgID, d.by.fromID, d.by.does(audit.UserAddressChanged, personOf(u)), was, u); err != nil {
			return u, err
		}
	}
	return u, c.refreshEntries(ctx, u)
}

// takeNames has the account take over the names that provisioning says, before which an
// assertion and the person's own edit yield. Where it says none they stay.
func takeNames(u *store.User, from scim.User) []audit.Change {
	first, last := boundName(from.Name.Given), boundName(from.Name.Family)
	if first == "" && last == "" {
		return nil
	}
	u.NamesFrom = namesFromSCIM
	out := make([]audit.Change, 0, 2)
	take := func(field string, old *string, next string) {
		if next != *old {
			out = append(out, audit.Change{Field: field, Old: *old, New: next, Personal: true})
			*old = next
		}
	}
	take("first_name", &u.FirstName, first)
	take("last_name", &u.LastName, last)
	return out
}

// setActive keeps a member out of the org who could come in, or lets them in again: their sessions there end in
// the same transaction, while role, grants and teams stay for when they are back.
func (d *directory) setActive(ctx context.Context, c *change, m store.Member, active bool) error {
	e := d.by.does(audit.MemberEnabled, personOf(m.User))
	if !active {
		e.Type = audit.MemberDisabled
		if m.Role == string(policy.Owner) {
			if err := c.anotherOwner(ctx, m.OrgID, m.UserID); err != nil {
				return refusedAs(err, d.by.orgID, e)
			}
		}
	}
	m.Disabled = !active
	err := c.PutMembership(ctx, m.Membership)
	if err == nil && active {
		err = c.forgetOff(ctx, m.OrgID, m.UserID)
	} else if err == nil {
		err = c.noteOff(ctx, m.Membership)
	}
	if err != nil {
		return err
	}
	if !active {
		x, err := c.expel(ctx, m.OrgID, m.UserID, "")
		if err != nil {
			return err
		}
		e.Facts = append(e.Facts, x.facts()...)
		if err := c.endSignedOn(ctx, m.Membership, &e); err != nil {
			return err
		}
		if err := d.s.endUnfit(ctx, c, m.User, &e); err != nil {
			return err
		}
	}
	return c.record(ctx, d.by.orgID, e)
}

// changedAttributes names what differs, but for active, which has events of its own.
func changedAttributes(was, next scim.User) []string {
	a, b := was.Attributes(), next.Attributes()
	a["externalId"], b["externalId"] = was.ExternalID, next.ExternalID
	var out []string
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if name != "active" && !reflect.DeepEqual(a[name], b[name]) {
			out = append(out, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if _, still := b[name]; !still {
			out = append(out, name)
		}
	}
	return out
}

// DeleteUser ends a membership, as RemoveMember does. The account stays, and with it what the
// person has in other orgs. Whom provisioning has made may come back by it: see scimLeft.
func (d *directory) DeleteUser(ctx context.Context, id string, check func(scim.User) error) error {
	return d.change(ctx, func(c *change) error {
		entry, m, err := d.provisioned(ctx, c, id)
		if err != nil {
			return err
		}
		u, err := userOf(entry)
		if err == nil && check != nil {
			err = check(u)
		}
		if err != nil {
			return err
		}
		if in, err := d.reach(c).has(ctx, m.User.Address); err != nil {
			return err
		} else if !in {
			return d.forbidden(CodeSCIMDomain, externalPerson(), personOf(m.User))
		}
		// Who is kept out by somebody here would come in again as new.
		if off, err := offBySCIM(ctx, c, m.Membership); err != nil {
			return err
		} else if m.Disabled && !off {
			return d.forbidden(CodeNotAllowed, heldPerson(), personOf(m.User))
		}
		e := d.by.does(audit.MemberRemoved, personOf(m.User))
		about := e.Facts
		err = c.leave(ctx, m, &e)
		if e.Facts = append(slices.Clone(about), e.Facts...); err == nil {
			err = c.endSignedOn(ctx, m.Membership, &e)
		}
		if err == nil {
			err = d.s.endUnfit(ctx, c, m.User, &e)
		}
		if err == nil {
			err = c.noteLeft(ctx, m.Membership)
		}
		if err != nil {
			return refusedAs(err, d.by.orgID, e)
		}
		return c.record(ctx, d.by.orgID, e)
	})
}
