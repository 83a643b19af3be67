package saml

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"
)

// Key is a private key with the certificate that is published for it.
type Key struct {
	Signer crypto.Signer // RSA, at least 2048 bits
	Cert   *x509.Certificate
}

// GenerateKey makes an RSA 2048 key with a self-signed certificate that is valid from
// now for ten years. The private key is an *rsa.PrivateKey.
func GenerateKey(commonName string, now time.Time) (Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, minRSABits)
	if err != nil {
		return Key{}, refuse(CodeConfig, "a new key", "").because(err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return Key{}, refuse(CodeConfig, "a new serial number", "").because(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    now.UTC(),
		NotAfter:     now.UTC().AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, // it signs, and may be published for encryption
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return Key{}, refuse(CodeConfig, "a new certificate", "").because(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return Key{}, refuse(CodeConfig, "a new certificate", "").because(err)
	}
	return Key{Signer: private, Cert: cert}, nil
}

// check refuses a key that could not sign what providers accept.
func (k Key) check() *Error {
	if k.Signer == nil || k.Cert == nil {
		return refuse(CodeConfig, "a private key and its certificate", "nil")
	}
	public, ok := k.Signer.Public().(*rsa.PublicKey)
	if !ok || public.N.BitLen() < minRSABits {
		return refuse(CodeConfig, "an RSA key of at least 2048 bits", "")
	}
	if !public.Equal(k.Cert.PublicKey) {
		return refuse(CodeConfig, "the certificate of the private key", "another certificate")
	}
	return nil
}
