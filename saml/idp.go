package saml

import (
	"crypto/x509"
	"encoding/json"
)

// IdP is the other side of a connection, from metadata ([ParseMetadata]) or from the
// three fields of a form: issuer, sign-in URL, certificate.
//
// Its JSON is stable: entity_id, sso {url, binding}, slo, slo_response_url, certificates
// as a list of base64 DER, sign_requests.
type IdP struct {
	EntityID       string              // the issuer, compared exactly
	SSO            Endpoint            // where Start sends the browser
	SLO            Endpoint            // where StartLogout sends it; zero: no single logout
	SLOResponseURL string              // where answers to its logout requests go; "": SLO.URL
	Certificates   []*x509.Certificate // any of them may have signed
	SignRequests   bool                // the provider wants signed requests; Start then needs a key
}

// Endpoint is a URL and the way a message reaches it.
type Endpoint struct {
	URL     string  `json:"url"`
	Binding Binding `json:"binding"` // "" is Redirect
}

// Binding is the way a message travels through the browser.
type Binding string

// The bindings of a request (saml-bindings 3.4 and 3.5).
const (
	Redirect Binding = "redirect"
	POST     Binding = "post"
)

type idpJSON struct {
	EntityID       string   `json:"entity_id"`
	SSO            Endpoint `json:"sso"`
	SLO            Endpoint `json:"slo,omitzero"`
	SLOResponseURL string   `json:"slo_response_url,omitempty"`
	Certificates   [][]byte `json:"certificates"`
	SignRequests   bool     `json:"sign_requests"`
}

// MarshalJSON writes the stable form.
func (i IdP) MarshalJSON() ([]byte, error) {
	out := idpJSON{EntityID: i.EntityID, SSO: i.SSO, SLO: i.SLO, SLOResponseURL: i.SLOResponseURL,
		SignRequests: i.SignRequests, Certificates: [][]byte{}}
	for _, c := range i.Certificates {
		if c == nil {
			return nil, refuse(CodeConfig, "a certificate", "nil")
		}
		out.Certificates = append(out.Certificates, c.Raw)
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads the stable form; a certificate that does not parse is an error.
func (i *IdP) UnmarshalJSON(data []byte) error {
	var in idpJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return refuse(CodeConfig, "an identity provider as JSON", "").because(err)
	}
	out := IdP{EntityID: in.EntityID, SSO: in.SSO, SLO: in.SLO, SLOResponseURL: in.SLOResponseURL, SignRequests: in.SignRequests}
	for _, der := range in.Certificates {
		c, err := parseCertificate(der)
		if err != nil {
			return refuse(CodeConfig, "a certificate as base64 DER", "").because(err)
		}
		out.Certificates = append(out.Certificates, c)
	}
	*i = out
	return nil
}

// Check reports what is missing or wrong for a login, as an *Error of CodeConfig: ask it
// when settings are saved, for Start looks at the sign-in URL alone and Finish, later, at
// the rest. Wanted are an issuer, a sign-in URL with a binding that is
// known and the same for logout if there is any, certificates with keys that rules
// allow. Nil rules are the zero Rules. An http URL passes; whether one is safe the
// caller knows.
func (i *IdP) Check(rules *Rules) error {
	if err := i.check(); err != nil {
		return err
	}
	if !isWebURL(i.SSO.URL) {
		return refuse(CodeConfig, "an absolute http or https sign-in URL of the identity provider", i.SSO.URL)
	}
	if i.SLO.URL != "" && !isWebURL(i.SLO.URL) || i.SLOResponseURL != "" && !isWebURL(i.SLOResponseURL) {
		return refuse(CodeConfig, "an absolute http or https logout URL of the identity provider", i.SLO.URL+" "+i.SLOResponseURL)
	}
	for _, b := range []Binding{i.SSO.Binding, i.SLO.Binding} {
		if b != "" && b != Redirect && b != POST {
			return refuse(CodeConfig, "binding redirect or post", string(b))
		}
	}
	for _, c := range i.Certificates {
		if why := weaknessBelow(c, rules.leastRSABits()); why != "" {
			return refuse(CodeConfig, "a certificate with "+goodKeys, why)
		}
	}
	return nil
}

// check reports what is missing before a response can be judged.
func (i *IdP) check() *Error {
	if i == nil || i.EntityID == "" {
		return refuse(CodeConfig, "the identity provider's entity ID (issuer)", "")
	}
	if len(i.Certificates) == 0 {
		return refuse(CodeConfig, "at least one certificate of the identity provider", "")
	}
	for _, c := range i.Certificates {
		if c == nil || c.PublicKey == nil {
			return refuse(CodeConfig, "a certificate of the identity provider", "nil")
		}
	}
	return nil
}
