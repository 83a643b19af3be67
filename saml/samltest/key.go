package samltest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"
)

// Signing is what an [IdP] signs with: the kind of its key, and the hash.
type Signing string

// The ways to sign. The last two are what old providers do, and are no longer safe.
const (
	SignRSA     Signing = ""           // RSA of 2048 bits, SHA-256
	SignP256    Signing = "ecdsa-p256" // ECDSA on P-256, SHA-256
	SignP384    Signing = "ecdsa-p384" // ECDSA on P-384, SHA-384
	SignSHA1    Signing = "rsa-sha1"   // RSA of 2048 bits, SHA-1
	SignRSA1024 Signing = "rsa-1024"   // RSA of 1024 bits, SHA-256
)

func (s Signing) hash() crypto.Hash {
	switch s {
	case SignP384:
		return crypto.SHA384
	case SignSHA1:
		return crypto.SHA1
	}
	return crypto.SHA256
}

func (s Signing) newKey() (crypto.Signer, error) {
	switch s {
	case SignRSA, SignSHA1:
		return rsa.GenerateKey(rand.Reader, 2048)
	case SignRSA1024:
		return rsa.GenerateKey(rand.Reader, 1024)
	case SignP256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case SignP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	}
	return nil, fmt.Errorf("%q is no way to sign", string(s))
}

// ownName is the subject of the provider's certificates.
const ownName = "Test identity provider"

// certificateLife is long enough that no test outlives it.
const certificateLife = 10 * 365 * 24 * time.Hour

type keyPair struct {
	signer crypto.Signer
	cert   *x509.Certificate
}

func newKeyPair(by Signing, commonName string, now time.Time) (keyPair, error) {
	key, err := by.newKey()
	if err != nil {
		return keyPair{}, fmt.Errorf("samltest: make key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return keyPair{}, fmt.Errorf("samltest: make serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)), // never 0
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.Add(certificateLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return keyPair{}, fmt.Errorf("samltest: make certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return keyPair{}, fmt.Errorf("samltest: read own certificate: %w", err)
	}
	return keyPair{signer: key, cert: cert}, nil
}

// newID returns an NCName that cannot be guessed. It starts with a letter because an
// XML ID may not start with a digit.
func newID() string {
	b := make([]byte, 20)
	rand.Read(b)
	return "id-" + hex.EncodeToString(b)
}
