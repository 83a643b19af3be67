package scim

import (
	"maps"
	"slices"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// apply makes the change.
func (s *step) apply(d *draft, l *leniency) error {
	if err := l.spend(d.weight(rootOf(s.attr)) * (1 + s.terms)); err != nil {
		return err
	}
	list := s.attr
	if !list.MultiValued && list.parent != nil && list.parent.MultiValued {
		list = list.parent
	}
	if s.element == nil && list == s.attr {
		return d.change(s.attr, s.whole)
	}
	return d.change(list, func(old any) (any, error) { return s.elements(list, old, l) })
}

// whole is what the step makes of all of its attribute.
func (s *step) whole(old any) (any, error) {
	a := s.attr
	switch {
	case s.verb == remove && s.chosen != nil:
		return s.without(old), nil
	case s.v == nil:
		return a.servers(old), nil
	case a.MultiValued && s.verb == add:
		return s.union(old)
	case a.Type == filter.Complex && !a.MultiValued:
		return merge(a, old, s.v)
	}
	return s.v, nil
}

// servers is what stays of old when a client removes all of a: the parts that are read-only, for
// they are not the client's to remove. Those that belong to a "value" go with it.
func (a *attribute) servers(old any) any {
	was, ok := old.(map[string]any)
	if !ok || a.MultiValued || a.value != nil {
		return nil
	}
	var kept map[string]any
	for _, s := range a.subs {
		v := was[s.name]
		if v != nil && s.writable != readOnly {
			v = s.servers(v)
		}
		if v == nil {
			continue
		}
		if kept == nil {
			kept = make(map[string]any, 2)
		}
		kept[s.name] = v
	}
	if kept == nil {
		return nil
	}
	return kept
}

// without is the list old but for the chosen.
func (s *step) without(old any) any {
	list, _ := old.([]any)
	out := make([]any, 0, len(list))
	for _, e := range list {
		by, v := s.attr, e
		if by.subs != nil {
			m, _ := e.(map[string]any)
			by, v = by.value, m[by.value.name]
		}
		if key, ok := by.Key(v); ok && slices.Contains(s.chosen, key) {
			continue
		}
		out = append(out, e)
	}
	return listOrNone(out)
}

func listOrNone(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

// merge is old with the parts of v: what v does not name stays (RFC 7644, section 3.5.2.3), and
// what v has as nil goes.
func merge(a *attribute, old, v any) (any, error) {
	was, _ := old.(map[string]any)
	parts, _ := v.(map[string]any)
	out := make(map[string]any, len(was)+len(parts))
	maps.Copy(out, was)
	for _, s := range a.subs {
		part, ok := parts[s.name]
		if !ok {
			continue
		}
		now, err := s.settle(was[s.name], func(old any) (any, error) {
			switch {
			case part == nil:
				return s.servers(old), nil
			case s.Type == filter.Complex && !s.MultiValued:
				return merge(s, old, part)
			}
			return part, nil
		})
		if err != nil {
			return nil, err
		}
		if now == nil {
			delete(out, s.name)
			continue
		}
		out[s.name] = now
		if s == a.value && was[s.name] != nil && !same(was[s.name], now) {
			dropStale(a, out, parts)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// union is old and, behind it, what v has that old has not. An element of the same value and
// type is the same one, and is merged (RFC 7643, section 2.4).
func (s *step) union(old any) (any, error) {
	a := s.attr
	was, _ := old.([]any)
	more, _ := s.v.([]any)
	out := slices.Clone(was)
	ids := make([]string, len(was), len(was)+len(more))
	for i, e := range was {
		ids[i] = a.identity(e)
	}
	fresh := -1
	for _, e := range more {
		id := a.identity(e)
		i := slices.Index(ids, id)
		if i < 0 {
			i = len(out)
			out, ids = append(out, e), append(ids, id)
		} else if a.subs != nil {
			m, err := merge(a, out[i], e)
			if err != nil {
				return nil, err
			}
			out[i] = m
		}
		if isPrimary(a, e) {
			fresh = i
		}
	}
	if len(out) > maxElements {
		return nil, tooMany(a)
	}
	demote(a, out, fresh)
	return out, nil
}

// identity is what two elements of a have alike when they are one: their value and type, where
// they have a value, else all that is in them.
func (a *attribute) identity(e any) string {
	m, ok := e.(map[string]any)
	if !ok {
		b, _ := appendOne(nil, a, e, nil)
		return string(b)
	}
	if a.value != nil {
		if key, ok := a.value.Key(m[a.value.name]); ok {
			if kind := a.names["type"]; kind != nil {
				of, _ := kind.Key(m[kind.name])
				key += "\x00" + of
			}
			return key
		}
	}
	b := []byte{0} // as no key begins
	for _, s := range a.subs {
		if v, ok := m[s.name]; ok {
			b, _ = appendOne(append(b, s.key...), s, v, nil)
		}
	}
	return string(b)
}

// demote leaves the element at only as the primary one; -1: nothing has become that.
func demote(a *attribute, list []any, only int) {
	if only < 0 {
		return
	}
	for i, e := range list {
		if i != only && isPrimary(a, e) {
			m := maps.Clone(e.(map[string]any))
			m[a.primary.name] = false
			list[i] = m
		}
	}
}

// elements is what the step makes of the elements that it is about.
func (s *step) elements(list *attribute, old any, l *leniency) (any, error) {
	was, _ := old.([]any)
	out := make([]any, 0, len(was)+1)
	hits, fresh := 0, -1
	for _, e := range was {
		m, _ := e.(map[string]any)
		if s.element != nil && !filter.MatchElement(s.element, m) {
			out = append(out, e)
			continue
		}
		hits++
		v, err := s.element1(list, m)
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		if s.setsPrimary(list) {
			fresh = len(out)
		}
		out = append(out, v)
	}
	if hits == 0 {
		v, err := s.none(list, l)
		if err != nil || v == nil {
			return old, err
		}
		if isPrimary(list, v) {
			fresh = len(out)
		}
		out = append(out, v)
		if len(out) > maxElements {
			return nil, tooMany(list)
		}
	}
	demote(list, out, fresh)
	return listOrNone(out), nil
}

// setsPrimary reports whether the step makes an element the primary one.
func (s *step) setsPrimary(list *attribute) bool {
	if list.primary == nil {
		return false
	}
	if s.attr == list.primary {
		return s.v == true
	}
	return s.attr == list && isPrimary(list, s.v)
}

// element1 is what becomes of one element; nil: it goes.
func (s *step) element1(list *attribute, m map[string]any) (any, error) {
	if s.attr == list {
		if s.verb == remove {
			return nil, nil
		}
		return merge(list, m, s.v)
	}
	v, err := s.attr.settle(m[s.attr.name], func(any) (any, error) { return s.v, nil })
	if err != nil {
		return nil, err
	}
	return with(s.attr, m, v), nil
}

// none is the element that is made when there is none that the step is about.
func (s *step) none(list *attribute, l *leniency) (any, error) {
	if s.verb == remove {
		if s.element != nil && !l.allow(ElementAbsent) {
			return nil, noTarget("No element of " + list.said() + " is as the path says.")
		}
		return nil, nil
	}
	if s.element != nil && s.seed == nil || !l.allow(ElementCreated) {
		return nil, noTarget("No element of " + list.said() + " is as the path says.")
	}
	v := s.v
	if s.attr != list {
		v = map[string]any{s.attr.name: s.v}
	}
	return merge(list, s.seed, v)
}
