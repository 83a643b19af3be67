package samltest

import (
	"time"

	"github.com/beevik/etree"
)

const (
	formatUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	methodBearer      = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	nameFormatBasic   = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
	classPassword     = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
)

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// response writes all but the assertion.
func (d *draft) response() *etree.Element {
	root := etree.NewElement("samlp:Response")
	root.CreateAttr("xmlns:samlp", nsProtocol)
	root.CreateAttr("xmlns:saml", nsAssertion)
	root.CreateAttr("ID", d.id)
	root.CreateAttr("Version", "2.0")
	root.CreateAttr("IssueInstant", instant(d.issued))
	root.CreateAttr("Destination", d.destination)
	if d.inResponseTo != "" {
		root.CreateAttr("InResponseTo", d.inResponseTo)
	}
	root.CreateElement("saml:Issuer").SetText(d.issuer)
	status := root.CreateElement("samlp:Status")
	code := status.CreateElement("samlp:StatusCode")
	if d.status == nil {
		code.CreateAttr("Value", statusSuccess)
		return root
	}
	code.CreateAttr("Value", d.status.code)
	code.CreateElement("samlp:StatusCode").CreateAttr("Value", d.status.second)
	status.CreateElement("samlp:StatusMessage").SetText(d.status.message)
	return root
}

// assertion writes one assertion that stands for itself: it declares its own
// namespaces, so that its signature holds wherever it is put.
func (d *draft) assertion(id string, c claims) *etree.Element {
	root := etree.NewElement("saml:Assertion")
	root.CreateAttr("xmlns:saml", nsAssertion)
	root.CreateAttr("ID", id)
	root.CreateAttr("Version", "2.0")
	root.CreateAttr("IssueInstant", instant(d.issued))
	root.CreateElement("saml:Issuer").SetText(d.issuer)

	subject := root.CreateElement("saml:Subject")
	nameID := subject.CreateElement("saml:NameID")
	nameID.CreateAttr("Format", c.nameIDFormat)
	nameID.SetText(c.nameID)
	confirmation := subject.CreateElement("saml:SubjectConfirmation")
	confirmation.CreateAttr("Method", methodBearer)
	data := confirmation.CreateElement("saml:SubjectConfirmationData")
	if d.inResponseTo != "" {
		data.CreateAttr("InResponseTo", d.inResponseTo)
	}
	data.CreateAttr("NotOnOrAfter", instant(d.notOnOrAfter))
	data.CreateAttr("Recipient", d.recipient)

	conditions := root.CreateElement("saml:Conditions")
	conditions.CreateAttr("NotBefore", instant(d.notBefore))
	conditions.CreateAttr("NotOnOrAfter", instant(d.notOnOrAfter))
	if d.audience != "" {
		conditions.CreateElement("saml:AudienceRestriction").CreateElement("saml:Audience").SetText(d.audience)
	}

	authn := root.CreateElement("saml:AuthnStatement")
	authn.CreateAttr("AuthnInstant", instant(d.authenticated))
	authn.CreateAttr("SessionIndex", id)
	if !d.sessionEnds.IsZero() {
		authn.CreateAttr("SessionNotOnOrAfter", instant(d.sessionEnds))
	}
	authn.CreateElement("saml:AuthnContext").CreateElement("saml:AuthnContextClassRef").SetText(classPassword)

	statement := root.CreateElement("saml:AttributeStatement")
	for _, claim := range c.attributes {
		el := statement.CreateElement("saml:Attribute")
		el.CreateAttr("Name", claim.name)
		el.CreateAttr("NameFormat", nameFormatBasic)
		for _, value := range claim.values {
			el.CreateElement("saml:AttributeValue").SetText(value)
		}
	}
	return root
}
