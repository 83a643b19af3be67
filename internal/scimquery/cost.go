package scimquery

import (
	"github.com/accesssec/accesssec-go/scim/filter"
	"github.com/accesssec/accesssec-go/store"
)

// What a comparison costs at most. One unit is a look at one column of each entry; it was
// measured on directories of fifty thousand, where conditions that no index narrows down take
// as long as there are people, each.
const (
	free     = 0  // a key finds one
	oneLook  = 1  // a column, beside what is read anyway
	fewFound = 1  // an index finds few, unless many share an address
	lookUp   = 4  // the index of values is read for everybody
	allParts = 8  // each value of each element is read
	unled    = 16 // and a question is asked of each

	mostCost = 24
)

// costOf is what c costs when it is asked by itself.
func costOf(c filter.Compare, typ string) int {
	equal := c.Op == filter.OpEqual || c.Op == filter.OpNotEqual
	path, kind := searchedAs(c.Attribute.Path)
	switch {
	case kind == byMembers:
		return free
	case kind == byColumn && equal && c.Attribute.Type == filter.String: // an id
		return free
	case kind == byColumn:
		return oneLook
	case equal && (path == "userName" || path == "displayName" && typ == store.EntryGroup): // unique
		return free
	case equal && path == "emails.value":
		return fewFound
	case c.Attribute.Type == filter.Complex:
		return allParts
	}
	return lookUp
}

// costOfElement is what a filter on elements costs. Where one comparison has to hold, the
// others are asked of what it has found; else each is asked of each value of each element.
func costOfElement(x filter.Expr, typ string) int {
	switch lead := leading(x, typ); {
	case lead < lookUp:
		return lead
	case lead == lookUp:
		return lookUp * filter.Terms(x)
	}
	return unled * filter.Terms(x)
}

// leading is the least that a comparison costs which has to hold and looks for a value; more
// than any costs when there is none.
func leading(x filter.Expr, typ string) int {
	switch x := x.(type) {
	case filter.And:
		least := mostCost
		for _, p := range x {
			least = min(least, leading(p, typ))
		}
		return least
	case filter.Compare:
		if x.Op != filter.OpNotEqual {
			return costOf(x, typ)
		}
	}
	return mostCost
}
