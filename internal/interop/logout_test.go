package interop_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	crewjam "github.com/crewjam/saml"
)

// crewjam's service provider is the one half of crewjam that knows logout messages, so
// here it plays the other side of a connection: what it writes we read, and where it
// reads, it reads what we write.
type logoutPeer struct {
	*crewjam.ServiceProvider
	sp  *saml.SP
	idp *saml.IdP
}

func newLogoutPeer(t *testing.T) logoutPeer {
	t.Helper()
	own, key := newKey(t), newKey(t)
	private, ok := key.Signer.(*rsa.PrivateKey)
	if !ok {
		t.Fatalf("a %T is no RSA key", key.Signer)
	}
	sp := &saml.SP{EntityID: letterSP, ACS: letterACS, SLO: letterSP + "/slo", Keys: []saml.Key{own}}
	idp := &saml.IdP{
		EntityID: letterIdP, SSO: saml.Endpoint{URL: letterIdP},
		SLO: saml.Endpoint{URL: letterIdP + "/slo", Binding: saml.POST},
	}
	idp.Certificates = append(idp.Certificates, key.Cert)

	// We as an identity provider.
	ours := &crewjam.EntityDescriptor{EntityID: sp.EntityID, IDPSSODescriptors: []crewjam.IDPSSODescriptor{{}}}
	role := &ours.IDPSSODescriptors[0]
	role.KeyDescriptors = []crewjam.KeyDescriptor{{Use: "signing", KeyInfo: crewjam.KeyInfo{X509Data: crewjam.X509Data{
		X509Certificates: []crewjam.X509Certificate{{Data: base64.StdEncoding.EncodeToString(own.Cert.Raw)}},
	}}}}
	for _, binding := range []string{crewjam.HTTPPostBinding, crewjam.HTTPRedirectBinding} {
		role.SingleLogoutServices = append(role.SingleLogoutServices, crewjam.Endpoint{Binding: binding, Location: sp.SLO})
	}
	return logoutPeer{sp: sp, idp: idp, ServiceProvider: &crewjam.ServiceProvider{
		EntityID: letterIdP, MetadataURL: mustURL(t, letterIdP), AcsURL: mustURL(t, letterIdP+"/acs"), SloURL: mustURL(t, idp.SLO.URL),
		Key: private, Certificate: key.Cert, SignatureMethod: rsaSHA256, IDPMetadata: ours,
		AuthnNameIDFormat: crewjam.PersistentNameIDFormat,
	}}
}

// take reads one of crewjam's pages as a browser would post it to us.
func (p logoutPeer) take(t *testing.T, page []byte) saml.LogoutMessage {
	t.Helper()
	forms := formsOf(t, page, &url.URL{})
	if len(forms) != 1 {
		t.Fatalf("%d forms in the page:\n%s", len(forms), page)
	}
	r := httptest.NewRequest(http.MethodPost, p.sp.SLO, strings.NewReader(forms[0].fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.read(t, r)
}

func (p logoutPeer) read(t *testing.T, r *http.Request) saml.LogoutMessage {
	t.Helper()
	m, err := saml.ReadLogout(httptest.NewRecorder(), r)
	if err != nil {
		t.Fatal(describe(err))
	}
	return m
}

func TestLogoutRequestOfCrewjam(t *testing.T) {
	t.Parallel()
	p, now := newLogoutPeer(t), time.Now()
	page, err := p.MakePostLogoutRequest("u-17", "their state")
	if err != nil {
		t.Fatal(err)
	}
	m := p.take(t, page)
	lo, err := p.sp.ReceiveLogout(p.idp, nil, m, now)
	if err != nil {
		t.Fatal(describe(err))
	}
	if lo.NameID.Value != "u-17" || lo.NameID.Format != persistent || lo.RelayState != "their state" {
		t.Errorf("read %+v", lo)
	}
	other := newLogoutPeer(t)
	if lo, err := p.sp.ReceiveLogout(other.idp, nil, m, now); lo != nil || codeOf(err) != saml.CodeSignature {
		t.Errorf("by another key: %v, %v", lo, err)
	}

	// And our answer, as crewjam reads it.
	for done, want := range map[bool]bool{true: true, false: false} {
		b, err := p.sp.AnswerLogout(p.idp, lo, done, now)
		if err != nil {
			t.Fatal(err)
		}
		doc := posted(t, b)
		if err := p.ValidateLogoutResponseForm(base64.StdEncoding.EncodeToString(doc)); (err == nil) != want {
			t.Errorf("done %t: crewjam says %v of\n%s", done, err, doc)
		}
		var read crewjam.LogoutResponse
		if err := xml.Unmarshal(doc, &read); err != nil || read.InResponseTo != lo.ID {
			t.Errorf("crewjam read %+v, %v", read, err)
		}
	}
}

func TestLogoutResponseOfCrewjam(t *testing.T) {
	t.Parallel()
	p, now := newLogoutPeer(t), time.Now()
	name := saml.NameID{Value: "u-17", Format: persistent, NameQualifier: letterIdP, SPNameQualifier: letterSP}
	req, b, err := p.sp.StartLogout(p.idp, name, "index-1", nil, now)
	if err != nil {
		t.Fatal(err)
	}
	var read crewjam.LogoutRequest
	if err := xml.Unmarshal(posted(t, b), &read); err != nil {
		t.Fatal(err)
	}
	if read.ID != req.ID || read.NameID.Value != name.Value || read.NameID.Format != name.Format || read.SessionIndex == nil ||
		read.SessionIndex.Value != "index-1" || read.NameID.NameQualifier != letterIdP || read.NameID.SPNameQualifier != letterSP {
		t.Errorf("crewjam read %+v of %+v", read.NameID, read)
	}
	page, err := p.MakePostLogoutResponse(read.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	m := p.take(t, page)
	if err := p.sp.FinishLogout(p.idp, nil, m, &req, now); err != nil {
		t.Error(describe(err))
	}
	other, _, err := p.sp.StartLogout(p.idp, name, "index-1", nil, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.sp.FinishLogout(p.idp, nil, m, &other, now); codeOf(err) != saml.CodeRequestUnknown {
		t.Errorf("for another request: %v", err)
	}
}

// In a query crewjam signs the document, and not the query as saml-bindings 3.4.4.1 has
// it: to us that is not signed.
func TestLogoutRequestOfCrewjamInAQuery(t *testing.T) {
	t.Parallel()
	p := newLogoutPeer(t)
	at, err := p.MakeRedirectLogoutRequest("u-17", "")
	if err != nil {
		t.Fatal(err)
	}
	m := p.read(t, httptest.NewRequest(http.MethodGet, at.String(), nil))
	if lo, err := p.sp.ReceiveLogout(p.idp, nil, m, time.Now()); lo != nil || codeOf(err) != saml.CodeProfile {
		t.Errorf("%v, %v", lo, err)
	}
}
