package filter

import (
	"cmp"
	"strings"
)

// Match reports whether a resource meets a filter. attributes are those of the resource as they
// are in JSON: maps, []any, and values as [Attribute.Key] takes them; what an extension adds is
// in a map under its URN. Of a filter that [Resolve] has made, names are looked up as they are.
// Of one that it has not, names are found whatever their case, all text is compared whatever
// its case, and an order is that of what the value happens to be.
//
// It is the reference: whoever answers filters in another way finds the same.
func Match(x Expr, attributes map[string]any) bool { return match(x, attributes, false) }

// MatchElement reports whether one element of a complex attribute meets the filter in an
// [Element] or in a [Target].
func MatchElement(x Expr, element map[string]any) bool { return match(x, element, true) }

// match is about a resource or, within an element, about that.
func match(x Expr, of map[string]any, within bool) bool {
	switch x := x.(type) {
	case And:
		for _, p := range x {
			if !match(p, of, within) {
				return false
			}
		}
		return true
	case Or:
		for _, p := range x {
			if match(p, of, within) {
				return true
			}
		}
		return false
	case Not:
		return !match(x.Expr, of, within)
	case Element:
		return !within && each(x.Attribute.top(of), func(v any) bool {
			element, ok := v.(map[string]any)
			return ok && present(v) && match(x.Expr, element, true)
		})
	case Compare:
		return x.holds(of, within)
	}
	return false
}

// holds compares.
func (c Compare) holds(of map[string]any, within bool) bool {
	if c.Attribute.Type == "" && c.Op != OpPresent {
		key, ok := "", c.Value == nil
		if !ok {
			key, ok = c.Attribute.Key(c.Value)
		}
		if !ok {
			return false
		}
		if key == "" {
			switch empty(c.Op) {
			case senseless:
				return false
			case ifAbsent:
				return !Compare{Attribute: c.Attribute, Op: OpPresent}.holds(of, within)
			}
			c.Op = OpPresent
		}
		c.Key = key
	}
	if c.Op == OpNotEqual {
		c.Op = OpEqual
		return !c.any(of, within)
	}
	return c.any(of, within)
}

// any reports whether one value of the attribute compares so.
func (c Compare) any(of map[string]any, within bool) bool {
	if within {
		return each(c.Attribute.get(of, c.Attribute.Sub), c.value)
	}
	top := c.Attribute.top(of)
	if c.Attribute.Sub == "" {
		return each(top, c.value)
	}
	return each(top, func(v any) bool {
		element, ok := v.(map[string]any)
		return ok && each(c.Attribute.get(element, c.Attribute.Sub), c.value)
	})
}

// value compares one.
func (c Compare) value(v any) bool {
	if c.Op == OpPresent {
		return present(v)
	}
	if element, ok := v.(map[string]any); ok { // of a complex attribute that is not resolved
		return each(c.Attribute.get(element, "value"), func(v any) bool {
			_, complex := v.(map[string]any)
			return !complex && c.value(v)
		})
	}
	key, ok := c.Attribute.Key(v)
	if !ok || key == "" {
		return false
	}
	switch c.Op {
	case OpEqual:
		return key == c.Key
	case OpContains:
		return strings.Contains(key, c.Key)
	case OpStartsWith:
		return strings.HasPrefix(key, c.Key)
	case OpEndsWith:
		return strings.HasSuffix(key, c.Key)
	}
	order := cmp.Compare(key, c.Key)
	switch c.Op {
	case OpGreaterThan:
		return order > 0
	case OpGreaterOrEqual:
		return order >= 0
	case OpLessThan:
		return order < 0
	case OpLessOrEqual:
		return order <= 0
	}
	return false
}

// top is the value of a's whole attribute.
func (a Attribute) top(of map[string]any) any {
	if a.URN != "" {
		of, _ = a.get(of, a.URN).(map[string]any)
	}
	return a.get(of, a.Name)
}

// get is what of has under name, whatever its case where a is not resolved.
func (a Attribute) get(of map[string]any, name string) any {
	if v, ok := of[name]; ok || a.Type != "" {
		return v
	}
	for key, v := range of {
		if strings.EqualFold(key, name) {
			return v
		}
	}
	return nil
}

// each asks of v, or of each of its elements, until one says yes.
func each(v any, yes func(any) bool) bool {
	switch v := v.(type) {
	case nil:
		return false
	case []any:
		for _, e := range v {
			if e != nil && yes(e) {
				return true
			}
		}
		return false
	}
	return yes(v)
}

// present reports whether v is a value (RFC 7643, section 2.5).
func present(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		for _, e := range v {
			if present(e) {
				return true
			}
		}
		return false
	case map[string]any:
		for _, e := range v {
			if present(e) {
				return true
			}
		}
		return false
	}
	return true
}

// SortKey is the key by which an order by a takes a resource (RFC 7644, section 3.4.2.3): of a
// multi-valued attribute that of the element that is primary, else of the first that has one.
// "" when there is none; such resources come last.
func SortKey(a Attribute, attributes map[string]any) string {
	top := a.top(attributes)
	list, ok := top.([]any)
	if !ok {
		return a.sortKey(top)
	}
	first := ""
	for _, e := range list {
		element, _ := e.(map[string]any)
		primary := a.get(element, "primary") == true
		if first != "" && !primary {
			continue
		}
		if key := a.sortKey(e); key != "" {
			first = key
		}
		if primary && first != "" {
			break
		}
	}
	return first
}

// sortKey is that of one element.
func (a Attribute) sortKey(v any) string {
	if element, ok := v.(map[string]any); ok {
		v = a.get(element, a.Path.Sub)
	}
	key, _ := a.Key(v)
	return key
}
