package saml_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

func TestNothingPostedIsInflated(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, base("both").sign(genuine(), signing{}))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = saml.ParseMessage(base64.StdEncoding.EncodeToString(packed.Bytes()))
	refused(t, nil, err, saml.CodeXML)
}

func TestSizeIsBoundedBeforeDecoding(t *testing.T) {
	t.Parallel()
	padded := func(n int) string {
		doc := base("assertion").sign(genuine(), signing{})
		return base64.StdEncoding.EncodeToString([]byte(doc + strings.Repeat(" ", n-len(doc))))
	}
	fits := padded(3 * (1 << 20) / 4)
	if len(fits) != 1<<20 {
		t.Fatal(len(fits))
	}
	if _, err := saml.ParseMessage(fits); err != nil {
		t.Fatal(explain(err))
	}
	_, err := saml.ParseMessage(fits + "\n")
	refused(t, nil, err, saml.CodeSize)

	post := func(body string) error {
		r := httptest.NewRequest(http.MethodPost, "/acs", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		_, err := saml.ReadMessage(httptest.NewRecorder(), r)
		return err
	}
	if err := post("RelayState=x&SAMLResponse=" + url.QueryEscape(fits)); err != nil {
		t.Fatal(explain(err))
	}
	refused(t, nil, post("SAMLResponse="+strings.Repeat("A", 2<<20)), saml.CodeSize)
	refused(t, nil, post("x="+strings.Repeat("A", 2<<20)), saml.CodeSize)
}

// Decided within the budget, however the document is built. The time is
// generous, for machines under load; without the caps these take many seconds.
func TestCostIsBounded(t *testing.T) {
	t.Parallel()
	signed := base("assertion").sign(genuine(), signing{})
	accepted(t, signed)
	in := func(junk string) string { return strings.Replace(signed, "<samlp:Status>", junk+"<samlp:Status>", 1) }
	var declarations, attributes, chain strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&declarations, ` xmlns:n%d="urn:n"`, i)
		fmt.Fprintf(&attributes, ` a%d=""`, i)
	}
	for i := range 40 {
		fmt.Fprintf(&chain, `<x xmlns:n%d="urn:n">`, i)
	}
	for name, doc := range map[string]string{
		"33 deep":                    in(strings.Repeat("<x>", 33) + strings.Repeat("</x>", 33)),
		"100,000 deep":               in(strings.Repeat("<x>", 100_000) + strings.Repeat("</x>", 100_000)),
		"100,000 deep, never closed": strings.Repeat("<x>", 100_000),
		"10,001 elements":            in(strings.Repeat("<x/>", 10_001)),
		"100,000 elements":           in(strings.Repeat("<x/>", 100_000)),
		"20,000 namespaces":          in("<x" + declarations.String() + "/>" + strings.Repeat("<y/>", 900)),
		"33 namespaces, nested":      in(chain.String() + strings.Repeat("</x>", 40)),
		"20,000 attributes":          in("<x" + attributes.String() + "/>"),
		"65 attributes":              in("<x" + attributes.String()[:strings.Index(attributes.String(), " a65=")] + "/>"),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			got, err := login(doc)
			refused(t, got, err, saml.CodeXML)
			if took := time.Since(start); took > 20*time.Second { // milliseconds, on a machine with nothing else to do
				t.Errorf("took %s", took)
			}
		})
	}
}

// The caps leave room: 9,000 values, 30 levels and 20 namespaces in scope log in.
func TestRoomForRealDocuments(t *testing.T) {
	t.Parallel()
	var values, declared strings.Builder
	for i := range 9000 {
		fmt.Fprintf(&values, "<saml:AttributeValue>g%d</saml:AttributeValue>", i)
	}
	for i := range 20 {
		fmt.Fprintf(&declared, ` xmlns:n%d="urn:n:%d"`, i, i)
	}
	doc := replace(t, genuine(), `<saml:AttributeValue>red</saml:AttributeValue>`, values.String())
	doc = replace(t, doc, ` ID="resp-1"`, declared.String()+` ID="resp-1"`)
	doc = replace(t, doc, "<samlp:Status>", "<samlp:Extensions>"+strings.Repeat("<n1:x>", 28)+strings.Repeat("</n1:x>", 28)+"</samlp:Extensions><samlp:Status>")
	for _, b := range bases() {
		if id := accepted(t, b.sign(doc, signing{})); len(id.Groups) != 9001 {
			t.Errorf("%s: %d groups", b, len(id.Groups))
		}
	}
}

func TestManySignaturesAndCertificates(t *testing.T) {
	t.Parallel()
	signed := base("assertion").sign(genuine(), signing{})
	p := cut(t, signed)
	got, err := login(strings.Replace(signed, p.assertionSig, strings.Repeat(p.assertionSig, 100), 1))
	refused(t, got, err, saml.CodeProfile)

	idp := theirIdP()
	for range 50 {
		idp.Certificates = append(theirIdP("attacker").Certificates, idp.Certificates...)
	}
	id, err := finish(signed, idp, nil, ourRequest(), clock())
	if err != nil || id.Certificate != 50 {
		t.Fatalf("%v %v", id, err)
	}
}
