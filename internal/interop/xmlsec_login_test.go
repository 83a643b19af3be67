package interop_test

import (
	"bytes"
	"crypto/elliptic"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/google/go-cmp/cmp"
)

// Documents that xmlsec1 signed.
func TestXMLSecSigned(t *testing.T) {
	t.Parallel()
	newXMLSec(t)
	for _, tc := range []struct {
		name, method, digest string
		by                   func(testing.TB) maker
	}{
		{"RSA with SHA-256", dsigMore + "rsa-sha256", xmlenc + "sha256", newRSA},
		{"RSA with SHA-384", dsigMore + "rsa-sha384", dsigMore + "sha384", newRSA},
		{"RSA with SHA-512", dsigMore + "rsa-sha512", xmlenc + "sha512", newRSA},
		{"ECDSA P-256 with SHA-256", dsigMore + "ecdsa-sha256", xmlenc + "sha256", onCurve(elliptic.P256())},
		{"ECDSA P-384 with SHA-384", dsigMore + "ecdsa-sha384", dsigMore + "sha384", onCurve(elliptic.P384())},
		{"ECDSA P-521 with SHA-512", dsigMore + "ecdsa-sha512", xmlenc + "sha512", onCurve(elliptic.P521())},
	} {
		for _, signed := range []string{"assertion", "response", "both"} {
			t.Run(tc.name+", "+signed, func(t *testing.T) {
				t.Parallel()
				x, by := newXMLSec(t), tc.by(t)
				l := letter{Now: time.Now(), Digest: tc.digest}
				l.sign(signed, tc.method)
				doc := l.signed(t, x, by, nil)
				id, err := l.open(t, doc, by, nil)
				if err != nil {
					t.Fatalf("refused: %+v\n%s", err, doc)
				}
				if diff := cmp.Diff(wantLetter(l), id, varies); diff != "" {
					t.Errorf("identity (-want +got):\n%s", diff)
				}
				forged := bytes.Replace(doc, []byte("ann@example.com"), []byte("eve@example.com"), 1)
				if id, err := l.open(t, forged, by, nil); id != nil || codeOf(err) != saml.CodeSignature {
					t.Errorf("with another address: %v, %v", id, err)
				}
				if id, err := l.open(t, doc, tc.by(t), nil); id != nil || codeOf(err) != saml.CodeSignature {
					t.Errorf("by another key: %v, %v", id, err)
				}
			})
		}
	}
}

func onCurve(curve elliptic.Curve) func(testing.TB) maker {
	return func(t testing.TB) maker { return newECDSA(t, curve) }
}

func (l *letter) sign(what, method string) {
	if what != "response" {
		l.SignAssertion = method
	}
	if what != "assertion" {
		l.SignResponse = method
	}
}

// signed has the signatures filled in; before the outer one, the assertion goes
// through seal, which may be nil.
func (l letter) signed(t testing.TB, x xmlsec, by maker, seal func([]byte) []byte) []byte {
	t.Helper()
	doc := l.write(t)
	if l.SignAssertion != "" {
		doc = x.sign(t, doc, by, "Response", "Assertion")
	}
	if seal != nil {
		doc = seal(doc)
	}
	if l.SignResponse != "" {
		doc = x.sign(t, doc, by, "Response")
	}
	return doc
}

// Documents that xmlsec1 encrypted, each cipher with each way to carry its key.
func TestXMLSecEncrypted(t *testing.T) {
	t.Parallel()
	newXMLSec(t)
	transports := map[string]encryption{
		"OAEP by default":                         {key: xmlenc + "rsa-oaep-mgf1p"},
		"OAEP SHA-1":                              {key: xmlenc + "rsa-oaep-mgf1p", digest: xmldsig + "sha1"},
		"OAEP SHA-256 with MGF1 SHA-1":            {key: xmlenc + "rsa-oaep-mgf1p", digest: xmlenc + "sha256"},
		"OAEP 1.1 SHA-256 with MGF1 SHA-1":        {key: xmlenc11 + "rsa-oaep", digest: xmlenc + "sha256", mask: xmlenc11 + "mgf1sha1"},
		"OAEP 1.1 SHA-256 with MGF1 SHA-256":      {key: xmlenc11 + "rsa-oaep", digest: xmlenc + "sha256", mask: xmlenc11 + "mgf1sha256"},
		"OAEP 1.1 SHA-512 with MGF1 SHA-256":      {key: xmlenc11 + "rsa-oaep", digest: xmlenc + "sha512", mask: xmlenc11 + "mgf1sha256"},
		"OAEP 1.1 SHA-256 with MGF1 by default":   {key: xmlenc11 + "rsa-oaep", digest: xmlenc + "sha256"},
		"OAEP 1.1 with digest and MGF by default": {key: xmlenc11 + "rsa-oaep"},
	}
	key, other := newKey(t), newKey(t)
	for name, e := range transports {
		for _, bits := range []int{128, 192, 256} {
			if bits == 192 && e.mask != "" {
				continue // one cipher more says nothing of the rest
			}
			for _, inside := range []bool{true, false} {
				t.Run(fmt.Sprintf("AES-%d-GCM, %s, namespaces inside %t", bits, name, inside), func(t *testing.T) {
					t.Parallel()
					e := e
					e.kind, e.bits, e.data = "aes", bits, fmt.Sprintf("%saes%d-gcm", xmlenc11, bits)
					testEncrypted(t, e, inside, []saml.Key{other, key}, nil)
				})
			}
		}
	}
}

// testEncrypted lets a letter be signed and encrypted, and opens it.
// The last of the keys is the one it is for.
func testEncrypted(t *testing.T, e encryption, inside bool, keys []saml.Key, rules *saml.Rules) {
	t.Helper()
	other, key := keys[0], keys[1]
	for _, signed := range []string{"assertion", "response", "both"} {
		x, by := newXMLSec(t), newECDSA(t, elliptic.P256())
		l := letter{Now: time.Now(), Digest: xmlenc + "sha256", Inside: inside}
		l.sign(signed, dsigMore+"ecdsa-sha256")
		doc := l.signed(t, x, by, func(doc []byte) []byte {
			return x.encrypt(t, wrapped(t, doc), e, key.Cert, "Response", "EncryptedAssertion", "Assertion")
		})
		if bytes.Contains(doc, []byte("ann@example.com")) {
			t.Fatalf("it is in clear:\n%s", doc)
		}
		id, err := l.open(t, doc, by, rules, keys...)
		if err != nil {
			t.Errorf("%s: refused: %v: %v", signed, err, errors.Unwrap(err))
			continue
		}
		want := wantLetter(l)
		if diff := cmp.Diff(want, id, varies); diff != "" {
			t.Errorf("%s: identity (-want +got):\n%s", signed, diff)
		}
		if id, err := l.open(t, doc, by, rules, other); id != nil || codeOf(err) != saml.CodeEncrypted {
			t.Errorf("%s, for another key: %v, %v", signed, id, err)
		}
	}
}

// What can't tell a changed ciphertext is opened for those alone who say so.
func TestXMLSecEncryptedCBC(t *testing.T) {
	t.Parallel()
	newXMLSec(t)
	key, other := newKey(t), newKey(t)
	for _, bits := range []int{128, 192, 256} {
		t.Run(fmt.Sprintf("AES-%d-CBC", bits), func(t *testing.T) {
			t.Parallel()
			e := encryption{data: fmt.Sprintf("%saes%d-cbc", xmlenc, bits), kind: "aes", bits: bits, key: xmlenc + "rsa-oaep-mgf1p"}
			testEncrypted(t, e, false, []saml.Key{other, key}, &saml.Rules{InsecureAllowCBC: true})
			testNotAllowed(t, e, key, nil)
		})
	}
}

// What nobody should use any more has no switch.
func TestXMLSecEncryptedNotAllowed(t *testing.T) {
	t.Parallel()
	newXMLSec(t)
	key := newKey(t)
	lax := &saml.Rules{InsecureAllowCBC: true, InsecureAllowLegacy: true}
	for name, e := range map[string]encryption{
		"RSA 1.5":    {data: xmlenc11 + "aes256-gcm", kind: "aes", bits: 256, key: xmlenc + "rsa-1_5"},
		"Triple DES": {data: xmlenc + "tripledes-cbc", kind: "des", bits: 192, key: xmlenc + "rsa-oaep-mgf1p"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testNotAllowed(t, e, key, lax)
		})
	}
}

func testNotAllowed(t *testing.T, e encryption, key saml.Key, rules *saml.Rules) {
	t.Helper()
	x, by := newXMLSec(t), newECDSA(t, elliptic.P256())
	l := letter{Now: time.Now(), Digest: xmlenc + "sha256"}
	l.sign("both", dsigMore+"ecdsa-sha256")
	doc := l.signed(t, x, by, func(doc []byte) []byte {
		return x.encrypt(t, wrapped(t, doc), e, key.Cert, "Response", "EncryptedAssertion", "Assertion")
	})
	if id, err := l.open(t, doc, by, rules, key); id != nil || codeOf(err) != saml.CodeAlgorithm {
		t.Errorf("%s: %v, %v", e.data, id, err)
	}
}
