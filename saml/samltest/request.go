package samltest

import (
	"fmt"
	"net/http"

	"github.com/beevik/etree"
)

// Request is what an answer needs to know of an AuthnRequest.
type Request struct {
	ID         string // of the AuthnRequest
	Issuer     string // entity ID of the service provider
	ACS        string // where to answer; "" means the default one of its metadata
	RelayState string
	Passive    bool // IsPassive: the person must not be asked anything, so the answer is NoPassive
	ForceAuthn bool // the person must be asked again, as the sign-in page always does
}

// ReadRequest reads an AuthnRequest of at most 64 KiB that came by redirect (GET) or
// POST binding, and checks it: the service provider is trusted, the address that it
// wants the answer at is its own, the destination is [IdP.SSOURL], and the signature
// is valid. A signature is needed when the metadata says AuthnRequestsSigned, and
// checked whenever the metadata has a certificate. A Request without ACS in it gets
// the default one. What is refused is an [ErrRequest] or an [ErrUntrusted].
func (idp *IdP) ReadRequest(r *http.Request) (Request, error) {
	in, err := receive(r, fieldRequest)
	if err != nil {
		return Request{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	root, err := parse(in.xml, maxRequest)
	if err != nil {
		return Request{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	p, err := idp.provider(issuerOf(root))
	if err != nil {
		return Request{}, err
	}
	if root, err = in.verify(root, p, idp.now()); err != nil {
		return Request{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	// From here on root is what the signature covers, if there is one.
	if issuerOf(root) != p.entityID {
		return Request{}, fmt.Errorf("%w: the issuer is not what was signed", ErrRequest)
	}
	if err := idp.checkRequest(root); err != nil {
		return Request{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	acs, err := p.consumerURL(attribute(root, "AssertionConsumerServiceURL"), attribute(root, "AssertionConsumerServiceIndex"))
	if err != nil {
		return Request{}, err
	}
	return Request{
		ID: attribute(root, "ID"), Issuer: p.entityID, ACS: acs,
		RelayState: in.relayState,
		Passive:    isTrue(attribute(root, "IsPassive")), ForceAuthn: isTrue(attribute(root, "ForceAuthn")),
	}, nil
}

func issuerOf(root *etree.Element) string {
	issuers := children(root, nsAssertion, "Issuer")
	if len(issuers) != 1 {
		return ""
	}
	return text(issuers[0])
}

// checkRequest holds what core, section 3.4.1 asks of every AuthnRequest.
func (idp *IdP) checkRequest(root *etree.Element) error {
	switch {
	case !is(root, nsProtocol, "AuthnRequest"):
		return fmt.Errorf("a %q is not an AuthnRequest", root.Tag)
	case attribute(root, "Version") != "2.0":
		return fmt.Errorf("version %q", attribute(root, "Version"))
	case !isNCName(attribute(root, "ID")):
		return fmt.Errorf("ID %q is not an NCName", attribute(root, "ID"))
	}
	if to := attribute(root, "Destination"); to != "" && to != idp.SSOURL() {
		return fmt.Errorf("destination %q instead of %q", to, idp.SSOURL())
	}
	if binding := attribute(root, "ProtocolBinding"); binding != "" && binding != bindingPOST {
		return fmt.Errorf("answers by binding %q are not known", binding)
	}
	return nil
}

// isNCName is stricter than XML: ASCII alone is enough for what is sent.
func isNCName(s string) bool {
	if s == "" || len(s) > 256 {
		return false
	}
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c != '-' && c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}
