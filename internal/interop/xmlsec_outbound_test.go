package interop_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// posted is the document in the page that a browser would post.
func posted(t *testing.T, b *saml.Bounce) []byte {
	t.Helper()
	rec := httptest.NewRecorder()
	b.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "https://app.example/", nil))
	for _, f := range formsOf(t, rec.Body.Bytes(), &url.URL{}) {
		for _, name := range []string{"SAMLRequest", "SAMLResponse"} {
			if value := f.fields.Get(name); value != "" {
				doc, err := base64.StdEncoding.DecodeString(value)
				if err != nil {
					t.Fatal(err)
				}
				return doc
			}
		}
	}
	t.Fatalf("no message in the page:\n%s", rec.Body)
	return nil
}

// What we sign, verified by xmlsec1 with our certificate.
func TestXMLSecVerifies(t *testing.T) {
	t.Parallel()
	newXMLSec(t)
	key, now := newKey(t), time.Now()
	sp := &saml.SP{EntityID: letterSP, ACS: letterACS, SLO: "https://app.example/saml/slo", Keys: []saml.Key{key}}
	idp := &saml.IdP{
		EntityID: letterIdP, SignRequests: true,
		SSO: saml.Endpoint{URL: "https://idp.example/sso", Binding: saml.POST},
		SLO: saml.Endpoint{URL: "https://idp.example/slo", Binding: saml.POST},
	}
	name := saml.NameID{Value: `u-17 <&"é𝕃">`, Format: persistent, NameQualifier: letterIdP, SPNameQualifier: letterSP}
	page := func(b *saml.Bounce, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return posted(t, b)
	}
	start := func() (*saml.Bounce, error) {
		_, b, err := sp.Start(idp, &saml.StartOptions{NameIDFormat: persistent, AuthnContext: []string{"urn:x"}}, now)
		return b, err
	}
	logout := func() (*saml.Bounce, error) {
		_, b, err := sp.StartLogout(idp, name, "index-1", nil, now)
		return b, err
	}
	metadata, err := sp.Metadata(&saml.MetadataOptions{Encryption: true, Sign: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		root string
		doc  []byte
	}{
		{"AuthnRequest", page(start())},
		{"LogoutRequest", page(logout())},
		{"LogoutResponse", page(sp.AnswerLogout(idp, &saml.Logout{ID: "id-1"}, true, now))},
		{"EntityDescriptor", metadata},
	} {
		t.Run(tc.root, func(t *testing.T) {
			t.Parallel()
			x := newXMLSec(t)
			if err := x.verify(t, tc.doc, tc.root, key.Cert); err != nil {
				t.Errorf("%v\n%s", err, tc.doc)
			}
			changed := bytes.Replace(tc.doc, []byte(letterSP), []byte(letterSP+"x"), 1)
			if bytes.Equal(changed, tc.doc) || x.verify(t, changed, tc.root, key.Cert) == nil {
				t.Errorf("it takes a document that was changed:\n%s", changed)
			}
			if err := x.verify(t, tc.doc, tc.root, newKey(t).Cert); err == nil {
				t.Error("it takes a document of another key")
			}
		})
	}
}
