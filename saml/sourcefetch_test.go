package saml_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// site is a provider's web server, under the name example.com wherever it listens.
type site struct {
	*httptest.Server
	roots *x509.CertPool
	hits  atomic.Int32
}

func newSite(t testing.TB, handle http.HandlerFunc) *site {
	t.Helper()
	s := &site{roots: x509.NewCertPool()}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		handle(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	s.roots.AddCert(s.Certificate())
	return s
}

// source fetches from the site; other addresses are dialled as by default.
func (s *site) source(path string) *saml.Source {
	return &saml.Source{URL: "https://example.com" + path, Roots: s.roots, Dial: s.dial}
}

func (s *site) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if address != "example.com:443" {
		return saml.DialPublic(ctx, network, address)
	}
	var d net.Dialer
	return d.DialContext(ctx, network, s.Listener.Addr().String())
}

func TestFetch(t *testing.T) {
	t.Parallel()
	doc := published("one", `validUntil="`+at(time.Hour)+`" cacheDuration="PT20M"`, idpID, "idp")
	signed := publisher{id: "one", by: "second"}.sign(t, doc)
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/1", "/2", "/3":
			http.Redirect(w, r, map[string]string{"/1": "/2", "/2": "https://example.com/3?x=y", "/3": "/metadata"}[r.URL.Path], http.StatusFound)
		case "/signed":
			fmt.Fprint(w, signed)
		default:
			for name, want := range map[string]string{"Accept-Encoding": "", "User-Agent": "accesssec-go", "Cookie": "", "Authorization": ""} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: %q", name, got)
				}
			}
			w.Header().Set("Set-Cookie", "a=b")
			fmt.Fprint(w, doc)
		}
	})
	for _, path := range []string{"/metadata", "/metadata?a=b#part", "/3", "/1"} {
		m, err := s.source(path).Fetch(t.Context(), clock())
		if err != nil {
			t.Fatalf("%s: %s", path, explain(err))
		}
		if m.IdP.EntityID != idpID || !m.ValidUntil.Equal(clock().Add(time.Hour)) || !m.RefreshAt().Equal(clock().Add(20*time.Minute)) || m.Signed {
			t.Errorf("%s: %+v", path, m)
		}
	}
	trusting := s.source("/signed")
	trusting.Trust = certificates("second")
	if m, err := trusting.Fetch(t.Context(), clock()); err != nil || !m.Signed {
		t.Errorf("%+v %s", m, explain(err))
	}
	trusting.URL = "https://example.com/metadata"
	m, err := trusting.Fetch(t.Context(), clock())
	if m != nil {
		t.Error("unsigned, and taken")
	}
	refused(t, nil, err, saml.CodeMetadata)
}

func TestFetchRefuses(t *testing.T) {
	t.Parallel()
	doc := published("one", "", idpID, "idp")
	elsewhere := newSite(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, doc) })
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{
			"/1": "/2", "/2": "/3", "/3": "/4", "/4": "/metadata", "/loop": "/loop", "/http": "http://example.com/metadata", "/password": "https://a:b@example.com/metadata",
			"/file": "file:///etc/passwd", "/loopback": elsewhere.URL, "/localhost": "https://localhost:" + port(elsewhere.URL), "/cloud": "https://169.254.169.254/latest/meta-data/", "/long": "/" + strings.Repeat("a", 3000),
		}
		switch path := r.URL.Path; {
		case to[path] != "":
			http.Redirect(w, r, to[path], http.StatusFound)
		case path == "/404":
			http.NotFound(w, r)
		case path == "/500":
			http.Error(w, doc, http.StatusInternalServerError)
		case path == "/204":
			w.WriteHeader(http.StatusNoContent)
		case path == "/html":
			fmt.Fprint(w, "<!DOCTYPE html><html><body>Sign in</body></html>")
		case path == "/large":
			w.Header().Set("Content-Length", fmt.Sprint(8<<20+1))
			w.Write([]byte(doc))
		case path == "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
					return
				}
			}
		case path == "/packed":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			fmt.Fprint(z, doc)
			z.Close()
		case path == "/headers":
			w.Header().Set("X", strings.Repeat("a", 1<<20))
			fmt.Fprint(w, doc)
		case path == "/cut":
			w.Header().Set("Content-Length", fmt.Sprint(len(doc)+1))
			fmt.Fprint(w, doc)
		case path == "/breaks":
			panic(http.ErrAbortHandler)
		default:
			fmt.Fprint(w, doc)
		}
	})
	for path, c := range map[string]struct {
		code     saml.Code
		received string
	}{
		"/404": {saml.CodeMetadata, "HTTP status 404"}, "/500": {saml.CodeMetadata, "HTTP status 500"}, "/204": {saml.CodeMetadata, "HTTP status 204"},
		"/1": {saml.CodeMetadata, "more than three redirects"}, "/loop": {saml.CodeMetadata, "more than three redirects"},
		"/http": {saml.CodeMetadata, "a redirect to a URL without https"}, "/file": {saml.CodeMetadata, "a redirect to a URL without https"},
		"/password": {saml.CodeMetadata, "a redirect to a URL with a password"}, "/long": {saml.CodeMetadata, "a redirect to a URL of more than 2048 bytes"},
		"/loopback": {saml.CodeMetadata, "an address that is not public"}, "/localhost": {saml.CodeMetadata, "an address that is not public"}, "/cloud": {saml.CodeMetadata, "an address that is not public"},
		"/html": {saml.CodeXML, ""}, "/packed": {saml.CodeXML, ""}, "/large": {saml.CodeSize, ""}, "/endless": {saml.CodeSize, ""},
		"/headers": {saml.CodeMetadata, "no answer"}, "/cut": {saml.CodeMetadata, "no answer"}, "/breaks": {saml.CodeMetadata, "no answer"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			m, err := s.source(path).Fetch(t.Context(), clock())
			if m != nil {
				t.Fatalf("%+v", m)
			}
			if e := refused(t, nil, err, c.code); c.received != "" && e.Received != c.received {
				t.Errorf("Received = %q, want %q", e.Received, c.received)
			}
		})
	}
	t.Cleanup(func() { // after the parallel ones
		if n := elsewhere.hits.Load(); n > 0 {
			t.Errorf("%d requests reached an address that is not public", n)
		}
	})
}

func port(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return u.Port()
}

func TestFetchWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/body") {
			fmt.Fprint(w, " ")
			w.(http.Flusher).Flush()
		}
		if r.URL.Path == "/given-up" {
			close(asked)
		}
		<-r.Context().Done()
	})
	for _, path := range []string{"/head", "/body"} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		m, err := s.source(path).Fetch(ctx, clock())
		cancel()
		if e := refused(t, nil, err, saml.CodeMetadata); m != nil || e.Received != "no answer in time" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %s", path, explain(err))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	_, err := s.source("/given-up").Fetch(ctx, clock())
	if refused(t, nil, err, saml.CodeMetadata); !errors.Is(err, context.Canceled) {
		t.Error(explain(err))
	}
	unknown := s.source("/")
	unknown.Roots = x509.NewCertPool()
	_, err = unknown.Fetch(t.Context(), clock())
	if e := refused(t, nil, err, saml.CodeMetadata); e.Received != "a TLS certificate that is not trusted" {
		t.Error(explain(err))
	}
	other := s.source("/")
	other.URL = "https://idp.example/"
	other.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return s.dial(ctx, network, "example.com:443")
	}
	_, err = other.Fetch(t.Context(), clock())
	if e := refused(t, nil, err, saml.CodeMetadata); e.Received != "a TLS certificate that is not trusted" {
		t.Errorf("a certificate of another name: %s", explain(err))
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	other.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, plain.Listener.Addr().String())
	}
	_, err = other.Fetch(t.Context(), clock())
	if e := refused(t, nil, err, saml.CodeMetadata); e.Received != "an answer without TLS" {
		t.Error(explain(err))
	}
	other.Dial = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host"}
	}
	_, err = other.Fetch(t.Context(), clock())
	if e := refused(t, nil, err, saml.CodeMetadata); e.Received != "a name that does not resolve" {
		t.Error(explain(err))
	}
}

func TestFetchOfURLs(t *testing.T) {
	t.Parallel()
	for _, u := range []string{
		"", "example.com", "/metadata", "http://example.com/", "HTTP://example.com/", "ftp://example.com/", "file:///etc/passwd", "https:", "https://", "https:///x", "https://:443/", "https://a@example.com/",
		"https://a:b@example.com/", "https://exa mple.com/", "https://example.com/" + strings.Repeat("a", 2048), "\thttps://example.com", "https://example.com:x/",
	} {
		dialled := false
		src := &saml.Source{URL: u, Dial: func(context.Context, string, string) (net.Conn, error) {
			dialled = true
			return nil, errors.New("no")
		}}
		m, err := src.Fetch(t.Context(), clock())
		if m != nil || dialled {
			t.Errorf("%q: %+v, dialled: %t", u, m, dialled)
		}
		refused(t, nil, err, saml.CodeConfig)
	}
}

// Without a Dial of the host's own, nothing in its own network is reached, whatever the
// URL calls it.
func TestFetchStaysOutOfTheOwnNetwork(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {})
	p := port(s.URL)
	for _, host := range []string{
		"127.0.0.1", "localhost", "127.1.2.3", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::127.0.0.1]", "[::127.0.0.1]",
		"10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.100.100.200", "[fd00:ec2::254]", "[fe80::1]", "224.0.0.1", "255.255.255.255",
	} {
		src := s.source("/")
		src.Dial, src.URL = nil, "https://"+host+":"+p+"/"
		m, err := src.Fetch(t.Context(), clock())
		if m != nil {
			t.Errorf("%s: %+v", host, m)
		}
		if e := refused(t, nil, err, saml.CodeMetadata); e.Received != "an address that is not public" {
			t.Errorf("%s: %s", host, explain(err))
		}
	}
	if n := s.hits.Load(); n > 0 {
		t.Errorf("%d requests came", n)
	}
}
