package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

const (
	spID  = "https://sp.example/saml/one"
	acs   = "https://sp.example/saml/one/acs"
	idpID = "https://sts.example/7f3c2a10-55aa-4c6e-9f0e-2b1f4a9d8c77/"
	sso   = "https://sts.example/7f3c2a10-55aa-4c6e-9f0e-2b1f4a9d8c77/saml2"
	reqID = "req-aaaabbbbccccddddeeeeffffgggghhhh"
	email = "ann.lee@victim.example"
)

// actor is a key with its certificate.
type actor struct {
	key  crypto.Signer
	cert *x509.Certificate
}

// world is everyone there is, made at run time.
type world struct {
	rsa, ec, sp actor
	now         time.Time
}

func newWorld() (*world, error) {
	w := &world{now: time.Now().UTC().Truncate(time.Second)}
	for _, a := range []*actor{&w.rsa, &w.sp} {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		if *a, err = certified(key, w.now); err != nil {
			return nil, err
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	w.ec, err = certified(key, w.now)
	return w, err
}

func certified(key crypto.Signer, now time.Time) (actor, error) {
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "accounts.sts.example"},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(2, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return actor{}, fmt.Errorf("bench: a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return actor{}, fmt.Errorf("bench: a certificate: %w", err)
	}
	return actor{key, cert}, nil
}
