package filter_test

import (
	"strings"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// row is one value of a resource, as an index would keep it.
type row struct {
	path    string
	element int // of the multi-valued attribute that it is in
	value   any
}

// rowsOf writes all values of a resource down. Names with a dot or a colon are none that a
// path can tell.
func rowsOf(r map[string]any) []row {
	var rows []row
	attribute := func(prefix, name string, v any) {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for i, e := range list {
			if parts, ok := e.(map[string]any); ok {
				for sub, v := range parts {
					for _, v := range values(v) {
						rows = append(rows, row{prefix + name + "." + sub, i, v})
					}
				}
				continue
			}
			for _, v := range values(e) {
				rows = append(rows, row{prefix + name, i, v})
			}
		}
	}
	for name, v := range r {
		if extension, ok := v.(map[string]any); ok && strings.Contains(name, ":") {
			for sub, v := range extension {
				attribute(name+":", sub, v)
			}
			continue
		}
		attribute("", name, v)
	}
	return rows
}

// values are those of v that are something; what is complex within is not told apart.
func values(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		if v == "" {
			return nil
		}
	case []any:
		var all []any
		for _, e := range v {
			all = append(all, values(e)...)
		}
		return all
	case map[string]any:
		for _, e := range v {
			if len(values(e)) > 0 {
				return []any{v}
			}
		}
		return nil
	}
	return []any{v}
}

func naive(x filter.Expr, rows []row) bool {
	switch x := x.(type) {
	case filter.And:
		for _, p := range x {
			if !naive(p, rows) {
				return false
			}
		}
		return true
	case filter.Or:
		return !naive(allNot(x), rows)
	case filter.Not:
		return !naive(x.Expr, rows)
	case filter.Element:
		elements := map[int][]row{}
		for _, r := range rows {
			if strings.HasPrefix(r.path, x.Attribute.Path.String()+".") {
				elements[r.element] = append(elements[r.element], r)
			}
		}
		for _, rows := range elements {
			if naive(x.Expr, rows) {
				return true
			}
		}
	case filter.Compare:
		if x.Op == filter.OpNotEqual {
			x.Op = filter.OpEqual
			return !naive(x, rows)
		}
		for _, r := range rows {
			if under(r.path, x.Attribute) && meets(x, r.value) {
				return true
			}
		}
	}
	return false
}

// allNot holds when no operand of an "or" does.
func allNot(or filter.Or) filter.Expr {
	var and filter.And
	for _, p := range or {
		and = append(and, filter.Not{Expr: p})
	}
	return and
}

func under(path string, a filter.Attribute) bool {
	return path == a.Path.String() || a.Type == filter.Complex && strings.HasPrefix(path, a.Path.String()+".")
}

func meets(x filter.Compare, v any) bool {
	if x.Op == filter.OpPresent {
		return true
	}
	key, ok := x.Attribute.Key(v)
	if !ok || key == "" {
		return false
	}
	switch x.Op {
	case filter.OpEqual:
		return key == x.Key
	case filter.OpContains:
		return strings.Contains(key, x.Key)
	case filter.OpStartsWith:
		return strings.HasPrefix(key, x.Key)
	case filter.OpEndsWith:
		return strings.HasSuffix(key, x.Key)
	case filter.OpGreaterThan:
		return key > x.Key
	case filter.OpGreaterOrEqual:
		return key >= x.Key
	case filter.OpLessThan:
		return key < x.Key
	}
	return key <= x.Key
}
