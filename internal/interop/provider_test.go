package interop_test

import (
	"bytes"
	"crypto/rsa"
	"encoding/json"
	"encoding/xml"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	crewjam "github.com/crewjam/saml"
	"github.com/crewjam/saml/samlsp"
)

// identityProvider is crewjam's, with one person who is always signed in.
type identityProvider struct {
	*crewjam.IdentityProvider
	session *crewjam.Session
	log     *bytes.Buffer // what crewjam says of a refusal

	mu       sync.Mutex
	services map[string]*crewjam.EntityDescriptor
	requests []crewjam.IdpAuthnRequest // what it was asked
}

func newKey(t testing.TB) saml.Key {
	t.Helper()
	key, err := saml.GenerateKey("interop", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func mustURL(t testing.TB, s string) url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return *u
}

func ann() *crewjam.Session {
	return &crewjam.Session{
		ID: "s1", Index: "index-1", CreateTime: time.Now().Add(-time.Minute).Truncate(time.Millisecond),
		NameID: "u-17", NameIDFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
		UserEmail: "ann@example.com", UserGivenName: "Ann", UserSurname: "Lee & \"Söhne\"",
		CustomAttributes: []crewjam.Attribute{{
			Name: "groups", NameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
			Values: []crewjam.AttributeValue{{Type: "xs:string", Value: "staff"}, {Type: "xs:string", Value: "admins"}},
		}},
	}
}

// newIdentityProvider starts crewjam's over HTTP.
func newIdentityProvider(t testing.TB) *identityProvider {
	t.Helper()
	key, ok := newKey(t), false
	p := &identityProvider{session: ann(), log: &bytes.Buffer{}, services: map[string]*crewjam.EntityDescriptor{}}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.IdentityProvider = &crewjam.IdentityProvider{
		Certificate: key.Cert, Logger: log.New(p.log, "", 0),
		MetadataURL: mustURL(t, server.URL+"/metadata"), SSOURL: mustURL(t, server.URL+"/sso"),
		ServiceProviderProvider: p, SessionProvider: p,
		SignatureMethod: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
	}
	if p.Key, ok = key.Signer.(*rsa.PrivateKey); !ok {
		t.Fatalf("a %T is no RSA key", key.Signer)
	}
	mux.Handle("/", p.Handler())
	mux.HandleFunc("/start", func(w http.ResponseWriter, r *http.Request) {
		p.ServeIDPInitiated(w, r, r.FormValue("sp"), r.FormValue("relay"))
	})
	return p
}

func (p *identityProvider) GetSession(_ http.ResponseWriter, _ *http.Request, req *crewjam.IdpAuthnRequest) *crewjam.Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, *req)
	return p.session
}

func (p *identityProvider) GetServiceProvider(_ *http.Request, id string) (*crewjam.EntityDescriptor, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if service, ok := p.services[id]; ok {
		return service, nil
	}
	return nil, os.ErrNotExist
}

// trust registers our metadata as crewjam reads it.
func (p *identityProvider) trust(t testing.TB, sp *saml.SP) {
	t.Helper()
	metadata, err := sp.Metadata(nil)
	if err != nil {
		t.Fatal(err)
	}
	p.trustMetadata(t, metadata)
}

func (p *identityProvider) trustMetadata(t testing.TB, metadata []byte) {
	t.Helper()
	entity, err := samlsp.ParseMetadata(metadata)
	if err != nil {
		t.Fatalf("our metadata, read by crewjam: %v", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.services[entity.EntityID] = entity
}

// parsed is crewjam's metadata as we read it.
func (p *identityProvider) parsed(t testing.TB) *saml.IdP {
	t.Helper()
	metadata, err := xml.MarshalIndent(p.Metadata(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	idp, err := saml.ParseMetadata(metadata, "")
	if err != nil {
		t.Fatalf("crewjam's metadata, read by us: %v", err)
	}
	return idp
}

// login walks from start to our answer, as a browser.
func login(t testing.TB, start, email string, attacks ...samltest.Attack) outcome {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := samltest.Login(t.Context(), &http.Client{Jar: jar}, start, email, attacks...)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out outcome
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatalf("status %d: %s", resp.StatusCode, body)
	}
	return out
}
