package samltest

import (
	"time"

	"github.com/beevik/etree"
)

const (
	formatUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	formatEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	formatPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	formatEntity      = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"

	methodBearer          = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	nameFormatBasic       = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
	nameFormatUnspecified = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
	classPassword         = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	classUnspecified      = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
	classEntra            = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
)

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// message begins a protocol message: all that requests and responses have in common.
func (d *draft) message(tag string) *etree.Element {
	root := etree.NewElement("samlp:" + tag)
	root.CreateAttr("xmlns:samlp", nsProtocol)
	root.CreateAttr("ID", d.id)
	root.CreateAttr("Version", "2.0")
	root.CreateAttr("IssueInstant", instant(d.issued))
	root.CreateAttr("Destination", d.destination)
	if d.inResponseTo != "" {
		root.CreateAttr("InResponseTo", d.inResponseTo)
	}
	issuer := root.CreateElement("saml:Issuer")
	issuer.CreateAttr("xmlns:saml", nsAssertion)
	issuer.SetText(d.issuer)
	return root
}

// response writes all but the assertion.
func (d *draft) response() *etree.Element {
	root := d.message("Response")
	d.writeStatus(root)
	d.style.dress(root)
	return root
}

func (d *draft) writeStatus(root *etree.Element) {
	status := root.CreateElement("samlp:Status")
	code := status.CreateElement("samlp:StatusCode")
	if d.status == nil {
		code.CreateAttr("Value", statusSuccess)
		return
	}
	code.CreateAttr("Value", d.status.code)
	code.CreateElement("samlp:StatusCode").CreateAttr("Value", d.status.second)
	status.CreateElement("samlp:StatusMessage").SetText(d.status.message)
}

// assertion writes one assertion that stands for itself: it declares its own
// namespaces, so that its signature holds wherever it is put.
func (d *draft) assertion(id string, c claims) (*etree.Element, error) {
	root := etree.NewElement("saml:Assertion")
	root.CreateAttr("xmlns:saml", nsAssertion)
	root.CreateAttr("ID", id)
	root.CreateAttr("Version", "2.0")
	root.CreateAttr("IssueInstant", instant(d.issued))
	root.CreateElement("saml:Issuer").SetText(d.issuer)

	subject := root.CreateElement("saml:Subject")
	subject.AddChild(c.nameID.element())
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
	authn.CreateAttr("SessionIndex", d.sessionIndex)
	if !d.sessionEnds.IsZero() {
		authn.CreateAttr("SessionNotOnOrAfter", instant(d.sessionEnds))
	}
	authn.CreateElement("saml:AuthnContext").CreateElement("saml:AuthnContextClassRef").SetText(d.authnContext)

	if len(c.attributes) > 0 {
		root.AddChild(d.statement(c.attributes))
	}
	d.style.dress(root)
	return root, d.hideName(root)
}

func (d *draft) statement(attributes []claim) *etree.Element {
	statement := etree.NewElement("saml:AttributeStatement")
	for _, claim := range attributes {
		el := statement.CreateElement("saml:Attribute")
		el.CreateAttr("Name", claim.name)
		if claim.format != "" {
			el.CreateAttr("NameFormat", claim.format)
		}
		for _, v := range claim.values {
			value := el.CreateElement("saml:AttributeValue")
			if d.style.typed {
				value.CreateAttr("xmlns:xs", nsSchema)
				value.CreateAttr("xmlns:xsi", nsSchema+"-instance")
				value.CreateAttr("xsi:type", "xs:string")
			}
			value.SetText(v)
		}
	}
	return statement
}

// element writes the NameID without a declaration of its prefix.
func (n NameID) element() *etree.Element {
	el := etree.NewElement("saml:NameID")
	for _, a := range []struct{ name, value string }{
		{"Format", n.Format}, {"NameQualifier", n.NameQualifier}, {"SPNameQualifier", n.SPNameQualifier},
	} {
		if a.value != "" {
			el.CreateAttr(a.name, a.value)
		}
	}
	el.SetText(n.Value)
	return el
}

// hideName makes an EncryptedID of the NameID, if that is wanted.
func (d *draft) hideName(assertion *etree.Element) error {
	if d.encrypter == nil || !d.encrypter.NameID {
		return nil
	}
	name := assertion.FindElement("./Subject/NameID")
	plain := name.Copy()
	plain.CreateAttr(xmlns(d.style.assertion), nsAssertion)
	hidden, err := d.encrypter.wrap(plain, "EncryptedID")
	if err != nil {
		return err
	}
	swap(name, hidden)
	return nil
}

// swap puts another element into the place of one.
func swap(old, with *etree.Element) {
	parent, at := old.Parent(), old.Index()
	parent.RemoveChild(old)
	parent.InsertChildAt(at, with)
}
