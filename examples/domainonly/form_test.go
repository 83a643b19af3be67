package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever is wrong with a form, it is refused and changes nothing.
func TestBadForms(t *testing.T) {
	t.Parallel()
	w := serving(t)
	claim, _ := claimed(t, w, "acme", domain)
	before := w.site.app.registry.memory.of("acme")
	good := "name=example.org&address=ann@example.com&host=@&value=x&weather=servfail&by=days"
	for _, path := range []string{"/acme", "/acme/whose", claim + "/verify", claim + "/withdraw",
		claim + "/add", claim + "/remove", claim + "/weather", claim + "/clock"} {
		for name, row := range map[string]struct {
			change func(*http.Request)
			body   string
			want   int
		}{
			"another site":      {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, good, 403},
			"another subdomain": {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, good, 403},
			"an old browser":    {func(r *http.Request) { r.Header.Set("Origin", "https://elsewhere.example") }, good, 403},
			"a sandbox":         {func(r *http.Request) { r.Header.Set("Origin", "null") }, good, 403},
			"rebound DNS": {func(r *http.Request) {
				r.Host = "evil.example.com"
				r.Header.Set("Origin", "http://evil.example.com")
				r.Header.Set("Sec-Fetch-Site", "same-origin")
			}, good, 421},
			"too large":      {nil, good + "&more=" + strings.Repeat("A", mostForm), 413},
			"half an escape": {nil, good + "&code=%z", 400},
			"a semicolon":    {nil, good + ";code=1", 400},
			"no type at all": {func(r *http.Request) { r.Header.Set("Content-Type", ";") }, good, 400},
			"PUT":            {func(r *http.Request) { r.Method = http.MethodPut }, good, 405},
			"DELETE":         {func(r *http.Request) { r.Method = http.MethodDelete }, good, 405},
		} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.origin+path, strings.NewReader(row.body))
			must(t, err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if row.change != nil {
				row.change(req)
			}
			page, err := read(http.DefaultTransport.RoundTrip(req))
			if err != nil || page.status != row.want {
				t.Errorf("%s, %s: %d, %v", path, name, page.status, err)
			}
		}
	}
	if diff := cmp.Diff(before, w.site.app.registry.memory.of("acme"), cmp.AllowUnexported(row{}, notice{})); diff != "" {
		t.Errorf("the claim changed:\n%s", diff)
	}
	if got := w.site.app.internet.of(domain); len(got) > 0 || w.site.app.internet.forecast() != fair {
		t.Errorf("DNS changed: %v, %s", got, w.site.app.internet.forecast())
	}
}

// No page may be kept, framed or run a script, also the router's own refusals.
func TestHeaders(t *testing.T) {
	t.Parallel()
	w := serving(t)
	claim, _ := claimed(t, w, "acme", domain)
	for _, path := range []string{"/acme", claim, "/nobody", "/acme/claims/nothing", "/acme/claims/nothing/verify", "/a/b/c/d/e"} {
		resp, err := http.Get(w.origin + path)
		must(t, err)
		resp.Body.Close()
		policy := resp.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: no %s in %q", path, want, policy)
			}
		}
		if strings.Contains(policy, "unsafe") || resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, resp.Header)
		}
	}
}

// A claim is its org's alone, whatever is asked of it.
func TestOtherOrgs(t *testing.T) {
	t.Parallel()
	w := serving(t)
	claim, token := claimed(t, w, "acme", domain)
	must(t, w.publish(t.Context(), claim, label, token))
	before := w.site.app.registry.memory.of("acme")
	for _, org := range []string{"globex", "nobody", "ACME"} {
		foreign := strings.Replace(claim, "/acme/", "/"+org+"/", 1)
		page, err := w.get(t.Context(), foreign)
		must(t, err)
		must(t, page.says(http.StatusNotFound))
		for _, form := range []string{"verify", "withdraw", "add", "remove", "weather", "clock"} {
			page, err := w.post(t.Context(), foreign+"/"+form, "host", "@", "value", "x", "name", label+"."+domain, "weather", servfail, "by", "days")
			if err == nil {
				err = errors.Join(page.says(http.StatusNotFound), page.lacks(token))
			}
			if err != nil {
				t.Errorf("%s: %v", form, err)
			}
		}
	}
	if diff := cmp.Diff(before, w.site.app.registry.memory.of("acme"), cmp.AllowUnexported(row{}, notice{})); diff != "" {
		t.Errorf("the claim changed:\n%s", diff)
	}
}

// What is typed into the panel is bounded, and no fault.
func TestOddRecords(t *testing.T) {
	t.Parallel()
	w := serving(t)
	claim, _ := claimed(t, w, "acme", domain)
	for name, row := range map[string]struct{ host, value string }{
		"no value":          {"@", ""},
		"a long value":      {"@", strings.Repeat("v", mostValue+1)},
		"two dots":          {"a..b", "v"},
		"a dot before":      {".a", "v"},
		"a long label":      {strings.Repeat("a", 64), "v"},
		"a long name":       {strings.Repeat("a.", 130) + "a", "v"},
		"a blank":           {"a b", "v"},
		"NUL":               {"a\x00b", "v"},
		"bytes of no text":  {"\xff\xfe", "v"},
		"letters as typed":  {"b\u00fccher", "v"},
		"a line and a half": {"a\r\nb", "v"},
	} {
		page, err := w.post(t.Context(), claim+"/add", "host", row.host, "value", row.value)
		if err == nil {
			err = page.says(http.StatusUnprocessableEntity, "this is no record", state("pending"))
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, path := range []string{"remove", "weather", "clock"} {
		page, err := w.post(t.Context(), claim+"/"+path, "name", "other.example.net", "value", "x", "weather", "sunny", "by", "years")
		if err == nil {
			err = page.says(http.StatusUnprocessableEntity, "this is no record")
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	for n := range mostRecords + 1 {
		page, err := w.post(t.Context(), claim+"/add", "host", "@", "value", strings.Repeat("n", n+1))
		want := http.StatusOK
		if n == mostRecords {
			want = http.StatusUnprocessableEntity
		}
		if err != nil || page.status != want {
			t.Fatalf("record %d: %d, %v", n+1, page.status, err)
		}
	}
}
