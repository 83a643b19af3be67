package scim

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
)

// A draft is a resource while it is being changed. It changes copies: values that the resource
// had before stay as they are, so that an error leaves nothing behind and a Backend's own
// values are safe.
type draft struct {
	m     *model
	user  *User // one of the two
	group *Group
	own   bool // Extra is a copy already
	first []before
}

// before is what a root was before it was first touched.
type before struct {
	root *attribute
	v    any
}

func (d *draft) extra() map[string]any {
	if d.user != nil {
		return d.user.Extra
	}
	return d.group.Extra
}

// get is the value of a root in the form of [User.Extra]; nil: not assigned.
func (d *draft) get(root *attribute) any {
	switch root.field {
	case inExtra:
		return d.extra()[root.name]
	case inExternalID:
		if d.user != nil {
			return assigned(d.user.ExternalID)
		}
		return assigned(d.group.ExternalID)
	case inUserName:
		return assigned(d.user.UserName)
	case inDisplayName:
		return assigned(d.group.DisplayName)
	case inActive:
		return d.user.Active
	case inName:
		if m := d.user.Name.attributes(); m != nil {
			return m
		}
	case inEmails:
		if len(d.user.Emails) > 0 {
			return attributesOfEmails(d.user.Emails)
		}
	}
	return nil
}

func assigned(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// set sets the value of a root, nil to unassign it.
func (d *draft) set(root *attribute, v any) {
	switch root.field {
	case inExtra:
		d.setExtra(root.name, v)
	case inExternalID:
		s, _ := v.(string)
		if d.user != nil {
			d.user.ExternalID = s
		} else {
			d.group.ExternalID = s
		}
	case inUserName:
		d.user.UserName, _ = v.(string)
	case inDisplayName:
		d.group.DisplayName, _ = v.(string)
	case inActive:
		d.user.Active, _ = v.(bool)
	case inName:
		m, _ := v.(map[string]any)
		d.user.Name = nameOf(m)
	case inEmails:
		list, _ := v.([]any)
		d.user.Emails, _ = emailsOf(list)
	}
}

func (d *draft) setExtra(name string, v any) {
	p := d.extraOf()
	if !d.own {
		*p = maps.Clone(*p)
		d.own = true
	}
	if v == nil {
		delete(*p, name)
		if len(*p) == 0 {
			*p = nil
		}
		return
	}
	if *p == nil {
		*p = make(map[string]any, 4)
	}
	(*p)[name] = v
}

func (d *draft) extraOf() *map[string]any {
	if d.user != nil {
		return &d.user.Extra
	}
	return &d.group.Extra
}

// change replaces the value of a by what f makes of it. It sees to it that what is immutable
// is set once (RFC 7643, section 7), and that a complex value without parts is none.
func (d *draft) change(a *attribute, f func(old any) (any, error)) error {
	if a.parent == nil {
		old := d.get(a)
		v, err := a.settle(old, f)
		if err != nil {
			return err
		}
		d.touch(a, old)
		d.set(a, v)
		return nil
	}
	return d.change(a.parent, func(old any) (any, error) {
		m, _ := old.(map[string]any)
		v, err := a.settle(m[a.name], f)
		if err != nil {
			return nil, err
		}
		return with(a, m, v), nil
	})
}

// settle is f, refused where what is immutable would change.
func (a *attribute) settle(old any, f func(any) (any, error)) (any, error) {
	v, err := f(old)
	if err == nil && a.fixed && old != nil {
		err = a.checkFixed(old, v)
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// checkFixed refuses to let something immutable that is set in old be another, or none, in v.
func (a *attribute) checkFixed(old, v any) error {
	if a.writable == immutable {
		if !same(old, v) {
			return notMutable(a.said() + " is set once, and is set already.")
		}
		return nil
	}
	was, _ := old.(map[string]any)
	now, _ := v.(map[string]any)
	for _, s := range a.subs {
		if s.fixed && was[s.name] != nil {
			if err := s.checkFixed(was[s.name], now[s.name]); err != nil {
				return err
			}
		}
	}
	return nil
}

func notMutable(detail string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: Mutability, Detail: detail}
}

// with is a copy of m, in which the sub-attribute a is v; nil when nothing is left. What was
// said of another "value" goes with it.
func with(a *attribute, m map[string]any, v any) any {
	old := m[a.name]
	if v == nil && old == nil {
		if len(m) == 0 {
			return nil
		}
		return m
	}
	out := make(map[string]any, len(m)+1)
	maps.Copy(out, m)
	if v == nil {
		delete(out, a.name)
	} else {
		out[a.name] = v
	}
	if p := a.parent; a == p.value && old != nil && !same(old, v) {
		dropStale(p, out, nil)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// dropStale drops from m what belongs to a "value" that has changed: its URI, and what the
// server has added. keep are the parts that came with the new one.
func dropStale(a *attribute, m, keep map[string]any) {
	for _, s := range a.subs {
		if _, kept := keep[s.name]; !kept && (s.name == "$ref" || s.writable == readOnly) {
			delete(m, s.name)
		}
	}
}

func (d *draft) touch(root *attribute, old any) {
	for _, b := range d.first {
		if b.root == root {
			return
		}
	}
	d.first = append(d.first, before{root, old})
}

// changed reports whether anything that was touched is another now.
func (d *draft) changed() bool {
	for _, b := range d.first {
		if !same(b.v, d.get(b.root)) {
			return true
		}
	}
	return false
}

// check refuses a draft in which something required is missing, which only what was touched
// can be, or that has become too large.
func (d *draft) check() error {
	if d.size() > maxResource {
		return invalid("The resource is too large; at most " + strconv.Itoa(maxResource/1024) + " KiB are taken.")
	}
	for _, b := range d.first {
		if b.root.demanding {
			if err := b.root.complete(d.get(b.root)); err != nil {
				return err
			}
		}
	}
	return nil
}

// size is about how many bytes the values take as JSON.
func (d *draft) size() int {
	n := 0
	for _, v := range d.extra() {
		n += sizeOf(v)
	}
	if d.user != nil {
		n += sizeOfEmails(d.user.Emails)
	}
	return n
}

// weight is about how many bytes there are to look at in a root.
func (d *draft) weight(root *attribute) int {
	switch root.field {
	case inExtra:
		return sizeOf(d.extra()[root.name])
	case inEmails:
		return sizeOfEmails(d.user.Emails)
	}
	return 8
}

func sizeOfEmails(emails []Email) int {
	n := 0
	for i := range emails {
		e := &emails[i]
		n += len(e.Value) + len(e.Display) + len(e.Type) + 16
	}
	return n
}

func sizeOf(v any) int {
	n := 8
	switch v := v.(type) {
	case string:
		n += len(v)
	case []any:
		for _, x := range v {
			n += sizeOf(x)
		}
	case map[string]any:
		for _, x := range v {
			n += sizeOf(x)
		}
	}
	return n
}

// complete refuses a value of a in which something required is missing.
func (a *attribute) complete(v any) error {
	if v == nil {
		if a.required {
			return invalid(a.said() + " is required.")
		}
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			continue
		}
		for _, s := range a.subs {
			if s.demanding {
				if err := s.complete(m[s.name]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// same reports whether two values are equal, member by member and in order.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			w, ok := b[k]
			if !ok || !same(v, w) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i, v := range a {
			if !same(v, b[i]) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}

// canonical reports whether v is of the form that [User.Extra] describes.
func canonical(v any, depth int) bool {
	if depth > 3 { // an extension, a list in it, its elements, their parts
		return false
	}
	switch v := v.(type) {
	case string, bool:
		return true
	case json.Number:
		return v != "" && numberLength(string(v)) == len(v)
	case map[string]any:
		for _, x := range v {
			if !canonical(x, depth+1) {
				return false
			}
		}
		return true
	case []any:
		for _, x := range v {
			if !canonical(x, depth+1) {
				return false
			}
		}
		return true
	}
	return false
}
