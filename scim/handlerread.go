package scim

import (
	"net/http"
	"net/url"
)

// membersAtOnce are read of a group while it is written out.
const membersAtOnce = 1000

// get answers with one resource (RFC 7644, section 3.4.1).
func (x *exchange) get(kind resourceKind, id string) error {
	p, err := x.parameters()
	if err != nil {
		return err
	}
	q, err := x.model(kind).projection(p.attributes, p.excluded)
	if err != nil {
		return err
	}
	c := conditionsOf(x.r.Header)
	if kind == groupKind {
		g, err := x.backend.Group(x.ctx, id)
		if err != nil {
			return err
		}
		// The version says nothing of who is in the group.
		if done, err := x.unchanged(c, g.Meta.Version, q.wants("members"), kind, g.ID); done || err != nil {
			return err
		}
		return x.showGroup(http.StatusOK, g, q, q.wants("members"))
	}
	u, err := x.backend.User(x.ctx, id)
	if err != nil {
		return err
	}
	if done, err := x.unchanged(c, u.Meta.Version, false, kind, u.ID); done || err != nil {
		return err
	}
	return x.showUser(http.StatusOK, u, q, true)
}

// unchanged answers who has that version already. more: they may not have all that they ask
// for.
func (x *exchange) unchanged(c conditions, version string, more bool, kind resourceKind, id string) (bool, error) {
	if c.none() {
		return false, nil
	}
	same, err := c.allowRead(version)
	if err != nil || !same || more {
		return false, err
	}
	x.begin(http.StatusNotModified, entityTag(version), x.located(kind, id))
	return true, x.end()
}

// located is where a resource is.
func (x *exchange) located(kind resourceKind, id string) string {
	return x.base + kind.path() + "/" + url.PathEscape(id)
}

// showUser answers with a user. inGroups is false where they can't be in one yet.
func (x *exchange) showUser(status int, u User, p *projection, inGroups bool) error {
	var groups []Member
	if inGroups && p.wants("groups") {
		of, err := x.backend.GroupsOf(x.ctx, []string{u.ID})
		if err != nil {
			return err
		}
		groups = of[u.ID]
	}
	x.begin(status, entityTag(u.Meta.Version), x.located(userKind, u.ID))
	x.b = x.h.users.appendUser(x.b[:0], u, groups, x.base, p)
	return x.end()
}

// showGroup answers with a group, and with its members if they are asked for.
func (x *exchange) showGroup(status int, g Group, p *projection, members bool) error {
	var list func([]byte) ([]byte, error)
	if members {
		list = x.membersOf(g.ID, p)
	}
	x.begin(status, entityTag(g.Meta.Version), x.located(groupKind, g.ID))
	b, err := x.h.groups.appendGroup(x.b[:0], g, x.base, p, list)
	if err != nil {
		return err
	}
	x.b = b
	return x.end()
}

// membersOf writes the members of a group as an array, and sends it in parts as it grows.
func (x *exchange) membersOf(id string, p *projection) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		b = append(b, '[')
		after, some := "", false
		for {
			members, next, err := x.backend.Members(x.ctx, id, after, membersAtOnce)
			if err != nil {
				return b, err
			}
			for _, m := range members {
				if some {
					b = append(b, ',')
				}
				some = true
				b = x.h.groups.appendMember(b, m, x.base, p)
			}
			if next == "" || next == after {
				return append(b, ']'), nil
			}
			b, after = x.spill(b), next
		}
	}
}
