package signin_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/signin"
)

// FuzzHandler sends whatever a client can: no panic, no 5xx, no way off the site, no
// session without the password, no script on a page.
func FuzzHandler(f *testing.F) {
	w := newWorld(f)
	h := signin.New(w.svc, nil)
	acs := "sso/" + w.connection + "/acs"
	for _, s := range []struct{ method, path, query, body string }{
		{"GET", "", "next=/a&org=b", ""}, {"HEAD", "signout", "", ""}, {"GET", "prove", "next=%2F%2Fevil", ""},
		{"POST", "", "", "address=max%40example.com&way=password&next=/a"},
		{"POST", "password", "", "address=max%40example.com&password=x&org=" + w.orgID},
		{"POST", "sso/start", "", "connection=" + w.connection + "&fresh=1"},
		{"POST", acs, "", "SAMLResponse=PGE%2BPC9hPg%3D%3D&RelayState=x"}, {"GET", acs, "", ""},
		{"GET", "sso/" + w.connection + "/metadata", "", ""}, {"POST", "signout", "", "scope=device"},
		{"POST", "prove", "", "password=x&next=/a"}, {"PATCH", "\x00", "%zz", "%zz=;"}, {"POST", "sso/a/acs", "", "a=%ff"},
	} {
		for _, signedIn := range []bool{false, true} {
			f.Add(s.method, s.path, s.query, s.body, "application/x-www-form-urlencoded", signedIn)
		}
	}
	f.Add("POST", "", "", "--b\r\n\r\n--b--", "multipart/form-data; boundary=b", false)
	var mark *http.Cookie // of the browser that signs in, which is known after the first time
	f.Fuzz(func(t *testing.T, method, path, query, body, kind string, signedIn bool) {
		r := &http.Request{
			Method: method, URL: &url.URL{Path: w.svc.Path() + path, RawQuery: query}, Host: "app.example.com",
			Header: http.Header{"Content-Type": {kind}}, RemoteAddr: "192.0.2.1:1",
			Body: http.NoBody, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		}
		r = r.WithContext(t.Context())
		if body != "" {
			post := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
			r.Body, r.ContentLength = post.Body, post.ContentLength
		}
		if signedIn {
			r.AddCookie(session(t, h, &mark))
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code >= 500 {
			t.Fatalf("status %d:\n%s", rec.Code, rec.Body)
		}
		if to := rec.Header().Get("Location"); to != "" && !strings.HasPrefix(to, w.idp.SSOURL()+"?") &&
			(!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t ")) {
			t.Fatalf("leads to %q", to)
		}
		for _, c := range rec.Result().Cookies() {
			if c.Name == "__Host-accesssec" && c.Value != "" && !strings.Contains(body, url.QueryEscape(right)) {
				t.Fatal("a session for nothing")
			}
		}
		if strings.Contains(strings.ToLower(rec.Body.String()), "<script") {
			t.Fatalf("a script:\n%s", rec.Body)
		}
	})
}

// session is a fresh one, made in the browser with that mark.
func session(t *testing.T, h http.Handler, mark **http.Cookie) *http.Cookie {
	t.Helper()
	fields := form("address", "olive@example.com", "password", right)
	r := httptest.NewRequest(http.MethodPost, "/auth/password", strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if *mark != nil {
		r.AddCookie(*mark)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		switch c.Name {
		case "__Host-accesssec-visit":
			*mark = c
		case "__Host-accesssec":
			defer func() { *mark = &http.Cookie{Name: (*mark).Name, Value: (*mark).Value} }()
			return c
		}
	}
	t.Fatalf("no session: status %d", rec.Code)
	return nil
}
