package xmlenc

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

const (
	nonceLen = 12 // bytes before the content under AES-GCM (XML Encryption 1.1 section 5.2)
	tagLen   = 16 // bytes after it, never fewer
)

// fits reports whether n bytes may be a content with all that belongs to it.
func (s suite) fits(n int) bool {
	if s.mode == gcm {
		return n >= nonceLen+tagLen
	}
	return n >= 2*aes.BlockSize && n%aes.BlockSize == 0 // a vector, and a block of padding at least
}

// open decrypts data, which must fit, under a key of the right length.
func (s suite) open(key, data []byte) ([]byte, bool) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, false
	}
	if s.mode == cbc {
		return openCBC(block, data)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, false
	}
	plain, err := aead.Open(nil, data[:nonceLen], data[nonceLen:], nil)
	return plain, err == nil
}

// openCBC undoes AES-CBC and the padding of section 5.2. The last byte says how many bytes of padding there
// are, itself included; the others may be anything.
func openCBC(block cipher.Block, data []byte) ([]byte, bool) {
	plain := make([]byte, len(data)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, data[:aes.BlockSize]).CryptBlocks(plain, data[aes.BlockSize:])
	padding := int(plain[len(plain)-1])
	sound := subtle.ConstantTimeLessOrEq(1, padding) & subtle.ConstantTimeLessOrEq(padding, aes.BlockSize)
	return plain[:len(plain)-subtle.ConstantTimeSelect(sound, padding, 0)], sound == 1
}
