package saml

import (
	"time"

	"github.com/beevik/etree"
	saml2 "github.com/russellhaering/gosaml2"
	dsig "github.com/russellhaering/goxmldsig"
)

const transientFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

// authnRequest builds the document (saml-core 3.4.1). Unless asked to, it names no
// NameID format and no authentication context: what the provider sends is judged in
// Finish anyway.
func (sp *SP) authnRequest(idp *IdP, opts *StartOptions, req Request, now time.Time) (*etree.Element, *Error) {
	builder := &saml2.SAMLServiceProvider{
		IdentityProviderSSOURL:      idp.SSO.URL,
		AssertionConsumerServiceURL: sp.ACS,
		ServiceProviderIssuer:       sp.EntityID,
		ForceAuthn:                  opts.ForceAuthn,
		IsPassive:                   opts.IsPassive,
		NameIdFormat:                opts.NameIDFormat,
		Clock:                       dsig.NewFakeClockAt(now),
	}
	if len(opts.AuthnContext) > 0 {
		builder.RequestedAuthnContext = &saml2.RequestedAuthnContext{Comparison: saml2.AuthnPolicyMatchExact, Contexts: opts.AuthnContext}
	}
	doc, err := builder.BuildAuthRequestDocumentNoSig()
	if err != nil {
		return nil, refuse(CodeConfig, "a request that can be built", "").because(err)
	}
	root := doc.Root()
	root.CreateAttr("ID", req.ID)
	if policy := root.SelectElement("samlp:NameIDPolicy"); policy != nil {
		switch opts.NameIDFormat {
		case "":
			root.RemoveChild(policy)
		case transientFormat:
			policy.RemoveAttr("AllowCreate") // such a name is never kept, so there is none to create
		}
	}
	return root, nil
}
