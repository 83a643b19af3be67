package saml_test

import (
	"encoding/pem"
	"os"
	"path/filepath"
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
	for _, binding := range []saml.Binding{saml.Redirect, saml.POST} {
		requests(t, binding, out)
		logouts(t, binding, out)
	}
	return out
}

// requests are AuthnRequests; over the redirect binding their signature is in the query.
func requests(t *testing.T, binding saml.Binding, out map[string][]byte) {
	t.Helper()
	for name, opts := range map[string]*saml.StartOptions{
		"": nil, "-options": {ForceAuthn: true, IsPassive: true, NameIDFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", AuthnContext: []string{"urn:a", "urn:b"}},
	} {
		for signed, keys := range map[string][]saml.Key{"": nil, "-signed": ring("idp")} {
			idp := theirIdP()
			idp.SSO.Binding = binding
			sp := &saml.SP{EntityID: spID, ACS: acs, Keys: keys}
			_, bounce, err := sp.Start(idp, opts, clock())
			if err != nil {
				t.Fatal(explain(err))
			}
			if binding == saml.Redirect && keys != nil {
				signed = "-query"
			}
			out["authnrequest-"+string(binding)+name+signed] = []byte(sent(t, bounce, "SAMLRequest"))
		}
	}
}

// logouts are LogoutRequests and both answers to one, which are always signed.
func logouts(t *testing.T, binding saml.Binding, out map[string][]byte) {
	t.Helper()
	sp := &saml.SP{EntityID: spID, ACS: acs, SLO: "https://sp.example/slo", Keys: ring("idp")}
	idp := theirIdP()
	idp.SLO = saml.Endpoint{URL: "https://idp.example/slo", Binding: binding}
	name := saml.NameID{Value: "ann", Format: "urn:f", NameQualifier: "n", SPNameQualifier: "s"}
	bounces := map[string]*saml.Bounce{}
	for kind, index := range map[string]string{"logoutrequest": "", "logoutrequest-session": "sess-1"} {
		_, bounce, err := sp.StartLogout(idp, name, index, nil, clock())
		if err != nil {
			t.Fatal(explain(err))
		}
		bounces[kind] = bounce
	}
	for kind, done := range map[string]bool{"logoutresponse": true, "logoutresponse-partial": false} {
		bounce, err := sp.AnswerLogout(idp, &saml.Logout{ID: "lo-1", NameID: name}, done, clock())
		if err != nil {
			t.Fatal(explain(err))
		}
		bounces[kind] = bounce
	}
	for kind, bounce := range bounces {
		field, suffix := "SAMLRequest", "-query"
		if strings.HasPrefix(kind, "logoutresponse") {
			field = "SAMLResponse"
		}
		if binding == saml.POST {
			suffix = "-signed"
		}
		out[kind+"-"+string(binding)+suffix] = []byte(sent(t, bounce, field))
	}
}
