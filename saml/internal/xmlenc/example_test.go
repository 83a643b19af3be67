package xmlenc_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/saml/internal/xmlenc"
)

func ExampleCiphertext_Open() {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		fmt.Println(err)
		return
	}
	// What a provider does: a fresh key for the content, sealed for us.
	key := make([]byte, 32)
	rand.Read(key)
	block, _ := aes.NewCipher(key)
	aead, _ := cipher.NewGCMWithRandomNonce(block)
	sealed, _ := rsa.EncryptOAEPWithOptions(rand.Reader, &private.PublicKey, key,
		&rsa.OAEPOptions{Hash: crypto.SHA256, MGFHash: crypto.SHA1})

	c := &xmlenc.Ciphertext{
		Cipher:       "http://www.w3.org/2009/xmlenc11#aes256-gcm",
		Data:         aead.Seal(nil, nil, []byte("<Assertion/>"), nil),
		KeyTransport: "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
		Digest:       "http://www.w3.org/2001/04/xmlenc#sha256",
		Key:          sealed,
	}
	plain, err := c.Open([]crypto.Decrypter{private}, false)
	fmt.Println(string(plain), err)

	c.Data[20] ^= 1
	_, err = c.Open([]crypto.Decrypter{private}, false)
	fmt.Println(errors.Is(err, xmlenc.ErrOpen))

	c.KeyTransport = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
	fmt.Println(c.Allowed(false))
	// Output:
	// <Assertion/> <nil>
	// true
	// xmlenc: key transport "http://www.w3.org/2001/04/xmlenc#rsa-1_5" is not allowed, only RSA-OAEP
}
