package saml_test

import (
	"encoding/base64"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

// judged wants an identity or an *Error, never both and never neither.
func judged(t *testing.T, id *saml.Identity, err error) {
	t.Helper()
	var e *saml.Error
	if (id == nil) == (err == nil) || err != nil && !errors.As(err, &e) {
		t.Fatalf("identity %v, error %v", id, err)
	}
	if e != nil && e.Err != nil && strings.Contains(e.Err.Error(), "saml: panic") {
		t.Fatalf("panicked: %v", e.Err)
	}
}

// FuzzFinish gives Finish any document at all.
func FuzzFinish(f *testing.F) {
	for _, b := range bases() {
		f.Add(b.sign(genuine(), signing{}))
	}
	f.Add(unmark(genuine()))
	f.Add(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>`)
	f.Fuzz(func(t *testing.T, doc string) {
		id, err := login(doc)
		judged(t, id, err)
	})
}

// FuzzFinishSigned has the provider sign whatever well-formed content there is, so
// that the readers behind the signature are reached.
func FuzzFinishSigned(f *testing.F) {
	whole := genuine()
	i := strings.Index(whole, "<saml:Subject>")
	j := strings.Index(whole, "</saml:Assertion>")
	f.Add(whole[i:j], false)
	f.Add(whole[i:j], true)
	f.Add(`<saml:Subject><saml:NameID>a</saml:NameID></saml:Subject><saml:Conditions NotBefore="x"/>`, true)
	f.Add(`<saml:AttributeStatement><saml:Attribute Name="mail"><saml:AttributeValue>a@b.example</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>`, false)
	f.Fuzz(func(t *testing.T, content string, response bool) {
		if etree.NewDocument().ReadFromString(unmark(whole[:i])+content+whole[j:]) != nil {
			return // nothing that anyone could sign
		}
		b := base("assertion")
		if response {
			b = "response"
		}
		doc, ok := signable(b, whole[:i]+content+whole[j:])
		if !ok {
			return
		}
		id, err := login(doc)
		judged(t, id, err)
		if id != nil && (id.NameID.Value == "" || id.AssertionID != "asrt-1" || id.ReplayUntil.After(clock().Add(25*time.Hour))) {
			t.Fatalf("%+v", id)
		}
	})
}

// signable signs unless the content has what the forge's own tools cannot write.
func signable(b base, doc string) (signed string, ok bool) {
	defer func() { ok = recover() == nil }()
	return b.sign(doc, signing{}), true
}

// FuzzFinishMutated is an oracle: whatever is done to a genuine login, in whatever way it
// was written and signed, it is refused or it still says exactly what was signed. Up to
// three places of a document are replaced, and pieces are taken from other places of it.
// Our own engine is alone for it, but for one in eight.
func FuzzFinishMutated(f *testing.F) {
	all := dialects()
	for n := range all {
		f.Add(uint8(n), uint16(700), uint16(10), uint16(0), uint16(0), intruder, uint16(0), uint16(0), "")
		f.Add(uint8(n), uint16(500), uint16(0), uint16(500), uint16(900), "", uint16(1200), uint16(3), "<!-- -->")
		f.Add(uint8(n), uint16(2400), uint16(0), uint16(300), uint16(2100), "<ds:Object>", uint16(40), uint16(0), ` ID="x"`)
	}
	f.Fuzz(func(t *testing.T, which uint8, at, drop, from, length uint16, text string, at2, drop2 uint16, text2 string) {
		d := all[int(which)%len(all)]
		doc := signedDialects()[d.name]
		piece := doc[min(int(from), len(doc)):min(int(from)+int(length), len(doc))]
		mutated := splice(splice(doc, int(at), int(drop), text+piece), int(at2), int(drop2), text2)
		rules := engineOnly()
		if which >= 224 {
			rules = nil
		}
		id, err := d.login(mutated, rules)
		judged(t, id, err)
		if err != nil {
			return
		}
		if diff := cmp.Diff(genuineIdentity(), id); diff != "" {
			t.Fatalf("another identity is accepted: %s\n%s", diff, mutated)
		}
	})
}

func splice(s string, at, drop int, in string) string {
	at = min(at, len(s))
	return s[:at] + in + s[min(at+drop, len(s)):]
}

func FuzzParseMetadata(f *testing.F) {
	good := entity(idpID, "", keyDescriptor("", "idp")+sso("HTTP-Redirect", "https://idp.example/sso"))
	f.Add(good, "")
	f.Add(entities(good, good), idpID)
	f.Add("<a>&b;&#1;&", "")
	f.Fuzz(func(t *testing.T, doc, id string) {
		idp, err := saml.ParseMetadata([]byte(doc), id)
		if (idp == nil) == (err == nil) {
			t.Fatalf("%v %v", idp, err)
		}
		if idp != nil && (len(idp.Certificates) == 0 || idp.EntityID == "" || idp.SSO.URL == "") {
			t.Fatalf("an incomplete provider: %+v", idp)
		}
		var e *saml.Error
		if err != nil && (!errors.As(err, &e) || e.Err != nil && strings.Contains(e.Err.Error(), "saml: panic")) {
			t.Fatal(err)
		}
	})
}

func FuzzParseCertificates(f *testing.F) {
	raw := keys()["ec"].cert.Raw
	f.Add(raw)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n" + base64.StdEncoding.EncodeToString(raw) + "\n-----END CERTIFICATE-----\n"))
	f.Add([]byte(base64.StdEncoding.EncodeToString(raw)))
	f.Add([]byte("<xml/>"))
	f.Fuzz(func(t *testing.T, file []byte) {
		certs, err := saml.ParseCertificates(file)
		if (len(certs) == 0) == (err == nil) {
			t.Fatalf("%d certificates, %v", len(certs), err)
		}
		var e *saml.Error
		if err != nil && (!errors.As(err, &e) || e.Err != nil && strings.Contains(e.Err.Error(), "saml: panic")) {
			t.Fatal(err)
		}
	})
}

func FuzzReadMessage(f *testing.F) {
	good := base64.StdEncoding.EncodeToString([]byte(base("assertion").sign(genuine(), signing{})))
	f.Add("application/x-www-form-urlencoded", "SAMLResponse="+strings.ReplaceAll(good, "+", "%2B"))
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"SAMLResponse\"\r\n\r\nPGEvPg==\r\n--x--")
	f.Add("", "%")
	f.Fuzz(func(t *testing.T, kind, body string) {
		r := httptest.NewRequest("POST", "/acs", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		m, err := saml.ReadMessage(httptest.NewRecorder(), r)
		if err != nil {
			refusedAny(t, err)
			id, again := ourSP().Finish(theirIdP(), nil, m, ourRequest(), clock())
			if id != nil || again == nil {
				t.Fatal("what could not be read was accepted")
			}
			refusedAny(t, again)
			return
		}
		_ = m.InResponseTo()
		id, err := ourSP().Finish(theirIdP(), nil, m, ourRequest(), clock())
		judged(t, id, err)
	})
}

func refusedAny(t *testing.T, err error) {
	t.Helper()
	var e *saml.Error
	if !errors.As(err, &e) {
		t.Fatalf("not an *Error: %v", err)
	}
}
