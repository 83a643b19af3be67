// Package saml is a SAML 2.0 service provider for one connection at a time: it
// sends a browser to an identity provider and reads what comes back.
//
// Start with [SP.Start] and [SP.Finish]. The package keeps no state: Start returns
// a [Request] to keep, Finish takes it back once. Two things are left to the caller
// because they need a store: a Request must be used once and only by the browser
// that began it, and [Identity.AssertionID] must be burned until
// [Identity.ReplayUntil] where the session is made, so that an assertion opens one
// session and no second one.
//
// Single logout is [SP.StartLogout] and [SP.FinishLogout] for a person who signs out
// here, and [SP.ReceiveLogout], [SP.Ends] and [SP.AnswerLogout] for one who does so at
// the provider; [ReadLogout] reads what arrives for either.
//
// What it refuses, always: responses and logout messages that are not signed, a login
// that is not exactly one signed assertion, keys named by the message instead of the
// connection, document types, comments and processing instructions, a missing audience;
// and SHA-1, RSA keys below 2048 bits and AES-CBC without a field of the [Rules] that is
// called Insecure. It never inflates what a browser posted. There is no switch that turns
// a check off, and no result that comes with a warning: the answer is an [Identity] or an
// [*Error] that says which side has to fix what. [SP.Explain] makes all the checks on a
// response, for the admin who has to set it right.
//
// The specifications are the OASIS SAML 2.0 documents saml-core, saml-bindings
// (3.4 and 3.5), saml-profiles (4.1 and 4.4) and saml-metadata, and W3C XML Signature with
// Exclusive Canonicalization. Every value here is safe for concurrent use as long as
// nobody changes it.
package saml

import (
	"net/url"
	"strings"
	"unicode"
)

// SP is our side of one connection. EntityID and ACS are what the identity provider
// was given; both are compared exactly.
type SP struct {
	EntityID string // also the audience an assertion must name
	ACS      string // where the response is posted; better no "_" in it, one large provider refuses such a URL
	SLO      string // where logout messages arrive, by either binding; "": no single logout
	Keys     []Key  // the first signs requests, all are published, any decrypts; none: requests go unsigned
}

// check reports what is missing for any use of sp.
func (sp *SP) check() *Error {
	if sp == nil || sp.EntityID == "" || sp.ACS == "" {
		return refuse(CodeConfig, "an entity ID and an ACS URL of the service provider", "")
	}
	if len(sp.EntityID) > maxIdentifier || strings.TrimSpace(sp.EntityID) != sp.EntityID || strings.ContainsFunc(sp.EntityID, unicode.IsControl) {
		return refuse(CodeConfig, "an entity ID of at most 1024 bytes, without control characters or white space around it", sp.EntityID)
	}
	if !isWebURL(sp.ACS) {
		return refuse(CodeConfig, "an absolute http or https ACS URL", sp.ACS)
	}
	return nil
}

// isWebURL says whether s is an absolute http or https URL with a host.
func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
