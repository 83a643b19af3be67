package filter

import "encoding/json"

// Resolve gives a filter its meaning by the schemas that look knows. In what it returns
//
//   - each Attribute is the one that look has found, under its canonical path
//   - a complex attribute is compared by its sub-attribute "value"
//   - each Compare has an operator and a Value that fit its attribute, and a Key that is not
//     "", but for OpPresent, which has neither: a comparison with null or "" has become one,
//     or a [Not] of one, since both mean that the attribute is not assigned (RFC 7643, section
//     2.5)
//   - an Element of one comparison has become that comparison, where it means the same
//
// Ordering a boolean or a binary is refused, as RFC 7644 has it, and so is looking for parts of
// what is no text. Of opts only Lenient counts. x itself stays as it is; the error is an
// *[Error].
func Resolve(x Expr, look Lookup, opts *Options) (Expr, error) {
	return resolver{look: look, opts: opts}.expr(x)
}

type resolver struct {
	look Lookup
	opts *Options
	in   *Attribute // whose elements are asked about; nil: none
}

func (r resolver) expr(x Expr) (Expr, error) {
	switch x := x.(type) {
	case And:
		parts, err := r.all(x)
		return And(parts), err
	case Or:
		parts, err := r.all(x)
		return Or(parts), err
	case Not:
		part, err := r.expr(x.Expr)
		return Not{part}, err
	case Compare:
		return r.compare(x)
	case Element:
		return r.element(x)
	}
	return nil, refuse("an operand is missing")
}

func (r resolver) all(parts []Expr) ([]Expr, error) {
	out := make([]Expr, len(parts))
	for i, x := range parts {
		var err error
		if out[i], err = r.expr(x); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// attribute finds the one that p means. Within an element that is one of its sub-attributes.
func (r resolver) attribute(p Path) (Attribute, error) {
	asked := p
	if r.in != nil {
		p.URN, p.Name = r.in.URN, r.in.Name
	}
	a, ok := r.look(p)
	if !ok || a.Name == "" || r.in != nil && p.Sub == "" {
		return Attribute{}, refuse("there is no attribute %s to ask for", quote(asked.String()))
	}
	return a, nil
}

func (r resolver) element(x Element) (Expr, error) {
	if r.in != nil {
		return nil, refuse("brackets within brackets")
	}
	a, err := r.attribute(x.Attribute.Path)
	if err != nil {
		return nil, err
	}
	if a.Type != Complex || a.Sub != "" {
		return nil, refuse("%s has no sub-attributes to put in brackets", quote(a.Path.String()))
	}
	r.in = &a
	part, err := r.expr(x.Expr)
	if err != nil {
		return nil, err
	}
	if c, ok := part.(Compare); ok && c.Op != OpNotEqual {
		return c, nil // of any element, as it is in any case
	}
	return Element{Attribute: a, Expr: part}, nil
}

func (r resolver) compare(x Compare) (Expr, error) {
	a, err := r.attribute(x.Attribute.Path)
	if err != nil {
		return nil, err
	}
	if !known(x.Op) {
		return nil, refuse("there is no operator %s", quote(string(x.Op)))
	}
	if a.Type == Complex && x.Op != OpPresent && x.Value != nil {
		value, ok := r.look(Path{URN: a.URN, Name: a.Name, Sub: "value"})
		if !ok || a.Sub != "" {
			return nil, refuse("%s is complex: name one of its sub-attributes", quote(a.Path.String()))
		}
		a = value
	}
	c := Compare{Attribute: a, Op: x.Op}
	if x.Op == OpPresent {
		return c, nil
	}
	if x.Value != nil {
		if c.Value, c.Key, err = r.value(a, x.Value); err != nil {
			return nil, err
		}
		if err := fits(a, x.Op); err != nil {
			return nil, err
		}
	}
	if c.Key != "" {
		return c, nil
	}
	switch empty(x.Op) {
	case ifPresent:
		return Compare{Attribute: a, Op: OpPresent}, nil
	case ifAbsent:
		return Not{Compare{Attribute: a, Op: OpPresent}}, nil
	}
	return nil, refuse("%s: nothing comes before or after what is not assigned", quote(a.Path.String()))
}

// value is v as a value of a, and its key.
func (r resolver) value(a Attribute, v any) (any, string, error) {
	switch a.Type {
	case Boolean:
		if s, ok := v.(string); ok {
			if b, ok := booleanText(s); ok && r.opts.lenient(BooleanText) {
				v = b
			}
		}
	case Decimal, Integer:
	default:
		switch bare := v.(type) { // text without its quotes
		case json.Number:
			if r.opts.lenient(Unquoted) {
				v = string(bare)
			}
		case bool:
			if r.opts.lenient(Unquoted) {
				v = string(appendValue(nil, bare))
			}
		}
	}
	key, ok := a.Key(v)
	if !ok {
		return nil, "", refuse("%s takes %s, not %s", quote(a.Path.String()), takes(a.Type), quote(string(appendValue(nil, v))))
	}
	return v, key, nil
}

// takes says what values of a type look like.
func takes(t Type) string {
	switch t {
	case Boolean:
		return "true or false"
	case Decimal, Integer:
		return "a number"
	case DateTime:
		return `an instant like "2011-05-13T04:42:34Z"`
	}
	return "text in quotes"
}

func known(op Op) bool {
	_, ok := operator(string(op))
	return ok && op[0] >= 'a' && op[1] >= 'a'
}

// fits is nil where attributes like a can be compared by op.
func fits(a Attribute, op Op) error {
	ok := true
	switch op {
	case OpContains, OpStartsWith, OpEndsWith:
		ok = a.Type == String || a.Type == Reference || a.Type == ""
	case OpGreaterThan, OpGreaterOrEqual, OpLessThan, OpLessOrEqual:
		ok = a.Type != Boolean && a.Type != Binary
	}
	if !ok {
		return refuse("%s is of type %s, to which %q does not apply", quote(a.Path.String()), a.Type, op)
	}
	return nil
}

// What a comparison with null or with an empty text comes to.
type emptiness int

const (
	senseless emptiness = iota
	ifPresent
	ifAbsent
)

func empty(op Op) emptiness {
	switch op {
	case OpEqual:
		return ifAbsent
	case OpNotEqual, OpContains, OpStartsWith, OpEndsWith:
		return ifPresent
	}
	return senseless
}

// ResolveSort finds what a sortBy names (RFC 7644, section 3.4.2.3): an attribute that has an
// order, of a complex one its sub-attribute "value". The error is an *[Error].
func ResolveSort(path string, look Lookup) (Attribute, error) {
	p, ok := splitPath(path, false)
	if !ok || len(path) > defaultLength {
		return Attribute{}, refuse("%s is no attribute", quote(path))
	}
	a, err := resolver{look: look}.attribute(p)
	if err != nil {
		return Attribute{}, err
	}
	if a.Type == Complex {
		if a, ok = look(Path{URN: a.URN, Name: a.Name, Sub: "value"}); !ok || a.Type == Complex {
			return Attribute{}, refuse("%s is complex: name one of its sub-attributes", quote(path))
		}
	}
	return a, nil
}
