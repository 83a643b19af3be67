package xmlenc_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml/internal/xmlenc"
)

// refused fails unless c gives the one error and nothing else.
func refused(t *testing.T, name string, c *xmlenc.Ciphertext) {
	t.Helper()
	got, err := c.Open(ring(our()), true)
	if err != xmlenc.ErrOpen || got != nil {
		t.Errorf("%s: got %q, %v, want ErrOpen alone", name, got, err)
	}
}

func TestCutTag(t *testing.T) {
	t.Parallel()
	for uri := range keyLengths() {
		if isCBC(uri) {
			continue
		}
		for _, content := range [][]byte{nil, []byte("content of some length, more than a block")} {
			c := seal(t, &our().PublicKey, uri, content)
			whole := c.Data
			for tag := range 16 {
				c.Data = whole[:len(whole)-16+tag]
				refused(t, "tag cut", c)
			}
			for n := range 28 {
				c.Data = whole[:min(n, len(whole)-1)]
				refused(t, "less than a vector and a tag", c)
			}
			c.Data = append(bytes.Clone(whole), 0)
			refused(t, "a byte more", c)
		}
	}
}

func TestChangedByte(t *testing.T) {
	t.Parallel()
	c := seal(t, &our().PublicKey, enc11+"aes256-gcm", []byte("content"))
	for _, field := range []*[]byte{&c.Data, &c.Key} {
		whole := *field
		for i := range whole {
			changed := bytes.Clone(whole)
			changed[i] ^= 1 << (i % 8)
			*field = changed
			refused(t, "a changed bit", c)
		}
		*field = whole
	}
	if _, err := c.Open(ring(our()), false); err != nil {
		t.Fatalf("the control: %v", err)
	}
}

// Every way to fail, from the key's padding to the content's, is one error value.
func TestOneError(t *testing.T) {
	t.Parallel()
	gcm, cbc := enc11+"aes256-gcm", enc+"aes256-cbc"
	random := func(n int) []byte {
		out := make([]byte, n)
		rand.Read(out)
		return out
	}
	// 00 02, padding without a zero, 00, the key (RFC 8017 section 7.2.1).
	block := append(append([]byte{0, 2}, bytes.Repeat([]byte{1}, 256-3-32)...), 0)
	legacy := new(big.Int).Exp(new(big.Int).SetBytes(append(block, random(32)...)), big.NewInt(int64(our().E)), our().N).FillBytes(make([]byte, 256))
	modulus := our().N.Bytes()
	for _, uri := range []string{gcm, cbc} {
		for name, change := range map[string]func(*xmlenc.Ciphertext){
			"no key":                      func(c *xmlenc.Ciphertext) { c.Key = nil },
			"key of one byte":             func(c *xmlenc.Ciphertext) { c.Key = []byte{1} },
			"key short by a byte":         func(c *xmlenc.Ciphertext) { c.Key = c.Key[:255] },
			"key long by a byte":          func(c *xmlenc.Ciphertext) { c.Key = append(bytes.Clone(c.Key), 0) },
			"key as long as a RSA can be": func(c *xmlenc.Ciphertext) { c.Key = random(1024) },
			"key longer than that":        func(c *xmlenc.Ciphertext) { c.Key = random(1025) },
			"key of zeroes":               func(c *xmlenc.Ciphertext) { c.Key = make([]byte, 256) },
			"key is the modulus":          func(c *xmlenc.Ciphertext) { c.Key = modulus },
			"key at random":               func(c *xmlenc.Ciphertext) { c.Key = random(256) },
			"key padded by PKCS #1 v1.5":  func(c *xmlenc.Ciphertext) { c.Key = legacy },
			"key for someone else": func(c *xmlenc.Ciphertext) {
				c.Key = sealKey(t, &fresh(t, 2048).PublicKey, random(32), &rsa.OAEPOptions{Hash: crypto.SHA1})
			},
			"a label too long":  func(c *xmlenc.Ciphertext) { c.Label = random(1025) },
			"no data":           func(c *xmlenc.Ciphertext) { c.Data = nil },
			"a vector alone":    func(c *xmlenc.Ciphertext) { c.Data = c.Data[:12] },
			"a block alone":     func(c *xmlenc.Ciphertext) { c.Data = c.Data[:16] },
			"data over the cap": func(c *xmlenc.Ciphertext) { c.Data = make([]byte, 1<<20+16) },
		} {
			c := seal(t, &our().PublicKey, uri, bytes.Repeat([]byte("content "), 8))
			change(c)
			refused(t, uri+", "+name, c)
		}
	}
	// Under AES-CBC one key in 16 opens this to noise, which is why it is opt-in.
	c := seal(t, &our().PublicKey, gcm, []byte("content"))
	c.Key = sealKey(t, &our().PublicKey, random(32), &rsa.OAEPOptions{Hash: crypto.SHA1})
	refused(t, "another content key", c)
}

// Every value that the last byte may have.
func TestPadding(t *testing.T) {
	t.Parallel()
	uri, key := enc+"aes128-cbc", make([]byte, 16)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	sealed := sealKey(t, &our().PublicKey, key, &rsa.OAEPOptions{Hash: crypto.SHA1})
	for blocks := 1; blocks <= 2; blocks++ {
		for last := range 256 {
			padded := []byte(strings.Repeat("x", 16*blocks))
			padded[len(padded)-1] = byte(last)
			c := &xmlenc.Ciphertext{Cipher: uri, Data: sealBlocks(block, padded), KeyTransport: mgf1p, Key: sealed}
			got, err := c.Open(ring(our()), true)
			if last >= 1 && last <= 16 {
				if err != nil || !bytes.Equal(got, padded[:len(padded)-last]) {
					t.Errorf("%d: got %q, %v", last, got, err)
				}
			} else if err != xmlenc.ErrOpen || got != nil {
				t.Errorf("%d: got %q, %v, want ErrOpen", last, got, err)
			}
			for cut := 1; cut < 16; cut++ {
				c.Data = c.Data[:len(c.Data)-1]
				refused(t, "not whole blocks", c)
			}
		}
	}
}
