package saml_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

// The documents that real providers sent are read where the module that ships them
// is unpacked; it is a requirement of this one, so it is there whenever this builds.
var corpus = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/russellhaering/gosaml2").Output()
	if err != nil {
		return "", err
	}
	dir := strings.TrimSpace(string(out))
	if dir == "" {
		return "", fmt.Errorf("the module is not unpacked")
	}
	return filepath.Join(dir, "providertests", "testdata"), nil
})

func captured(t testing.TB, name string) []byte {
	t.Helper()
	dir, err := corpus()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// capturedMessage takes a file of XML or of base64.
func capturedMessage(t testing.TB, name string) (saml.Message, error) {
	t.Helper()
	data := captured(t, name)
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("<")) {
		return saml.ParseMessage(base64.StdEncoding.EncodeToString(data))
	}
	return saml.ParseMessage(string(data))
}

// capturedCertificate does not go through ParseCertificates: some keys are as short
// as keys were then.
func capturedCertificate(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(captured(t, name))
	if block == nil {
		t.Fatalf("%s is no PEM", name)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// source is one connection of the corpus.
type source struct{ issuer, audience, acs, cert string }

func sources() map[string]source {
	return map[string]source{
		"auth0":    {"urn:scaleft-test.auth0.com", "urn:scaleft-test.auth0.com", "http://localhost:8080/v1/_saml_callback", "auth0_cert.pem"},
		"adfs":     {"http://fs.spstest2.com/adfs/services/trust", "https://saml.test.nope/session/sso/saml/spentityid/dknhyszjl7", "https://saml.test.nope/session/sso/saml/acs/dknhyszjl7", "adfs_idp_signing_cert.pem"},
		"okta":     {"http://www.okta.com/exk659aytfMeNI49v0h7", `"123"`, "http://localhost:8080/v1/_saml_callback", "okta_cert.pem"},
		"oktaenc":  {"http://www.okta.com/exkbb59wb20X96NY20h7", "https://saml.test.nope/session/sso/saml/spentityid/skv8dv26wh", "https://saml.test.nope/session/sso/saml/acs/skv8dv26wh", "oktaenc_idp_signing_cert.pem"},
		"onelogin": {"https://app.onelogin.com/saml/metadata/634027", "{audience}", "http://884d40bf.ngrok.io/api/sso/saml2/acs/58af624473d4f375b8e70d81", "onelogin_cert.pem"},
		"oam":      {"https://deaoam-dev02.jpl.nasa.gov:14101/oam/fed", "JSAuth", "http://127.0.0.1:5556/callback", "oam_cert.pem"},
		"pingfed":  {"https://saml.test.nope:9031/eid/sxpmrhbkzn", "https://saml.test.nope/session/sso/saml/spentityid/hp24dqnpvq", "https://saml.test.nope/session/sso/saml/acs/hp24dqnpvq", "pingfed/idp.signing.cert"},
		"olgn09":   {"https://saml.idp.nope/h9gkjzvb3e", "https://saml.sp.nope/session/sso/saml/spentityid/rq5jwkvb8z", "https://saml.sp.nope/session/sso/saml/acs/rq5jwkvb8z", "onelogin/idp.signing.cert"},
		"oktadev":  {"http://example.com/saml/acs/example", "http://example.com/saml/acs/example", "http://dba9a5fc.ngrok.io/v1/_saml_callback", "saml.oktadev.com/oktadev.pem"},
	}
}

func (s source) parties(t testing.TB) (*saml.SP, *saml.IdP) {
	t.Helper()
	return &saml.SP{EntityID: s.audience, ACS: s.acs},
		&saml.IdP{EntityID: s.issuer, Certificates: []*x509.Certificate{capturedCertificate(t, s.cert)}}
}

func utc(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const (
	claims11    = "urn:oasis:names:tc:SAML:1.1:nameid-format:"
	claims05    = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	auth0Claims = "http://schemas.auth0.com/"
)

// auth0Attributes are the 17 of auth0_response.xml.
func auth0Attributes() map[string][]string {
	return map[string][]string{
		claims05 + "nameidentifier": {"google-oauth2|117637692321743777825"}, claims05 + "emailaddress": {"russell.haering@scaleft.com"},
		claims05 + "name": {"Russell Haering"}, claims05 + "givenname": {"Russell"}, claims05 + "surname": {"Haering"},
		claims05 + "upn": {"russell.haering@scaleft.com"},
		auth0Claims + "identities/default/provider":   {"google-oauth2"},
		auth0Claims + "identities/default/connection": {"google-oauth2"},
		auth0Claims + "identities/default/isSocial":   {"true"}, auth0Claims + "email_verified": {"true"},
		auth0Claims + "picture": {"https://lh3.googleusercontent.com/-XdUIqdMkCWA/AAAAAAAAAAI/AAAAAAAAAAA/4252rscbv5M/photo.jpg"},
		auth0Claims + "locale":  {"en"}, auth0Claims + "clientID": {"rlXOZ4kOUTQaTV8icSXrfZUd1qtD1NhK"},
		auth0Claims + "updated_at": {"Mon Jul 25 2016 18:29:17 GMT+0000 (UTC)"}, auth0Claims + "nickname": {"russell.haering"},
		auth0Claims + "identities": {"[object Object]"}, auth0Claims + "created_at": {"Mon Jul 25 2016 17:51:26 GMT+0000 (UTC)"},
	}
}

type capturedLogin struct {
	file, source, now, request string // request "": the document answers none
	modern                     bool   // SHA-256: passes the public Finish
	nameID                     saml.NameID
	email, first, last         string
	attributes                 map[string][]string
}

// TestCapturedDocumentsAccepted holds what a person reads in each document.
func TestCapturedDocumentsAccepted(t *testing.T) {
	t.Parallel()
	pingName := saml.NameID{Value: "firstlast@saml.test.nope", Format: claims11 + "emailAddress"}
	pingAttributes := map[string][]string{"firstname": {"First"}, "group": {"red,green,blue"}, "lastname": {"Last"}}
	olgnName := saml.NameID{Value: "user@saml.sp.nope", Format: claims11 + "emailAddress"}
	olgnAttributes := map[string][]string{"givenName": {"First"}, "sn": {"Last"}, "group": {"red", "green", "blue"}}
	const olgnRequest = "id-531b2bf02ae0a588c30234163adbfd9d6bbf0747"
	table := []capturedLogin{
		{"auth0_response.xml", "auth0", "2016-07-25T18:30:00Z", "_e3ce5e05-4e53-44ff-9229-c649f2b859a0", false,
			saml.NameID{Value: "google-oauth2|117637692321743777825", Format: claims11 + "unspecified"},
			"russell.haering@scaleft.com", "Russell", "Haering",
			auth0Attributes()},
		{"adfs_response.b64", "adfs", "2017-09-21T23:28:00Z", "_5988bf45-1cc8-4228-b3e8-1aa8590e63d3", true,
			saml.NameID{Value: "paul@spstest2.com", Format: claims11 + "emailAddress"}, "paul@spstest2.com", "paul", "fraley",
			map[string][]string{claims05 + "givenname": {"paul"}, claims05 + "surname": {"fraley"}}},
		{"okta_response.xml", "okta", "2016-07-25T23:21:00Z", "_15f66d2d-628b-4d9b-a99e-089d8da862e1", true,
			saml.NameID{Value: "russellhaering", Format: claims11 + "unspecified"}, "", "", "",
			map[string][]string{"username": {"russell.haering@scaleft.com"}}},
		{"onelogin_response.xml", "onelogin", "2017-03-08T07:54:00Z", "", false,
			saml.NameID{Value: "arun@launchdarkly.com", Format: claims11 + "emailAddress"}, "arun@launchdarkly.com", "", "", map[string][]string{}},
		{"oam_response.xml", "oam", "2016-12-12T16:55:00Z", "_e66b3a98-831c-4c96-5706-b63fe0549624", false,
			saml.NameID{Value: "pkieu", Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", NameQualifier: "https://deaoam-dev02.jpl.nasa.gov:14101/oam/fed", SPNameQualifier: "JSAuth"},
			"", "", "", map[string][]string{}},
		{"pingfed/pfed11_response_01.b64", "pingfed", "2017-09-02T00:13:00Z", "_27242a27-9aea-40d6-b603-c1d6daa198d4", true, pingName, "firstlast@saml.test.nope", "First", "Last", pingAttributes},
		{"pingfed/pfed11_response_02.b64", "pingfed", "2017-09-02T23:51:00Z", "_315ab173-992a-4c1b-b99a-faccfd8ecea0", true, pingName, "firstlast@saml.test.nope", "First", "Last", pingAttributes},
		{"pingfed/pfed11_response_03.b64", "pingfed", "2017-09-01T21:25:00Z", "_5ff4ed23-bf22-4287-85a3-8b64948ad9f0", true, pingName, "firstlast@saml.test.nope", "First", "Last", pingAttributes},
		{"onelogin/olgn09_response_01.b64", "olgn09", "2017-08-30T23:15:00Z", olgnRequest, false, olgnName, "user@saml.sp.nope", "First", "Last", olgnAttributes},
		{"onelogin/olgn09_response_03.b64", "olgn09", "2017-08-30T23:15:00Z", olgnRequest, false, olgnName, "user@saml.sp.nope", "First", "Last", olgnAttributes},
		{"onelogin/olgn09_response_04.b64", "olgn09", "2017-08-30T23:15:00Z", olgnRequest, false, olgnName, "user@saml.sp.nope", "First", "Last", olgnAttributes},
		{"saml.oktadev.com/response_0", "oktadev", "2017-04-04T16:55:00Z", "", false,
			saml.NameID{Value: "jane.doe@example.com", Format: claims11 + "unspecified"}, "jane.doe@example.com", "Jane", "Doe",
			map[string][]string{claims11 + "emailAddress": {"jane.doe@example.com"}, "Email": {"jane.doe@example.com"}, "FirstName": {"Jane"}, "LastName": {"Doe"}}},
	}
	// The same login again, without Destination (50, 55, 155), at the edges of another
	// time (25, 26), and before and after the certificate's own dates (21, 22, 83, 84, 93, 94).
	for n, now := range map[int]string{
		25: "2017-08-30T23:13:00Z", 26: "2017-08-30T23:22:00Z", 50: "2017-08-30T23:15:00Z", 55: "2017-08-30T23:15:00Z", 155: "2017-08-30T23:15:00Z",
		21: "2017-08-08T01:06:00Z", 93: "2017-08-08T01:06:00Z", 83: "2017-08-11T01:06:00Z",
		22: "2117-07-15T23:06:00Z", 94: "2117-07-15T23:06:00Z", 84: "2116-03-08T23:06:00Z",
	} {
		table = append(table, capturedLogin{fmt.Sprintf("onelogin/olgn09_response_%02d.b64", n), "olgn09", now, olgnRequest, false, olgnName, "user@saml.sp.nope", "First", "Last", olgnAttributes})
	}
	if len(table) != capturedLogins {
		t.Errorf("%d accepted documents, want %d", len(table), capturedLogins)
	}
	for _, c := range table {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			c.check(t)
		})
	}
}

// check logs in with the legacy algorithms allowed, and then through the public door.
func (c capturedLogin) check(t *testing.T) {
	t.Helper()
	sp, idp := sources()[c.source].parties(t)
	m, err := capturedMessage(t, c.file)
	if err != nil {
		t.Fatal(explain(err))
	}
	now := utc(t, c.now)
	rules, req := &saml.Rules{IdPInitiated: true}, (*saml.Request)(nil)
	if c.request != "" {
		rules, req = nil, &saml.Request{ID: c.request, ExpiresAt: now.Add(time.Minute)}
	}
	if m.InResponseTo() != c.request {
		t.Errorf("InResponseTo = %q", m.InResponseTo())
	}
	got, err := sp.FinishLegacy(idp, rules, m, req, now)
	if err != nil {
		t.Fatal(explain(err))
	}
	type claims struct {
		NameID             saml.NameID
		Email, First, Last string
		Attributes         map[string][]string
	}
	if diff := cmp.Diff(claims{c.nameID, c.email, c.first, c.last, c.attributes}, claims{got.NameID, got.Email, got.FirstName, got.LastName, got.Attributes}); diff != "" {
		t.Error(diff)
	}
	public, err := sp.Finish(idp, rules, m, req, now)
	if c.modern {
		if diff := cmp.Diff(got, public); diff != "" || err != nil {
			t.Errorf("Finish: %v %s", err, diff)
		}
		return
	}
	refused(t, public, err, saml.CodeAlgorithm)
}

// TestCapturedDocumentsRefused: the hostile, the unsigned, the encrypted and those
// whose signature names no element.
func TestCapturedDocumentsRefused(t *testing.T) {
	t.Parallel()
	want := map[string]saml.Code{
		"adfs_response_enc.b64 adfs": saml.CodeEncrypted, "oktaenc_response.b64 oktaenc": saml.CodeEncrypted,
		"pingfed/pfed11_response_05.b64 pingfed": saml.CodeEncrypted,
	}
	okta := func(n int, code saml.Code) {
		want[fmt.Sprintf("saml.oktadev.com/response_%d oktadev", n)] = code
	}
	for _, n := range []int{2, 3, 4, 5, 6, 7, 8, 9, 10, 11} {
		okta(n, saml.CodeAlgorithm) // signed over "" in C14N 1.1
	}
	okta(1, saml.CodeUnsigned)
	okta(12, saml.CodeProfile)   // no ID on the Assertion
	okta(13, saml.CodeSignature) // NameID changed to the administrator's
	okta(14, saml.CodeStatus)
	okta(15, saml.CodeStatus)
	okta(16, saml.CodeXML) // deflated, and never inflated
	olgn := func(code saml.Code, all ...int) {
		for _, n := range all {
			want[fmt.Sprintf("onelogin/olgn09_response_%02d.b64 olgn09", n)] = code
		}
	}
	olgn(saml.CodeEncrypted, 5, 6, 7, 8, 9, 16, 18, 23, 24, 27, 28, 36, 46, 47, 48, 97, 98) // there is no key here
	olgn(saml.CodeUnsigned, 81, 82, 85, 86, 87, 88, 89, 91, 92, 99)
	olgn(saml.CodeSignature, 11, 12, 13, 14, 15, 17, 31, 33, 34, 37, 38)
	olgn(saml.CodeDestination, 51, 56, 156)
	olgn(saml.CodeIssuer, 52, 54, 57, 59, 157, 159)
	olgn(saml.CodeAudience, 53, 58, 158)
	if got, all := len(want)+capturedLogins, capturedCount(t); got != all {
		t.Errorf("%d of %d captured documents have a verdict here", got, all)
	}
	for key, code := range want {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			file, src, _ := strings.Cut(key, " ")
			sp, idp := sources()[src].parties(t)
			m, err := capturedMessage(t, file)
			if err != nil {
				refused(t, nil, err, code)
				return
			}
			now := utc(t, map[string]string{"oktadev": "2017-04-04T16:55:00Z", "olgn09": "2017-08-30T23:15:00Z"}[src]+map[bool]string{true: "2017-09-02T00:13:00Z"}[src != "oktadev" && src != "olgn09"])
			req := &saml.Request{ID: "id-531b2bf02ae0a588c30234163adbfd9d6bbf0747", ExpiresAt: now.Add(time.Minute)}
			if src == "oktadev" {
				req = nil
			}
			got, err := sp.FinishLegacy(idp, &saml.Rules{IdPInitiated: true}, m, req, now)
			refused(t, got, err, code)
		})
	}
}

// capturedLogins is the size of the table of accepted documents.
const capturedLogins = 23

func capturedCount(t *testing.T) int {
	t.Helper()
	dir, err := corpus()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if strings.Contains(filepath.Base(path), "_response") || strings.HasPrefix(filepath.Base(path), "response_") {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
