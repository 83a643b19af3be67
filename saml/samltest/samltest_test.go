package samltest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

const (
	spEntity = "https://app.example/saml/c1"
	spACS    = "https://app.example/saml/c1/acs"
	baseURL  = "https://idp.example/sim"
)

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func clock() time.Time { return now }

func ann() samltest.Person {
	return samltest.Person{
		Email: "ann@example.com", FirstName: "Ann", LastName: "Lee", Groups: []string{"staff", "admins"},
	}
}

// spMetadata describes a service provider; keys is XML of KeyDescriptors.
func spMetadata(entityID, acs, keys string, signed bool) []byte {
	return fmt.Appendf(nil, `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="%s">`+
		`<md:SPSSODescriptor AuthnRequestsSigned="%t" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">%s`+
		`<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="%s" index="0"/>`+
		`</md:SPSSODescriptor></md:EntityDescriptor>`, entityID, signed, keys, acs)
}

func keyDescriptor(cert *x509.Certificate) string {
	return `<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` +
		base64.StdEncoding.EncodeToString(cert.Raw) +
		`</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
}

func newIdP(t testing.TB, opts *samltest.Options) *samltest.IdP {
	t.Helper()
	if opts == nil {
		opts = &samltest.Options{}
	}
	if opts.Now == nil {
		opts.Now = clock
	}
	idp, err := samltest.New(baseURL, []samltest.Person{ann()}, opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := idp.Trust(spMetadata(spEntity, spACS, "", false)); err != nil {
		t.Fatal(err)
	}
	return idp
}

func readResponse(t testing.TB, resp samltest.Response) *etree.Element {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(resp.SAMLResponse)
	if err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		t.Fatal(err)
	}
	return doc.Root()
}

// verify returns what is signed of el by cert. goxmldsig takes ECDSA as Go writes it,
// so r and s are put into that form.
func verify(el *etree.Element, cert *x509.Certificate) (*etree.Element, error) {
	if key, ok := cert.PublicKey.(*ecdsa.PublicKey); ok {
		el = el.Copy()
		value := el.FindElement("./Signature/SignatureValue")
		raw, err := base64.StdEncoding.DecodeString(value.Text())
		if size := (key.Params().BitSize + 7) / 8; err != nil || len(raw) != 2*size {
			return nil, fmt.Errorf("an ECDSA signature of %d bytes: %w", len(raw), err)
		}
		half := len(raw) / 2
		der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:half]), new(big.Int).SetBytes(raw[half:])})
		if err != nil {
			return nil, err
		}
		value.SetText(base64.StdEncoding.EncodeToString(der))
	}
	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
	context.Clock = dsig.NewFakeClockAt(now)
	return context.Validate(el)
}

// service is a service provider that believes everything; its answer to a response
// is what it read.
type service struct {
	*httptest.Server
	idp *samltest.IdP // set before the first request
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/login":
		http.Redirect(w, r, s.idp.SSOURL()+"?"+redirectQuery(s.request("id-1")).Encode()+"&RelayState=handle", http.StatusSeeOther)
	case "/acs":
		if r.Method != http.MethodPost {
			http.Error(w, "POST only", http.StatusMethodNotAllowed)
			return
		}
		data, err := base64.StdEncoding.DecodeString(r.PostFormValue("SAMLResponse"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(data); err != nil {
			http.Error(w, "unreadable", http.StatusForbidden)
			return
		}
		name := ""
		if el := doc.FindElement("/Response/Assertion/Subject/NameID"); el != nil {
			name = el.Text()
		}
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1", Path: "/"})
		http.Redirect(w, r, "/home?"+url.Values{
			"name": {name}, "relay": {r.PostFormValue("RelayState")},
			"origin": {r.Header.Get("Origin")}, "site": {r.Header.Get("Sec-Fetch-Site")},
		}.Encode(), http.StatusSeeOther)
	case "/home":
		if _, err := r.Cookie("seen"); err != nil {
			http.Error(w, "no cookie", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "%s %s %s %s", r.FormValue("name"), r.FormValue("relay"), r.FormValue("origin"), r.FormValue("site"))
	default:
		http.NotFound(w, r)
	}
}

func (s *service) request(id string) string {
	return fmt.Sprintf(`<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="%s" Version="2.0" IssueInstant="2026-03-04T05:06:07Z" Destination="%s" AssertionConsumerServiceURL="%s/acs"><saml:Issuer>%s/saml</saml:Issuer></samlp:AuthnRequest>`,
		id, s.idp.SSOURL(), s.URL, s.URL)
}

// serve starts a service provider and an identity provider that know each other.
func serve(t testing.TB) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	mux := http.NewServeMux()
	provider := httptest.NewServer(mux)
	t.Cleanup(provider.Close)
	idp, err := samltest.New(provider.URL+"/sim", []samltest.Person{ann(), {Email: "bob@example.com"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/sim/", idp)
	if err := idp.Trust(spMetadata(s.URL+"/saml", s.URL+"/acs", "", false)); err != nil {
		t.Fatal(err)
	}
	s.idp = idp
	return s
}

func newClient(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

func TestLoginOverHTTP(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for name, tc := range map[string]struct {
		email   string
		attacks []samltest.Attack
		want    string
	}{
		"honest":        {"ann@example.com", nil, "ann@example.com handle null cross-site"},
		"second person": {"bob@example.com", nil, "bob@example.com handle null cross-site"},
		"attack":        {"ann@example.com", []samltest.Attack{samltest.Wrapped}, "intruder@example.com handle null cross-site"},
		"two attacks":   {"ann@example.com", []samltest.Attack{samltest.Unsigned, samltest.ForeignDomain}, "ann@elsewhere.example handle null cross-site"},
		"no document":   {"ann@example.com", []samltest.Attack{samltest.Deflated}, "unreadable\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, err := samltest.Login(context.Background(), newClient(t), s.URL+"/login", tc.email, tc.attacks...)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if string(body) != tc.want {
				t.Errorf("answer %q, want %q", body, tc.want)
			}
		})
	}
}
