package samltest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/beevik/etree"
)

// get asks idp for a path below its base URL.
func get(t testing.TB, idp *samltest.IdP, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	idp.ServeHTTP(w, httptest.NewRequest(http.MethodGet, strings.TrimSuffix(idp.SSOURL(), "/sso")+path, nil))
	return w
}

func postForm(idp *samltest.IdP, path string, form url.Values) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := byPOST(form)
	r.URL.Path = strings.TrimSuffix(r.URL.Path, "/sso") + path
	idp.ServeHTTP(w, r)
	return w
}

var ticketField = regexp.MustCompile(`name="ticket" value="([^"]+)"`)

func ticketOf(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	found := ticketField.FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusOK || found == nil {
		t.Fatalf("no sign-in page: %d\n%s", w.Code, w.Body)
	}
	return found[1]
}

func TestSignInPage(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	w := get(t, idp, "/sso?"+redirectQuery(authnRequest).Encode())
	page := w.Body.String()
	for _, want := range []string{`<html lang="en">`, "<h1>", spEntity, `<button name="person" value="ann@example.com">Ann Lee`, "<details>", "<legend>"} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %s", want)
		}
	}
	for _, attack := range samltest.Attacks() {
		if !strings.Contains(page, `name="attack" value="`+string(attack)+`"`) {
			t.Errorf("page lacks the attack %s", attack)
		}
	}
	if strings.Contains(page, "<script") {
		t.Error("the page has a script and needs none")
	}
}

// What the pages run and look like is exactly what their policy allows.
func TestPagesKeepTheirPolicy(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	people := get(t, idp, "/sso?"+redirectQuery(authnRequest).Encode())
	pages := map[string]*httptest.ResponseRecorder{
		"people": people,
		"answer": postForm(idp, "/login", url.Values{"ticket": {ticketOf(t, people)}, "person": {"ann@example.com"}}),
		"start":  get(t, idp, "/"),
		"refuse": get(t, idp, "/sso"),
	}
	inline := regexp.MustCompile(`(?s)<(style|script)>(.*?)</`)
	for name, w := range pages {
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", name, policy)
		}
		found := inline.FindAllStringSubmatch(w.Body.String(), -1)
		if len(found) == 0 {
			t.Errorf("%s: no style", name)
		}
		for _, m := range found {
			sum := sha256.Sum256([]byte(m[2]))
			if source := m[1] + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, source) {
				t.Errorf("%s: the %s is not allowed by %q", name, m[1], policy)
			}
		}
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
			"Content-Type": "text/html; charset=utf-8",
		} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
	}
	if page := pages["answer"].Body.String(); !strings.Contains(page, "<noscript>") || !strings.Contains(page, `action="`+spACS+`"`) {
		t.Errorf("answer page:\n%s", page)
	}
}

// The page can neither change the request it was made for nor bring one of its own.
func TestTicketsAreSealed(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	good := ticketOf(t, get(t, idp, "/sso?sp="+url.QueryEscape(spEntity)))
	body, mac, _ := strings.Cut(good, ".")
	other := ticketOf(t, get(t, newIdP(t, nil), "/sso?sp="+url.QueryEscape(spEntity)))
	for name, ticket := range map[string]string{
		"none": "", "cut": body, "other body": base64.RawURLEncoding.EncodeToString([]byte(`{"Issuer":"`+spEntity+`"}`)) + "." + mac,
		"other provider's": other, "no base64": "@." + mac,
	} {
		if w := postForm(idp, "/login", url.Values{"ticket": {ticket}, "person": {"ann@example.com"}}); w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
	for name, form := range map[string]url.Values{
		"nobody":         {"ticket": {good}},
		"unknown person": {"ticket": {good}, "person": {"eve@example.com"}},
		"unknown attack": {"ticket": {good}, "person": {"ann@example.com"}, "attack": {"sharks"}},
		"too large":      {"ticket": {good}, "person": {"ann@example.com"}, "x": {strings.Repeat("x", 1<<20)}},
	} {
		if w := postForm(idp, "/login", form); w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
	if w := postForm(idp, "/login", url.Values{"ticket": {good}, "person": {"ann@example.com"}}); w.Code != http.StatusOK {
		t.Errorf("control: status %d", w.Code)
	}
}

func TestStatusOfPaths(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	for path, want := range map[string]int{
		"":                     http.StatusOK,
		"/":                    http.StatusOK,
		"/metadata":            http.StatusOK,
		"/login":               http.StatusMethodNotAllowed,
		"/sso":                 http.StatusBadRequest,
		"/sso?sp=https://x":    http.StatusForbidden,
		"/sso?SAMLRequest=%40": http.StatusBadRequest,
		"/slo":                 http.StatusBadRequest,
		"/logout":              http.StatusMethodNotAllowed,
		"/other":               http.StatusNotFound,
		"/../../other":         http.StatusNotFound,
		"x":                    http.StatusNotFound,
		"/sso?" + redirectQuery(strings.Replace(authnRequest, spEntity, "x", 1)).Encode(): http.StatusForbidden,
	} {
		if w := get(t, idp, path); w.Code != want {
			t.Errorf("%s: status %d, want %d", path, w.Code, want)
		}
	}
	w := httptest.NewRecorder()
	idp.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://idp.example/", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("above the base URL: status %d", w.Code)
	}
	if w := get(t, idp, "/metadata"); w.Body.String() != string(idp.Metadata()) {
		t.Error("the metadata served is another")
	}
	if page := get(t, idp, "/").Body.String(); !strings.Contains(page, "/sso?sp="+url.QueryEscape(spEntity)) {
		t.Errorf("start page:\n%s", page)
	}
}

// Who starts here is asked for by nobody, and may want to go somewhere.
func TestStartWithRelayState(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	page := get(t, idp, "/").Body.String()
	for _, want := range []string{`<form method="get" action="` + idp.SSOURL() + `">`, `<input type="hidden" name="sp" value="` + spEntity + `">`, `<input name="RelayState">`} {
		if !strings.Contains(page, want) {
			t.Errorf("the start page lacks %s", want)
		}
	}
	for _, relay := range []string{"", "handle", `"><b>&`, strings.Repeat("x", 200)} {
		w := get(t, idp, "/sso?"+url.Values{"sp": {spEntity}, "RelayState": {relay}}.Encode())
		w = postForm(idp, "/login", url.Values{"ticket": {ticketOf(t, w)}, "person": {"ann@example.com"}})
		found := regexp.MustCompile(`name="RelayState" value="([^"]*)"`).FindStringSubmatch(w.Body.String())
		if found == nil && relay != "" || found != nil && html.UnescapeString(found[1]) != relay {
			t.Errorf("%q came out as %q", relay, found)
		}
		response := regexp.MustCompile(`name="SAMLResponse" value="([^"]+)"`).FindStringSubmatch(w.Body.String())
		if response == nil {
			t.Fatalf("no answer:\n%s", w.Body)
		}
		if f := factsOf(readResponse(t, samltest.Response{SAMLResponse: html.UnescapeString(response[1])}), idp); f.InResponseTo != "" || !f.AssertionSigned {
			t.Errorf("%+v", f)
		}
	}
}

func TestPassiveRequestIsAnsweredNoPassive(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	w := get(t, idp, "/sso?"+redirectQuery(strings.Replace(authnRequest, " ID=", ` IsPassive="true" ID=`, 1)).Encode())
	found := regexp.MustCompile(`name="SAMLResponse" value="([^"]+)"`).FindStringSubmatch(w.Body.String())
	if found == nil {
		t.Fatalf("no answer:\n%s", w.Body)
	}
	data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(found[1], "&#43;", "+"))
	if err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		t.Fatal(err)
	}
	second := doc.FindElement("/Response/Status/StatusCode/StatusCode")
	if attrOf(second, "Value") != "urn:oasis:names:tc:SAML:2.0:status:NoPassive" || doc.FindElement("//Assertion") != nil {
		t.Errorf("answer:\n%s", data)
	}
}

func TestPeopleAreEscaped(t *testing.T) {
	t.Parallel()
	idp, err := samltest.New(baseURL, []samltest.Person{{Email: `"><script>@x.example`, FirstName: "<b>"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := idp.Trust(spMetadata(spEntity, spACS, "", false)); err != nil {
		t.Fatal(err)
	}
	if page := get(t, idp, "/sso?sp="+spEntity).Body.String(); strings.Contains(page, "<script>") || strings.Contains(page, "<b>") {
		t.Errorf("page:\n%s", page)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	if _, err := idp.Unsolicited(spEntity, ann()); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, attack := range samltest.Attacks() {
		wg.Go(func() {
			if _, err := idp.Respond(samltest.Request{ID: "id-1", Issuer: spEntity}, ann(), attack); err != nil {
				t.Errorf("%s: %v", attack, err)
			}
			if _, err := idp.Unsolicited(spEntity, ann()); err != nil {
				t.Error(err)
			}
			if err := idp.Trust(logoutMetadata("")); err != nil {
				t.Error(err)
			}
			get(t, idp, "/")
			get(t, idp, "/metadata")
			idp.Certificate()
			for _, session := range idp.Sessions(spEntity) {
				if _, err := idp.StartLogout(session, samltest.POST); err != nil {
					t.Error(err)
				}
				if _, err := idp.AnswerLogout(samltest.LogoutRequest{ID: "id-2", Issuer: spEntity, NameID: session.NameID, Binding: samltest.Redirect}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		if err := idp.Rotate(); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
}
