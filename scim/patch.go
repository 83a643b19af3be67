package scim

import (
	"slices"
	"strconv"
	"strings"

	"github.com/accesssec/accesssec-go/scim/filter"
)

const patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

type verb uint8

const (
	add verb = iota
	replace
	remove
)

// A step is one change that a PATCH makes. It holds nothing of a resource, so that it can be
// made again.
type step struct {
	op      int // the number of its operation, for messages
	verb    verb
	attr    *attribute
	element filter.Expr    // which elements of attr, or of what attr is a part of; nil: all
	terms   int            // the comparisons in element
	seed    map[string]any // the element that element describes; nil: it describes none
	v       any            // nil: unassign
	chosen  []string       // of a remove: keys of the values that go; nil: all go
}

// A patch is a PATCH request, compiled.
type patch struct {
	m       *model
	in      intake
	op      int
	steps   []step
	members memberFold
	spent   int // of the request, before this one
}

func (m *model) patchUser(raw map[string]any, l *leniency) (func(*User) (bool, error), error) {
	p, err := m.compilePatch(raw, l)
	if err != nil {
		return nil, err
	}
	return func(u *User) (bool, error) {
		next := *u
		d := draft{m: m, user: &next}
		if changed, err := p.apply(&d); err != nil || !changed {
			return false, err
		}
		*u = next
		return true, nil
	}, nil
}

func (m *model) patchGroup(raw map[string]any, l *leniency) (func(*Group) (bool, error), MemberChange, error) {
	p, err := m.compilePatch(raw, l)
	if err != nil {
		return nil, MemberChange{}, err
	}
	return func(g *Group) (bool, error) {
		next := *g
		d := draft{m: m, group: &next}
		if changed, err := p.apply(&d); err != nil || !changed {
			return false, err
		}
		*g = next
		return true, nil
	}, p.members.change(l), nil
}

func (p *patch) apply(d *draft) (bool, error) {
	if p.in.l != nil {
		p.in.l.work = p.spent // what an earlier run has done is not counted twice
	}
	for i := range p.steps {
		if err := p.steps[i].apply(d, p.in.l); err != nil {
			return false, numbered(err, p.steps[i].op, len(p.steps))
		}
	}
	if err := d.check(); err != nil {
		return false, err
	}
	if err := p.in.l.spend(d.size()); err != nil { // which is kept as a whole
		return false, err
	}
	return d.changed(), nil
}

// compilePatch reads a PatchOp message (RFC 7644, section 3.5.2).
func (m *model) compilePatch(raw map[string]any, l *leniency) (*patch, error) {
	p := &patch{m: m, in: intake{l: l, patch: true}}
	if l != nil {
		p.spent = l.work
	}
	var schemas, operations any
	for k, v := range raw {
		switch {
		case sameName(k, "schemas"):
			schemas = v
		case sameName(k, "Operations"):
			operations = v
		case !l.allow(ExtraKey):
			return nil, syntax("A PATCH has schemas and Operations; " + quoted(k) + " is neither.")
		}
	}
	if err := checkSchemas(schemas, patchSchema, nil, l); err != nil {
		return nil, err
	}
	list, ok := operations.([]any)
	if !ok {
		return nil, invalid("Operations is required: an array of operations.")
	}
	if len(list) == 0 && !l.allow(NoOperations) {
		return nil, invalid("Operations is empty; send at least one operation.")
	}
	for i, o := range list {
		p.op = i + 1
		if err := p.operation(o); err != nil {
			return nil, numbered(err, p.op, len(list))
		}
	}
	return p, nil
}

// numbered says which operation of several an error is about.
func numbered(err error, op, of int) error {
	e, ok := err.(*Error)
	if !ok || of < 2 {
		return err
	}
	out := *e
	out.Detail = "Operation " + strconv.Itoa(op) + ": " + e.Detail
	return &out
}

// checkSchemas checks the "schemas" of a body, which name what the body is, and for a resource
// the extensions in it. Those that nobody serves are left out, where that is allowed.
func checkSchemas(v any, want string, extensions []*attribute, l *leniency) error {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return invalid("schemas is required: an array with " + quoted(want) + " in it.")
	}
	found := false
	for _, x := range list {
		s, ok := x.(string)
		switch {
		case !ok:
			return invalid("schemas is an array of URNs.")
		case sameName(s, want):
			found = true
		case slices.ContainsFunc(extensions, func(e *attribute) bool { return sameName(e.name, s) }):
		case !l.allow(UnknownSchema):
			return invalid("The schema " + quoted(s) + " in schemas is not one of those that are served here.")
		}
	}
	if !found {
		return invalid("schemas does not have " + quoted(want) + " in it.")
	}
	return nil
}

// operation compiles one operation.
func (p *patch) operation(o any) error {
	given, ok := o.(map[string]any)
	if !ok {
		return syntax("An operation is an object with op, path and value.")
	}
	var name, path, value any
	hasValue := false
	for k, v := range given {
		switch {
		case sameName(k, "op"):
			name = v
		case sameName(k, "path"):
			path = v
		case sameName(k, "value"):
			value, hasValue = v, true
		case !p.in.l.allow(ExtraKey):
			return syntax("An operation has op, path and value; " + quoted(k) + " is none of them.")
		}
	}
	op, err := p.verb(name)
	if err != nil {
		return err
	}
	if op != remove && !hasValue {
		return invalid("An add or replace needs a value.")
	}
	if path == nil {
		return p.withoutPath(op, value)
	}
	text, ok := path.(string)
	if !ok {
		return &Error{Status: 400, Type: InvalidPath, Detail: "A path is a text."}
	}
	if strings.EqualFold(text, p.m.urn) { // the URN of the core schema is all of the resource
		return p.withoutPath(op, value)
	}
	return p.at(op, text, value, hasValue, false)
}

func (p *patch) verb(v any) (verb, error) {
	s, ok := v.(string)
	if ok {
		for i, name := range []string{"add", "replace", "remove"} {
			if s == name || strings.EqualFold(s, name) && p.in.l.allow(OpCase) {
				return verb(i), nil
			}
		}
		return 0, syntax(`An op is "add", "replace" or "remove", in lower case, and not ` + quoted(s) + ".")
	}
	return 0, syntax(`An op is "add", "replace" or "remove", in lower case.`)
}

// withoutPath takes the parts of value one by one, as if each had its path.
func (p *patch) withoutPath(op verb, value any) error {
	parts, ok := value.(map[string]any)
	if op == remove {
		if !ok || len(parts) == 0 || !p.in.l.allow(RemoveWithValue) {
			return noTarget("A remove needs a path.")
		}
	}
	if !ok {
		return invalid("Without a path, value is an object of attributes.")
	}
	var room [partsRoom]part
	list := room[:0]
	for name, v := range parts {
		list = append(list, p.m.part(name, v))
	}
	for _, x := range inOrder(list) {
		if err := p.at(op, x.name, x.value, true, true); err != nil {
			return err
		}
	}
	return nil
}

// partsRoom is for as many parts as nearly all objects have.
const partsRoom = 24

// A part is a name in an object of attributes, what it names (nil: nothing), and its value.
type part struct {
	name  string
	value any
	attr  *attribute
	how   finding

	place int // among what it is taken with
}

func (m *model) part(name string, value any) part {
	x := part{name: name, value: value}
	head, _, brackets := strings.Cut(name, "[")
	if x.attr, x.how = m.find(head); brackets && x.attr != nil {
		x.how = inBrackets
	}
	x.place = m.place(x.attr)
	return x
}

// inOrder sorts the parts of an object: what holds an attribute before the attribute, and the rest
// always the same way round.
func inOrder(parts []part) []part {
	slices.SortFunc(parts, func(a, b part) int {
		if a.place != b.place {
			return a.place - b.place
		}
		return strings.Compare(a.name, b.name)
	})
	return parts
}

func (m *model) place(a *attribute) int {
	if a == nil {
		return len(m.all)
	}
	return a.order
}

func noTarget(detail string) *Error { return &Error{Status: 400, Type: NoTarget, Detail: detail} }

func badPath(detail string) *Error { return &Error{Status: 400, Type: InvalidPath, Detail: detail} }
