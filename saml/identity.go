package saml

import (
	"slices"
	"time"
)

// Identity is what a verified assertion says about a person. Every string comes from
// the bytes the signature covers. Email, FirstName, LastName and Groups are found by
// the usual attribute names or by those of the Rules; an identity provider may assert
// any address, so the caller must check that the connection may speak for its domain.
// None of them holds control characters; the values in Attributes are as they were
// sent, of any length that fits a message, line ends included.
type Identity struct {
	AssertionID     string              `json:"assertion_id"`              // burn it until ReplayUntil
	NameID          NameID              `json:"name_id"`                   // never empty; one that is Transient is no key to an account
	Email           string              `json:"email,omitempty"`           // as asserted, shaped like an address; "" when none was found
	FirstName       string              `json:"first_name,omitempty"`      // at most 256 bytes
	LastName        string              `json:"last_name,omitempty"`       // at most 256 bytes
	Groups          []string            `json:"groups,omitempty"`          // in document order, no duplicates
	GroupsOmitted   bool                `json:"groups_omitted,omitempty"`  // there were too many groups to send (Entra, above 150): keep what the person had, no groups is not what this says
	Attributes      map[string][]string `json:"attributes,omitempty"`      // by Name; attributes of one name are merged
	SessionIndex    string              `json:"session_index,omitempty"`   // of the first AuthnStatement that has one
	AuthnContext    []string            `json:"authn_context,omitempty"`   // class references
	AuthnMethods    []string            `json:"authn_methods,omitempty"`   // Microsoft's authnmethodsreferences, no duplicates
	AuthenticatedAt time.Time           `json:"authenticated_at,omitzero"` // the earliest AuthnInstant; zero when not said
	SessionEndsAt   time.Time           `json:"session_ends_at,omitzero"`  // the earliest SessionNotOnOrAfter; zero when not said
	ReplayUntil     time.Time           `json:"replay_until"`              // no Rules accept the assertion at or after this time
	Solicited       bool                `json:"solicited"`                 // answers the Request given to Finish
	Certificate     int                 `json:"certificate"`               // which of IdP.Certificates verified it
}

// MultiFactor says whether the identity provider claims that the person used more than
// one factor: AuthnContext or AuthnMethods holds a reference whose own definition is
// just that. These are the REFEDS MFA profile, Microsoft's multipleauthn, and of
// saml-authn-context-2.0 MobileTwoFactorContract, MobileTwoFactorUnregistered and
// SmartcardPKI. False means that it was not claimed, not that one factor was used: many
// providers send PasswordProtectedTransport whatever happened.
func (id *Identity) MultiFactor() bool {
	return slices.ContainsFunc(id.AuthnContext, isMultiFactor) || slices.ContainsFunc(id.AuthnMethods, isMultiFactor)
}

func isMultiFactor(reference string) bool {
	switch reference {
	case "https://refeds.org/profile/mfa",
		"http://schemas.microsoft.com/claims/multipleauthn",
		"urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
		"urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorUnregistered",
		"urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI":
		return true
	}
	return false
}

// NameID is the subject's name at the identity provider, with the qualifiers a later
// logout has to repeat (saml-core 2.2.2).
type NameID struct {
	Value           string `json:"value"`
	Format          string `json:"format,omitempty"`
	NameQualifier   string `json:"name_qualifier,omitempty"`
	SPNameQualifier string `json:"sp_name_qualifier,omitempty"`
}

// Transient says that the name is made anew for each sign-in (saml-core 8.3.8). It can
// be logged out by, and tells nobody who comes back.
func (n NameID) Transient() bool {
	return n.Format == transientFormat
}
