package memory

import "github.com/accesssec/accesssec-go/store"

// element is one row of a multi-valued attribute.
type element []store.Index

// elementCondition is a compiled filter on one element.
type elementCondition func(element) bool

// compileElement makes a filter that holds when one row under f.Path meets all of
// its conditions.
func compileElement(f store.Filter) condition {
	parts := compileAll(f.Element, compilePart)
	return func(e *entry) bool {
		for _, row := range rowsOf(e, f.Path) {
			if every(parts, row) {
				return true
			}
		}
		return false
	}
}

// rowsOf gathers the elements of one attribute.
func rowsOf(e *entry, path string) map[int]element {
	rows := map[int]element{}
	for x := range e.indexed() {
		if x.Under(path) {
			rows[x.Row] = append(rows[x.Row], x)
		}
	}
	return rows
}

func compilePart(f store.Filter) elementCondition {
	switch {
	case len(f.And) > 0:
		parts := compileAll(f.And, compilePart)
		return func(row element) bool { return every(parts, row) }
	case len(f.Or) > 0:
		parts := compileAll(f.Or, compilePart)
		return func(row element) bool { return some(parts, row) }
	case f.Not != nil:
		part := compilePart(*f.Not)
		return func(row element) bool { return !part(row) }
	}
	holds := compileText(f)
	return func(row element) bool {
		for _, x := range row {
			if x.Path == f.Path && holds(x.Text) {
				return true
			}
		}
		return false
	}
}
