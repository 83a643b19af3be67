package accesssectest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/accesssectest"
)

// cookies is a host that sets what the query says and shows what it was sent.
func cookies(*accesssec.Service) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		for _, c := range r.URL.Query()["set"] {
			w.Header().Add("Set-Cookie", c)
		}
		var got []string
		for _, c := range r.Cookies() {
			got = append(got, c.Name+"="+c.Value)
		}
		fmt.Fprint(w, strings.Join(got, " "))
	})
	return mux
}

func TestCookiesGoByTheWorldsClock(t *testing.T) {
	t.Parallel()
	noon := time.Date(2001, 3, 2, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return noon.Add(d).Format(http.TimeFormat) }
	w := accesssectest.New(t, &accesssectest.Options{Handler: cookies, Now: noon})
	for name, tc := range map[string]struct {
		set         []string
		now, hourOn string
	}{
		"of the session":           {[]string{"a=1"}, "a=1", "a=1"},
		"with an age":              {[]string{"a=1; Max-Age=3600"}, "a=1", ""},
		"with a longer age":        {[]string{"a=1; Max-Age=3601"}, "a=1", "a=1"},
		"with an end":              {[]string{"a=1; Expires=" + at(time.Hour)}, "a=1", ""},
		"age before end":           {[]string{"a=1; Max-Age=7200; Expires=" + at(time.Minute)}, "a=1", "a=1"},
		"over":                     {[]string{"a=1; Expires=" + at(0)}, "", ""},
		"taken away":               {[]string{"a=1", "a=; Max-Age=-1"}, "", ""},
		"taken away by its end":    {[]string{"a=1", "a=; Expires=" + at(-time.Hour)}, "", ""},
		"put in place of an older": {[]string{"a=1; Max-Age=60", "a=2"}, "a=2", "a=2"},
		"beside another":           {[]string{"a=1; Max-Age=60; Path=/", "b=2; Path=/"}, "a=1 b=2", "b=2"},
		"path said and not said":   {[]string{"a=1; Max-Age=60", "a=2; Path=/"}, "a=2", "a=2"},
		"another path":             {[]string{"a=1; Path=/elsewhere"}, "", ""},
		"two paths":                {[]string{"a=1; Path=/; Max-Age=60", "a=2; Path=/x"}, "a=2 a=1", "a=2"},
	} {
		c := w.Client()
		path := "/"
		if name == "two paths" {
			path = "/x"
		}
		q := ""
		for _, set := range tc.set {
			q += "&set=" + strings.NewReplacer(" ", "%20", ";", "%3B", "=", "%3D", ",", "%2C", ":", "%3A").Replace(set)
		}
		text(c.Get(w.URL + "/?" + q[1:]))
		says(t, c, w.URL+path, tc.now)
		w.Advance(time.Hour)
		says(t, c, w.URL+path, tc.hourOn)
		w.Advance(-time.Hour)
		if t.Failed() {
			t.Fatalf("that was %q", name)
		}
	}
}

// What a browser says of itself, and what a test may say in its place.
func TestClientHeaders(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, &accesssectest.Options{Handler: func(*accesssec.Service) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%.9s %s %s", r.Header.Get("Accept"), r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site"))
		})
	}})
	for name, tc := range map[string]struct {
		method string
		header http.Header
		want   string
	}{
		"get":             {http.MethodGet, nil, "text/html"},
		"post":            {http.MethodPost, nil, "text/html " + w.URL + " same-origin"},
		"another site":    {http.MethodPost, http.Header{"Sec-Fetch-Site": {"cross-site"}}, "text/html  cross-site"},
		"another origin":  {http.MethodPost, http.Header{"Origin": {"https://evil.example"}}, "text/html https://evil.example"},
		"data, no page":   {http.MethodGet, http.Header{"Accept": {"a/json"}}, "a/json"},
		"delete a record": {http.MethodDelete, nil, "text/html " + w.URL + " same-origin"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tc.method, w.URL+"/", nil)
		ok(t, err)
		if tc.header != nil {
			req.Header = tc.header.Clone()
		}
		if got := strings.TrimSpace(text(w.Client().Do(req))); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
		if len(req.Header) != len(tc.header) {
			t.Errorf("%s: the request was changed: %v", name, req.Header)
		}
	}
}
