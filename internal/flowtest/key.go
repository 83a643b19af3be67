package flowtest

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// rsaKeys are those of all worlds' connections: to find one takes longer than a flow does.
var rsaKeys = sync.OnceValue(func() []*rsa.PrivateKey {
	keys := make([]*rsa.PrivateKey, 8)
	for i := range keys {
		keys[i] = must1(rsa.GenerateKey(rand.Reader, 2048))
	}
	return keys
})

// connectionKey is accesssec.Options.ConnectionKey. No two connections of a world have the
// same key.
func (w *world) connectionKey(_ context.Context, entityID string) (saml.Key, error) {
	w.mu.Lock()
	n, now := w.connections, w.now
	w.connections++
	w.mu.Unlock()
	keys := rsaKeys()
	if n >= len(keys) {
		return saml.GenerateKey(entityID, now)
	}
	return selfSigned(keys[n], entityID, now)
}

// selfSigned is a key with a certificate as GenerateKey makes them.
func selfSigned(key crypto.Signer, name string, now time.Time) (saml.Key, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return saml.Key{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: now, NotAfter: now.AddDate(10, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return saml.Key{}, err
	}
	cert, err := x509.ParseCertificate(der)
	return saml.Key{Signer: key, Cert: cert}, err
}
