package saml

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

const maxSessionIndexes = 256

const (
	hintSignLogout   = "switch on signing of logout requests and logout responses at the identity provider: one that nobody signed could end anybody's session"
	hintLogoutURL    = "set the single logout (SLO) URL at the identity provider to exactly the one shown here"
	hintLogoutAnew   = "sign out again; if it always happens, one of the two clocks is wrong"
	hintLogoutNobody = "the logout request needs the one NameID that the provider sent at the sign-in"
)

// logoutDocument is what a verified logout message says, as plain values.
type logoutDocument struct {
	id, version, issuer        string
	hasIssuer                  bool
	destination                string
	inResponseTo               string
	hasReplyTo                 bool
	issueInstant, notOnOrAfter time.Time
	nameID                     *NameID // of a request
	sessionIndexes             []string
	status                     *Error // of a response; nil is success
	certificate                int
}

// verifyLogout judges the structure, then the signature, and reads what it covers and
// nothing else.
func (c *check) verifyLogout(m LogoutMessage, local string) (*logoutDocument, *Error) {
	sig, err := logoutProfile(m, local, c.rules.InsecureAllowLegacy)
	if err != nil {
		return nil, err
	}
	root, by := m.root, 0
	if m.query != nil {
		by, err = m.query.verify(c.idp.Certificates, c)
	} else {
		root, by, err = verifyElement(m.root, sig, c.idp.Certificates, c.rules.InsecureAllowLegacy)
	}
	if err != nil {
		return nil, err
	}
	doc := &logoutDocument{certificate: by}
	if err := c.readLogout(doc, root, local); err != nil {
		return nil, err
	}
	return doc, nil
}

// logoutProfile is profile for a logout message. In a query nothing is signed within
// the document (saml-bindings 3.4.4.1), in a form its root is.
func logoutProfile(m LogoutMessage, local string, legacy bool) (*signature, *Error) {
	if !m.root.is(protocolSpace, local) {
		return nil, structure("a SAML 2.0 "+local, m.root.local)
	}
	count, err := logoutCensus(m.root)
	if err != nil {
		return nil, err
	}
	if err := checkID(m.root); err != nil {
		return nil, err
	}
	sig, err := signatureOf(m.root, legacy)
	if err != nil {
		return nil, err
	}
	found := 0
	if sig != nil {
		found = 1
	}
	for _, name := range []string{"Signature", "SignedInfo", "SignatureValue", "DigestValue"} {
		if count[name] != found {
			return nil, structure("at most one signature, on the "+local, fmt.Sprintf("%d %s", count[name], name))
		}
	}
	if m.query != nil && sig != nil {
		return nil, structure("a signature in the query and none in the document", "")
	}
	if m.query == nil && sig == nil {
		return nil, refuse(CodeUnsigned, "a signature on the "+local, "none").advise(hintSignLogout)
	}
	return sig, nil
}

// logoutCensus counts local names and makes sure that IDs, in every spelling, are
// unique, and that no part of another message is there.
func logoutCensus(root *node) (map[string]int, *Error) {
	count, ids := map[string]int{}, map[string]bool{}
	for n := range root.walk() {
		count[n.local]++
		for _, a := range n.attrs {
			if a.space == xmlnsSpace || foldASCII(a.local) != "id" {
				continue
			}
			if ids[a.value] {
				return nil, structure("IDs that are unique", a.value)
			}
			ids[a.value] = true
		}
	}
	if n := count["LogoutRequest"] + count["LogoutResponse"]; n != 1 {
		return nil, structure("one logout message", fmt.Sprintf("%d", n))
	}
	for _, name := range []string{"Response", "Assertion", "EncryptedAssertion"} {
		if count[name] != 0 {
			return nil, structure("a logout message and nothing else", name)
		}
	}
	return count, nil
}

// readLogout reads saml-core 3.7.1 and 3.7.2.
func (c *check) readLogout(doc *logoutDocument, n *node, local string) *Error {
	allowed := []string{"saml:Issuer", "ds:Signature", "samlp:Extensions", "samlp:Status"}
	if local == "LogoutRequest" {
		allowed = []string{"saml:Issuer", "ds:Signature", "samlp:Extensions", "saml:NameID", "saml:EncryptedID", "samlp:SessionIndex"}
	}
	err := n.onlyChildren(allowed...)
	if err == nil {
		err = doc.readHead(n)
	}
	if err == nil {
		err = doc.readIndexes(n)
	}
	if err != nil {
		return structure("a "+local+" as in saml-core 3.7", err.Error()).because(err)
	}
	if local == "LogoutRequest" {
		return c.readLogoutName(doc, n)
	}
	doc.status = logoutStatus(n)
	return nil
}

func (doc *logoutDocument) readHead(n *node) error {
	doc.id, doc.version, doc.destination = n.attr("ID"), n.attr("Version"), n.attr("Destination")
	doc.inResponseTo, doc.hasReplyTo = n.lookup("InResponseTo")
	var err error
	if doc.issueInstant, err = n.time("IssueInstant"); err != nil {
		return err
	}
	if doc.notOnOrAfter, err = n.time("NotOnOrAfter"); err != nil {
		return err
	}
	issuer, err := n.one(assertionSpace, "Issuer")
	if err != nil || issuer == nil {
		return err
	}
	doc.hasIssuer = true
	doc.issuer, err = issuer.value()
	return err
}

// readIndexes leaves out an empty SessionIndex: it is how some write that there is none.
func (doc *logoutDocument) readIndexes(n *node) error {
	all := n.named(protocolSpace, "SessionIndex")
	if len(all) > maxSessionIndexes {
		return errors.New("more than 256 SessionIndex")
	}
	for _, el := range all {
		index, err := el.value()
		if err != nil {
			return err
		}
		if err := usable("SessionIndex", index, maxIdentifier); err != nil {
			return errors.New("a SessionIndex that is too long or has control characters")
		}
		if index != "" && !slices.Contains(doc.sessionIndexes, index) {
			doc.sessionIndexes = append(doc.sessionIndexes, index)
		}
	}
	return nil
}

// readLogoutName wants one name, in clear or encrypted for us.
func (c *check) readLogoutName(doc *logoutDocument, n *node) *Error {
	el, err := n.one(assertionSpace, "NameID")
	if err != nil {
		return refuse(CodeNameID, "one NameID", "several").because(err).advise(hintLogoutNobody)
	}
	sealed, err := n.one(assertionSpace, "EncryptedID")
	if err != nil || (el == nil) == (sealed == nil) {
		return refuse(CodeNameID, "one NameID", "none or several").because(err).advise(hintLogoutNobody)
	}
	if sealed != nil {
		var refused *Error
		if el, refused = c.openName(sealed); refused != nil {
			return refused
		}
	}
	value, err := el.value()
	if err != nil {
		return refuse(CodeNameID, "a NameID of text", "").because(err).advise(hintLogoutNobody)
	}
	doc.nameID = &NameID{Value: value, Format: el.attr("Format"),
		NameQualifier: el.attr("NameQualifier"), SPNameQualifier: el.attr("SPNameQualifier")}
	return nil
}

// openName is where an EncryptedID is decrypted into the NameID it holds. It is called
// with verified content only.
func (c *check) openName(sealed *node) (*node, *Error) {
	return nil, refuse(CodeEncrypted, "a NameID in clear", sealed.local)
}

// logoutStatus is checkStatus for an answer. Success with PartialLogout below it says
// that another application has kept its session.
func logoutStatus(n *node) *Error {
	if err := checkStatus(n); err != nil {
		return err.advise("the identity provider could not end its session: sign out there as well")
	}
	for _, status := range n.named(protocolSpace, "Status") {
		for code := range status.walk() {
			if code.is(protocolSpace, "StatusCode") && code.attr("Value") == statusPartialLogout {
				return refuse(CodeStatus, "Success", "Success / PartialLogout").
					advise("the identity provider ended its own session, but not all of those at other applications")
			}
		}
	}
	return nil
}
