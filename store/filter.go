package store

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxFilterDepth = 64  // a Not that points at itself ends here
	maxFilterParts = 200 // an And that lies within itself ends here
)

var (
	errFilterShape   = errors.New("store: a filter sets exactly one of And, Or, Not, Element and Op")
	errFilterDepth   = fmt.Errorf("store: a filter nests deeper than %d", maxFilterDepth)
	errFilterParts   = fmt.Errorf("store: a filter has more than %d conditions", maxFilterParts)
	errFilterPath    = errors.New("store: filter without a path")
	errFilterActive  = errors.New(`store: active is "true" or "false" in a filter`)
	errFilterElement = errors.New("store: filter on an element reaches beyond it")
	errFilterText    = errors.New("store: text in a filter or a sort is no UTF-8 or has a NUL")
	errSortMembers   = errors.New(`store: no order by "members"`)
)

// Validate is nil for a filter that every Store can answer. It asks all that makes a
// filter an error whatever the directory holds, so that a Store calls it once, before
// it looks at a row, and then works on what it knows to be sound:
//
//   - each node sets exactly one of And, Or, Not, Element and Op; they nest no deeper
//     than 64 and are no more than 200 in all
//   - each comparison has a Path, an operator of this package that fits it ("members"
//     takes OpEq; "active" takes OpEq and OpPresent; "created" and "modified" take no
//     OpContains, OpStarts and OpEnds), and a Value that can be read: "true" or "false"
//     for active, RFC 3339 for instants, nothing in particular for OpPresent
//   - an Element has a Path, and its conditions are comparisons of text, joined by And,
//     Or and Not, on that Path or on paths that begin with it and a dot
//   - text is UTF-8 without NUL: values come from outside, and not every database can
//     even be asked about others
//
// The message is for who wrote the filter, and quotes its paths and operators only.
func (f Filter) Validate() error {
	left := maxFilterParts
	return f.validate("", 0, &left)
}

// validate checks f at its depth; attribute is the Path of the Element around it, or
// "". It takes each node off left.
func (f Filter) validate(attribute string, depth int, left *int) error {
	if depth > maxFilterDepth {
		return errFilterDepth
	}
	if *left--; *left < 0 {
		return errFilterParts
	}
	if f.shapes() != 1 {
		return errFilterShape
	}
	parts, inside := f.And, attribute
	switch {
	case len(f.Or) > 0:
		parts = f.Or
	case f.Not != nil:
		return f.Not.validate(attribute, depth+1, left)
	case len(f.Element) > 0:
		if attribute != "" {
			return errFilterElement
		}
		if err := checkPath(f.Path); err != nil {
			return err
		}
		parts, inside = f.Element, f.Path
	case f.Op != "":
		return f.comparison(attribute)
	}
	for _, p := range parts {
		if err := p.validate(inside, depth+1, left); err != nil {
			return err
		}
	}
	return nil
}

func (f Filter) shapes() int {
	n := 0
	for _, set := range []bool{len(f.And) > 0, len(f.Or) > 0, f.Not != nil, len(f.Element) > 0, f.Op != ""} {
		if set {
			n++
		}
	}
	return n
}

func (f Filter) comparison(attribute string) error {
	if err := checkPath(f.Path); err != nil {
		return err
	}
	if !sound(f.Value) {
		return errFilterText
	}
	if attribute != "" { // in an element every path is that of an Index, "active" too
		if !(Index{Path: f.Path}).Under(attribute) {
			return errFilterElement
		}
		return f.fits(f.Op.ordered() || f.Op.textual() || f.Op == OpPresent)
	}
	switch f.Path {
	case "members":
		return f.fits(f.Op == OpEq)
	case "active":
		if f.Op == OpEq && f.Value != "true" && f.Value != "false" {
			return errFilterActive
		}
		return f.fits(f.Op == OpEq || f.Op == OpPresent)
	case "created", "modified":
		if f.Op.ordered() {
			if _, err := time.Parse(time.RFC3339, f.Value); err != nil {
				return fmt.Errorf("store: %s takes an RFC 3339 instant in a filter", f.Path)
			}
		}
		return f.fits(f.Op.ordered() || f.Op == OpPresent)
	}
	return f.fits(f.Op.ordered() || f.Op.textual() || f.Op == OpPresent)
}

func (f Filter) fits(ok bool) error {
	if !ok {
		return fmt.Errorf("store: filter operator %q does not fit %q", f.Op, f.Path)
	}
	return nil
}

// ordered reports whether o compares by an order.
func (o Op) ordered() bool {
	return o == OpEq || o == OpGreater || o == OpAtLeast || o == OpLess || o == OpAtMost
}

// textual reports whether o looks into a text.
func (o Op) textual() bool { return o == OpContains || o == OpStarts || o == OpEnds }

// Under reports whether x is a value of the attribute that path names ("emails"), or
// of a part of it ("emails.type").
func (x Index) Under(path string) bool {
	rest, ok := strings.CutPrefix(x.Path, path)
	return ok && (rest == "" || rest[0] == '.')
}

// Validate is nil for an order that every Store can give: by any path but "members",
// which has no order, and that is UTF-8 without NUL. A path that no entry has is sound:
// every entry is then without a sort value.
func (s Sort) Validate() error {
	switch {
	case s.Path == "members":
		return errSortMembers
	case !sound(s.Path):
		return errFilterText
	}
	return nil
}

func checkPath(path string) error {
	switch {
	case path == "":
		return errFilterPath
	case !sound(path):
		return errFilterText
	}
	return nil
}

// sound reports whether s is text as the contract has it.
func sound(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }
