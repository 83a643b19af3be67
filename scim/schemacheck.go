package scim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/accesssec/accesssec-go/scim/filter"
)

const maxAttributes = 500 // of one extension, sub-attributes included

func checkExtensions(extensions []Extension) error {
	taken := []Schema{userSchema(), groupSchema(), enterpriseSchema()}
	for _, x := range extensions {
		id := x.Schema.ID
		if x.ResourceType != "User" && x.ResourceType != "Group" {
			return fmt.Errorf("scim: extension %q is of resource type %q, which is neither User nor Group", id, x.ResourceType)
		}
		if !isSchemaURN(id) {
			return fmt.Errorf("scim: %q is no URN for a schema", id)
		}
		for _, t := range taken {
			if strings.EqualFold(t.ID, id) {
				return fmt.Errorf("scim: there are two schemas %q", id)
			}
			if runsInto(t, x.Schema) || runsInto(x.Schema, t) {
				return fmt.Errorf("scim: an attribute of one of the schemas %q and %q reads as the other", t.ID, id)
			}
		}
		taken = append(taken, x.Schema)
		if len(x.Schema.Attributes) == 0 {
			return fmt.Errorf("scim: schema %q has no attributes", id)
		}
		n := 0
		if err := checkAttributes(x.Schema.Attributes, false, &n); err != nil {
			return fmt.Errorf("scim: schema %q: %w", id, err)
		}
	}
	return nil
}

// isSchemaURN takes what RFC 8141 does, without a query or fragment.
func isSchemaURN(s string) bool {
	if len(s) < 8 || len(s) > maxName/2 || !strings.EqualFold(s[:4], "urn:") {
		return false
	}
	nid, nss, ok := strings.Cut(s[4:], ":")
	if !ok || len(nid) < 2 || nss == "" || strings.HasSuffix(nss, ":") || strings.Contains(nss, "::") {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte(":.-_", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// runsInto reports whether an attribute of a, written with its URN, begins as the URN of b.
func runsInto(a, b Schema) bool {
	rest, ok := behind(a.ID, b.ID)
	if !ok {
		return false
	}
	first, _, _ := strings.Cut(rest, ":")
	name, _, _ := strings.Cut(first, ".")
	return slices.ContainsFunc(a.Attributes, func(x Attribute) bool { return strings.EqualFold(x.Name, name) })
}

func checkAttributes(attributes []Attribute, sub bool, n *int) error {
	names := map[string]bool{}
	for _, a := range attributes {
		if *n++; *n > maxAttributes {
			return fmt.Errorf("more than %d attributes", maxAttributes)
		}
		if !isName(a.Name) && (!sub || a.Name != "$ref") {
			return fmt.Errorf("%q is no name for an attribute", a.Name)
		}
		low := strings.ToLower(a.Name)
		if names[low] {
			return fmt.Errorf("attribute %q: the name is taken", a.Name)
		}
		names[low] = true
		if err := checkAttribute(a, sub); err != nil {
			return fmt.Errorf("attribute %q: %w", a.Name, err)
		}
		if err := checkAttributes(a.SubAttributes, true, n); err != nil {
			return fmt.Errorf("attribute %q: %w", a.Name, err)
		}
	}
	return nil
}

// isName is ATTRNAME of RFC 7643, section 2.1.
func isName(s string) bool {
	for i, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '_'):
		default:
			return false
		}
	}
	return s != "" && len(s) <= 64
}

func checkAttribute(a Attribute, sub bool) error {
	types := []filter.Type{
		filter.String, filter.Boolean, filter.Decimal, filter.Integer,
		filter.DateTime, filter.Binary, filter.Reference, filter.Complex,
	}
	switch {
	case !slices.Contains(types, a.Type):
		return fmt.Errorf("there is no type %q", a.Type)
	case sub && a.Type == filter.Complex:
		return fmt.Errorf("it is complex within a complex one")
	case sub && a.MultiValued:
		return fmt.Errorf("it is multi-valued within a complex one")
	case a.Type == filter.Complex && len(a.SubAttributes) == 0:
		return fmt.Errorf("it is complex and has no sub-attributes")
	case a.Type != filter.Complex && len(a.SubAttributes) > 0:
		return fmt.Errorf("it has sub-attributes and is not complex")
	case !slices.Contains([]string{"", "readOnly", "readWrite", "immutable", "writeOnly"}, a.Mutability):
		return fmt.Errorf("there is no mutability %q", a.Mutability)
	case !slices.Contains([]string{"", "always", "never", "default", "request"}, a.Returned):
		return fmt.Errorf("there is no returned %q", a.Returned)
	case a.Uniqueness != "" && a.Uniqueness != "none":
		return fmt.Errorf("nobody could keep it unique (%q)", a.Uniqueness)
	case a.Required && a.Mutability == "readOnly":
		return fmt.Errorf("it is required of clients, who cannot write it")
	case a.Mutability == "writeOnly" && a.Returned != "never":
		return fmt.Errorf("it is writeOnly, and so must be returned never")
	}
	return nil
}
