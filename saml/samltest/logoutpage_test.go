package samltest_test

import (
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/beevik/etree"
)

// leaver is a service provider that asks for a logout at /leave, answers every logout
// request, and shows what it was told.
type leaver struct {
	*httptest.Server
	idp     *samltest.IdP
	key     spKey
	binding string // HTTP-POST or HTTP-Redirect
	session samltest.Session
	t       testing.TB
}

func (l *leaver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	field, message := "SAMLRequest", ""
	switch {
	case r.URL.Path == "/leave":
		message = l.fill(logoutRequest(l.session))
	case r.URL.Path != "/slo":
		http.NotFound(w, r)
		return
	case r.FormValue("SAMLResponse") != "":
		root := l.read(r, "SAMLResponse")
		fmt.Fprintf(w, "%s %s", attrOf(root.FindElement("./Status/StatusCode"), "Value"), r.FormValue("RelayState"))
		return
	default:
		field, message = "SAMLResponse", l.fill(logoutResponse(attrOf(l.read(r, "SAMLRequest"), "ID"), ""))
	}
	if l.binding == "HTTP-Redirect" {
		http.Redirect(w, r, l.idp.SLOURL()+"?"+l.key.queryOf(l.t, field, message, "back", crypto.SHA256), http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, `<form method="post" action="%s"><input type="hidden" name="%s" value="%s"><input type="hidden" name="RelayState" value="back"></form>`,
		l.idp.SLOURL(), field, base64.StdEncoding.EncodeToString([]byte(l.key.enveloped(l.t, message, crypto.SHA256))))
}

// fill puts the names and the time of this test into a message.
func (l *leaver) fill(message string) string {
	return strings.NewReplacer(idpSLO, l.idp.SLOURL(), ">"+spEntity+"<", ">"+l.URL+"/saml<").Replace(message)
}

func (l *leaver) read(r *http.Request, field string) *etree.Element {
	data, err := base64.StdEncoding.DecodeString(r.FormValue(field))
	if err == nil && r.Method == http.MethodGet {
		data = inflated(l.t, data)
	}
	doc := etree.NewDocument()
	if err != nil || doc.ReadFromBytes(data) != nil {
		l.t.Errorf("unreadable: %v", err)
	}
	return doc.Root()
}

func startLeaver(t testing.TB, binding string) *leaver {
	t.Helper()
	l := &leaver{binding: binding, key: newRSAKey(t), t: t}
	l.Server = httptest.NewServer(l)
	t.Cleanup(l.Close)
	mux := http.NewServeMux()
	provider := httptest.NewServer(mux)
	t.Cleanup(provider.Close)
	var err error
	l.idp, err = samltest.New(provider.URL+"/sim", []samltest.Person{ann()}, &samltest.Options{Now: clock, Signing: samltest.SignP256})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/sim/", l.idp)
	metadata := string(logoutMetadata(keyDescriptor(l.key.cert), strings.Replace(slo(binding, ""), spSLO, l.URL+"/slo", 1)))
	if err := l.idp.Trust([]byte(strings.Replace(metadata, spEntity+`"`, l.URL+`/saml"`, 1))); err != nil {
		t.Fatal(err)
	}
	if _, err := l.idp.Unsolicited(l.URL+"/saml", ann()); err != nil {
		t.Fatal(err)
	}
	l.session = l.idp.Sessions(l.URL + "/saml")[0]
	return l
}

func follow(t testing.TB, c *http.Client, req *http.Request) (status int, page string) {
	t.Helper()
	resp, err := samltest.Follow(c, req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestLogoutOverHTTP(t *testing.T) {
	t.Parallel()
	for _, binding := range []string{"HTTP-Redirect", "HTTP-POST"} {
		t.Run("by the service provider "+binding, func(t *testing.T) {
			t.Parallel()
			l := startLeaver(t, binding)
			req, err := http.NewRequest(http.MethodGet, l.URL+"/leave", nil)
			if err != nil {
				t.Fatal(err)
			}
			if status, page := follow(t, &http.Client{}, req); status != http.StatusOK || page != "urn:oasis:names:tc:SAML:2.0:status:Success back" {
				t.Errorf("%d %s", status, page)
			}
			if left := l.idp.Sessions(l.URL + "/saml"); left != nil {
				t.Errorf("left: %v", left)
			}
		})
		t.Run("by the provider "+binding, func(t *testing.T) {
			t.Parallel()
			l := startLeaver(t, binding)
			by := map[string]samltest.Binding{"HTTP-Redirect": samltest.Redirect, "HTTP-POST": samltest.POST}[binding]
			m, err := l.idp.StartLogout(l.session, by)
			if err != nil {
				t.Fatal(err)
			}
			req, err := m.Request(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if status, page := follow(t, &http.Client{}, req); status != http.StatusOK || !strings.Contains(page, "<h1>Signed out</h1>") || !strings.Contains(page, "ann@example.com") {
				t.Errorf("%d %s", status, page)
			}
			if left := l.idp.Sessions(l.URL + "/saml"); left != nil {
				t.Errorf("left: %v", left)
			}
		})
		t.Run("from the start page "+binding, func(t *testing.T) {
			t.Parallel()
			l := startLeaver(t, binding)
			base := strings.TrimSuffix(l.idp.SSOURL(), "/sso")
			page := get(t, l.idp, "/").Body.String()
			by := strings.ToLower(strings.TrimPrefix(binding, "HTTP-"))
			for _, want := range []string{`name="session" value="` + l.session.Index + `"`, `name="binding" value="` + by + `"`, `action="` + base + `/logout"`} {
				if !strings.Contains(page, want) {
					t.Errorf("the start page lacks %s", want)
				}
			}
			form := url.Values{"session": {l.session.Index}, "binding": {by}}
			req, err := http.NewRequest(http.MethodPost, base+"/logout", strings.NewReader(form.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if status, page := follow(t, &http.Client{}, req); status != http.StatusOK || !strings.Contains(page, "<h1>Signed out</h1>") {
				t.Errorf("%d %s", status, page)
			}
		})
	}
}

func TestLogoutPagesRefuse(t *testing.T) {
	t.Parallel()
	key := newRSAKey(t)
	idp, s := loggedIn(t, key, samltest.Options{})
	good := outByPOST(t, key, "SAMLRequest", logoutRequest(s), "")
	both := url.Values{"SAMLRequest": {"x"}, "SAMLResponse": {"x"}}
	for name, tc := range map[string]struct {
		r    *http.Request
		want int
	}{
		"nothing":         {httptest.NewRequest(http.MethodGet, idpSLO, nil), http.StatusBadRequest},
		"both":            {httptest.NewRequest(http.MethodGet, idpSLO+"?"+both.Encode(), nil), http.StatusBadRequest},
		"both by POST":    {formTo("/slo", both), http.StatusBadRequest},
		"in the query":    {httptest.NewRequest(http.MethodPost, idpSLO+"?SAMLRequest=x", nil), http.StatusBadRequest},
		"garbage":         {formTo("/slo", url.Values{"SAMLResponse": {"@"}}), http.StatusBadRequest},
		"large":           {formTo("/slo", url.Values{"SAMLResponse": {strings.Repeat("A", 1<<20)}}), http.StatusBadRequest},
		"PUT":             {httptest.NewRequest(http.MethodPut, idpSLO, nil), http.StatusMethodNotAllowed},
		"stranger":        {outByPOST(t, key, "SAMLRequest", strings.Replace(logoutRequest(s), spEntity, "https://x.example", 1), ""), http.StatusForbidden},
		"no such session": {formTo("/logout", url.Values{"session": {"x"}, "binding": {"post"}}), http.StatusBadRequest},
		"no such binding": {formTo("/logout", url.Values{"session": {s.Index}, "binding": {"soap"}}), http.StatusBadRequest},
		"GET of logout":   {httptest.NewRequest(http.MethodGet, baseURL+"/logout", nil), http.StatusMethodNotAllowed},
	} {
		w := httptest.NewRecorder()
		idp.ServeHTTP(w, tc.r)
		if w.Code != tc.want {
			t.Errorf("%s: status %d, want %d\n%s", name, w.Code, tc.want, w.Body)
		}
	}
	w := httptest.NewRecorder()
	if idp.ServeHTTP(w, good); w.Code != http.StatusOK {
		t.Errorf("control: status %d\n%s", w.Code, w.Body)
	}
}

// What the metadata does not list is not there.
func TestFlavorsOfLogout(t *testing.T) {
	t.Parallel()
	key := newRSAKey(t)
	for flavor, want := range map[samltest.Flavor]struct{ get, post bool }{
		"": {true, true}, samltest.Okta: {true, true}, samltest.Entra: {true, false}, samltest.Google: {}, samltest.OneLogin: {true, true},
	} {
		idp, s := loggedIn(t, key, samltest.Options{Flavor: flavor})
		metadata := string(idp.Metadata())
		for binding, listed := range map[string]bool{"HTTP-Redirect": want.get, "HTTP-POST": want.post} {
			service := `<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:` + binding + `" Location="` + idp.SLOURL() + `"`
			if strings.Contains(metadata, service) != listed {
				t.Errorf("%q: metadata with %s\n%s", flavor, binding, metadata)
			}
			r := outByRedirect(t, key, "SAMLRequest", logoutRequest(s), "")
			if binding == "HTTP-POST" {
				r = outByPOST(t, key, "SAMLRequest", logoutRequest(s), "")
			}
			w := httptest.NewRecorder()
			idp.ServeHTTP(w, r)
			if (w.Code != http.StatusNotFound) != listed {
				t.Errorf("%q: %s answers %d", flavor, binding, w.Code)
			}
		}
		for by, listed := range map[samltest.Binding]bool{samltest.Redirect: want.get, samltest.POST: want.post} {
			if _, err := idp.StartLogout(s, by); listed && err != nil || !listed && !errors.Is(err, samltest.ErrLogout) {
				t.Errorf("%q: start by %s: %v", flavor, by, err)
			}
			if _, err := idp.Unsolicited(spEntity, ann()); err != nil { // a session that has not ended
				t.Fatal(err)
			}
			if page := get(t, idp, "/").Body.String(); strings.Contains(page, `name="binding" value="`+string(by)+`"`) != listed {
				t.Errorf("%q: start page\n%s", flavor, page)
			}
		}
	}
}

// One product writes the escapes of its queries in small letters, and signs them so.
func TestEscapesAreSignedAsTheyAre(t *testing.T) {
	t.Parallel()
	for flavor, want := range map[samltest.Flavor]string{"": "%3A%2F%2F", samltest.Entra: "%3a%2f%2f"} {
		idp, s := loggedIn(t, newRSAKey(t), samltest.Options{Flavor: flavor})
		m, err := idp.StartLogout(s, samltest.Redirect)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, signed := sentBy(t, idp, m, "SAMLRequest", crypto.SHA256); !signed || !strings.Contains(m.URL, "SigAlg=http"+want) {
			t.Errorf("%q: signed %t, %s", flavor, signed, m.URL)
		}
	}
}

func TestFollowStops(t *testing.T) {
	t.Parallel()
	const start = "https://app.example/leave"
	req := func() *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, start, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if _, err := samltest.Follow(nil, req()); err == nil {
		t.Error("no client was taken")
	}
	round := &scripted{pages: map[string]string{start: strings.Replace(answerForm, "https://app.example/acs", start, 1)}}
	if _, err := samltest.Follow(round.client(t), req()); err == nil || len(round.posted) != 9 {
		t.Errorf("round and round: %d posts, %v", len(round.posted), err)
	}
	asked := &scripted{pages: map[string]string{start: people}}
	if status, page := follow(t, asked.client(t), req()); status != http.StatusOK || page != people || len(asked.posted) != 0 {
		t.Errorf("a page that asks: %d %q, %d posts", status, page, len(asked.posted))
	}
	gone := &scripted{}
	if status, _ := follow(t, gone.client(t), req()); status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
}
