package samltest

import (
	"encoding/base64"

	"github.com/beevik/etree"
)

// Metadata returns its EntityDescriptor: the certificates, and the addresses for
// requests and for logout, with the bindings that they take. It has no end of validity
// and no signature.
func (idp *IdP) Metadata() []byte {
	root := etree.NewElement("md:EntityDescriptor")
	root.CreateAttr("xmlns:md", nsMetadata)
	root.CreateAttr("xmlns:ds", nsSignature)
	root.CreateAttr("entityID", idp.entityID)
	role := root.CreateElement("md:IDPSSODescriptor")
	role.CreateAttr("WantAuthnRequestsSigned", "false")
	role.CreateAttr("protocolSupportEnumeration", nsProtocol)
	idp.mu.RLock()
	keys := idp.keys // replaced by Rotate, never changed
	idp.mu.RUnlock()
	for _, key := range keys {
		descriptor := role.CreateElement("md:KeyDescriptor")
		descriptor.CreateAttr("use", "signing")
		descriptor.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").
			SetText(base64.StdEncoding.EncodeToString(key.cert.Raw))
	}
	for _, binding := range idp.product.logout {
		slo := role.CreateElement("md:SingleLogoutService")
		slo.CreateAttr("Binding", binding.uri())
		slo.CreateAttr("Location", idp.SLOURL())
	}
	role.CreateElement("md:NameIDFormat").SetText(formatEmail)
	for _, binding := range []string{bindingRedirect, bindingPOST} {
		sso := role.CreateElement("md:SingleSignOnService")
		sso.CreateAttr("Binding", binding)
		sso.CreateAttr("Location", idp.SSOURL())
	}
	data, err := render(root)
	if err != nil { // writing to memory cannot fail
		panic(err)
	}
	return data
}
