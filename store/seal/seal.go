// Package seal makes secrets fit for a store: AES-256-GCM under a ring of master
// keys, each box bound to the place it belongs to. It owns the layout of a box and
// the choice of key. It does not keep keys: a host loads them from where it keeps
// its own secrets, and hands them to [NewRing]. Start there.
//
// A box says nothing of why it does not open ([ErrSealed]), and neither a [Key] nor
// a [Ring] prints what it holds.
//
// # Layout
//
// The bytes of a box outlive a release. Version 1 is
//
//	1 byte    0x01, the version
//	1 byte    n, the length of the key ID, 1 to 64
//	n bytes   the key ID, printable ASCII without space
//	16 bytes  salt, random for each box
//	12 bytes  GCM nonce, random for each box
//	m bytes   ciphertext, as long as what was sealed
//	16 bytes  GCM tag
//
// The place is the list of strings that a box was sealed for. It is encoded as each
// string after its length (uint32, big endian), so that no two lists have the same
// encoding, and is not part of the box. The key of a box is
//
//	HKDF-SHA256(secret = master key, salt = salt,
//	            info = "accesssec seal 1" || place, length = 32)
//
// and its additional data is everything before the nonce, then the place. A key is
// thus used for one box, so that no number of boxes comes near the limits of a nonce
// (NIST SP 800-38D, section 8.3; RFC 5869).
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

const (
	version1  = 1
	saltSize  = 16
	nonceSize = 12
	tagSize   = 16
	label     = "accesssec seal 1"
)

// ErrSealed says that a box cannot be opened, and never why.
var ErrSealed = errors.New("seal: cannot open")

// Seal encrypts plain under the current key, for one place: what it is, for example
// "totp", and whose, for example a user's id and a factor's. A place has at least
// one part, which the signature sees to. It opens with the same parts in the same
// order only. Sealing the same twice gives two different boxes.
func (r *Ring) Seal(plain []byte, what string, whose ...string) []byte {
	k := r.keys().current
	if k == nil {
		panic("seal: a Ring comes from NewRing") // sealing under no key must not look like success
	}
	box := make([]byte, 0, 2+len(k.ID)+saltSize+nonceSize+len(plain)+tagSize)
	box = append(box, version1, byte(len(k.ID)))
	box = append(box, k.ID...)
	salt := make([]byte, saltSize)
	rand.Read(salt) // crypto/rand.Read returns no error and does not come back without randomness
	box = append(box, salt...)
	place := encodePlace(what, whose)
	aead, err := newAEAD(k, salt, place)
	if err != nil {
		panic("seal: " + err.Error()) // the sizes are constants that these functions take
	}
	return aead.Seal(box, nil, plain, additional(box, place))
}

// Open gives back what was sealed for this place. It is [ErrSealed] for a key that
// the ring does not hold, for another place, and for a box that was changed or cut.
// It allocates no more than the box is long.
func (r *Ring) Open(box []byte, what string, whose ...string) ([]byte, error) {
	h, ok := parseHeader(box)
	if !ok {
		return nil, ErrSealed
	}
	k, ok := r.keys().byID[h.id]
	if !ok {
		return nil, ErrSealed
	}
	place := encodePlace(what, whose)
	aead, err := newAEAD(k, h.salt, place)
	if err != nil {
		return nil, ErrSealed
	}
	head, sealed := box[:h.size], box[h.size:]
	plain, err := aead.Open(nil, nil, sealed, additional(head, place))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// Stale reports whether box should be sealed anew: it was not sealed by the current
// key. It looks at the key ID alone, which nothing vouches for until the box opens.
func (r *Ring) Stale(box []byte) bool {
	h, ok := parseHeader(box)
	current := r.keys().current
	return !ok || current == nil || h.id != current.ID
}

// header is what stands in clear before the nonce.
type header struct {
	id   string
	salt []byte
	size int
}

func parseHeader(box []byte) (header, bool) {
	if len(box) < 2 || box[0] != version1 {
		return header{}, false
	}
	n := int(box[1])
	size := 2 + n + saltSize
	if n < 1 || n > maxID || len(box) < size+nonceSize+tagSize {
		return header{}, false
	}
	return header{id: string(box[2 : 2+n]), salt: box[2+n : size], size: size}, true
}

// newAEAD derives the key of one box. The random nonce is not needed beside a key
// used once; it costs 12 bytes and saves an argument about a fixed one.
func newAEAD(k *Key, salt, place []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, k.Secret[:], salt, label+string(place), 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func encodePlace(what string, whose []string) []byte {
	b := appendPart(nil, what)
	for _, part := range whose {
		b = appendPart(b, part)
	}
	return b
}

func appendPart(b []byte, part string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
	return append(b, part...)
}

// additional is a fresh slice: head has room behind it, where the box goes on.
func additional(head, place []byte) []byte {
	out := make([]byte, 0, len(head)+len(place))
	return append(append(out, head...), place...)
}
