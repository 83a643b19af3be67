package saml_test

import (
	"compress/flate"
	"encoding/base64"
	"encoding/pem"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/accesssec/accesssec-go/saml"
)

// outboundDir names a directory where TestOutbound leaves what it made, for judges that
// are not Go: .ci/schemas.sh holds it to the schemas of OASIS and has xmlsec1 verify the
// signatures, by the certificate in key.pem.
const outboundDir = "ACCESSSEC_TEST_OUTBOUND"

// TestOutbound makes one of each kind of document that leaves here.
func TestOutbound(t *testing.T) {
	t.Parallel()
	dir := os.Getenv(outboundDir)
	if dir == "" {
		dir = t.TempDir()
	}
	for name, doc := range outbound(t) {
		parsed := etree.NewDocument()
		if err := parsed.ReadFromBytes(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if strings.HasSuffix(name, "-signed") {
			verifySigned(t, first(parsed), keys()["idp"].cert)
		}
		save(t, dir, name+".xml", doc)
	}
	save(t, dir, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: keys()["idp"].cert.Raw}))
}

// first moves the signature to the front, which the enveloped transform does not see.
func first(doc *etree.Document) []byte {
	root := doc.Root()
	sig := root.SelectElement("Signature")
	root.RemoveChild(sig)
	root.InsertChildAt(0, sig)
	out, err := doc.WriteToBytes()
	if err != nil {
		panic(err)
	}
	return out
}

func save(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// outbound is every document by a name; a signed one ends in -signed.
func outbound(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for name, opts := range map[string]*saml.MetadataOptions{
		"": nil, "-signed": {Sign: true}, "-encryption": {Encryption: true}, "-encryption-signed": {Encryption: true, Sign: true},
	} {
		for kind, sp := range map[string]saml.SP{
			"metadata":         {EntityID: spID, ACS: acs, Keys: ring("idp")},
			"metadata-logout":  {EntityID: spID, ACS: acs, SLO: "https://sp.example/slo?a=1&b=2", Keys: ring("idp", "second")},
			"metadata-keyless": {EntityID: spID, ACS: acs, SLO: "https://sp.example/slo"},
		} {
			if kind == "metadata-keyless" && opts != nil {
				continue // both options need a key
			}
			doc, err := sp.Metadata(opts)
			if err != nil {
				t.Fatal(explain(err))
			}
			out[kind+name] = doc
		}
	}
	for name, opts := range map[string]*saml.StartOptions{
		"": nil, "-options": {ForceAuthn: true, IsPassive: true},
	} {
		for _, binding := range []saml.Binding{saml.Redirect, saml.POST} {
			for signed, keys := range map[string][]saml.Key{"": nil, "-signed": ring("idp")} {
				idp := theirIdP()
				idp.SSO.Binding = binding
				sp := &saml.SP{EntityID: spID, ACS: acs, Keys: keys}
				_, bounce, err := sp.Start(idp, opts, clock())
				if err != nil {
					t.Fatal(explain(err))
				}
				if binding == saml.Redirect {
					signed = strings.Replace(signed, "-signed", "-query", 1) // the signature is in the query
				}
				out["authnrequest-"+string(binding)+name+signed] = carried(t, bounce, "SAMLRequest")
			}
		}
	}
	return out
}

// carried is the document in a bounce, as a browser would carry it.
func carried(t *testing.T, bounce *saml.Bounce, field string) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	bounce.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	text, packed := "", false
	if to := w.Header().Get("Location"); to != "" {
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		text, packed = u.Query().Get(field), true
	} else if m := regexp.MustCompile(`name="` + field + `" value="([^"]*)"`).FindStringSubmatch(w.Body.String()); m != nil {
		text = html.UnescapeString(m[1])
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 {
		t.Fatalf("no %s in the bounce: %v", field, err)
	}
	if packed {
		if raw, err = io.ReadAll(flate.NewReader(strings.NewReader(string(raw)))); err != nil {
			t.Fatal(err)
		}
	}
	return raw
}
