package saml

import (
	"encoding/base64"

	"github.com/beevik/etree"
)

// MetadataOptions of [SP.Metadata]; nil is the zero value.
type MetadataOptions struct {
	// Encryption publishes the certificate of the first key for encryption too. Some
	// providers encrypt as soon as they see one. There is never more than one: ADFS
	// refuses two.
	Encryption bool
	// Sign adds an enveloped signature by the first key.
	Sign bool
}

// Metadata is our side as a file for the identity provider (saml-metadata 2.4.4):
// entity ID, ACS URL, the certificates of all keys for signing, and whether requests
// are signed. It has no validUntil, because providers that import it once would
// refuse it later, and no encryption key, so that nobody encrypts what Finish
// refuses. The error is an *Error of CodeConfig.
func (sp *SP) Metadata(opts *MetadataOptions) ([]byte, error) {
	if err := sp.check(); err != nil {
		return nil, err
	}
	signed := "false"
	if len(sp.Keys) > 0 {
		signed = "true"
	}
	doc := etree.NewDocument()
	doc.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	entity := doc.CreateElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", metadataSpace)
	entity.CreateAttr("entityID", sp.EntityID)
	role := entity.CreateElement("md:SPSSODescriptor")
	role.CreateAttr("AuthnRequestsSigned", signed)
	role.CreateAttr("WantAssertionsSigned", "true")
	role.CreateAttr("protocolSupportEnumeration", protocolSpace)
	for _, k := range sp.Keys {
		if err := k.check(); err != nil {
			return nil, err
		}
		descriptor := role.CreateElement("md:KeyDescriptor")
		descriptor.CreateAttr("use", "signing")
		info := descriptor.CreateElement("ds:KeyInfo")
		info.CreateAttr("xmlns:ds", dsigSpace)
		info.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").
			SetText(base64.StdEncoding.EncodeToString(k.Cert.Raw))
	}
	acs := role.CreateElement("md:AssertionConsumerService")
	acs.CreateAttr("Binding", bindingPOST)
	acs.CreateAttr("Location", sp.ACS)
	acs.CreateAttr("index", "0")
	acs.CreateAttr("isDefault", "true")
	doc.Indent(2)
	out, err := doc.WriteToBytes()
	if err != nil {
		return nil, refuse(CodeConfig, "metadata that can be written", "").because(err)
	}
	return out, nil
}

// The bindings as they are written in metadata.
const (
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)
