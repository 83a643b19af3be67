package accesssec

import (
	"bytes"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// oddCertificate is one that crypto/x509 refuses and saml reads: its serial number is
// below zero, as one well-known provider's was.
func oddCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	key, err := saml.GenerateKey("https://idp.example.com", time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	serial := key.Cert.SerialNumber.Bytes()
	at := bytes.Index(key.Cert.Raw, serial)
	if at < 0 {
		t.Fatal("no serial number in the certificate")
	}
	der := bytes.Clone(key.Cert.Raw)
	if der[at-1] == 0 { // the sign
		at--
	}
	der[at] = 0xf9
	if _, err := x509.ParseCertificate(der); err == nil {
		t.Fatal("crypto/x509 reads it, so that nothing is shown")
	}
	certs, err := saml.ParseCertificates(der)
	if err != nil {
		t.Fatal(err)
	}
	return certs[0]
}

// TestTrustForMetadata: a certificate that was taken to be trusted is read again as it was.
func TestTrustForMetadata(t *testing.T) {
	t.Parallel()
	s := testService(t, nil)
	odd := oddCertificate(t)
	f := followed{URL: "https://idp.example.com/metadata", Trust: [][]byte{odd.Raw}}
	src, err := s.source(f)
	if err != nil || len(src.Trust) != 1 || !src.Trust[0].Equal(odd) {
		t.Errorf("%+v, %v", src, err)
	}
	if shown := f.shown(); len(shown.Trust) != 1 || !shown.Trust[0].Equal(odd) {
		t.Errorf("shown %+v", shown.Trust)
	}
	// One that can't be read is not left out: without any, whoever answers is believed.
	f.Trust = append(f.Trust, []byte("broken"))
	var bad *saml.Error
	if src, err := s.source(f); src != nil || !errors.As(err, &bad) || bad.Code != saml.CodeCertificate {
		t.Errorf("%+v, %v", src, err)
	}
	if shown := f.shown(); len(shown.Trust) != 1 {
		t.Errorf("shown %+v", shown.Trust)
	}
}
