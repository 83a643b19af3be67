package saml_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strings"

	"github.com/accesssec/accesssec-go/saml"
)

const (
	xmlenc   = "http://www.w3.org/2001/04/xmlenc#"
	xmlenc11 = "http://www.w3.org/2009/xmlenc11#"
)

// sealing says how to encrypt; the zero value is what a good provider does.
type sealing struct {
	to        string // name in keys; "": sp
	cipher    string // Algorithm of EncryptedData; "": AES-256-GCM
	keyBytes  int    // of the content key; 0: as the cipher wants it
	transport string // Algorithm of EncryptedKey; "": rsa-oaep
	digest    crypto.Hash
	mgf       crypto.Hash
	label     string
	beside    bool // the EncryptedKey stands beside EncryptedData
	also      string
	tamper    func(data []byte) []byte // the CipherValue of the content
	tamperKey func(key []byte) []byte
}

func (s sealing) defaults() sealing {
	if s.to == "" {
		s.to = "sp"
	}
	if s.cipher == "" {
		s.cipher = xmlenc11 + "aes256-gcm"
	}
	if s.keyBytes == 0 {
		s.keyBytes = map[string]int{"128": 16, "192": 24, "256": 32}[strings.Split(strings.Split(s.cipher, "#aes")[1], "-")[0]]
	}
	if s.transport == "" {
		s.transport = xmlenc11 + "rsa-oaep"
	}
	if s.digest == 0 {
		s.digest = crypto.SHA256
	}
	if s.mgf == 0 {
		s.mgf = crypto.SHA1
	}
	return s
}

// seal is content as EncryptedData in an element of a name, without its prefix.
func (s sealing) seal(name, content string) string {
	s = s.defaults()
	contentKey := make([]byte, s.keyBytes)
	rand.Read(contentKey)
	data := s.encrypt(contentKey, []byte(content))
	if s.tamper != nil {
		data = s.tamper(data)
	}
	encryptedKey := s.wrapped(s.to, contentKey)
	if s.also != "" {
		encryptedKey = s.wrapped(s.also, contentKey) + encryptedKey
	}
	inside, outside := `<ds:KeyInfo xmlns:ds="`+dsNS+`">`+encryptedKey+`</ds:KeyInfo>`, ""
	if s.beside {
		inside, outside = "", encryptedKey
	}
	return `<saml:` + name + ` xmlns:saml="` + samlSpace + `"><xenc:EncryptedData xmlns:xenc="` + xmlenc + `" Type="` + xmlenc + `Element"><xenc:EncryptionMethod Algorithm="` + s.cipher + `"/>` + inside +
		`<xenc:CipherData><xenc:CipherValue>` + base64.StdEncoding.EncodeToString(data) + `</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>` + outside + `</saml:` + name + `>`
}

// wrapped is the EncryptedKey for one receiver.
func (s sealing) wrapped(to string, contentKey []byte) string {
	digests := map[crypto.Hash]string{crypto.SHA1: dsNS + "sha1", crypto.SHA256: xmlenc + "sha256", crypto.SHA512: xmlenc + "sha512"}
	masks := map[crypto.Hash]string{crypto.SHA1: "mgf1sha1", crypto.SHA256: "mgf1sha256", crypto.SHA512: "mgf1sha512"}
	var key []byte
	var err error
	public := keys()[to].cert.PublicKey.(*rsa.PublicKey)
	method := ""
	if s.transport == xmlenc+"rsa-1_5" {
		key = make([]byte, public.Size()) // no one gets as far as decrypting it
	} else {
		key, err = rsa.EncryptOAEPWithOptions(rand.Reader, public, contentKey, &rsa.OAEPOptions{Hash: s.digest, MGFHash: s.mgf, Label: []byte(s.label)})
		method = `<ds:DigestMethod xmlns:ds="` + dsNS + `" Algorithm="` + digests[s.digest] + `"/>`
		if s.mgf != crypto.SHA1 {
			method += `<e11:MGF xmlns:e11="` + xmlenc11 + `" Algorithm="` + xmlenc11 + masks[s.mgf] + `"/>`
		}
		if s.label != "" {
			method = `<xenc:OAEPparams>` + base64.StdEncoding.EncodeToString([]byte(s.label)) + `</xenc:OAEPparams>` + method
		}
	}
	if err != nil {
		panic(err)
	}
	if s.tamperKey != nil {
		key = s.tamperKey(key)
	}
	return `<xenc:EncryptedKey xmlns:xenc="` + xmlenc + `"><xenc:EncryptionMethod Algorithm="` + s.transport + `">` + method + `</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>` +
		base64.StdEncoding.EncodeToString(key) + `</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>`
}

// encrypt writes the initialization vector, then the content.
func (s sealing) encrypt(key, content []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	if strings.HasSuffix(s.cipher, "-gcm") {
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			panic(err)
		}
		nonce := make([]byte, gcm.NonceSize())
		rand.Read(nonce)
		return gcm.Seal(nonce, nonce, content, nil)
	}
	pad := aes.BlockSize - len(content)%aes.BlockSize
	content = append(bytes.Clone(content), bytes.Repeat([]byte{0}, pad-1)...)
	content = append(content, byte(pad))
	out := make([]byte, aes.BlockSize+len(content))
	rand.Read(out[:aes.BlockSize])
	cipher.NewCBCEncrypter(block, out[:aes.BlockSize]).CryptBlocks(out[aes.BlockSize:], content)
	return out
}

// sealed encrypts the assertion of a document.
func (s sealing) sealed(doc string) string {
	i := strings.Index(doc, "<saml:Assertion")
	j := strings.LastIndex(doc, "</saml:Assertion>") + len("</saml:Assertion>")
	return doc[:i] + s.seal("EncryptedAssertion", doc[i:j]) + doc[j:]
}

// encrypted signs as the base says, the assertion before it is encrypted and the
// Response after that.
func (b base) encrypted(doc string, s signing, how sealing) string {
	if b != "response" {
		doc = sign(doc, "@A@", s)
	}
	doc = how.sealed(strings.Replace(doc, "@A@", "", 1))
	if b != "assertion" {
		doc = sign(doc, "@R@", s)
	}
	return unmark(doc)
}

// encryptedName encrypts the NameID of a document that is not signed yet.
func (s sealing) encryptedName(doc string) string {
	i, j := strings.Index(doc, "<saml:NameID"), strings.Index(doc, "</saml:NameID>")+len("</saml:NameID>")
	return doc[:i] + s.seal("EncryptedID", doc[i:j]) + doc[j:]
}

// decryptingSP has two keys; which of them fits it has to find out.
func decryptingSP() *saml.SP {
	sp := ourSP()
	for _, name := range []string{"sp2", "sp"} {
		sp.Keys = append(sp.Keys, saml.Key{Signer: keys()[name].key, Cert: keys()[name].cert})
	}
	return sp
}

// opened finishes a document with the keys to decrypt it.
func opened(doc string, rules *saml.Rules) (*saml.Identity, error) {
	m, err := saml.ParseMessage(base64.StdEncoding.EncodeToString([]byte(doc)))
	if err != nil {
		return nil, err
	}
	return decryptingSP().Finish(theirIdP(), rules, m, ourRequest(), clock())
}
