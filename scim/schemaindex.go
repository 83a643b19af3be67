package scim

import "slices"

// IndexUser is what a [Backend] with an index keeps of a user, so that a [Query] finds it: a
// row for each value in [User.Attributes] that a filter may ask for, in the order of the
// schemas. Values without a key are left out. Of a multi-valued attribute the primary element is
// in Row 0, and the others follow in their order: lists are sorted by the value of the lowest row
// that has one (RFC 7644, section 3.4.2.3).
func (s *Schemas) IndexUser(u User) []Indexed {
	return s.user().index(&draft{user: &u})
}

// IndexGroup is as [Schemas.IndexUser]. A group's members are not in it.
func (s *Schemas) IndexGroup(g Group) []Indexed {
	return s.group().index(&draft{group: &g})
}

func (m *model) index(d *draft) []Indexed {
	out := make([]Indexed, 0, 16)
	for _, a := range m.roots {
		switch a.field {
		case inSchemas, inID, inExternalID, inMeta, inPassword, inGroupsOf, inMembers:
			continue
		case inName:
			out = a.indexName(out, d.user.Name)
			continue
		case inEmails:
			out = a.indexEmails(out, d.user.Emails)
			continue
		}
		if v := d.get(a); v != nil {
			out = a.index(out, v, 0)
		}
	}
	return out
}

func (a *attribute) index(out []Indexed, v any, row int) []Indexed {
	if a.served == never {
		return out
	}
	if list, ok := v.([]any); ok && a.MultiValued {
		first := max(0, slices.IndexFunc(list, func(e any) bool { return isPrimary(a, e) }))
		for i, e := range list {
			switch {
			case i == first:
				i = 0
			case i < first:
				i++
			}
			out = a.indexOne(out, e, i)
		}
		return out
	}
	return a.indexOne(out, v, row)
}

// indexName is index of what [Name.attributes] would make.
func (a *attribute) indexName(out []Indexed, n Name) []Indexed {
	if a.served == never {
		return out
	}
	for _, s := range a.subs {
		if v := n.part(s.name); v != "" {
			out = s.index(out, v, 0)
		}
	}
	return out
}

// indexEmails is index of what attributesOfEmails would make.
func (a *attribute) indexEmails(out []Indexed, emails []Email) []Indexed {
	if a.served == never {
		return out
	}
	first := max(0, slices.IndexFunc(emails, func(e Email) bool { return e.Primary && a.primary != nil }))
	for i := range emails {
		row := i
		switch {
		case i == first:
			row = 0
		case i < first:
			row++
		}
		for _, s := range a.subs {
			if text := emails[i].text(s.name); text != "" {
				out = s.index(out, text, row)
			} else if s.name == "primary" {
				out = s.index(out, emails[i].Primary, row)
			}
		}
	}
	return out
}

func (a *attribute) indexOne(out []Indexed, v any, row int) []Indexed {
	if a.subs != nil {
		m, _ := v.(map[string]any)
		for _, s := range a.subs {
			if x := m[s.name]; x != nil {
				out = s.index(out, x, row)
			}
		}
		return out
	}
	if key, ok := a.Key(v); ok && key != "" {
		out = append(out, Indexed{Path: a.path, Row: row, Key: key})
	}
	return out
}
