package scim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// bulkIDPrefix begins a reference to what another operation makes (RFC 7644, section 3.7.2).
const bulkIDPrefix = "bulkId:"

func unresolved(name string) error {
	return &Error{Status: http.StatusConflict, Type: InvalidValue, Detail: `What the bulkId "` + noted(name) + `" stands for, or refers to, was not made.`}
}

// references are the bulkIds that an operation needs, in a fixed order.
func (w *bulkWork) references(op *bulkOp) []string {
	var names []string
	if op.target != "" {
		names = append(names, op.target)
	}
	walkReferences(op.data, false, func(name string, _ bool) { names = append(names, name) })
	slices.Sort(names)
	return slices.Compact(names)
}

// walkReferences visits the references in a value. sure: it stands where only a reference can,
// as "value" or "$ref".
func walkReferences(v any, sure bool, visit func(name string, sure bool)) {
	switch v := v.(type) {
	case map[string]any:
		for name, part := range v {
			walkReferences(part, isReferenceName(name), visit)
		}
	case []any:
		for _, part := range v {
			walkReferences(part, sure, visit)
		}
	case string:
		if name, ok := strings.CutPrefix(v, bulkIDPrefix); ok {
			visit(name, sure)
		}
	}
}

func isReferenceName(name string) bool {
	return strings.EqualFold(name, "value") || strings.EqualFold(name, "$ref")
}

// resolved is the data of an operation with ids in place of bulkIds. left are the attributes,
// by their names in data, out of which a reference was left that can't be resolved yet; that
// happens in a POST alone. What is no reference by its place, and names no operation, is text.
func (w *bulkWork) resolved(op *bulkOp) (data map[string]any, left []string, err error) {
	if op.data == nil {
		return nil, nil, nil
	}
	data = make(map[string]any, len(op.data))
	for _, name := range slices.Sorted(maps.Keys(op.data)) {
		r := resolving{w: w, post: op.method == http.MethodPost}
		v, keep := r.value(op.data[name], isReferenceName(name))
		if r.err != nil {
			return nil, nil, r.err
		}
		if keep {
			data[name] = v
		}
		if r.left {
			left = append(left, name)
		}
	}
	return data, left, nil
}

// A resolving puts ids into one attribute.
type resolving struct {
	w    *bulkWork
	post bool
	left bool // something was left out
	err  error
}

// value is v with ids. keep is false for what is left out: an object whose reference is.
func (r *resolving) value(v any, sure bool) (out any, keep bool) {
	switch v := v.(type) {
	case map[string]any:
		parts := make(map[string]any, len(v))
		for name, part := range v {
			resolved, keep := r.value(part, isReferenceName(name))
			if !keep && isReferenceName(name) {
				return nil, false
			}
			if keep {
				parts[name] = resolved
			}
		}
		return parts, len(parts) > 0 || len(v) == 0
	case []any:
		list := make([]any, 0, len(v))
		for _, part := range v {
			if resolved, keep := r.value(part, sure); keep {
				list = append(list, resolved)
			}
		}
		return list, len(list) > 0 || len(v) == 0
	case string:
		if name, ok := strings.CutPrefix(v, bulkIDPrefix); ok {
			return r.reference(v, name, sure)
		}
	}
	return v, true
}

func (r *resolving) reference(text, name string, sure bool) (any, bool) {
	of := r.w.named[name]
	switch {
	case of == nil && !sure:
		return text, true
	case of == nil || of.state == done && of.err != nil:
		r.fail(name)
	case of.state == done:
		return of.id, true
	case !r.post:
		r.fail(name)
	default:
		r.left = true
		return nil, false
	}
	return nil, true
}

func (r *resolving) fail(name string) {
	if r.err == nil {
		r.err = unresolved(name)
	}
}

// A mend is a resource that was made without a part, for what that refers to was not there.
type mend struct {
	op      *bulkOp
	missing []string // attributes, by their names in data
	waits   []string // the bulkIds in them that may not be there yet
}

func newMend(op *bulkOp, missing []string) *mend {
	m := &mend{op: op, missing: missing}
	for _, name := range missing {
		walkReferences(op.data[name], false, func(ref string, _ bool) { m.waits = append(m.waits, ref) })
	}
	return m
}

// mend puts the missing parts in that just made can resolve. One that still can't be waits on.
func (w *bulkWork) mend(just *bulkOp) {
	if just.method != http.MethodPost {
		return
	}
	waits := w.pending
	w.pending = nil
	for _, m := range waits {
		if !w.ready(m) {
			w.pending = append(w.pending, m)
			continue
		}
		if err := w.complete(m); err != nil {
			w.failed(m.op, err)
		}
	}
}

// ready reports whether all that the parts refer to is there, or is known not to come. What
// is there stays there, so that it is not looked at again.
func (w *bulkWork) ready(m *mend) bool {
	for len(m.waits) > 0 {
		if of := w.named[m.waits[0]]; of != nil && of.state != done {
			return false
		}
		m.waits = m.waits[1:]
	}
	return true
}

// complete adds the missing parts by a PATCH of ours.
func (w *bulkWork) complete(m *mend) error {
	data, left, err := w.resolved(m.op)
	if err != nil {
		return err
	}
	add := make(map[string]any, len(m.missing))
	for _, name := range m.missing {
		add[name] = data[name]
	}
	if len(left) > 0 || m.op.err != nil {
		return unresolved(m.op.bulkID)
	}
	x := w.x
	raw := map[string]any{
		"schemas":    []any{patchSchema},
		"Operations": []any{map[string]any{"op": "add", "value": add}},
	}
	if m.op.to.kind == groupKind {
		g, err := x.patchGroup(m.op.id, conditions{}, raw)
		if err == nil {
			m.op.tag = entityTag(g.Meta.Version)
		}
		return err
	}
	u, err := x.patchUser(m.op.id, conditions{}, raw)
	if err == nil {
		m.op.tag = entityTag(u.Meta.Version)
	}
	return err
}
