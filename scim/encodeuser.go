package scim

import "net/url"

// appendUser appends the user as JSON. groups are those that they are in, base is what
// locations begin with.
func (m *model) appendUser(b []byte, u User, groups []Member, base string, p *projection) []byte {
	w := writer{object: begin(b), m: m, p: p, base: base, extra: u.Extra, left: len(u.Extra)}
	for _, a := range m.roots {
		if !p.shows(a) {
			continue
		}
		switch a.field {
		case inUserName:
			w.text(a, u.UserName)
		case inActive:
			w.bool(a, u.Active)
		case inName:
			w.fullName(a, u.Name)
		case inEmails:
			w.emails(a, u.Emails)
		case inGroupsOf:
			w.groups(a, groups)
		default:
			w.common(a, u.ID, u.ExternalID, u.Meta)
		}
	}
	return w.end()
}

// appendGroup appends the group as JSON. members, where they are shown, writes the array of
// them; it may write out what b holds, and return less.
func (m *model) appendGroup(b []byte, g Group, base string, p *projection, members func(b []byte) ([]byte, error)) ([]byte, error) {
	w := writer{object: begin(b), m: m, p: p, base: base, extra: g.Extra, left: len(g.Extra)}
	for _, a := range m.roots {
		if !p.shows(a) {
			continue
		}
		switch a.field {
		case inDisplayName:
			w.text(a, g.DisplayName)
		case inMembers:
			if members == nil {
				continue
			}
			w.name(a)
			var err error
			if w.b, err = members(w.b); err != nil {
				return nil, err
			}
		default:
			w.common(a, g.ID, g.ExternalID, g.Meta)
		}
	}
	return w.end(), nil
}

// appendMember appends one element of a group's members.
func (m *model) appendMember(b []byte, x Member, base string, p *projection) []byte {
	a := m.names["members"]
	kind := x.Type
	if kind == "" {
		kind = "User"
	}
	w := writer{object: begin(b), m: m, p: p, base: base}
	w.reference(a, x, kind, kind)
	return w.end()
}

// A writer writes a resource, or a reference to one.
type writer struct {
	object
	m     *model
	p     *projection
	base  string
	extra map[string]any
	left  int // of extra, to be found yet
}

// common writes what users and groups have alike.
func (w *writer) common(a *attribute, id, externalID string, meta Meta) {
	switch a.field {
	case inSchemas:
		w.schemas(a)
	case inID:
		w.text(a, id)
	case inExternalID:
		w.text(a, externalID)
	case inMeta:
		w.meta(a, id, meta)
	case inExtra:
		if w.left == 0 {
			return
		}
		v, ok := w.extra[a.name]
		if !ok {
			return
		}
		w.left--
		mark, some := len(w.b), w.some
		w.name(a)
		var written bool
		if w.b, written = appendValue(w.b, a, v, w.p); !written {
			w.b, w.some = w.b[:mark], some
		}
	}
}

// schemas lists the core schema, and of the extensions those that the resource has.
func (w *writer) schemas(a *attribute) {
	w.name(a)
	w.b = append(w.b, '[')
	w.b = append(w.b, w.m.urnText...)
	for _, a := range w.m.extensions {
		if w.left == 0 || !w.p.shows(a) {
			continue
		}
		if v, ok := w.extra[a.name].(map[string]any); ok && len(v) > 0 {
			w.b = appendText(append(w.b, ','), a.name)
		}
	}
	w.b = append(w.b, ']')
}

func (w *writer) meta(a *attribute, id string, meta Meta) {
	w.name(a)
	o := begin(w.b)
	for _, s := range a.subs {
		if !w.p.shows(s) {
			continue
		}
		switch s.name {
		case "resourceType":
			o.text(s, w.m.resource)
		case "created":
			if !meta.Created.IsZero() {
				o.name(s)
				o.b = appendTime(o.b, meta.Created)
			}
		case "lastModified":
			if !meta.LastModified.IsZero() {
				o.name(s)
				o.b = appendTime(o.b, meta.LastModified)
			}
		case "location":
			o.name(s)
			o.b = appendLocation(o.b, w.base, w.m.endpoint, id)
		case "version":
			if meta.Version != "" {
				o.name(s)
				o.b = appendTag(o.b, meta.Version)
			}
		}
	}
	w.b = o.end()
}

// appendLocation appends the URI of a resource as a JSON string.
func appendLocation(b []byte, base, endpoint, id string) []byte {
	b = appendText(b, base)
	b = append(b[:len(b)-1], endpoint...)
	b = append(b, '/')
	return append(append(b, url.PathEscape(id)...), '"')
}

func (w *writer) fullName(a *attribute, n Name) {
	if n == (Name{}) {
		return
	}
	mark, some := len(w.b), w.some
	w.name(a)
	o := begin(w.b)
	for _, s := range a.subs {
		if w.p.shows(s) {
			o.text(s, n.part(s.name))
		}
	}
	if w.b = o.end(); !o.some {
		w.b, w.some = w.b[:mark], some
	}
}

func (n Name) part(name string) string {
	switch name {
	case "formatted":
		return n.Formatted
	case "familyName":
		return n.Family
	case "givenName":
		return n.Given
	case "middleName":
		return n.Middle
	case "honorificPrefix":
		return n.Prefix
	case "honorificSuffix":
		return n.Suffix
	}
	return ""
}

func (w *writer) emails(a *attribute, emails []Email) {
	if len(emails) == 0 {
		return
	}
	w.name(a)
	w.b = append(w.b, '[')
	for i, e := range emails {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		o := begin(w.b)
		for _, s := range a.subs {
			if !w.p.shows(s) {
				continue
			}
			switch s.name {
			case "value":
				o.text(s, e.Value)
			case "display":
				o.text(s, e.Display)
			case "type":
				o.text(s, e.Type)
			case "primary":
				o.bool(s, e.Primary)
			}
		}
		w.b = o.end()
	}
	w.b = append(w.b, ']')
}

func (w *writer) groups(a *attribute, groups []Member) {
	if len(groups) == 0 {
		return
	}
	w.name(a)
	w.b = append(w.b, '[')
	for i, g := range groups {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		inner := writer{object: begin(w.b), m: w.m, p: w.p, base: w.base}
		inner.reference(a, g, "Group", "direct")
		w.b = inner.end()
	}
	w.b = append(w.b, ']')
}

// reference writes the parts of a member, or of a group that a user is in.
func (w *writer) reference(a *attribute, x Member, resourceType, kind string) {
	for _, s := range a.subs {
		if !w.p.shows(s) {
			continue
		}
		switch s.name {
		case "value":
			w.text(s, x.ID)
		case "$ref":
			w.name(s)
			w.b = appendLocation(w.b, w.base, "/"+resourceType+"s", x.ID)
		case "type":
			w.text(s, kind)
		case "display":
			w.text(s, x.Display)
		}
	}
}
