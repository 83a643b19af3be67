package samltest_test

import (
	"context"
	"crypto"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
)

const (
	spSLO     = "https://app.example/saml/c1/slo"
	idpSLO    = baseURL + "/slo"
	spAnswers = "https://app.example/saml/c1/slo/answers"
)

// logoutMetadata is that of a service provider with single logout by both bindings.
func logoutMetadata(keys string, services ...string) []byte {
	if services == nil {
		services = []string{slo("HTTP-Redirect", ""), slo("HTTP-POST", ` ResponseLocation="`+spAnswers+`"`)}
	}
	return []byte(strings.Replace(string(spMetadata(spEntity, spACS, keys, false)), "<md:AssertionConsumerService",
		strings.Join(services, "")+"<md:AssertionConsumerService", 1))
}

func slo(binding, more string) string {
	return `<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:` + binding + `" Location="` + spSLO + `"` + more + `/>`
}

// loggedIn is an identity provider at which Ann has a session, which a service provider
// with that key may end.
func loggedIn(t testing.TB, key spKey, opts samltest.Options) (*samltest.IdP, samltest.Session) {
	t.Helper()
	if opts.Signing == "" {
		opts.Signing = samltest.SignP256
	}
	idp := newIdP(t, &opts)
	if err := idp.Trust(logoutMetadata(keyDescriptor(key.cert))); err != nil {
		t.Fatal(err)
	}
	if _, err := idp.Respond(samltest.Request{ID: "id-1", Issuer: spEntity}, ann()); err != nil {
		t.Fatal(err)
	}
	sessions := idp.Sessions(spEntity)
	if len(sessions) != 1 {
		t.Fatalf("%d sessions", len(sessions))
	}
	return idp, sessions[0]
}

func logoutRequest(s samltest.Session) string {
	name := `<saml:NameID`
	for attribute, value := range map[string]string{
		"Format": s.NameID.Format, "NameQualifier": s.NameID.NameQualifier, "SPNameQualifier": s.NameID.SPNameQualifier,
	} {
		if value != "" {
			name += ` ` + attribute + `="` + value + `"`
		}
	}
	return `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="id-out" Version="2.0" IssueInstant="2026-03-04T05:06:07Z" Destination="` + idpSLO + `"><saml:Issuer>` + spEntity + `</saml:Issuer>` +
		name + `>` + s.NameID.Value + `</saml:NameID><samlp:SessionIndex>` + s.Index + `</samlp:SessionIndex></samlp:LogoutRequest>`
}

func logoutResponse(id, code string) string {
	return `<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="id-done" InResponseTo="` + id + `" Version="2.0" IssueInstant="2026-03-04T05:06:07Z" Destination="` + idpSLO + `"><saml:Issuer>` + spEntity + `</saml:Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success">` + code + `</samlp:StatusCode></samlp:Status></samlp:LogoutResponse>`
}

const partial = `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:PartialLogout"/>`

// outByRedirect and outByPOST send what a service provider has signed to /slo.
func outByRedirect(t testing.TB, key spKey, field, xml, relay string) *http.Request {
	return httptest.NewRequest(http.MethodGet, idpSLO+"?"+key.queryOf(t, field, xml, relay, crypto.SHA256), nil)
}

func outByPOST(t testing.TB, key spKey, field, xml, relay string) *http.Request {
	form := url.Values{field: {base64.StdEncoding.EncodeToString([]byte(key.enveloped(t, xml, crypto.SHA256)))}}
	if relay != "" {
		form.Set("RelayState", relay)
	}
	r := httptest.NewRequest(http.MethodPost, idpSLO, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// sentBy reads a message on its way to the service provider, and whether its signature
// holds.
func sentBy(t testing.TB, idp *samltest.IdP, m samltest.LogoutMessage, field string, hash crypto.Hash) (root *etree.Element, relay string, signed bool) {
	t.Helper()
	doc := etree.NewDocument()
	if m.Form != nil {
		data, err := base64.StdEncoding.DecodeString(m.Form.Get(field))
		if err != nil {
			t.Fatal(err)
		}
		if err := doc.ReadFromBytes(data); err != nil {
			t.Fatal(err)
		}
		if doc.Root().FindElement("./Signature") != nil {
			_, err = verify(doc.Root(), idp.Certificate())
			signed = err == nil
		}
		return doc.Root(), m.Form.Get("RelayState"), signed
	}
	_, query, _ := strings.Cut(m.URL, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := base64.StdEncoding.DecodeString(values.Get(field))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.ReadFromBytes(inflated(t, packed)); err != nil {
		t.Fatal(err)
	}
	message, encoded, found := strings.Cut(query, "&Signature=")
	if found {
		text, err := url.QueryUnescape(encoded)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		signed = checkRaw(idp.Certificate(), hash, []byte(message), signature)
	}
	return doc.Root(), values.Get("RelayState"), signed
}

func TestSessionsAreRemembered(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, &samltest.Options{NameIDFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"})
	if got := idp.Sessions(spEntity); got != nil {
		t.Errorf("before anybody came: %v", got)
	}
	resp, err := idp.Respond(samltest.Request{ID: "id-1", Issuer: spEntity}, ann())
	if err != nil {
		t.Fatal(err)
	}
	for _, ignored := range []func() (samltest.Response, error){
		func() (samltest.Response, error) { return idp.Unsolicited(spEntity, ann(), samltest.Expired) },
		func() (samltest.Response, error) { return idp.Unsolicited(spEntity, ann(), samltest.Replayed) },
		func() (samltest.Response, error) {
			return idp.Respond(samltest.Request{ID: "id-2", Issuer: spEntity, Passive: true}, ann())
		},
	} {
		if _, err := ignored(); err != nil {
			t.Fatal(err)
		}
	}
	root := readResponse(t, resp)
	name := root.FindElement("./Assertion/Subject/NameID")
	want := []samltest.Session{{
		SP: spEntity, Email: "ann@example.com", Index: attrOf(root.FindElement("./Assertion/AuthnStatement"), "SessionIndex"),
		NameID: samltest.NameID{
			Value: name.Text(), Format: attrOf(name, "Format"),
			NameQualifier: attrOf(name, "NameQualifier"), SPNameQualifier: attrOf(name, "SPNameQualifier"),
		},
	}}
	if want[0].NameID.NameQualifier != idp.EntityID() || want[0].NameID.SPNameQualifier != spEntity {
		t.Errorf("qualifiers of a persistent name: %+v", want[0].NameID)
	}
	if diff := cmp.Diff(want, idp.Sessions(spEntity)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := idp.Sessions("https://other.example"); got != nil {
		t.Errorf("at another service provider: %v", got)
	}
}

// A provider that is asked for answers without end does not grow.
func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, &samltest.Options{Signing: samltest.SignP256})
	most, last := 0, ""
	for range 2500 {
		resp, err := idp.Unsolicited(spEntity, samltest.Person{Email: "ann@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		last = resp.SAMLResponse
		most = max(most, len(idp.Sessions(spEntity)))
	}
	left := idp.Sessions(spEntity)
	root := readResponse(t, samltest.Response{SAMLResponse: last})
	if most > 2000 || len(left) < 1000 || left[len(left)-1].Index != attrOf(root.FindElement("./Assertion/AuthnStatement"), "SessionIndex") {
		t.Errorf("%d sessions at most, %d at the end", most, len(left))
	}
}

func TestLogoutByTheServiceProvider(t *testing.T) {
	t.Parallel()
	key := newRSAKey(t)
	for name, tc := range map[string]struct {
		send func(testing.TB, spKey, string, string, string) *http.Request
		by   samltest.Binding
		to   string
	}{
		"redirect": {outByRedirect, samltest.Redirect, spSLO},
		"POST":     {outByPOST, samltest.POST, spAnswers},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			idp, s := loggedIn(t, key, samltest.Options{})
			if _, err := idp.Respond(samltest.Request{ID: "id-1", Issuer: spEntity}, ann()); err != nil { // somewhere else
				t.Fatal(err)
			}
			req, err := idp.ReadLogoutRequest(tc.send(t, key, "SAMLRequest", logoutRequest(s), "a b&c"))
			if err != nil {
				t.Fatal(err)
			}
			want := samltest.LogoutRequest{
				ID: "id-out", Issuer: spEntity, NameID: s.NameID, SessionIndexes: []string{s.Index}, RelayState: "a b&c", Binding: tc.by,
			}
			if diff := cmp.Diff(want, req); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(idp.Sessions(spEntity)) != 2 {
				t.Error("reading ended a session")
			}
			for _, status := range []string{"Success", "UnknownPrincipal"} { // the second time there is none
				m, err := idp.AnswerLogout(req)
				if err != nil {
					t.Fatal(err)
				}
				root, relay, signed := sentBy(t, idp, m, "SAMLResponse", crypto.SHA256)
				if !signed || relay != "a b&c" || attrOf(root, "InResponseTo") != "id-out" || attrOf(root, "Destination") != tc.to || !strings.HasPrefix(m.URL, tc.to) {
					t.Errorf("%s: signed %t, relay %q, %s", status, signed, relay, m.URL)
				}
				codes := root.FindElements(".//StatusCode")
				if got := attrOf(codes[len(codes)-1], "Value"); got != "urn:oasis:names:tc:SAML:2.0:status:"+status {
					t.Errorf("status %q", got)
				}
				if left := idp.Sessions(spEntity); len(left) != 1 || left[0].Index == s.Index {
					t.Errorf("left: %v", left)
				}
			}
		})
	}
}

// A session ends by its whole name, at that service provider, and by its index if one is
// given.
func TestWhichSessionsEnd(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, &samltest.Options{Signing: samltest.SignP256})
	if err := idp.Trust(logoutMetadata("")); err != nil {
		t.Fatal(err)
	}
	if err := idp.Trust(spMetadata("https://two.example", "https://two.example/acs", "", false)); err != nil {
		t.Fatal(err)
	}
	for _, sp := range []string{spEntity, spEntity, "https://two.example"} {
		if _, err := idp.Unsolicited(sp, ann()); err != nil {
			t.Fatal(err)
		}
	}
	all := idp.Sessions(spEntity)
	name := all[0].NameID
	for _, step := range []struct {
		what string
		req  samltest.LogoutRequest
		left int
	}{
		{"another format", samltest.LogoutRequest{NameID: samltest.NameID{Value: name.Value}}, 2},
		{"a qualifier", samltest.LogoutRequest{NameID: samltest.NameID{Value: name.Value, Format: name.Format, NameQualifier: "x"}}, 2},
		{"another letter", samltest.LogoutRequest{NameID: samltest.NameID{Value: strings.ToUpper(name.Value), Format: name.Format}}, 2},
		{"another index", samltest.LogoutRequest{NameID: name, SessionIndexes: []string{"x"}}, 2},
		{"one index of two", samltest.LogoutRequest{NameID: name, SessionIndexes: []string{"x", all[1].Index}}, 1},
		{"every index", samltest.LogoutRequest{NameID: name}, 0},
	} {
		step.req.ID, step.req.Issuer = "id-out", spEntity
		if _, err := idp.AnswerLogout(step.req); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		if got := len(idp.Sessions(spEntity)); got != step.left {
			t.Errorf("%s: %d sessions are left", step.what, got)
		}
	}
	if len(idp.Sessions("https://two.example")) != 1 {
		t.Error("the session at another service provider ended")
	}
}

func TestLogoutByTheProvider(t *testing.T) {
	t.Parallel()
	key := newRSAKey(t)
	hashes := map[samltest.Signing]crypto.Hash{samltest.SignP384: crypto.SHA384, samltest.SignSHA1: crypto.SHA1}
	for _, signing := range signings() {
		hash := hashes[signing]
		if hash == 0 {
			hash = crypto.SHA256
		}
		t.Run(string(signing), func(t *testing.T) {
			t.Parallel()
			idp, s := loggedIn(t, key, samltest.Options{Signing: signing, NameIDFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"})
			for _, by := range []samltest.Binding{samltest.Redirect, samltest.POST} {
				m, err := idp.StartLogout(s, by)
				if err != nil {
					t.Fatal(err)
				}
				root, relay, signed := sentBy(t, idp, m, "SAMLRequest", hash)
				name := root.FindElement("./NameID")
				got := samltest.Session{
					SP: spEntity, Email: s.Email, Index: root.FindElement("./SessionIndex").Text(),
					NameID: samltest.NameID{Value: name.Text(), Format: attrOf(name, "Format"), NameQualifier: attrOf(name, "NameQualifier"), SPNameQualifier: attrOf(name, "SPNameQualifier")},
				}
				if diff := cmp.Diff(s, got); diff != "" {
					t.Errorf("%s: (-want +got):\n%s", by, diff)
				}
				if !signed || relay != "" || attrOf(root, "ID") != m.ID || attrOf(root, "Destination") != spSLO || attrOf(root, "NotOnOrAfter") != at(5*time.Minute) ||
					name.NamespaceURI() != "urn:oasis:names:tc:SAML:2.0:assertion" {
					t.Errorf("%s: signed %t\n%v", by, signed, root.Attr)
				}
				if req, err := m.Request(context.Background()); err != nil || (req.Method == http.MethodPost) != (by == samltest.POST) || req.Header.Get("Sec-Fetch-Site") != "cross-site" {
					t.Errorf("%s: sent by %v: %v", by, req, err)
				}
			}
		})
	}
}

func TestLogoutResponses(t *testing.T) {
	t.Parallel()
	key := newRSAKey(t)
	send := map[string]func(testing.TB, spKey, string, string, string) *http.Request{"redirect": outByRedirect, "POST": outByPOST}
	for binding, send := range send {
		t.Run(binding, func(t *testing.T) {
			t.Parallel()
			idp, s := loggedIn(t, key, samltest.Options{})
			if err := idp.Trust(spMetadata("https://two.example", "https://two.example/acs", keyDescriptor(key.cert), false)); err != nil {
				t.Fatal(err)
			}
			m, err := idp.StartLogout(s, samltest.Redirect)
			if err != nil {
				t.Fatal(err)
			}
			unknown := send(t, key, "SAMLResponse", logoutResponse("id-other", ""), "")
			if _, err := idp.ReadLogoutResponse(unknown); !errors.Is(err, samltest.ErrLogout) {
				t.Errorf("to no request: %v", err)
			}
			others := strings.Replace(logoutResponse(m.ID, ""), spEntity, "https://two.example", 1)
			if _, err := idp.ReadLogoutResponse(send(t, key, "SAMLResponse", others, "")); !errors.Is(err, samltest.ErrLogout) {
				t.Errorf("from another service provider: %v", err)
			}
			got, err := idp.ReadLogoutResponse(send(t, key, "SAMLResponse", logoutResponse(m.ID, partial), "r"))
			if err != nil {
				t.Fatal(err)
			}
			want := samltest.LogoutResponse{InResponseTo: m.ID, Issuer: spEntity, Status: "PartialLogout", Session: s, RelayState: "r"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(idp.Sessions(spEntity)) != 1 {
				t.Error("a session ended that has not")
			}
			if m, err = idp.StartLogout(s, samltest.POST); err != nil {
				t.Fatal(err)
			}
			for _, again := range []bool{false, true} {
				got, err = idp.ReadLogoutResponse(send(t, key, "SAMLResponse", logoutResponse(m.ID, ""), ""))
				if again && !errors.Is(err, samltest.ErrLogout) || !again && (err != nil || !got.Success || got.Status != "Success") {
					t.Errorf("again %t: %+v, %v", again, got, err)
				}
			}
			if len(idp.Sessions(spEntity)) != 0 {
				t.Error("the session has not ended")
			}
		})
	}
}
