package samltest

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/beevik/etree"
)

// Cipher is how the content of an encrypted element is enciphered (XML Encryption 1.1,
// section 5.2).
type Cipher string

// The ciphers. CBC cannot tell a changed ciphertext, and is for service providers that
// have to be told to take it.
const (
	AES128GCM Cipher = "aes128-gcm"
	AES192GCM Cipher = "aes192-gcm"
	AES256GCM Cipher = "aes256-gcm"
	AES128CBC Cipher = "aes128-cbc"
	AES192CBC Cipher = "aes192-cbc"
	AES256CBC Cipher = "aes256-cbc"
)

// Ciphers lists them all.
func Ciphers() []Cipher {
	return []Cipher{AES128GCM, AES192GCM, AES256GCM, AES128CBC, AES192CBC, AES256CBC}
}

// method is the cipher's URI, the length of its key in bytes, and whether it is GCM.
func (c Cipher) method() (uri string, size int, gcm, ok bool) {
	switch c {
	case AES128GCM:
		return nsEncryption11 + string(c), 16, true, true
	case AES192GCM:
		return nsEncryption11 + string(c), 24, true, true
	case AES256GCM:
		return nsEncryption11 + string(c), 32, true, true
	case AES128CBC:
		return nsEncryption + string(c), 16, false, true
	case AES192CBC:
		return nsEncryption + string(c), 24, false, true
	case AES256CBC:
		return nsEncryption + string(c), 32, false, true
	}
	return "", 0, false, false
}

// Encryption is what an [IdP] encrypts, and how. It signs first. The key is carried by
// RSA-OAEP to the first RSA certificate that the service provider's metadata lists for
// encryption, or for no particular use; without one there is no answer.
type Encryption struct {
	Cipher Cipher // "": nothing is encrypted

	// Digest and MGF are the hashes of OAEP: SHA-1, which 0 means as well, SHA-256, SHA-384
	// or SHA-512. With an MGF the algorithm is rsa-oaep of XML Encryption 1.1, which names
	// it; with none it is rsa-oaep-mgf1p, whose MGF is SHA-1.
	Digest, MGF crypto.Hash

	NameID         bool // send the NameID as an EncryptedID
	ClearAssertion bool // send the assertion in clear; for NameID alone
	KeyBeside      bool // put the EncryptedKey beside the EncryptedData, instead of into its KeyInfo
}

func (e Encryption) check() error {
	if e.Cipher == "" {
		if e != (Encryption{}) {
			return errors.New("samltest: an encryption without a cipher")
		}
		return nil
	}
	if _, _, _, ok := e.Cipher.method(); !ok {
		return fmt.Errorf("samltest: %q is no cipher", string(e.Cipher))
	}
	for _, h := range []crypto.Hash{e.Digest, e.MGF} {
		if _, ok := oaepDigest(h); !ok && h != 0 {
			return fmt.Errorf("samltest: OAEP with %s", h)
		}
	}
	if e.ClearAssertion && !e.NameID {
		return errors.New("samltest: an encryption of nothing")
	}
	return nil
}

// oaepDigest names the digest of OAEP.
func oaepDigest(h crypto.Hash) (string, bool) {
	switch h {
	case crypto.SHA1:
		return nsSignature + "sha1", true
	case crypto.SHA256:
		return nsEncryption + "sha256", true
	case crypto.SHA384:
		return nsMore + "sha384", true
	case crypto.SHA512:
		return nsEncryption + "sha512", true
	}
	return "", false
}

// oaepMask names the mask generation function of a hash.
func oaepMask(h crypto.Hash) string {
	switch h {
	case crypto.SHA256:
		return nsEncryption11 + "mgf1sha256"
	case crypto.SHA384:
		return nsEncryption11 + "mgf1sha384"
	case crypto.SHA512:
		return nsEncryption11 + "mgf1sha512"
	}
	return nsEncryption11 + "mgf1sha1"
}

// encrypter encrypts to one service provider. A nil one encrypts nothing.
type encrypter struct {
	Encryption
	to     *x509.Certificate
	entity string // whose certificate that is
	style  spelling
}

// assertion makes an EncryptedAssertion of an assertion that stands for itself.
func (e *encrypter) assertion(el *etree.Element) (*etree.Element, error) {
	return e.wrap(el, "EncryptedAssertion")
}

// wrap encrypts el, which declares all of its namespaces, into an element of assertions
// (core, sections 2.2.4 and 2.3.4).
func (e *encrypter) wrap(el *etree.Element, tag string) (*etree.Element, error) {
	plain, err := render(el.Copy())
	if err != nil {
		return nil, fmt.Errorf("samltest: encrypt: %w", err)
	}
	uri, size, gcm, _ := e.Cipher.method()
	key := make([]byte, size)
	rand.Read(key)
	sealed, err := seal(key, plain, gcm)
	if err != nil {
		return nil, fmt.Errorf("samltest: encrypt: %w", err)
	}
	carried, err := e.key(key)
	if err != nil {
		return nil, err
	}
	root := etree.NewElement(join(e.style.assertion, tag))
	root.CreateAttr(xmlns(e.style.assertion), nsAssertion)
	data := root.CreateElement("xenc:EncryptedData")
	data.CreateAttr("xmlns:xenc", nsEncryption)
	data.CreateAttr("Type", nsEncryption+"Element")
	data.CreateElement("xenc:EncryptionMethod").CreateAttr("Algorithm", uri)
	if e.KeyBeside {
		root.AddChild(carried)
	} else {
		info := data.CreateElement("ds:KeyInfo")
		info.CreateAttr("xmlns:ds", nsSignature)
		info.AddChild(carried)
	}
	data.CreateElement("xenc:CipherData").CreateElement("xenc:CipherValue").SetText(e.style.base64(sealed))
	if e.style.indent {
		indent(root, 1)
	}
	return root, nil
}

// key writes the EncryptedKey.
func (e *encrypter) key(key []byte) (*etree.Element, error) {
	public, ok := e.to.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("samltest: encrypt: the certificate has no RSA key")
	}
	options := rsa.OAEPOptions{Hash: e.Digest, MGFHash: e.MGF}
	if options.Hash == 0 {
		options.Hash = crypto.SHA1
	}
	if options.MGFHash == 0 {
		options.MGFHash = crypto.SHA1 // else it would be Hash
	}
	carried, err := rsa.EncryptOAEPWithOptions(rand.Reader, public, key, &options)
	if err != nil {
		return nil, fmt.Errorf("samltest: encrypt: %w", err)
	}
	root := etree.NewElement("xenc:EncryptedKey")
	root.CreateAttr("xmlns:xenc", nsEncryption)
	root.CreateAttr("Recipient", e.entity)
	method := root.CreateElement("xenc:EncryptionMethod")
	method.CreateAttr("Algorithm", nsEncryption+"rsa-oaep-mgf1p")
	if e.Digest != 0 {
		uri, _ := oaepDigest(e.Digest)
		digest := method.CreateElement("ds:DigestMethod")
		digest.CreateAttr("xmlns:ds", nsSignature)
		digest.CreateAttr("Algorithm", uri)
	}
	if e.MGF != 0 {
		method.CreateAttr("Algorithm", nsEncryption11+"rsa-oaep")
		mask := method.CreateElement("xenc11:MGF")
		mask.CreateAttr("xmlns:xenc11", nsEncryption11)
		mask.CreateAttr("Algorithm", oaepMask(e.MGF))
	}
	info := root.CreateElement("ds:KeyInfo")
	info.CreateAttr("xmlns:ds", nsSignature)
	info.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").SetText(e.style.base64(e.to.Raw))
	root.CreateElement("xenc:CipherData").CreateElement("xenc:CipherValue").SetText(e.style.base64(carried))
	return root, nil
}

// seal puts the nonce or the initialisation vector in front.
func seal(key, plain []byte, gcm bool) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if gcm {
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		nonce := make([]byte, aead.NonceSize())
		rand.Read(nonce)
		return aead.Seal(nonce, nonce, plain, nil), nil
	}
	// The last byte of the padding is its length, the others may be anything.
	padding := make([]byte, aes.BlockSize-len(plain)%aes.BlockSize)
	rand.Read(padding)
	padding[len(padding)-1] = byte(len(padding))
	padded := append(append([]byte(nil), plain...), padding...)
	out := make([]byte, aes.BlockSize+len(padded))
	rand.Read(out[:aes.BlockSize])
	cipher.NewCBCEncrypter(block, out[:aes.BlockSize]).CryptBlocks(out[aes.BlockSize:], padded)
	return out, nil
}
