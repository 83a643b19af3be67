package scim

import "errors"

// ReadAttributes reads what [User.Attributes] or [Group.Attributes] was kept as, by
// encoding/json or any other writer of JSON: for [UserOf] and [GroupOf], and quicker than a
// decoder that knows nothing of SCIM. b must not be changed afterwards. The error is an
// *[Error], about b as if a client had sent it.
func ReadAttributes(b []byte) (map[string]any, error) { return decode(b) }

// ReadUser is [UserOf] of what [ReadAttributes] makes of b, without the maps between.
func ReadUser(b []byte) (User, error) {
	u, good, r := User{}, true, newReader(b)
	err := r.document(func() error {
		return r.members(1, func(name string) error {
			ok, err := r.readInto(&u, name)
			good = good && ok
			return err
		})
	})
	if err == nil && !good {
		err = errNoUser
	}
	if err != nil {
		return User{}, err
	}
	return u, nil
}

var errNoUser = errors.New("scim: attributes that are no user's")

// readInto reads the value of one attribute; false: it is of another form.
func (r *reader) readInto(u *User, name string) (bool, error) {
	c := r.next()
	switch {
	case name == "userName" && c == '"':
		var err error
		u.UserName, err = r.text()
		return true, err
	case name == "name" && c == '{':
		return true, r.members(2, func(part string) error {
			return r.textOr(u.Name.field(part), 2)
		})
	case name == "emails" && c == '[':
		return r.readEmails(u)
	}
	v, err := r.value(1)
	if err != nil {
		return false, err
	}
	ok := false
	switch name {
	case "userName", "name", "emails":
	case "active":
		u.Active, ok = v.(bool)
	default:
		if ok = canonical(v, 0); ok {
			if u.Extra == nil {
				u.Extra = make(map[string]any, 8)
			}
			u.Extra[name] = v
		}
	}
	return ok, nil
}

func (r *reader) readEmails(u *User) (bool, error) {
	good := true
	err := r.elements(2, func() error {
		if r.next() != '{' {
			good = false
			_, err := r.value(2)
			return err
		}
		var e Email
		err := r.members(3, func(part string) error {
			switch part {
			case "value":
				return r.textOr(&e.Value, 3)
			case "display":
				return r.textOr(&e.Display, 3)
			case "type":
				return r.textOr(&e.Type, 3)
			}
			v, err := r.value(3)
			if part == "primary" {
				e.Primary, _ = v.(bool)
			}
			return err
		})
		u.Emails = append(u.Emails, e)
		return err
	})
	return good, err
}

// textOr reads a text into where it belongs. What is none, or belongs nowhere, is read and left.
func (r *reader) textOr(to *string, depth int) error {
	if to == nil || r.next() != '"' {
		_, err := r.value(depth)
		return err
	}
	var err error
	*to, err = r.text()
	return err
}

// field is where the part of a name is kept; nil: there is none.
func (n *Name) field(part string) *string {
	switch part {
	case "formatted":
		return &n.Formatted
	case "familyName":
		return &n.Family
	case "givenName":
		return &n.Given
	case "middleName":
		return &n.Middle
	case "honorificPrefix":
		return &n.Prefix
	case "honorificSuffix":
		return &n.Suffix
	}
	return nil
}
