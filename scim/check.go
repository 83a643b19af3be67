package scim

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/accesssec/accesssec-go/scim/filter"
)

const (
	maxText     = 4096      // bytes of a text
	maxBinary   = 64 * 1024 // bytes of a binary value, in base64
	maxElements = 200       // of a multi-valued attribute

	maxResource = 256 * 1024 // bytes of all that a resource has, but for a group's members
)

// An intake brings the values of one request into the form that [User.Extra] describes.
type intake struct {
	l     *leniency
	patch bool // null and "" in a complex value stay, as nil: they unassign what is there
}

// value is v as a value of a, nil when that is not assigned (RFC 7643, section 2.5).
func (in intake) value(a *attribute, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	if a.MultiValued {
		return in.list(a, v)
	}
	return in.one(a, v)
}

// list takes a list, and one value for a list of one.
func (in intake) list(a *attribute, v any) (any, error) {
	given, ok := v.([]any)
	if !ok {
		if m, ok := v.(map[string]any); ok && len(m) == 0 || v == "" {
			return nil, nil
		}
		if !in.patch && !in.l.allow(ValueForComplex) {
			return nil, invalid(a.said() + " is multi-valued; send an array.")
		}
		given = []any{v}
	}
	if len(given) > maxElements {
		return nil, tooMany(a)
	}
	in.patch = false // elements are whole
	out := make([]any, 0, len(given))
	primaries := 0
	for _, e := range given {
		e, err := in.one(a, e)
		if err != nil {
			return nil, err
		}
		if e == nil {
			continue
		}
		if isPrimary(a, e) {
			primaries++
		}
		out = append(out, e)
	}
	if primaries > 1 {
		return nil, invalid(a.said() + " has more than one value that is primary; send at most one.")
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func tooMany(a *attribute) error {
	return invalid(a.said() + " has too many values; at most " + strconv.Itoa(maxElements) + " are taken.")
}

// isPrimary reports whether e is the element of a that is marked as the primary one.
func isPrimary(a *attribute, e any) bool {
	m, ok := e.(map[string]any)
	return ok && a.primary != nil && m[a.primary.name] == true
}

// said names a in a message.
func (a *attribute) said() string { return quoted(a.path) }

func (in intake) one(a *attribute, v any) (any, error) {
	if v == nil || v == "" {
		return nil, nil
	}
	switch a.Type {
	case filter.Complex:
		return in.complexFrom(a, v)
	case filter.Boolean:
		return in.boolean(a, v)
	case filter.Integer, filter.Decimal:
		n, ok := v.(json.Number)
		if !ok || a.Type == filter.Integer && strings.ContainsAny(string(n), ".eE") {
			return nil, in.wrong(a, v)
		}
		if _, ok := a.Key(v); !ok {
			return nil, in.wrong(a, v)
		}
		return v, nil
	}
	s, ok := v.(string)
	if !ok {
		return nil, in.wrong(a, v)
	}
	return v, a.checkText(s)
}

func (in intake) wrong(a *attribute, v any) error {
	kind := "a text"
	switch a.Type {
	case filter.Boolean:
		kind = "true or false"
	case filter.Integer:
		kind = "a whole number"
	case filter.Decimal:
		kind = "a number"
	case filter.Complex:
		kind = "an object"
	}
	got := "an object"
	switch v.(type) {
	case string:
		got = "a text"
	case bool:
		got = "a boolean"
	case json.Number:
		got = "a number"
	case []any:
		got = "an array"
	}
	return invalid(a.said() + " takes " + kind + ", not " + got + ".")
}

func (in intake) boolean(a *attribute, v any) (any, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case string:
		yes := strings.EqualFold(v, "true")
		if yes || strings.EqualFold(v, "false") {
			if !in.l.allow(BooleanText) {
				return nil, invalid(a.said() + " takes true or false without quotes.")
			}
			return yes, nil
		}
	}
	return nil, in.wrong(a, v)
}

// checkText checks what is not a plain text by its type, and all by their length.
func (a *attribute) checkText(s string) error {
	switch {
	case a.limit > 0:
		if utf8.RuneCountInString(s) > a.limit {
			return invalid(a.said() + " is too long; at most " + strconv.Itoa(a.limit) + " characters are taken.")
		}
		if strings.TrimSpace(s) == "" {
			return invalid(a.said() + " is blank.")
		}
		return nil
	case a.Type == filter.Binary:
		if len(s) > maxBinary {
			return invalid(a.said() + " is too long; at most " + strconv.Itoa(maxBinary) + " bytes are taken.")
		}
		if _, err := base64.StdEncoding.Strict().DecodeString(s); err != nil || strings.ContainsAny(s, "\r\n") {
			return invalid(a.said() + " is not valid base64 (RFC 4648, section 4).")
		}
		return nil
	case len(s) > maxText:
		return invalid(a.said() + " is too long; at most " + strconv.Itoa(maxText) + " bytes are taken.")
	}
	switch a.Type {
	case filter.DateTime:
		if _, ok := a.Key(s); !ok {
			return invalid(a.said() + ` is no time as in "2011-05-13T04:42:34Z".`)
		}
	case filter.Reference:
		if !isReference(s) {
			return invalid(a.said() + " is no URI.")
		}
	}
	return nil
}

// isReference takes a URI or a relative one, but none that runs when somebody follows it.
func isReference(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "javascript" && u.Scheme != "vbscript"
}

// complexFrom takes an object, and what stands for one: its "value", or a list of one.
func (in intake) complexFrom(a *attribute, v any) (any, error) {
	if list, ok := v.([]any); ok && !a.MultiValued {
		if len(list) == 0 {
			return nil, nil
		}
		if len(list) > 1 || !in.l.allow(ValueForComplex) {
			return nil, invalid(a.said() + " has one value; send an object, not an array.")
		}
		if v = list[0]; v == nil || v == "" {
			return nil, nil
		}
	}
	if m, ok := v.(map[string]any); ok {
		return in.complex(a, m)
	}
	if a.value == nil {
		return nil, in.wrong(a, v)
	}
	if _, ok := v.([]any); ok {
		return nil, in.wrong(a, v)
	}
	if !in.l.allow(ValueForComplex) {
		return nil, invalid(a.said() + ` takes an object such as {"value": …}.`)
	}
	value, err := in.one(a.value, v)
	if err != nil || value == nil {
		return nil, err
	}
	return map[string]any{a.value.name: value}, nil
}

// complex takes the parts that the schema has. What is readOnly is left out (RFC 7644,
// section 3.5.1); so is what no schema has, where that is allowed.
func (in intake) complex(a *attribute, given map[string]any) (any, error) {
	if asItIs(a, given) {
		return given, nil
	}
	out := make(map[string]any, len(given))
	known := 0
	for _, s := range a.subs {
		if known == len(given) {
			break
		}
		if v, ok := given[s.name]; ok {
			known++
			if err := in.part(out, s, v); err != nil {
				return nil, err
			}
		}
	}
	if known < len(given) {
		if err := in.otherCase(out, a, given); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 && !in.patch {
		return nil, nil
	}
	return out, nil
}

// asItIs reports whether an object has the form that it is kept in, as nearly all do: it is then
// not copied. Nobody changes what was decoded.
func asItIs(a *attribute, given map[string]any) bool {
	known := 0
	for _, s := range a.subs {
		if known == len(given) {
			break
		}
		v, ok := given[s.name]
		if !ok {
			continue
		}
		switch v := v.(type) {
		case string:
			if s.Type == filter.Complex || s.Type == filter.Boolean || s.Type == filter.Integer || s.Type == filter.Decimal ||
				v == "" || s.checkText(v) != nil {
				return false
			}
		case bool:
			if s.Type != filter.Boolean {
				return false
			}
		default:
			return false
		}
		if s.MultiValued || s.writable == readOnly {
			return false
		}
		known++
	}
	return known == len(given) && known > 0
}

func (in intake) part(out map[string]any, s *attribute, v any) error {
	if s.writable == readOnly {
		return nil
	}
	if v == nil && in.patch && !in.l.allow(NullValue) {
		return invalid(s.said() + " is null; send a remove operation.")
	}
	value, err := in.value(s, v)
	if err != nil {
		return err
	}
	if value != nil || in.patch {
		out[s.name] = value
	}
	return nil
}

// otherCase takes the parts whose names are not written as in the schema.
func (in intake) otherCase(out map[string]any, a *attribute, given map[string]any) error {
	unknown := ""
	for name, v := range given {
		s := named(a.names, name)
		if s == nil {
			if unknown == "" || name < unknown {
				unknown = name
			}
			continue
		}
		if s.name == name {
			continue
		}
		if err := in.part(out, s, v); err != nil {
			return err
		}
	}
	if unknown != "" && !in.l.allow(UnknownAttribute) {
		return syntax(a.said() + " has a part that its schema does not have: " + quoted(unknown) + ".")
	}
	return nil
}

// lookFold finds a name in another case.
func lookFold(m map[string]any, name string) (any, bool) {
	for k, v := range m {
		if sameName(k, name) {
			return v, true
		}
	}
	return nil, false
}
