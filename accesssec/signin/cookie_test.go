package signin_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/signin"
)

// route is one of ours, and a method that it answers to.
type route struct{ method, path string }

// routes are those that the package documents.
func (w *world) routes(t *testing.T) []route {
	t.Helper()
	text := must[[]byte](t)(os.ReadFile("signin.go"))
	var all []route
	for _, m := range regexp.MustCompile(`(?m)^//\t(GET|POST)(, POST)? +(\S+)`).FindAllStringSubmatch(string(text), -1) {
		path := strings.ReplaceAll(m[3], "{connection}", w.connection)
		if path == "the" {
			path = "" // "the address": the page at the root
		}
		all = append(all, route{m[1], w.svc.Path() + path})
		if m[2] != "" {
			all = append(all, route{http.MethodPost, w.svc.Path() + path})
		}
	}
	if len(all) < 50 {
		t.Fatalf("%d routes", len(all))
	}
	return all
}

const base64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// spoiled are values of a Cookie header that has no one cookie of that name that could be ours.
// good is one that is.
func spoiled(name, good string) map[string][]string {
	c := func(value string) string { return name + "=" + value }
	mark, random := good[:3], good[3:]
	raw, _ := base64.RawURLEncoding.DecodeString(random) // it is a good one
	return map[string][]string{
		"empty":         {c("")},
		"no value":      {name},
		"garbage":       {c("garbage")},
		"a blank":       {c(good[:20] + " " + good[20:])},
		"not UTF-8":     {c(mark + "\xff\xfe" + random[2:])},
		"a NUL":         {c(mark + "\x00" + random[1:])},
		"no mark":       {c(random)},
		"another mark":  {c("x1." + random)},
		"short":         {c(good[:len(good)-1])},
		"long":          {c(good + "A")},
		"padded":        {c(good + "=")},
		"no base64":     {c(mark + strings.Repeat("!", len(random)))},
		"other base64":  {c(mark + base64.StdEncoding.EncodeToString(raw))},
		"spare bits":    {c(good[:len(good)-1] + string(base64URL[strings.IndexByte(base64URL, good[len(good)-1])+1]))}, // the same bytes, loosely read
		"oversized":     {c(mark + strings.Repeat("A", 200<<10))},
		"unknown":       {c(mark + strings.Repeat("A", 43))},
		"twice":         {c(good) + "; " + c(good)},
		"good and bad":  {c(good) + "; " + c("garbage")},
		"bad and good":  {c("garbage") + "; " + c(good)},
		"in two fields": {c(good), c("garbage")},
		"by a thousand": {strings.Repeat(c("garbage")+"; ", 1000) + c(good)},
	}
}

// walk follows redirects of ours as a browser does whose cookies stay what they are.
func walk(t *testing.T, h http.Handler, method, path string, cookies []string) *httptest.ResponseRecorder {
	t.Helper()
	for range 5 {
		r := httptest.NewRequest(method, path, http.NoBody)
		r.Header["Cookie"] = cookies
		r.Header.Set("Accept", "text/html")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code >= 500 {
			t.Errorf("%s %s: status %d", method, path, rec.Code)
		}
		to := rec.Header().Get("Location")
		if rec.Code/100 != 3 || !strings.HasPrefix(to, "/") {
			return rec
		}
		method, path = http.MethodGet, to
	}
	t.Fatalf("%s %s: redirects without an end", method, path)
	return nil
}

// mounted is the service's pages, and a page of the host's behind Protect.
func (w *world) mounted() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(w.svc.Path(), signin.New(w.svc, nil))
	mux.Handle("/", w.svc.Protect(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		p, _ := accesssec.FromContext(r.Context())
		rw.Write([]byte("hello " + p.UserID))
	})))
	return mux
}

// A session cookie that can't be one of ours is none, and of two none is trusted over the other:
// no page fails by it or leads in a circle, and nobody is in.
func TestSpoiledSessionCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t).byPassword("fay@example.org")
	good, h := v.ticket().Value, w.mounted()
	in := "hello " + w.member(t, "fay@example.org")
	if rec := walk(t, h, http.MethodGet, "/who", []string{"__Host-accesssec=" + good}); rec.Body.String() != in {
		t.Fatalf("the good one: status %d: %s", rec.Code, rec.Body)
	}
	all := append(w.routes(t), route{http.MethodGet, "/who"}, route{http.MethodPost, "/who"})
	for name, cookies := range spoiled("__Host-accesssec", good) {
		for _, x := range all {
			rec := walk(t, h, x.method, x.path, cookies)
			if body := rec.Body.String(); strings.Contains(body, "fay@") || strings.Contains(body, in) {
				t.Errorf("%s: %s %s knows who it is", name, x.method, x.path)
			}
			if x.path == "/who" && x.method == http.MethodGet && (rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "<h1>Sign in</h1>")) ||
				x.path == "/who" && x.method == http.MethodPost && rec.Code != http.StatusUnauthorized {
				t.Errorf("%s: %s of the host's page: status %d", name, x.method, rec.Code)
			}
		}
		if v.in() != "fay@example.org" {
			t.Fatalf("%s: the session was ended", name)
		}
	}
}

// With the mark of the browser it is the same: it gets a new one, and nothing else is hindered.
func TestSpoiledVisitCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t).byPassword("fay@example.org")
	h, mark := w.mounted(), ""
	for _, c := range v.c.Jar.Cookies(must[*url.URL](t)(url.Parse(w.origin))) {
		if c.Name == "__Host-accesssec-visit" {
			mark = c.Value
		}
	}
	given := func(cookies []string) string {
		t.Helper()
		for _, c := range walk(t, h, http.MethodGet, "/auth/code", cookies).Result().Cookies() {
			if c.Name == "__Host-accesssec-visit" && c.Path == "/" && c.Secure && c.HttpOnly {
				return c.Value
			}
		}
		t.Fatal("no mark is given")
		return ""
	}
	if got := given([]string{"__Host-accesssec-visit=" + mark}); got != mark {
		t.Fatalf("a good mark is replaced by %q", got)
	}
	session := "__Host-accesssec=" + v.ticket().Value
	unknown := "v1." + strings.Repeat("A", 43)
	for name, cookies := range spoiled("__Host-accesssec-visit", mark) {
		if got := given(cookies); (got == mark || len(got) != len(mark)) || (got == unknown) != (name == "unknown") {
			t.Errorf("%s: the mark is %q", name, got)
		}
		for _, x := range w.routes(t) {
			walk(t, h, x.method, x.path, cookies)
			if x.method == http.MethodGet {
				walk(t, h, x.method, x.path, append([]string{session}, cookies...))
			}
		}
		if rec := walk(t, h, http.MethodGet, "/who", append([]string{session}, cookies...)); !strings.HasPrefix(rec.Body.String(), "hello ") {
			t.Errorf("%s: with a good session: status %d", name, rec.Code)
		}
	}
}
