package accesssec

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store/seal"
)

// lazyKey is a connection's private key that stays sealed until it is used: what anybody
// may post opens no key unless a part of it is encrypted by safe algorithms, and then only
// within the limits on that. It is opened once, for one request.
type lazyKey struct {
	public crypto.PublicKey
	open   func() (crypto.Signer, error)

	mu     sync.Mutex
	guard  func() error // asked before the key decrypts for the first time; nil: nobody
	asked  bool         // the guard has let it through, or was not there
	key    crypto.Signer
	closed bool  // decrypts no more
	fault  error // of guard or open: ours or a limit, and no refusal of what was posted
}

var errKeyClosed = errors.New("accesssec: the key is not used again for this message")

// Public is that of the certificate.
func (k *lazyKey) Public() crypto.PublicKey { return k.public }

// Sign opens the key.
func (k *lazyKey) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	key, err := k.opened()
	if err != nil {
		return nil, err
	}
	return key.Sign(rand, digest, opts)
}

// Decrypt opens the key.
func (k *lazyKey) Decrypt(rand io.Reader, msg []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	key, err := k.admitted()
	if err != nil {
		return nil, err
	}
	d, ok := key.(crypto.Decrypter)
	if !ok {
		return nil, fmt.Errorf("accesssec: the key of a connection does not decrypt")
	}
	return d.Decrypt(rand, msg, opts)
}

func (k *lazyKey) opened() (crypto.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.once()
}

// once opens the key, or says again why it can't be opened.
func (k *lazyKey) once() (crypto.Signer, error) {
	if k.key == nil && k.fault == nil {
		k.key, k.fault = k.open()
	}
	return k.key, k.fault
}

// admitted is opened for what is encrypted.
func (k *lazyKey) admitted() (crypto.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil, errKeyClosed
	}
	if !k.asked && k.fault == nil && k.guard != nil {
		k.fault = k.guard()
	}
	if k.fault != nil {
		return nil, k.fault
	}
	k.asked = true
	return k.once()
}

// decrypted reports whether the key was used for what is encrypted.
func (k *lazyKey) decrypted() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.asked && k.key != nil
}

// close ends decrypting.
func (k *lazyKey) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
}

// failed is why the key could not be opened, or not be used, when it was wanted.
func (k *lazyKey) failed() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.fault
}

// receiver is our side as far as an answer needs it. Ask the key afterwards whether it
// could be opened.
func (v connection) receiver(ring *seal.Ring, id string) (*saml.SP, *lazyKey, error) {
	cert, err := x509.ParseCertificate(v.Cert)
	if err != nil {
		return nil, nil, fmt.Errorf("accesssec: certificate of connection %s: %w", id, err)
	}
	key := &lazyKey{public: cert.PublicKey, open: func() (crypto.Signer, error) { return v.signer(ring, id) }}
	return &saml.SP{EntityID: v.EntityID, ACS: v.ACS, SLO: v.SLO, Keys: []saml.Key{{Signer: key, Cert: cert}}}, key, nil
}

// signer opens the private key.
func (v connection) signer(ring *seal.Ring, id string) (crypto.Signer, error) {
	der, err := ring.Open(v.Key, "saml key", id)
	if err != nil {
		return nil, fmt.Errorf("accesssec: key of connection %s: %w", id, err)
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("accesssec: key of connection %s: %w", id, err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("accesssec: key of connection %s does not sign", id)
	}
	return signer, nil
}

// sp opens our side of the connection, to write and sign.
func (v connection) sp(ring *seal.Ring, id string) (*saml.SP, error) {
	sp, _, err := v.receiver(ring, id)
	if err == nil {
		sp.Keys[0].Signer, err = v.signer(ring, id)
	}
	if err != nil {
		return nil, err
	}
	return sp, nil
}
