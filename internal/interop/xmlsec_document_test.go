package interop_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// letter is a response that xmlsec1 signs and encrypts. Its text is nobody's output:
// prefixes, white space and the order of attributes are unlike our own.
type letter struct {
	Inside        bool   // the assertion declares its namespaces itself
	SignResponse  string // signature method; "": none
	SignAssertion string
	Digest        string
	Now           time.Time
}

const (
	letterSP     = "https://app.example/saml"
	letterACS    = "https://app.example/saml/acs"
	letterIdP    = "https://idp.example/xmlsec"
	letterAsked  = "req-letter"
	namespacesOf = `xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`
)

const letterText = `<?xml version="1.0" encoding="UTF-8"?>
{{define "signature"}}<d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#">
    <d:SignedInfo>
      <d:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
      <d:SignatureMethod Algorithm="{{.Method}}"/>
      <d:Reference URI="#{{.ID}}">
        <d:Transforms>
          <d:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
          <d:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><i:InclusiveNamespaces xmlns:i="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="xs"/></d:Transform>
        </d:Transforms>
        <d:DigestMethod Algorithm="{{.Digest}}"/><d:DigestValue/>
      </d:Reference>
    </d:SignedInfo>
    <d:SignatureValue/>
    <d:KeyInfo><d:X509Data/></d:KeyInfo>
  </d:Signature>{{end -}}
<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" {{if .Inside}}xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"{{else}}{{.Namespaces}}{{end}}
  ID="letter" Version="2.0" IssueInstant="{{.At}}" Destination="{{.ACS}}" InResponseTo="{{.Asked}}">
  <a:Issuer>{{.IdP}}</a:Issuer>{{with .Response}}{{template "signature" .}}{{end}}
  <p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status>
  <a:Assertion {{if .Inside}}{{.Namespaces}} {{end}}ID="enclosed" Version="2.0" IssueInstant="{{.At}}">
    <a:Issuer>{{.IdP}}</a:Issuer>{{with .Assertion}}{{template "signature" .}}{{end}}
    <a:Subject>
      <a:NameID NameQualifier="{{.IdP}}" SPNameQualifier="{{.SP}}" Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">u-17</a:NameID>
      <a:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
        <a:SubjectConfirmationData InResponseTo="{{.Asked}}" NotOnOrAfter="{{.Until}}" Recipient="{{.ACS}}"/>
      </a:SubjectConfirmation>
    </a:Subject>
    <a:Conditions NotBefore="{{.At}}" NotOnOrAfter="{{.Until}}">
      <a:AudienceRestriction><a:Audience>{{.SP}}</a:Audience></a:AudienceRestriction>
    </a:Conditions>
    <a:AuthnStatement AuthnInstant="{{.At}}" SessionIndex="index-1">
      <a:AuthnContext><a:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:X509</a:AuthnContextClassRef></a:AuthnContext>
    </a:AuthnStatement>
    <a:AttributeStatement>
      <a:Attribute Name="urn:oid:0.9.2342.19200300.100.1.3"><a:AttributeValue xsi:type="xs:string">ann@example.com</a:AttributeValue></a:Attribute>
      <a:Attribute Name="urn:oid:2.5.4.42"><a:AttributeValue xsi:type="xs:string">Ann</a:AttributeValue></a:Attribute>
      <a:Attribute Name="urn:oid:2.5.4.4"><a:AttributeValue xsi:type="xs:string">Lee &amp; &quot;Söhne&quot; &lt;𝕃&gt;</a:AttributeValue></a:Attribute>
      <a:Attribute Name="groups"><a:AttributeValue>staff</a:AttributeValue><a:AttributeValue>admins</a:AttributeValue></a:Attribute>
    </a:AttributeStatement>
  </a:Assertion>
</p:Response>
`

// write is the letter with empty signatures.
func (l letter) write(t testing.TB) []byte {
	t.Helper()
	type signature struct{ ID, Method, Digest string }
	in := struct {
		Inside                                     bool
		Namespaces, At, Until, SP, ACS, IdP, Asked string
		Response, Assertion                        *signature
	}{
		Inside: l.Inside, Namespaces: namespacesOf, SP: letterSP, ACS: letterACS, IdP: letterIdP, Asked: letterAsked,
		At: l.Now.UTC().Format(time.RFC3339), Until: l.Now.UTC().Add(5 * time.Minute).Format(time.RFC3339),
	}
	if l.SignResponse != "" {
		in.Response = &signature{"letter", l.SignResponse, l.Digest}
	}
	if l.SignAssertion != "" {
		in.Assertion = &signature{"enclosed", l.SignAssertion, l.Digest}
	}
	var out bytes.Buffer
	if err := template.Must(template.New("letter").Parse(letterText)).Execute(&out, in); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// wantLetter is who the letter is about.
func wantLetter(l letter) *saml.Identity {
	return &saml.Identity{
		AssertionID: "enclosed",
		NameID:      saml.NameID{Value: "u-17", Format: persistent, NameQualifier: letterIdP, SPNameQualifier: letterSP},
		Email:       "ann@example.com", FirstName: "Ann", LastName: `Lee & "Söhne" <𝕃>`, Groups: []string{"staff", "admins"},
		Attributes: map[string][]string{
			"urn:oid:0.9.2342.19200300.100.1.3": {"ann@example.com"}, "urn:oid:2.5.4.42": {"Ann"},
			"urn:oid:2.5.4.4": {`Lee & "Söhne" <𝕃>`}, "groups": {"staff", "admins"},
		},
		SessionIndex:    "index-1",
		AuthnContext:    []string{"urn:oasis:names:tc:SAML:2.0:ac:classes:X509"},
		AuthenticatedAt: l.Now.UTC().Truncate(time.Second),
		Solicited:       true,
	}
}

// wrapped puts EncryptedAssertion around the assertion, where an EncryptedData goes.
func wrapped(t testing.TB, doc []byte) []byte {
	t.Helper()
	text, begin, end := string(doc), "<a:Assertion ", "</a:Assertion>"
	if strings.Count(text, begin) != 1 || strings.Count(text, end) != 1 {
		t.Fatalf("not one assertion:\n%s", doc)
	}
	text = strings.Replace(text, begin, "<a:EncryptedAssertion>"+begin, 1)
	return []byte(strings.Replace(text, end, end+"</a:EncryptedAssertion>", 1))
}

// open is what our service provider makes of the letter.
func (l letter) open(t testing.TB, doc []byte, by maker, rules *saml.Rules, keys ...saml.Key) (*saml.Identity, error) {
	t.Helper()
	sp := &saml.SP{EntityID: letterSP, ACS: letterACS, Keys: keys}
	idp := &saml.IdP{EntityID: letterIdP, SSO: saml.Endpoint{URL: letterIdP}}
	idp.Certificates = append(idp.Certificates, by.cert)
	m, err := saml.ParseMessage(base64.StdEncoding.EncodeToString(doc))
	if err != nil {
		return nil, err
	}
	req := saml.Request{ID: letterAsked, ExpiresAt: l.Now.Add(time.Minute)}
	return sp.Finish(idp, rules, m, &req, l.Now)
}
