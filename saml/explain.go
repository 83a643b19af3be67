package saml

// The names of the checks, in the order in which Finish makes them. The strings are
// stable.
const (
	CheckConfiguration    = "configuration"     // what is set up here is complete
	CheckMessage          = "message"           // the form, the base64 and the XML can be read
	CheckStatus           = "status"            // the provider says that the sign-in succeeded
	CheckStructure        = "structure"         // one Response, one Assertion, signatures in their places
	CheckEncryption       = "encryption"        // encrypted as the rules want it, and for a key of ours
	CheckAlgorithm        = "algorithm"         // safe algorithms and keys
	CheckSignature        = "signature"         // made with a key of the connection, over what was sent
	CheckVersion          = "version"           // SAML 2.0
	CheckIssuer           = "issuer"            // of the connection
	CheckDestination      = "destination"       // the Response was posted where it was meant to go
	CheckAudience         = "audience"          // the Assertion is for us
	CheckAge              = "age"               // IssueInstant, not to come and not a day ago
	CheckConditions       = "conditions"        // no condition that is not understood
	CheckValidity         = "validity"          // NotBefore and NotOnOrAfter of the Conditions
	CheckNameID           = "name_id"           // there is one, and it is not empty
	CheckConfirmation     = "confirmation"      // a bearer SubjectConfirmation that is complete
	CheckRecipient        = "recipient"         // of that confirmation: our ACS
	CheckConfirmationTime = "confirmation_time" // NotBefore and NotOnOrAfter of that confirmation
	CheckInResponseTo     = "in_response_to"    // of that confirmation: the request of this browser, or none where that is allowed
	CheckRequest          = "request"           // InResponseTo of the Response, and the age of the request
	CheckSession          = "session"           // SessionNotOnOrAfter is not over
	CheckIdentifier       = "identifier"        // the address, by the rules of the connection
	CheckValues           = "values"            // names and groups of a usable size
)
