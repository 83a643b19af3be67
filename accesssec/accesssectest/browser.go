package accesssectest

import (
	"net/http"
	"time"
)

// Client is a browser nobody has used yet: a cookie jar that goes by the world's clock,
// redirects followed. Where a request says nothing else it sends what a browser does:
// that it would like a page (Accept), and, with what may change something, that it
// comes from the host's own pages (Origin, Sec-Fetch-Site). It is good until the World is
// closed.
func (w *World) Client() *http.Client {
	return &http.Client{Jar: newJar(w.clock.now), Transport: browser{w.transport}, Timeout: time.Minute}
}

// browser adds the headers of one.
type browser struct{ next http.RoundTripper }

// RoundTrip leaves r as it is, and what r says stands.
func (b browser) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == ""
	if !reads && r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == "" {
		r.Header.Set("Origin", r.URL.Scheme+"://"+r.URL.Host)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return b.next.RoundTrip(r)
}
