package saml

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

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

// Finding is what one check found.
type Finding struct {
	Check string // one of the names above
	Saw   string // what it looked at, shortened and made printable; written by the other side, and may name a person
	Err   *Error // nil: it passed
}

// Explain makes every check that Finish makes, also behind one that fails, and says what
// each found, in the order in which Finish would: the first Err is the one that Finish
// returns, with a hint that may know more, and without any Finish would have said who
// signed in. It takes what Finish takes; now is when the message came, for one that was
// captured.
//
// Behind a signature that fails the rest is read as it stands, so that an admin sees all
// that has to be set right and not the first of it. Nobody vouches for it: show it, and do
// nothing else with it. A check that has nothing to look at is left out, as all of them
// are behind an assertion that cannot be decrypted.
//
// It verifies a message up to four times, and says more than a stranger should know: call
// it where refusals are limited, and keep what it says for admins.
func (sp *SP) Explain(idp *IdP, rules *Rules, m Message, req *Request, now time.Time) (findings []Finding) {
	defer rescue(CodeXML, func(e *Error) { findings = append(findings, Finding{Check: CheckMessage, Err: e}) })
	c, refused := sp.prepare(idp, rules, m, req, now)
	if refused != nil && refused.Code == CodeConfig {
		return []Finding{{Check: CheckConfiguration, Err: refused}}
	}
	findings = []Finding{{Check: CheckConfiguration}}
	if refused != nil {
		return append(findings, Finding{Check: CheckMessage, Err: refused})
	}
	findings = append(findings, Finding{Check: CheckMessage})
	gate, doc := c.gate(m)
	findings = append(findings, gate...)
	if doc == nil {
		said := readUnverified(m)
		if said == nil {
			return c.advised(findings, nil)
		}
		doc = &said.document
	}
	return c.advised(append(findings, c.findings(doc)...), doc)
}

// advised is advise for all findings.
func (c *check) advised(all []Finding, doc *document) []Finding {
	for _, f := range all {
		if f.Err != nil {
			c.advise(f.Err, doc)
		}
	}
	return all
}

// unverified is what a message says when nobody vouches for it. It is a type of its own,
// so that judge cannot be given one by mistake.
type unverified struct{ document document }

// readUnverified reads the claims as they stand; nil when there is nothing that could
// be read as one assertion in clear.
func readUnverified(m Message) *unverified {
	root := m.doc.Root()
	if !root.Is(engine.ProtocolSpace, "Response") {
		return nil
	}
	assertions := root.Named(engine.AssertionSpace, "Assertion")
	if len(assertions) != 1 {
		return nil
	}
	u := &unverified{}
	if u.document.claims(root, assertions[0], verifier{}) != nil {
		return nil
	}
	return u
}

// gate makes the checks of verify, which stops at the first failure: where one opt-in of
// the rules is all that a failure asks for, it goes on as if that were given, to see what
// stands behind it. doc is nil unless what is left verified.
func (c *check) gate(m Message) (findings []Finding, doc *document) {
	rules := c.rules
	failed := map[string]bool{}
	var failures []Finding
	var last Code
	for {
		var refused *Error
		if doc, refused = c.verify(m, rules); refused == nil {
			last = ""
			break
		}
		doc, last = nil, refused.Code
		check := checkOf(last)
		if failed[check] {
			break
		}
		failed[check] = true
		failures = append(failures, Finding{Check: check, Err: refused})
		if !forgive(&rules, last) {
			break
		}
	}
	for _, name := range passedBefore(m, last) {
		if !failed[name] {
			findings = append(findings, Finding{Check: name})
		}
	}
	if n := len(findings); doc != nil && n > 0 && findings[n-1].Check == CheckSignature {
		findings[n-1].Saw = "SHA-256 " + fingerprint(c.idp.Certificates[doc.certificate].Raw)
	}
	return append(findings, failures...), doc
}

// passedBefore lists the checks that certainly passed when verify ended with a code, ""
// for no refusal. What a refusal leaves open is not in it.
func passedBefore(m Message, last Code) []string {
	all := []string{CheckStatus, CheckStructure, CheckEncryption, CheckAlgorithm, CheckSignature}
	switch {
	case last == "":
		return all
	case last == CodeUnsigned:
		return all[:3]
	case checkOf(last) == CheckSignature:
		return all[:4]
	case checkOf(last) == CheckEncryption:
		return all[:2]
	case m.doc.Root().Is(engine.ProtocolSpace, "Response") && checkStatus(m.doc.Root()) == nil:
		return all[:1]
	}
	return nil
}

// forgive gives the opt-in that a refusal asks for, for a look behind it. CBC is not
// forgiven: that would be an answer about a private key.
func forgive(rules *Rules, code Code) bool {
	switch {
	case code == CodeAlgorithm && !rules.InsecureAllowLegacy:
		rules.InsecureAllowLegacy = true
	case code == CodeCertificateExpired && rules.DenyExpiredCertificates:
		rules.DenyExpiredCertificates = false
	case code == CodeClear && rules.RequireEncrypted:
		rules.RequireEncrypted = false
	default:
		return false
	}
	return true
}

// checkOf says which check refuses with a code of verify.
func checkOf(code Code) string {
	switch code {
	case CodeSize, CodeEncoding, CodeXML:
		return CheckMessage
	case CodeStatus:
		return CheckStatus
	case CodeClear, CodeEncrypted:
		return CheckEncryption
	case CodeAlgorithm, CodeCertificate:
		return CheckAlgorithm
	case CodeUnsigned, CodeSignature, CodeCertificateExpired, CodeSecondVerifier:
		return CheckSignature
	case CodeVersion:
		return CheckVersion
	}
	return CheckStructure
}

// findings runs every step, but for those that have nothing to look at.
func (c *check) findings(doc *document) []Finding {
	var out []Finding
	failed := map[string]bool{}
	for _, s := range steps() {
		if failed[s.needs] {
			failed[s.name] = true
			continue
		}
		f := Finding{Check: s.name, Err: s.run(c, doc), Saw: printable(c.saw(s.name, doc))}
		failed[s.name] = f.Err != nil
		out = append(out, f)
	}
	return out
}

// saw says what a check looked at.
func (c *check) saw(name string, doc *document) string {
	a := &doc.assertion
	conf := c.candidate(doc)
	switch name {
	case CheckVersion:
		return a.version
	case CheckIssuer:
		return a.issuer
	case CheckDestination:
		return doc.response.destination
	case CheckAge:
		return "issued at " + stamp(a.issueInstant)
	case CheckNameID:
		if a.nameID == nil {
			return ""
		}
		return strings.TrimSpace(a.nameID.Value + " " + a.nameID.Format)
	case CheckConfirmation:
		return fmt.Sprintf("%d SubjectConfirmation", len(a.confirmations))
	case CheckRecipient:
		return conf.to()
	case CheckConfirmationTime:
		return span(conf.notBefore, conf.notOnOrAfter)
	case CheckInResponseTo:
		return conf.inResponseTo
	case CheckRequest:
		return doc.response.inResponseTo
	case CheckSession:
		return sessions(a.authn)
	case CheckIdentifier:
		return first(c.who.email, "no address")
	case CheckValues:
		return "attributes: " + strings.Join(names(a.attributes), ", ")
	}
	return sawConditions(name, a.conditions)
}

func sawConditions(name string, cond *conditions) string {
	if cond == nil {
		return ""
	}
	switch name {
	case CheckAudience:
		return strings.Join(slices.Concat(cond.audiences...), ", ")
	case CheckConditions:
		return strings.Join(cond.unknown, ", ")
	case CheckValidity:
		return span(cond.notBefore, cond.notOnOrAfter)
	}
	return ""
}

func sessions(all []authnStatement) string {
	var ends time.Time
	for _, s := range all {
		ends = earliest(ends, s.sessionEnds)
	}
	return span(time.Time{}, ends)
}

func span(from, until time.Time) string {
	var out []string
	if !from.IsZero() {
		out = append(out, "from "+stamp(from))
	}
	if !until.IsZero() {
		out = append(out, "until "+stamp(until))
	}
	return strings.Join(out, " ")
}
