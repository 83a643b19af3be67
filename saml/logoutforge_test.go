package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

const (
	slo       = "https://sp.example/saml/one/slo"
	idpLogout = "https://idp.example/slo"
)

// logoutSP has a key that is not the provider's.
func logoutSP() *saml.SP {
	sp := ourSP()
	sp.SLO = slo
	sp.Keys = []saml.Key{{Signer: keys()["second"].key, Cert: keys()["second"].cert}}
	return sp
}

func logoutIdP(names ...string) *saml.IdP {
	idp := theirIdP(names...)
	idp.SLO = saml.Endpoint{URL: idpLogout, Binding: saml.Redirect}
	return idp
}

// logoutRequest is the document of a provider before signing; @R@ is where a signature
// goes.
func logoutRequest() string {
	return `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="lo-1" Version="2.0" IssueInstant="` + at(0) + `" Destination="` + slo + `" NotOnOrAfter="` + at(5*time.Minute) + `">` +
		`<saml:Issuer>` + idpID + `</saml:Issuer>@R@` +
		`<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="` + idpID + `" SPNameQualifier="` + spID + `">ann-1</saml:NameID>` +
		`<samlp:SessionIndex>sess-1</samlp:SessionIndex><samlp:SessionIndex>sess-2</samlp:SessionIndex></samlp:LogoutRequest>`
}

// genuineLogout is what logoutRequest says.
func genuineLogout() *saml.Logout {
	return &saml.Logout{
		ID:             "lo-1",
		NameID:         saml.NameID{Value: "ann-1", Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", NameQualifier: idpID, SPNameQualifier: spID},
		SessionIndexes: []string{"sess-1", "sess-2"},
		ReplayUntil:    clock().Add(15 * time.Minute), // NotOnOrAfter and the largest skew
	}
}

func logoutResponse() string {
	return `<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="lr-1" Version="2.0" IssueInstant="` + at(0) + `" Destination="` + slo + `" InResponseTo="` + reqID + `">` +
		`<saml:Issuer>` + idpID + `</saml:Issuer>@R@` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse>`
}

// between is the piece of doc from one text to the end of another.
func between(doc, from, to string) string {
	return doc[strings.Index(doc, from) : strings.Index(doc, to)+len(to)]
}

// fieldOf is the parameter a document belongs into.
func fieldOf(doc string) string {
	if strings.Contains(doc, ":LogoutResponse") {
		return "SAMLResponse"
	}
	return "SAMLRequest"
}

// binding carries a logout document to us and signs it as the binding does.
type binding string

func bindings() []binding { return []binding{"redirect", "post"} }

// send is the request of the browser that brings a signed document.
func (b binding) send(doc, relay string, s signing) *http.Request {
	if b == "redirect" {
		return get(signedQuery(fieldOf(doc), unmark(doc), relay, s))
	}
	return post(fieldOf(doc), unmark(sign(doc, "@R@", s)), relay)
}

func get(query string) *http.Request {
	return &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/slo", RawQuery: query}, Header: http.Header{}}
}

func post(field, doc, relay string) *http.Request {
	values := url.Values{field: {base64.StdEncoding.EncodeToString([]byte(doc))}}
	if relay != "" {
		values.Set("RelayState", relay)
	}
	return postForm(values.Encode())
}

func postForm(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/slo", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// packed is a document as the value of a Redirect parameter.
func packed(doc string) string {
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, flate.BestCompression)
	if err != nil {
		panic(err)
	}
	w.Write([]byte(doc))
	w.Close()
	return base64.StdEncoding.EncodeToString(buf.Bytes())
}

func unsignedQuery(field, doc, relay string, s signing) string {
	query := field + "=" + url.QueryEscape(packed(doc))
	if relay != "" {
		query += "&RelayState=" + url.QueryEscape(relay)
	}
	return query + "&SigAlg=" + url.QueryEscape(s.defaults().method)
}

func signedQuery(field, doc, relay string, s signing) string {
	return signOctets(unsignedQuery(field, doc, relay, s), s)
}

// signOctets puts the signature of a query behind it.
func signOctets(query string, s signing) string {
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(octetSignature(query, s)))
}

func octetSignature(octets string, s signing) []byte {
	s = s.defaults()
	by := keys()[s.by]
	value, err := by.key.Sign(rand.Reader, hashOf(s.hash, []byte(octets)), s.hash)
	if err != nil {
		panic(err)
	}
	if s.plainEC {
		value = plain(value, by.cert)
	}
	return value
}

var upperEscape = regexp.MustCompile(`%[0-9A-F]{2}`)

// lowerEscapes is how some providers write a query.
func lowerEscapes(query string) string {
	return upperEscape.ReplaceAllStringFunc(query, strings.ToLower)
}

// receive is the handler of SP.SLO for a request of the provider.
func receive(r *http.Request, idp *saml.IdP, rules *saml.Rules) (*saml.Logout, error) {
	m, err := saml.ReadLogout(httptest.NewRecorder(), r)
	if err != nil {
		return nil, err
	}
	return logoutSP().ReceiveLogout(idp, rules, m, clock())
}

// finishLogout is the handler of SP.SLO for an answer of the provider.
func finishLogout(r *http.Request, idp *saml.IdP, rules *saml.Rules, req *saml.Request) error {
	m, err := saml.ReadLogout(httptest.NewRecorder(), r)
	if err != nil {
		return err
	}
	return logoutSP().FinishLogout(idp, rules, m, req, clock())
}

// takes brings a document to where it belongs.
func takes(r *http.Request, doc string, idp *saml.IdP, rules *saml.Rules) error {
	if fieldOf(doc) == "SAMLResponse" {
		return finishLogout(r, idp, rules, ourRequest())
	}
	_, err := receive(r, idp, rules)
	return err
}

// aboutLogout wants a refusal of this code that speaks of nothing else than a logout.
func aboutLogout(t *testing.T, err error, want saml.Code) {
	t.Helper()
	e := notOver(t, err, want)
	for _, other := range []string{"sign-in", "sign in", "sign-on", "login", "assertion", "ACS", "the response"} {
		if strings.Contains(e.Error()+" "+strings.ReplaceAll(e.Hint, "at the sign-in", ""), other) {
			t.Errorf("%s: %q %q", other, e.Error(), e.Hint)
		}
	}
}

// notOver wants a refusal of this code.
func notOver(t *testing.T, err error, want saml.Code) *saml.Error {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted, want %s", want)
	}
	return refused(t, nil, err, want)
}
