package samltest_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
)

// facts are what a careful reader finds in a response.
type facts struct {
	Issuer, Destination, InResponseTo, Status string
	AssertionIssuer, Recipient, SignedFor     string // SignedFor: InResponseTo in the subject
	Audience                                  []string
	Issued, NotBefore, NotOnOrAfter           string
	SubjectEnds, Authenticated, SessionEnds   string
	NameID, Email                             string
	Assertions                                int
	ResponseSigned, AssertionSigned           bool // by the provider, and the whole of it
}

// allText reads past comments, as canonicalisation does.
func allText(el *etree.Element) string {
	if el == nil {
		return ""
	}
	var b strings.Builder
	for _, token := range el.Child {
		if data, ok := token.(*etree.CharData); ok {
			b.WriteString(data.Data)
		}
	}
	return b.String()
}

func attrOf(el *etree.Element, name string) string {
	if el == nil {
		return ""
	}
	return el.SelectAttrValue(name, "")
}

func factsOf(root *etree.Element, idp *samltest.IdP) facts {
	f := facts{
		Issuer:       allText(root.FindElement("./Issuer")),
		Destination:  attrOf(root, "Destination"),
		InResponseTo: attrOf(root, "InResponseTo"),
		Status:       attrOf(root.FindElement("./Status/StatusCode"), "Value"),
		Assertions:   len(root.FindElements("//Assertion")),
	}
	if root.FindElement("./Signature") != nil {
		_, err := verify(root, idp.Certificate())
		f.ResponseSigned = err == nil
	}
	a := root.FindElement("./Assertion")
	if a == nil {
		return f
	}
	data := a.FindElement("./Subject/SubjectConfirmation/SubjectConfirmationData")
	conditions := a.FindElement("./Conditions")
	f.AssertionIssuer = allText(a.FindElement("./Issuer"))
	f.Recipient, f.SignedFor, f.SubjectEnds = attrOf(data, "Recipient"), attrOf(data, "InResponseTo"), attrOf(data, "NotOnOrAfter")
	for _, el := range conditions.FindElements("./AudienceRestriction/Audience") {
		f.Audience = append(f.Audience, allText(el))
	}
	f.Issued, f.NotBefore, f.NotOnOrAfter = attrOf(a, "IssueInstant"), attrOf(conditions, "NotBefore"), attrOf(conditions, "NotOnOrAfter")
	authn := a.FindElement("./AuthnStatement")
	f.Authenticated, f.SessionEnds = attrOf(authn, "AuthnInstant"), attrOf(authn, "SessionNotOnOrAfter")
	f.NameID = allText(a.FindElement("./Subject/NameID"))
	f.Email = allText(a.FindElement("./AttributeStatement/Attribute[@Name='email']/AttributeValue"))
	if a.FindElement("./Signature") != nil {
		_, err := verify(a, idp.Certificate())
		f.AssertionSigned = err == nil
	}
	return f
}

func at(d time.Duration) string { return now.Add(d).Format("2006-01-02T15:04:05.000Z") }

func honest() facts {
	return facts{
		Issuer: baseURL + "/metadata", Destination: spACS, InResponseTo: "id-request",
		Status:          "urn:oasis:names:tc:SAML:2.0:status:Success",
		AssertionIssuer: baseURL + "/metadata", Recipient: spACS, SignedFor: "id-request",
		Audience: []string{spEntity},
		Issued:   at(0), NotBefore: at(0), NotOnOrAfter: at(5 * time.Minute), SubjectEnds: at(5 * time.Minute),
		Authenticated: at(0),
		NameID:        "ann@example.com", Email: "ann@example.com",
		Assertions: 1, AssertionSigned: true,
	}
}

func intruded(f *facts) {
	f.NameID, f.Email, f.AssertionSigned = "intruder@example.com", "intruder@example.com", false
}

func wrapped(f *facts) {
	intruded(f)
	f.Assertions = 2
}

// hidden leaves what can be seen beside an encrypted assertion.
func hidden(f *facts) {
	*f = facts{Issuer: f.Issuer, Destination: f.Destination, InResponseTo: f.InResponseTo, Status: f.Status}
}

// Each attack changes what it says and nothing else.
func TestAttackChangesOneThing(t *testing.T) {
	t.Parallel()
	const elsewhere = "https://other-service.example/acs"
	change := map[samltest.Attack]func(*facts){
		samltest.WrongAudience:    func(f *facts) { f.Audience = []string{"https://other-service.example/metadata"} },
		samltest.NoAudience:       func(f *facts) { f.Audience = nil },
		samltest.WrongRecipient:   func(f *facts) { f.Recipient = elsewhere },
		samltest.WrongDestination: func(f *facts) { f.Destination = elsewhere },
		samltest.WrongIssuer: func(f *facts) {
			f.Issuer, f.AssertionIssuer = "https://other-provider.example/metadata", "https://other-provider.example/metadata"
		},
		samltest.Expired: func(f *facts) {
			f.Issued, f.NotBefore, f.Authenticated = at(-65*time.Minute), at(-65*time.Minute), at(-65*time.Minute)
			f.NotOnOrAfter, f.SubjectEnds = at(-time.Hour), at(-time.Hour)
		},
		samltest.NotYetValid: func(f *facts) {
			f.NotBefore = at(time.Hour)
			f.NotOnOrAfter, f.SubjectEnds = at(65*time.Minute), at(65*time.Minute)
		},
		samltest.Stale: func(f *facts) {
			f.Issued, f.NotBefore, f.Authenticated = at(-48*time.Hour), at(-48*time.Hour), at(-48*time.Hour)
		},
		samltest.SessionOver:     func(f *facts) { f.SessionEnds = at(-time.Hour) },
		samltest.NoInResponseTo:  func(f *facts) { f.InResponseTo, f.SignedFor = "", "" },
		samltest.ForeignDomain:   func(f *facts) { f.NameID, f.Email = "ann@elsewhere.example", "ann@elsewhere.example" },
		samltest.CommentInNameID: func(f *facts) { f.NameID += ".attacker.example"; f.Email += ".attacker.example" },
		samltest.StatusFailed: func(f *facts) {
			*f = facts{Issuer: f.Issuer, Destination: f.Destination, InResponseTo: f.InResponseTo,
				Status: "urn:oasis:names:tc:SAML:2.0:status:Responder"}
		},
		samltest.TwoAssertions: func(f *facts) { f.Assertions = 2 },
		samltest.Unsigned:      func(f *facts) { f.AssertionSigned = false },
		samltest.OtherKey:      func(f *facts) { f.AssertionSigned = false },
		samltest.BorrowedCertificate: func(f *facts) {
			f.AssertionSigned = false
		},
		samltest.WeakDigest:        func(*facts) {}, // still verifies for who takes SHA-1; see below
		samltest.ReferenceWhole:    func(f *facts) { f.ResponseSigned, f.AssertionSigned = true, false },
		samltest.Tampered:          intruded,
		samltest.Wrapped:           wrapped,
		samltest.Doctype:           func(*facts) {},
		samltest.CommentInDigest:   intruded,
		samltest.TwoSignedInfos:    intruded,
		samltest.Instruction:       func(f *facts) { f.AssertionSigned = false },
		samltest.TwinAttribute:     func(*facts) {}, // for who takes the second one
		samltest.EncryptedUnsigned: hidden,
		samltest.EncryptedTampered: hidden,
		samltest.XSW1:              wrapped, samltest.XSW2: wrapped, samltest.XSW3: wrapped, samltest.XSW4: wrapped,
		samltest.XSW5: wrapped, samltest.XSW6: wrapped, samltest.XSW8: wrapped,
		samltest.XSW7: func(f *facts) { f.Assertions = 2 }, // in front still stands the signed one
	}
	elsewhereTested := map[samltest.Attack]bool{
		samltest.UnknownRequest: true, samltest.Deflated: true, samltest.Replayed: true,
	}
	idp := newIdP(t, nil)
	for _, attack := range samltest.Attacks() {
		if attack.Explain() == "" {
			t.Errorf("%s explains nothing", attack)
		}
		if elsewhereTested[attack] {
			continue
		}
		t.Run(string(attack), func(t *testing.T) {
			t.Parallel()
			apply, ok := change[attack]
			if !ok {
				t.Fatal("no expectation for this attack")
			}
			want := honest()
			apply(&want)
			resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, ann(), attack)
			if err != nil {
				t.Fatal(err)
			}
			if resp.ACS != spACS {
				t.Errorf("posted to %q", resp.ACS)
			}
			if diff := cmp.Diff(want, factsOf(readResponse(t, resp), idp)); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHonestResponse(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		opts                samltest.Options
		response, assertion bool
	}{
		"default":   {samltest.Options{}, false, true},
		"assertion": {samltest.Options{SignAssertion: true}, false, true},
		"response":  {samltest.Options{SignResponse: true}, true, false},
		"both":      {samltest.Options{SignResponse: true, SignAssertion: true}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			idp := newIdP(t, &tc.opts)
			resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity, RelayState: "r"}, ann())
			if err != nil {
				t.Fatal(err)
			}
			want := honest()
			want.ResponseSigned, want.AssertionSigned = tc.response, tc.assertion
			if diff := cmp.Diff(want, factsOf(readResponse(t, resp), idp)); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
			if resp.RelayState != "r" {
				t.Errorf("RelayState %q", resp.RelayState)
			}
		})
	}
}

func TestSessionFor(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, &samltest.Options{SessionFor: time.Hour})
	resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, ann())
	if err != nil {
		t.Fatal(err)
	}
	want := honest()
	want.SessionEnds = at(time.Hour)
	if diff := cmp.Diff(want, factsOf(readResponse(t, resp), idp)); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestSessionAge(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, &samltest.Options{SessionAge: 8 * time.Hour})
	resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity, ForceAuthn: true}, ann())
	if err != nil {
		t.Fatal(err)
	}
	want := honest()
	want.Authenticated = at(-8 * time.Hour)
	if diff := cmp.Diff(want, factsOf(readResponse(t, resp), idp)); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if _, err := samltest.New(baseURL, nil, &samltest.Options{SessionAge: -1}); err == nil {
		t.Error("a session from the future was taken")
	}
}

func TestHonestAttributes(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	p := ann()
	p.NameID = "u-17"
	p.Attributes = map[string][]string{"title": {"Dr <&> \"Who\""}, "empty": nil}
	resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, p)
	if err != nil {
		t.Fatal(err)
	}
	root := readResponse(t, resp)
	signed, err := verify(root.FindElement("./Assertion"), idp.Certificate())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, el := range signed.FindElements("./AttributeStatement/Attribute") {
		values := []string{}
		for _, v := range el.FindElements("./AttributeValue") {
			values = append(values, v.Text())
		}
		got[attrOf(el, "Name")] = values
	}
	want := map[string][]string{
		"email": {"ann@example.com"}, "firstName": {"Ann"}, "lastName": {"Lee"},
		"groups": {"staff", "admins"}, "title": {`Dr <&> "Who"`}, "empty": {},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	nameID := signed.FindElement("./Subject/NameID")
	if nameID.Text() != "u-17" || attrOf(nameID, "Format") != "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified" {
		t.Errorf("name identifier %q of format %q", nameID.Text(), attrOf(nameID, "Format"))
	}
	if id, index := attrOf(signed, "ID"), attrOf(signed.FindElement("./AuthnStatement"), "SessionIndex"); index == "" || id == "" {
		t.Errorf("ID %q, SessionIndex %q", id, index)
	}
}

func TestManyGroupsVerify(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	p := ann()
	p.Groups = strings.Fields(strings.Repeat("group ", 5000))
	resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, p)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := verify(readResponse(t, resp).FindElement("./Assertion"), idp.Certificate())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(signed.FindElements("//AttributeValue")); n != 5003 {
		t.Errorf("%d values, want 5003", n)
	}
}

func TestUnknownRequestNamesAnother(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, ann(), samltest.UnknownRequest)
	if err != nil {
		t.Fatal(err)
	}
	f := factsOf(readResponse(t, resp), idp)
	if f.SignedFor == "id-request" || f.SignedFor == "" || f.SignedFor != f.InResponseTo || !f.AssertionSigned {
		t.Errorf("answers %q and %q, signed %t", f.InResponseTo, f.SignedFor, f.AssertionSigned)
	}
}

func TestReplayed(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	req := samltest.Request{ID: "id-1", Issuer: spEntity}
	if _, err := idp.Respond(req, ann(), samltest.Replayed); err == nil {
		t.Error("replayed before there was a response")
	}
	first, err := idp.Respond(req, ann())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := idp.Respond(req, ann(), samltest.Expired); err != nil { // is not what gets replayed
		t.Fatal(err)
	}
	again, err := idp.Respond(samltest.Request{ID: "id-2", Issuer: spEntity, RelayState: "new"}, ann(), samltest.Replayed)
	if err != nil {
		t.Fatal(err)
	}
	want := samltest.Response{ACS: spACS, SAMLResponse: first.SAMLResponse, RelayState: "new"}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("replay (-want +got):\n%s", diff)
	}
	if _, err := idp.Respond(req, ann(), samltest.Replayed, samltest.Unsigned); err == nil {
		t.Error("a replay was changed")
	}
}

func TestUnsolicited(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	resp, err := idp.Unsolicited(spEntity, ann())
	if err != nil {
		t.Fatal(err)
	}
	want := honest()
	want.InResponseTo, want.SignedFor = "", ""
	if diff := cmp.Diff(want, factsOf(readResponse(t, resp), idp)); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

// What was signed is still there, still verifies, and is not what stands in front.
func TestWrappedKeepsTheSignedElement(t *testing.T) {
	t.Parallel()
	t.Run("assertion", func(t *testing.T) {
		t.Parallel()
		idp := newIdP(t, nil)
		resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, ann(), samltest.Wrapped)
		if err != nil {
			t.Fatal(err)
		}
		root := readResponse(t, resp)
		signed, err := verify(root.FindElement("./Extensions/Assertion"), idp.Certificate())
		if err != nil {
			t.Fatal(err)
		}
		if got := signed.FindElement("./Subject/NameID").Text(); got != "ann@example.com" {
			t.Errorf("signed for %q", got)
		}
		if attrOf(signed, "ID") == attrOf(root.FindElement("./Assertion"), "ID") {
			t.Error("both assertions have one ID")
		}
	})
	for name, opts := range map[string]samltest.Options{
		"response": {SignResponse: true}, "both": {SignResponse: true, SignAssertion: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			idp := newIdP(t, &opts)
			resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, ann(), samltest.Wrapped)
			if err != nil {
				t.Fatal(err)
			}
			root := readResponse(t, resp)
			if f := factsOf(root, idp); f.ResponseSigned || f.AssertionSigned || f.NameID != "intruder@example.com" {
				t.Errorf("in front: %+v", f)
			}
			// Put together again as it was signed.
			signature := root.FindElement("./Signature").Copy()
			original := signature.FindElement("./Object/Response").Copy()
			signature.RemoveChild(signature.FindElement("./Object"))
			original.AddChild(signature)
			signed, err := verify(original, idp.Certificate())
			if err != nil {
				t.Fatal(err)
			}
			if got := signed.FindElement("./Assertion/Subject/NameID").Text(); got != "ann@example.com" {
				t.Errorf("signed for %q", got)
			}
		})
	}
}

func TestSignatureAttackDetails(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	own := base64.StdEncoding.EncodeToString(idp.Certificate().Raw)
	for attack, want := range map[samltest.Attack]struct {
		method, uri string
		ownCert     bool
		at          string
	}{
		samltest.OtherKey:            {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "#", false, "./Assertion"},
		samltest.BorrowedCertificate: {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "#", true, "./Assertion"},
		samltest.WeakDigest:          {"http://www.w3.org/2000/09/xmldsig#rsa-sha1", "#", true, "./Assertion"},
		samltest.ReferenceWhole:      {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "", true, "."},
	} {
		t.Run(string(attack), func(t *testing.T) {
			t.Parallel()
			resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, ann(), attack)
			if err != nil {
				t.Fatal(err)
			}
			el := readResponse(t, resp).FindElement(want.at)
			uri := want.uri
			if uri == "#" {
				uri += attrOf(el, "ID")
			}
			signature := el.FindElement("./Signature")
			if got := attrOf(signature.FindElement("./SignedInfo/SignatureMethod"), "Algorithm"); got != want.method {
				t.Errorf("method %q", got)
			}
			if got := attrOf(signature.FindElement("./SignedInfo/Reference"), "URI"); got != uri {
				t.Errorf("reference %q, want %q", got, uri)
			}
			if got := signature.FindElement("./KeyInfo/X509Data/X509Certificate").Text() == own; got != want.ownCert {
				t.Errorf("own certificate in KeyInfo: %t", got)
			}
		})
	}
}

func TestCommentStandsInsideTheAddress(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	p := ann()
	p.NameID = "u-17" // also then the address is what is split
	resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, p, samltest.CommentInNameID)
	if err != nil {
		t.Fatal(err)
	}
	nameID := readResponse(t, resp).FindElement("./Assertion/Subject/NameID")
	if first, ok := nameID.Child[0].(*etree.CharData); !ok || first.Data != "ann@example.com" {
		t.Errorf("the careless reader sees %v", nameID.Child[0])
	}
	if got := allText(nameID); got != "ann@example.com.attacker.example" {
		t.Errorf("signed was %q", got)
	}
}

func TestTwoAssertionsAreBothSigned(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, ann(), samltest.TwoAssertions)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range readResponse(t, resp).FindElements("./Assertion") {
		signed, err := verify(a, idp.Certificate())
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, signed.FindElement("./Subject/NameID").Text())
	}
	if diff := cmp.Diff([]string{"ann@example.com", "intruder@example.com"}, names); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
}

func TestDoctypeAndDeflated(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	for attack, prefix := range map[samltest.Attack]string{
		samltest.Doctype: "<!DOCTYPE ", samltest.Deflated: "",
	} {
		resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, ann(), attack)
		if err != nil {
			t.Fatal(err)
		}
		data, err := base64.StdEncoding.DecodeString(resp.SAMLResponse)
		if err != nil {
			t.Fatal(err)
		}
		if prefix == "" {
			data = inflated(t, data)
			prefix = "<samlp:Response "
		}
		if !strings.HasPrefix(string(data), prefix) {
			t.Errorf("%s begins with %.30q", attack, data)
		}
	}
}

func TestAttacksThatCannotBe(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	for name, attacks := range map[string][]samltest.Attack{
		"unknown":             {"sharks"},
		"wrapped unsigned":    {samltest.Unsigned, samltest.Wrapped},
		"tampered no subject": {samltest.StatusFailed, samltest.Tampered},
		"wrapped no subject":  {samltest.StatusFailed, samltest.Wrapped},
	} {
		if _, err := idp.Respond(samltest.Request{ID: "id-1", Issuer: spEntity}, ann(), attacks...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
