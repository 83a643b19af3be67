package saml

import (
	"crypto"
	"crypto/x509"
)

const (
	minRSABits = 2048
	maxRSABits = 8192 // a longer key makes each verification a burden on everyone else

	excC14NSpace   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	envelopedURI   = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	moreSpace      = "http://www.w3.org/2001/04/xmldsig-more#"
	encSpace       = "http://www.w3.org/2001/04/xmlenc#"
	sha1DigestURI  = dsigSpace + "sha1"
	sha1RSAURI     = dsigSpace + "rsa-sha1"
	sha256RSAURI   = moreSpace + "rsa-sha256"
	sha256ECDSAURI = moreSpace + "ecdsa-sha256"
)

// signatureAlgorithm is the allow-list of SignatureMethod (RFC 9231 section 2.3). HMAC
// is not on it and never will be: its key would be public.
func signatureAlgorithm(uri string, legacy bool) (x509.SignatureAlgorithm, bool) {
	switch uri {
	case sha256RSAURI:
		return x509.SHA256WithRSA, true
	case moreSpace + "rsa-sha384":
		return x509.SHA384WithRSA, true
	case moreSpace + "rsa-sha512":
		return x509.SHA512WithRSA, true
	case sha256ECDSAURI:
		return x509.ECDSAWithSHA256, true
	case moreSpace + "ecdsa-sha384":
		return x509.ECDSAWithSHA384, true
	case moreSpace + "ecdsa-sha512":
		return x509.ECDSAWithSHA512, true
	case sha1RSAURI:
		return x509.SHA1WithRSA, legacy
	}
	return x509.UnknownSignatureAlgorithm, false
}

// digestAlgorithm is the allow-list of DigestMethod.
func digestAlgorithm(uri string, legacy bool) (crypto.Hash, bool) {
	switch uri {
	case encSpace + "sha256":
		return crypto.SHA256, true
	case moreSpace + "sha384":
		return crypto.SHA384, true
	case encSpace + "sha512":
		return crypto.SHA512, true
	case sha1DigestURI:
		return crypto.SHA1, legacy
	}
	return 0, false
}
