package signin_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

func TestSSOSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	p := v.bySSO("ann@example.com", form("next", "/who?a=1", "org", w.orgID))
	want(t, p, http.StatusOK, "hello ann@example.com in "+w.orgID)
	if p.url != "/who?a=1" {
		t.Errorf("sent to %s", p.url)
	}
	if p := w.visitor(t).bySSO("nora@example.com", url.Values{}); p.url != "/home" {
		t.Errorf("without next: sent to %s (status %d)", p.url, p.status)
	}
}

// A refusal names a code under which the org's log has the reason, and gives no session.
func TestRefusedResponses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	honest := w.visitor(t)
	honest.bySSO("ann@example.com", url.Values{})
	for attack, status := range map[samltest.Attack]int{
		samltest.Tampered: 403, samltest.Wrapped: 403, samltest.Unsigned: 403, samltest.OtherKey: 403, samltest.Expired: 403,
		samltest.ForeignDomain: 403, samltest.StatusFailed: 403, samltest.Replayed: 403,
		samltest.Doctype: 400, samltest.Deflated: 400,
	} {
		v := w.visitor(t)
		p := v.bySSO("ann@example.com", form("next", "/who"), attack)
		want(t, p, status, "Give this code to your administrator", "support@host.example", "Start again", `role="alert"`)
		if p.url != "/auth/sso/"+w.connection+"/acs" {
			t.Errorf("%s: ends at %s", attack, p.url)
		}
		if v.in() != "" {
			t.Errorf("%s: signed in", attack)
		}
		for _, c := range p.header.Values("Set-Cookie") {
			if strings.HasPrefix(c, "__Host-accesssec=") {
				t.Errorf("%s: a session cookie is set", attack)
			}
		}
		if strings.Contains(p.text, "sso/start") {
			t.Errorf("%s: offers to start the same sign-on again", attack)
		}
		events := must[store.Page[audit.Event]](t)(w.acme.Events(t.Context(), store.AuditQuery{}))
		if !slices.ContainsFunc(events.Items, func(e audit.Event) bool { return e.Trace == p.trace() && e.Outcome == audit.Refused }) {
			t.Errorf("%s: the log has no refusal under %q", attack, p.trace())
		}
	}
}

// An answer that nobody here asked for starts a sign-in, and a few of them in a row a page
// that offers one.
func TestUnaskedResponses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	for range 3 {
		p := v.bySSO("ann@example.com", url.Values{}, samltest.NoInResponseTo)
		if p.status != http.StatusOK || !strings.Contains(p.text, "This identity provider is for tests") {
			t.Fatalf("not at the identity provider: status %d\n%s", p.status, p.text)
		}
		if v.in() != "" {
			t.Fatal("signed in")
		}
	}
	p := v.bySSO("ann@example.com", form("next", "/who"), samltest.NoInResponseTo)
	want(t, p, http.StatusForbidden, "Start the sign-in again", "Give this code", `action="/auth/sso/start"`, w.connection)
	if p = v.bySSO("ann@example.com", form("next", "/who")); p.url != "/who" || v.in() != "ann@example.com" {
		t.Errorf("a good one after it: status %d at %s", p.status, p.url)
	}
}

// The answer of an identity provider is cross-site; nothing else may be.
func TestCrossSiteForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	olive := w.visitor(t).byPassword("olive@example.com")
	forms := map[string]url.Values{
		"/auth/":          form("address", "ext@example.org"),
		"/auth/password":  form("address", "ext@example.org", "password", right),
		"/auth/sso/start": form("connection", w.connection),
		"/auth/signout":   form("scope", "everywhere"),
		"/auth/prove":     form("password", right),

		"/auth/code": form("code", "123456"), "/auth/recover": form("code", "0000-0000-0000-0000"),
		"/auth/factor/begin": form(), "/auth/factor/confirm": form("code", "123456"), "/auth/factor/done": form(),
		"/auth/factor/codes.txt": form("code", "0000-0000-0000-0000"), "/auth/factor/change": form(),
		"/auth/factor/remove": form("code", "123456"), "/auth/factor/codes": form("code", "123456"),
		"/auth/factor/reset": form("token", "r1."+strings.Repeat("A", 43), "password", right),
	}
	for _, from := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
		{"Sec-Fetch-Site": {"same-site"}, "Origin": {"http://127.0.0.1:1"}},
		{"Sec-Fetch-Site": {"cross-site"}},
		{"Origin": {"https://evil.example"}},
		{"Origin": {"null"}},
	} {
		for path, fields := range forms {
			p := olive.still().send(http.MethodPost, path, fields, from.Clone())
			want(t, p, http.StatusForbidden, "came from another site")
			if c := p.header.Values("Set-Cookie"); len(c) > 0 {
				t.Errorf("%s: sets %v", path, c)
			}
		}
		p := olive.send(http.MethodPost, "/auth/sso/"+w.connection+"/acs", form("SAMLResponse", "bm9uc2Vuc2U="), from.Clone())
		want(t, p, http.StatusBadRequest, "Give this code to your administrator")
	}
	if got := olive.in(); got != "olive@example.com" {
		t.Errorf("after all of that: signed in as %q", got)
	}
}

// Response of one browser carried to another.
func TestResponseInAnotherBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	attacker := w.visitor(t)
	away := attacker.still().post("/auth/sso/start", form("connection", w.connection))
	victim := w.visitor(t)
	resp := must[*http.Response](t)(samltest.Login(t.Context(), victim.c, away.header.Get("Location"), "ann@example.com"))
	want(t, victim.read(resp), http.StatusForbidden, "Start the sign-in again", "Give this code")
	if victim.in() != "" {
		t.Error("the victim is signed in as somebody else")
	}
}

func TestEndpointsForProviders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	base := "/auth/sso/" + w.connection

	p := v.get(base + "/metadata")
	want(t, p, http.StatusOK, w.origin+base+"/acs", "EntityDescriptor")
	if got := p.header.Get("Content-Type"); got != "application/samlmetadata+xml" {
		t.Errorf("Content-Type %q", got)
	}
	if c := p.header.Values("Set-Cookie"); len(c) > 0 {
		t.Errorf("metadata sets %v", c)
	}
	want(t, v.get("/auth/sso/con-none/metadata"), http.StatusNotFound, "There is no such sign-in.")
	want(t, v.post("/auth/sso/con-none/acs", form("SAMLResponse", "x")), http.StatusNotFound, "There is no such sign-in.")
	want(t, v.post("/auth/sso/start", form("connection", "con-none")), http.StatusNotFound, "There is no such sign-in.")
	want(t, v.post("/auth/sso/start", form("connection", "a/b\x00c")), http.StatusNotFound)

	p = v.get(base + "/acs")
	want(t, p, http.StatusMethodNotAllowed, "To sign in, start at the sign-in page.")
	if got := p.header.Get("Allow"); got != "POST" {
		t.Errorf("Allow %q", got)
	}
	for _, body := range []url.Values{{}, {"SAMLResponse": {"a", "b"}}, form("SAMLResponse", "%%%"), form("SAMLResponse", strings.Repeat("A", 2<<20)),
		form("SAMLResponse", base64.StdEncoding.EncodeToString([]byte("<a>")))} {
		want(t, v.post(base+"/acs", body), http.StatusBadRequest, "Give this code to your administrator")
	}
}

// A provider that wants its requests by POST gets a form of saml's, whose own policy
// stands in place of ours.
func TestStartByPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	idp := must[*saml.IdP](t)(saml.ParseMetadata(w.idp.Metadata(), ""))
	idp.SSO.Binding = saml.POST
	must[accesssec.Connection](t)(w.acme.Configure(t.Context(), w.connection, idp, nil))
	v := w.visitor(t)
	resp := must[*http.Response](t)(v.c.PostForm(w.origin+"/auth/sso/start", form("connection", w.connection)))
	defer resp.Body.Close()
	text := string(must[[]byte](t)(io.ReadAll(resp.Body)))
	if resp.StatusCode != http.StatusOK || !strings.Contains(text, `name="SAMLRequest"`) || !strings.Contains(text, w.idp.SSOURL()) {
		t.Errorf("status %d:\n%s", resp.StatusCode, text)
	}
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'sha256-") {
		t.Errorf("policy %q", csp)
	}
}

// Whose session has ended by the identity provider's time is sent straight back there; who is
// out for any other reason is asked who they are.
func TestSessionThatTheProviderHasEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, out := w.visitor(t), w.visitor(t)
	v.bySSO("ann@example.com", form("next", "/who"))
	out.bySSO("max@example.com", form())
	if v.in() != "ann@example.com" || out.in() != "max@example.com" {
		t.Fatal("not signed in")
	}
	ends := must[[]accesssec.SessionInfo](t)(w.svc.Me(must[accesssec.Principal](t)(w.svc.Authenticate(t.Context(), v.ticket().Value))).Sessions(t.Context()))[0].Ends
	old := out.ticket()
	out.post("/auth/signout", form("scope", "device"))
	out.c.Jar.SetCookies(must[*url.URL](t)(url.Parse(w.origin)), []*http.Cookie{{Name: old.Name, Value: old.Value, Path: "/", Secure: false}})
	w.advance(ends.Sub(w.now()) + time.Second)
	asked := v.still().get("/who?tab=1")
	if to := asked.header.Get("Location"); to != "/auth/sso/again?next=%2Fwho%3Ftab%3D1" {
		t.Fatalf("sent to %q", to)
	}
	if away := v.still().get("/auth/sso/again?next=%2Fwho%3Ftab%3D1"); away.status != http.StatusSeeOther || !strings.HasPrefix(away.header.Get("Location"), w.idp.SSOURL()) {
		t.Errorf("status %d, to %q", away.status, away.header.Get("Location"))
	}
	for name, who := range map[string]*visitor{"a stranger": w.visitor(t), "who has signed out": out} {
		for _, next := range []string{"/who", "//evil.example"} {
			if p := who.still().get("/auth/sso/again?next=" + url.QueryEscape(next)); p.status != http.StatusSeeOther || !strings.HasPrefix(p.header.Get("Location"), "/auth/") || strings.Contains(p.header.Get("Location"), "evil") {
				t.Errorf("%s: status %d, to %q", name, p.status, p.header.Get("Location"))
			}
		}
	}
	w.broken.Store(true)
	want(t, v.get("/auth/sso/again"), http.StatusServiceUnavailable)
}
