package scim

// Tolerance is one rule by which a request was taken that breaks the letter of the RFCs.
type Tolerance string

// The tolerances.
const (
	OpCase            Tolerance = "op-case"             // "Replace" for "replace", "post" in a bulk
	BooleanText       Tolerance = "boolean-text"        // "True" for true, also in filters
	NullValue         Tolerance = "null-value"          // a null that stands for "remove" in a PATCH
	RemoveWithValue   Tolerance = "remove-with-value"   // remove of "members" with the members in value
	DottedKey         Tolerance = "dotted-key"          // {"name.givenName": …} and URN keys in a PATCH value
	ValueForComplex   Tolerance = "value-for-complex"   // "271" or [{…}] for a complex attribute
	ElementCreated    Tolerance = "element-created"     // replace at emails[type eq "work"] where there is none
	ElementAbsent     Tolerance = "element-absent"      // remove at emails[type eq "work"] where there is none
	BareExtension     Tolerance = "bare-extension"      // "manager" without the URN of its extension
	UnknownAttribute  Tolerance = "unknown-attribute"   // one that no schema has is left out
	UnknownSchema     Tolerance = "unknown-schema"      // a URN in schemas that is not served
	ReadOnlyAttribute Tolerance = "read-only-attribute" // id, meta, groups in the value of a PATCH without a path are left out
	UnknownMember     Tolerance = "unknown-member"      // a member that is nobody is left out
	NoOperations      Tolerance = "no-operations"       // a PATCH of none
	ContentType       Tolerance = "content-type"        // a body of no type, or of another
	PathForm          Tolerance = "path-form"           // doubled or trailing slashes, a stray query, a bulk's path with the base before it
	UnquotedFilter    Tolerance = "unquoted-filter"     // externalId eq jyoung
	ExtraKey          Tolerance = "extra-key"           // "name" of an operation, "id" beside Operations
	ExternalIDAgain   Tolerance = "external-id-again"   // a POST of somebody who is inactive reactivates them
	Response          Tolerance = "response"            // application/json for who asks for nothing else
)
