package saml

import (
	"errors"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

const maxSessionIndexes = 256

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
// nothing else. In a query nothing is signed within the document (saml-bindings
// 3.4.4.1), in a form its root is.
func (c *check) verifyLogout(m LogoutMessage, local string) (*logoutDocument, *Error) {
	sig, err := engine.ReadSingle(m.doc, engine.ProtocolSpace, local, c.rules.InsecureAllowLegacy)
	if err != nil {
		return nil, fault(err)
	}
	v, doc, root := c.verifier(), &logoutDocument{}, m.doc.Root()
	var refused *Error
	switch {
	case m.query != nil && sig != nil:
		refused = structure("a signature in the query and none in the document", "")
	case m.query != nil:
		doc.certificate, refused = m.query.verify(v)
	case sig == nil:
		refused = refuse(CodeUnsigned, "a signature on the "+local, "none")
	default:
		var covered engine.Verified
		covered, doc.certificate, refused = v.signed(sig, true)
		root, v.by = covered.Element(), sig
	}
	if refused == nil {
		refused = v.readLogout(doc, root, local)
	}
	if refused != nil {
		return nil, refused
	}
	return doc, nil
}

// readLogout reads saml-core 3.7.1 and 3.7.2.
func (v verifier) readLogout(doc *logoutDocument, n engine.Element, local string) *Error {
	allowed := []string{"saml:Issuer", "ds:Signature", "samlp:Extensions", "samlp:Status"}
	if local == "LogoutRequest" {
		allowed = []string{"saml:Issuer", "ds:Signature", "samlp:Extensions", "saml:NameID", "saml:EncryptedID", "samlp:SessionIndex"}
	}
	err := n.OnlyChildren(allowed...)
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
		return v.readLogoutName(doc, n)
	}
	doc.status = logoutStatus(n)
	return nil
}

func (doc *logoutDocument) readHead(n engine.Element) error {
	doc.id, doc.version, doc.destination = n.Attr("ID"), n.Attr("Version"), n.Attr("Destination")
	doc.inResponseTo, doc.hasReplyTo = n.Lookup("InResponseTo")
	var err error
	if doc.issueInstant, err = timeOf(n, "IssueInstant"); err != nil {
		return err
	}
	if doc.notOnOrAfter, err = timeOf(n, "NotOnOrAfter"); err != nil {
		return err
	}
	issuer, err := n.One(engine.AssertionSpace, "Issuer")
	if err != nil || issuer.IsZero() {
		return err
	}
	doc.hasIssuer = true
	doc.issuer, err = issuer.Value()
	return err
}

// readIndexes leaves out an empty SessionIndex: it is how some write that there is none.
func (doc *logoutDocument) readIndexes(n engine.Element) error {
	all := n.Named(engine.ProtocolSpace, "SessionIndex")
	if len(all) > maxSessionIndexes {
		return errors.New("more than 256 SessionIndex")
	}
	for _, el := range all {
		index, err := el.Value()
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

// readLogoutName wants one name, in clear or encrypted for us. It is called with
// verified content only.
func (v verifier) readLogoutName(doc *logoutDocument, n engine.Element) *Error {
	for el := range n.Elements() {
		if !el.Is(engine.AssertionSpace, "NameID") && !el.Is(engine.AssertionSpace, "EncryptedID") {
			continue
		}
		if doc.nameID != nil {
			return refuse(CodeNameID, "one NameID", "several")
		}
		var err error
		var refused *Error
		if doc.nameID, err = v.nameID(el); errors.As(err, &refused) {
			return refused
		} else if err != nil {
			return refuse(CodeNameID, "a NameID of text", "").because(err)
		}
	}
	if doc.nameID == nil {
		return refuse(CodeNameID, "one NameID", "none")
	}
	return nil
}

// logoutStatus is checkStatus for an answer. Success with PartialLogout below it says
// that another application has kept its session.
func logoutStatus(n engine.Element) *Error {
	if err := checkStatus(n); err != nil {
		return err.advise("the identity provider could not end its session: sign out there as well")
	}
	for _, status := range n.Named(engine.ProtocolSpace, "Status") {
		for code := range status.Walk() {
			if code.Is(engine.ProtocolSpace, "StatusCode") && code.Attr("Value") == statusPartialLogout {
				return refuse(CodeStatus, "Success", "Success / PartialLogout").
					advise("the identity provider ended its own session, but not all of those at other applications")
			}
		}
	}
	return nil
}
