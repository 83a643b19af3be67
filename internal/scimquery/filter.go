// Package scimquery has a directory in a [store.Store] answer what SCIM asks. It owns which
// path of a resource is which column or index of an entry, and refuses what a database could
// only answer by reading a directory time and again.
package scimquery

import (
	"fmt"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/filter"
	"github.com/accesssec/accesssec-go/store"
)

// Filter is the filter of a request, resolved, as a condition on entries: nil for nil. typ is
// store.EntryUser or store.EntryGroup. What a store can't answer, or not at a bounded cost, is
// a *[scim.Error] for the client.
//
// It finds what [filter.Match] finds in the resource, as long as the entry's Index is what
// [scim.Schemas.IndexUser] and [scim.Schemas.IndexGroup] make of it.
func Filter(x filter.Expr, typ string) (*store.Filter, error) {
	if x == nil {
		return nil, nil
	}
	p := pushed{typ: typ}
	f, err := p.expr(x)
	if err != nil {
		return nil, err
	}
	if p.cost > mostCost {
		return nil, &scim.Error{Status: 400, Type: scim.TooMany, Detail: "The filter asks for too much that can't be looked up; ask for equality with the userName, " +
			"the id, the externalId or an address, or send several requests."}
	}
	if err := f.Validate(); err != nil {
		return nil, invalidFilter("The filter has too many conditions, or nests too deeply, for the directory.")
	}
	return &f, nil
}

// Sort is the order of a request as one of entries. nil is the order in which they were made.
func Sort(by *filter.Attribute, desc bool) (store.Sort, error) {
	if by == nil {
		return store.Sort{Desc: desc}, nil
	}
	path, kind := searchedAs(by.Path)
	if kind == byMembers || by.Type == filter.Complex {
		return store.Sort{}, &scim.Error{Status: 400, Type: scim.InvalidPath, Detail: fmt.Sprintf("%s has no order.", by.Path)}
	}
	return store.Sort{Path: path, Desc: desc}, nil
}

func invalidFilter(format string, args ...any) *scim.Error {
	return &scim.Error{Status: 400, Type: scim.InvalidFilter, Detail: fmt.Sprintf(format, args...)}
}

// searching is the way in which a store finds the values of an attribute.
type searching int

const (
	byIndex searching = iota
	byColumn
	byMembers
)

// searchedAs is the path under which a store knows an attribute. The names of people and groups
// are asked of the index: the column is folded in the way of addresses and of teams, which is
// not that of SCIM.
func searchedAs(p filter.Path) (string, searching) {
	switch path := p.String(); path {
	case "id", "externalId", "active":
		return path, byColumn
	case "meta.created":
		return "created", byColumn
	case "meta.lastModified":
		return "modified", byColumn
	case "members", "members.value":
		return "members", byMembers
	default:
		return path, byIndex
	}
}

// pushed is a filter on its way into the store.
type pushed struct {
	typ    string
	within bool // an element
	cost   int  // so far
}

func (p *pushed) expr(x filter.Expr) (store.Filter, error) {
	switch x := x.(type) {
	case filter.And:
		parts, err := p.all(x)
		return store.Filter{And: parts}, err
	case filter.Or:
		parts, err := p.all(x)
		return store.Filter{Or: parts}, err
	case filter.Not:
		return negated(p.expr(x.Expr))
	case filter.Compare:
		if x.Op == filter.OpNotEqual {
			x.Op = filter.OpEqual
			return negated(p.compare(x))
		}
		return p.compare(x)
	case filter.Element:
		return p.element(x)
	}
	return store.Filter{}, invalidFilter("The filter is empty.")
}

func negated(f store.Filter, err error) (store.Filter, error) { return store.Filter{Not: &f}, err }

func (p *pushed) all(parts []filter.Expr) ([]store.Filter, error) {
	out := make([]store.Filter, len(parts))
	for i, x := range parts {
		var err error
		if out[i], err = p.expr(x); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (p *pushed) element(x filter.Element) (store.Filter, error) {
	path, kind := searchedAs(x.Attribute.Path)
	if kind != byIndex {
		return store.Filter{}, invalidFilter("%s can only be compared by eq with an id.", path)
	}
	switch inner := x.Expr.(type) {
	case filter.Or: // of one element any is any of one element, each found by itself
		parts := make([]store.Filter, len(inner))
		for i, part := range inner {
			var err error
			if parts[i], err = p.element(filter.Element{Attribute: x.Attribute, Expr: part}); err != nil {
				return store.Filter{}, err
			}
		}
		return store.Filter{Or: parts}, nil
	case filter.Compare:
		if inner.Op != filter.OpNotEqual {
			return p.compare(inner)
		}
	}
	inside := pushed{typ: p.typ, within: true}
	part, err := inside.expr(x.Expr)
	if err != nil {
		return store.Filter{}, err
	}
	p.cost += costOfElement(x.Expr, p.typ)
	return store.Filter{Path: path, Element: []store.Filter{part}}, nil
}

func (p *pushed) compare(c filter.Compare) (store.Filter, error) {
	p.cost += costOf(c, p.typ)
	path, kind := searchedAs(c.Attribute.Path)
	op, known := operator(c.Op)
	switch {
	case !known || c.Key == "" && op != store.OpPresent:
		return store.Filter{}, invalidFilter("%s can't be compared by %q.", c.Attribute.Path, c.Op)
	case p.within, kind == byIndex && c.Attribute.Type != filter.Complex:
		return store.Filter{Path: c.Attribute.Path.String(), Op: op, Value: c.Key}, nil
	case kind == byMembers && (op != store.OpEq || p.typ != store.EntryGroup):
		return store.Filter{}, invalidFilter("%s of a group can only be compared by eq with an id.", path)
	case kind == byIndex: // of a complex attribute: whether it is there
		return anything(path), nil
	}
	f := store.Filter{Path: path, Op: op, Value: c.Key}
	if path == "externalId" && (op == store.OpLess || op == store.OpAtMost) {
		// Those who have none come before all in a column, and are not compared in SCIM.
		return store.Filter{And: []store.Filter{{Path: path, Op: store.OpPresent}, f}}, nil
	}
	return f, nil
}

// anything holds when a complex attribute has any value: nothing comes before the empty text.
func anything(path string) store.Filter {
	return store.Filter{Path: path, Element: []store.Filter{{Not: &store.Filter{Path: path, Op: store.OpLess}}}}
}

func operator(op filter.Op) (store.Op, bool) {
	switch op {
	case filter.OpEqual:
		return store.OpEq, true
	case filter.OpContains:
		return store.OpContains, true
	case filter.OpStartsWith:
		return store.OpStarts, true
	case filter.OpEndsWith:
		return store.OpEnds, true
	case filter.OpPresent:
		return store.OpPresent, true
	case filter.OpGreaterThan:
		return store.OpGreater, true
	case filter.OpGreaterOrEqual:
		return store.OpAtLeast, true
	case filter.OpLessThan:
		return store.OpLess, true
	case filter.OpLessOrEqual:
		return store.OpAtMost, true
	}
	return "", false
}
