package scim

import "time"

// User is a resource of type User (RFC 7643, section 4.1). A text of "" and a list of none
// stand for an attribute that is not assigned (section 2.5).
type User struct {
	ID         string // the server's; fixed
	ExternalID string // the client's
	UserName   string // unique in a tenant, whatever its case
	Active     bool
	Name       Name
	Emails     []Email

	// Extra is all else, by canonical name, those of an extension in a map under its URN.
	// Values are string, bool, [json.Number], map[string]any (complex), and []any (multi-valued)
	// of those. There is never a password in it.
	Extra map[string]any
	Meta  Meta
}

// Name is a person's name. All but Family and Given are seldom filled in.
type Name struct {
	Formatted, Family, Given, Middle string
	Prefix, Suffix                   string
}

// Email is one element of emails. At most one of a user is Primary; one of which a client says
// nothing is not (RFC 7643, section 2.4), and is served so.
type Email struct {
	Value   string
	Type    string // "work", "home", "other", or what the client says
	Display string
	Primary bool
}

// Address is the address that counts: the primary one, else the first of type work, else the
// first. "" when there is none.
func (u User) Address() string {
	best, rank := "", 0
	for _, e := range u.Emails {
		r := 1
		switch {
		case e.Primary:
			r = 3
		case e.Type == "work":
			r = 2
		}
		if e.Value != "" && r > rank {
			best, rank = e.Value, r
		}
	}
	return best
}

// Meta is kept by the backend.
type Meta struct {
	Created      time.Time
	LastModified time.Time
	Version      string // another one with every change; any text; sent as a weak ETag
}

// Attributes are the user's, but for id, externalId and meta, by their canonical names and in
// the form that Extra has: what a [Backend] keeps as JSON, and what filter.Match looks at once
// "id", "externalId" and "meta" are added, and for groups "members", which are not in it. The
// map is new; the values in it are the user's own, and not to be changed. [UserOf] is the way
// back.
func (u User) Attributes() map[string]any {
	out := make(map[string]any, len(u.Extra)+4)
	for k, v := range u.Extra {
		out[k] = v
	}
	out["userName"], out["active"] = u.UserName, u.Active
	if n := u.Name.attributes(); n != nil {
		out["name"] = n
	}
	if len(u.Emails) > 0 {
		out["emails"] = attributesOfEmails(u.Emails)
	}
	return out
}

// UserOf is the user of what [User.Attributes] made, also after it has been JSON: numbers are
// then json.Number, so decode with UseNumber. It is an error when attributes are of another
// form. What it is given is not kept but for the values of Extra.
func UserOf(attributes map[string]any) (User, error) {
	u := User{}
	ok := true
	for k, v := range attributes {
		good := true
		switch k {
		case "userName":
			u.UserName, good = v.(string)
		case "active":
			u.Active, good = v.(bool)
		case "name":
			var m map[string]any
			if m, good = v.(map[string]any); good {
				u.Name = nameOf(m)
			}
		case "emails":
			var list []any
			if list, good = v.([]any); good {
				u.Emails, good = emailsOf(list)
			}
		default:
			if good = canonical(v, 0); good {
				if u.Extra == nil {
					u.Extra = make(map[string]any, len(attributes))
				}
				u.Extra[k] = v
			}
		}
		ok = ok && good
	}
	if !ok {
		return User{}, errNoUser
	}
	return u, nil
}

func (n Name) attributes() map[string]any {
	if n == (Name{}) {
		return nil
	}
	m := make(map[string]any, 6)
	put := func(key, v string) {
		if v != "" {
			m[key] = v
		}
	}
	put("formatted", n.Formatted)
	put("familyName", n.Family)
	put("givenName", n.Given)
	put("middleName", n.Middle)
	put("honorificPrefix", n.Prefix)
	put("honorificSuffix", n.Suffix)
	return m
}

func nameOf(m map[string]any) Name {
	s := func(key string) string { v, _ := m[key].(string); return v }
	return Name{
		Formatted: s("formatted"), Family: s("familyName"), Given: s("givenName"), Middle: s("middleName"),
		Prefix: s("honorificPrefix"), Suffix: s("honorificSuffix"),
	}
}

func attributesOfEmails(emails []Email) []any {
	out := make([]any, len(emails))
	for i, e := range emails {
		m := make(map[string]any, 4)
		if e.Value != "" {
			m["value"] = e.Value
		}
		if e.Display != "" {
			m["display"] = e.Display
		}
		if e.Type != "" {
			m["type"] = e.Type
		}
		m["primary"] = e.Primary
		out[i] = m
	}
	return out
}

// text is a sub-attribute of attributesOfEmails that is one; "": it is not assigned.
func (e *Email) text(name string) string {
	switch name {
	case "value":
		return e.Value
	case "display":
		return e.Display
	case "type":
		return e.Type
	}
	return ""
}

func emailsOf(list []any) ([]Email, bool) {
	if len(list) == 0 {
		return nil, true
	}
	out := make([]Email, len(list))
	for i, x := range list {
		m, ok := x.(map[string]any)
		if !ok {
			return nil, false
		}
		e := &out[i]
		e.Value, _ = m["value"].(string)
		e.Display, _ = m["display"].(string)
		e.Type, _ = m["type"].(string)
		e.Primary, _ = m["primary"].(bool)
	}
	return out, true
}
