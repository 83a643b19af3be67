package saml

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
)

const (
	maxCertificateFile = 256 << 10
	maxCertificates    = 20

	// legacyRSABits is the shortest key that Rules.InsecureAllowLegacy lets verify.
	// Below it nothing does.
	legacyRSABits = 1024

	goodKeys = "RSA of 2048 to 8192 bits, or ECDSA"
)

// ParseCertificates reads the certificate file of a form: PEM with one or several
// certificates, PEM that lost one of its armour lines, bare base64, or DER. Metadata
// XML is refused with a sentence that says where it belongs, and so is a file that
// holds a private key. Dates are not looked at; the key must be able to verify here
// (RSA of 2048 to 8192 bits, or ECDSA). The error is an *Error of CodeCertificate.
func ParseCertificates(file []byte) (certs []*x509.Certificate, err error) {
	defer rescue(CodeCertificate, func(e *Error) { certs, err = nil, e })
	ders, refused := certificateBytes(file)
	if refused != nil {
		return nil, refused
	}
	for i, der := range ders {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, refuse(CodeCertificate, "an X.509 certificate", fmt.Sprintf("certificate %d does not parse", i+1)).because(err)
		}
		if why := weakness(cert); why != "" {
			return nil, refuse(CodeCertificate, goodKeys, why)
		}
		certs = append(certs, cert)
	}
	return certs, nil
}

// leastRSABits is how long a provider's RSA key has to be; nil rules are the zero Rules.
func (r *Rules) leastRSABits() int {
	if r != nil && r.InsecureAllowLegacy {
		return legacyRSABits
	}
	return minRSABits
}

// weakness is weaknessBelow without any opt-in.
func weakness(cert *x509.Certificate) string { return weaknessBelow(cert, minRSABits) }

// weaknessBelow says why a key cannot be trusted to verify, least being the shortest
// RSA key; "" when it can.
func weaknessBelow(cert *x509.Certificate, least int) string {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < least || bits > maxRSABits {
			return fmt.Sprintf("an RSA key of %d bits", bits)
		}
		if key.E < 3 || key.E%2 == 0 {
			return fmt.Sprintf("an RSA key with the exponent %d", key.E)
		}
		return ""
	case *ecdsa.PublicKey:
		return ""
	}
	return cert.PublicKeyAlgorithm.String() + " key"
}

// certificateBytes takes the armour off.
func certificateBytes(file []byte) ([][]byte, *Error) {
	if len(file) > maxCertificateFile {
		return nil, refuse(CodeCertificate, "a certificate file of at most 256 KiB", "")
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
	if ders := pemCertificates([]byte(text)); len(ders) > maxCertificates {
		return nil, refuse(CodeCertificate, fmt.Sprintf("at most %d certificates", maxCertificates), "")
	} else if len(ders) > 0 {
		return ders, nil
	}
	der, err := bareBase64(text)
	if err != nil {
		return nil, refuse(CodeCertificate, "a certificate as PEM or DER", "").because(err)
	}
	return [][]byte{der}, nil
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

// bareBase64 drops lines of armour, whole or broken, and reads the rest.
func bareBase64(text string) ([]byte, error) {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(strings.Trim(line, xmlWhite), "-----BEGIN CERTIFICATE-----")
		line = strings.TrimSuffix(line, "-----END CERTIFICATE-----")
		if strings.Contains(line, "CERTIFICATE") || strings.Trim(line, "-") == "" {
			continue
		}
		b.WriteString(strings.Join(strings.Fields(line), ""))
	}
	if b.Len() == 0 {
		return nil, fmt.Errorf("no base64 text")
	}
	return base64.StdEncoding.DecodeString(b.String())
}
