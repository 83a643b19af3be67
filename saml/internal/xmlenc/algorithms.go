package xmlenc

import (
	"crypto"
	_ "crypto/sha1" // the digests that OAEP may name
	_ "crypto/sha256"
	_ "crypto/sha512"
	"fmt"
	"slices"
)

// The namespaces whose names algorithms are.
const (
	encSpace   = "http://www.w3.org/2001/04/xmlenc#"
	enc11Space = "http://www.w3.org/2009/xmlenc11#"
	sigSpace   = "http://www.w3.org/2000/09/xmldsig#"
	moreSpace  = "http://www.w3.org/2001/04/xmldsig-more#"
)

// AlgorithmError is the refusal of an algorithm by its name.
type AlgorithmError struct {
	Role string // what the algorithm is for: "cipher", "key transport", "digest", "mask generation"
	Name string // the URI as it came, of any length and content; "": there was none
	Want string // what is accepted in its place
}

// Error quotes the name, at most 200 bytes of it.
func (e *AlgorithmError) Error() string {
	return fmt.Sprintf("xmlenc: %s %.200q is not allowed, only %s", e.Role, e.Name, e.Want)
}

// mode is how a block cipher is used.
type mode int

const (
	gcm mode = iota + 1
	cbc
)

// suite is what the names of a Ciphertext mean.
type suite struct {
	mode   mode
	keyLen int // bytes
	digest crypto.Hash
	mgf    crypto.Hash
}

// suite reads the names.
func (c *Ciphertext) suite(allowCBC bool) (suite, error) {
	out := suite{}
	var ok bool
	if out.mode, out.keyLen, ok = cipherNamed(c.Cipher); !ok || out.mode == cbc && !allowCBC {
		want := "AES-GCM"
		if allowCBC {
			want = "AES-GCM and AES-CBC"
		}
		return suite{}, &AlgorithmError{Role: "cipher", Name: c.Cipher, Want: want}
	}
	if !slices.Contains([]string{encSpace + "rsa-oaep-mgf1p", enc11Space + "rsa-oaep"}, c.KeyTransport) {
		return suite{}, &AlgorithmError{Role: "key transport", Name: c.KeyTransport, Want: "RSA-OAEP"}
	}
	if out.digest, ok = digestNamed(c.Digest); !ok {
		return suite{}, &AlgorithmError{Role: "digest", Name: c.Digest, Want: "SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512"}
	}
	if out.mgf, ok = maskNamed(c.MGF); !ok {
		return suite{}, &AlgorithmError{Role: "mask generation", Name: c.MGF, Want: "MGF1 with SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512"}
	}
	// The older name fixes MGF1 with SHA-1 (XML Encryption 1.1 section 5.5.2), so another would have to be
	// guessed at.
	if c.KeyTransport == encSpace+"rsa-oaep-mgf1p" && out.mgf != crypto.SHA1 {
		return suite{}, &AlgorithmError{Role: "mask generation", Name: c.MGF, Want: "MGF1 with SHA-1, as rsa-oaep-mgf1p says"}
	}
	return out, nil
}

// cipherNamed is the allow-list of ciphers, with their key length in bytes.
func cipherNamed(uri string) (mode, int, bool) {
	switch uri {
	case enc11Space + "aes128-gcm":
		return gcm, 16, true
	case enc11Space + "aes192-gcm":
		return gcm, 24, true
	case enc11Space + "aes256-gcm":
		return gcm, 32, true
	case encSpace + "aes128-cbc":
		return cbc, 16, true
	case encSpace + "aes192-cbc":
		return cbc, 24, true
	case encSpace + "aes256-cbc":
		return cbc, 32, true
	}
	return 0, 0, false
}

// digestNamed is the allow-list of digests. SHA-1 is sound here: OAEP needs no
// resistance to collisions.
func digestNamed(uri string) (crypto.Hash, bool) {
	switch uri {
	case "", sigSpace + "sha1":
		return crypto.SHA1, true
	case moreSpace + "sha224":
		return crypto.SHA224, true
	case encSpace + "sha256":
		return crypto.SHA256, true
	case moreSpace + "sha384", encSpace + "sha384": // RFC 9231 section 2.1.3, and XML Encryption 1.1 section 5.8
		return crypto.SHA384, true
	case encSpace + "sha512":
		return crypto.SHA512, true
	// Two names that no specification has and xml-encryption 3 writes, which many
	// providers on Node.js use: https://github.com/auth0/node-xml-encryption/pull/135
	case sigSpace + "sha256":
		return crypto.SHA256, true
	case sigSpace + "sha512":
		return crypto.SHA512, true
	}
	return 0, false
}

// maskNamed is the allow-list of mask generation functions.
func maskNamed(uri string) (crypto.Hash, bool) {
	switch uri {
	case "", enc11Space + "mgf1sha1":
		return crypto.SHA1, true
	case enc11Space + "mgf1sha224":
		return crypto.SHA224, true
	case enc11Space + "mgf1sha256":
		return crypto.SHA256, true
	case enc11Space + "mgf1sha384":
		return crypto.SHA384, true
	case enc11Space + "mgf1sha512":
		return crypto.SHA512, true
	}
	return 0, false
}
