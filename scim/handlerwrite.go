package scim

import (
	"errors"
	"net/http"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// A write of a request, or of one operation of a bulk: what is done is the same.

// createUser makes a user, or brings back the one who was deactivated; again says which.
func (x *exchange) createUser(raw fields) (u User, again bool, err error) {
	wanted, err := x.h.users.parseUser(raw, &x.taken)
	if err != nil {
		return User{}, false, err
	}
	x.seen.ExternalID = noted(wanted.ExternalID)
	u, err = x.backend.CreateUser(x.ctx, wanted)
	_, own := errors.AsType[*Error](err)
	if errors.Is(err, ErrTaken) && !own && wanted.ExternalID != "" && x.taken.takes(ExternalIDAgain) {
		return x.reactivate(raw, wanted, err)
	}
	if err != nil {
		return User{}, false, err
	}
	if again = u.Meta.Created.Before(u.Meta.LastModified); again {
		x.taken.allow(ExternalIDAgain)
		x.happened(userKind, u.ID, u.ExternalID, EventPatch, x.names(u.ExternalID, u.Attributes))
		x.happened(userKind, u.ID, u.ExternalID, EventActivate, nil)
		return u, true, nil
	}
	x.happened(userKind, u.ID, u.ExternalID, EventCreate, x.names(u.ExternalID, u.Attributes))
	return u, false, nil
}

// reactivate takes the POST of somebody who is inactive, and known by the same externalId, for
// what it means: they are back, maybe under another userName. taken is why there can't be
// another one of them.
func (x *exchange) reactivate(raw fields, wanted User, taken error) (User, bool, error) {
	who, err := x.inactive(wanted.ExternalID)
	if err != nil {
		return User{}, false, err
	}
	if who == "" {
		return User{}, false, taken
	}
	put, err := x.h.users.replaceUser(raw, &x.taken)
	if err != nil {
		return User{}, false, err
	}
	u, err := x.changeUser(who, conditions{}, EventPatch, func(u *User) (bool, error) {
		if u.Active || u.ExternalID != wanted.ExternalID {
			return false, taken // somebody was quicker
		}
		changed, err := put(u)
		if u.Active != wanted.Active {
			u.Active, changed = wanted.Active, true
		}
		return changed, err
	})
	if errors.Is(err, ErrNotFound) {
		err = taken
	}
	if err != nil {
		return User{}, false, err
	}
	x.taken.allow(ExternalIDAgain)
	return u, true, nil
}

// inactive finds who is not active and has that externalId.
func (x *exchange) inactive(externalID string) (string, error) {
	q := Query{Limit: 1}
	for _, c := range []filter.Compare{
		{Attribute: filter.Attribute{Path: filter.Path{Name: "externalId"}}, Op: filter.OpEqual, Value: externalID},
		{Attribute: filter.Attribute{Path: filter.Path{Name: "active"}}, Op: filter.OpEqual, Value: false},
	} {
		resolved, err := filter.Resolve(c, x.h.users.lookup, nil)
		if err != nil {
			return "", err
		}
		if q.Filter == nil {
			q.Filter = resolved
		} else {
			q.Filter = filter.And{q.Filter, resolved}
		}
	}
	page, err := x.backend.Users(x.ctx, q)
	if err != nil || len(page.Items) == 0 {
		return "", err
	}
	return page.Items[0].ID, nil
}

// changeUser edits a user under its conditions, and tells what came of it.
func (x *exchange) changeUser(id string, c conditions, how string, edit func(*User) (bool, error)) (User, error) {
	var before map[string]any // as they were in the run that counts
	var active, wrote bool
	u, err := x.backend.ChangeUser(x.ctx, id, func(u *User) (bool, error) {
		if err := c.allowWrite(u.Meta.Version); err != nil {
			return false, err
		}
		active = u.Active
		if x.h.o.Event != nil {
			before = snapshot(u.ExternalID, u.Attributes())
		}
		var err error
		wrote, err = edit(u)
		return wrote, err
	})
	if err != nil || !wrote {
		return u, err
	}
	x.happened(userKind, u.ID, u.ExternalID, how, x.changes(before, u.ExternalID, u.Attributes))
	if u.Active != active {
		toggled := EventDeactivate
		if u.Active {
			toggled = EventActivate
		}
		x.happened(userKind, u.ID, u.ExternalID, toggled, nil)
	}
	return u, nil
}

func (x *exchange) deleteUser(id string, c conditions) error {
	externalID := ""
	err := x.backend.DeleteUser(x.ctx, id, func(u User) error {
		externalID = u.ExternalID
		return c.allowWrite(u.Meta.Version)
	})
	if err == nil {
		x.happened(userKind, id, externalID, EventDelete, nil)
	}
	return err
}

func (x *exchange) createGroup(raw fields) (Group, error) {
	wanted, members, err := x.h.groups.parseGroup(raw, &x.taken)
	if err != nil {
		return Group{}, err
	}
	x.seen.ExternalID = noted(wanted.ExternalID)
	m := MemberChange{Add: members, Strict: !x.taken.takes(UnknownMember)}
	g, skipped, err := x.backend.CreateGroup(x.ctx, wanted, m)
	if err != nil {
		return Group{}, err
	}
	x.skipped(skipped)
	names := x.names(g.ExternalID, g.Attributes)
	if len(members) > len(skipped) {
		names = append(names, "members")
	}
	x.happenedTo(g, EventCreate, names, m, skipped)
	return g, nil
}

// changeGroup is as changeUser.
func (x *exchange) changeGroup(id string, c conditions, how string, edit func(*Group) (bool, error), m MemberChange) (Group, error) {
	var before map[string]any
	var wrote bool
	m.Strict = !x.taken.takes(UnknownMember)
	g, skipped, err := x.backend.ChangeGroup(x.ctx, id, func(g *Group) (bool, error) {
		if err := c.allowWrite(g.Meta.Version); err != nil {
			return false, err
		}
		if x.h.o.Event != nil {
			before = snapshot(g.ExternalID, g.Attributes())
		}
		var err error
		wrote, err = edit(g)
		return wrote, err
	}, m)
	if err != nil {
		return Group{}, err
	}
	x.skipped(skipped)
	if wrote || !m.Empty() {
		var names []string
		if wrote {
			names = x.changes(before, g.ExternalID, g.Attributes)
		}
		if !m.Empty() {
			names = append(names, "members")
		}
		x.happenedTo(g, how, names, m, skipped)
	}
	return g, nil
}

func (x *exchange) deleteGroup(id string, c conditions) error {
	externalID := ""
	err := x.backend.DeleteGroup(x.ctx, id, func(g Group) error {
		externalID = g.ExternalID
		return c.allowWrite(g.Meta.Version)
	})
	if err == nil {
		x.happened(groupKind, id, externalID, EventDelete, nil)
	}
	return err
}

// mostSkipped ids are told of.
const mostSkipped = 10

// skipped notes which members were nobody.
func (x *exchange) skipped(ids []string) {
	if len(ids) == 0 {
		return
	}
	x.taken.allow(UnknownMember)
	for _, id := range ids {
		if len(x.seen.Skipped) == mostSkipped {
			return
		}
		x.seen.Skipped = append(x.seen.Skipped, noted(id))
	}
}

// noted is a client's text as far as it is noted, in bytes.
func noted(s string) string { return cutAt(s, 255) }

// The requests.

// post is a POST of a resource (RFC 7644, section 3.3).
func (x *exchange) post(kind resourceKind) error {
	raw, p, err := x.write(kind)
	if err != nil {
		return err
	}
	if kind == groupKind {
		g, err := x.createGroup(raw)
		if err != nil {
			return err
		}
		x.seen.ID = g.ID
		return x.showGroup(http.StatusCreated, g, p, x.membersShown(raw, p))
	}
	u, again, err := x.createUser(raw)
	if err != nil {
		return err
	}
	x.seen.ID = u.ID
	return x.showUser(http.StatusCreated, u, p, again)
}

// put is a PUT (RFC 7644, section 3.5.1).
func (x *exchange) put(kind resourceKind, id string) error {
	raw, p, err := x.write(kind)
	if err != nil {
		return err
	}
	if kind == groupKind {
		g, err := x.replaceGroup(id, conditionsOf(x.r.Header), raw)
		if err != nil {
			return err
		}
		return x.showGroup(http.StatusOK, g, p, x.membersShown(raw, p))
	}
	u, err := x.replaceUser(id, conditionsOf(x.r.Header), raw)
	if err != nil {
		return err
	}
	return x.showUser(http.StatusOK, u, p, true)
}

func (x *exchange) replaceUser(id string, c conditions, raw fields) (User, error) {
	edit, err := x.h.users.replaceUser(raw, &x.taken)
	if err != nil {
		return User{}, err
	}
	x.noteExternalID(raw)
	return x.changeUser(id, c, EventPut, edit)
}

func (x *exchange) replaceGroup(id string, c conditions, raw fields) (Group, error) {
	edit, m, err := x.h.groups.replaceGroup(raw, &x.taken)
	if err != nil {
		return Group{}, err
	}
	x.noteExternalID(raw)
	return x.changeGroup(id, c, EventPut, edit, m)
}

func (x *exchange) noteExternalID(raw fields) {
	v, _ := raw.named("externalId")
	s, _ := v.(string)
	x.seen.ExternalID = noted(s)
}

// patch is a PATCH (RFC 7644, section 3.5.2). Of a group there is an answer only for who asks
// for attributes.
func (x *exchange) patch(kind resourceKind, id string) error {
	p, err := x.shown(kind)
	if err != nil {
		return err
	}
	raw, err := x.body()
	if err != nil {
		return err
	}
	if kind == groupKind {
		g, err := x.patchGroup(id, conditionsOf(x.r.Header), raw)
		if err != nil {
			return err
		}
		if p == nil {
			x.begin(http.StatusNoContent, entityTag(g.Meta.Version), x.located(kind, g.ID))
			return x.end()
		}
		return x.showGroup(http.StatusOK, g, p, p.wants("members"))
	}
	u, err := x.patchUser(id, conditionsOf(x.r.Header), raw)
	if err != nil {
		return err
	}
	return x.showUser(http.StatusOK, u, p, true)
}

func (x *exchange) patchUser(id string, c conditions, raw map[string]any) (User, error) {
	if err := x.operationsOf(raw); err != nil {
		return User{}, err
	}
	edit, err := x.h.users.patchUser(raw, &x.taken)
	if err != nil {
		return User{}, err
	}
	return x.changeUser(id, c, EventPatch, edit)
}

func (x *exchange) patchGroup(id string, c conditions, raw map[string]any) (Group, error) {
	if err := x.operationsOf(raw); err != nil {
		return Group{}, err
	}
	edit, m, err := x.h.groups.patchGroup(raw, &x.taken)
	if err != nil {
		return Group{}, err
	}
	return x.changeGroup(id, c, EventPatch, edit, m)
}

// remove is a DELETE (RFC 7644, section 3.6).
func (x *exchange) remove(kind resourceKind, id string) error {
	c, err := conditionsOf(x.r.Header), error(nil)
	if kind == groupKind {
		err = x.deleteGroup(id, c)
	} else {
		err = x.deleteUser(id, c)
	}
	if err != nil {
		return err
	}
	x.begin(http.StatusNoContent, "", "")
	return x.end()
}

// shown is what a write asks to have in the answer.
func (x *exchange) shown(kind resourceKind) (*projection, error) {
	asked, err := x.parameters()
	if err != nil {
		return nil, err
	}
	return x.model(kind).projection(asked.attributes, asked.excluded)
}

// write reads what comes with a whole resource: it, and what shall be in the answer.
func (x *exchange) write(kind resourceKind) (fields, *projection, error) {
	p, err := x.shown(kind)
	if err != nil {
		return nil, nil, err
	}
	text, err := x.text()
	if err != nil {
		return nil, nil, err
	}
	raw, err := decodeFields(text, x.fields)
	clear(text) // as in body
	if cap(raw) <= mostFields {
		x.fields = raw
	}
	return raw, p, err
}

// membersShown says whether the answer to a write has the members: when they are asked for, or
// were in the request and are not asked to be left out. Else nobody wants to read them all.
func (x *exchange) membersShown(raw fields, p *projection) bool {
	if !p.wants("members") {
		return false
	}
	if p != nil {
		return true
	}
	_, named := raw.named("members")
	return named
}
