package accesssec

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/accesssec/accesssec-go/scim"
)

// userAttributes is u as its entry keeps it: all of [scim.User.Attributes] but active, which a
// column says. The bytes are those that encoding/json writes, with which entries of before were
// written and are compared, and are written here without a map for each part.
func userAttributes(u scim.User) ([]byte, error) {
	var room [16]string // most have fewer
	names := room[:0]
	for name := range u.Extra {
		switch name {
		case "userName", "active", "name", "emails":
			return attributesByMap(u) // none of Extra's, so who knows which is meant
		}
		names = append(names, name)
	}
	names = append(names, "userName")
	if u.Name != (scim.Name{}) {
		names = append(names, "name")
	}
	if len(u.Emails) > 0 {
		names = append(names, "emails")
	}
	slices.Sort(names)
	o, err := objectAt(make([]byte, 0, 512)), error(nil)
	for _, name := range names {
		o.name(name)
		switch name {
		case "userName":
			o.b = appendJSON(o.b, u.UserName)
		case "name":
			o.b = appendName(o.b, u.Name)
		case "emails":
			o.b = appendEmails(o.b, u.Emails)
		default:
			if o.b, err = appendAny(o.b, u.Extra[name]); err != nil {
				return nil, err
			}
		}
	}
	return append(o.b, '}'), nil
}

func attributesByMap(u scim.User) ([]byte, error) {
	attributes := u.Attributes()
	delete(attributes, "active")
	return json.Marshal(attributes)
}

func appendName(b []byte, n scim.Name) []byte {
	o := objectAt(b)
	for _, part := range [...]struct{ name, value string }{
		{"familyName", n.Family}, {"formatted", n.Formatted}, {"givenName", n.Given},
		{"honorificPrefix", n.Prefix}, {"honorificSuffix", n.Suffix}, {"middleName", n.Middle},
	} {
		o.text(part.name, part.value)
	}
	return append(o.b, '}')
}

func appendEmails(b []byte, emails []scim.Email) []byte {
	for i, e := range emails {
		o := objectAt(append(b, "[,"[min(i, 1)]))
		o.text("display", e.Display)
		o.name("primary")
		o.b = strconv.AppendBool(o.b, e.Primary)
		o.text("type", e.Type)
		o.text("value", e.Value)
		b = append(o.b, '}')
	}
	return append(b, ']')
}

// object is written name by name.
type object struct {
	b    []byte
	next byte // stands before the next name
}

func objectAt(b []byte) object { return object{b, '{'} }

func (o *object) name(name string) {
	o.b = append(appendJSON(append(o.b, o.next), name), ':')
	o.next = ','
}

// text leaves out what says nothing.
func (o *object) text(name, value string) {
	if value != "" {
		o.name(name)
		o.b = appendJSON(o.b, value)
	}
}

// appendAny appends a value of [scim.User.Extra].
func appendAny(b []byte, v any) ([]byte, error) {
	var err error
	switch v := v.(type) {
	case string:
		return appendJSON(b, v), nil
	case map[string]any:
		if len(v) == 0 {
			break
		}
		o := objectAt(b)
		var room [16]string // most have fewer
		names := room[:0]
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			o.name(name)
			if o.b, err = appendAny(o.b, v[name]); err != nil {
				return nil, err
			}
		}
		return append(o.b, '}'), nil
	case []any:
		if len(v) == 0 {
			break
		}
		for i, one := range v {
			if b, err = appendAny(append(b, "[,"[min(i, 1)]), one); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	}
	rest, err := json.Marshal(v)
	return append(b, rest...), err
}

// appendJSON appends a text as encoding/json does.
func appendJSON(b []byte, s string) []byte {
	out, from := append(b, '"'), 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c < ' ' || c > '~':
			text, _ := json.Marshal(s) // a text always can be
			return append(b, text...)
		case c == '"' || c == '\\':
			out = append(append(out, s[from:i]...), '\\', c)
			from = i + 1
		case c == '<' || c == '>' || c == '&':
			out = append(append(out, s[from:i]...), '\\', 'u', '0', '0', "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
			from = i + 1
		}
	}
	return append(append(out, s[from:]...), '"')
}
