package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/accesssec/accesssec-go/saml"
)

func signingSP() *saml.SP {
	sp := ourSP()
	sp.Keys = []saml.Key{{Signer: keys()["idp"].key, Cert: keys()["idp"].cert}, {Signer: keys()["second"].key, Cert: keys()["second"].cert}}
	return sp
}

func unpack(t *testing.T, v string) *etree.Element {
	t.Helper()
	return rootOf(t, []byte(inflate(t, v)))
}

func inflate(t testing.TB, v string) string {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(v)
	if err != nil {
		t.Fatal(err)
	}
	xml, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		t.Fatal(err)
	}
	return string(xml)
}

func rootOf(t *testing.T, xml []byte) *etree.Element {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(xml); err != nil {
		t.Fatal(err)
	}
	return doc.Root()
}

func TestStartRedirect(t *testing.T) {
	t.Parallel()
	idp := &saml.IdP{EntityID: idpID, SSO: saml.Endpoint{URL: "https://idp.example/sso?tenant=a%20b#top"}}
	req, b, err := signingSP().Start(idp, &saml.StartOptions{ForceAuthn: true, IsPassive: true}, clock())
	if err != nil {
		t.Fatal(explain(err))
	}
	if !regexp.MustCompile(`^req-[a-z2-7]{32}$`).MatchString(req.ID) || !req.ExpiresAt.Equal(clock().Add(10*time.Minute)) {
		t.Errorf("%+v", req)
	}
	u, err := url.Parse(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	if u.Query().Get("tenant") != "a b" || u.Fragment != "" || u.Host != "idp.example" {
		t.Errorf("URL = %s", b.URL())
	}
	root := unpack(t, u.Query().Get("SAMLRequest"))
	want := map[string]string{"ID": req.ID, "Version": "2.0", "IssueInstant": at(0), "Destination": idp.SSO.URL, "AssertionConsumerServiceURL": acs,
		"ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", "ForceAuthn": "true", "IsPassive": "true"}
	for name, v := range want {
		if got := root.SelectAttrValue(name, ""); got != v {
			t.Errorf("%s = %q, want %q", name, got, v)
		}
	}
	if got := root.FindElement("saml:Issuer").Text(); got != spID {
		t.Errorf("Issuer = %q", got)
	}
	for _, name := range []string{"samlp:NameIDPolicy", "samlp:RequestedAuthnContext", "ds:Signature"} {
		if root.FindElement(name) != nil {
			t.Errorf("%s is in the request", name)
		}
	}
	// The signature is over the octets as they stand in the query, in this order.
	raw := u.RawQuery[strings.Index(u.RawQuery, "SAMLRequest="):]
	over, _, ok := strings.Cut(raw, "&Signature=")
	if !ok || !regexp.MustCompile(`^SAMLRequest=[^&]+&SigAlg=[^&]+$`).MatchString(over) {
		t.Fatalf("query = %s", raw)
	}
	if alg := u.Query().Get("SigAlg"); alg != "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" {
		t.Errorf("SigAlg = %q", alg)
	}
	verifyOctets(t, "idp", over, u.Query().Get("Signature"))
}

// TestStartAsksForWhatIsWished, in the order of the schema, in both bindings.
func TestStartAsksForWhatIsWished(t *testing.T) {
	t.Parallel()
	const persistent, transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	for name, c := range map[string]struct {
		opts saml.StartOptions
		want string // behind the issuer
	}{
		"nothing":   {saml.StartOptions{}, ``},
		"a handle":  {saml.StartOptions{RelayState: "Handle-1._~"}, ``},
		"a format":  {saml.StartOptions{NameIDFormat: persistent}, `<samlp:NameIDPolicy AllowCreate="true" Format="` + persistent + `"></samlp:NameIDPolicy>`},
		"transient": {saml.StartOptions{NameIDFormat: transient}, `<samlp:NameIDPolicy Format="` + transient + `"></samlp:NameIDPolicy>`},
		"a context": {saml.StartOptions{AuthnContext: []string{"urn:a"}}, `<samlp:RequestedAuthnContext Comparison="exact"><saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`},
		"everything": {saml.StartOptions{ForceAuthn: true, IsPassive: true, NameIDFormat: "urn:f", AuthnContext: []string{"urn:a", "urn:b?c=1&d"}, RelayState: "r"},
			`<samlp:NameIDPolicy AllowCreate="true" Format="urn:f"></samlp:NameIDPolicy><samlp:RequestedAuthnContext Comparison="exact"><saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef><saml:AuthnContextClassRef>urn:b?c=1&amp;d</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`},
	} {
		for _, binding := range []saml.Binding{saml.Redirect, saml.POST} {
			t.Run(string(binding)+" "+name, func(t *testing.T) {
				t.Parallel()
				idp := theirIdP()
				idp.SSO.Binding = binding
				_, b, err := signingSP().Start(idp, &c.opts, clock())
				if err != nil {
					t.Fatal(explain(err))
				}
				doc := strings.ReplaceAll(bare(t, sent(t, b, "SAMLRequest")), ` xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`, "")
				_, behind, _ := strings.Cut(doc, "</saml:Issuer>")
				if behind != c.want+"</samlp:AuthnRequest>" {
					t.Errorf("%s", doc)
				}
				for attr, want := range map[string]bool{"ForceAuthn": c.opts.ForceAuthn, "IsPassive": c.opts.IsPassive} {
					if strings.Contains(doc, ` `+attr+`="true"`) != want || strings.Contains(doc, attr) != want {
						t.Errorf("%s: %s", attr, doc)
					}
				}
				r := follow(t, b)
				if r.Method == "POST" {
					if err := r.ParseForm(); err != nil {
						t.Fatal(err)
					}
					if got, there := r.PostForm["RelayState"]; there != (c.opts.RelayState != "") || there && got[0] != c.opts.RelayState {
						t.Errorf("RelayState = %q", got)
					}
					return
				}
				over, _, _ := strings.Cut(r.URL.RawQuery, "&Signature=")
				want := `^SAMLRequest=[^&]+&SigAlg=[^&]+$`
				if c.opts.RelayState != "" {
					want = `^SAMLRequest=[^&]+&RelayState=` + regexp.QuoteMeta(c.opts.RelayState) + `&SigAlg=[^&]+$`
				}
				if !regexp.MustCompile(want).MatchString(over) {
					t.Errorf("query = %s", over)
				}
				verifyOctets(t, "idp", over, r.URL.Query().Get("Signature"))
			})
		}
	}
}

func TestStartRefusesBadWishes(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]saml.StartOptions{
		"a format with spaces": {NameIDFormat: "urn:a b"}, "a format beyond ASCII": {NameIDFormat: "urn:é"}, "a long format": {NameIDFormat: strings.Repeat("u", 1025)},
		"an empty context": {AuthnContext: []string{"urn:a", ""}}, "a context with a line end": {AuthnContext: []string{"urn:a\n"}}, "17 contexts": {AuthnContext: make([]string, 17)},
		"a URL to return to": {RelayState: "https://app.example/"}, "a long RelayState": {RelayState: strings.Repeat("a", 81)},
	} {
		req, b, err := ourSP().Start(theirIdP(), &opts, clock())
		if b != nil || req != (saml.Request{}) {
			t.Errorf("%s: %+v %v", name, req, b)
		}
		refused(t, nil, err, saml.CodeConfig)
	}
}

// verifyOctets checks a Redirect signature by RSA with SHA-256.
func verifyOctets(t *testing.T, by, octets, signature string) {
	t.Helper()
	sig, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(octets))
	if err := rsa.VerifyPKCS1v15(keys()[by].key.Public().(*rsa.PublicKey), crypto.SHA256, sum[:], sig); err != nil {
		t.Error(err)
	}
}

func TestStartUnsigned(t *testing.T) {
	t.Parallel()
	_, b, err := ourSP().Start(theirIdP(), nil, clock())
	if err != nil {
		t.Fatal(explain(err))
	}
	if q := strings.TrimPrefix(b.URL(), "https://idp.example/sso?"); !regexp.MustCompile(`^SAMLRequest=[^&]+$`).MatchString(q) {
		t.Errorf("URL = %s", b.URL())
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 303 || w.Header().Get("Location") != b.URL() || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestStartPost(t *testing.T) {
	t.Parallel()
	idp := theirIdP()
	idp.SSO = saml.Endpoint{URL: `https://idp.example/sso?a="><script>&b=1`, Binding: saml.POST}
	for _, sp := range []*saml.SP{ourSP(), signingSP()} {
		req, b, err := sp.Start(idp, nil, clock())
		if err != nil {
			t.Fatal(explain(err))
		}
		w := httptest.NewRecorder()
		b.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		page := w.Body.String()
		if b.URL() != idp.SSO.URL || w.Code != 200 || strings.Count(page, "<script>") != 1 || !strings.Contains(page, `<button type="submit">`) {
			t.Fatalf("%d %s", w.Code, page)
		}
		script := page[strings.Index(page, "<script>")+len("<script>") : strings.Index(page, "</script>")]
		sum := sha256.Sum256([]byte(script))
		csp := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'", "form-action https:;", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("CSP %q lacks %q", csp, want)
			}
		}
		for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin", "Content-Type": "text/html; charset=utf-8"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s = %q", name, got)
			}
		}
		field := regexp.MustCompile(`name="SAMLRequest" value="([^"]*)"`).FindStringSubmatch(page)
		xml, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(field[1], "&#43;", "+"))
		if err != nil {
			t.Fatal(err)
		}
		root := rootOf(t, xml)
		if root.SelectAttrValue("ID", "") != req.ID || root.ChildElements()[0].Tag != "Issuer" {
			t.Errorf("%s", xml)
		}
		if len(sp.Keys) == 0 {
			if root.FindElement("ds:Signature") != nil {
				t.Error("signed without a key")
			}
			continue
		}
		if root.ChildElements()[1].Tag != "Signature" {
			t.Errorf("the signature is not after the issuer: %s", xml)
		}
		ctx := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{keys()["idp"].cert}})
		ctx.Clock = dsig.NewFakeClockAt(clock())
		if _, err := ctx.Validate(root); err != nil {
			t.Error(err)
		}
		if !strings.Contains(string(xml), excC14N) || strings.Contains(string(xml), "c14n11") {
			t.Error("not exclusive canonicalization")
		}
	}
	idp.SSO.URL = "http://localhost/sso"
	_, b, err := ourSP().Start(idp, nil, clock())
	if err != nil {
		t.Fatal(explain(err))
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action https: http:") {
		t.Errorf("CSP = %q", csp)
	}
}

func TestStartRefusesBadConfiguration(t *testing.T) {
	t.Parallel()
	at := func(url string) *saml.IdP { return &saml.IdP{EntityID: idpID, SSO: saml.Endpoint{URL: url}} }
	wants := at("https://idp.example/sso")
	wants.SignRequests = true
	binding := at("https://idp.example/sso")
	binding.SSO.Binding = "artifact"
	weak := ourSP()
	weak.Keys = []saml.Key{{Signer: keys()["weak"].key, Cert: keys()["weak"].cert}}
	weakPost := at("https://idp.example/sso")
	weakPost.SSO.Binding = saml.POST
	for name, c := range map[string]struct {
		sp  *saml.SP
		idp *saml.IdP
	}{
		"nil SP": {nil, at("https://idp.example/sso")}, "empty SP": {&saml.SP{}, at("https://idp.example/sso")}, "nil IdP": {ourSP(), nil}, "no URL": {ourSP(), at("")},
		"script": {ourSP(), at("javascript:alert(1)")}, "data": {ourSP(), at("data:text/html,x")}, "relative": {ourSP(), at("/sso")}, "no host": {ourSP(), at("https:///sso")},
		"query has a request": {ourSP(), at("https://idp.example/sso?SAMLRequest=x")}, "query has a signature": {ourSP(), at("https://idp.example/sso?Signature=x")},
		"signature wanted, no key": {ourSP(), wants}, "unknown binding": {ourSP(), binding}, "weak key": {weak, at("https://idp.example/sso")}, "weak key, POST": {weak, weakPost},
	} {
		req, b, err := c.sp.Start(c.idp, nil, clock())
		if b != nil || req != (saml.Request{}) {
			t.Errorf("%s: %+v %v", name, req, b)
		}
		refused(t, nil, err, saml.CodeConfig)
	}
}

func TestRequestIDsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 200 {
		req, _, err := ourSP().Start(theirIdP(), nil, clock())
		if err != nil {
			t.Fatal(explain(err))
		}
		if seen[req.ID] || strings.Contains(req.ID, "_") {
			t.Fatalf("ID %q", req.ID)
		}
		seen[req.ID] = true
	}
}

func TestGenerateKey(t *testing.T) {
	t.Parallel()
	k, err := saml.GenerateKey("sp.example", clock())
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, ok := k.Signer.(*rsa.PrivateKey)
	if !ok || rsaKey.N.BitLen() != 2048 || !rsaKey.PublicKey.Equal(k.Cert.PublicKey) {
		t.Fatalf("%T", k.Signer)
	}
	if k.Cert.Subject.CommonName != "sp.example" || !k.Cert.NotBefore.Equal(clock()) || !k.Cert.NotAfter.Equal(clock().AddDate(10, 0, 0)) || k.Cert.SerialNumber.Sign() <= 0 {
		t.Errorf("%v %v %v", k.Cert.Subject, k.Cert.NotBefore, k.Cert.NotAfter)
	}
	if err := k.Cert.CheckSignature(k.Cert.SignatureAlgorithm, k.Cert.RawTBSCertificate, k.Cert.Signature); err != nil {
		t.Error(err)
	}
	sp := ourSP()
	sp.Keys = []saml.Key{k}
	if _, _, err := sp.Start(theirIdP(), nil, clock()); err != nil {
		t.Error(explain(err))
	}
}
