package interop_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/accesssec/accesssec-go/scim"
)

// scimDraw draws one resource and operations on it. It knows what of the resource is there, so
// that an operation is of the kind that it says it is.
type scimDraw struct {
	state   uint64
	name    string // that nobody else has
	group   bool
	texts   map[string]bool // which of the plain attributes are there
	parts   map[string]bool // of the name
	emails  map[string]bool // by type
	display map[string]bool // those of the addresses that have one
	work    map[string]bool // of EnterpriseUser
	people  []string        // ids of users
	members map[string]bool
	count   int
}

// next is xorshift64*: a seed gives the same cases again.
func (d *scimDraw) next(n int) int {
	d.state ^= d.state >> 12
	d.state ^= d.state << 25
	d.state ^= d.state >> 27
	return int((d.state * 2685821657736338717) >> 33 % uint64(n))
}

func (d *scimDraw) text() string {
	d.count++
	return fmt.Sprintf("v%d-%d", d.count, d.next(1000))
}

func (d *scimDraw) address() string { return d.text() + "@example.com" }

// pick is one of those that are there, or of those that are not; "" is none.
func (d *scimDraw) pick(set map[string]bool, there bool) string {
	var from []string
	for name, is := range set {
		if is == there {
			from = append(from, name)
		}
	}
	if len(from) == 0 {
		return ""
	}
	slices.Sort(from)
	return from[d.next(len(from))]
}

func newScimDraw(seed uint64, group bool, people []string) *scimDraw {
	d := &scimDraw{state: seed*0x9E3779B97F4A7C15 + 1, name: fmt.Sprintf("case-%d-%v", seed, group), group: group, people: people,
		texts:   map[string]bool{"title": false, "nickName": false, "displayName": false, "userType": false},
		parts:   map[string]bool{"givenName": false, "familyName": false, "middleName": false},
		emails:  map[string]bool{"work": false, "home": false, "other": false},
		display: map[string]bool{}, work: map[string]bool{"department": false, "employeeNumber": false, "division": false},
		members: map[string]bool{}}
	for range 5 {
		d.next(2)
	}
	return d
}

// resource is the state before.
func (d *scimDraw) resource() map[string]any {
	if d.group {
		list := []any{}
		for _, id := range d.people {
			d.members[id] = d.next(2) == 0
			if d.members[id] {
				list = append(list, map[string]any{"value": id})
			}
		}
		return map[string]any{"schemas": []any{scim.GroupSchema}, "displayName": d.name, "members": list}
	}
	out := map[string]any{"schemas": []any{scim.UserSchema}, "userName": d.name + "@example.com", "active": true}
	name, work, emails := map[string]any{}, map[string]any{}, []any{}
	d.some(d.texts, func(k string) { out[k] = d.text() })
	d.some(d.parts, func(k string) { name[k] = d.text() })
	d.some(d.work, func(k string) { work[k] = d.text() })
	d.some(d.emails, func(k string) {
		e := map[string]any{"type": k, "value": d.address()}
		if d.next(2) == 0 {
			e["display"] = d.text()
			d.display[k] = true
		}
		if len(emails) == 0 {
			e["primary"] = true
		}
		emails = append(emails, e)
	})
	if len(name) > 0 {
		out["name"] = name
	}
	if len(emails) > 0 {
		out["emails"] = emails
	}
	if len(work) > 0 {
		out[scim.EnterpriseSchema] = work
		out["schemas"] = []any{scim.UserSchema, scim.EnterpriseSchema}
	}
	return out
}

// some sets each of a set or not.
func (d *scimDraw) some(set map[string]bool, use func(string)) {
	names := []string{}
	for k := range set {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		if set[k] = d.next(2) == 0; set[k] {
			use(k)
		}
	}
}

// scimKind is a kind of operation, and which of the oracles get it wrong, each with the way.
type scimKind struct {
	name  string
	group bool
	// draw makes one; false where the resource has nothing that it could be about.
	draw  func(d *scimDraw) (map[string]any, bool)
	wrong map[string]string
}

func scimOp(op, path string, value any) map[string]any {
	out := map[string]any{"op": op}
	if path != "" {
		out["path"] = path
	}
	if value != nil {
		out["value"] = value
	}
	return out
}

// setter sets the one of set that pick finds to a new text.
func setter(op, prefix string, set func(d *scimDraw) map[string]bool, there bool) func(*scimDraw) (map[string]any, bool) {
	return func(d *scimDraw) (map[string]any, bool) {
		k := d.pick(set(d), there)
		if k == "" {
			return nil, false
		}
		set(d)[k] = op != "remove"
		if op == "remove" {
			return scimOp(op, prefix+k, nil), true
		}
		return scimOp(op, prefix+k, d.text()), true
	}
}

func scimTexts(d *scimDraw) map[string]bool { return d.texts }
func scimParts(d *scimDraw) map[string]bool { return d.parts }
func scimWork(d *scimDraw) map[string]bool  { return d.work }

// onEmail is an operation at the address of one type, there or not.
func onEmail(op, sub string, there bool) func(*scimDraw) (map[string]any, bool) {
	return func(d *scimDraw) (map[string]any, bool) {
		set := d.emails
		if op == "remove" && sub == "display" {
			set = d.display
		}
		k := d.pick(set, there)
		if k == "" {
			return nil, false
		}
		path := fmt.Sprintf("emails[type eq %q]", k)
		switch {
		case op == "remove" && sub == "":
			d.emails[k] = false
			delete(d.display, k)
			return scimOp(op, path, nil), true
		case op == "remove":
			delete(d.display, k)
			return scimOp(op, path+"."+sub, nil), true
		case sub == "display":
			d.display[k] = true
		}
		d.emails[k] = true
		return scimOp(op, path+"."+sub, d.text()), true
	}
}

// recased is a drawn operation with its path in another case.
func recased(draw func(*scimDraw) (map[string]any, bool)) func(*scimDraw) (map[string]any, bool) {
	return func(d *scimDraw) (map[string]any, bool) {
		op, ok := draw(d)
		if ok {
			op["path"] = strings.ToUpper(op["path"].(string)[:1]) + op["path"].(string)[1:]
		}
		return op, ok
	}
}

// spelt is a drawn operation with another spelling of its op.
func spelt(op string, draw func(*scimDraw) (map[string]any, bool)) func(*scimDraw) (map[string]any, bool) {
	return func(d *scimDraw) (map[string]any, bool) {
		out, ok := draw(d)
		if ok {
			out["op"] = op
		}
		return out, ok
	}
}

// pathless is an operation without a path that sets several.
func pathless(op string, value func(d *scimDraw) map[string]any) func(*scimDraw) (map[string]any, bool) {
	return func(d *scimDraw) (map[string]any, bool) { return scimOp(op, "", value(d)), true }
}

func (d *scimDraw) somePlain() map[string]any {
	out := map[string]any{}
	for range 1 + d.next(2) {
		k := []string{"title", "nickName", "displayName", "userType"}[d.next(4)]
		d.texts[k] = true
		out[k] = d.text()
	}
	return out
}

func (d *scimDraw) someParts() map[string]any {
	out := map[string]any{}
	for range 1 + d.next(2) {
		k := []string{"givenName", "familyName", "middleName"}[d.next(3)]
		d.parts[k] = true
		out[k] = d.text()
	}
	return out
}

// newEmails are addresses of types that are not there; all, whatever was there, when fresh.
func (d *scimDraw) newEmails(fresh bool) []any {
	if fresh {
		for k := range d.emails {
			d.emails[k] = false
		}
		clear(d.display)
	}
	list := []any{}
	for range 1 + d.next(2) {
		if k := d.pick(d.emails, false); k != "" {
			d.emails[k] = true
			list = append(list, map[string]any{"type": k, "value": d.address()})
		}
	}
	return list
}

// someMembers are ids that are members, or that are not.
func (d *scimDraw) someMembers(there bool, most int) []string {
	var out []string
	for range 1 + d.next(most) {
		if id := d.pick(d.members, there); id != "" {
			d.members[id] = !there
			out = append(out, id)
		}
	}
	return out
}

func scimMembers(ids []string) []any {
	out := []any{}
	for _, id := range ids {
		out = append(out, map[string]any{"value": id})
	}
	return out
}

// scimCase is a resource, operations on it, and the kinds that they are of.
type scimCase struct {
	Resource   map[string]any   `json:"resource"`
	Operations []map[string]any `json:"operations"`
	kinds      []scimKind
}

func (c scimCase) String() string {
	b, err := json.Marshal(c)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
