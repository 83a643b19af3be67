package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

func simulated(t *testing.T) *samltest.IdP {
	t.Helper()
	idp, err := samltest.New("https://idp.example", people(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return idp
}

func TestMetadataFromFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "idp.xml")
	if err := os.WriteFile(name, simulated(t).Metadata(), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serving(t, nil, "-metadata", name, "-slo", "none", "-binding", "post")
	resp, err := http.Get(s.app.origin + "/")
	page, err := read(resp, err)
	if err != nil {
		t.Fatal(err)
	}
	if err := page.says(http.StatusOK, "https://idp.example/metadata", "https://idp.example/sso", "none</dd>"); err != nil {
		t.Error(err)
	}
	resp, err = http.Get(s.app.origin + "/login")
	if page, err = read(resp, err); err != nil {
		t.Fatal(err)
	}
	if err := page.says(http.StatusOK, `action="https://idp.example/sso"`, "SAMLRequest"); err != nil {
		t.Error(err)
	}
	resp, err = http.Get(s.app.origin + "/slo?SAMLRequest=x")
	if page, err = read(resp, err); err != nil || page.status != http.StatusNotFound {
		t.Errorf("single logout: %v, %v", page.status, err)
	}

	o := options{listen: "localhost:0", metadata: name, idpEntityID: "https://another.example"}
	if _, err := start(t.Context(), o, nil, io.Discard); err == nil {
		t.Error("another provider was found")
	}
}

// Who types a URL cannot have this machine look at itself.
func TestMetadataFromHere(t *testing.T) {
	t.Parallel()
	_, err := newProvider(t.Context(), "https://127.0.0.1:1/metadata", "", log.New(io.Discard, "", 0), noon())
	if err == nil || !strings.Contains(tell(err), "an address that is not public") {
		t.Error(err)
	}
}

// What is published later is taken, and what is broken is not.
func TestMetadataIsFollowed(t *testing.T) {
	t.Parallel()
	idp := simulated(t)
	var body atomic.Pointer[[]byte]
	publish := func(xml []byte) { body.Store(&xml) }
	publish(idp.Metadata())
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(*body.Load()) }))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())

	now := noon()
	var said bytes.Buffer
	first, err := new(saml.Source).Parse(idp.Metadata(), now)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{log: log.New(&said, "", 0), kept: saml.Kept{}.Next(first, nil, now), source: saml.Source{
		URL: server.URL, Roots: roots, Dial: (&net.Dialer{}).DialContext,
	}}
	for _, row := range []struct {
		what             string
		before           func() error
		certs, failures  int
		says             string
		publishesNothing bool
	}{
		{what: "the same", before: func() error { return nil }, certs: 1},
		{what: "a new key", before: idp.Rotate, certs: 2, says: "metadata: certificate was \"\""},
		{what: "broken", before: func() error { publish([]byte("<nothing/>")); return nil }, certs: 2, failures: 1, says: "the last good one is kept", publishesNothing: true},
	} {
		if err := row.before(); err != nil {
			t.Fatal(err)
		}
		if !row.publishesNothing {
			publish(idp.Metadata())
		}
		said.Reset()
		now = now.Add(time.Hour)
		p.refresh(t.Context(), now)
		got, err := p.idp(now)
		if err != nil {
			t.Fatalf("%s: %v", row.what, err)
		}
		if len(got.Certificates) != row.certs || p.state().Failures != row.failures || !strings.Contains(said.String(), row.says) {
			t.Errorf("%s: %d certificates, %d failures, said %q", row.what, len(got.Certificates), p.state().Failures, said.String())
		}
	}
}

// follow ends with its context, and never begins for a file.
func TestFollowEnds(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	p := &provider{source: saml.Source{URL: "https://idp.example"}, kept: saml.Kept{DueAt: time.Now().Add(time.Hour)}}
	ended := make(chan struct{})
	go func() { p.follow(ctx); close(ended) }()
	stop()
	<-ended
	new(provider).follow(t.Context())
}

// Metadata that is out of date lets nobody in, and the pages say so.
func TestMetadataOutOfDate(t *testing.T) {
	t.Parallel()
	s := serving(t, nil)
	s.app.provider.mu.Lock()
	kept := *s.app.provider.kept.Metadata
	kept.ValidUntil = time.Now().Add(-time.Minute)
	s.app.provider.kept.Metadata = &kept
	s.app.provider.mu.Unlock()
	for _, at := range []string{"/", "/login"} {
		resp, err := http.Get(s.app.origin + at)
		page, err := read(resp, err)
		if err == nil {
			err = page.says(http.StatusServiceUnavailable, "out of date")
		}
		if err != nil {
			t.Error(err)
		}
	}
	page, err := arrival(t, s).post(t.Context(), s.app.sp.ACS, s.simulatedURL, nil)
	if err != nil || page.status != http.StatusServiceUnavailable {
		t.Errorf("ACS: %d, %v", page.status, err)
	}
}
