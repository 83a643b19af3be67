package saml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// shapes are files as well-known providers write them, with keys of the test: what else
// they hold, and in which order and spelling, is theirs.
func shapes() map[string]string {
	bare := func(name string) string {
		return strings.TrimSpace(strings.Split(strings.Split(keyDescriptor("", name), "<ds:X509Certificate>")[1], "</ds:X509Certificate>")[0])
	}
	folded := func(name string) string { // as Shibboleth and SimpleSAMLphp do
		var out strings.Builder
		for i, c := range []byte(bare(name)) {
			if i%64 == 0 {
				out.WriteString("\n          ")
			}
			out.WriteByte(c)
		}
		return out.String() + "\n        "
	}
	return map[string]string{
		// WS-Federation roles in front, other people's namespaces in attributes, claims, one
		// key under three roles.
		"ADFS": `<?xml version="1.0"?><EntityDescriptor ID="_3a1b" entityID="` + idpID + `" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` +
			`<RoleDescriptor xsi:type="fed:ApplicationServiceType" protocolSupportEnumeration="http://docs.oasis-open.org/ws-sx/ws-trust/200512" ServiceDisplayName="x" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706">` +
			`<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + bare("attacker") + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
			`<fed:ClaimTypesRequested><auth:ClaimType Uri="http://x" Optional="true" xmlns:auth="http://docs.oasis-open.org/wsfed/authorization/200706"><auth:DisplayName>E-Mail Address</auth:DisplayName></auth:ClaimType></fed:ClaimTypesRequested></RoleDescriptor>` +
			`<SPSSODescriptor WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="encryption"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + bare("attacker") + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
			`<AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/acs" index="0" isDefault="true"/></SPSSODescriptor>` +
			`<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="encryption"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + bare("attacker") + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
			`<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + bare("idp") + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
			`<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/slo"/><NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</NameIDFormat>` +
			`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/sso"/>` +
			`<Attribute Name="http://x" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" FriendlyName="E-Mail Address" xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/></IDPSSODescriptor>` +
			`<ContactPerson contactType="support"/></EntityDescriptor>`,
		// Comments, scopes and names in extensions, keys without a use, a key that is only a
		// name, the back channel.
		"Shibboleth": `<?xml version="1.0" encoding="UTF-8"?>
<!-- This is example metadata only. Do *NOT* supply it as is without review. -->
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:shibmd="urn:mace:shibboleth:metadata:1.0" xmlns:xml="http://www.w3.org/XML/1998/namespace" xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui" entityID="` + idpID + `" validUntil="2020-01-01T00:00:00.000Z">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol urn:mace:shibboleth:1.0">
    <Extensions><shibmd:Scope regexp="false">example.org</shibmd:Scope><!-- <mdui:UIInfo/> --><mdui:UIInfo><mdui:DisplayName xml:lang="en">A Name &amp; more é</mdui:DisplayName></mdui:UIInfo></Extensions>
    <KeyDescriptor><ds:KeyInfo><ds:KeyName>idp.example</ds:KeyName></ds:KeyInfo></KeyDescriptor>
    <!-- First signing certificate is BackChannel, the Second is FrontChannel -->
    <KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + folded("idp") + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <KeyDescriptor use="encryption"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + folded("attacker") + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <ArtifactResolutionService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://idp.example:8443/x" index="2"/>
    <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://idp.example:8443/slo"/>
    <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/slo"/>
    <SingleSignOnService Binding="urn:mace:shibboleth:1.0:profiles:AuthnRequest" Location="https://idp.example/old"/>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/post"/>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/>
  </IDPSSODescriptor>
  <AttributeAuthorityDescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol"/>
</EntityDescriptor>
`,
		// A prefix for everything, KeyName beside the certificate, a bare & in a URL.
		"Keycloak": `<md:EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="` + idpID + `">` +
			`<md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" errorURL="https://idp.example/error?a=b&c=d">` +
			`<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:KeyName>x</ds:KeyName><ds:X509Data><ds:X509Certificate>` + bare("idp") + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>` +
			`<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/slo"></md:SingleLogoutService><md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/slo"></md:SingleLogoutService>` +
			`<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>` +
			`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/sso"></md:SingleSignOnService><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"></md:SingleSignOnService></md:IDPSSODescriptor></md:EntityDescriptor>`,
		// KeyInfo with more than a certificate, the certificate with armour.
		"PingFederate": entities(`<md:EntityDescriptor ID="x" cacheDuration="PT1440M" entityID="` + idpID + `"><md:IDPSSODescriptor WantAuthnRequestsSigned="0" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
			`<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="` + dsNS + `"><ds:X509Data><ds:X509SubjectName>CN=x</ds:X509SubjectName><ds:X509Certificate>-----BEGIN CERTIFICATE-----` + "\r\n" + bare("idp") + "\r\n" + `</ds:X509Certificate></ds:X509Data><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo></md:KeyDescriptor>` +
			sso("HTTP-Redirect", "https://idp.example/sso") + logoutAt("HTTP-Redirect", "https://idp.example/slo", "") + `</md:IDPSSODescriptor></md:EntityDescriptor>`),
	}
}

func TestMetadataAsProvidersWriteIt(t *testing.T) {
	t.Parallel()
	for name, doc := range shapes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, text := range []string{doc, "\uFEFF" + doc, strings.ReplaceAll(doc, "\n", "\r\n")} {
				idp, err := saml.ParseMetadata([]byte(text), "")
				if err != nil {
					t.Fatal(explain(err))
				}
				if idp.EntityID != idpID || idp.SSO != (saml.Endpoint{URL: "https://idp.example/sso", Binding: saml.Redirect}) || idp.SLO != (saml.Endpoint{URL: "https://idp.example/slo", Binding: saml.Redirect}) || idp.SignRequests != (name == "Keycloak") {
					t.Errorf("%+v", idp)
				}
				if len(idp.Certificates) != 1 || !idp.Certificates[0].Equal(keys()["idp"].cert) {
					t.Errorf("%d certificates", len(idp.Certificates))
				}
				if err := idp.Check(nil); err != nil {
					t.Error(explain(err))
				}
			}
		})
	}
}

// However keys are published, a connection from metadata believes what they signed and
// nothing that is unsigned.
func TestMetadataNeverTurnsSignaturesOff(t *testing.T) {
	t.Parallel()
	ep := sso("HTTP-Redirect", "https://idp.example/sso")
	docs := shapes()
	docs["a key without a use"] = entity(idpID, "", keyDescriptor("", "idp")+ep)
	docs["keys without a use, one for encryption"] = entity(idpID, "", keyDescriptor("", "second")+keyDescriptor(` use="encryption"`, "attacker")+keyDescriptor("", "idp")+ep)
	docs["ten keys"] = entity(idpID, "", strings.Repeat(keyDescriptor(signingUse, "second"), 9)+keyDescriptor(signingUse, "idp")+ep)
	docs["a key of no use beside"] = entity(idpID, "", keyDescriptor(signingUse, "weak")+keyDescriptor(signingUse, "idp")+ep)
	docs["wants no signed requests"] = entity(idpID, `WantAuthnRequestsSigned="false"`, keyDescriptor(signingUse, "idp")+ep)
	for name, doc := range docs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			idp, err := saml.ParseMetadata([]byte(doc), "")
			if err != nil {
				t.Fatal(explain(err))
			}
			for _, b := range bases() {
				if id, err := finish(b.sign(genuine(), signing{}), idp, nil, ourRequest(), clock()); err != nil || id.NameID.Value != "ann@victim.example" {
					t.Fatalf("%s: the genuine one: %s", b, explain(err))
				}
				for _, by := range []string{"attacker", "weak"} {
					id, err := finish(b.sign(genuine(), signing{by: by}), idp, nil, ourRequest(), clock())
					refused(t, id, err, saml.CodeSignature)
				}
			}
			id, err := finish(strings.NewReplacer("@R@", "", "@A@", "").Replace(genuine()), idp, nil, ourRequest(), clock())
			refused(t, id, err, saml.CodeUnsigned)
		})
	}
}

// The simulated provider's file is one that a Source follows, before and after its key
// has changed.
func TestSourceOfTheSimulatedProvider(t *testing.T) {
	t.Parallel()
	sim, err := samltest.New(idpID, nil, &samltest.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	var last *saml.Metadata
	for i := range 3 {
		m, err := (&saml.Source{EntityID: sim.EntityID()}).Parse(sim.Metadata(), clock())
		if err != nil || len(m.IdP.Certificates) != i+1 {
			t.Fatalf("%s: %+v", explain(err), m)
		}
		if last != nil {
			if changes := fmt.Sprint(saml.Compare(last.IdP, m.IdP)); strings.Count(changes, "certificate") != 1 || strings.Count(changes, "true}") != 1 {
				t.Error(changes)
			}
		}
		last = m
		if err := sim.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
}
