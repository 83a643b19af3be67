package scim

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// A model is one resource type, compiled from its schemas. It is fixed once it is made.
type model struct {
	resource   string // "User", "Group"
	endpoint   string // "/Users"
	urn        string
	urnText    string                // urn in JSON
	roots      []*attribute          // in the order in which they are served
	names      map[string]*attribute // of the core schema and the common ones, as written and in lower case
	bare       map[string]*attribute // those of the extensions whose names no other has
	extensions []*attribute          // those of roots that are extensions
	longest    []*attribute          // the same, the longest URN first
	all        []*attribute          // by order
}

// An attribute is one of a model: a root, a part of an extension, or a sub-attribute. An
// extension is itself a complex root, by the name of its URN.
type attribute struct {
	filter.Attribute
	name      string // its key in what holds it
	field     field
	order     int        // place in the model: what holds it comes before it
	parent    *attribute // nil: a root
	subs      []*attribute
	names     map[string]*attribute
	extension bool
	limit     int // code points of a short text; 0: as for its type
	writable  mutability
	served    returned
	required  bool
	demanding bool // it, or one of subs, is required
	keeps     bool // a PUT leaves some of it, or of subs, as it is
	fixed     bool // it, or one of subs that is not in a list, is immutable
	path      string
	key       string // its name in JSON, with the colon
	primary   *attribute
	value     *attribute // the sub-attribute of that name
}

// A field says where the value of a root is kept.
type field uint8

const (
	inExtra field = iota
	inSchemas
	inID
	inExternalID
	inMeta
	inUserName
	inActive
	inPassword
	inName
	inEmails
	inGroupsOf
	inDisplayName // of a group
	inMembers
)

type mutability uint8

const (
	readWrite mutability = iota
	readOnly
	immutable
	writeOnly
)

type returned uint8

const (
	byDefault returned = iota
	always
	never
	onRequest
)

const shortText = 255 // code points of what is unique, or an id

func newModel(core Schema, extensions []Schema) *model {
	m := &model{
		resource: core.Name, endpoint: "/" + core.Name + "s", urn: core.ID,
		urnText: string(appendText(nil, core.ID)), names: map[string]*attribute{}, bare: map[string]*attribute{},
	}
	for _, a := range commonAttributes() {
		m.root(m.compile(a, nil, ""))
	}
	for _, a := range core.Attributes {
		m.root(m.compile(a, nil, ""))
	}
	for _, x := range extensions {
		e := m.compile(Attribute{Name: x.ID, Type: filter.Complex, SubAttributes: x.Attributes}, nil, x.ID)
		m.roots = append(m.roots, e)
		m.extensions = append(m.extensions, e)
	}
	m.longest = slices.Clone(m.extensions)
	slices.SortStableFunc(m.longest, func(a, b *attribute) int { return len(b.name) - len(a.name) })
	m.nameBare()
	return m
}

func (m *model) root(a *attribute) {
	m.roots = append(m.roots, a)
	register(m.names, a)
	a.field = m.fieldOf(a.name)
	if a.field != inExtra && a.Type == filter.String {
		a.limit = shortText
	}
}

func (m *model) fieldOf(name string) field {
	user := m.resource == "User"
	switch name {
	case "schemas":
		return inSchemas
	case "id":
		return inID
	case "externalId":
		return inExternalID
	case "meta":
		return inMeta
	case "members":
		return inMembers
	case "displayName":
		if user {
			return inExtra
		}
		return inDisplayName
	case "userName":
		return inUserName
	case "active":
		return inActive
	case "password":
		return inPassword
	case "name":
		return inName
	case "emails":
		return inEmails
	case "groups":
		return inGroupsOf
	}
	return inExtra
}

// compile makes the attribute and its parts. extension is the URN of the one that a is, or "".
func (m *model) compile(a Attribute, parent *attribute, extension string) *attribute {
	out := &attribute{
		name: a.Name, parent: parent, order: len(m.all), extension: extension != "",
		required: a.Required, demanding: a.Required,
		writable: mutabilityOf(a.Mutability), served: returnedOf(a.Returned),
		Attribute: filter.Attribute{Type: a.Type, CaseExact: a.CaseExact, MultiValued: a.MultiValued},
	}
	switch {
	case extension != "":
		out.Path = filter.Path{URN: extension}
	case parent == nil:
		out.Path = filter.Path{Name: a.Name}
	case parent.extension:
		out.Path = filter.Path{URN: parent.URN, Name: a.Name}
	default:
		out.Path = filter.Path{URN: parent.URN, Name: parent.Name, Sub: a.Name}
	}
	out.path = out.Path.String()
	out.key = string(append(appendText(nil, out.name), ':'))
	out.fixed = out.writable == immutable
	out.keeps = out.writable == readOnly || out.writable == immutable || out.served == never
	m.all = append(m.all, out)
	if len(a.SubAttributes) == 0 {
		return out
	}
	out.names = make(map[string]*attribute, len(a.SubAttributes))
	for _, s := range a.SubAttributes {
		sub := m.compile(s, out, "")
		out.subs = append(out.subs, sub)
		register(out.names, sub)
		out.demanding = out.demanding || sub.demanding
		out.keeps = out.keeps || sub.keeps
		out.fixed = out.fixed || sub.fixed && !out.MultiValued
	}
	if !out.extension {
		out.value = out.names["value"]
	}
	if p := out.names["primary"]; p != nil && p.Type == filter.Boolean && out.MultiValued {
		out.primary = p
	}
	return out
}

func (m *model) nameBare() {
	taken := map[string]bool{}
	for _, e := range m.longest {
		for _, a := range e.subs {
			low := strings.ToLower(a.name)
			if taken[low] || m.names[low] != nil {
				delete(m.bare, low)
				continue // ambiguous
			}
			taken[low] = true
			m.bare[low] = a
		}
	}
}

func register(names map[string]*attribute, a *attribute) {
	names[a.name] = a
	names[strings.ToLower(a.name)] = a
}

func mutabilityOf(s string) mutability {
	switch s {
	case "readOnly":
		return readOnly
	case "immutable":
		return immutable
	case "writeOnly":
		return writeOnly
	}
	return readWrite
}

func returnedOf(s string) returned {
	switch s {
	case "always":
		return always
	case "never":
		return never
	case "request":
		return onRequest
	}
	return byDefault
}

// named finds a name, whatever its case.
func named(names map[string]*attribute, s string) *attribute {
	if a := names[s]; a != nil {
		return a
	}
	low, ok := lower(s)
	if !ok {
		return nil
	}
	return names[low]
}

// lower is s in lower case; false for what is no attribute's name. Names are ASCII, and what
// only folds to that, as the Kelvin sign does, is not.
func lower(s string) (string, bool) {
	if len(s) > maxName {
		return "", false
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return "", false
		}
	}
	return strings.ToLower(s), true
}

// A finding says how an attribute was named.
type finding uint8

const (
	asWritten  finding = iota // as the RFCs have it in a path
	asBare                    // an extension's attribute, without its URN
	inBrackets                // elements of it
)

// find finds what text names: "userName", "name.givenName", either behind the URN of the core
// schema; the URN of an extension, one of its attributes, or a sub-attribute of that. nil:
// there is none.
func (m *model) find(text string) (*attribute, finding) {
	if len(text) >= 4 && strings.EqualFold(text[:4], "urn:") {
		return m.findURN(text), asWritten
	}
	name, sub, dotted := strings.Cut(text, ".")
	a, how := named(m.names, name), asWritten
	if a == nil {
		a, how = named(m.bare, name), asBare
	}
	if a != nil && dotted {
		a = named(a.names, sub)
	}
	return a, how
}

func (m *model) findURN(text string) *attribute {
	if rest, ok := behind(m.urn, text); ok && rest != "" {
		name, sub, dotted := strings.Cut(rest, ".")
		a := named(m.names, name)
		if a != nil && dotted {
			a = named(a.names, sub)
		}
		return a
	}
	for _, e := range m.longest {
		rest, ok := behind(e.name, text)
		if !ok {
			continue
		}
		if rest == "" {
			return e
		}
		name, sub, dotted := strings.Cut(rest, ".")
		a := named(e.names, name)
		if a != nil && dotted {
			a = named(a.names, sub)
		}
		return a
	}
	return nil
}

// behind returns what stands in text behind urn and a colon; "" when urn is all of text.
func behind(urn, text string) (string, bool) {
	if len(text) < len(urn) || !strings.EqualFold(text[:len(urn)], urn) {
		return "", false
	}
	if len(text) == len(urn) {
		return "", true
	}
	if text[len(urn)] != ':' || len(text) == len(urn)+1 {
		return "", false
	}
	return text[len(urn)+1:], true
}

// lookup is a filter.Lookup of what a filter may ask for. What is never returned cannot be
// searched for either; what a group's members are beyond their ids is not the group's.
func (m *model) lookup(p filter.Path) (filter.Attribute, bool) {
	a := m.at(p)
	if a == nil || a.extension {
		return filter.Attribute{}, false
	}
	for x := a; x != nil; x = x.parent {
		switch {
		case x.served == never, x.field == inSchemas, x.field == inGroupsOf,
			x.field == inMembers && a != x && a != x.value,
			x.field == inMeta && !a.searchableMeta():
			return filter.Attribute{}, false
		}
	}
	return a.Attribute, true
}

// hides reports whether p names what is never returned.
func (m *model) hides(p filter.Path) bool {
	for a := m.at(p); a != nil; a = a.parent {
		if a.served == never {
			return true
		}
	}
	return false
}

func (a *attribute) searchableMeta() bool {
	return a.name == "created" || a.name == "lastModified" || a.name == "resourceType"
}

// at finds what a parsed path names. Of a URN the parser cannot tell where it ends.
func (m *model) at(p filter.Path) *attribute {
	if p.URN != "" {
		a, _ := m.find(p.String())
		return a
	}
	a, _ := m.find(p.Name)
	if a != nil && p.Sub != "" {
		a = named(a.names, p.Sub)
	}
	return a
}

// rootOf is the root that a lies in, or is.
func rootOf(a *attribute) *attribute {
	for a.parent != nil {
		a = a.parent
	}
	return a
}
