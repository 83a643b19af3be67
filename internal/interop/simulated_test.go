package interop_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	crewjam "github.com/crewjam/saml"
	"github.com/crewjam/saml/samlsp"
)

// These tests look at the simulated provider with the eyes of crewjam's service
// provider, so that it is not only our own reader that takes it for a real one.

type simulated struct {
	idp *samltest.IdP
	sp  *crewjam.ServiceProvider
}

func bob() samltest.Person {
	return samltest.Person{Email: "bob@example.com", FirstName: "Bob", LastName: "Ray", Groups: []string{"staff"}}
}

func newSimulated(t testing.TB, method string, opts *samltest.Options) simulated {
	t.Helper()
	idp, err := samltest.New("https://idp.example/sim", []samltest.Person{bob()}, opts)
	if err != nil {
		t.Fatal(err)
	}
	metadata, err := samlsp.ParseMetadata(idp.Metadata())
	if err != nil {
		t.Fatalf("the simulated provider's metadata, read by crewjam: %v", err)
	}
	key := newKey(t)
	private, ok := key.Signer.(*rsa.PrivateKey)
	if !ok {
		t.Fatalf("a %T is no RSA key", key.Signer)
	}
	sp := &crewjam.ServiceProvider{
		Key: private, Certificate: key.Cert, SignatureMethod: method, IDPMetadata: metadata,
		MetadataURL: mustURL(t, "https://app.example/metadata"), AcsURL: mustURL(t, "https://app.example/acs"),
	}
	own, err := xml.Marshal(sp.Metadata())
	if err != nil {
		t.Fatal(err)
	}
	if err := idp.Trust(own); err != nil {
		t.Fatalf("crewjam's metadata, read by the simulated provider: %v", err)
	}
	return simulated{idp, sp}
}

func (s simulated) read(t testing.TB, resp samltest.Response, ids ...string) (*crewjam.Assertion, error) {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(resp.SAMLResponse)
	if err != nil {
		t.Fatal(err)
	}
	return s.sp.ParseXMLResponse(data, ids, s.sp.AcsURL)
}

const rsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

func TestSimulatedProviderReadsForeignRequests(t *testing.T) {
	t.Parallel()
	for name, method := range map[string]string{"unsigned": "", "signed": rsaSHA256} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSimulated(t, method, nil)
			at, err := s.sp.MakeRedirectAuthenticationRequest("relay")
			if err != nil {
				t.Fatal(err)
			}
			redirect := httptest.NewRequest(http.MethodGet, at.String(), nil)
			page, err := s.sp.MakePostAuthenticationRequest("relay")
			if err != nil {
				t.Fatal(err)
			}
			found := regexp.MustCompile(`name="SAMLRequest" value="([^"]+)"`).FindSubmatch(page)
			if found == nil {
				t.Fatalf("no form:\n%s", page)
			}
			form := url.Values{"SAMLRequest": {strings.ReplaceAll(string(found[1]), "&#43;", "+")}, "RelayState": {"relay"}}
			post := httptest.NewRequest(http.MethodPost, s.idp.SSOURL(), strings.NewReader(form.Encode()))
			post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for binding, r := range map[string]*http.Request{"redirect": redirect, "POST": post} {
				got, err := s.idp.ReadRequest(r)
				if err != nil {
					t.Fatalf("%s: %v", binding, err)
				}
				if got.ID == "" || got.ACS != s.sp.AcsURL.String() || got.Issuer != s.sp.MetadataURL.String() || got.RelayState != "relay" {
					t.Errorf("%s: read %+v", binding, got)
				}
			}
			if method == "" {
				return
			}
			query := strings.Replace(redirect.URL.RawQuery, "RelayState=relay", "RelayState=other", 1)
			if _, err := s.idp.ReadRequest(httptest.NewRequest(http.MethodGet, s.idp.SSOURL()+"?"+query, nil)); err == nil {
				t.Error("a signed request was read with another relay state")
			}
		})
	}
}

func TestSimulatedProviderIsReadByForeignService(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]*samltest.Options{
		"assertion": nil, "response": {SignResponse: true}, "both": {SignResponse: true, SignAssertion: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSimulated(t, "", opts)
			resp, err := s.idp.Respond(samltest.Request{ID: "id-1", Issuer: s.sp.MetadataURL.String()}, bob())
			if err != nil {
				t.Fatal(err)
			}
			a, err := s.read(t, resp, "id-1")
			if err != nil {
				t.Fatal(err.(*crewjam.InvalidResponseError).PrivateErr)
			}
			got := map[string]string{}
			for _, attribute := range a.AttributeStatements[0].Attributes {
				got[attribute.Name] = attribute.Values[0].Value
			}
			if a.Subject.NameID.Value != "bob@example.com" || got["email"] != "bob@example.com" ||
				got["firstName"] != "Bob" || got["lastName"] != "Ray" || got["groups"] != "staff" {
				t.Errorf("crewjam read %q with %v", a.Subject.NameID.Value, got)
			}
			if _, err := s.read(t, resp, "id-2"); err == nil {
				t.Error("crewjam took it for another request")
			}
		})
	}
}

// Each attack is one that our service provider refuses, with the reason that the
// attack is about. What crewjam's takes of them is written down too: there the attack
// shows that it is sound in every other respect.
func TestAttacks(t *testing.T) {
	t.Parallel()
	verdicts := map[samltest.Attack]struct {
		code    saml.Code // ours
		crewjam string    // who crewjam takes it for; "" when it refuses
	}{
		samltest.WrongAudience:       {saml.CodeAudience, ""},
		samltest.NoAudience:          {saml.CodeAudienceMissing, "bob@example.com"},
		samltest.WrongRecipient:      {saml.CodeRecipient, ""},
		samltest.WrongDestination:    {saml.CodeDestination, ""},
		samltest.WrongIssuer:         {saml.CodeIssuer, ""},
		samltest.Expired:             {saml.CodeExpired, ""},
		samltest.NotYetValid:         {saml.CodeNotYetValid, ""},
		samltest.Stale:               {saml.CodeStale, ""},
		samltest.SessionOver:         {saml.CodeSessionOver, "bob@example.com"},
		samltest.UnknownRequest:      {saml.CodeRequestUnknown, ""},
		samltest.NoInResponseTo:      {saml.CodeUnsolicited, ""},
		samltest.CommentInNameID:     {saml.CodeXML, "bob@example.com.attacker.example"},
		samltest.StatusFailed:        {saml.CodeStatus, ""},
		samltest.TwoAssertions:       {saml.CodeProfile, "bob@example.com"},
		samltest.Unsigned:            {saml.CodeUnsigned, ""},
		samltest.OtherKey:            {saml.CodeSignature, ""},
		samltest.BorrowedCertificate: {saml.CodeSignature, ""},
		samltest.WeakDigest:          {saml.CodeAlgorithm, "bob@example.com"},
		samltest.ReferenceWhole:      {saml.CodeProfile, "bob@example.com"},
		samltest.Tampered:            {saml.CodeSignature, ""},
		samltest.Wrapped:             {saml.CodeProfile, ""},
		samltest.Doctype:             {saml.CodeXML, "bob@example.com"},
		samltest.Deflated:            {saml.CodeXML, ""},
		samltest.Replayed:            {saml.CodeRequestUnknown, ""},
		samltest.CommentInDigest:     {saml.CodeXML, ""},
		samltest.TwoSignedInfos:      {saml.CodeProfile, ""},
		samltest.Instruction:         {saml.CodeXML, ""},
		samltest.TwinAttribute:       {saml.CodeXML, "bob@example.com"},
		samltest.EncryptedUnsigned:   {saml.CodeEncrypted, ""},
		samltest.EncryptedTampered:   {saml.CodeEncrypted, ""},
		samltest.XSW1:                {saml.CodeProfile, ""},
		samltest.XSW2:                {saml.CodeProfile, ""},
		samltest.XSW3:                {saml.CodeProfile, "bob@example.com"},
		samltest.XSW4:                {saml.CodeProfile, ""},
		samltest.XSW5:                {saml.CodeProfile, ""},
		samltest.XSW6:                {saml.CodeProfile, ""},
		samltest.XSW7:                {saml.CodeProfile, "bob@example.com"},
		samltest.XSW8:                {saml.CodeProfile, ""},
		// Whose domain it is only the caller of a service provider knows.
		samltest.ForeignDomain: {"", "bob@elsewhere.example"},
	}
	for _, attack := range samltest.Attacks() {
		t.Run(string(attack), func(t *testing.T) {
			t.Parallel()
			want, ok := verdicts[attack]
			if !ok {
				t.Fatal("no verdict on this attack")
			}
			s := newSimulated(t, "", nil)
			entity, acs := s.sp.MetadataURL.String(), s.sp.AcsURL.String()
			if _, err := s.idp.Respond(samltest.Request{ID: "id-0", Issuer: entity}, bob()); err != nil {
				t.Fatal(err)
			}
			resp, err := s.idp.Respond(samltest.Request{ID: "id-1", Issuer: entity}, bob(), attack)
			if err != nil {
				t.Fatal(err)
			}

			taken := ""
			if a, err := s.read(t, resp, "id-1"); err == nil {
				taken = a.Subject.NameID.Value
			}
			if taken != want.crewjam {
				t.Errorf("crewjam takes it for %q, want %q", taken, want.crewjam)
			}

			ours := &saml.SP{EntityID: entity, ACS: acs}
			idp, err := saml.ParseMetadata(s.idp.Metadata(), "")
			if err != nil {
				t.Fatal(err)
			}
			m, err := saml.ParseMessage(resp.SAMLResponse)
			if err == nil {
				req := saml.Request{ID: "id-1", ExpiresAt: time.Now().Add(time.Minute)}
				_, err = ours.Finish(idp, nil, m, &req, time.Now())
			}
			if got := codeOf(err); got != want.code || (err == nil) != (want.code == "") {
				t.Errorf("ours: %v, want code %q", err, want.code)
			}
		})
	}
}

// The whole way with the sign-in page between, signed on both sides.
func TestSimulatedLogin(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	sim, err := samltest.New(server.URL+"/sim", []samltest.Person{bob()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/sim/", sim)
	for _, binding := range []saml.Binding{saml.Redirect, saml.POST} {
		idp, err := saml.ParseMetadata(sim.Metadata(), "")
		if err != nil {
			t.Fatal(err)
		}
		idp.SSO.Binding = binding
		s, at := newService(t, idp, newKey(t))
		metadata, err := s.sp.Metadata(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := sim.Trust(metadata); err != nil {
			t.Fatal(err)
		}
		if out := login(t, at+"/login", "bob@example.com"); out.Identity == nil || out.Identity.Email != "bob@example.com" {
			t.Errorf("%s: %+v", binding, out)
		}
		if out := login(t, at+"/login", "bob@example.com", samltest.Expired); out.Code != saml.CodeExpired {
			t.Errorf("%s, expired: %+v", binding, out)
		}
	}
}
