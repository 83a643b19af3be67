package saml

import (
	"net/url"
	"strings"
)

// Product is a make of identity provider, as far as it can be told: for hints in its
// words, and never for a decision about a login.
type Product string

// The products with hints of their own.
const (
	Auth0         Product = "auth0"
	ADFS          Product = "adfs"
	CyberArk      Product = "cyberark"
	Duo           Product = "duo"
	Entra         Product = "entra"
	Google        Product = "google"
	JumpCloud     Product = "jumpcloud"
	Keycloak      Product = "keycloak"
	Okta          Product = "okta"
	OneLogin      Product = "onelogin"
	PingFederate  Product = "pingfederate"
	PingOne       Product = "pingone"
	Rippling      Product = "rippling"
	Shibboleth    Product = "shibboleth"
	SimpleSAMLphp Product = "simplesamlphp"
)

// Product recognises the make by the entity ID and the sign-in URL; "" when neither
// tells. Nil is fine.
func (i *IdP) Product() Product {
	if i == nil {
		return ""
	}
	if p := productOf(i.EntityID); p != "" {
		return p
	}
	return productOf(i.SSO.URL)
}

// productOf looks at one entity ID or URL.
func productOf(s string) Product {
	s = foldASCII(s)
	if urn, ok := strings.CutPrefix(s, "urn:"); ok {
		if within(urn, "auth0.com") {
			return Auth0
		}
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return ""
	}
	if p := productOfHost(u.Hostname()); p != "" {
		return p
	}
	return productOfPath(u.Path)
}

func productOfHost(host string) Product {
	for _, row := range [...]struct {
		domain  string
		product Product
	}{
		{"okta.com", Okta}, {"oktapreview.com", Okta}, {"okta-emea.com", Okta},
		{"sts.windows.net", Entra}, {"login.microsoftonline.com", Entra}, {"login.microsoftonline.us", Entra},
		{"login.partner.microsoftonline.cn", Entra}, {"sts.chinacloudapi.cn", Entra}, {"ciamlogin.com", Entra},
		{"accounts.google.com", Google},
		{"onelogin.com", OneLogin},
		{"pingone.com", PingOne}, {"pingone.eu", PingOne}, {"pingone.ca", PingOne}, {"pingone.asia", PingOne}, {"sso.connect.pingidentity.com", PingOne},
		{"jumpcloud.com", JumpCloud},
		{"auth0.com", Auth0},
		{"duosecurity.com", Duo},
		{"cyberark.cloud", CyberArk}, {"idaptive.app", CyberArk}, {"centrify.com", CyberArk},
		{"rippling.com", Rippling},
	} {
		if within(host, row.domain) {
			return row.product
		}
	}
	return ""
}

// productOfPath is for what people run under a name of their own.
func productOfPath(path string) Product {
	switch {
	case strings.Contains(path, "/adfs/"):
		return ADFS
	case strings.Contains(path, "/realms/"):
		return Keycloak
	case strings.HasSuffix(path, "/idp/sso.saml2"):
		return PingFederate
	case strings.HasSuffix(path, "/idp/shibboleth"), strings.Contains(path, "/idp/profile/saml2/"):
		return Shibboleth
	case strings.Contains(path, "/saml2/idp/metadata.php"), strings.Contains(path, "/saml2/idp/ssoservice.php"), strings.Contains(path, "/module.php/saml/idp/"):
		return SimpleSAMLphp
	case strings.HasPrefix(path, "/samlp/"):
		return Auth0
	}
	return ""
}

// within says whether a host is a domain or below it.
func within(host, domain string) bool {
	rest, ok := strings.CutSuffix(host, domain)
	return ok && (rest == "" || strings.HasSuffix(rest, "."))
}

// product also looks at what the message says, for a provider whose entity ID and URL
// are the customer's own.
func (c *check) product(doc *document) Product {
	if p := c.idp.Product(); p != "" || doc == nil {
		return p
	}
	for _, a := range doc.assertion.attributes {
		switch {
		case strings.HasPrefix(a.name, "http://schemas.microsoft.com/identity/claims/"):
			return Entra
		case strings.HasPrefix(a.name, "http://schemas.auth0.com/"):
			return Auth0
		}
	}
	return productOf(doc.assertion.issuer)
}
