package saml

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

const (
	maxCertificateFile = 256 << 10
	maxCertificates    = 20
)

// ParseCertificates reads the certificate file of a form (.pem, .cert, .cer, .crt): PEM
// with one or several certificates, PEM that lost one of its armour lines or all of its
// line ends, bare base64, or DER. Metadata XML is refused with a sentence that says
// where it belongs, and so is a file that holds a private key.
//
// A certificate is taken for its key, which must be ECDSA or RSA of 1024 to 8192 bits.
// RSA below 2048 bits verifies only under Rules.InsecureAllowLegacy; [IdP.Check] says
// so. Dates are not looked at; [CertificateState] tells them. A certificate that
// crypto/x509 refuses for its serial number, names or extensions, which mean nothing
// to a pinned key, is read all the same; such a one has no extensions here and cannot
// verify other certificates. The error is an *Error of CodeCertificate.
func ParseCertificates(file []byte) (certs []*x509.Certificate, err error) {
	defer rescue(CodeCertificate, func(e *Error) { certs, err = nil, e })
	ders, refused := certificateBytes(file)
	if refused != nil {
		return nil, refused
	}
	for i, der := range ders {
		cert, err := parseCertificate(der)
		if err != nil {
			return nil, unreadable(der, i, err)
		}
		if why := weaknessBelow(cert, legacyRSABits); why != "" {
			return nil, refuse(CodeCertificate, goodKeys, why)
		}
		certs = append(certs, cert)
	}
	return certs, nil
}

// unreadable tells what a file is that looks like a certificate and is none.
func unreadable(der []byte, i int, err error) *Error {
	e := refuse(CodeCertificate, "an X.509 certificate", fmt.Sprintf("certificate %d does not parse", i+1)).because(err)
	switch {
	case bytes.Contains(der[:min(len(der), 64)], []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}): // 1.2.840.113549.1.7.2
		return e.advise("this is a PKCS #7 bundle (.p7b, .p7c): export the certificate alone, as PEM or DER")
	case bytes.Contains(der[:min(len(der), 64)], []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01}): // 1.2.840.113549.1.7.1
		return e.advise("this is a PKCS #12 file (.pfx, .p12), which may hold a private key: export the certificate alone, without its key, as PEM or DER")
	}
	return e
}

// certificateBytes takes the armour off.
func certificateBytes(file []byte) ([][]byte, *Error) {
	if len(file) > maxCertificateFile {
		return nil, refuse(CodeCertificate, "a certificate file of at most 256 KiB", "")
	}
	if bytes.HasPrefix(file, []byte{0xff, 0xfe}) || bytes.HasPrefix(file, []byte{0xfe, 0xff}) {
		return nil, refuse(CodeCertificate, "a certificate", "UTF-16 text").
			advise("the file was saved as Unicode (UTF-16) text: save it as plain text (UTF-8)")
	}
	text := strings.Trim(strings.TrimPrefix(string(file), "\uFEFF"), xmlWhite)
	switch {
	case text == "":
		return nil, refuse(CodeCertificate, "a certificate", "an empty file")
	case strings.HasPrefix(text, "<"):
		return nil, refuse(CodeCertificate, "a certificate", "XML").
			advise("this is an XML file, most likely the provider's metadata: upload it as metadata, or download the certificate itself (.pem, .cert, .cer, .crt)")
	case strings.Contains(text, "PRIVATE KEY-----"):
		return nil, refuse(CodeCertificate, "a certificate", "a private key").
			advise("a private key must never leave the identity provider: replace that key there, then upload its certificate only")
	case len(file) > 1 && file[0] == 0x30 && file[1] >= 0x80: // an ASN.1 sequence, not base64 text
		return [][]byte{file}, nil
	}
	text = unfold(text)
	if ders := pemCertificates([]byte(text)); len(ders) > maxCertificates {
		return nil, refuse(CodeCertificate, fmt.Sprintf("at most %d certificates", maxCertificates), "")
	} else if len(ders) > 0 {
		return ders, nil
	}
	if other := otherArmour(text); other != nil {
		return nil, other
	}
	der, err := bareBase64(text)
	if err != nil {
		return nil, refuse(CodeCertificate, "a certificate as PEM or DER", "").because(err)
	}
	return [][]byte{der}, nil
}

// unfold gives PEM its lines back that a form, a JSON document or an environment
// variable took away. Base64 has no backslash, so a written "\n" can only be that.
func unfold(text string) string {
	return strings.NewReplacer(`\r`, "", `\n`, "\n", "-----BEGIN", "\n-----BEGIN", "-----END", "\n-----END", "CERTIFICATE-----", "CERTIFICATE-----\n").Replace(text)
}

// pemCertificates returns nothing unless every block of the file is whole.
func pemCertificates(rest []byte) [][]byte {
	begins := bytes.Count(rest, []byte("-----BEGIN "))
	var out [][]byte
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if strings.HasSuffix(block.Type, "CERTIFICATE") {
			out = append(out, block.Bytes)
		}
	}
	if len(out) != begins {
		return nil
	}
	return out
}

// otherArmour knows the files that people take for a certificate.
func otherArmour(text string) *Error {
	for armour, hint := range map[string]string{
		"-----BEGIN CERTIFICATE REQUEST":     "this is a request for a certificate; upload the certificate that came of it",
		"-----BEGIN NEW CERTIFICATE REQUEST": "this is a request for a certificate; upload the certificate that came of it",
		"-----BEGIN PUBLIC KEY":              "this is a bare public key; download the provider's X.509 certificate",
		"-----BEGIN PKCS7":                   "this is a PKCS #7 bundle (.p7b, .p7c): export the certificate alone, as PEM or DER",
	} {
		if strings.Contains(text, armour) {
			return refuse(CodeCertificate, "a certificate", "another kind of file").advise(hint)
		}
	}
	return nil
}

// bareBase64 drops lines of armour, whole or broken, and reads the rest.
func bareBase64(text string) ([]byte, error) {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.Trim(line, xmlWhite)
		if strings.Contains(line, "CERTIFICATE") || strings.Trim(line, "-") == "" {
			continue
		}
		b.WriteString(strings.Join(strings.Fields(line), ""))
	}
	if b.Len() == 0 {
		return nil, errors.New("no base64 text")
	}
	return base64.StdEncoding.DecodeString(b.String())
}
