package scim

import (
	"unicode/utf8"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// A memberFold folds what operations do to members, in their order, to at most one word on
// each.
type memberFold struct {
	clear bool
	in    map[string]bool // true: is in; false: is not
	order []string        // as first named since the last clear
}

func (f *memberFold) empty() {
	f.clear, f.in, f.order = true, nil, nil
}

func (f *memberFold) say(ids []string, in bool) {
	if f.in == nil {
		f.in = make(map[string]bool, len(ids))
	}
	for _, id := range ids {
		if _, said := f.in[id]; !said {
			f.order = append(f.order, id)
		}
		f.in[id] = in
	}
}

func (f *memberFold) change(l *leniency) MemberChange {
	m := MemberChange{Clear: f.clear, Strict: !l.takes(UnknownMember)}
	for _, id := range f.order {
		switch {
		case f.in[id]:
			m.Add = append(m.Add, id)
		case !f.clear:
			m.Remove = append(m.Remove, id)
		}
	}
	return m
}

// atMembers takes an operation on a group's members, who are chosen by their ids alone.
func (p *patch) atMembers(s step, value any, hasValue, keyed bool) error {
	if s.attr.field != inMembers {
		return notMutable(s.attr.said() + " is set once; add and remove whole members.")
	}
	if s.element != nil {
		if s.verb != remove {
			return notMutable("Members are added and removed, not changed; add them with the path " + quoted("members") + ".")
		}
		ids, err := idsOf(s.element, nil)
		if err != nil {
			return err
		}
		if hasValue && !p.in.l.allow(RemoveWithValue) {
			return invalid("A remove has no value.")
		}
		p.members.say(ids, false)
		return nil
	}
	switch {
	case s.verb == remove && !hasValue:
		p.members.empty()
		return nil
	case value == nil && keyed && p.in.l.allow(NullValue): // nothing is said of members
		return nil
	case value == nil:
		return invalid(`null for "members" may mean all or none; send an array.`)
	case s.verb == remove && !p.in.l.allow(RemoveWithValue):
		return invalid("A remove has no value; choose members in the path, as in " + quoted(`members[value eq "…"]`) + ".")
	}
	ids, err := p.in.memberIDs(value)
	if err != nil {
		return err
	}
	if s.verb == replace {
		p.members.empty()
	}
	p.members.say(ids, s.verb != remove)
	return nil
}

// idsOf are the ids that a filter names: one, or several with "or" between them.
func idsOf(x filter.Expr, out []string) ([]string, error) {
	switch x := x.(type) {
	case filter.Compare:
		if id, ok := x.Value.(string); ok && x.Op == filter.OpEqual && x.Attribute.Sub == "value" {
			return append(out, id), nil
		}
	case filter.Or:
		var err error
		for _, part := range x {
			if out, err = idsOf(part, out); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return nil, badPath("Members are chosen by their value, as in " + quoted(`members[value eq "…"]`) + ".")
}

// memberIDs are the ids in a value for members: an array of objects, one object, or the ids
// alone. What else stands in the objects does not count.
func (in intake) memberIDs(v any) ([]string, error) {
	if m, ok := v.(map[string]any); ok { // {"members": […]}, as Salesforce has it
		if inner, ok := lookFold(m, "members"); ok && len(m) == 1 && in.l.allow(RemoveWithValue) {
			v = inner
		}
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	if len(list) == 0 {
		return nil, nil
	}
	out := make([]string, 0, len(list))
	seen := make(map[string]bool, len(list))
	for _, e := range list {
		id, err := in.memberID(e)
		if err != nil {
			return nil, err
		}
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out, nil
}

func (in intake) memberID(e any) (string, error) {
	switch v := e.(type) {
	case map[string]any:
		id, ok := v["value"]
		if !ok {
			id, _ = lookFold(v, "value")
		}
		e = id
	case string:
		if !in.l.allow(ValueForComplex) {
			return "", invalid(`A member is an object such as {"value": "…"}.`)
		}
	}
	id, ok := e.(string)
	if !ok || id == "" {
		return "", invalid("A member has no value; that is the id of a user or group.")
	}
	if utf8.RuneCountInString(id) > shortText {
		return "", invalid("The value of a member is no id that was given out here; it is too long.")
	}
	return id, nil
}
