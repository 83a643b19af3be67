package saml

// Code is the reason of a refusal. The strings are stable.
type Code string

// Side is who has to act on a refusal.
type Side string

// The sides.
const (
	FixServiceProvider  Side = "service_provider"  // the application: its settings here, or the host's code
	FixIdentityProvider Side = "identity_provider" // the settings at the identity provider
	FixPerson           Side = "person"            // try again
	FixUnknown          Side = "unknown"           // broken in transit, or an attack
)

// The reasons, in the order in which they are looked for.
const (
	CodeConfig    Code = "config"
	CodeSize      Code = "size"
	CodeEncoding  Code = "encoding"
	CodeXML       Code = "xml"
	CodeProfile   Code = "profile"
	CodeStatus    Code = "status"
	CodeClear     Code = "not_encrypted"
	CodeEncrypted Code = "encrypted"
	CodeUnsigned  Code = "unsigned"
	CodeAlgorithm Code = "algorithm"
	CodeSignature Code = "signature"

	CodeCertificateExpired Code = "certificate_expired"
	CodeSecondVerifier     Code = "second_verifier"

	CodeVersion         Code = "version"
	CodeIssuer          Code = "issuer"
	CodeDestination     Code = "destination"
	CodeAudienceMissing Code = "audience_missing"
	CodeAudience        Code = "audience"
	CodeConditions      Code = "conditions"
	CodeExpired         Code = "expired"
	CodeNotYetValid     Code = "not_yet_valid"
	CodeStale           Code = "stale"
	CodeSubject         Code = "subject"
	CodeRecipient       Code = "recipient"
	CodeUnsolicited     Code = "unsolicited"
	CodeRequestUnknown  Code = "request_unknown"
	CodeRequestExpired  Code = "request_expired"
	CodeSessionOver     Code = "session_over"
	CodeNameID          Code = "name_id"
	CodeIdentifier      Code = "identifier"
	CodeValue           Code = "value"
	CodeMetadata        Code = "metadata"
	CodeCertificate     Code = "certificate"
)

// Codes lists every code, for tables that must have a row for each.
func Codes() []Code {
	rows := codeRows()
	out := make([]Code, len(rows))
	for i, r := range rows {
		out[i] = r.code
	}
	return out
}

type codeRow struct {
	code Code
	fix  Side
	say  string // for the person: no received text, no jargon where it can be helped
	hint string // for the admin who fixes it
}

// row finds the entry of c; an unknown code reads as unexplained.
func (c Code) row() codeRow {
	for _, r := range codeRows() {
		if r.code == c {
			return r
		}
	}
	return codeRow{code: c, fix: FixUnknown, say: "sign-in was refused", hint: "no explanation is kept for this code"}
}

func codeRows() []codeRow {
	return []codeRow{
		{CodeConfig, FixServiceProvider, "single sign-on is not set up completely", "complete the connection: entity ID, ACS URL, issuer, sign-in URL and certificate are all needed"},
		{CodeSize, FixIdentityProvider, "the response is too large", "a response may have 1 MiB; send fewer groups or attributes, for example only the groups assigned to this application"},
		{CodeEncoding, FixUnknown, "the response could not be decoded", "the form must be posted once with one SAMLResponse field in base64; look for a proxy or a plug-in that rewrites it"},
		{CodeXML, FixUnknown, "the response is not acceptable XML", "the document must be one well-formed UTF-8 document without DOCTYPE, comments, CDATA or processing instructions"},
		{CodeProfile, FixUnknown, "the response does not have the structure of a SAML login", "one Response with one Assertion, each element once, signed by an enveloped signature over its own ID; anything else is treated as an attack"},
		{CodeStatus, FixIdentityProvider, "the identity provider refused the sign-in", "read the provider's own log for this time; most often the person is not assigned to the application"},
		{CodeClear, FixIdentityProvider, "the assertion is not encrypted", "this connection takes encrypted assertions only: switch assertion encryption on at the provider, with the certificate from this connection's metadata"},
		{CodeEncrypted, FixIdentityProvider, "the assertion could not be decrypted", "the provider encrypts for another key: give it this connection's metadata again, or switch assertion encryption off there"},
		{CodeUnsigned, FixIdentityProvider, "the response is not signed", "switch on signing of the response or of the assertion"},
		{CodeAlgorithm, FixIdentityProvider, "the response is signed in a way that is no longer safe", "sign with RSA or ECDSA and SHA-256 or better, exclusive canonicalization, and an RSA key of at least 2048 bits"},
		{CodeSignature, FixServiceProvider, "the signature does not match the certificate of this connection", "the provider may have a new certificate: download it there and add it to the connection"},
		{CodeCertificateExpired, FixServiceProvider, "the certificate of this connection has expired", "have the provider make a new certificate, and add it to the connection before the provider signs with it; or let the connection accept expired certificates"},
		{CodeSecondVerifier, FixUnknown, "the signature is good for one of two verifiers only", "keep the response and report it: either it is an attack, or a document that one of the two verifiers reads wrongly"},
		{CodeVersion, FixIdentityProvider, "the response is not SAML 2.0", "choose SAML 2.0 at the identity provider"},
		{CodeIssuer, FixServiceProvider, "the response comes from another issuer", "copy the provider's issuer (entity ID) into the connection exactly, with or without its last slash"},
		{CodeDestination, FixIdentityProvider, "the response was meant for another address", "set the postback (ACS) URL at the provider to exactly the one shown here"},
		{CodeAudienceMissing, FixIdentityProvider, "the assertion does not say whom it is for", "set the audience (SP entity ID) at the identity provider"},
		{CodeAudience, FixIdentityProvider, "the assertion is for another application", "set the audience (SP entity ID) at the provider to exactly the entity ID shown here"},
		{CodeConditions, FixIdentityProvider, "the assertion has a condition that is not understood", "remove the custom condition at the identity provider"},
		{CodeExpired, FixPerson, "the sign-in took too long or was used late", "try again; if it always happens, one of the two clocks is wrong"},
		{CodeNotYetValid, FixIdentityProvider, "the assertion is not valid yet", "the provider's clock is ahead: set it by NTP, or raise the skew of the connection"},
		{CodeStale, FixPerson, "the assertion is older than a day", "start the sign-in again; if it always happens, the provider's clock is wrong"},
		{CodeSubject, FixIdentityProvider, "the assertion does not confirm its subject", "the assertion needs a bearer SubjectConfirmation with Recipient and NotOnOrAfter"},
		{CodeRecipient, FixIdentityProvider, "the assertion was meant for another address", "set the recipient or ACS URL at the provider to exactly the one shown here"},
		{CodeUnsolicited, FixPerson, "this sign-in was not started here", "start at the application's sign-in page, or allow sign-in from the provider's portal for this connection"},
		{CodeRequestUnknown, FixPerson, "this sign-in belongs to another attempt", "start the sign-in again in one window; a provider that invents InResponseTo for portal sign-in must leave it out"},
		{CodeRequestExpired, FixPerson, "the sign-in took longer than ten minutes", "start the sign-in again"},
		{CodeSessionOver, FixPerson, "the session at the identity provider is over", "sign out at the identity provider and sign in again"},
		{CodeNameID, FixIdentityProvider, "the assertion does not name the person", "send exactly one NameID that is not empty and not encrypted"},
		{CodeIdentifier, FixIdentityProvider, "the assertion has no usable address of the person", "send the attribute the connection names as identifier, holding one e-mail address"},
		{CodeValue, FixIdentityProvider, "a value in the assertion is not usable", "a name may have 256 bytes, an identifier or a group 1024, and none a control character"},
		{CodeMetadata, FixServiceProvider, "the metadata cannot be used", "upload the identity provider's SAML 2.0 metadata: an EntityDescriptor with a signing certificate and a sign-in URL"},
		{CodeCertificate, FixServiceProvider, "the certificate cannot be used", "upload the provider's X.509 certificate as PEM or DER (.pem, .cert, .cer, .crt)"},
	}
}
