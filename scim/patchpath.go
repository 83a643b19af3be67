package scim

import (
	"errors"
	"strings"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// at compiles what an operation does at one path; keyed when that was a name in its value.
func (p *patch) at(op verb, path string, value any, hasValue, keyed bool) error {
	s := step{op: p.op, verb: op}
	known, err := p.locate(&s, path, keyed)
	if err != nil || !known {
		return err
	}
	root := rootOf(s.attr)
	switch root.field {
	case inSchemas:
		return p.schemas(op, value, keyed)
	case inPassword:
		return nil
	case inMembers:
		return p.atMembers(s, value, hasValue, keyed)
	}
	for a := s.attr; a != nil; a = a.parent {
		if a.writable == readOnly {
			return p.readOnly(a, keyed)
		}
	}
	if op == remove {
		return p.remove(s, value, hasValue, keyed)
	}
	return p.assign(s, value)
}

// readOnly answers an operation on what the server alone sets. In an object of many it is left
// out, where that is allowed.
func (p *patch) readOnly(a *attribute, keyed bool) error {
	if keyed && p.in.l.allow(ReadOnlyAttribute) {
		return nil
	}
	return notMutable(a.said() + " is read-only.")
}

// schemas answers an operation on "schemas", which follow from what a resource has.
func (p *patch) schemas(op verb, value any, keyed bool) error {
	if op == remove {
		return notMutable(`"schemas" follow from the attributes; remove those.`)
	}
	if keyed {
		p.in.l.allow(ReadOnlyAttribute)
		return nil
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	return checkSchemas(append([]any{p.m.urn}, list...), p.m.urn, p.m.longest, p.in.l)
}

// locate finds what a path names. known is false for what is left out since no schema has it.
func (p *patch) locate(s *step, path string, keyed bool) (known bool, err error) {
	head, brackets := path, false
	if i := strings.IndexByte(path, '['); i >= 0 {
		head, brackets = path[:i], true
	}
	a, how := p.m.find(head)
	switch {
	case a == nil:
		return false, p.unknown(path, keyed)
	case how == asBare && !p.in.l.allow(BareExtension):
		return false, badPath(quoted(path) + " is an attribute of an extension; name it " + a.said() + ".")
	case keyed && (brackets || a.parent != nil || !strings.EqualFold(head, a.name)) && how != asBare && !p.in.l.allow(DottedKey):
		return false, syntax(quoted(path) + " is no name of an attribute; send it as the path of an operation of its own.")
	}
	s.attr = a
	if !brackets {
		return true, nil
	}
	return p.locateElement(s, path, keyed)
}

// unknown answers what names no attribute. A path that is none at all is refused; a name in an
// object may be anything.
func (p *patch) unknown(path string, keyed bool) error {
	if keyed && p.in.l.allow(UnknownAttribute) {
		return nil
	}
	if _, err := filter.ParseTarget(path); err != nil {
		return pathError(path, err)
	}
	if !p.in.l.allow(UnknownAttribute) {
		return badPath("There is no attribute " + quoted(path) + ".")
	}
	return nil
}

func pathError(path string, err error) error {
	var e *filter.Error
	if errors.As(err, &e) {
		return &Error{Status: 400, Type: InvalidPath, Detail: "The path " + quoted(path) + " cannot be read: " + e.Detail + ".", Err: err}
	}
	return &Error{Status: 400, Type: InvalidPath, Detail: "The path " + quoted(path) + " cannot be read.", Err: err}
}

// locateElement reads what stands in brackets, and the sub-attribute behind them.
func (p *patch) locateElement(s *step, path string, keyed bool) (known bool, err error) {
	list := s.attr
	if !list.MultiValued || list.subs == nil {
		return false, badPath(list.said() + " has no elements to choose from; leave the brackets out.")
	}
	parsed, err := filter.ParseTarget(path)
	if err != nil {
		return false, pathError(path, err)
	}
	sub := parsed.Sub
	parsed.Path, parsed.Sub = list.Path, ""
	target, err := filter.ResolveTarget(parsed, p.m.lookupAny, &filter.Options{Lenient: p.in.l.filterRule})
	if err != nil {
		return false, pathError(path, err)
	}
	s.element, s.terms = target.Element, filter.Terms(target.Element)
	if sub != "" {
		if s.attr = named(list.names, sub); s.attr == nil {
			return false, p.unknown(path, keyed)
		}
	}
	s.seed = p.seedOf(list, target.Element)
	return true, nil
}

// lookupAny is lookup for the paths of a PATCH, which may choose by what no filter may ask for,
// but never by what is never returned: whether an element is found would tell what it holds.
func (m *model) lookupAny(p filter.Path) (filter.Attribute, bool) {
	a := m.at(p)
	if a == nil || a.extension {
		return filter.Attribute{}, false
	}
	for x := a; x != nil; x = x.parent {
		if x.served == never {
			return filter.Attribute{}, false
		}
	}
	return a.Attribute, true
}

// seedOf is the element that an expression describes, when that is made of "eq" alone; nil
// when it is not, or describes none that could be.
func (p *patch) seedOf(list *attribute, x filter.Expr) map[string]any {
	terms, ok := x.(filter.And)
	if !ok {
		terms = filter.And{x}
	}
	seed := make(map[string]any, len(terms)+1)
	for _, t := range terms {
		c, ok := t.(filter.Compare)
		if !ok || c.Op != filter.OpEqual {
			return nil
		}
		sub := list.names[c.Attribute.Sub]
		if sub == nil || sub.writable == readOnly {
			return nil
		}
		v, err := p.in.one(sub, c.Value)
		if err != nil || v == nil {
			return nil
		}
		if old, twice := seed[sub.name]; twice && !same(old, v) {
			return nil
		}
		seed[sub.name] = v
	}
	return seed
}

// assign compiles an add or a replace.
func (p *patch) assign(s step, value any) error {
	a := s.attr
	if value == nil {
		if !p.in.l.allow(NullValue) {
			return invalid("null is no value for " + a.said() + "; send a remove operation.")
		}
		if s.verb == add && a.MultiValued {
			return nil
		}
	}
	in, whole := p.in, *a
	if s.element != nil && a.MultiValued { // the value is that of one element
		whole.MultiValued = false
		a = &whole
	}
	v, err := in.value(a, value)
	if err != nil {
		return err
	}
	if v == nil {
		switch {
		case s.attr.required:
			return invalid(s.attr.said() + " is required.")
		case s.element != nil && s.attr.MultiValued && value != nil:
			return invalid("An element of " + s.attr.said() + " takes an object.")
		case s.verb == add && s.attr.MultiValued: // of nothing
			return nil
		}
		s.verb = remove
	}
	s.v = v
	p.steps = append(p.steps, s)
	return nil
}

// remove compiles a remove. With a value it removes of a multi-valued attribute just those that
// the value names (Entra); a value of none removes none.
func (p *patch) remove(s step, value any, hasValue, keyed bool) error {
	a := s.attr
	if a.required {
		return notMutable(a.said() + " is required; it cannot be removed.")
	}
	several := a.MultiValued && s.element == nil
	switch {
	case keyed && !several:
		return noTarget("A remove needs a path.")
	case !hasValue:
	case !p.in.l.allow(RemoveWithValue):
		return invalid("A remove has no value; choose elements in the path, as in " + quoted(`emails[value eq "…"]`) + ".")
	case several && value == nil:
		return invalid("A remove of " + a.said() + " with the value null may mean all or none; leave the value out, or name what goes.")
	case several:
		var err error
		if s.chosen, err = p.chosen(a, value); err != nil || len(s.chosen) == 0 {
			return err
		}
	}
	p.steps = append(p.steps, s)
	return nil
}

// chosen are the keys of the elements of a that value names: by their "value" alone, whatever
// else is said of them.
func (p *patch) chosen(a *attribute, value any) ([]string, error) {
	by := a
	if a.subs != nil {
		if by = a.value; by == nil {
			return nil, invalid("Elements of " + a.said() + " have no value to be named by; choose them in the path.")
		}
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	if len(list) > maxElements {
		return nil, tooMany(a)
	}
	out := make([]string, 0, len(list))
	for _, e := range list {
		if m, ok := e.(map[string]any); ok && a.subs != nil {
			if e, ok = m[by.name]; !ok {
				e, _ = lookFold(m, by.name)
			}
		}
		key, ok := by.Key(e)
		if !ok {
			return nil, invalid("A remove of " + a.said() + " names an element without a value.")
		}
		out = append(out, key)
	}
	return out, nil
}
