package saml

import "time"

// document is what a verified message says, as plain values: the only thing the
// checks see. Whoever verifies fills it from the bytes the signature covers.
type document struct {
	response    response
	assertion   assertion
	certificate int // index of the certificate that verified the assertion
}

// response holds the fields of the Response. When only the assertion is signed
// nobody vouches for them, so they may cause a refusal and nothing else.
type response struct {
	version      string
	issuer       string
	hasIssuer    bool
	destination  string
	hasDest      bool
	inResponseTo string
	hasReplyTo   bool
}

// assertion has zero times and a nil pointer for what is absent.
type assertion struct {
	id, version, issuer string
	issueInstant        time.Time
	nameID              *NameID
	confirmations       []confirmation
	conditions          *conditions
	authn               []authnStatement
	attributes          []attribute
}

type confirmation struct {
	method                  string
	hasData, hasReplyTo     bool
	recipient, inResponseTo string
	notBefore, notOnOrAfter time.Time
}

type conditions struct {
	notBefore, notOnOrAfter time.Time
	audiences               [][]string // one list for each restriction
	unknown                 []string
}

type authnStatement struct {
	instant, sessionEnds time.Time
	sessionIndex         string
	contexts             []string
}

type attribute struct {
	name, friendlyName string
	values             []string
}
