package samltest_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
	dsig "github.com/russellhaering/goxmldsig"
)

const authnRequest = `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="id-1" Version="2.0" IssueInstant="2026-03-04T05:06:07Z" Destination="` + baseURL + `/sso" AssertionConsumerServiceURL="` + spACS + `"><saml:Issuer>` + spEntity + `</saml:Issuer></samlp:AuthnRequest>`

func deflated(data string) string {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		panic(err)
	}
	if _, err := w.Write([]byte(data)); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func inflated(t testing.TB, data []byte) []byte {
	t.Helper()
	plain, err := io.ReadAll(flate.NewReader(bytes.NewReader(data)))
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func redirectQuery(xml string) url.Values { return url.Values{"SAMLRequest": {deflated(xml)}} }

func byRedirect(query string) *http.Request {
	return httptest.NewRequest(http.MethodGet, baseURL+"/sso?"+query, nil)
}

func byPOST(form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, baseURL+"/sso", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func postOf(xml string) url.Values {
	return url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(xml))}}
}

func TestReadRequest(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	want := samltest.Request{ID: "id-1", Issuer: spEntity, ACS: spACS, RelayState: "a b&c"}
	query := redirectQuery(authnRequest)
	query.Set("RelayState", "a b&c")
	form := postOf(authnRequest)
	form.Set("RelayState", "a b&c")
	for name, r := range map[string]*http.Request{"redirect": byRedirect(query.Encode()), "POST": byPOST(form)} {
		got, err := idp.ReadRequest(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestReadRequestWishes(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	for wish, want := range map[string]samltest.Request{
		`IsPassive="true"`:                   {Passive: true},
		`IsPassive="1" ForceAuthn="0"`:       {Passive: true},
		`ForceAuthn="true"`:                  {ForceAuthn: true},
		`samlp:ForceAuthn="true"`:            {},
		`ForceAuthn="TRUE" IsPassive="yes"`:  {},
		`ForceAuthn="true" IsPassive="true"`: {Passive: true, ForceAuthn: true},
	} {
		got, err := idp.ReadRequest(byPOST(postOf(strings.Replace(authnRequest, " ID=", " "+wish+" ID=", 1))))
		if err != nil {
			t.Fatalf("%s: %v", wish, err)
		}
		if got.Passive != want.Passive || got.ForceAuthn != want.ForceAuthn {
			t.Errorf("%s: read %+v", wish, got)
		}
	}
}

func TestReadRequestFindsTheAddress(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	asked := ` AssertionConsumerServiceURL="` + spACS + `"`
	for name, tc := range map[string]struct {
		with string
		err  error
	}{
		"default":       {"", nil},
		"index":         {` AssertionConsumerServiceIndex="0"`, nil},
		"unknown index": {` AssertionConsumerServiceIndex="9"`, samltest.ErrUntrusted},
		"unknown URL":   {` AssertionConsumerServiceURL="https://evil.example/acs"`, samltest.ErrUntrusted},
		"longer URL":    {` AssertionConsumerServiceURL="` + spACS + `/x"`, samltest.ErrUntrusted},
	} {
		got, err := idp.ReadRequest(byPOST(postOf(strings.Replace(authnRequest, asked, tc.with, 1))))
		if !errors.Is(err, tc.err) || err == nil && got.ACS != spACS {
			t.Errorf("%s: %q, %v", name, got.ACS, err)
		}
	}
}

func TestReadRequestRefuses(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	change := func(old, with string) string {
		changed := strings.Replace(authnRequest, old, with, 1)
		if changed == authnRequest {
			t.Fatalf("%q is not in the request", old)
		}
		return changed
	}
	for name, xml := range map[string]string{
		"empty":               " ",
		"not XML":             "hello",
		"doctype":             "<!DOCTYPE x>" + authnRequest,
		"entity":              `<!DOCTYPE x [<!ENTITY a "b">]>` + authnRequest,
		"instruction":         change("<saml:Issuer>", "<?x?><saml:Issuer>"),
		"two roots":           authnRequest + authnRequest,
		"response":            strings.ReplaceAll(authnRequest, "AuthnRequest", "Response"),
		"other namespace":     change("SAML:2.0:protocol", "SAML:1.0:protocol"),
		"version":             change(`Version="2.0"`, `Version="1.1"`),
		"no ID":               change(`ID="id-1"`, ""),
		"ID with a digit":     change(`ID="id-1"`, `ID="1"`),
		"ID with a quote":     change(`ID="id-1"`, `ID="a&quot;"`),
		"ID twice":            change(`ID="id-1"`, `ID="id-1" ID="id-2"`),
		"foreign ID alone":    change(`ID="id-1"`, `samlp:ID="id-1"`),
		"destination":         change(baseURL+"/sso", "https://other.example/sso"),
		"artifact wanted":     change(` ID=`, ` ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" ID=`),
		"too large":           change("<saml:Issuer>", strings.Repeat(" ", 64<<10)+"<saml:Issuer>"),
		"too deep":            strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100),
		"undeclared encoding": `<?xml version="1.0" encoding="ISO-8859-1"?>` + authnRequest,
	} {
		for binding, r := range map[string]*http.Request{
			"redirect": byRedirect(redirectQuery(xml).Encode()), "POST": byPOST(postOf(xml)),
		} {
			if _, err := idp.ReadRequest(r); !errors.Is(err, samltest.ErrRequest) && !errors.Is(err, samltest.ErrUntrusted) {
				t.Errorf("%s by %s: %v", name, binding, err)
			} else if !strings.HasPrefix(err.Error(), "samltest: ") {
				t.Errorf("%s: message %q", name, err)
			}
		}
	}
	for name, xml := range map[string]string{
		"unknown issuer": change(spEntity+"</", "https://evil.example</"),
		"no issuer":      change("<saml:Issuer>"+spEntity+"</saml:Issuer>", ""),
		"two issuers":    change("<saml:Issuer>", "<saml:Issuer>x</saml:Issuer><saml:Issuer>"),
		"commented":      change(spEntity+"</", spEntity+"<!-- -->.evil.example</"),
	} {
		if _, err := idp.ReadRequest(byPOST(postOf(xml))); !errors.Is(err, samltest.ErrUntrusted) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadRequestRefusesTransport(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	good := redirectQuery(authnRequest).Encode()
	twice := postOf(authnRequest)
	twice["SAMLRequest"] = append(twice["SAMLRequest"], twice["SAMLRequest"][0])
	noType := byPOST(postOf(authnRequest))
	noType.Header.Set("Content-Type", "text/plain")
	put := byPOST(postOf(authnRequest))
	put.Method = http.MethodPut
	for name, r := range map[string]*http.Request{
		"nothing":          byRedirect(""),
		"given twice":      byRedirect(good + "&" + good),
		"relay twice":      byRedirect(good + "&RelayState=1&RelayState=2"),
		"other encoding":   byRedirect(good + "&SAMLEncoding=x"),
		"not base64":       byRedirect("SAMLRequest=%40%40"),
		"bad escape":       byRedirect("SAMLRequest=%zz"),
		"not deflated":     byRedirect(postOf(authnRequest).Encode()),
		"deflated POST":    byPOST(redirectQuery(authnRequest)),
		"bomb":             byRedirect(redirectQuery(strings.Repeat(" ", 8<<20)).Encode()),
		"large":            byRedirect("SAMLRequest=" + strings.Repeat("A", 200<<10)),
		"large form":       byPOST(url.Values{"SAMLRequest": {strings.Repeat("A", 1<<20)}}),
		"POST given twice": byPOST(twice),
		"query of a POST":  httptest.NewRequest(http.MethodPost, baseURL+"/sso?"+postOf(authnRequest).Encode(), nil),
		"no form":          noType,
		"PUT":              put,
	} {
		if _, err := idp.ReadRequest(r); !errors.Is(err, samltest.ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type spKey struct {
	signer crypto.Signer
	cert   *x509.Certificate
}

func newKey(t testing.TB, signer crypto.Signer) spKey {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return spKey{signer, cert}
}

func newRSAKey(t testing.TB) spKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return newKey(t, key)
}

func newECKey(t testing.TB) spKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newKey(t, key)
}

func (k spKey) context(t testing.TB, hash crypto.Hash) *dsig.SigningContext {
	t.Helper()
	context, err := dsig.NewSigningContext(k.signer, [][]byte{k.cert.Raw})
	if err != nil {
		t.Fatal(err)
	}
	context.Hash = hash
	context.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	return context
}

// query signs a request by the redirect binding.
func (k spKey) query(t testing.TB, xml, relay string, hash crypto.Hash) string {
	t.Helper()
	return k.queryOf(t, "SAMLRequest", xml, relay, hash)
}

func (k spKey) queryOf(t testing.TB, field, xml, relay string, hash crypto.Hash) string {
	t.Helper()
	context := k.context(t, hash)
	query := field + "=" + url.QueryEscape(deflated(xml))
	if relay != "" {
		query += "&RelayState=" + url.QueryEscape(relay)
	}
	query += "&SigAlg=" + url.QueryEscape(context.GetSignatureMethodIdentifier())
	signature, err := context.SignString(query)
	if err != nil {
		t.Fatal(err)
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
}

// enveloped signs by the POST binding.
func (k spKey) enveloped(t testing.TB, xml string, hash crypto.Hash) string {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(xml); err != nil {
		t.Fatal(err)
	}
	signature, err := k.context(t, hash).ConstructSignature(doc.Root().Copy(), true)
	if err != nil {
		t.Fatal(err)
	}
	doc.Root().InsertChildAt(1, signature)
	signed, err := doc.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestSignedRequests(t *testing.T) {
	t.Parallel()
	own, ec, strange := newRSAKey(t), newECKey(t), newRSAKey(t)
	keys := keyDescriptor(strange.cert) // an encryption key must not count
	keys = strings.Replace(keys, `use="signing"`, `use="encryption"`, 1) + keyDescriptor(own.cert) + keyDescriptor(ec.cert)
	idp := newIdP(t, nil)
	if err := idp.Trust(spMetadata(spEntity, spACS, keys, true)); err != nil {
		t.Fatal(err)
	}
	signed := own.query(t, authnRequest, "r", crypto.SHA256)
	envelope := own.enveloped(t, authnRequest, crypto.SHA256)
	refused := samltest.ErrRequest
	moved := strings.Replace(envelope, "id-1", "id-2", 1)
	nested := strings.Replace(strings.Replace(envelope, "<ds:Signature", "<samlp:Extensions><ds:Signature", 1), "</ds:Signature>", "</ds:Signature></samlp:Extensions>", 1)
	for name, tc := range map[string]struct {
		r   *http.Request
		err error
	}{
		"redirect":                   {byRedirect(signed), nil},
		"redirect SHA-512":           {byRedirect(own.query(t, authnRequest, "", crypto.SHA512)), nil},
		"redirect ECDSA":             {byRedirect(ec.query(t, authnRequest, "", crypto.SHA256)), nil},
		"redirect beside others":     {byRedirect("tenant=1&" + signed), nil},
		"redirect unsigned":          {byRedirect(redirectQuery(authnRequest).Encode()), refused},
		"redirect stranger":          {byRedirect(strange.query(t, authnRequest, "", crypto.SHA256)), refused},
		"redirect SHA-1":             {byRedirect(own.query(t, authnRequest, "", crypto.SHA1)), refused},
		"redirect other relay":       {byRedirect(strings.Replace(signed, "RelayState=r", "RelayState=x", 1)), refused},
		"redirect no relay":          {byRedirect(strings.Replace(signed, "&RelayState=r", "", 1)), refused},
		"redirect other request":     {byRedirect(strings.Replace(signed, url.QueryEscape(deflated(authnRequest)), url.QueryEscape(deflated(strings.Replace(authnRequest, "id-1", "id-2", 1))), 1)), refused},
		"redirect algorithm swap":    {byRedirect(strings.Replace(signed, "rsa-sha256", "ecdsa-sha256", 1)), refused},
		"redirect no algorithm":      {byRedirect(strings.Replace(signed, "SigAlg", "Alg", 1)), refused},
		"redirect no signature":      {byRedirect(strings.Replace(signed, "&Signature=", "&Sig=", 1)), refused},
		"redirect garbage":           {byRedirect(strings.Replace(signed, "&Signature=", "&Signature=%40", 1)), refused},
		"redirect enveloped":         {byRedirect(redirectQuery(envelope).Encode()), refused},
		"redirect signature twice":   {byRedirect(signed + "&Signature=x"), refused},
		"POST":                       {byPOST(postOf(envelope)), nil},
		"POST ECDSA":                 {byPOST(postOf(ec.enveloped(t, authnRequest, crypto.SHA256))), nil},
		"POST unsigned":              {byPOST(postOf(authnRequest)), refused},
		"POST stranger":              {byPOST(postOf(strange.enveloped(t, authnRequest, crypto.SHA256))), refused},
		"POST SHA-1":                 {byPOST(postOf(own.enveloped(t, authnRequest, crypto.SHA1))), refused},
		"POST changed":               {byPOST(postOf(moved)), refused},
		"POST signature moved":       {byPOST(postOf(nested)), refused},
		"POST two signatures":        {byPOST(postOf(own.enveloped(t, envelope, crypto.SHA256))), refused},
		"POST query signature":       {byPOST(url.Values{"SAMLRequest": postOf(authnRequest)["SAMLRequest"], "SigAlg": {"x"}, "Signature": {"y"}}), refused},
		"POST without X509Data kept": {byPOST(postOf(strings.Replace(envelope, "<ds:KeyInfo>", "<ds:KeyInfo><ds:KeyName>k</ds:KeyName>", 1))), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := idp.ReadRequest(tc.r)
			if !errors.Is(err, tc.err) {
				t.Fatalf("error %v, want %v", err, tc.err)
			}
			if tc.err == nil && (got.ID != "id-1" || got.ACS != spACS) {
				t.Errorf("read %+v", got)
			}
		})
	}
}

// Metadata with a key but without AuthnRequestsSigned leaves signing to the service
// provider; a signature that is there must hold all the same.
func TestOptionalSignature(t *testing.T) {
	t.Parallel()
	own, strange := newRSAKey(t), newRSAKey(t)
	idp := newIdP(t, nil)
	if err := idp.Trust(spMetadata(spEntity, spACS, keyDescriptor(own.cert), false)); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		r   *http.Request
		err error
	}{
		"unsigned": {byPOST(postOf(authnRequest)), nil},
		"signed":   {byRedirect(own.query(t, authnRequest, "", crypto.SHA256)), nil},
		"stranger": {byRedirect(strange.query(t, authnRequest, "", crypto.SHA256)), samltest.ErrRequest},
	} {
		if _, err := idp.ReadRequest(tc.r); !errors.Is(err, tc.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
