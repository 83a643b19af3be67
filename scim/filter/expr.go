package filter

// Expr is a filter: an [And], an [Or], a [Not], a [Compare] or an [Element]. String prints it
// so that it parses to the same again.
type Expr interface {
	String() string
	expr()
}

// And holds when all of its parts hold. It has two or more.
type And []Expr

// Or holds when any of its parts holds. It has two or more.
type Or []Expr

// Not holds when its part does not.
type Not struct{ Expr Expr }

// Compare holds when any value of the attribute compares so. With OpNotEqual it holds when no
// value is equal, and so also where there is none.
type Compare struct {
	Attribute Attribute
	Op        Op
	Value     any // string, bool, json.Number or nil (null), as written; nil with OpPresent

	// Key is what Attribute.Key makes of Value; set by [Resolve]. Two values are equal when
	// their keys are, and are ordered as their keys are, byte by byte.
	Key string
}

// Element holds when one element of a multi-valued attribute meets all of Expr: "emails[type
// eq "work" and value co "@example.com"]". The paths in Expr are full ("emails.type"), and lie
// under that of Attribute. The form "emails[type eq "work"].value eq "x"" is parsed to the
// Element that means the same.
type Element struct {
	Attribute Attribute
	Expr      Expr
}

func (And) expr()     {}
func (Or) expr()      {}
func (Not) expr()     {}
func (Compare) expr() {}
func (Element) expr() {}

// Op is an operator of RFC 7644, section 3.4.2.2, in lower case.
type Op string

// The operators.
const (
	OpEqual          Op = "eq"
	OpNotEqual       Op = "ne"
	OpContains       Op = "co"
	OpStartsWith     Op = "sw"
	OpEndsWith       Op = "ew"
	OpPresent        Op = "pr"
	OpGreaterThan    Op = "gt"
	OpGreaterOrEqual Op = "ge"
	OpLessThan       Op = "lt"
	OpLessOrEqual    Op = "le"
)

// Path names an attribute: "userName", "name.familyName",
// "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName". As parsed
// it is as written, and of a URN nobody can tell yet whether its last part is an attribute;
// [Resolve] makes it canonical: names in the schema's case, no URN for the core schema.
type Path struct {
	URN  string // of the schema; "" the core schema of the resource
	Name string
	Sub  string // the sub-attribute; "" none
}

// Type is the type of an attribute (RFC 7643, section 2.3).
type Type string

// The types.
const (
	String    Type = "string"
	Boolean   Type = "boolean"
	Decimal   Type = "decimal"
	Integer   Type = "integer"
	DateTime  Type = "dateTime"
	Binary    Type = "binary"
	Reference Type = "reference"
	Complex   Type = "complex"
)

// Attribute is what comparing needs to know of one. As parsed only Path is set: it then counts
// as a string whose case does not matter.
type Attribute struct {
	Path
	Type        Type
	CaseExact   bool
	MultiValued bool
}

// Lookup finds the attribute that a path as written means, whatever its case, with or without
// the URN of the core schema. false: there is none.
type Lookup func(Path) (Attribute, bool)

// Target is what a PATCH operation points at (RFC 7644, figure 7): an attribute, elements of
// a multi-valued one, or a sub-attribute of those.
type Target struct {
	Path    Path // with Sub, where no Element comes between
	Element Expr // nil: no brackets
	Sub     string
}
