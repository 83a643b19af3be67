package samltest_test

import (
	"crypto"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml/samltest"
)

// Whatever comes by either binding, a request is read only if it is signed by the
// trusted key, and nothing panics.
func FuzzReadRequest(f *testing.F) {
	own, strange := newRSAKey(f), newRSAKey(f)
	idp := newIdP(f, nil)
	if err := idp.Trust(spMetadata(spEntity, spACS, keyDescriptor(own.cert), false)); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(authnRequest), "r", "", "")
	f.Add([]byte(own.enveloped(f, authnRequest, crypto.SHA256)), "", "", "")
	f.Add([]byte(strange.enveloped(f, authnRequest, crypto.SHA256)), "", "", "")
	f.Add([]byte(authnRequest), "", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "AAAA")
	f.Add([]byte("<!DOCTYPE x>"+authnRequest), "", "", "")
	f.Add([]byte(strings.Replace(authnRequest, "<saml:Issuer>", "<saml:Issuer><!-- --><a/>", 1)), "", "", "")
	f.Fuzz(func(t *testing.T, xml []byte, relay, algorithm, signature string) {
		form := url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(xml)}, "RelayState": {relay}}
		query := url.Values{"SAMLRequest": {deflated(string(xml))}, "RelayState": {relay}}
		if algorithm != "" {
			query.Set("SigAlg", algorithm)
			query.Set("Signature", signature)
		}
		raw := url.Values{"SAMLRequest": {string(xml)}}
		for _, r := range []*http.Request{byPOST(form), byRedirect(query.Encode()), byRedirect(raw.Encode())} {
			got, err := idp.ReadRequest(r)
			if err != nil {
				if !errors.Is(err, samltest.ErrRequest) && !errors.Is(err, samltest.ErrUntrusted) {
					t.Errorf("an error of no kind: %v", err)
				}
				continue
			}
			if got.Issuer != spEntity || got.ACS != spACS || got.ID == "" {
				t.Errorf("read %+v", got)
			}
			if _, err := idp.Respond(got, ann()); err != nil {
				t.Errorf("read, but not answered: %v", err)
			}
		}
	})
}

func FuzzTrust(f *testing.F) {
	own := newRSAKey(f)
	f.Add(spMetadata(spEntity, spACS, "", false))
	f.Add(spMetadata(spEntity, spACS, keyDescriptor(own.cert), true))
	f.Add(logoutMetadata(forEncryption(own)))
	f.Add([]byte(`<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"/>`))
	f.Add([]byte("<!DOCTYPE x><a/>"))
	idp := newIdP(f, nil)
	f.Fuzz(func(t *testing.T, metadata []byte) {
		if err := idp.Trust(metadata); err != nil && !errors.Is(err, samltest.ErrMetadata) {
			t.Errorf("an error of no kind: %v", err)
		}
	})
}

// Whatever comes by either binding, a logout message is read only if it is signed by the
// trusted key, and nothing panics.
func FuzzReadLogout(f *testing.F) {
	own, strange := newRSAKey(f), newRSAKey(f)
	idp, s := loggedIn(f, own, samltest.Options{})
	f.Add([]byte(logoutRequest(s)), "r", "", "")
	f.Add([]byte(own.enveloped(f, logoutRequest(s), crypto.SHA256)), "", "", "")
	f.Add([]byte(strange.enveloped(f, logoutRequest(s), crypto.SHA256)), "", "", "")
	f.Add([]byte(own.enveloped(f, logoutResponse("id-1", partial), crypto.SHA256)), "", "", "")
	f.Add([]byte(logoutResponse("id-1", "")), "", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "AAAA")
	f.Fuzz(func(t *testing.T, xml []byte, relay, algorithm, signature string) {
		for _, field := range []string{"SAMLRequest", "SAMLResponse"} {
			form := url.Values{field: {base64.StdEncoding.EncodeToString(xml)}, "RelayState": {relay}}
			query := url.Values{field: {deflated(string(xml))}, "RelayState": {relay}, "SigAlg": {algorithm}, "Signature": {signature}}
			for _, r := range []*http.Request{formTo("/slo", form), byRedirect(query.Encode())} {
				req, err := idp.ReadLogoutRequest(r)
				if err == nil && (req.Issuer != spEntity || req.ID == "") {
					t.Errorf("read %+v", req)
				}
				resp, other := idp.ReadLogoutResponse(r)
				if other == nil { // nobody was asked
					t.Errorf("read %+v", resp)
				}
				for _, err := range []error{err, other} {
					if err != nil && !errors.Is(err, samltest.ErrLogout) && !errors.Is(err, samltest.ErrUntrusted) {
						t.Errorf("an error of no kind: %v", err)
					}
				}
			}
		}
	})
}
