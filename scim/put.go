package scim

import "maps"

// parseUser reads the body of a POST.
func (m *model) parseUser(raw fields, l *leniency) (User, error) {
	u, _, err := m.readUser(raw, l)
	return u, err
}

func (m *model) readUser(raw fields, l *leniency) (User, body, error) {
	u := User{Active: true}
	b := body{draft: draft{m: m, user: &u}, in: intake{l: l}}
	err := b.read(raw)
	return u, b, err
}

// parseGroup reads the body of a POST, and the ids of the members in it.
func (m *model) parseGroup(raw fields, l *leniency) (Group, []string, error) {
	g, b, err := m.readGroup(raw, l)
	return g, b.members, err
}

func (m *model) readGroup(raw fields, l *leniency) (Group, body, error) {
	g := Group{}
	b := body{draft: draft{m: m, group: &g}, in: intake{l: l}}
	err := b.read(raw)
	return g, b, err
}

// A body is a whole resource as a client sends it.
type body struct {
	draft
	in         intake
	active     bool     // "active" is in it
	hasMembers bool     // "members" is in it, be it empty
	members    []string // their ids
}

func (b *body) read(raw fields) error {
	b.own = true // Extra is nil
	schemas, _ := raw.named("schemas")
	if err := checkSchemas(schemas, b.m.urn, b.m.longest, b.in.l); err != nil {
		return err
	}
	var last *attribute
	var room [partsRoom]part
	parts := room[:0]
	for i := range raw {
		parts = append(parts, b.m.part(raw[i].name, raw[i].value))
	}
	for _, x := range inOrder(parts) {
		a, err := b.attribute(x)
		if err != nil {
			return err
		}
		if a == nil {
			continue
		}
		if a == last {
			return syntax("The body has " + a.said() + " twice.")
		}
		last = a
		if err := b.take(a, x.value); err != nil {
			return err
		}
	}
	for _, a := range b.m.roots {
		if a.demanding {
			if err := a.complete(b.get(a)); err != nil {
				return err
			}
		}
	}
	b.first = nil
	return b.check()
}

// attribute is what a name in the body stands for; nil: it is left out.
func (b *body) attribute(x part) (*attribute, error) {
	a := x.attr
	if a != nil && (x.how == inBrackets || a.parent != nil && a.parent.MultiValued) {
		a = nil
	}
	switch {
	case a == nil:
		if !b.in.l.allow(UnknownAttribute) {
			return nil, syntax("There is no attribute " + quoted(x.name) + ".")
		}
	case x.how == asBare:
		if !b.in.l.allow(BareExtension) {
			return nil, syntax(quoted(x.name) + " is an attribute of an extension; send it in an object named " + quoted(rootOf(a).name) + ".")
		}
	case a.parent != nil || len(a.name) != len(x.name):
		if !b.in.l.allow(DottedKey) {
			return nil, syntax(quoted(x.name) + " is no name of an attribute; send it in the object that it is a part of.")
		}
	}
	return a, nil
}

func (b *body) take(a *attribute, v any) error {
	switch rootOf(a).field {
	case inSchemas, inID, inMeta, inGroupsOf, inPassword:
		return nil
	case inMembers:
		if b.hasMembers = v != nil; !b.hasMembers {
			return nil
		}
		var err error
		b.members, err = b.in.memberIDs(v)
		return err
	}
	for x := a; x != nil; x = x.parent {
		if x.writable == readOnly {
			return nil
		}
	}
	value, err := b.in.value(a, v)
	if err != nil || value == nil {
		return err
	}
	b.active = b.active || a.field == inActive
	if a.parent == nil {
		b.set(a, value)
		return nil
	}
	return b.change(a, func(any) (any, error) { return value, nil })
}

// replaceUser reads the body of a PUT. What it leaves out is unassigned, but for "active",
// what is read-only or immutable, and what a client cannot read.
func (m *model) replaceUser(raw fields, l *leniency) (func(*User) (bool, error), error) {
	next, b, err := m.readUser(raw, l)
	if err != nil {
		return nil, err
	}
	return func(u *User) (bool, error) {
		n := next
		n.ID, n.Meta = u.ID, u.Meta
		if !b.active {
			n.Active = u.Active
		}
		extra, err := m.carry(u.Extra, next.Extra)
		if err != nil {
			return false, err
		}
		n.Extra = extra
		if sameUser(*u, n) {
			return false, nil
		}
		*u = n
		return true, nil
	}, nil
}

func sameUser(a, b User) bool {
	if a.ExternalID != b.ExternalID || a.UserName != b.UserName || a.Active != b.Active || a.Name != b.Name ||
		len(a.Emails) != len(b.Emails) {
		return false
	}
	for i := range a.Emails {
		if a.Emails[i] != b.Emails[i] {
			return false
		}
	}
	return same(anyMap(a.Extra), anyMap(b.Extra))
}

func anyMap(m map[string]any) any {
	if m == nil {
		m = map[string]any{}
	}
	return m
}

// replaceGroup reads the body of a PUT. A body without members, or with null for them, says
// nothing of them: nobody loses what they have by a client that does not send lists. [] is all
// out.
func (m *model) replaceGroup(raw fields, l *leniency) (func(*Group) (bool, error), MemberChange, error) {
	next, b, err := m.readGroup(raw, l)
	if err != nil {
		return nil, MemberChange{}, err
	}
	change := MemberChange{Clear: b.hasMembers, Add: b.members, Strict: !l.takes(UnknownMember)}
	return func(g *Group) (bool, error) {
		n := next
		n.ID, n.Meta = g.ID, g.Meta
		extra, err := m.carry(g.Extra, next.Extra)
		if err != nil {
			return false, err
		}
		n.Extra = extra
		if g.ExternalID == n.ExternalID && g.DisplayName == n.DisplayName && same(anyMap(g.Extra), anyMap(n.Extra)) {
			return false, nil
		}
		*g = n
		return true, nil
	}, change, nil
}

// carry is next with what a PUT does not touch of old.
func (m *model) carry(old, next map[string]any) (map[string]any, error) {
	out := maps.Clone(next)
	for _, a := range m.roots {
		if a.field != inExtra || !a.keeps {
			continue
		}
		v, err := a.carried(old[a.name], next[a.name])
		if err != nil {
			return nil, err
		}
		if v == nil {
			delete(out, a.name)
			continue
		}
		if out == nil {
			out = make(map[string]any, 2)
		}
		out[a.name] = v
	}
	return out, nil
}

// carried is what a PUT leaves of a, where there was old and the body has next.
func (a *attribute) carried(old, next any) (any, error) {
	switch {
	case old == nil:
		return next, nil
	case a.writable == readOnly:
		return old, nil
	case a.writable == immutable && next != nil && !same(old, next):
		return nil, notMutable(a.said() + " is set once, and is set already.")
	case next == nil && (a.writable == immutable || a.served == never):
		return old, nil
	}
	was, ok := old.(map[string]any)
	now, also := next.(map[string]any)
	if !a.keeps || !ok || next != nil && !also {
		return next, nil
	}
	stale := a.value != nil && !same(was[a.value.name], now[a.value.name])
	out := maps.Clone(now)
	for _, s := range a.subs {
		if !s.keeps || stale && s.writable == readOnly {
			continue
		}
		v, err := s.carried(was[s.name], now[s.name])
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		if out == nil {
			out = make(map[string]any, 2)
		}
		out[s.name] = v
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}
