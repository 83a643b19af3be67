package samltest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml/samltest"
)

func TestTrustRefuses(t *testing.T) {
	t.Parallel()
	good := string(spMetadata(spEntity, spACS, "", false))
	idp := newIdP(t, nil)
	if err := idp.Trust([]byte(good)); err != nil {
		t.Fatalf("control: %v", err)
	}
	replace := func(old, with string) string {
		changed := strings.Replace(good, old, with, 1)
		if changed == good {
			t.Fatalf("%q is not in the metadata", old)
		}
		return changed
	}
	for name, metadata := range map[string]string{
		"nothing":             "",
		"text":                "hello",
		"cut off":             good[:len(good)-5],
		"two roots":           good + good,
		"text behind":         good + "x",
		"doctype":             "<!DOCTYPE x>" + good,
		"entity":              `<!DOCTYPE x [<!ENTITY a "b">]>` + good,
		"instruction":         good + "<?php x?>",
		"other root":          strings.ReplaceAll(good, "md:EntityDescriptor", "md:EntitiesDescriptor"),
		"other namespace":     strings.ReplaceAll(good, "SAML:2.0:metadata", "SAML:1.0:metadata"),
		"no entity ID":        replace(`entityID="`+spEntity+`"`, ""),
		"entity ID twice":     replace(`entityID="`, `entityID="x" entityID="`),
		"long entity ID":      replace(spEntity, strings.Repeat("a", 1025)),
		"no role":             strings.ReplaceAll(good, "SPSSODescriptor", "IDPSSODescriptor"),
		"other protocol":      replace("urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.1:protocol"),
		"no POST binding":     replace("bindings:HTTP-POST", "bindings:HTTP-Artifact"),
		"script as address":   replace(spACS, "javascript:alert(1)"),
		"relative address":    replace(spACS, "/acs"),
		"over":                replace("entityID=", `validUntil="2026-03-04T05:06:07Z" entityID=`),
		"odd validity":        replace("entityID=", `validUntil="tomorrow" entityID=`),
		"signed without cert": replace(`AuthnRequestsSigned="false"`, `AuthnRequestsSigned="1"`),
		"cert not base64":     string(spMetadata(spEntity, spACS, `<md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>??</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`, false)),
		"cert not DER":        string(spMetadata(spEntity, spACS, `<md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>aGVsbG8=</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`, false)),
		"too large":           good + strings.Repeat(" ", 1<<20),
		"too deep":            strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100),
		"too many elements":   "<a>" + strings.Repeat("<b/>", 6000) + "</a>",
		"UTF-16 declared":     `<?xml version="1.0" encoding="UTF-16"?>` + good,
	} {
		if err := idp.Trust([]byte(metadata)); !errors.Is(err, samltest.ErrMetadata) {
			t.Errorf("%s: %v", name, err)
		} else if !strings.HasPrefix(err.Error(), "samltest: ") {
			t.Errorf("%s: message %q", name, err)
		}
	}
}

func TestTrustTakes(t *testing.T) {
	t.Parallel()
	good := string(spMetadata(spEntity, spACS, "", false))
	for name, metadata := range map[string]string{
		"declaration": `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + good,
		"comment":     "<!-- ours -->" + good,
		"valid until": strings.Replace(good, "entityID=", `validUntil="2026-03-04T05:06:08Z" entityID=`, 1),
		"byte order":  "\ufeff" + good,
	} {
		if err := newIdP(t, nil).Trust([]byte(metadata)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyTrustedAddressesAreAnswered(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	two := strings.Replace(string(spMetadata("https://two.example", "https://two.example/first", "", false)),
		"</md:SPSSODescriptor>", `<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://two.example/second" index="7" isDefault="true"/></md:SPSSODescriptor>`, 1)
	if err := idp.Trust([]byte(two)); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		issuer, acs, want string
		err               error
	}{
		"default":         {"https://two.example", "", "https://two.example/second", nil},
		"not the default": {"https://two.example", "https://two.example/first", "https://two.example/first", nil},
		"another's":       {"https://two.example", spACS, "", samltest.ErrUntrusted},
		"below":           {"https://two.example", "https://two.example/first/x", "", samltest.ErrUntrusted},
		"unknown":         {"https://three.example", "", "", samltest.ErrUntrusted},
		"nobody":          {"", "", "", samltest.ErrUntrusted},
	} {
		resp, err := idp.Respond(samltest.Request{ID: "id-1", Issuer: tc.issuer, ACS: tc.acs}, ann())
		if !errors.Is(err, tc.err) || resp.ACS != tc.want {
			t.Errorf("%s: %q, %v", name, resp.ACS, err)
		}
	}
	if _, err := idp.Unsolicited("https://three.example", ann()); !errors.Is(err, samltest.ErrUntrusted) {
		t.Errorf("unsolicited to a stranger: %v", err)
	}
	if _, err := idp.Respond(samltest.Request{Issuer: spEntity}, ann()); !errors.Is(err, samltest.ErrRequest) {
		t.Errorf("request without ID: %v", err)
	}
	if _, err := idp.Unsolicited(spEntity, samltest.Person{}); err == nil {
		t.Error("a person without an address was vouched for")
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "/idp", "idp.example", "ftp://idp.example", "https://idp.example?x=1", "https://u:p@idp.example", "https://idp.example#x", "https://%zz"} {
		if _, err := samltest.New(base, nil, nil); err == nil {
			t.Errorf("base URL %q was taken", base)
		}
	}
	for _, people := range [][]samltest.Person{{{}}, {ann(), ann()}} {
		if _, err := samltest.New(baseURL, people, nil); err == nil {
			t.Errorf("people %v were taken", people)
		}
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	idp, err := samltest.New(baseURL+"/", nil, &samltest.Options{EntityID: "urn:idp"})
	if err != nil {
		t.Fatal(err)
	}
	got := string(idp.Metadata())
	for _, want := range []string{
		`entityID="urn:idp"`, keyDescriptor(idp.Certificate()),
		fmt.Sprintf(`Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="%s/sso"`, baseURL),
		fmt.Sprintf(`Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="%s/sso"`, baseURL),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("metadata lacks %s:\n%s", want, got)
		}
	}
	if idp.EntityID() != "urn:idp" || idp.SSOURL() != baseURL+"/sso" {
		t.Errorf("%q at %q", idp.EntityID(), idp.SSOURL())
	}
	if newIdP(t, nil).EntityID() != baseURL+"/metadata" {
		t.Error("default entity ID")
	}
}

func TestRotate(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	before := idp.Certificate()
	if err := idp.Rotate(); err != nil {
		t.Fatal(err)
	}
	after := idp.Certificate()
	metadata := string(idp.Metadata())
	first, second := strings.Index(metadata, keyDescriptor(after)), strings.Index(metadata, keyDescriptor(before))
	if first < 0 || second < first {
		t.Errorf("the new certificate is at %d and the old one at %d of the metadata", first, second)
	}
	resp, err := idp.Unsolicited(spEntity, ann())
	if err != nil {
		t.Fatal(err)
	}
	a := readResponse(t, resp).FindElement("./Assertion")
	if _, err := verify(a, after); err != nil {
		t.Errorf("the new certificate does not verify: %v", err)
	}
	if _, err := verify(a, before); err == nil {
		t.Error("the old certificate verifies")
	}
}

// The caller's slices and maps are not kept.
func TestNewCopiesPeople(t *testing.T) {
	t.Parallel()
	s := serve(t)
	people := []samltest.Person{ann()}
	idp, err := samltest.New(s.URL, people, nil)
	if err != nil {
		t.Fatal(err)
	}
	people[0].Email = "changed@example.com"
	if err := idp.Trust(spMetadata(spEntity, spACS, "", false)); err != nil {
		t.Fatal(err)
	}
	if page := get(t, idp, "/sso?sp="+spEntity).Body.String(); !strings.Contains(page, "ann@example.com") {
		t.Errorf("page:\n%s", page)
	}
}
