package interop_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	crewjam "github.com/crewjam/saml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func codeOf(err error) saml.Code {
	var refused *saml.Error
	if !errors.As(err, &refused) {
		return ""
	}
	return refused.Code
}

// describe is an error with what only an admin is told.
func describe(err error) string {
	var refused *saml.Error
	if !errors.As(err, &refused) {
		return err.Error()
	}
	return fmt.Sprintf("%v: want %q, received %q: %v", err, refused.Expected, refused.Received, refused.Err)
}

// wantAnn is the identity of ann's session, word by word.
func wantAnn(p *identityProvider, s *service) *saml.Identity {
	return &saml.Identity{
		NameID: saml.NameID{
			Value: "u-17", Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
			NameQualifier: p.MetadataURL.String(), SPNameQualifier: s.sp.EntityID,
		},
		Email: "ann@example.com", FirstName: "Ann", LastName: "Lee & \"Söhne\"", Groups: []string{"staff", "admins"},
		Attributes: map[string][]string{
			"urn:oid:0.9.2342.19200300.100.1.3": {"ann@example.com"},
			"urn:oid:1.3.6.1.4.1.5923.1.1.1.6":  {"ann@example.com"},
			"urn:oid:2.5.4.4":                   {"Lee & \"Söhne\""},
			"urn:oid:2.5.4.42":                  {"Ann"},
			"groups":                            {"staff", "admins"},
		},
		SessionIndex:    "index-1",
		AuthnContext:    []string{"urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"},
		AuthenticatedAt: p.session.CreateTime,
		Solicited:       true,
	}
}

// varies is what no test can know beforehand; it is looked at by itself.
var varies = cmpopts.IgnoreFields(saml.Identity{}, "AssertionID", "ReplayUntil")

func TestLogin(t *testing.T) {
	t.Parallel()
	for _, binding := range []saml.Binding{saml.Redirect, saml.POST} {
		for _, signed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s signed=%t", binding, signed), func(t *testing.T) {
				t.Parallel()
				p := newIdentityProvider(t)
				idp := p.parsed(t)
				idp.SSO.Binding = binding
				var keys []saml.Key
				if signed {
					keys = append(keys, newKey(t))
				}
				s, at := newService(t, idp, keys...)
				p.trust(t, s.sp)

				out := login(t, at+"/login", "")
				if out.Code != "" {
					t.Fatalf("refused: %s; crewjam says: %s", out.Code, p.log)
				}
				if diff := cmp.Diff(wantAnn(p, s), out.Identity, varies); diff != "" {
					t.Errorf("identity (-want +got):\n%s", diff)
				}
				if until := time.Until(out.Identity.ReplayUntil); out.Identity.AssertionID == "" || until <= 0 || until > 25*time.Hour {
					t.Errorf("assertion %q must be remembered for %s", out.Identity.AssertionID, until)
				}
				asked := p.requests[0].Request
				if asked.ID != s.request.ID || asked.Issuer.Value != s.sp.EntityID || asked.AssertionConsumerServiceURL != s.sp.ACS ||
					asked.Destination != p.SSOURL.String() {
					t.Errorf("crewjam read the request %+v", asked)
				}
				if method := p.requests[0].HTTPRequest.Method; (method == "POST") != (binding == saml.POST) {
					t.Errorf("the request came by %s", method)
				}
				if envelope := asked.Signature != nil; envelope != (signed && binding == saml.POST) {
					t.Errorf("signature in the request: %t", envelope)
				}
			})
		}
	}
}

// What was accepted once is judged the same again, so the caller can find the
// replay; and it is good for nothing else.
func TestResponseIsGoodForOneRequestOfOneService(t *testing.T) {
	t.Parallel()
	p := newIdentityProvider(t)
	s, at := newService(t, p.parsed(t))
	p.trust(t, s.sp)
	first := login(t, at+"/login", "").Identity
	if first == nil {
		t.Fatalf("refused; crewjam says: %s", p.log)
	}
	again, err := s.sp.Finish(s.idp, nil, s.message, s.request, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again, cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("the same response, judged again (-first +again):\n%s", diff)
	}

	elsewhere := *s.sp
	elsewhere.EntityID = "https://other.example/metadata"
	moved := *s.sp
	moved.ACS += "/other"
	stranger := *s.idp
	stranger.Certificates = newIdentityProvider(t).parsed(t).Certificates
	renamed := *s.idp
	renamed.EntityID += "x"
	other := saml.Request{ID: "req-other", ExpiresAt: s.request.ExpiresAt}
	for name, tc := range map[string]struct {
		sp   *saml.SP
		idp  *saml.IdP
		req  *saml.Request
		now  time.Time
		want saml.Code
	}{
		"other audience": {&elsewhere, s.idp, s.request, time.Now(), saml.CodeAudience},
		"other address":  {&moved, s.idp, s.request, time.Now(), saml.CodeDestination},
		"other key":      {s.sp, &stranger, s.request, time.Now(), saml.CodeSignature},
		"other issuer":   {s.sp, &renamed, s.request, time.Now(), saml.CodeIssuer},
		"other request":  {s.sp, s.idp, &other, time.Now(), saml.CodeRequestUnknown},
		"no request":     {s.sp, s.idp, nil, time.Now(), saml.CodeRequestUnknown},
		"too late":       {s.sp, s.idp, s.request, time.Now().Add(5 * time.Minute), saml.CodeExpired},
	} {
		id, err := tc.sp.Finish(tc.idp, nil, s.message, tc.req, tc.now)
		if id != nil || codeOf(err) != tc.want {
			t.Errorf("%s: %v, %v; want code %s", name, id, err, tc.want)
		}
	}
}

func TestLoginThatStartsAtTheProvider(t *testing.T) {
	t.Parallel()
	p := newIdentityProvider(t)
	s, _ := newService(t, p.parsed(t))
	p.trust(t, s.sp)
	start := "http://" + p.SSOURL.Host + "/start?relay=r&sp=" + s.sp.EntityID
	if out := login(t, start, ""); out.Identity != nil || out.Code != saml.CodeUnsolicited {
		t.Errorf("without leave: %+v", out)
	}
	s.rules.IdPInitiated = true
	out := login(t, start, "")
	want := wantAnn(p, s)
	want.Solicited = false
	if diff := cmp.Diff(want, out.Identity, varies); diff != "" {
		t.Errorf("identity (-want +got), code %q:\n%s", out.Code, diff)
	}
}

// crewjam encrypts by AES-128-CBC, which has to be allowed.
func TestEncryptedLogin(t *testing.T) {
	t.Parallel()
	p := newIdentityProvider(t)
	s, at := newService(t, p.parsed(t), newKey(t))
	metadata, err := s.sp.Metadata(&saml.MetadataOptions{Encryption: true})
	if err != nil {
		t.Fatal(err)
	}
	p.trustMetadata(t, metadata)
	s.rules.RequireEncrypted = true
	if out := login(t, at+"/login", ""); out.Identity != nil || out.Code != saml.CodeAlgorithm {
		t.Errorf("without the opt-in: %+v; crewjam says: %s", out, p.log)
	}
	s.rules.InsecureAllowCBC = true
	out := login(t, at+"/login", "")
	if diff := cmp.Diff(wantAnn(p, s), out.Identity, varies); diff != "" {
		t.Errorf("%s: identity (-want +got):\n%s", out.Detail, diff)
	}
	s.sp.Keys = []saml.Key{newKey(t)}
	if id, err := s.sp.Finish(s.idp, &s.rules, s.message, s.request, time.Now()); id != nil || codeOf(err) != saml.CodeEncrypted {
		t.Errorf("with another key: %v, %v", id, err)
	}
}

func TestPersonInManyGroups(t *testing.T) {
	t.Parallel()
	p := newIdentityProvider(t)
	groups := &p.session.CustomAttributes[0]
	var want []string
	groups.Values = nil
	for i := range 2000 {
		name := fmt.Sprintf("group-%04d", i)
		want = append(want, name)
		groups.Values = append(groups.Values, crewjam.AttributeValue{Type: "xs:string", Value: name})
	}
	s, at := newService(t, p.parsed(t))
	p.trust(t, s.sp)
	out := login(t, at+"/login", "")
	if out.Identity == nil {
		t.Fatalf("refused: %s; crewjam says: %s", out.Code, p.log)
	}
	if diff := cmp.Diff(want, out.Identity.Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}
