package saml

import (
	"crypto/x509"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

// ParseMetadata reads an identity provider from an EntityDescriptor or an
// EntitiesDescriptor of up to 8 MiB (saml-metadata 2.3 to 2.4.3). entityID chooses
// one of several providers; "" means there is only one. All certificates for signing
// or without a use are taken, the redirect binding is preferred for sign-in and for
// logout. A signature on the metadata is not verified and no date is looked at: where
// the file comes from is the caller's trust; [Source.Parse] looks at both. Metadata
// without a usable signing certificate is an error, so it can never give a connection
// that accepts unsigned responses. The error is an *Error of CodeMetadata, CodeXML or
// CodeSize.
func ParseMetadata(xml []byte, entityID string) (idp *IdP, err error) {
	defer rescue(CodeXML, func(e *Error) { idp, err = nil, e })
	root, refused := metadataRoot(xml)
	if refused != nil {
		return nil, refused
	}
	entity, role, refused := chooseEntity(root, entityID)
	if refused != nil {
		return nil, refused
	}
	return readIdP(entity, role)
}

func metadataRoot(xml []byte) (engine.Element, *Error) {
	if len(xml) > maxMetadata {
		return engine.Element{}, tooMuchMetadata()
	}
	doc, err := engine.Parse(escapeAmpersands(string(xml)), engine.MetadataLimits())
	if err == nil {
		return doc.Root(), nil
	}
	refused := fault(err)
	switch refused.Code {
	case CodeSize:
		return engine.Element{}, tooMuchMetadata()
	case CodeXML:
		refused.advise("the metadata must be one well-formed UTF-8 XML file without a document type: download it again, and do not open it in a word processor")
	}
	return engine.Element{}, refused
}

func tooMuchMetadata() *Error {
	return refuse(CodeSize, "metadata of at most 8 MiB", "").
		advise("this is the metadata of many providers: use that of the one that is meant, by its own URL or as a file")
}

// escapeAmpersands repairs the one mistake that is common in published metadata: a
// bare & in a URL. What grows longer by it than metadata may be is cut off behind that.
func escapeAmpersands(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 64)
	for b.Len() <= maxMetadata {
		i := strings.IndexByte(s, '&')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i+1])
		s = s[i+1:]
		if !startsReference(s) {
			b.WriteString("amp;")
		}
	}
	return b.String()
}

// startsReference says whether s goes on like an XML reference after its &.
func startsReference(s string) bool {
	name, _, ok := strings.Cut(s[:min(len(s), 12)], ";")
	if !ok || name == "" {
		return false
	}
	switch name {
	case "amp", "lt", "gt", "quot", "apos":
		return true
	}
	return name[0] == '#'
}

// chooseEntity finds the one provider that is meant.
func chooseEntity(root engine.Element, entityID string) (entity, role engine.Element, err *Error) {
	if !root.Is(engine.MetadataSpace, "EntityDescriptor") && !root.Is(engine.MetadataSpace, "EntitiesDescriptor") {
		return engine.Element{}, engine.Element{}, refuse(CodeMetadata, "EntityDescriptor or EntitiesDescriptor", root.Local())
	}
	found := 0
	for n := range entities(root) {
		if entityID != "" && n.Attr("entityID") != entityID {
			continue
		}
		for _, r := range n.Named(engine.MetadataSpace, "IDPSSODescriptor") {
			for _, protocol := range strings.Fields(r.Attr("protocolSupportEnumeration")) {
				if protocol == engine.ProtocolSpace {
					found++
					entity, role = n, r
					break
				}
			}
		}
	}
	switch {
	case found == 0 && entityID != "":
		return engine.Element{}, engine.Element{}, refuse(CodeMetadata, entityID, "no SAML 2.0 identity provider of that entity ID")
	case found == 0:
		return engine.Element{}, engine.Element{}, refuse(CodeMetadata, "an IDPSSODescriptor for SAML 2.0", "none").
			advise("this file describes no SAML 2.0 identity provider; make sure it is not the metadata of a service provider, such as your own")
	case found > 1:
		return engine.Element{}, engine.Element{}, refuse(CodeMetadata, "one identity provider", fmt.Sprintf("%d identity providers", found)).
			advise("give the entity ID of the provider that is meant")
	}
	return entity, role, nil
}

// entities yields the EntityDescriptors that stand where they may: as the root, and as
// children of EntitiesDescriptors (saml-metadata 2.3.1), not in anybody's extensions.
func entities(n engine.Element) iter.Seq[engine.Element] {
	return func(yield func(engine.Element) bool) { eachEntity(n, yield) }
}

func eachEntity(n engine.Element, yield func(engine.Element) bool) bool {
	if n.Is(engine.MetadataSpace, "EntityDescriptor") {
		return yield(n)
	}
	for _, name := range []string{"EntityDescriptor", "EntitiesDescriptor"} {
		for _, child := range n.Named(engine.MetadataSpace, name) {
			if !eachEntity(child, yield) {
				return false
			}
		}
	}
	return true
}

func readIdP(entity, role engine.Element) (*IdP, error) {
	idp := &IdP{EntityID: strings.Trim(entity.Attr("entityID"), xmlWhite)}
	if idp.EntityID == "" {
		return nil, refuse(CodeMetadata, "an entityID", "")
	}
	wants := role.Attr("WantAuthnRequestsSigned")
	idp.SignRequests = wants == "true" || wants == "1"
	idp.SSO, _ = endpoint(role, "SingleSignOnService")
	idp.SLO, idp.SLOResponseURL = endpoint(role, "SingleLogoutService")
	if idp.SSO.URL == "" {
		return nil, refuse(CodeMetadata, "a SingleSignOnService with the redirect or POST binding", "none")
	}
	var err *Error
	if idp.Certificates, err = signingCertificates(role); err != nil {
		return nil, err
	}
	return idp, nil
}

// endpoint is the first one with the redirect binding, else the first with POST, and
// where answers go when that is another place (saml-metadata 2.2.2).
func endpoint(role engine.Element, name string) (found Endpoint, answers string) {
	for _, s := range role.Named(engine.MetadataSpace, name) {
		var binding Binding
		switch s.Attr("Binding") {
		case bindingRedirect:
			binding = Redirect
		case bindingPOST:
			binding = POST
		}
		at := strings.Trim(s.Attr("Location"), xmlWhite)
		if binding == "" || !isWebURL(at) || found.URL != "" && (found.Binding == Redirect || binding == POST) {
			continue
		}
		found, answers = Endpoint{URL: at, Binding: binding}, ""
		if to := strings.Trim(s.Attr("ResponseLocation"), xmlWhite); to != at && isWebURL(to) {
			answers = to
		}
	}
	return found, answers
}

// signingCertificates skips what could verify nothing, as long as something can, and
// takes no more than the first 20, of the first 200 that are there. Keys that need an
// opt-in are taken only when there is no other: a connection without the opt-in could
// not be set up with them, and would not need them.
func signingCertificates(role engine.Element) ([]*x509.Certificate, *Error) {
	var out []*x509.Certificate
	var bad error
	tried := 0
	for _, key := range role.Named(engine.MetadataSpace, "KeyDescriptor") {
		if use, given := key.Lookup("use"); given && use != "signing" {
			continue
		}
		for data := range key.Walk() {
			if !data.Is(engine.SignatureSpace, "X509Data") || tried == 10*maxCertificates {
				continue
			}
			tried++
			certs, err := keyCertificate(data)
			if err != nil {
				bad = err
			}
			for _, c := range certs {
				if !containsCertificate(out, c) && len(out) < maxCertificates {
					out = append(out, c)
				}
			}
		}
	}
	strong := slices.DeleteFunc(slices.Clone(out), func(c *x509.Certificate) bool { return weaknessBelow(c, minRSABits) != "" })
	if len(strong) > 0 {
		return strong, nil
	}
	if len(out) == 0 {
		return nil, refuse(CodeMetadata, "a signing certificate with "+goodKeys, "none").because(bad)
	}
	return out, nil
}

// keyCertificate is the certificate of the key itself, which comes first; those behind it
// are of who issued it, and may sign nothing here.
func keyCertificate(data engine.Element) ([]*x509.Certificate, error) {
	chain := data.Named(engine.SignatureSpace, "X509Certificate")
	if len(chain) == 0 {
		return nil, nil
	}
	text, err := chain[0].Text()
	if err != nil {
		return nil, err
	}
	certs, err := ParseCertificates([]byte(text))
	if err != nil {
		return nil, err
	}
	return certs[:1], nil
}

func containsCertificate(all []*x509.Certificate, c *x509.Certificate) bool {
	for _, have := range all {
		if have.Equal(c) {
			return true
		}
	}
	return false
}
