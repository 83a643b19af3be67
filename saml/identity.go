package saml

import "time"

// Identity is what a verified assertion says about a person. Every string comes from
// the bytes the signature covers. Email, FirstName, LastName and Groups are found by
// the usual attribute names; an identity provider may assert any address, so the
// caller must check that the connection may speak for its domain. None of them holds
// control characters; the values in Attributes are as they were sent, of any length
// that fits a message, line ends included.
type Identity struct {
	AssertionID     string              `json:"assertion_id"`              // burn it until ReplayUntil
	NameID          NameID              `json:"name_id"`                   // never empty
	Email           string              `json:"email,omitempty"`           // as asserted, shaped like an address; "" when none was found
	FirstName       string              `json:"first_name,omitempty"`      // at most 256 bytes
	LastName        string              `json:"last_name,omitempty"`       // at most 256 bytes
	Groups          []string            `json:"groups,omitempty"`          // in document order, no duplicates
	Attributes      map[string][]string `json:"attributes,omitempty"`      // by Name; attributes of one name are merged
	SessionIndex    string              `json:"session_index,omitempty"`   // of the first AuthnStatement that has one
	AuthnContext    []string            `json:"authn_context,omitempty"`   // class references
	AuthenticatedAt time.Time           `json:"authenticated_at,omitzero"` // the earliest AuthnInstant; zero when not said
	SessionEndsAt   time.Time           `json:"session_ends_at,omitzero"`  // the earliest SessionNotOnOrAfter; zero when not said
	ReplayUntil     time.Time           `json:"replay_until"`              // no Rules accept the assertion at or after this time
	Solicited       bool                `json:"solicited"`                 // answers the Request given to Finish
	Certificate     int                 `json:"certificate"`               // which of IdP.Certificates verified it
}

// NameID is the subject's name at the identity provider, with the qualifiers a later
// logout has to repeat (saml-core 2.2.2).
type NameID struct {
	Value           string `json:"value"`
	Format          string `json:"format,omitempty"`
	NameQualifier   string `json:"name_qualifier,omitempty"`
	SPNameQualifier string `json:"sp_name_qualifier,omitempty"`
}
