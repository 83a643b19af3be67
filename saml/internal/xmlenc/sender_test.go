package xmlenc_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/saml/internal/xmlenc"
)

const (
	enc   = "http://www.w3.org/2001/04/xmlenc#"
	enc11 = "http://www.w3.org/2009/xmlenc11#"
	sig   = "http://www.w3.org/2000/09/xmldsig#"
	more  = "http://www.w3.org/2001/04/xmldsig-more#"

	mgf1p = enc + "rsa-oaep-mgf1p"
	oaep  = enc11 + "rsa-oaep"
)

// keyLengths are the ciphers, with the length of their key in bytes.
func keyLengths() map[string]int {
	return map[string]int{
		enc11 + "aes128-gcm": 16, enc11 + "aes192-gcm": 24, enc11 + "aes256-gcm": 32,
		enc + "aes128-cbc": 16, enc + "aes192-cbc": 24, enc + "aes256-cbc": 32,
	}
}

func isCBC(uri string) bool { return strings.HasSuffix(uri, "-cbc") }

func fresh(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// our is the key of most tests.
var our = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func ring(keys ...crypto.Decrypter) []crypto.Decrypter { return keys }

// seal encrypts content as a provider would, with SHA-1 in both places.
func seal(t testing.TB, to *rsa.PublicKey, uri string, content []byte) *xmlenc.Ciphertext {
	t.Helper()
	key := make([]byte, keyLengths()[uri])
	rand.Read(key)
	return &xmlenc.Ciphertext{
		Cipher: uri, Data: sealData(t, uri, key, content),
		KeyTransport: mgf1p, Key: sealKey(t, to, key, &rsa.OAEPOptions{Hash: crypto.SHA1}),
	}
}

func sealKey(t testing.TB, to *rsa.PublicKey, key []byte, opts *rsa.OAEPOptions) []byte {
	t.Helper()
	out, err := rsa.EncryptOAEPWithOptions(rand.Reader, to, key, opts)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sealData(t testing.TB, uri string, key, content []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	if isCBC(uri) {
		padding := make([]byte, aes.BlockSize-len(content)%aes.BlockSize)
		rand.Read(padding) // all but the last byte may be anything
		padding[len(padding)-1] = byte(len(padding))
		return sealBlocks(block, append(bytes.Clone(content), padding...))
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	return aead.Seal(nonce, nonce, content, nil)
}

// sealBlocks is AES-CBC with the padding left to the caller.
func sealBlocks(block cipher.Block, padded []byte) []byte {
	out := make([]byte, aes.BlockSize+len(padded))
	rand.Read(out[:aes.BlockSize])
	cipher.NewCBCEncrypter(block, out[:aes.BlockSize]).CryptBlocks(out[aes.BlockSize:], padded)
	return out
}

// hardware is a key that is reached through crypto.Decrypter alone, and counts.
type hardware struct {
	key   *rsa.PrivateKey
	mu    sync.Mutex
	asked int
}

func (h *hardware) Public() crypto.PublicKey { return h.key.Public() }

func (h *hardware) Decrypt(random io.Reader, data []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	h.mu.Lock()
	h.asked++
	h.mu.Unlock()
	return h.key.Decrypt(random, data, opts)
}
