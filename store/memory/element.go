package memory

import (
	"fmt"
	"strings"

	"github.com/accesssec/accesssec-go/store"
)

// element is one row of a multi-valued attribute.
type element []store.Index

// elementCondition is a compiled filter on one element.
type elementCondition func(element) bool

// compileElement makes a filter that holds when one row under f.Path meets all of
// its conditions.
func compileElement(f store.Filter, depth int) (condition, error) {
	if f.Path == "" {
		return nil, fmt.Errorf("memory: filter on an element without a path")
	}
	parts, err := compileAll(f.Element, func(p store.Filter) (elementCondition, error) {
		return compilePart(p, f.Path, depth+1)
	})
	if err != nil {
		return nil, err
	}
	return func(e *store.Entry) bool {
		for _, row := range rowsOf(e, f.Path) {
			if every(parts, row) {
				return true
			}
		}
		return false
	}, nil
}

// rowsOf gathers the elements of one attribute.
func rowsOf(e *store.Entry, path string) map[int]element {
	rows := map[int]element{}
	for _, x := range e.Index {
		if under(x.Path, path) {
			rows[x.Row] = append(rows[x.Row], x)
		}
	}
	return rows
}

// under reports whether path is that of the attribute or of a part of it.
func under(path, attribute string) bool {
	rest, ok := strings.CutPrefix(path, attribute)
	return ok && (rest == "" || rest[0] == '.')
}

func compilePart(f store.Filter, attribute string, depth int) (elementCondition, error) {
	if err := shape(f, depth); err != nil {
		return nil, err
	}
	deeper := func(p store.Filter) (elementCondition, error) { return compilePart(p, attribute, depth+1) }
	switch {
	case len(f.And) > 0:
		parts, err := compileAll(f.And, deeper)
		return func(row element) bool { return every(parts, row) }, err
	case len(f.Or) > 0:
		parts, err := compileAll(f.Or, deeper)
		return func(row element) bool { return some(parts, row) }, err
	case f.Not != nil:
		part, err := deeper(*f.Not)
		return func(row element) bool { return !part(row) }, err
	case len(f.Element) > 0 || !under(f.Path, attribute):
		return nil, fmt.Errorf("memory: filter on an element of %q reaches beyond it", attribute)
	}
	holds, err := compileText(f)
	if err != nil {
		return nil, err
	}
	return func(row element) bool {
		for _, x := range row {
			if x.Path == f.Path && holds(x.Text) {
				return true
			}
		}
		return false
	}, nil
}
