package saml_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

func TestParseCertificates(t *testing.T) {
	t.Parallel()
	raw := keys()["idp"].cert.Raw
	whole := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
	second := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: keys()["ec"].cert.Raw}))
	begin, end := "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
	bare := base64.StdEncoding.EncodeToString(raw)
	for name, c := range map[string]struct {
		file string
		n    int
	}{
		"PEM": {whole, 1}, "two": {whole + second, 2}, "text around": {"Bag Attributes\n" + whole + "\n", 1}, "DER": {string(raw), 1},
		"Windows lines": {strings.ReplaceAll(whole, "\n", "\r\n"), 1}, "byte order mark": {"\uFEFF" + whole, 1}, "X509 armour": {strings.ReplaceAll(whole, "CERTIFICATE", "X509 CERTIFICATE"), 1},
		"no last line": {strings.Replace(whole, end+"\n", "", 1), 1}, "no first line": {strings.Replace(whole, begin+"\n", "", 1), 1},
		"half a first line": {strings.Replace(whole, begin, "BEGIN CERTIFICATE-----", 1), 1}, "half a last line": {strings.Replace(whole, end, "-----END CERTIFICATE", 1), 1},
		"bare base64": {bare, 1}, "one line of armour": {begin + bare + end, 1}, "indented": {"   " + strings.ReplaceAll(whole, "\n", "\n   "), 1},
		"lines lost": {strings.ReplaceAll(whole, "\n", " "), 1}, "two, lines lost": {strings.ReplaceAll(whole+second, "\n", ""), 2},
		"lines as written in JSON": {strings.ReplaceAll(whole+second, "\n", `\r\n`), 2}, "bare, in lines": {strings.Join(strings.SplitAfter(bare, "A"), "\r\n\t"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			certs, err := saml.ParseCertificates([]byte(c.file))
			if err != nil {
				t.Fatal(explain(err))
			}
			if len(certs) != c.n || !certs[0].Equal(keys()["idp"].cert) {
				t.Errorf("%d certificates, want %d", len(certs), c.n)
			}
		})
	}
}

func TestParseCertificatesRefuses(t *testing.T) {
	t.Parallel()
	raw := keys()["idp"].cert.Raw
	whole := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
	private, err := x509.MarshalPKCS8PrivateKey(keys()["idp"].key)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ file, hint string }{
		"metadata":           {`<?xml version="1.0"?><md:EntityDescriptor/>`, "upload it as metadata"},
		"metadata, indented": {"\n\uFEFF  <EntityDescriptor/>", ""},
		"a private key":      {string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})), "must never leave"},
		"both":               {whole + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})), "must never leave"},
		"UTF-16":             {"\xff\xfe-\x00-\x00", "save it as plain text"},
		"PKCS #7":            {"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x00\x00\x00\x00", "PKCS #7"},
		"PKCS #7 as PEM":     {"-----BEGIN PKCS7-----\nMIIB\n-----END PKCS7-----\n", "PKCS #7"},
		"PKCS #12":           {"\x30\x82\x01\x00\x02\x01\x03\x30\x82\x00\xf0\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0", "without its key"},
		"empty":              {"", ""}, "white space": {" \n", ""}, "one byte": {"0", ""}, "text": {"hello, world", ""},
		"armour only":       {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", ""},
		"cut DER":           {string(raw[:100]), ""},
		"DER and more":      {string(raw) + "x", ""},
		"cut base64":        {whole[:200], ""},
		"two, one cut":      {whole + whole[:200], ""},
		"21 certificates":   {strings.Repeat(whole, 21), ""},
		"300 KiB":           {strings.Repeat("A", 300<<10), ""},
		"a request":         {string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: raw[:50]})), "the certificate that came of it"},
		"a public key":      {string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: keys()["idp"].cert.RawSubjectPublicKeyInfo})), "bare public key"},
		"a chain of nested": {"-----BEGIN CERTIFICATE-----\n" + whole, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			certs, err := saml.ParseCertificates([]byte(c.file))
			if name == "a chain of nested" && err == nil && len(certs) == 1 {
				return // a first line too many does no harm
			}
			if certs != nil {
				t.Fatalf("%d certificates", len(certs))
			}
			if e := refused(t, nil, err, saml.CodeCertificate); !strings.Contains(e.Hint, c.hint) {
				t.Errorf("Hint = %q", e.Hint)
			}
		})
	}
}
