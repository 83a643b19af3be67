package signin_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/signin"
)

// Wherever next comes in, it leads to a path of this site or to the usual one.
func TestNextNeverLeavesTheSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if p := w.visitor(t).bySSO("ann@example.com", form("next", "//evil.example")); p.url != "/home" {
		t.Errorf("by single sign-on: sent to %s", p.url)
	}
	olive, fay := w.visitor(t).byPassword("olive@example.com"), w.enrol(t, "fay@example.org")
	for next, fine := range map[string]bool{
		"/who": true, "/who?u=https://evil.example/": true, "/a/%2F%2Fevil.example": true,
		"//evil.example": false, `/\evil.example`: false, `\\evil.example`: false, "https:evil.example": false, "https://evil.example/": false,
		"/\t/evil.example": false, "/\r\nSet-Cookie: a=b": false, "\r\n//evil.example": false, " //evil.example": false, "///evil.example": false,
		"javascript:alert(1)": false, "evil.example": false, "": false, "/\x00": false, "/\u2028": true, "%2F%2Fevil.example": false, "/\xff": false,
	} {
		for name, p := range map[string]page{
			"signed in already": olive.still().get("/auth/?next=" + url.QueryEscape(next)),
			"password":          w.visitor(t).still().post("/auth/password", form("address", "olive@example.com", "password", right, "next", next)),
			"prove":             olive.still().post("/auth/prove", form("password", right, "next", next)),
			"saved":             olive.still().post("/auth/factor/done", form("next", next)),
		} {
			to := p.header.Get("Location")
			u, err := url.Parse(w.origin + to)
			if p.status != http.StatusSeeOther || err != nil || "http://"+u.Host != w.origin || strings.HasPrefix(to, "//") ||
				!strings.HasPrefix(to, "/") || strings.ContainsAny(to, "\\\t\r\n ") {
				t.Errorf("%s, next %q: status %d, to %q", name, next, p.status, to)
			}
			if (to != "/home") != fine {
				t.Errorf("%s, next %q: to %q", name, next, to)
			}
		}
		half := w.visitor(t)
		for name, p := range map[string]page{
			"address":  w.visitor(t).post("/auth/", form("address", "olive@example.com", "next", next)),
			"password": half.post("/auth/password", form("address", "fay@example.org", "password", right, "next", next)),
			"code":     half.get("/auth/code?next=" + url.QueryEscape(next)),
			"recover":  half.get("/auth/recover?next=" + url.QueryEscape(next)),
			"factor":   olive.get("/auth/factor?next=" + url.QueryEscape(next)),
		} {
			if strings.Contains(p.text, `name="next"`) != fine || strings.Contains(p.text, `href="//`) || strings.Contains(p.text, `href="https://evil`) {
				t.Errorf("%s: next %q is carried on: %v", name, next, !fine)
			}
		}
		half = half.still()
		p := half.post("/auth/code", form("code", fay.next()))
		if to := p.header.Get("Location"); p.status != http.StatusSeeOther || (to != "/home") != fine || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
			t.Errorf("code, next %q: status %d, to %q", next, p.status, to)
		}
	}
}

// What comes from a customer or a link stands on the page as text. That no page has a
// script element or handler, checkPage looks at each.
func TestHostileText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.visitor(t).post("/auth/", form("address", "ann@example.com", "next", `/"><script>alert(2)</script>`))
	want(t, p, http.StatusOK, "Acme &lt;script&gt;alert(1)&lt;/script&gt;", "Host &amp; &#34;Co&#34;", html.EscapeString(`/"><script>alert(2)</script>`))
	p = w.visitor(t).post("/auth/", form("address", `"><script>alert(3)</script>@example.com`))
	want(t, p, http.StatusBadRequest, html.EscapeString(`"><script>alert(3)</script>@example.com`))
	p = w.visitor(t).get("/auth/?address=" + url.QueryEscape(`"><script>`) + "&next=/x&org=" + url.QueryEscape(`"><script>`))
	want(t, p, http.StatusOK)
	if strings.Contains(p.text, `name="org"`) {
		t.Error("an id that can be none is carried on")
	}
}

// What takes forms alone leads to the page that has the form, in one step, and does nothing.
func TestFormsByALink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t).byPassword("ext@example.org").still()
	for path, page := range map[string]string{
		"password": "", "sso/start": "", "google/start": "", "request": "", "link/code": "link", "prove/sso": "prove", "prove/google": "prove",
		"factor/begin": "factor", "factor/confirm": "factor", "factor/done": "factor", "factor/codes.txt": "factor",
		"security/password": "security", "security/mail": "security", "security/address": "security", "security/end": "security", "security/unlink": "security", "enter": "security",
	} {
		p := v.get("/auth/" + path + "?scope=everywhere&to=a@example.net&password=x&token=x")
		if p.status != http.StatusSeeOther || p.header.Get("Location") != "/auth/"+page || p.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: status %d, to %q", path, p.status, p.header.Get("Location"))
		}
	}
	for _, page := range []string{"factor", "security", "prove", "link"} {
		if p := v.get("/auth/" + page); p.status != http.StatusOK {
			t.Errorf("%s: status %d, to %q", page, p.status, p.header.Get("Location"))
		}
	}
	if v.in() != "ext@example.org" {
		t.Error("signed out")
	}
}

func TestMethodsAndPaths(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{http.MethodHead, "/auth/", 200, ""},
		{http.MethodPut, "/auth/", 405, "GET, HEAD, POST"},
		{http.MethodDelete, "/auth/signout", 405, "GET, HEAD, POST"},
		{http.MethodOptions, "/auth/prove", 405, "GET, HEAD, POST"},
		{http.MethodGet, "/auth/password", 303, ""},
		{http.MethodPut, "/auth/password", 405, "POST"},
		{http.MethodHead, "/auth/sso/start", 303, ""},
		{http.MethodPost, "/auth/sso/" + w.connection + "/metadata", 405, "GET, HEAD"},
		{http.MethodHead, "/auth/sso/" + w.connection + "/metadata", 200, ""},
		{http.MethodHead, "/auth/sso/" + w.connection + "/acs", 405, "POST"},
		{http.MethodPut, "/auth/sso/" + w.connection + "/acs", 405, "GET, HEAD, POST"},
		{http.MethodHead, "/auth/code", 200, ""},
		{http.MethodHead, "/auth/recover", 200, ""},
		{http.MethodHead, "/auth/factor", 303, ""},
		{http.MethodPost, "/auth/factor", 405, "GET, HEAD"},
		{http.MethodPut, "/auth/code", 405, "GET, HEAD, POST"},
		{http.MethodGet, "/auth/factor/begin", 303, ""},
		{http.MethodHead, "/auth/factor/confirm", 303, ""},
		{http.MethodGet, "/auth/factor/codes.txt", 303, ""},
		{http.MethodGet, "/auth/factor/done", 303, ""},
		{http.MethodGet, "/auth/factor/change", 303, ""},
		{http.MethodGet, "/auth/factor/remove", 303, ""},
		{http.MethodGet, "/auth/factor/codes", 303, ""},
		{http.MethodPut, "/auth/factor/reset", 405, "GET, HEAD, POST"},
		{http.MethodGet, "/auth/factor/", 404, ""},
		{http.MethodGet, "/auth/code/", 404, ""},
		{http.MethodPost, "/auth/factor/nowhere", 404, ""},
		{http.MethodGet, "/auth/nowhere", 404, ""},
		{http.MethodPost, "/auth/nowhere", 404, ""},
		{http.MethodGet, "/auth/sso/", 404, ""},
		{http.MethodGet, "/auth/sso//acs", 404, ""},
		{http.MethodGet, "/auth/sso/x/acs/", 404, ""},
		{http.MethodGet, "/auth/sso/a%00b/acs", 404, ""},
		{http.MethodGet, "/auth/password/", 404, ""},
	} {
		p := v.still().send(c.method, c.path, nil, nil)
		if strings.Contains(c.path, "//") && p.status >= 300 && p.status < 400 {
			continue // ServeMux has cleaned the path before us
		}
		if p.status != c.status || p.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: status %d, Allow %q; want %d, %q", c.method, c.path, p.status, p.header.Get("Allow"), c.status, c.allow)
		}
		if c.method == http.MethodHead && p.text != "" {
			t.Errorf("HEAD %s has a body", c.path)
		}
	}
}

// A fault shows nothing of itself, lets nobody in or out, and is logged once under the
// code on the page.
func TestFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	olive := w.visitor(t).byPassword("olive@example.com").prove()
	fay := w.enrol(t, "fay@example.org")
	half := w.visitor(t).half("fay@example.org")
	w.broken.Store(true)
	for name, do := range map[string]func() page{
		"address": func() page { return olive.post("/auth/", form("address", "olive@example.com")) },
		"password": func() page {
			return olive.post("/auth/password", form("address", "olive@example.com", "password", right))
		},
		"start":     func() page { return olive.post("/auth/sso/start", form("connection", w.connection)) },
		"acs":       func() page { return olive.post("/auth/sso/"+w.connection+"/acs", form("SAMLResponse", "bm9uc2Vuc2U=")) },
		"metadata":  func() page { return olive.get("/auth/sso/" + w.connection + "/metadata") },
		"signed in": func() page { return olive.get("/auth/") },
		"signout":   func() page { return olive.get("/auth/signout") },
		"sign out":  func() page { return olive.post("/auth/signout", form("scope", "device")) },
		"prove":     func() page { return olive.get("/auth/prove") },
		"proof":     func() page { return olive.post("/auth/prove", form("password", right)) },
		"code":      func() page { return half.post("/auth/code", form("code", fay.next())) },
		"recover":   func() page { return half.post("/auth/recover", form("code", fay.codes[0])) },
		"factor":    func() page { return olive.get("/auth/factor") },
		"begin":     func() page { return olive.post("/auth/factor/begin", form()) },
		"confirm":   func() page { return olive.post("/auth/factor/confirm", form("code", "123456")) },
		"codes.txt": func() page { return olive.post("/auth/factor/codes.txt", form("code", fay.codes[0])) },
		"done":      func() page { return olive.post("/auth/factor/done", form()) },
		"change":    func() page { return olive.post("/auth/factor/change", form()) },
		"remove":    func() page { return olive.post("/auth/factor/remove", form("code", "123456")) },
		"codes":     func() page { return olive.post("/auth/factor/codes", form("code", "123456")) },
		"reset": func() page {
			return half.post("/auth/factor/reset", form("token", "r1."+strings.Repeat("A", 43), "password", right))
		},
	} {
		p := do()
		want(t, p, http.StatusServiceUnavailable, "out of order on our side", "support@host.example")
		if strings.Contains(p.text, "disk") || strings.Contains(p.text, "db-3") {
			t.Errorf("%s: the page shows the fault", name)
		}
		if p.trace() == "" || strings.Count(w.log.String(), p.trace()) != 1 {
			t.Errorf("%s: code %q is %d times in the log", name, p.trace(), strings.Count(w.log.String(), p.trace()))
		}
		for _, c := range p.header.Values("Set-Cookie") {
			if strings.HasPrefix(c, "__Host-accesssec=") {
				t.Errorf("%s: touches the session cookie", name)
			}
		}
	}
	if !strings.Contains(w.log.String(), "disk 7 of db-3 is on fire") || strings.Contains(w.log.String(), right) {
		t.Error("the log has not the fault, or has the password")
	}
	w.broken.Store(false)
	if p := half.post("/auth/code", form("code", fay.next())); p.url != "/home" {
		t.Errorf("afterwards: a code leads to %s (status %d)", p.url, p.status)
	}
	if got := olive.in(); got != "olive@example.com" {
		t.Errorf("afterwards: signed in as %q", got)
	}
}

// The handler without options, and with an After that leads elsewhere.
func TestOptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	olive := w.visitor(t).byPassword("olive@example.com")
	cookies := olive.c.Jar.Cookies(must[*url.URL](t)(url.Parse(w.origin)))
	for _, opts := range []*signin.Options{nil, {}, {After: "https://evil.example/"}, {After: "//evil.example"}} {
		h := signin.New(w.svc, opts)
		r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, "/auth/", nil))
		for _, c := range cookies {
			r.AddCookie(c)
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/" {
			t.Errorf("%+v: status %d, to %q", opts, rec.Code, rec.Header().Get("Location"))
		}
	}
}
