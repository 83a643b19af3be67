package samltest_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
)

// look is what a flavour changes, as it is read off a response.
type look struct {
	Issuer                          string // digits and ids replaced
	Root, Assertion, Signature      string // names with their prefixes
	ResponseSigned, AssertionSigned bool
	NameID, Format                  string
	Attributes                      map[string][]string
	NameFormat, Type                string // of the first attribute and its value
	PrefixList, SubjectName         string
	Before, After, Session          time.Duration
	IndexIsID                       bool
	Context                         string
}

var hexadecimal = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8,}`)

func masked(s string) string { return hexadecimal.ReplaceAllString(s, "*") }

func lookOf(t testing.TB, idp *samltest.IdP, root *etree.Element) look {
	t.Helper()
	a := root.FindElement("./Assertion")
	conditions, authn := a.FindElement("./Conditions"), a.FindElement("./AuthnStatement")
	since := func(el *etree.Element, name string) time.Duration {
		at, err := time.Parse(time.RFC3339, attrOf(el, name))
		if err != nil {
			return 0
		}
		return at.Sub(now)
	}
	f := factsOf(root, idp)
	l := look{
		Issuer: masked(f.Issuer), Root: root.FullTag(), Assertion: a.FullTag(), Signature: a.FindElement("./Signature").FullTag(),
		ResponseSigned: f.ResponseSigned, AssertionSigned: f.AssertionSigned,
		NameID: f.NameID, Format: attrOf(a.FindElement("./Subject/NameID"), "Format"),
		Attributes: map[string][]string{},
		Before:     since(conditions, "NotBefore"), After: since(conditions, "NotOnOrAfter"), Session: since(authn, "SessionNotOnOrAfter"),
		IndexIsID: attrOf(authn, "SessionIndex") == attrOf(a, "ID"),
		Context:   allText(authn.FindElement("./AuthnContext/AuthnContextClassRef")),
	}
	l.PrefixList = attrOf(a.FindElement("./Signature/SignedInfo//InclusiveNamespaces"), "PrefixList")
	l.SubjectName = allText(a.FindElement("./Signature/KeyInfo/X509Data/X509SubjectName"))
	for i, el := range a.FindElements("./AttributeStatement/Attribute") {
		if i == 0 {
			l.NameFormat, l.Type = attrOf(el, "NameFormat"), attrOf(el.FindElement("./AttributeValue"), "xsi:type")
		}
		for _, v := range el.FindElements("./AttributeValue") {
			l.Attributes[attrOf(el, "Name")] = append(l.Attributes[attrOf(el, "Name")], masked(v.Text()))
		}
	}
	return l
}

const (
	unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	emailFormat = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	classes     = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
	nameFormats = "urn:oasis:names:tc:SAML:2.0:attrname-format:"
	claims2005  = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	identity    = "http://schemas.microsoft.com/identity/claims/"
)

func looks() map[samltest.Flavor]look {
	return map[samltest.Flavor]look{
		"": {
			Issuer: "https://idp.example/sim/metadata", Root: "samlp:Response", Assertion: "saml:Assertion", Signature: "ds:Signature",
			AssertionSigned: true, NameID: "ann@example.com", Format: emailFormat,
			Attributes: map[string][]string{"email": {"ann@example.com"}, "firstName": {"Ann"}, "lastName": {"Lee"}, "groups": {"staff", "admins"}},
			NameFormat: nameFormats + "basic", After: 5 * time.Minute, IndexIsID: true, Context: classes + "PasswordProtectedTransport",
		},
		samltest.Okta: {
			Issuer: "http://www.okta.com/exk*", Root: "saml2p:Response", Assertion: "saml2:Assertion", Signature: "ds:Signature",
			ResponseSigned: true, AssertionSigned: true, NameID: "ann@example.com", Format: unspecified,
			Attributes: map[string][]string{"email": {"ann@example.com"}, "firstName": {"Ann"}, "lastName": {"Lee"}, "groups": {"staff", "admins"}},
			NameFormat: nameFormats + "unspecified", Type: "xs:string", PrefixList: "xs",
			Before: -5 * time.Minute, After: 5 * time.Minute, Context: classes + "PasswordProtectedTransport",
		},
		samltest.Entra: {
			Issuer: "https://sts.windows.net/*/", Root: "samlp:Response", Assertion: "Assertion", Signature: "Signature",
			AssertionSigned: true, NameID: "ann@example.com", Format: emailFormat,
			Attributes: map[string][]string{
				identity + "tenantid": {"*"}, identity + "objectidentifier": {"*"}, identity + "displayname": {"Ann Lee"},
				identity + "identityprovider":                                    {"https://sts.windows.net/*/"},
				"http://schemas.microsoft.com/claims/authnmethodsreferences":     {"http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"},
				"http://schemas.microsoft.com/ws/2008/06/identity/claims/groups": {"*", "*"},
				claims2005 + "givenname":                                         {"Ann"}, claims2005 + "surname": {"Lee"},
				claims2005 + "emailaddress": {"ann@example.com"}, claims2005 + "name": {"ann@example.com"},
			},
			Before: -5 * time.Minute, After: time.Hour, IndexIsID: true, Context: classes + "Password",
		},
		samltest.Google: {
			Issuer: "https://accounts.google.com/o/saml2?idpid=C*", Root: "saml2p:Response", Assertion: "saml2:Assertion", Signature: "ds:Signature",
			AssertionSigned: true, NameID: "ann@example.com", Format: unspecified, Attributes: map[string][]string{},
			SubjectName: "CN=Test identity provider",
			Before:      -5 * time.Minute, After: 5 * time.Minute, IndexIsID: true, Context: classes + "unspecified",
		},
		samltest.OneLogin: {
			Issuer: "https://app.onelogin.com/saml/metadata/*", Root: "samlp:Response", Assertion: "saml:Assertion", Signature: "ds:Signature",
			AssertionSigned: true, NameID: "ann@example.com", Format: emailFormat,
			Attributes: map[string][]string{"email": {"ann@example.com"}, "firstName": {"Ann"}, "lastName": {"Lee"}, "memberOf": {"staff", "admins"}},
			NameFormat: nameFormats + "basic", Before: -3 * time.Minute, After: 3 * time.Minute, Session: 24 * time.Hour,
			Context: classes + "PasswordProtectedTransport",
		},
	}
}

func TestFlavors(t *testing.T) {
	t.Parallel()
	want := looks()
	if len(want) != len(samltest.Flavors())+1 {
		t.Errorf("%d flavours are looked at", len(want))
	}
	for flavor, want := range want {
		for _, indent := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s indent %t", flavor, indent), func(t *testing.T) {
				t.Parallel()
				idp := newIdP(t, &samltest.Options{Flavor: flavor, Indent: indent, Signing: samltest.SignP256})
				resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, ann())
				if err != nil {
					t.Fatal(err)
				}
				root := readResponse(t, resp)
				if diff := cmp.Diff(want, lookOf(t, idp, root)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if white := root.FindElement("./Issuer").Index() == 1; white != indent {
					t.Errorf("white space in front of the issuer: %t", white)
				}
				if !strings.Contains(string(idp.Metadata()), `entityID="`+idp.EntityID()+`"`) || masked(idp.EntityID()) != want.Issuer {
					t.Errorf("metadata of %q:\n%s", idp.EntityID(), idp.Metadata())
				}
			})
		}
	}
}

// What the options say goes before what the flavour does.
func TestOptionsBeforeFlavor(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, &samltest.Options{
		Flavor: samltest.Okta, EntityID: "urn:own", SignResponse: true, NameIDFormat: emailFormat, SessionFor: time.Hour,
	})
	resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, ann())
	if err != nil {
		t.Fatal(err)
	}
	root := readResponse(t, resp)
	f := factsOf(root, idp)
	if f.Issuer != "urn:own" || !f.ResponseSigned || root.FindElement("./Assertion/Signature") != nil || f.SessionEnds != at(time.Hour) {
		t.Errorf("%+v", f)
	}
	if got := attrOf(root.FindElement("./Assertion/Subject/NameID"), "Format"); got != emailFormat {
		t.Errorf("format %q", got)
	}
	if _, err := samltest.New(baseURL, nil, &samltest.Options{Flavor: "vanilla"}); err == nil {
		t.Error("a flavour that is none was taken")
	}
}

// Two customers of a product do not have one issuer; one customer has the same for ever.
func TestFlavorTenants(t *testing.T) {
	t.Parallel()
	for _, flavor := range samltest.Flavors() {
		var issuers []string
		for _, base := range []string{"https://one.example", "https://one.example/", "https://two.example"} {
			idp, err := samltest.New(base, nil, &samltest.Options{Flavor: flavor, Signing: samltest.SignP256})
			if err != nil {
				t.Fatal(err)
			}
			issuers = append(issuers, idp.EntityID())
		}
		if issuers[0] != issuers[1] || issuers[0] == issuers[2] {
			t.Errorf("%s: %q", flavor, issuers)
		}
	}
}

func attributesOf(t testing.TB, idp *samltest.IdP, p samltest.Person) (nameID string, attributes map[string][]string) {
	t.Helper()
	resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, p)
	if err != nil {
		t.Fatal(err)
	}
	root := readResponse(t, resp)
	attributes = map[string][]string{}
	for _, el := range root.FindElements("./Assertion/AttributeStatement/Attribute") {
		for _, v := range el.FindElements("./AttributeValue") {
			attributes[attrOf(el, "Name")] = append(attributes[attrOf(el, "Name")], v.Text())
		}
	}
	return root.FindElement("./Assertion/Subject/NameID").Text(), attributes
}

func TestEntraGuest(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, &samltest.Options{Flavor: samltest.Entra})
	p := ann()
	p.Guest = true
	nameID, attributes := attributesOf(t, idp, p)
	const upn = "ann_example.com#EXT#@tenant.onmicrosoft.com"
	if nameID != upn || attributes[claims2005+"name"][0] != upn || attributes[claims2005+"emailaddress"][0] != "ann@example.com" {
		t.Errorf("%q %v", nameID, attributes)
	}
}

func TestEntraGroups(t *testing.T) {
	t.Parallel()
	const groups, link = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "http://schemas.microsoft.com/claims/groups.link"
	idp := newIdP(t, &samltest.Options{Flavor: samltest.Entra})
	const id = "0a1b2c3d-0000-4000-8000-0123456789aB"
	p := ann()
	for range 148 {
		p.Groups = append(p.Groups, fmt.Sprint("group ", len(p.Groups)))
	}
	p.Groups[0] = id
	_, attributes := attributesOf(t, idp, p)
	if got := attributes[groups]; len(got) != 150 || got[0] != id || masked(got[1]) != "*" || got[1] == got[2] || attributes[link] != nil {
		t.Errorf("150 groups: %d, %v", len(got), attributes[link])
	}
	p.Groups = append(p.Groups, "one more")
	_, attributes = attributesOf(t, idp, p)
	if got := attributes[link]; attributes[groups] != nil || len(got) != 1 || masked(got[0]) != "https://graph.windows.net/*/users/*/getMemberObjects" {
		t.Errorf("151 groups: %v", attributes)
	}
}

func TestGoogleSendsWhatIsMapped(t *testing.T) {
	t.Parallel()
	p := ann()
	p.Attributes = map[string][]string{"department": {"R&D"}}
	_, attributes := attributesOf(t, newIdP(t, &samltest.Options{Flavor: samltest.Google}), p)
	if diff := cmp.Diff(p.Attributes, attributes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The attacks fit every flavour: they find the address wherever it is.
func TestAttacksOfEveryFlavor(t *testing.T) {
	t.Parallel()
	for _, flavor := range samltest.Flavors() {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			idp := newIdP(t, &samltest.Options{Flavor: flavor, Signing: samltest.SignP256})
			req := samltest.Request{ID: "id-request", Issuer: spEntity}
			if _, err := idp.Respond(req, ann()); err != nil { // to be replayed
				t.Fatal(err)
			}
			for _, attack := range samltest.Attacks() {
				resp, err := idp.Respond(req, ann(), attack)
				if err != nil {
					t.Errorf("%s: %v", attack, err)
					continue
				}
				if attack != samltest.Tampered && attack != samltest.Wrapped {
					continue
				}
				if f := factsOf(readResponse(t, resp), idp); f.NameID != "intruder@example.com" || f.AssertionSigned || f.ResponseSigned {
					t.Errorf("%s: %+v", attack, f)
				}
			}
		})
	}
}
