package samltest

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// provider is what its metadata says of one service provider.
type provider struct {
	entityID     string
	consumers    []consumer          // the default one first
	certificates []*x509.Certificate // for its signatures
	recipients   []*x509.Certificate // with RSA keys, to encrypt to
	logout       []endpoint
	mustSign     bool
}

// consumer is one address that takes responses by POST.
type consumer struct{ index, url string }

// Trust registers a service provider by its metadata, one EntityDescriptor of at
// most 1 MiB, instead of what was registered under its entity ID before. Only the
// addresses that it lists for the POST binding are ever answered, and for logout those
// that it lists for the POST or the redirect binding; with AuthnRequestsSigned, only
// requests that one of its signing certificates verifies.
// What it refuses is an [ErrMetadata].
func (idp *IdP) Trust(spMetadata []byte) error {
	p, err := parseProvider(spMetadata, idp.now())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMetadata, err)
	}
	idp.mu.Lock()
	defer idp.mu.Unlock()
	idp.providers[p.entityID] = p
	return nil
}

func (idp *IdP) provider(entityID string) (provider, error) {
	idp.mu.RLock()
	defer idp.mu.RUnlock()
	p, ok := idp.providers[entityID]
	if !ok {
		return provider{}, fmt.Errorf("%w: %q", ErrUntrusted, entityID)
	}
	return p, nil
}

func parseProvider(data []byte, now time.Time) (provider, error) {
	root, err := parse(data, maxMetadata)
	if err != nil {
		return provider{}, err
	}
	if !is(root, nsMetadata, "EntityDescriptor") {
		return provider{}, errors.New("the root is not an EntityDescriptor")
	}
	p := provider{entityID: attribute(root, "entityID")}
	if p.entityID == "" || len(p.entityID) > 1024 { // metadata, section 2.2.1
		return provider{}, errors.New("entityID is missing or longer than 1024 characters")
	}
	if until := attribute(root, "validUntil"); until != "" {
		end, err := time.Parse(time.RFC3339, until)
		if err != nil || !now.Before(end) {
			return provider{}, fmt.Errorf("validUntil %q is over", until)
		}
	}
	roles := children(root, nsMetadata, "SPSSODescriptor")
	if len(roles) != 1 {
		return provider{}, fmt.Errorf("%d SPSSODescriptors instead of one", len(roles))
	}
	role := roles[0]
	if !strings.Contains(" "+attribute(role, "protocolSupportEnumeration")+" ", " "+nsProtocol+" ") {
		return provider{}, errors.New("SAML 2.0 is not among its protocols")
	}
	if p.consumers, err = parseConsumers(role); err != nil {
		return provider{}, err
	}
	if p.logout, err = parseLogout(role); err != nil {
		return provider{}, err
	}
	if err := p.parseKeys(role); err != nil {
		return provider{}, err
	}
	p.mustSign = isTrue(attribute(role, "AuthnRequestsSigned"))
	if p.mustSign && len(p.certificates) == 0 {
		return provider{}, errors.New("AuthnRequestsSigned without a signing certificate")
	}
	return p, nil
}

func parseConsumers(role *etree.Element) ([]consumer, error) {
	var all []consumer
	first := -1
	for _, el := range children(role, nsMetadata, "AssertionConsumerService") {
		if attribute(el, "Binding") != bindingPOST {
			continue
		}
		location := attribute(el, "Location")
		u, err := url.Parse(location)
		if err != nil || !isWeb(u) {
			return nil, fmt.Errorf("AssertionConsumerService %q is not an absolute http or https URL", location)
		}
		if first < 0 && isTrue(attribute(el, "isDefault")) {
			first = len(all)
		}
		all = append(all, consumer{index: attribute(el, "index"), url: location})
	}
	if len(all) == 0 {
		return nil, errors.New("no AssertionConsumerService with the POST binding")
	}
	if first > 0 {
		all[0], all[first] = all[first], all[0]
	}
	return all, nil
}

// parseLogout returns the addresses for logout messages, in the order of the metadata.
func parseLogout(role *etree.Element) ([]endpoint, error) {
	var all []endpoint
	for _, el := range children(role, nsMetadata, "SingleLogoutService") {
		e := endpoint{url: attribute(el, "Location"), answers: attribute(el, "ResponseLocation")}
		switch attribute(el, "Binding") {
		case bindingRedirect:
			e.binding = Redirect
		case bindingPOST:
			e.binding = POST
		default:
			continue
		}
		if e.answers == "" {
			e.answers = e.url
		}
		for _, location := range []string{e.url, e.answers} {
			if u, err := url.Parse(location); err != nil || !isWeb(u) {
				return nil, fmt.Errorf("SingleLogoutService %q is not an absolute http or https URL", location)
			}
		}
		all = append(all, e)
	}
	return all, nil
}

// parseKeys reads the certificates. Those without a use are for both.
func (p *provider) parseKeys(role *etree.Element) error {
	for _, key := range children(role, nsMetadata, "KeyDescriptor") {
		for _, el := range key.FindElements("./KeyInfo/X509Data/X509Certificate") {
			if el.NamespaceURI() != nsSignature {
				continue
			}
			der, err := decodeBase64(text(el))
			if err != nil {
				return errors.New("a certificate is not base64")
			}
			cert, err := x509.ParseCertificate(der)
			if err != nil {
				return fmt.Errorf("a certificate cannot be read: %w", err)
			}
			use := attribute(key, "use")
			if use == "" || use == "signing" {
				p.certificates = append(p.certificates, cert)
			}
			if (use == "" || use == "encryption") && cert.PublicKeyAlgorithm == x509.RSA {
				p.recipients = append(p.recipients, cert)
			}
		}
	}
	return nil
}

// consumerURL finds the address for an answer: the one asked for by URL or by index
// (core, section 3.4.1), or the default one.
func (p provider) consumerURL(wanted, index string) (string, error) {
	if wanted == "" && index == "" {
		return p.consumers[0].url, nil
	}
	for _, c := range p.consumers {
		if wanted != "" && c.url == wanted || wanted == "" && c.index == index {
			return c.url, nil
		}
	}
	return "", fmt.Errorf("%w: its metadata does not list the address %q (index %q)", ErrUntrusted, wanted, index)
}
