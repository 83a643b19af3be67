package engine

import (
	"crypto"
	_ "crypto/sha1" // for providers of another decade, by an opt-in
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
)

const (
	envelopedURI = SignatureSpace + "enveloped-signature"
	moreSpace    = "http://www.w3.org/2001/04/xmldsig-more#"
)

// Method is a SignatureMethod.
type Method struct {
	rsa  bool // else ECDSA
	hash crypto.Hash
}

// MethodOf is the allow-list of SignatureMethod (RFC 9231 section 2.3). HMAC is not on
// it and never will be: its key would be public.
func MethodOf(uri string, legacy bool) (Method, bool) {
	switch uri {
	case moreSpace + "rsa-sha256":
		return Method{true, crypto.SHA256}, true
	case moreSpace + "rsa-sha384":
		return Method{true, crypto.SHA384}, true
	case moreSpace + "rsa-sha512":
		return Method{true, crypto.SHA512}, true
	case moreSpace + "ecdsa-sha256":
		return Method{false, crypto.SHA256}, true
	case moreSpace + "ecdsa-sha384":
		return Method{false, crypto.SHA384}, true
	case moreSpace + "ecdsa-sha512":
		return Method{false, crypto.SHA512}, true
	case SignatureSpace + "rsa-sha1":
		return Method{true, crypto.SHA1}, legacy
	case moreSpace + "ecdsa-sha1":
		return Method{false, crypto.SHA1}, legacy
	}
	return Method{}, false
}

// digestOf is the allow-list of DigestMethod.
func digestOf(uri string, legacy bool) (crypto.Hash, bool) {
	switch uri {
	case CipherSpace + "sha256":
		return crypto.SHA256, true
	case moreSpace + "sha384":
		return crypto.SHA384, true
	case CipherSpace + "sha512":
		return crypto.SHA512, true
	case SignatureSpace + "sha1":
		return crypto.SHA1, legacy
	}
	return 0, false
}

// x509 is the name that crypto/x509 has for m.
func (m Method) x509() x509.SignatureAlgorithm {
	for _, known := range []struct {
		m Method
		a x509.SignatureAlgorithm
	}{
		{Method{true, crypto.SHA256}, x509.SHA256WithRSA}, {Method{false, crypto.SHA256}, x509.ECDSAWithSHA256},
		{Method{true, crypto.SHA384}, x509.SHA384WithRSA}, {Method{false, crypto.SHA384}, x509.ECDSAWithSHA384},
		{Method{true, crypto.SHA512}, x509.SHA512WithRSA}, {Method{false, crypto.SHA512}, x509.ECDSAWithSHA512},
		{Method{true, crypto.SHA1}, x509.SHA1WithRSA}, {Method{false, crypto.SHA1}, x509.ECDSAWithSHA1},
	} {
		if known.m == m {
			return known.a
		}
	}
	return x509.UnknownSignatureAlgorithm
}
