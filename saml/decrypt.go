package saml

import (
	"crypto"
	"errors"
	"strings"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
	"github.com/accesssec/accesssec-go/saml/internal/xmlenc"
)

// opened is what was encrypted, read by the same strict reader as the message.
type opened struct {
	doc       *engine.Document
	content   string
	malleable bool // AES-CBC: who changed the ciphertext may have chosen what this says
}

// unopened is the one answer to everything that goes wrong behind the private key, so
// that nobody learns from answers what a ciphertext holds.
func unopened() *Error {
	return refuse(CodeEncrypted, "content encrypted for a key of this service provider, and signed", "")
}

// open decrypts an EncryptedAssertion or EncryptedID (saml-core 2.3.4, 2.2.4). What can
// be said from the names of the algorithms is said before any key is used.
//
// scope is what prefixes mean around it.
func (v verifier) open(e engine.Element, scope []engine.Binding) (opened, *Error) {
	all, err := ciphertexts(e)
	if err != nil {
		return opened{}, structure("EncryptedData with an EncryptedKey", err.Error()).because(err)
	}
	var keys []crypto.Decrypter
	for _, k := range v.keys {
		if d, ok := k.Signer.(crypto.Decrypter); ok {
			keys = append(keys, d)
		}
	}
	if len(keys) == 0 {
		return opened{}, unopened().advise("this service provider has no key to decrypt with: switch encryption off at the provider, or give the connection a key")
	}
	all, refused := v.allowed(all)
	if refused != nil {
		return opened{}, refused
	}
	for _, c := range all {
		plain, err := c.Open(keys, v.rules.InsecureAllowCBC)
		if err != nil {
			continue
		}
		out := opened{content: string(plain), malleable: strings.HasSuffix(c.Cipher, "-cbc")}
		if out, err = out.read(scope); err == nil {
			return out, nil
		}
	}
	return opened{}, unopened()
}

// allowed are those whose algorithms the rules accept. It is all or nothing about the
// answer: once a key may have been used there is one answer only, so that a refused
// name beside an allowed one tells nothing of what became of the other.
func (v verifier) allowed(all []*xmlenc.Ciphertext) (out []*xmlenc.Ciphertext, refused *Error) {
	for _, c := range all {
		if err := c.Allowed(v.rules.InsecureAllowCBC); err != nil {
			refused = cipherRefused(err)
		} else {
			out = append(out, c)
		}
	}
	if len(out) > 0 {
		refused = nil
	}
	return out, refused
}

// read reads the content with other meanings of prefixes around it.
func (in opened) read(scope []engine.Binding) (opened, error) {
	limits := engine.ResponseLimits()
	limits.Scope = scope
	doc, err := engine.Parse(in.content, limits)
	in.doc = doc
	return in, err
}

// covered reads the content of a Response's EncryptedAssertion again, when nothing but
// the Response's signature signs it: then only what that signature covers may say what
// an element is.
func (v verifier) covered(in opened, s *engine.Shape) (opened, *Error) {
	in, err := in.read(s.ResponseSignature.Covers(s.Encrypted))
	if err != nil {
		return in, refuse(CodeSignature, "namespaces declared where the signature covers them", "").because(err)
	}
	_, refused := v.decrypted(in, s.Response)
	return in, refused
}

// decrypted holds the content of an EncryptedAssertion to the profile.
func (v verifier) decrypted(in opened, around engine.Element) (*engine.Shape, *Error) {
	if !in.doc.Root().Is(engine.AssertionSpace, "Assertion") {
		return nil, unopened()
	}
	s, err := engine.ReadDecrypted(in.doc, around, v.rules.InsecureAllowLegacy)
	if err != nil {
		return nil, fault(err)
	}
	return s, nil
}

func cipherRefused(err error) *Error {
	e := refuse(CodeAlgorithm, "AES-GCM and RSA-OAEP", "").because(err)
	var bad *xmlenc.AlgorithmError
	if errors.As(err, &bad) {
		e = refuse(CodeAlgorithm, bad.Want, bad.Name).because(err)
	}
	return e.advise("choose AES-GCM with RSA-OAEP for encrypting assertions at the provider, or switch encryption off there: the connection is protected by TLS and the signature")
}

// ciphertexts reads one EncryptedData, with each EncryptedKey there is for it: inside
// of its KeyInfo, or beside it.
func ciphertexts(e engine.Element) ([]*xmlenc.Ciphertext, error) {
	data, err := e.One(engine.CipherSpace, "EncryptedData")
	if err != nil {
		return nil, err
	}
	method, content, err := encrypted(data)
	if err != nil {
		return nil, err
	}
	info, err := data.One(engine.SignatureSpace, "KeyInfo")
	if err != nil {
		return nil, err
	}
	var out []*xmlenc.Ciphertext
	for _, key := range append(info.Named(engine.CipherSpace, "EncryptedKey"), e.Named(engine.CipherSpace, "EncryptedKey")...) {
		c := &xmlenc.Ciphertext{Cipher: method.Attr("Algorithm"), Data: content}
		transport, wrapped, err := encrypted(key)
		if err != nil {
			return nil, err
		}
		c.KeyTransport, c.Key = transport.Attr("Algorithm"), wrapped
		if err := oaep(c, transport); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, errors.New("no EncryptedKey")
	}
	return out, nil
}

// encrypted is what EncryptedData and EncryptedKey have in common.
func encrypted(e engine.Element) (method engine.Element, content []byte, err error) {
	if method, err = e.One(engine.CipherSpace, "EncryptionMethod"); err != nil {
		return method, nil, err
	}
	data, err := e.One(engine.CipherSpace, "CipherData")
	if err != nil {
		return method, nil, err
	}
	value, err := data.One(engine.CipherSpace, "CipherValue")
	if err != nil {
		return method, nil, err
	}
	if method.IsZero() || value.IsZero() {
		return method, nil, errors.New("no EncryptionMethod or no CipherValue in " + e.Local())
	}
	text, err := value.Text()
	if err != nil {
		return method, nil, err
	}
	content, err = engine.DecodeBase64(text)
	return method, content, err
}

// oaep reads the parameters of the key transport.
func oaep(c *xmlenc.Ciphertext, method engine.Element) error {
	digest, err := method.One(engine.SignatureSpace, "DigestMethod")
	if err != nil {
		return err
	}
	mask, err := method.One(engine.Cipher11Space, "MGF")
	if err != nil {
		return err
	}
	params, err := method.One(engine.CipherSpace, "OAEPparams")
	if err != nil {
		return err
	}
	c.Digest, c.MGF = digest.Attr("Algorithm"), mask.Attr("Algorithm")
	if params.IsZero() {
		return nil
	}
	text, err := params.Text()
	if err == nil {
		c.Label, err = engine.DecodeBase64(text)
	}
	return err
}
