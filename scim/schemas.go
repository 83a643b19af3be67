package scim

import (
	"slices"
	"sync"
)

// Schemas is what is served: the core schemas, and the extensions of the host. It is fixed
// once it is made, and safe for concurrent use. nil stands for User with EnterpriseUser, and
// Group.
type Schemas struct {
	extensions []Extension
	users      *model
	groups     *model
}

// NewSchemas adds extensions to the core schemas. It refuses a URN that is none, is taken, or
// together with the name of an attribute reads as another's; names that are none, or taken in
// their schema whatever their case; complex attributes within complex ones, and multi-valued
// ones within complex ones; a type, mutability or returned that there is not; and uniqueness,
// which no Backend could keep (RFC 7643, sections 2 and 7).
func NewSchemas(extensions ...Extension) (*Schemas, error) {
	if err := checkExtensions(extensions); err != nil {
		return nil, err
	}
	return compileSchemas(extensions), nil
}

func compileSchemas(extensions []Extension) *Schemas {
	s := &Schemas{extensions: append([]Extension{{ResourceType: "User", Schema: enterpriseSchema()}}, copied(extensions)...)}
	s.users = newModel(userSchema(), s.of("User"))
	s.groups = newModel(groupSchema(), s.of("Group"))
	return s
}

// standard is what a nil Schemas stands for. It never changes.
var standard = sync.OnceValue(func() *Schemas { return compileSchemas(nil) })

func (s *Schemas) orStandard() *Schemas {
	if s == nil {
		return standard()
	}
	return s
}

func (s *Schemas) user() *model  { return s.orStandard().users }
func (s *Schemas) group() *model { return s.orStandard().groups }

// of are the extensions of a resource type.
func (s *Schemas) of(resourceType string) []Schema {
	var out []Schema
	for _, x := range s.extensions {
		if x.ResourceType == resourceType {
			out = append(out, x.Schema)
		}
	}
	return out
}

// all are the schemas that are served, the core ones first.
func (s *Schemas) all() []Schema {
	out := []Schema{userSchema(), groupSchema()}
	for _, x := range s.orStandard().extensions {
		out = append(out, x.Schema)
	}
	return out
}

// extensionsOf are the URNs of a resource type's extensions, in the order of all.
func (s *Schemas) extensionsOf(resourceType string) []string {
	var out []string
	for _, x := range s.orStandard().of(resourceType) {
		out = append(out, x.ID)
	}
	return out
}

// copied is a copy that shares nothing with what the host holds.
func copied(extensions []Extension) []Extension {
	out := slices.Clone(extensions)
	for i := range out {
		out[i].Schema.Attributes = copiedAttributes(out[i].Schema.Attributes)
	}
	return out
}

func copiedAttributes(attributes []Attribute) []Attribute {
	out := slices.Clone(attributes)
	for i := range out {
		a := &out[i]
		a.CanonicalValues = slices.Clone(a.CanonicalValues)
		a.ReferenceTypes = slices.Clone(a.ReferenceTypes)
		a.SubAttributes = copiedAttributes(a.SubAttributes)
	}
	return out
}
