package main

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// loadKey reads a key with its certificate from a PEM file, and makes one where there is
// none. With no name it makes one that is gone afterwards.
func loadKey(name, commonName string, now time.Time) (saml.Key, error) {
	if name == "" {
		return saml.GenerateKey(commonName, now)
	}
	content, err := readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(name, commonName, now)
	}
	if err != nil {
		return saml.Key{}, fmt.Errorf("-key: %w", err)
	}
	pair, err := tls.X509KeyPair(content, content)
	if err != nil {
		return saml.Key{}, fmt.Errorf("-key %s: it has to hold a private key and its certificate, both in PEM: %w", name, err)
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return saml.Key{}, fmt.Errorf("-key %s: the key cannot sign", name)
	}
	return saml.Key{Signer: signer, Cert: pair.Leaf}, nil
}

// makeKey writes a new key to a file that only its owner can read.
func makeKey(name, commonName string, now time.Time) (saml.Key, error) {
	key, err := saml.GenerateKey(commonName, now)
	if err != nil {
		return saml.Key{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key.Signer)
	if err != nil {
		return saml.Key{}, fmt.Errorf("-key %s: %w", name, err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return saml.Key{}, fmt.Errorf("-key: %w", err)
	}
	_, err = f.Write(append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), certificatePEM(key.Cert)...))
	if err = errors.Join(err, f.Close()); err != nil {
		return saml.Key{}, fmt.Errorf("-key: %w", err)
	}
	return key, nil
}
