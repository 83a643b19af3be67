// Package xmlenc decrypts what XML Encryption carries: a content encrypted under a
// fresh symmetric key, and that key encrypted for the receiver's RSA key.
//
// It sees names and bytes, never XML: the caller has read the elements within its own
// bounds and hands over what they say. It does not authenticate the sender: anyone
// can encrypt to a published key, so what comes out is as little trusted as what a
// stranger posted, and must pass every check that a plain document does.
//
// It refuses what is broken: RSA with PKCS #1 v1.5 padding, triple DES, and AES-CBC
// unless the caller says otherwise. Start with [Ciphertext]. The specification is W3C
// XML Encryption 1.1, and RFC 8017 section 7.1 for RSA-OAEP.
package xmlenc

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"errors"
)

const (
	maxData  = 1 << 20 // bytes; as much as a document may have before it is decrypted
	maxKey   = 1 << 10 // bytes; an RSA key of 8192 bits
	maxLabel = 1 << 10 // bytes
)

// ErrOpen is every failure behind the names: a wrong length, no key that fits, bad
// padding, a bad tag. They are one error because each difference between them is a
// question that an attacker may ask of the private key.
var ErrOpen = errors.New("xmlenc: the content cannot be decrypted with any of the keys")

// Ciphertext is one EncryptedData with its EncryptedKey: the URIs of the algorithms as
// they were written, and the bytes behind the base64. Its methods do not change it.
type Ciphertext struct {
	Cipher string // Algorithm of the EncryptionMethod of EncryptedData
	Data   []byte // CipherValue of EncryptedData: the initialization vector, then the content

	KeyTransport string // Algorithm of the EncryptionMethod of EncryptedKey
	Digest       string // Algorithm of its DigestMethod; "": none was written, which means SHA-1
	MGF          string // Algorithm of its MGF; "": none was written, which means MGF1 with SHA-1
	Label        []byte // OAEPparams; nil: none
	Key          []byte // CipherValue of EncryptedKey
}

// Allowed looks at the names alone, so that it can be asked before any private key is
// used, and its answer may be shown. The error is an *[AlgorithmError]. AES-CBC passes
// with allowCBC only: it cannot tell a changed ciphertext.
func (c *Ciphertext) Allowed(allowCBC bool) error {
	if _, err := c.suite(allowCBC); err != nil {
		return err
	}
	return nil
}

// Open returns the content. The error is an *[AlgorithmError] if the names are not
// allowed, and else [ErrOpen] itself, never wrapped.
//
// All keys are tried, whichever fits, and content is decrypted even when none did, so
// that the time does not tell which step failed. A key may live in hardware: it gets
// *rsa.OAEPOptions. Under AES-CBC a changed ciphertext still may decrypt, to something
// else: the caller must answer a content that makes no sense as it answers ErrOpen.
// Concurrent calls are fine if the keys allow them.
func (c *Ciphertext) Open(keys []crypto.Decrypter, allowCBC bool) ([]byte, error) {
	suite, err := c.suite(allowCBC)
	if err != nil {
		return nil, err
	}
	// Lengths are public, so a wrong one costs no use of a private key.
	if !suite.fits(len(c.Data)) || len(c.Data) > maxData || len(c.Key) == 0 || len(c.Key) > maxKey || len(c.Label) > maxLabel {
		return nil, ErrOpen
	}
	content, found := c.unwrap(keys, suite)
	plain, ok := suite.open(content, c.Data)
	if !found || !ok {
		return nil, ErrOpen
	}
	return plain, nil
}

// unwrap decrypts the content key. Where no key fits it is a random one.
func (c *Ciphertext) unwrap(keys []crypto.Decrypter, suite suite) ([]byte, bool) {
	content := make([]byte, suite.keyLen)
	rand.Read(content)
	found := 0
	for _, key := range keys {
		if key == nil {
			continue
		}
		got, err := key.Decrypt(rand.Reader, c.Key, &rsa.OAEPOptions{Hash: suite.digest, MGFHash: suite.mgf, Label: c.Label})
		fits := 0
		if err == nil && len(got) == suite.keyLen {
			fits = 1
		} else {
			got = make([]byte, suite.keyLen)
		}
		subtle.ConstantTimeCopy(fits&^found, content, got)
		found |= fits
	}
	return content, found == 1
}
