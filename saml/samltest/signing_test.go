package samltest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"slices"
	"testing"

	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

func signings() []samltest.Signing {
	return []samltest.Signing{samltest.SignRSA, samltest.SignP256, samltest.SignP384, samltest.SignSHA1, samltest.SignRSA1024}
}

// checkValue verifies the SignatureValue of an element with nothing but crypto.
func checkValue(t testing.TB, el *etree.Element, cert *x509.Certificate, hash crypto.Hash) {
	t.Helper()
	signature := el.FindElement("./Signature")
	info := signature.FindElement("./SignedInfo").Copy()
	info.CreateAttr("xmlns:ds", "http://www.w3.org/2000/09/xmldsig#")
	canonical, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(info)
	if err != nil {
		t.Fatal(err)
	}
	value, err := base64.StdEncoding.DecodeString(signature.FindElement("./SignatureValue").Text())
	if err != nil {
		t.Fatal(err)
	}
	if !checkRaw(cert, hash, canonical, value) {
		t.Errorf("signature of %d bytes does not verify", len(value))
	}
}

// checkRaw wants r and s side by side of an EC key.
func checkRaw(cert *x509.Certificate, hash crypto.Hash, message, value []byte) bool {
	h := hash.New()
	h.Write(message)
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, hash, h.Sum(nil), value) == nil
	case *ecdsa.PublicKey:
		size := (key.Params().BitSize + 7) / 8
		if len(value) != 2*size {
			return false
		}
		return ecdsa.Verify(key, h.Sum(nil), new(big.Int).SetBytes(value[:size]), new(big.Int).SetBytes(value[size:]))
	}
	return false
}

func TestSignings(t *testing.T) {
	t.Parallel()
	const more, old = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2000/09/xmldsig#"
	for signing, want := range map[samltest.Signing]struct {
		method, digest string
		hash           crypto.Hash
		bits           int
	}{
		samltest.SignRSA:     {more + "rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256", crypto.SHA256, 2048},
		samltest.SignP256:    {more + "ecdsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256", crypto.SHA256, 256},
		samltest.SignP384:    {more + "ecdsa-sha384", more + "sha384", crypto.SHA384, 384},
		samltest.SignSHA1:    {old + "rsa-sha1", old + "sha1", crypto.SHA1, 2048},
		samltest.SignRSA1024: {more + "rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256", crypto.SHA256, 1024},
	} {
		t.Run(string(signing), func(t *testing.T) {
			t.Parallel()
			idp := newIdP(t, &samltest.Options{Signing: signing, SignResponse: true, SignAssertion: true})
			resp, err := idp.Unsolicited(spEntity, ann())
			if err != nil {
				t.Fatal(err)
			}
			root := readResponse(t, resp)
			for _, el := range []*etree.Element{root, root.FindElement("./Assertion")} {
				checkValue(t, el, idp.Certificate(), want.hash)
				if got := attrOf(el.FindElement("./Signature/SignedInfo/SignatureMethod"), "Algorithm"); got != want.method {
					t.Errorf("method %q", got)
				}
				if got := attrOf(el.FindElement("./Signature/SignedInfo/Reference/DigestMethod"), "Algorithm"); got != want.digest {
					t.Errorf("digest %q", got)
				}
			}
			if got := bitsOf(idp.Certificate()); got != want.bits {
				t.Errorf("a key of %d bits", got)
			}
			if f := factsOf(root, idp); !f.ResponseSigned || !f.AssertionSigned {
				t.Errorf("%+v", f)
			}
			if err := idp.Rotate(); err != nil || bitsOf(idp.Certificate()) != want.bits {
				t.Errorf("the next key has %d bits: %v", bitsOf(idp.Certificate()), err)
			}
		})
	}
	if len(signings()) != 5 {
		t.Error("a way to sign is not looked at")
	}
	if _, err := samltest.New(baseURL, nil, &samltest.Options{Signing: "dsa"}); err == nil {
		t.Error("a way to sign that is none was taken")
	}
}

func bitsOf(cert *x509.Certificate) int {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen()
	case *ecdsa.PublicKey:
		return key.Params().BitSize
	}
	return 0
}

// A stranger signs with a key of the same kind.
func TestStrangersKeyIsOfTheSameKind(t *testing.T) {
	t.Parallel()
	for _, signing := range signings() {
		idp := newIdP(t, &samltest.Options{Signing: signing})
		resp, err := idp.Unsolicited(spEntity, ann(), samltest.OtherKey)
		if err != nil {
			t.Fatal(err)
		}
		root := readResponse(t, resp)
		der, err := base64.StdEncoding.DecodeString(root.FindElement("./Assertion/Signature/KeyInfo/X509Data/X509Certificate").Text())
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if bitsOf(cert) != bitsOf(idp.Certificate()) || slices.Equal(cert.Raw, idp.Certificate().Raw) {
			t.Errorf("%s: a stranger with %d bits", signing, bitsOf(cert))
		}
		if f := factsOf(root, idp); f.AssertionSigned {
			t.Errorf("%s: the stranger's signature holds", signing)
		}
	}
}

// Both numbers of ECDSA take their whole room, also when one begins with a zero.
func TestNumbersOfECDSAArePadded(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, &samltest.Options{Signing: samltest.SignP256})
	for short := false; !short; { // one in 128 is
		resp, err := idp.Unsolicited(spEntity, ann())
		if err != nil {
			t.Fatal(err)
		}
		a := readResponse(t, resp).FindElement("./Assertion")
		value, err := base64.StdEncoding.DecodeString(a.FindElement("./Signature/SignatureValue").Text())
		if err != nil || len(value) != 64 {
			t.Fatalf("%d bytes: %v", len(value), err)
		}
		if short = value[0] == 0 || value[32] == 0; short {
			checkValue(t, a, idp.Certificate(), crypto.SHA256)
		}
	}
}
