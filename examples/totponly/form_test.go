package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/totp"
)

// Every form, by who may send it.
func forms() map[string][]string {
	return map[string][]string{
		"stranger": {"/signin", "/signout"},
		"owing":    {"/code", "/recovery"},
		"inside":   {"/setup", "/setup/confirm", "/codes", "/codes/download", "/codes/saved", "/change", "/remove"},
	}
}

// cookiesOf are what a browser has for the site.
func cookiesOf(t *testing.T, v *visitor) []*http.Cookie {
	t.Helper()
	u, err := url.Parse(v.origin)
	if err != nil {
		t.Fatal(err)
	}
	return v.client.Jar.Cookies(u)
}

// Whatever is wrong with a form, it is refused and changes nothing, whoever sends it.
func TestBadForms(t *testing.T) {
	t.Parallel()
	w, inside := enrolled(t)
	who := map[string]*visitor{"stranger": arrival(t, w), "owing": owing(t, w), "inside": inside}
	before := rowOf(t, w, ann)
	good := url.Values{"address": {ann}, "password": {w.site.passwords[ann]}, "code": {w.fresh(w.ann)}}.Encode()
	for by, paths := range forms() {
		for _, path := range paths {
			for name, row := range map[string]struct {
				change func(*http.Request)
				body   string
				want   []int
			}{
				"another site":      {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, good, []int{403}},
				"another subdomain": {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, good, []int{403}},
				"an old browser":    {func(r *http.Request) { r.Header.Set("Origin", "https://elsewhere.example") }, good, []int{403}},
				"a sandbox":         {func(r *http.Request) { r.Header.Set("Origin", "null") }, good, []int{403}},
				"too large":         {nil, good + "&more=" + strings.Repeat("A", mostForm), []int{413}},
				"half an escape":    {nil, good + "&code=%z", []int{400}},
				"a semicolon":       {nil, good + ";code=1", []int{400}},
				"no type at all":    {func(r *http.Request) { r.Header.Set("Content-Type", ";") }, good, []int{400}},
				"PUT":               {func(r *http.Request) { r.Method = http.MethodPut }, good, []int{405}},
				"PATCH":             {func(r *http.Request) { r.Method = http.MethodPatch }, good, []int{405}},
				"DELETE":            {func(r *http.Request) { r.Method = http.MethodDelete }, good, []int{405}},
			} {
				req := request(t, http.MethodPost, w.site.origin+path, row.body)
				if row.change != nil {
					row.change(req)
				}
				resp := hop(t, req, cookiesOf(t, who[by])...)
				if !slices.Contains(row.want, resp.StatusCode) || len(resp.Cookies()) > 0 {
					t.Errorf("%s, %s: %s, cookies %v", path, name, resp.Status, resp.Cookies())
				}
			}
		}
	}
	if diff := cmp.Diff(before, rowOf(t, w, ann), cmp.AllowUnexported(row{})); diff != "" {
		t.Errorf("Ann's factor changed:\n%s", diff)
	}
	if page, err := inside.get(t.Context(), "/"); err != nil || page.leads("/", accountPage) != nil {
		t.Errorf("signed out: %v", err)
	}
}

// Passwords and codes count in the body of a form alone: URLs stand in logs.
func TestNothingIsReadFromURLs(t *testing.T) {
	t.Parallel()
	w, inside := enrolled(t)
	waiting := owing(t, w)
	right := url.Values{"address": {ann}, "password": {w.site.passwords[ann]}, "code": {w.fresh(w.ann)}}.Encode()
	for path, v := range map[string]*visitor{"/signin": arrival(t, w), "/code": waiting, "/recovery": waiting, "/change": inside, "/codes": inside, "/remove": inside} {
		resp := hop(t, request(t, http.MethodPost, w.site.origin+path+"?"+right, ""), cookiesOf(t, v)...)
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	multipart := "--x\r\nContent-Disposition: form-data; name=\"address\"\r\n\r\n" + ann +
		"\r\n--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n" + w.site.passwords[ann] + "\r\n--x--\r\n"
	req := request(t, http.MethodPost, w.site.origin+"/signin", multipart)
	req.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	if resp := hop(t, req); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("multipart: %s", resp.Status)
	}
}

// What stands in a field is a wrong password or a wrong code, and no fault.
func TestOddFields(t *testing.T) {
	t.Parallel()
	for _, odd := range []string{"", " ", "\x00", "\xff\xfe", "000000", strings.Repeat("1", 3000), "<script>alert(1)</script>", "１２３４５６", "-1", "1e5",
		"' OR 1=1 --", "\r\nSet-Cookie: a=b", strings.Repeat("\u0301", 500)} {
		w, v := enrolled(t)
		waiting, held := owing(t, w), arrival(t, w)
		put(t, w, bob, func(r *row) { r.state = due })
		if page, err := w.knock(t.Context(), held, bob); err != nil || page.leads("/setup", setUpPage) != nil {
			t.Fatalf("%v at %s", err, page.url)
		}
		if _, err := held.post(t.Context(), "/setup", url.Values{"password": {w.site.passwords[bob]}}); err != nil {
			t.Fatal(err)
		}
		for path, by := range map[string]*visitor{"/signin": arrival(t, w), "/code": waiting, "/recovery": waiting,
			"/setup": held, "/setup/confirm": held, "/codes": v, "/change": v, "/remove": v} {
			page, err := by.post(t.Context(), path, url.Values{"address": {odd}, "password": {odd}, "code": {odd}, "set": {odd}})
			if err != nil {
				t.Fatal(err)
			}
			if page.status != http.StatusUnauthorized || odd != "" && len(odd) > 6 && strings.Contains(page.text, odd) {
				t.Errorf("%s, %.20q: status %d, or it is on the page", path, odd, page.status)
			}
		}
		page, err := v.post(t.Context(), "/codes/download", url.Values{"code": {odd}})
		if err != nil || page.status != http.StatusBadRequest {
			t.Errorf("download of %.20q: status %d, %v", odd, page.status, err)
		}
		page, err = v.post(t.Context(), "/codes/saved", url.Values{"set": {odd}})
		if err != nil || page.status != http.StatusOK || rowOf(t, w, ann).saved {
			t.Errorf("saved of %.20q: status %d, %v", odd, page.status, err)
		}
		// With the right password and such a code.
		for _, path := range []string{"/codes", "/remove"} {
			page, err := v.post(t.Context(), path, url.Values{"password": {w.site.passwords[ann]}, "code": {odd}})
			if err != nil || page.status != http.StatusUnauthorized {
				t.Errorf("%s, %.20q: status %d, %v", path, odd, page.status, err)
			}
		}
	}
}

// Of a field that is there twice the first counts, and only it.
func TestFieldsTwice(t *testing.T) {
	t.Parallel()
	w, _ := enrolled(t)
	v := owing(t, w)
	code := w.fresh(w.ann)
	page, err := v.post(t.Context(), "/code", url.Values{"code": {w.wrong(w.ann), code}})
	if err != nil || page.status != http.StatusUnauthorized {
		t.Errorf("the second of two codes: status %d, %v", page.status, err)
	}
	many := url.Values{}
	for range 11 {
		many["code"] = append(many["code"], w.ann.codes[0])
	}
	inside, err := w.comeIn(t.Context(), ann, w.ann)
	if err != nil {
		t.Fatal(err)
	}
	if page, err := inside.post(t.Context(), "/codes/download", many); err != nil || page.status != http.StatusBadRequest {
		t.Errorf("eleven codes: status %d, %v", page.status, err)
	}
}

// Nobody comes in with another cookie than their own: not a login for a session, not one of
// two, not a made-up one.
func TestCookiesOfOthers(t *testing.T) {
	t.Parallel()
	w, v := enrolled(t)
	inside, waiting := cookiesOf(t, v)[0], cookiesOf(t, owing(t, w))[0]
	if inside.Name != sessionCookie || waiting.Name != loginCookie {
		t.Fatalf("%v, %v", inside, waiting)
	}
	guess := strings.Repeat("A", len(inside.Value))
	for name, cookies := range map[string][]*http.Cookie{
		"none":                  nil,
		"empty":                 {{Name: sessionCookie}, {Name: loginCookie}},
		"made up":               {{Name: sessionCookie, Value: guess}, {Name: loginCookie, Value: guess}},
		"a login for a session": {{Name: sessionCookie, Value: waiting.Value}},
		"a session for a login": {{Name: loginCookie, Value: inside.Value}},
		"two sessions":          {inside, {Name: sessionCookie, Value: guess}},
		"two logins":            {waiting, {Name: loginCookie, Value: guess}},
		"a digest":              {{Name: sessionCookie, Value: fmt.Sprintf("%x", digestOf(inside.Value))}},
	} {
		for by, paths := range forms() {
			if by == "stranger" {
				continue
			}
			for _, path := range append(paths, "/") {
				method := http.MethodPost
				if path == "/" {
					method = http.MethodGet
				}
				body := url.Values{"password": {w.site.passwords[ann]}, "code": {w.ann.codes[0]}}.Encode()
				resp := hop(t, request(t, method, w.site.origin+path, body), cookies...)
				if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/signin" {
					t.Errorf("%s, %s: %s to %q", name, path, resp.Status, resp.Header.Get("Location"))
				}
			}
		}
	}
}

// Cookies are of this host alone, out of reach of scripts, Secure, and new at each step.
func TestCookies(t *testing.T) {
	t.Parallel()
	w, v := enrolled(t)
	before := cookiesOf(t, v)[0].Value
	right := url.Values{"address": {ann}, "password": {w.site.passwords[ann]}}.Encode()
	resp := hop(t, request(t, http.MethodPost, w.site.origin+"/signin", right), cookiesOf(t, v)...)
	set := resp.Cookies()
	if len(set) != 1 {
		t.Fatalf("cookies %v", set)
	}
	resp = hop(t, request(t, http.MethodPost, w.site.origin+"/code", url.Values{"code": {w.fresh(w.ann)}}.Encode()),
		&http.Cookie{Name: sessionCookie, Value: before}, set[0])
	after := ""
	for _, c := range append(set, resp.Cookies()...) {
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Expires.IsZero() || c.Value != "" && len(c.Value) < 26 {
			t.Errorf("%v", c)
		}
		if c.Name == sessionCookie {
			after = c.Value
		}
	}
	if after == "" || after == before {
		t.Errorf("the session is %q after %q", after, before)
	}
	if err := v.mustBeOut(t.Context()); err != nil {
		t.Errorf("the session before goes on: %v", err)
	}
}

// Every answer forbids scripts and frames, and no cache keeps it.
func TestHeaders(t *testing.T) {
	t.Parallel()
	w := serving(t)
	for _, row := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/signin", 200}, {"GET", "/", 303}, {"GET", "/nowhere", 404}, {"GET", "/signout", 405},
		{"POST", "/signin", 401}, {"GET", "/?%zz", 400}, {"HEAD", "/signin", 200}, {"OPTIONS", "/code", 405},
		{"GET", "/../etc/passwd", 307}, {"GET", "//signin", 307},
	} {
		resp := hop(t, request(t, row.method, w.site.origin+row.path, ""))
		policy := resp.Header.Get("Content-Security-Policy")
		if resp.StatusCode != row.want || !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || !strings.Contains(policy, "frame-ancestors 'none'") ||
			!strings.Contains(policy, "form-action 'self'") || resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: %s %v", row.method, row.path, resp.Status, resp.Header)
		}
	}
}

// Time ends a login, a session and a set-up.
func TestEnds(t *testing.T) {
	t.Parallel()
	w, v := enrolled(t)
	waiting := owing(t, w)
	w.clock.forward(loginLife - time.Second)
	if page, err := waiting.get(t.Context(), "/code"); err != nil || page.leads("/code", codePage) != nil {
		t.Errorf("a login before its end: %s, %v", page.url, err)
	}
	w.clock.forward(time.Second)
	if page, err := waiting.code(t.Context(), w.code(w.ann)); err != nil || page.leads("/signin", signInPage) != nil {
		t.Errorf("a login at its end: %s, %v", page.url, err)
	}
	late := arrival(t, w)
	_, err := w.knock(t.Context(), late, bob)
	if err == nil {
		_, err = late.post(t.Context(), "/setup", url.Values{"password": {w.site.passwords[bob]}})
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		after time.Duration
		shown bool
	}{{totp.ConfirmWithin - time.Second, true}, {time.Second, false}} {
		w.clock.forward(row.after)
		if page, err := late.get(t.Context(), "/setup"); err != nil || strings.Contains(page.text, "<svg") != row.shown {
			t.Errorf("a set-up %v later: %v", row.after, err)
		}
	}
	w.clock.forward(sessionLife - loginLife - totp.ConfirmWithin - time.Minute - time.Second)
	if page, err := v.get(t.Context(), "/"); err != nil || page.leads("/", accountPage) != nil {
		t.Errorf("a session before its end: %s, %v", page.url, err)
	}
	w.clock.forward(time.Minute + time.Second)
	if err := v.mustBeOut(t.Context()); err != nil {
		t.Errorf("a session at its end: %v", err)
	}
}
