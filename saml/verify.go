package saml

import "crypto/x509"

// verify is the seam to the signature engine.
func verify(root *node, certs []*x509.Certificate, legacy bool) (*document, *Error) {
	return nil, refuse(CodeConfig, "an engine", "")
}
