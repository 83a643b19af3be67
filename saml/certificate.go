package saml

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"
)

const (
	// legacyRSABits is the shortest key that Rules.InsecureAllowLegacy lets verify.
	// Below it nothing does.
	legacyRSABits = 1024

	goodKeys = "RSA of 2048 to 8192 bits, or ECDSA"

	// expiringSoon is when notices about a certificate begin.
	expiringSoon = 60 * 24 * time.Hour
)

// CertState is what the dates of a certificate say. The strings are stable.
type CertState string

// The states.
const (
	CertValid       CertState = "valid"
	CertExpiring    CertState = "expiring" // valid for 60 days or less
	CertExpired     CertState = "expired"
	CertNotYetValid CertState = "not_yet_valid"
)

// CertificateState tells what the dates of a certificate say at now, and how many whole
// days are left: 0 on the last one, negative once it has expired. Whether an expired
// certificate still verifies is for Rules.DenyExpiredCertificates to say. A nil
// certificate has expired.
func CertificateState(cert *x509.Certificate, now time.Time) (CertState, int) {
	if cert == nil {
		return CertExpired, -1
	}
	left := cert.NotAfter.Sub(now)
	days := int(math.Floor(left.Hours() / 24))
	switch {
	case now.After(cert.NotAfter):
		return CertExpired, min(days, -1)
	case now.Before(cert.NotBefore):
		return CertNotYetValid, days
	case left <= expiringSoon:
		return CertExpiring, days
	}
	return CertValid, days
}

// parseCertificate is x509.ParseCertificate, and where that refuses, the key and the
// dates alone: providers run on certificates with a negative serial number, or with
// names and extensions that are not sound. What is pinned is the key, and nothing else
// of a certificate is believed here, so nothing else has to be sound.
func parseCertificate(der []byte) (*x509.Certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err == nil {
		return cert, nil
	}
	if cert, lenient := parseKeyAndDates(der); lenient == nil {
		return cert, nil
	}
	return nil, err
}

// keyAndDates is a Certificate (RFC 5280 section 4.1) as far as it is read. What may
// follow in the inner sequence, extensions above all, encoding/asn1 skips.
type keyAndDates struct {
	TBS struct {
		Raw       asn1.RawContent
		Version   int `asn1:"optional,explicit,default:0,tag:0"`
		Serial    asn1.RawValue
		Algorithm asn1.RawValue
		Issuer    asn1.RawValue
		Validity  struct{ NotBefore, NotAfter time.Time }
		Subject   asn1.RawValue
		Key       asn1.RawValue
	}
	Algorithm asn1.RawValue
	Signature asn1.BitString
}

func parseKeyAndDates(der []byte) (*x509.Certificate, error) {
	var in keyAndDates
	rest, err := asn1.Unmarshal(der, &in)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, errors.New("something behind the certificate")
	}
	key, err := x509.ParsePKIXPublicKey(in.TBS.Key.FullBytes)
	if err != nil {
		return nil, err
	}
	cert := &x509.Certificate{
		Raw: der, RawTBSCertificate: in.TBS.Raw, RawSubjectPublicKeyInfo: in.TBS.Key.FullBytes,
		RawSubject: in.TBS.Subject.FullBytes, RawIssuer: in.TBS.Issuer.FullBytes,
		Version: in.TBS.Version + 1, SerialNumber: new(big.Int), Signature: in.Signature.RightAlign(),
		NotBefore: in.TBS.Validity.NotBefore.UTC(), NotAfter: in.TBS.Validity.NotAfter.UTC(), PublicKey: key,
	}
	switch key.(type) {
	case *rsa.PublicKey:
		cert.PublicKeyAlgorithm = x509.RSA
	case *ecdsa.PublicKey:
		cert.PublicKeyAlgorithm = x509.ECDSA
	}
	// For people to look at; a name or a number that cannot be read is left out.
	if _, err := asn1.Unmarshal(in.TBS.Serial.FullBytes, &cert.SerialNumber); err != nil {
		cert.SerialNumber = new(big.Int)
	}
	cert.Subject, cert.Issuer = readName(cert.RawSubject), readName(cert.RawIssuer)
	return cert, nil
}

func readName(der []byte) pkix.Name {
	var rdn pkix.RDNSequence
	var name pkix.Name
	if rest, err := asn1.Unmarshal(der, &rdn); err == nil && len(rest) == 0 {
		name.FillFromRDNSequence(&rdn)
	}
	return name
}

// leastRSABits is how long a provider's RSA key has to be; nil rules are the zero Rules.
func (r *Rules) leastRSABits() int {
	if r != nil && r.InsecureAllowLegacy {
		return legacyRSABits
	}
	return minRSABits
}

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
