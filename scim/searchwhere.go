package scim

import (
	"errors"
	"net/http"
	"strings"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// A where is a filter as far as a Backend is asked about it. What the type of a resource alone
// decides is worked out already.
type where struct {
	expr filter.Expr // nil: all
	ever bool        // false: it holds for nothing
}

func (w where) String() string {
	switch {
	case !w.ever:
		return "never"
	case w.expr == nil:
		return ""
	}
	return w.expr.String()
}

// where resolves the filter of a request for one type.
func (x *exchange) where(p parameters, kind resourceKind) (where, error) {
	parsed, err := x.parsed(p)
	if err != nil || parsed == nil {
		return where{ever: true}, err
	}
	return x.narrowed(parsed, kind)
}

func (x *exchange) parsed(p parameters) (filter.Expr, error) {
	if !p.given.filter {
		return nil, nil
	}
	parsed, err := filter.Parse(p.filter, &filter.Options{Lenient: x.taken.filterRule})
	if err != nil {
		return nil, filterFault(InvalidFilter, err)
	}
	return parsed, nil
}

// narrowed resolves a filter for one type.
func (x *exchange) narrowed(parsed filter.Expr, kind resourceKind) (where, error) {
	return x.narrowedBy(&narrowing{kind: kind, look: x.lookup(x.model(kind))}, parsed)
}

func (x *exchange) narrowedBy(n *narrowing, parsed filter.Expr) (where, error) {
	rest, is := n.narrow(parsed)
	if is != unclear {
		return where{ever: is == holds}, nil
	}
	resolved, err := filter.Resolve(rest, n.look, &filter.Options{Lenient: x.taken.filterRule})
	if err != nil && x.secret {
		return where{}, badRequest(Sensitive, "A filter in an address asks for what is never shown, and addresses stand in logs. What it was compared with may be known by now.")
	}
	if err != nil {
		return where{}, filterFault(InvalidFilter, err)
	}
	return where{expr: resolved, ever: true}, nil
}

// lookup is the model's, which notes what a filter names that the profile has to take, and what
// nobody may ask for.
func (x *exchange) lookup(m *model) filter.Lookup {
	return func(p filter.Path) (filter.Attribute, bool) {
		a, ok := m.lookup(p)
		switch {
		case !ok:
			x.secret = x.secret || x.r.Method != http.MethodPost && m.hides(p)
		case p.URN == "" && named(m.names, p.Name) == nil && !x.taken.allow(BareExtension):
			return filter.Attribute{}, false
		}
		return a, ok
	}
}

// filterFault is an error of a filter or path as the client gets it.
func filterFault(t ErrorType, err error) error {
	detail := strings.TrimPrefix(err.Error(), "filter: ")
	if e := (*filter.Error)(nil); errors.As(err, &e) {
		detail = e.Detail
	}
	what := "This filter can't be taken: "
	if t == InvalidPath {
		what = "This sortBy can't be taken: "
	}
	return &Error{Status: http.StatusBadRequest, Type: t, Detail: what + detail + ".", Err: err}
}

// truth is what is known of a filter without looking at a resource.
type truth uint8

const (
	unclear truth = iota
	holds
	fails
)

func truthOf(b bool) truth {
	if b {
		return holds
	}
	return fails
}

// A narrowing takes out of a filter what the type of the resource decides: meta.resourceType,
// and in a search over both types the attributes that one of them does not have.
type narrowing struct {
	kind  resourceKind
	look  filter.Lookup
	other filter.Lookup // of the other type, when both are searched; else nil
}

// narrow gives back what is left of e, where that is unclear.
func (n *narrowing) narrow(e filter.Expr) (filter.Expr, truth) {
	switch e := e.(type) {
	case filter.And:
		parts, is := n.parts(e, fails)
		if len(parts) > 1 {
			return filter.And(parts), is
		}
		return only(parts), is
	case filter.Or:
		parts, is := n.parts(e, holds)
		if len(parts) > 1 {
			return filter.Or(parts), is
		}
		return only(parts), is
	case filter.Not:
		rest, is := n.narrow(e.Expr)
		switch is {
		case holds:
			return nil, fails
		case fails:
			return nil, holds
		}
		return filter.Not{Expr: rest}, unclear
	case filter.Compare:
		return n.compare(e)
	case filter.Element:
		if _, ok := n.look(e.Attribute.Path); ok {
			return e, unclear
		}
		return e, n.absent(e.Attribute.Path, fails)
	}
	return e, unclear
}

// parts narrows those of an And or Or. One that is enough decides all; one that is not says
// nothing.
func (n *narrowing) parts(list []filter.Expr, enough truth) ([]filter.Expr, truth) {
	var left []filter.Expr
	decided := false
	for _, e := range list {
		rest, is := n.narrow(e)
		decided = decided || is == enough
		if is == unclear {
			left = append(left, rest)
		}
	}
	switch {
	case decided:
		return nil, enough
	case len(left) == 0:
		return nil, holds + fails - enough
	}
	return left, unclear
}

func only(parts []filter.Expr) filter.Expr {
	if len(parts) == 1 {
		return parts[0]
	}
	return nil
}

func (n *narrowing) compare(c filter.Compare) (filter.Expr, truth) {
	a, ok := n.look(c.Attribute.Path)
	switch {
	case ok && a.Path == filter.Path{Name: "meta", Sub: "resourceType"}:
		resolved, err := filter.Resolve(c, n.look, nil)
		if err != nil {
			return c, unclear // and so refused later, with all else
		}
		typed := map[string]any{"meta": map[string]any{"resourceType": n.kind.String()}}
		return nil, truthOf(filter.Match(resolved, typed))
	case ok:
		return c, unclear
	}
	// What is not there is not equal to anything, and equal to null.
	null := c.Op != filter.OpPresent && (c.Value == nil || c.Value == "")
	return c, n.absent(c.Attribute.Path, truthOf(null == (c.Op == filter.OpEqual) && (c.Op == filter.OpEqual || c.Op == filter.OpNotEqual)))
}

// absent is what holds of an attribute that the type does not have. One that neither type has
// is left to Resolve, which refuses it.
func (n *narrowing) absent(p filter.Path, is truth) truth {
	if n.other == nil {
		return unclear
	}
	if _, ok := n.other(p); !ok {
		return unclear
	}
	return is
}
