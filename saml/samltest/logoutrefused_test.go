package samltest_test

import (
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
	"github.com/google/go-cmp/cmp"
)

func TestReadLogoutRefuses(t *testing.T) {
	t.Parallel()
	key, strange, ec := newRSAKey(t), newRSAKey(t), newECKey(t)
	idp, s := loggedIn(t, key, samltest.Options{})
	if err := idp.Trust(logoutMetadata(keyDescriptor(ec.cert) + keyDescriptor(key.cert))); err != nil {
		t.Fatal(err)
	}
	m, err := idp.StartLogout(s, samltest.Redirect)
	if err != nil {
		t.Fatal(err)
	}
	for field, good := range map[string]string{"SAMLRequest": logoutRequest(s), "SAMLResponse": logoutResponse(m.ID, "")} {
		read := func(r *http.Request) error {
			var err error
			if field == "SAMLRequest" {
				_, err = idp.ReadLogoutRequest(r)
			} else {
				_, err = idp.ReadLogoutResponse(r)
			}
			return err
		}
		change := func(old, with string) string {
			changed := strings.Replace(good, old, with, 1)
			if changed == good {
				t.Fatalf("%q is not in the message", old)
			}
			return changed
		}
		for name, xml := range map[string]string{
			"other destination":   change(idpSLO, baseURL+"/sso"),
			"no destination":      change(` Destination="`+idpSLO+`"`, ""),
			"version":             change(`Version="2.0"`, `Version="1.1"`),
			"no ID":               change(` ID="id-`, ` Id="id-`),
			"old":                 change("05:06:07Z", "05:01:06Z"),
			"from the future":     change("05:06:07Z", "05:11:08Z"),
			"no instant":          change(`IssueInstant=`, `Instant=`),
			"another message":     strings.NewReplacer("LogoutRequest", "AuthnRequest", "LogoutResponse", "ArtifactResponse").Replace(good),
			"stranger":            change(spEntity+"</", "https://evil.example</"),
			"comment in issuer":   change(spEntity+"</", spEntity+"<!-- -->.evil.example</"),
			"no issuer":           change("<saml:Issuer>"+spEntity+"</saml:Issuer>", "<saml:Advice/>"),
			"doctype":             "<!DOCTYPE x>" + good,
			"too large":           change("<saml:Issuer>", strings.Repeat(" ", 64<<10)+"<saml:Issuer>"),
			"other namespace":     change("SAML:2.0:protocol", "SAML:1.0:protocol"),
			"relative to nowhere": change(idpSLO, "/slo"),
		} {
			requests := map[string]*http.Request{"redirect": outByRedirect(t, key, field, xml, "")}
			if name != "doctype" { // which has no root to sign
				requests["POST"] = outByPOST(t, key, field, xml, "")
			}
			for binding, r := range requests {
				if err := read(r); !errors.Is(err, samltest.ErrLogout) && !errors.Is(err, samltest.ErrUntrusted) {
					t.Errorf("%s, %s by %s: %v", field, name, binding, err)
				}
			}
		}
		query := key.queryOf(t, field, good, "r", crypto.SHA256)
		unsigned := url.Values{field: {base64.StdEncoding.EncodeToString([]byte(good))}}
		for name, r := range map[string]*http.Request{
			"redirect unsigned":    httptest.NewRequest(http.MethodGet, idpSLO+"?"+url.Values{field: {deflated(good)}}.Encode(), nil),
			"redirect stranger":    outByRedirect(t, strange, field, good, ""),
			"redirect SHA-1":       httptest.NewRequest(http.MethodGet, idpSLO+"?"+key.queryOf(t, field, good, "", crypto.SHA1), nil),
			"redirect other relay": httptest.NewRequest(http.MethodGet, idpSLO+"?"+strings.Replace(query, "RelayState=r", "RelayState=s", 1), nil),
			"redirect relay twice": httptest.NewRequest(http.MethodGet, idpSLO+"?"+query+"&RelayState=r", nil),
			"redirect enveloped":   httptest.NewRequest(http.MethodGet, idpSLO+"?"+url.Values{field: {deflated(key.enveloped(t, good, crypto.SHA256))}}.Encode(), nil),
			"POST unsigned":        formTo("/slo", unsigned),
			"POST stranger":        outByPOST(t, strange, field, good, ""),
			"POST changed":         formTo("/slo", url.Values{field: {base64.StdEncoding.EncodeToString([]byte(strings.Replace(key.enveloped(t, good, crypto.SHA256), `ID="id-`, `ID="id-2`, 1)))}}),
			"PUT":                  httptest.NewRequest(http.MethodPut, idpSLO, nil),
			"nothing":              httptest.NewRequest(http.MethodGet, idpSLO, nil),
		} {
			if err := read(r); !errors.Is(err, samltest.ErrLogout) {
				t.Errorf("%s, %s: %v", field, name, err)
			}
		}
		for name, r := range map[string]*http.Request{
			"redirect": outByRedirect(t, key, field, good, ""), "redirect ECDSA": outByRedirect(t, ec, field, good, ""),
		} {
			if err := read(r); err != nil && field == "SAMLRequest" {
				t.Errorf("control, %s: %v", name, err)
			}
		}
	}
}

func formTo(path string, form url.Values) *http.Request {
	r := byPOST(form)
	r.URL.Path = strings.Replace(r.URL.Path, "/sso", path, 1)
	return r
}

func TestReadLogoutRequestDetails(t *testing.T) {
	t.Parallel()
	key := newRSAKey(t)
	idp, s := loggedIn(t, key, samltest.Options{})
	good := logoutRequest(s)
	over := strings.Replace(good, " Destination", ` NotOnOrAfter="2026-03-04T05:06:07Z" Destination`, 1)
	for name, xml := range map[string]string{
		"over":        over,
		"odd end":     strings.Replace(over, "2026-03-04T05:06:07Z", "soon", 1),
		"no name":     strings.NewReplacer("saml:NameID", "saml:BaseID").Replace(good),
		"two names":   strings.Replace(good, "<samlp:SessionIndex>", "<saml:NameID>x</saml:NameID><samlp:SessionIndex>", 1),
		"hidden name": strings.NewReplacer("saml:NameID", "saml:EncryptedID").Replace(good),
	} {
		if _, err := idp.ReadLogoutRequest(outByPOST(t, key, "SAMLRequest", xml, "")); !errors.Is(err, samltest.ErrLogout) {
			t.Errorf("%s: %v", name, err)
		}
	}
	still := strings.Replace(over, "05:06:07Z\" Dest", "05:06:08Z\" Dest", 1)
	if _, err := idp.ReadLogoutRequest(outByPOST(t, key, "SAMLRequest", still, "")); err != nil {
		t.Errorf("not over yet: %v", err)
	}
	every := strings.NewReplacer("<samlp:SessionIndex>"+s.Index+"</samlp:SessionIndex>", "").Replace(good)
	if req, err := idp.ReadLogoutRequest(outByPOST(t, key, "SAMLRequest", every, "")); err != nil || req.SessionIndexes != nil {
		t.Errorf("every session: %+v, %v", req, err)
	}
	if _, err := idp.ReadLogoutResponse(outByPOST(t, key, "SAMLResponse", strings.Replace(logoutResponse("id-1", ""), "samlp:Status>", "samlp:State>", 2), "")); !errors.Is(err, samltest.ErrLogout) {
		t.Errorf("no status: %v", err)
	}
}

func TestLogoutNeedsMetadata(t *testing.T) {
	t.Parallel()
	key := newRSAKey(t)
	idp, s := loggedIn(t, key, samltest.Options{})
	req := samltest.LogoutRequest{ID: "id-out", Issuer: spEntity, NameID: s.NameID, Binding: samltest.Redirect}
	for name, tc := range map[string]struct {
		metadata       []byte
		start, read    error
		answerBy       string // where an answer to a redirect goes
		startByRequest samltest.Binding
	}{
		"no service":    {spMetadata(spEntity, spACS, keyDescriptor(key.cert), false), samltest.ErrUntrusted, nil, "", samltest.POST},
		"other binding": {logoutMetadata(keyDescriptor(key.cert), slo("HTTP-POST", "")), samltest.ErrUntrusted, nil, spSLO, samltest.Redirect},
		"SOAP alone":    {logoutMetadata(keyDescriptor(key.cert), slo("SOAP", "")), samltest.ErrUntrusted, nil, "", samltest.POST},
		"no key":        {logoutMetadata(""), nil, samltest.ErrUntrusted, spSLO, samltest.POST},
		"both":          {logoutMetadata(keyDescriptor(key.cert), slo("HTTP-POST", ""), slo("HTTP-Redirect", ` ResponseLocation="`+spAnswers+`"`)), nil, nil, spAnswers, samltest.Redirect},
	} {
		if err := idp.Trust(tc.metadata); err != nil {
			t.Fatal(err)
		}
		if _, err := idp.StartLogout(s, tc.startByRequest); !errors.Is(err, tc.start) {
			t.Errorf("%s: start: %v", name, err)
		}
		if _, err := idp.ReadLogoutRequest(outByPOST(t, key, "SAMLRequest", logoutRequest(s), "")); !errors.Is(err, tc.read) {
			t.Errorf("%s: read: %v", name, err)
		}
		m, err := idp.AnswerLogout(req)
		if to, _, _ := strings.Cut(m.URL, "?"); to != tc.answerBy || (err == nil) != (tc.answerBy != "") {
			t.Errorf("%s: answered at %q: %v", name, m.URL, err)
		}
	}
	for name, service := range map[string]string{
		"script": strings.Replace(slo("HTTP-POST", ""), spSLO, "javascript:alert(1)", 1), "answers": slo("HTTP-POST", ` ResponseLocation="/x"`),
	} {
		if err := idp.Trust(logoutMetadata("", service)); !errors.Is(err, samltest.ErrMetadata) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := idp.StartLogout(samltest.Session{SP: "https://x.example"}, samltest.POST); !errors.Is(err, samltest.ErrUntrusted) {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := idp.AnswerLogout(samltest.LogoutRequest{Issuer: "https://x.example"}); !errors.Is(err, samltest.ErrUntrusted) {
		t.Errorf("an answer to a stranger: %v", err)
	}
}

// outFacts are what a careful reader finds in a logout message.
type outFacts struct {
	Issuer, Destination, InResponseTo, Status, Issued, Ends, Name string
	Signed                                                        bool
}

func outFactsOf(t testing.TB, idp *samltest.IdP, m samltest.LogoutMessage, field string, hash crypto.Hash) outFacts {
	t.Helper()
	root, _, signed := sentBy(t, idp, m, field, hash)
	return outFacts{
		Issuer: allText(root.FindElement("./Issuer")), Destination: attrOf(root, "Destination"), InResponseTo: attrOf(root, "InResponseTo"),
		Status: attrOf(root.FindElement("./Status/StatusCode"), "Value"), Issued: attrOf(root, "IssueInstant"), Ends: attrOf(root, "NotOnOrAfter"),
		Name: allText(root.FindElement("./NameID")), Signed: signed,
	}
}

// An attack changes what it says in a logout message, or is refused as one that would
// change nothing.
func TestAttacksOnLogout(t *testing.T) {
	t.Parallel()
	const elsewhere, stranger = "https://other-service.example/acs", "https://other-provider.example/metadata"
	both := map[samltest.Attack]func(*outFacts){
		samltest.Unsigned: func(f *outFacts) { f.Signed = false }, samltest.OtherKey: func(f *outFacts) { f.Signed = false },
		samltest.WeakDigest:       func(f *outFacts) { f.Signed = false }, // for who wants SHA-256
		samltest.WrongIssuer:      func(f *outFacts) { f.Issuer = stranger },
		samltest.WrongDestination: func(f *outFacts) { f.Destination = elsewhere },
		samltest.Stale:            func(f *outFacts) { f.Issued = at(-48 * time.Hour) },
		samltest.Doctype:          func(*outFacts) {},
		samltest.TwinAttribute:    func(*outFacts) {}, // for who takes the second one
	}
	posted := map[samltest.Attack]func(*outFacts){
		samltest.BorrowedCertificate: func(f *outFacts) { f.Signed = false },
		samltest.ReferenceWhole:      func(*outFacts) {},
	}
	requests := map[samltest.Attack]func(*outFacts){
		samltest.Expired: func(f *outFacts) {
			f.Issued, f.Ends = at(-65*time.Minute), at(-time.Hour)
		},
		samltest.ForeignDomain:   func(f *outFacts) { f.Name = "ann@elsewhere.example" },
		samltest.CommentInNameID: func(f *outFacts) { f.Name += ".attacker.example" },
		samltest.Tampered:        func(f *outFacts) { f.Name, f.Signed = "intruder@example.com", false },
		samltest.Instruction:     func(f *outFacts) { f.Signed = false },
	}
	forged := map[samltest.Attack]func(*outFacts){
		samltest.CommentInDigest: requests[samltest.Tampered], samltest.TwoSignedInfos: requests[samltest.Tampered],
	}
	responses := map[samltest.Attack]func(*outFacts){
		samltest.NoInResponseTo: func(f *outFacts) { f.InResponseTo = "" },
		samltest.StatusFailed:   func(f *outFacts) { f.Status = "urn:oasis:names:tc:SAML:2.0:status:Responder" },
	}
	idp, s := loggedIn(t, newRSAKey(t), samltest.Options{Signing: samltest.SignRSA})
	for _, by := range []samltest.Binding{samltest.Redirect, samltest.POST} {
		for _, field := range []string{"SAMLRequest", "SAMLResponse"} {
			send := func(attacks ...samltest.Attack) (samltest.LogoutMessage, error) {
				if field == "SAMLRequest" {
					return idp.StartLogout(s, by, attacks...)
				}
				return idp.AnswerLogout(samltest.LogoutRequest{ID: "id-out", Issuer: spEntity, NameID: s.NameID, Binding: by}, attacks...)
			}
			fits := []map[samltest.Attack]func(*outFacts){both, requests}
			honest := outFacts{Issuer: idp.EntityID(), Destination: spSLO, Issued: at(0), Ends: at(5 * time.Minute), Name: "ann@example.com", Signed: true}
			if field == "SAMLResponse" {
				fits[1] = responses
				honest.Ends, honest.Name, honest.InResponseTo, honest.Status = "", "", "id-out", "urn:oasis:names:tc:SAML:2.0:status:Success"
			}
			if by == samltest.POST {
				fits = append(fits, posted)
				if field == "SAMLRequest" {
					fits = append(fits, forged)
				} else {
					honest.Destination = spAnswers
				}
			}
			for _, attack := range samltest.Attacks() {
				var change func(*outFacts)
				for _, f := range fits {
					if f[attack] != nil {
						change = f[attack]
					}
				}
				elsewhere := attack == samltest.Deflated && by == samltest.POST || attack == samltest.UnknownRequest && field == "SAMLResponse"
				m, err := send(attack)
				if change == nil && !elsewhere {
					if err == nil {
						t.Errorf("%s in %s by %s: changes nothing, and was taken", attack, field, by)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s in %s by %s: %v", attack, field, by, err)
					continue
				}
				if elsewhere {
					continue
				}
				want := honest
				change(&want)
				got := outFactsOf(t, idp, m, field, crypto.SHA256)
				if attack == samltest.WeakDigest && by == samltest.POST {
					got.Signed = false // this verifier takes it
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s in %s by %s (-want +got):\n%s", attack, field, by, diff)
				}
			}
		}
	}
	if left := idp.Sessions(spEntity); len(left) != 1 {
		t.Errorf("an attack ended a session: %v", left)
	}
}
