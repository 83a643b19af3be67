package memory

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// maxDepth bounds how deep a filter may nest; a Not that points at itself ends here.
const maxDepth = 64

var (
	errFilterShape = errors.New("memory: a filter sets exactly one of And, Or, Not, Element and Op")
	errFilterDepth = errors.New("memory: filter nests too deep")
)

// column gives the text column that a filter or a sort names, or nil for the path of
// an Index.
func column(path string) func(*store.Entry) string {
	switch path {
	case "id":
		return func(e *store.Entry) string { return e.ID }
	case "name":
		return func(e *store.Entry) string { return e.NameKey }
	case "externalId":
		return func(e *store.Entry) string { return e.ExternalID }
	case "userId":
		return func(e *store.Entry) string { return e.UserID }
	case "connectionId":
		return func(e *store.Entry) string { return e.ConnectionID }
	}
	return nil
}

// condition is a compiled filter on an entry.
type condition func(*store.Entry) bool

// compile checks all of f before any of it is asked, so that a filter is good or bad
// whatever the directory holds.
func (d *data) compile(f store.Filter, depth int) (condition, error) {
	if err := shape(f, depth); err != nil {
		return nil, err
	}
	switch {
	case len(f.And) > 0:
		parts, err := compileAll(f.And, func(p store.Filter) (condition, error) { return d.compile(p, depth+1) })
		return func(e *store.Entry) bool { return every(parts, e) }, err
	case len(f.Or) > 0:
		parts, err := compileAll(f.Or, func(p store.Filter) (condition, error) { return d.compile(p, depth+1) })
		return func(e *store.Entry) bool { return some(parts, e) }, err
	case f.Not != nil:
		part, err := d.compile(*f.Not, depth+1)
		return func(e *store.Entry) bool { return !part(e) }, err
	case len(f.Element) > 0:
		return compileElement(f, depth)
	}
	return d.compileColumn(f)
}

func shape(f store.Filter, depth int) error {
	if depth > maxDepth {
		return errFilterDepth
	}
	set := 0
	for _, is := range []bool{len(f.And) > 0, len(f.Or) > 0, f.Not != nil, len(f.Element) > 0, f.Op != ""} {
		if is {
			set++
		}
	}
	if set != 1 {
		return errFilterShape
	}
	return nil
}

// compileAll compiles parts to conditions on an entry or on a row of one.
func compileAll[C any](parts []store.Filter, compile func(store.Filter) (C, error)) ([]C, error) {
	out := make([]C, 0, len(parts))
	for _, p := range parts {
		c, err := compile(p)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func every[C ~func(T) bool, T any](parts []C, v T) bool {
	for _, p := range parts {
		if !p(v) {
			return false
		}
	}
	return true
}

func some[C ~func(T) bool, T any](parts []C, v T) bool {
	for _, p := range parts {
		if p(v) {
			return true
		}
	}
	return false
}

func (d *data) compileColumn(f store.Filter) (condition, error) {
	switch f.Path {
	case "":
		return nil, errors.New("memory: filter without a path")
	case "members":
		if f.Op != store.OpEq {
			return nil, badOp(f)
		}
		return func(e *store.Entry) bool { return d.members.has(e.OrgID, e.ID, f.Value) }, nil
	case "active":
		return compileActive(f)
	case "created":
		return compileInstant(f, func(e *store.Entry) time.Time { return e.CreatedAt })
	case "modified":
		return compileInstant(f, func(e *store.Entry) time.Time { return e.ModifiedAt })
	}
	holds, err := compileText(f)
	if err != nil {
		return nil, err
	}
	if of := column(f.Path); of != nil {
		return func(e *store.Entry) bool { return holds(of(e)) }, nil
	}
	return func(e *store.Entry) bool {
		for _, x := range e.Index {
			if x.Path == f.Path && holds(x.Text) {
				return true
			}
		}
		return false
	}, nil
}

func badOp(f store.Filter) error {
	return fmt.Errorf("memory: filter operator %q does not fit %q", f.Op, f.Path)
}

func compileActive(f store.Filter) (condition, error) {
	switch {
	case f.Op == store.OpPresent:
		return func(*store.Entry) bool { return true }, nil
	case f.Op != store.OpEq:
		return nil, badOp(f)
	case f.Value != "true" && f.Value != "false":
		return nil, errors.New("memory: active is \"true\" or \"false\" in a filter")
	}
	want := f.Value == "true"
	return func(e *store.Entry) bool { return e.Active == want }, nil
}

func compileInstant(f store.Filter, of func(*store.Entry) time.Time) (condition, error) {
	if f.Op == store.OpPresent {
		return func(e *store.Entry) bool { return !of(e).IsZero() }, nil
	}
	t, err := time.Parse(time.RFC3339, f.Value)
	if err != nil {
		return nil, fmt.Errorf("memory: %s takes an RFC 3339 instant in a filter", f.Path)
	}
	holds, ok := ordered(f.Op)
	if !ok {
		return nil, badOp(f)
	}
	return func(e *store.Entry) bool { return holds(of(e).Compare(t)) }, nil
}

// ordered is what an operator asks of the order of the stored and the given value.
func ordered(op store.Op) (func(int) bool, bool) {
	switch op {
	case store.OpEq:
		return func(c int) bool { return c == 0 }, true
	case store.OpGreater:
		return func(c int) bool { return c > 0 }, true
	case store.OpAtLeast:
		return func(c int) bool { return c >= 0 }, true
	case store.OpLess:
		return func(c int) bool { return c < 0 }, true
	case store.OpAtMost:
		return func(c int) bool { return c <= 0 }, true
	}
	return nil, false
}

func compileText(f store.Filter) (func(string) bool, error) {
	switch f.Op {
	case store.OpPresent:
		return func(s string) bool { return s != "" }, nil
	case store.OpContains:
		return func(s string) bool { return strings.Contains(s, f.Value) }, nil
	case store.OpStarts:
		return func(s string) bool { return strings.HasPrefix(s, f.Value) }, nil
	case store.OpEnds:
		return func(s string) bool { return strings.HasSuffix(s, f.Value) }, nil
	}
	holds, ok := ordered(f.Op)
	if !ok {
		return nil, badOp(f)
	}
	return func(s string) bool { return holds(cmp.Compare(s, f.Value)) }, nil
}
