package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	crewjam "github.com/crewjam/saml"
	saml2 "github.com/russellhaering/gosaml2"
	dsig "github.com/russellhaering/goxmldsig"
)

// reader takes a SAMLResponse from its base64 to the claims in it: who, and how many
// values of the groups attribute. All readers check signature, issuer, audience,
// recipient, times and InResponseTo, as far as they can.
type reader func(encoded string) (who string, groups int, err error)

const groupsClaim = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"

// ours is this library.
func (w *world) ours(by actor, rules *saml.Rules) reader {
	sp := &saml.SP{EntityID: spID, ACS: acs, Keys: []saml.Key{{Signer: w.sp.key, Cert: w.sp.cert}}}
	idp, req := w.idp(by), w.request()
	return func(encoded string) (string, int, error) {
		m, err := saml.ParseMessage(encoded)
		if err != nil {
			return "", 0, explained(err)
		}
		id, err := sp.Finish(idp, rules, m, req, w.now)
		if err != nil {
			return "", 0, explained(err)
		}
		return id.NameID.Value, len(id.Groups), nil
	}
}

func (w *world) idp(by actor) *saml.IdP {
	return &saml.IdP{EntityID: idpID, SSO: saml.Endpoint{URL: sso}, Certificates: []*x509.Certificate{by.cert}}
}

func (w *world) request() *saml.Request {
	return &saml.Request{ID: reqID, ExpiresAt: w.now.Add(10 * time.Minute)}
}

// explained says what a refusal is about.
func explained(err error) error {
	var e *saml.Error
	if errors.As(err, &e) {
		return fmt.Errorf("%s: expected %q, received %q: %w", e.Code, e.Expected, e.Received, err)
	}
	return err
}

// gosaml2 is github.com/russellhaering/gosaml2.
func (w *world) gosaml2(by actor) reader {
	sp := &saml2.SAMLServiceProvider{
		IdentityProviderSSOURL: sso, IdentityProviderIssuer: idpID, ServiceProviderIssuer: spID, AudienceURI: spID,
		AssertionConsumerServiceURL: acs, IDPCertificateStore: &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{by.cert}},
		SPKeyStore: dsig.TLSCertKeyStore(tls.Certificate{Certificate: [][]byte{w.sp.cert.Raw}, PrivateKey: w.sp.key}),
	}
	return func(encoded string) (string, int, error) {
		info, err := sp.RetrieveAssertionInfo(encoded)
		if err != nil {
			return "", 0, err
		}
		if info.WarningInfo.InvalidTime || info.WarningInfo.NotInAudience {
			return "", 0, fmt.Errorf("bench: gosaml2 warns: %+v", info.WarningInfo)
		}
		return info.NameID, len(info.Values.GetAll(groupsClaim)), nil
	}
}

// crewjam is github.com/crewjam/saml.
func (w *world) crewjam(by actor) (reader, error) {
	crewjam.MaxIssueDelay = 24 * time.Hour // a benchmark takes longer than a login
	address, err := url.Parse(acs)
	if err != nil {
		return nil, err
	}
	sp := &crewjam.ServiceProvider{EntityID: spID, AcsURL: *address, Key: w.sp.key, Certificate: w.sp.cert,
		IDPMetadata: &crewjam.EntityDescriptor{EntityID: idpID, IDPSSODescriptors: []crewjam.IDPSSODescriptor{{
			SSODescriptor: crewjam.SSODescriptor{RoleDescriptor: crewjam.RoleDescriptor{
				KeyDescriptors: []crewjam.KeyDescriptor{{Use: "signing", KeyInfo: crewjam.KeyInfo{X509Data: crewjam.X509Data{
					X509Certificates: []crewjam.X509Certificate{{Data: base64.StdEncoding.EncodeToString(by.cert.Raw)}}}}}}}},
		}}}}
	return func(encoded string) (who string, groups int, err error) {
		defer func() { // v0.5.1 panics where goxmldsig gives up on a large document
			if p := recover(); p != nil {
				err = fmt.Errorf("bench: crewjam panics: %v", p)
			}
		}()
		xml, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return "", 0, err
		}
		a, err := sp.ParseXMLResponse(xml, []string{reqID}, *address)
		if err != nil {
			var invalid *crewjam.InvalidResponseError
			if errors.As(err, &invalid) {
				return "", 0, invalid.PrivateErr
			}
			return "", 0, err
		}
		for _, s := range a.AttributeStatements {
			for _, at := range s.Attributes {
				if at.Name == groupsClaim {
					groups += len(at.Values)
				}
			}
		}
		return a.Subject.NameID.Value, groups, nil
	}, nil
}
