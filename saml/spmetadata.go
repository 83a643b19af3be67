package saml

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/beevik/etree"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

// MetadataOptions of [SP.Metadata]; nil is the zero value.
type MetadataOptions struct {
	// Encryption publishes the certificate of the first key for encryption too. Some
	// providers encrypt as soon as they see one. There is never more than one: ADFS
	// refuses a file with two.
	Encryption bool

	// Sign adds an enveloped signature by the first key: exclusive canonicalization,
	// RSA with SHA-256.
	Sign bool
}

// Metadata is our side as a file for the identity provider (saml-metadata 2.4.4):
// entity ID, ACS URL, logout URL with both bindings when there is one, the
// certificates of all keys for signing, and whether requests are signed. It has no
// validUntil, because providers that import it once would refuse it later, and names
// no NameIDFormat, because providers refuse formats they are not set to. Equal input
// gives equal bytes. Both options need a key. The error is an *Error of CodeConfig.
func (sp *SP) Metadata(opts *MetadataOptions) ([]byte, error) {
	if opts == nil {
		opts = &MetadataOptions{}
	}
	if err := sp.publishable(opts); err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	doc.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	entity := doc.CreateElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", engine.MetadataSpace)
	entity.CreateAttr("entityID", sp.EntityID)
	sp.describe(entity.CreateElement("md:SPSSODescriptor"), opts)
	doc.Indent(2)
	if opts.Sign {
		if err := sp.signMetadata(doc); err != nil {
			return nil, err
		}
	}
	out, err := doc.WriteToBytes()
	if err != nil {
		return nil, refuse(CodeConfig, "metadata that can be written", "").because(err)
	}
	return out, nil
}

// publishable reports what could not stand in metadata.
func (sp *SP) publishable(opts *MetadataOptions) *Error {
	if err := sp.check(); err != nil {
		return err
	}
	if len(sp.EntityID) > 1024 { // saml-metadata 2.2.1
		return refuse(CodeConfig, "an entity ID of at most 1024 characters", fmt.Sprintf("%d", len(sp.EntityID)))
	}
	if sp.SLO != "" && !isWebURL(sp.SLO) {
		return refuse(CodeConfig, "an absolute http or https logout URL", sp.SLO)
	}
	if len(sp.Keys) == 0 && (opts.Encryption || opts.Sign) {
		return refuse(CodeConfig, "a key to publish for encryption or to sign with", "none")
	}
	for _, k := range sp.Keys {
		if err := k.check(); err != nil {
			return err
		}
	}
	return nil
}

// describe fills the role in, in the order of the schema.
func (sp *SP) describe(role *etree.Element, opts *MetadataOptions) {
	role.CreateAttr("AuthnRequestsSigned", strconv.FormatBool(len(sp.Keys) > 0))
	role.CreateAttr("WantAssertionsSigned", "true")
	role.CreateAttr("protocolSupportEnumeration", engine.ProtocolSpace)
	for _, k := range sp.Keys {
		publish(role, "signing", k)
	}
	if opts.Encryption {
		descriptor := publish(role, "encryption", sp.Keys[0])
		// What every provider can choose and Finish accepts by default, the best first.
		for _, algorithm := range []string{aes256GCMURI, aes128GCMURI, oaepURI} {
			descriptor.CreateElement("md:EncryptionMethod").CreateAttr("Algorithm", algorithm)
		}
	}
	if sp.SLO != "" {
		for _, binding := range []string{bindingRedirect, bindingPOST} {
			slo := role.CreateElement("md:SingleLogoutService")
			slo.CreateAttr("Binding", binding)
			slo.CreateAttr("Location", sp.SLO)
		}
	}
	acs := role.CreateElement("md:AssertionConsumerService")
	acs.CreateAttr("Binding", bindingPOST)
	acs.CreateAttr("Location", sp.ACS)
	acs.CreateAttr("index", "0")
	acs.CreateAttr("isDefault", "true")
}

func publish(role *etree.Element, use string, k Key) *etree.Element {
	descriptor := role.CreateElement("md:KeyDescriptor")
	descriptor.CreateAttr("use", use)
	info := descriptor.CreateElement("ds:KeyInfo")
	info.CreateAttr("xmlns:ds", engine.SignatureSpace)
	info.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").
		SetText(base64.StdEncoding.EncodeToString(k.Cert.Raw))
	return descriptor
}

// signMetadata puts the signature where the schema wants it, as the first child. The
// ID comes of the content, so that a file that was fetched twice is one file.
func (sp *SP) signMetadata(doc *etree.Document) *Error {
	unsigned, err := doc.WriteToBytes()
	if err != nil {
		return refuse(CodeConfig, "metadata that can be written", "").because(err)
	}
	sum := sha256.Sum256(unsigned)
	root := doc.Root()
	root.CreateAttr("ID", "md-"+hex.EncodeToString(sum[:16]))
	signer, refused := sp.signer()
	if refused != nil {
		return refused
	}
	signature, err := signer.ConstructSignature(root, true)
	if err != nil {
		return refuse(CodeConfig, "a key that signs", "").because(err)
	}
	root.InsertChildAt(0, signature)
	return nil
}

// The bindings as they are written in metadata.
const (
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// The encryption algorithms that are named to providers (XML Encryption 1.1
// sections 5.2.4 and 5.5.2).
const (
	aes256GCMURI = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	aes128GCMURI = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
	oaepURI      = engine.CipherSpace + "rsa-oaep-mgf1p"
)
