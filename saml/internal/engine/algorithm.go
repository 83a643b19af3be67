package engine

import (
	"crypto"
	_ "crypto/sha1" // for providers of another decade, by an opt-in
	_ "crypto/sha256"
	_ "crypto/sha512"
)

const (
	envelopedURI = SignatureSpace + "enveloped-signature"
	moreSpace    = "http://www.w3.org/2001/04/xmldsig-more#"
)

// method is a SignatureMethod.
type method struct {
	rsa  bool // else ECDSA
	hash crypto.Hash
}

// MethodOf is the allow-list of SignatureMethod (RFC 9231 section 2.3). HMAC is not on
// it and never will be: its key would be public.
func MethodOf(uri string, legacy bool) (method, bool) {
	switch uri {
	case moreSpace + "rsa-sha256":
		return method{true, crypto.SHA256}, true
	case moreSpace + "rsa-sha384":
		return method{true, crypto.SHA384}, true
	case moreSpace + "rsa-sha512":
		return method{true, crypto.SHA512}, true
	case moreSpace + "ecdsa-sha256":
		return method{false, crypto.SHA256}, true
	case moreSpace + "ecdsa-sha384":
		return method{false, crypto.SHA384}, true
	case moreSpace + "ecdsa-sha512":
		return method{false, crypto.SHA512}, true
	case SignatureSpace + "rsa-sha1":
		return method{true, crypto.SHA1}, legacy
	case moreSpace + "ecdsa-sha1":
		return method{false, crypto.SHA1}, legacy
	}
	return method{}, false
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
