package scim

import "github.com/accesssec/accesssec-go/scim/filter"

// The URNs of the schemas of RFC 7643 that are served.
const (
	UserSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

// Schema describes attributes (RFC 7643, section 7).
type Schema struct {
	ID          string // a URN
	Name        string
	Description string
	Attributes  []Attribute
}

// Attribute describes one. Its zero Mutability is readWrite, its zero Returned default, its
// zero Uniqueness none.
type Attribute struct {
	Name            string
	Type            filter.Type
	MultiValued     bool
	Description     string
	Required        bool
	CanonicalValues []string
	CaseExact       bool
	Mutability      string // "readOnly", "readWrite", "immutable", "writeOnly"
	Returned        string // "always", "never", "default", "request"
	Uniqueness      string // "none", "server", "global"
	ReferenceTypes  []string
	SubAttributes   []Attribute // of a complex one; these hold no complex ones
}

// Extension is a schema of the host's for users or groups.
type Extension struct {
	ResourceType string // "User" or "Group"
	Schema       Schema
}

// Indexed is one value that a filter may ask for, as a [Backend] with an index keeps it.
type Indexed struct {
	Path string // canonical: "emails.value", "urn:…:User:department"
	Row  int    // of the element, in a multi-valued attribute; else 0
	Key  string // what [filter.Attribute.Key] makes of the value
}
