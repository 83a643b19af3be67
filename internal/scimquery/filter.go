// Package scimquery has a directory in a [store.Store] answer what SCIM asks. It owns which
// path of a resource is which column or index of an entry, and refuses what a database could
// only answer by reading a directory time and again.
package scimquery

import (
	"fmt"
	"slices"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/filter"
	"github.com/accesssec/accesssec-go/store"
)

// mostWide is how many conditions of one filter may be such that no index narrows them down.
// Each costs a look at that value of everybody in the directory, at every page.
const mostWide = 10

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
	if p.wide > mostWide {
		return nil, invalidFilter("The filter asks in %d places for what can't be looked up, and %d is the most; "+
			"ask for equality or a beginning of the userName, an address or the externalId, or send several requests.", p.wide, mostWide)
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
	wide   int  // conditions that no index narrows down
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
	// Where one comparison finds few, the others are asked of those alone.
	found := *p
	found.within = true
	part, err := found.expr(x.Expr)
	if err != nil {
		return store.Filter{}, err
	}
	if leads(x.Expr) {
		found.wide = p.wide
	}
	p.wide = found.wide
	return store.Filter{Path: path, Element: []store.Filter{part}}, nil
}

// leads reports whether one comparison that has to hold is one that an index narrows down.
func leads(x filter.Expr) bool {
	if c, ok := x.(filter.Compare); ok {
		return !wide(c)
	}
	and, ok := x.(filter.And)
	return ok && slices.ContainsFunc(and, leads)
}

// wide reports whether c is asked of each entry in turn, or may hold for most of them, as far
// as anybody can tell: all but equality with, and a beginning of, what tells people apart.
func wide(c filter.Compare) bool {
	if c.Op != filter.OpEqual && c.Op != filter.OpStartsWith || c.Attribute.Type == filter.Boolean {
		return true
	}
	switch c.Attribute.Path.String() {
	case "id", "externalId", "userName", "displayName":
		return false
	}
	return c.Attribute.Sub != "value" // an address, a number, a member, a manager
}

func (p *pushed) compare(c filter.Compare) (store.Filter, error) {
	if wide(c) {
		p.wide++
	}
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
