package sqlstore

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/accesssec/accesssec-go/store"
)

// indexedRunes is how much of a value is in the index of {entry_index}: a longer one
// does not fit into an index of PostgreSQL's.
const indexedRunes = 200

// head is the part of value that is indexed.
func head(value string) string {
	n := 0
	for i := range value {
		if n == indexedRunes {
			return value[:i]
		}
		n++
	}
	return value
}

// value is a condition on the row r of {entry_index}: its path and its value. Where an
// index can help, it says of the indexed part what follows from what is asked.
func (f *filter) value(x store.Filter) string {
	const column = "r.value"
	part := "substr(" + column + ", 1, " + strconv.Itoa(indexedRunes) + ")"
	start := head(x.Value)
	short := utf8.RuneCountInString(x.Value) < indexedRunes // then the indexed part decides alone
	cond := ""
	switch x.Op {
	case store.OpEq:
		cond = part + " = " + f.w.arg(start)
	case store.OpStarts:
		cond = f.prefix(part, start)
	case store.OpGreater, store.OpAtLeast:
		cond, short = part+" >= "+f.w.arg(start), false
	case store.OpLess, store.OpAtMost:
		cond, short = part+" <= "+f.w.arg(start), false
	default:
		cond, short = f.text(column, x), true
	}
	if !short {
		cond += " AND " + f.text(column, x)
	}
	return "(r.path = " + f.w.arg(x.Path) + " AND " + cond + ")"
}

// element is a condition on a row r of {entry_index} that belongs to an element which
// meets all of x.Element.
func (f *filter) element(x store.Filter) string {
	parts := flat(x.Element)
	lead := leading(parts)
	var cond []string
	if lead < 0 {
		cond = append(cond, "(r.path = "+f.w.arg(x.Path)+" OR "+f.prefix("r.path", x.Path+".")+")")
	} else {
		cond = append(cond, f.value(parts[lead]))
	}
	for i, p := range parts {
		if i != lead {
			cond = append(cond, f.part(p))
		}
	}
	return balanced(cond, " AND ")
}

// flat are the conditions that all have to hold.
func flat(parts []store.Filter) []store.Filter {
	var out []store.Filter
	for _, p := range parts {
		if len(p.And) > 0 {
			out = append(out, flat(p.And)...)
		} else {
			out = append(out, p)
		}
	}
	return out
}

// leading picks the comparison that r itself is to meet: a row that meets it is one of
// the element. An equality finds fewest, and that with the longest value above all: a
// mail address tells people apart, and "work" does not. -1 when nothing is compared but
// under Or and Not.
func leading(parts []store.Filter) int {
	best, score := -1, -1
	for i, p := range parts {
		n := -1
		switch p.Op {
		case "":
		case store.OpEq:
			n = 2_000_000 + min(len(p.Value), 1_000_000)
		case store.OpStarts:
			n = 1 + min(len(p.Value), 1_000_000)
		default:
			n = 0
		}
		if n > score {
			best, score = i, n
		}
	}
	return best
}

// part is a condition on the element that r belongs to.
func (f *filter) part(x store.Filter) string {
	switch {
	case len(x.And) > 0:
		return joined(x.And, " AND ", f.part)
	case len(x.Or) > 0:
		return joined(x.Or, " OR ", f.part)
	case x.Not != nil:
		return "NOT " + f.part(*x.Not)
	case x.Op == store.OpLess && x.Value == "":
		return never // nothing comes before it; "not" of this asks for any element at all
	}
	// Nothing here is for the index of values: it is to look among the few rows of the
	// entry that r has found.
	return f.set("EXISTS (SELECT 1 FROM {entry_index} AS x WHERE x.org_id = r.org_id AND x.entry_id = r.entry_id" +
		" AND x.element = r.element AND " + f.w.d.unindexed("x.path") + " = " + f.w.arg(x.Path) + " AND " + f.text("x.value", x) + ")")
}

// narrow reports whether an index finds the few entries that x can hold for. SQLite,
// which keeps no statistics of its own accord, has to be told.
func narrow(x store.Filter) bool {
	switch {
	case len(x.And) > 0:
		return slices.ContainsFunc(x.And, narrow)
	case len(x.Or) > 0:
		return !slices.ContainsFunc(x.Or, func(p store.Filter) bool { return !narrow(p) })
	case len(x.Element) > 0:
		parts := flat(x.Element)
		lead := leading(parts)
		return lead >= 0 && narrow(parts[lead])
	case x.Value == "":
		return false
	}
	switch x.Path {
	case "active", "created", "modified", "connectionId":
		return false
	}
	return x.Op == store.OpEq || x.Op == store.OpStarts
}
