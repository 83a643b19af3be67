package xmlenc_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml/internal/xmlenc"
	"github.com/google/go-cmp/cmp"
)

func TestOpensEveryLength(t *testing.T) {
	t.Parallel()
	for uri := range keyLengths() {
		t.Run(uri[strings.Index(uri, "#")+1:], func(t *testing.T) {
			t.Parallel()
			for n := range 65 {
				content := make([]byte, n)
				rand.Read(content)
				for _, content := range [][]byte{content, make([]byte, n)} {
					c := seal(t, &our().PublicKey, uri, content)
					got, err := c.Open(ring(our()), true)
					if err != nil || !bytes.Equal(got, content) {
						t.Fatalf("%d bytes: got %x, %v, want %x", n, got, err, content)
					}
				}
			}
		})
	}
}

// What xmlsec1 and OpenSSL (through pyca cryptography) encrypted, with every digest
// and mask generation.
func TestOpensWhatOthersMade(t *testing.T) {
	t.Parallel()
	key, plain, made := vectors(t)
	if len(made) < 40 {
		t.Fatalf("only %d vectors", len(made))
	}
	for i, c := range made {
		if got, err := c.Open(ring(key), true); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d (%s, %s, %s, %s): got %q, %v", i, c.Cipher, c.KeyTransport, c.Digest, c.MGF, got, err)
		}
	}
}

// Digest and mask generation are two names, and neither stands in for the other.
func TestDigestIsNotTheMask(t *testing.T) {
	t.Parallel()
	uri, content := enc11+"aes256-gcm", []byte("content")
	key := make([]byte, 32)
	rand.Read(key)
	base := xmlenc.Ciphertext{Cipher: uri, Data: sealData(t, uri, key, content), KeyTransport: oaep,
		Digest: enc + "sha256", MGF: enc11 + "mgf1sha1",
		Key: sealKey(t, &our().PublicKey, key, &rsa.OAEPOptions{Hash: crypto.SHA256, MGFHash: crypto.SHA1})}
	if _, err := base.Open(ring(our()), false); err != nil {
		t.Fatalf("the control: %v", err)
	}
	for name, change := range map[string]func(*xmlenc.Ciphertext){
		"other mask":   func(c *xmlenc.Ciphertext) { c.MGF = enc11 + "mgf1sha256" },
		"other digest": func(c *xmlenc.Ciphertext) { c.Digest = sig + "sha1" },
		"a label":      func(c *xmlenc.Ciphertext) { c.Label = []byte("label") },
	} {
		c := base
		change(&c)
		if _, err := c.Open(ring(our()), false); err != xmlenc.ErrOpen {
			t.Errorf("%s: got %v, want ErrOpen", name, err)
		}
	}
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	gcm := enc11 + "aes256-gcm"
	for name, tc := range map[string]struct {
		c       xmlenc.Ciphertext
		cbc     bool
		refused string // role
	}{
		"gcm":                     {c: xmlenc.Ciphertext{Cipher: gcm, KeyTransport: mgf1p}},
		"cbc without leave":       {c: xmlenc.Ciphertext{Cipher: enc + "aes256-cbc", KeyTransport: mgf1p}, refused: "cipher"},
		"cbc with leave":          {c: xmlenc.Ciphertext{Cipher: enc + "aes256-cbc", KeyTransport: mgf1p}, cbc: true},
		"triple DES":              {c: xmlenc.Ciphertext{Cipher: enc + "tripledes-cbc", KeyTransport: mgf1p}, cbc: true, refused: "cipher"},
		"no cipher":               {c: xmlenc.Ciphertext{KeyTransport: mgf1p}, cbc: true, refused: "cipher"},
		"a cipher by other case":  {c: xmlenc.Ciphertext{Cipher: strings.ToUpper(gcm), KeyTransport: mgf1p}, refused: "cipher"},
		"gcm of the older space":  {c: xmlenc.Ciphertext{Cipher: enc + "aes256-gcm", KeyTransport: mgf1p}, refused: "cipher"},
		"RSA 1.5":                 {c: xmlenc.Ciphertext{Cipher: gcm, KeyTransport: enc + "rsa-1_5"}, cbc: true, refused: "key transport"},
		"key wrap":                {c: xmlenc.Ciphertext{Cipher: gcm, KeyTransport: enc + "kw-aes256"}, refused: "key transport"},
		"no key transport":        {c: xmlenc.Ciphertext{Cipher: gcm}, refused: "key transport"},
		"md5":                     {c: xmlenc.Ciphertext{Cipher: gcm, KeyTransport: oaep, Digest: more + "md5"}, refused: "digest"},
		"a digest of blanks":      {c: xmlenc.Ciphertext{Cipher: gcm, KeyTransport: oaep, Digest: " "}, refused: "digest"},
		"a mask nobody knows":     {c: xmlenc.Ciphertext{Cipher: gcm, KeyTransport: oaep, MGF: enc11 + "mgf1md5"}, refused: "mask generation"},
		"mgf1p with SHA-1 named":  {c: xmlenc.Ciphertext{Cipher: gcm, KeyTransport: mgf1p, MGF: enc11 + "mgf1sha1"}},
		"mgf1p with another mask": {c: xmlenc.Ciphertext{Cipher: gcm, KeyTransport: mgf1p, MGF: enc11 + "mgf1sha256"}, refused: "mask generation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tc.c.Allowed(tc.cbc)
			hw := &hardware{key: our()}
			_, openErr := tc.c.Open(ring(hw), tc.cbc)
			if tc.refused == "" {
				if err != nil || openErr != xmlenc.ErrOpen {
					t.Fatalf("got %v and %v, want nil, and ErrOpen for there is no data", err, openErr)
				}
				return
			}
			var refusal *xmlenc.AlgorithmError
			if !errors.As(err, &refusal) || refusal.Role != tc.refused {
				t.Fatalf("got %v, want a refusal of the %s", err, tc.refused)
			}
			if diff := cmp.Diff(fmt.Sprint(err), fmt.Sprint(openErr)); diff != "" {
				t.Errorf("Allowed and Open differ:\n%s", diff)
			}
			if hw.asked != 0 {
				t.Error("the private key was used")
			}
			if !strings.HasPrefix(err.Error(), "xmlenc: ") || refusal.Want == "" {
				t.Errorf("message: %v", err)
			}
		})
	}
}

func TestAlgorithmErrorIsShort(t *testing.T) {
	t.Parallel()
	c := xmlenc.Ciphertext{Cipher: strings.Repeat("\n<", 1<<16)}
	if text := c.Allowed(true).Error(); len(text) > 600 || strings.Contains(text, "\n") {
		t.Errorf("%d bytes: %.80q", len(text), text)
	}
}

func TestTriesEveryKey(t *testing.T) {
	t.Parallel()
	content := []byte("content")
	c := seal(t, &our().PublicKey, enc11+"aes128-gcm", content)
	before := *c
	before.Data, before.Key = bytes.Clone(c.Data), bytes.Clone(c.Key)
	other, longer := &hardware{key: fresh(t, 2048)}, &hardware{key: fresh(t, 3072)}
	fitting := &hardware{key: our()}
	for name, keys := range map[string][]crypto.Decrypter{
		"last":    {other, longer, fitting},
		"first":   {fitting, other, longer},
		"twice":   {other, fitting, fitting},
		"with no": {nil, fitting},
	} {
		for _, hw := range []*hardware{other, longer, fitting} {
			hw.asked = 0
		}
		if got, err := c.Open(keys, false); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		for _, hw := range []*hardware{other, longer, fitting} {
			want := 0
			for _, key := range keys {
				if key == crypto.Decrypter(hw) {
					want++
				}
			}
			if hw.asked != want {
				t.Errorf("%s: a key was asked %d times, want %d", name, hw.asked, want)
			}
		}
	}
	for name, keys := range map[string][]crypto.Decrypter{"none": nil, "others": {other, longer}} {
		if got, err := c.Open(keys, false); err != xmlenc.ErrOpen || got != nil {
			t.Errorf("%s: got %q, %v, want ErrOpen", name, got, err)
		}
	}
	if diff := cmp.Diff(&before, c); diff != "" {
		t.Errorf("Open changed it:\n%s", diff)
	}
}

// The key must be as long as its cipher says, not as long as some cipher wants.
func TestKeyLengthIsTheCiphers(t *testing.T) {
	t.Parallel()
	lengths := []int{0, 1, 15, 16, 17, 24, 31, 32, 33, 64}
	for uri, right := range keyLengths() {
		for _, n := range lengths {
			key := make([]byte, n)
			rand.Read(key)
			used := key
			if !slices.Contains([]int{16, 24, 32}, n) {
				used = make([]byte, right)
			}
			c := &xmlenc.Ciphertext{Cipher: uri, Data: sealData(t, uri, used, []byte("content")), KeyTransport: mgf1p,
				Key: sealKey(t, &our().PublicKey, key, &rsa.OAEPOptions{Hash: crypto.SHA1})}
			got, err := c.Open(ring(our()), true)
			if n == right {
				if err != nil {
					t.Errorf("%s with a key of %d bytes: %v", uri, n, err)
				}
			} else if err != xmlenc.ErrOpen || got != nil {
				t.Errorf("%s with a key of %d bytes: got %q, %v", uri, n, got, err)
			}
		}
	}
}
