package samltest

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// algorithms are those a request may be signed with; SHA-1 is not among them.
func algorithms(uri string) (rsa, ec x509.SignatureAlgorithm, ok bool) {
	switch uri {
	case dsig.RSASHA256SignatureMethod:
		return x509.SHA256WithRSA, 0, true
	case dsig.RSASHA384SignatureMethod:
		return x509.SHA384WithRSA, 0, true
	case dsig.RSASHA512SignatureMethod:
		return x509.SHA512WithRSA, 0, true
	case dsig.ECDSASHA256SignatureMethod:
		return 0, x509.ECDSAWithSHA256, true
	case dsig.ECDSASHA384SignatureMethod:
		return 0, x509.ECDSAWithSHA384, true
	case dsig.ECDSASHA512SignatureMethod:
		return 0, x509.ECDSAWithSHA512, true
	}
	return 0, 0, false
}

// verify returns the tree that may be read: for the POST binding what the signature
// covers, for the redirect binding root itself, of which every byte is signed.
func (in incoming) verify(root *etree.Element, p provider, now time.Time) (*etree.Element, error) {
	signatures := len(root.FindElements(".//Signature"))
	signed := in.signature != "" || in.algorithm != "" || signatures > 0
	switch {
	case !signed && p.mustSign:
		return nil, errors.New("it is not signed, and the metadata says AuthnRequestsSigned")
	case !signed || len(p.certificates) == 0:
		return root, nil
	case in.redirect && signatures > 0:
		return nil, errors.New("a signature inside a request that came by redirect") // bindings, section 3.4.4.1
	case in.redirect:
		return root, in.verifyQuery(p.certificates)
	case signatures > 1:
		return nil, errors.New("more than one signature")
	}
	return verifyEnveloped(root, p.certificates, now)
}

func (in incoming) verifyQuery(certs []*x509.Certificate) error {
	rsa, ec, ok := algorithms(in.algorithm)
	if !ok {
		return fmt.Errorf("signature algorithm %q", in.algorithm)
	}
	signature, err := base64.StdEncoding.DecodeString(in.signature)
	if err != nil || len(signature) == 0 {
		return errors.New("the signature is not base64")
	}
	for _, cert := range certs {
		algorithm := rsa
		if cert.PublicKeyAlgorithm == x509.ECDSA {
			algorithm = ec
		}
		if algorithm != 0 && cert.CheckSignature(algorithm, []byte(in.signed), forKey(cert, signature)) == nil {
			return nil
		}
	}
	return errors.New("no certificate of its metadata verifies the signature")
}

func verifyEnveloped(root *etree.Element, certs []*x509.Certificate, now time.Time) (*etree.Element, error) {
	signature := child(root, nsSignature, "Signature")
	if signature == nil {
		return nil, errors.New("the signature is not a child of the request")
	}
	if method := signature.FindElement("./SignedInfo/SignatureMethod"); method == nil {
		return nil, errors.New("the signature names no algorithm")
	} else if _, _, ok := algorithms(attribute(method, "Algorithm")); !ok {
		return nil, fmt.Errorf("signature algorithm %q", attribute(method, "Algorithm"))
	}
	// Which key to believe is for the metadata to say, never for the message.
	for _, info := range children(signature, nsSignature, "KeyInfo") {
		signature.RemoveChild(info)
	}
	value := child(signature, nsSignature, "SignatureValue")
	if value == nil {
		return nil, errors.New("the signature has no value")
	}
	raw, err := decodeBase64(text(value))
	if err != nil {
		return nil, errors.New("the value of the signature is not base64")
	}
	for _, cert := range certs {
		value.SetText(base64.StdEncoding.EncodeToString(forKey(cert, raw)))
		context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
		context.Clock = dsig.NewFakeClockAt(now)
		if verified, err := context.Validate(root); err == nil {
			return verified, nil
		}
	}
	return nil, errors.New("no certificate of its metadata verifies the signature")
}

// forKey turns the r and s of ECDSA into the form that Go verifies. That form itself is
// taken as well: there are service providers that send it.
func forKey(cert *x509.Certificate, signature []byte) []byte {
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return signature
	}
	size := (key.Curve.Params().BitSize + 7) / 8
	if len(signature) != 2*size {
		return signature
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:]),
	})
	if err != nil {
		return signature
	}
	return der
}
