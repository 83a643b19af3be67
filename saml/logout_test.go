package saml_test

import (
	"crypto"
	"encoding/base64"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

// mirror is the identity provider as its own service provider: logout is the same in
// both directions, so it can read what we send, and send what we read.
func mirror() (*saml.SP, *saml.IdP) {
	theirs := &saml.SP{EntityID: idpID, ACS: "https://idp.example/acs", SLO: idpLogout, Keys: []saml.Key{{Signer: keys()["idp"].key, Cert: keys()["idp"].cert}}}
	ours := theirIdP("second")
	ours.EntityID, ours.SLO = spID, saml.Endpoint{URL: slo, Binding: saml.Redirect}
	return theirs, ours
}

// follow is what the browser does with a Bounce: it opens the URL, or posts the form.
func follow(t testing.TB, b *saml.Bounce) *http.Request {
	t.Helper()
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code == http.StatusSeeOther {
		u, err := url.Parse(w.Header().Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}
	}
	return postForm(hidden(w.Body.String()).Encode())
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

func hidden(page string) url.Values {
	form := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
		form.Add(m[1], html.UnescapeString(m[2]))
	}
	return form
}

// bare is a document without its signature, in canonical form.
func bare(t testing.TB, doc string) string {
	t.Helper()
	tree := etree.NewDocument()
	if err := tree.ReadFromString(doc); err != nil {
		t.Fatal(err)
	}
	if sig := tree.Root().SelectElement("ds:Signature"); sig != nil {
		tree.Root().RemoveChild(sig)
	}
	return string(canonical(tree.Root(), ""))
}

// sent is the document a Bounce carries.
func sent(t testing.TB, b *saml.Bounce, field string) string {
	t.Helper()
	r := follow(t, b)
	if r.Method == http.MethodGet {
		return inflate(t, r.URL.Query().Get(field))
	}
	if err := r.ParseForm(); err != nil {
		t.Fatal(err)
	}
	xml, err := base64.StdEncoding.DecodeString(r.PostForm.Get(field))
	if err != nil {
		t.Fatal(err)
	}
	return string(xml)
}

// TestStartLogoutWritesTheNameToTheLetter: a provider that finds an attribute more, or
// one less, than it wrote itself ends nothing.
func TestStartLogoutWritesTheNameToTheLetter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		name  saml.NameID
		index string
		want  string
	}{
		"all of it": {saml.NameID{Value: `a&b<c>"d" é`, Format: "urn:f", NameQualifier: `n"q`, SPNameQualifier: "s&q"}, "sess<1>",
			`<saml:NameID Format="urn:f" NameQualifier="n&quot;q" SPNameQualifier="s&amp;q">a&amp;b&lt;c&gt;"d" é</saml:NameID><samlp:SessionIndex>sess&lt;1&gt;</samlp:SessionIndex>`},
		"no more than there is": {saml.NameID{Value: "ann"}, "", `<saml:NameID>ann</saml:NameID>`},
	} {
		for _, b := range []saml.Binding{saml.Redirect, saml.POST} {
			t.Run(string(b)+" "+name, func(t *testing.T) {
				t.Parallel()
				idp := logoutIdP()
				idp.SLO.Binding = b
				req, bounce, err := logoutSP().StartLogout(idp, c.name, c.index, nil, clock())
				if err != nil {
					t.Fatal(explain(err))
				}
				doc := sent(t, bounce, "SAMLRequest")
				if strings.Contains(doc, "</saml:Issuer><ds:Signature ") != (b == saml.POST) {
					t.Fatalf("%s", doc)
				}
				want := `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="` + req.ID +
					`" Version="2.0" IssueInstant="` + at(0) + `" Destination="` + idpLogout + `" NotOnOrAfter="` + at(5*time.Minute) + `"><saml:Issuer>` + spID + `</saml:Issuer>` + c.want + `</samlp:LogoutRequest>`
				if diff := cmp.Diff(bare(t, want), bare(t, doc)); diff != "" {
					t.Error(diff)
				}
				if !req.ExpiresAt.Equal(clock().Add(10 * time.Minute)) {
					t.Errorf("kept until %v", req.ExpiresAt)
				}
				// And it is what the other side reads.
				theirs, ours := mirror()
				m, err := saml.ReadLogout(httptest.NewRecorder(), follow(t, bounce))
				if err != nil {
					t.Fatal(explain(err))
				}
				lo, err := theirs.ReceiveLogout(ours, nil, m, clock())
				if err != nil {
					t.Fatal(explain(err))
				}
				if lo.NameID != c.name || c.index != "" && !cmp.Equal(lo.SessionIndexes, []string{c.index}) || lo.ID != req.ID {
					t.Errorf("%+v", lo)
				}
			})
		}
	}
}

// TestLogoutThereAndBack carries both directions over both bindings, each signed, with
// the RelayState that either side wants back.
func TestLogoutThereAndBack(t *testing.T) {
	t.Parallel()
	for _, b := range []saml.Binding{saml.Redirect, saml.POST} {
		for _, back := range []saml.Binding{saml.Redirect, saml.POST} {
			t.Run(string(b)+" "+string(back), func(t *testing.T) {
				t.Parallel()
				theirs, ours := mirror()
				idp := logoutIdP()
				idp.SLO.Binding, ours.SLO.Binding = b, back
				req, bounce, err := logoutSP().StartLogout(idp, saml.NameID{Value: "ann"}, "s1", &saml.LogoutOptions{RelayState: "handle-1"}, clock())
				if err != nil {
					t.Fatal(explain(err))
				}
				m, err := saml.ReadLogout(httptest.NewRecorder(), follow(t, bounce))
				if err != nil || !m.IsRequest() || m.RelayState() != "handle-1" {
					t.Fatalf("%s %v %q", explain(err), m.IsRequest(), m.RelayState())
				}
				lo, err := theirs.ReceiveLogout(ours, nil, m, clock())
				if err != nil {
					t.Fatal(explain(err))
				}
				for _, done := range []bool{true, false} {
					answer, err := theirs.AnswerLogout(ours, lo, done, clock())
					if err != nil {
						t.Fatal(explain(err))
					}
					m, err := saml.ReadLogout(httptest.NewRecorder(), follow(t, answer))
					if err != nil || m.IsRequest() || m.RelayState() != "handle-1" || m.InResponseTo() != req.ID {
						t.Fatalf("%s %v %q %q", explain(err), m.IsRequest(), m.RelayState(), m.InResponseTo())
					}
					err = logoutSP().FinishLogout(idp, nil, m, &req, clock())
					if done && err != nil {
						t.Error(explain(err))
					}
					if !done {
						if e := notOver(t, err, saml.CodeStatus); e.Received != "Responder / PartialLogout" {
							t.Errorf("Received = %q", e.Received)
						}
					}
				}
			})
		}
	}
}

// TestLogoutAnswersLeaveAFrame: a provider that logs out everywhere loads our address
// in a frame. Nothing on the answer may keep the browser from showing it there.
func TestLogoutAnswersLeaveAFrame(t *testing.T) {
	t.Parallel()
	lo := genuineLogout()
	lo.RelayState = `"><script>alert(1)</script>&`
	for _, b := range []saml.Binding{saml.Redirect, saml.POST} {
		idp := logoutIdP()
		idp.SLO.Binding, idp.SLOResponseURL = b, "https://idp.example/slo/answers?t=1"
		answer, err := logoutSP().AnswerLogout(idp, lo, true, clock())
		if err != nil {
			t.Fatal(explain(err))
		}
		w := httptest.NewRecorder()
		w.Header().Set("X-Frame-Options", "DENY")
		w.Header().Set("Content-Security-Policy", "frame-ancestors 'none'")
		answer.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/slo", nil))
		csp := w.Header().Get("Content-Security-Policy")
		if w.Header().Get("X-Frame-Options") != "" || strings.Contains(csp, "frame-ancestors") || !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: %v", b, w.Header())
		}
		doc := sent(t, answer, "SAMLResponse")
		for _, want := range []string{`Destination="https://idp.example/slo/answers?t=1"`, `InResponseTo="lo-1"`, spID + `</saml:Issuer>`, `:status:Success"/>`, ` ID="res-`} {
			if !strings.Contains(doc, want) {
				t.Errorf("%s: %s lacks %s", b, doc, want)
			}
		}
		if b == saml.Redirect {
			u, err := url.Parse(w.Header().Get("Location"))
			if err != nil || u.Path != "/slo/answers" || u.Query().Get("t") != "1" || u.Query().Get("RelayState") != lo.RelayState {
				t.Errorf("%v %v", u, err)
			}
			continue
		}
		page := w.Body.String()
		if strings.Count(page, "<script>") != 1 || hidden(page).Get("RelayState") != lo.RelayState || !strings.Contains(page, "Signing out") ||
			!strings.Contains(csp, "script-src 'sha256-") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s\n%s", csp, page)
		}
	}
	// Our own requests start on a page of ours, which nobody frames.
	idp := logoutIdP()
	idp.SLO.Binding = saml.POST
	_, bounce, err := logoutSP().StartLogout(idp, saml.NameID{Value: "ann"}, "", nil, clock())
	if err != nil {
		t.Fatal(explain(err))
	}
	w := httptest.NewRecorder()
	bounce.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("CSP = %q", csp)
	}
}

// TestRelayStateIsAHandle: what comes back can't send anybody anywhere.
func TestRelayStateIsAHandle(t *testing.T) {
	t.Parallel()
	good := base64.StdEncoding.EncodeToString([]byte(base("assertion").sign(genuine(), signing{})))
	for _, bad := range []string{
		"https://evil.example", "//evil.example", `\\evil.example`, `/\evil.example`, "https:evil.example", "/path", "javascript:alert(1)", "data:text/html,x",
		"a\r\nSet-Cookie: x=y", "a b", "é", "%2F%2Fevil", "a&b", "a=b", "<script>", `"`, "\x00", strings.Repeat("a", 81),
	} {
		_, _, err := ourSP().Start(theirIdP(), &saml.StartOptions{RelayState: bad}, clock())
		notOver(t, err, saml.CodeConfig)
		_, _, err = logoutSP().StartLogout(logoutIdP(), saml.NameID{Value: "ann"}, "", &saml.LogoutOptions{RelayState: bad}, clock())
		notOver(t, err, saml.CodeConfig)
		m, err := saml.ReadMessage(httptest.NewRecorder(), postForm(url.Values{"SAMLResponse": {good}, "RelayState": {bad}}.Encode()))
		if err != nil || m.RelayState() != "" {
			t.Errorf("%q: %v %q", bad, err, m.RelayState())
		}
		for _, b := range bindings() {
			m, err := saml.ReadLogout(httptest.NewRecorder(), b.send(logoutResponse(), bad, signing{}))
			if err != nil || m.RelayState() != "" {
				t.Errorf("%q: %v %q", bad, err, m.RelayState())
			}
			// That of a request is not for us; it goes back as it is.
			lo, err := receive(b.send(logoutRequest(), bad, signing{}), logoutIdP(), nil)
			if err != nil || lo.RelayState != bad {
				t.Errorf("%q: %v %+v", bad, err, lo)
			}
		}
	}
	handle := "Aa0-._~" + strings.Repeat("z", 73)
	m, err := saml.ReadMessage(httptest.NewRecorder(), postForm(url.Values{"SAMLResponse": {good}, "RelayState": {handle}}.Encode()))
	if err != nil || m.RelayState() != handle {
		t.Errorf("%v %q", err, m.RelayState())
	}
	m, err = saml.ReadMessage(httptest.NewRecorder(), postForm(url.Values{"SAMLResponse": {good}, "RelayState": {handle, handle}}.Encode()))
	if err != nil || m.RelayState() != "" {
		t.Errorf("%v %q", err, m.RelayState())
	}
	if got := (saml.Message{}).RelayState() + (saml.LogoutMessage{}).RelayState(); got != "" {
		t.Errorf("%q of no message", got)
	}
}

// brokenSigner is a key whose device is gone.
type brokenSigner struct{ crypto.Signer }

func (brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, io.ErrClosedPipe
}

func TestLogoutRefusesBadConfiguration(t *testing.T) {
	t.Parallel()
	noSLO, noKey, weak, badSLO, broken := logoutSP(), logoutSP(), logoutSP(), logoutSP(), logoutSP()
	broken.Keys = []saml.Key{{Signer: brokenSigner{keys()["second"].key}, Cert: keys()["second"].cert}}
	byPost := logoutIdP()
	byPost.SLO.Binding = saml.POST
	noSLO.SLO, badSLO.SLO, noKey.Keys = "", "javascript:alert(1)", nil
	weak.Keys = []saml.Key{{Signer: keys()["weak"].key, Cert: keys()["weak"].cert}}
	nowhere, script, taken, binding, answers := logoutIdP(), logoutIdP(), logoutIdP(), logoutIdP(), logoutIdP()
	nowhere.SLO, script.SLO.URL, taken.SLO.URL, binding.SLO.Binding, answers.SLOResponseURL = saml.Endpoint{}, "javascript:alert(1)", idpLogout+"?RelayState=x", "soap", "data:text/html,x"
	ann := saml.NameID{Value: "ann"}
	for name, c := range map[string]struct {
		sp    *saml.SP
		idp   *saml.IdP
		name  saml.NameID
		index string
		now   time.Time
	}{
		"nil SP": {nil, logoutIdP(), ann, "", clock()}, "no address of ours": {noSLO, logoutIdP(), ann, "", clock()}, "script as ours": {badSLO, logoutIdP(), ann, "", clock()},
		"no key": {noKey, logoutIdP(), ann, "", clock()}, "a key that fails": {broken, logoutIdP(), ann, "", clock()}, "and by POST": {broken, byPost, ann, "", clock()}, "weak key": {weak, logoutIdP(), ann, "", clock()}, "nil IdP": {logoutSP(), nil, ann, "", clock()},
		"no address of theirs": {logoutSP(), nowhere, ann, "", clock()}, "script as theirs": {logoutSP(), script, ann, "", clock()},
		"a parameter taken": {logoutSP(), taken, ann, "", clock()}, "unknown binding": {logoutSP(), binding, ann, "", clock()}, "no time": {logoutSP(), logoutIdP(), ann, "", time.Time{}},
		"no name": {logoutSP(), logoutIdP(), saml.NameID{}, "", clock()}, "a control in the name": {logoutSP(), logoutIdP(), saml.NameID{Value: "a\x00"}, "", clock()},
		"no UTF-8": {logoutSP(), logoutIdP(), saml.NameID{Value: "a\xff"}, "", clock()}, "no character of XML": {logoutSP(), logoutIdP(), ann, "\uFFFE", clock()},
		"a long format": {logoutSP(), logoutIdP(), saml.NameID{Value: "a", Format: strings.Repeat("f", 1025)}, "", clock()},
	} {
		req, b, err := c.sp.StartLogout(c.idp, c.name, c.index, nil, c.now)
		if b != nil || req != (saml.Request{}) {
			t.Errorf("%s: %+v %v", name, req, b)
		}
		aboutLogout(t, err, saml.CodeConfig)
		if c.name == ann && c.index == "" {
			answer, err := c.sp.AnswerLogout(c.idp, genuineLogout(), true, c.now)
			if answer != nil {
				t.Errorf("%s: an answer", name)
			}
			aboutLogout(t, err, saml.CodeConfig)
		}
	}
	for _, lo := range []*saml.Logout{nil, {}, {ID: `x" y="`}} {
		_, err := logoutSP().AnswerLogout(logoutIdP(), lo, true, clock())
		notOver(t, err, saml.CodeConfig)
	}
	_, err := logoutSP().AnswerLogout(answers, genuineLogout(), true, clock())
	notOver(t, err, saml.CodeConfig)

	m, err := saml.ReadLogout(httptest.NewRecorder(), get(signedQuery("SAMLRequest", unmark(logoutRequest()), "", signing{})))
	if err != nil {
		t.Fatal(explain(err))
	}
	nobody, noCert := logoutIdP(), logoutIdP()
	nobody.EntityID, noCert.Certificates = "", nil
	for _, c := range []struct {
		sp    *saml.SP
		idp   *saml.IdP
		rules *saml.Rules
		now   time.Time
	}{
		{nil, logoutIdP(), nil, clock()}, {noSLO, logoutIdP(), nil, clock()}, {logoutSP(), nil, nil, clock()}, {logoutSP(), nobody, nil, clock()}, {logoutSP(), noCert, nil, clock()},
		{logoutSP(), logoutIdP(), &saml.Rules{Skew: time.Hour}, clock()}, {logoutSP(), logoutIdP(), nil, time.Time{}},
	} {
		_, err := c.sp.ReceiveLogout(c.idp, c.rules, m, c.now)
		notOver(t, err, saml.CodeConfig)
		notOver(t, c.sp.FinishLogout(c.idp, c.rules, m, ourRequest(), c.now), saml.CodeConfig)
	}
	// To end a session nobody needs a key, nor the provider's own address.
	if _, err := noKey.ReceiveLogout(nowhere, nil, m, clock()); err != nil {
		t.Error(explain(err))
	}
}
