package memory

import (
	"cmp"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// column gives the text column that a filter or a sort names, or nil for the path of
// an Index.
func column(path string) func(*entry) string {
	switch path {
	case "id":
		return (*entry).id
	case "name":
		return (*entry).nameKey
	case "externalId":
		return (*entry).externalID
	case "userId":
		return (*entry).userID
	case "connectionId":
		return (*entry).connectionID
	}
	return nil
}

// condition is a compiled filter on an entry.
type condition func(*entry) bool

// compile makes a condition of f, which is sound: who calls it has asked
// [store.Filter.Validate].
func (d *data) compile(f store.Filter) condition {
	switch {
	case len(f.And) > 0:
		parts := compileAll(f.And, d.compile)
		return func(e *entry) bool { return every(parts, e) }
	case len(f.Or) > 0:
		parts := compileAll(f.Or, d.compile)
		return func(e *entry) bool { return some(parts, e) }
	case f.Not != nil:
		part := d.compile(*f.Not)
		return func(e *entry) bool { return !part(e) }
	case len(f.Element) > 0:
		return compileElement(f)
	}
	return d.compileColumn(f)
}

// compileAll compiles parts to conditions on an entry or on a row of one.
func compileAll[C any](parts []store.Filter, compile func(store.Filter) C) []C {
	out := make([]C, len(parts))
	for i, p := range parts {
		out[i] = compile(p)
	}
	return out
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

func (d *data) compileColumn(f store.Filter) condition {
	switch f.Path {
	case "members":
		return func(e *entry) bool { return d.members.has(e.org, e.id(), f.Value) }
	case "active":
		return func(e *entry) bool { return f.Op == store.OpPresent || e.active == (f.Value == "true") }
	case "created":
		return compileInstant(f, func(e *entry) time.Time { return e.createdAt })
	case "modified":
		return compileInstant(f, func(e *entry) time.Time { return e.modifiedAt })
	}
	holds := compileText(f)
	if of := column(f.Path); of != nil {
		return func(e *entry) bool { return holds(of(e)) }
	}
	return func(e *entry) bool {
		for x := range e.indexed() {
			if x.Path == f.Path && holds(x.Text) {
				return true
			}
		}
		return false
	}
}

func compileInstant(f store.Filter, of func(*entry) time.Time) condition {
	if f.Op == store.OpPresent {
		return func(e *entry) bool { return !of(e).IsZero() }
	}
	t, err := time.Parse(time.RFC3339, f.Value)
	if err != nil { // not after Validate; nothing compares with what is no instant
		return func(*entry) bool { return false }
	}
	return func(e *entry) bool { return holds(f.Op, of(e).Compare(t)) }
}

func compileText(f store.Filter) func(string) bool {
	switch f.Op {
	case store.OpPresent:
		return func(s string) bool { return s != "" }
	case store.OpContains:
		return func(s string) bool { return strings.Contains(s, f.Value) }
	case store.OpStarts:
		return func(s string) bool { return strings.HasPrefix(s, f.Value) }
	case store.OpEnds:
		return func(s string) bool { return strings.HasSuffix(s, f.Value) }
	}
	return func(s string) bool { return holds(f.Op, cmp.Compare(s, f.Value)) }
}

// holds is what an operator asks of how the stored value compares with the given one.
func holds(op store.Op, c int) bool {
	switch op {
	case store.OpEq:
		return c == 0
	case store.OpGreater:
		return c > 0
	case store.OpAtLeast:
		return c >= 0
	case store.OpLess:
		return c < 0
	case store.OpAtMost:
		return c <= 0
	}
	return false
}
