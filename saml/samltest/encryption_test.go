package samltest_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
)

// The names of XML Encryption, as a reader knows them.
const (
	xenc   = "http://www.w3.org/2001/04/xmlenc#"
	xenc11 = "http://www.w3.org/2009/xmlenc11#"
)

// decrypt reads an EncryptedAssertion or EncryptedID by what it says of itself, with
// nothing but crypto.
func decrypt(t testing.TB, el *etree.Element, key spKey) (*etree.Element, error) {
	t.Helper()
	data := el.FindElement("./EncryptedData")
	carried := data.FindElement("./KeyInfo/EncryptedKey")
	if carried == nil {
		carried = el.FindElement("./EncryptedKey")
	}
	hashes := map[string]crypto.Hash{
		"": crypto.SHA1, "http://www.w3.org/2000/09/xmldsig#sha1": crypto.SHA1, xenc + "sha256": crypto.SHA256,
		"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384, xenc + "sha512": crypto.SHA512,
		xenc11 + "mgf1sha1": crypto.SHA1, xenc11 + "mgf1sha256": crypto.SHA256, xenc11 + "mgf1sha384": crypto.SHA384, xenc11 + "mgf1sha512": crypto.SHA512,
	}
	method := carried.FindElement("./EncryptionMethod")
	mask := method.FindElement("./MGF")
	if (attrOf(method, "Algorithm") == xenc11+"rsa-oaep") != (mask != nil) {
		return nil, fmt.Errorf("method %s, MGF %v", attrOf(method, "Algorithm"), mask)
	}
	options := &rsa.OAEPOptions{Hash: hashes[attrOf(method.FindElement("./DigestMethod"), "Algorithm")], MGFHash: hashes[attrOf(mask, "Algorithm")]}
	content, err := key.signer.(*rsa.PrivateKey).Decrypt(nil, cipherValue(t, carried), options)
	if err != nil {
		return nil, err
	}
	plain, err := open(attrOf(data.FindElement("./EncryptionMethod"), "Algorithm"), content, cipherValue(t, data))
	if err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(plain); err != nil {
		return nil, err
	}
	return doc.Root(), nil
}

func cipherValue(t testing.TB, el *etree.Element) []byte {
	t.Helper()
	value, err := base64.StdEncoding.DecodeString(el.FindElement("./CipherData/CipherValue").Text())
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func open(method string, key, sealed []byte) ([]byte, error) {
	size := map[string]int{
		xenc11 + "aes128-gcm": 16, xenc11 + "aes192-gcm": 24, xenc11 + "aes256-gcm": 32,
		xenc + "aes128-cbc": 16, xenc + "aes192-cbc": 24, xenc + "aes256-cbc": 32,
	}[method]
	if size != len(key) {
		return nil, fmt.Errorf("%s with a key of %d bytes", method, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(method, "-gcm") {
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		return aead.Open(nil, sealed[:12], sealed[12:], nil)
	}
	if len(sealed) < 32 || len(sealed)%16 != 0 {
		return nil, fmt.Errorf("%d bytes", len(sealed))
	}
	plain := make([]byte, len(sealed)-16)
	cipher.NewCBCDecrypter(block, sealed[:16]).CryptBlocks(plain, sealed[16:])
	padding := int(plain[len(plain)-1])
	if padding < 1 || padding > 16 {
		return nil, errors.New("padding")
	}
	return plain[:len(plain)-padding], nil
}

// encrypting is an identity provider that encrypts, to key.
func encrypting(t testing.TB, key spKey, opts samltest.Options) *samltest.IdP {
	t.Helper()
	opts.Signing = samltest.SignP256 // made faster
	idp := newIdP(t, &opts)
	if err := idp.Trust(spMetadata(spEntity, spACS, forEncryption(key), false)); err != nil {
		t.Fatal(err)
	}
	return idp
}

func forEncryption(key spKey) string {
	return strings.Replace(keyDescriptor(key.cert), `use="signing"`, `use="encryption"`, 1)
}

func TestEncryption(t *testing.T) {
	t.Parallel()
	key := newRSAKey(t)
	oaep := []samltest.Encryption{{}, {Digest: crypto.SHA1}}
	for _, digest := range []crypto.Hash{0, crypto.SHA1, crypto.SHA256, crypto.SHA512} {
		for _, mask := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384} {
			oaep = append(oaep, samltest.Encryption{Digest: digest, MGF: mask})
		}
	}
	oaep = append(oaep, samltest.Encryption{Digest: crypto.SHA256}, samltest.Encryption{KeyBeside: true})
	for _, c := range samltest.Ciphers() {
		for _, encryption := range oaep {
			encryption.Cipher = c
			t.Run(fmt.Sprintf("%s %v %v %t", c, encryption.Digest, encryption.MGF, encryption.KeyBeside), func(t *testing.T) {
				t.Parallel()
				idp := encrypting(t, key, samltest.Options{Encrypt: encryption, Indent: encryption.Digest == crypto.SHA512})
				resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, ann())
				if err != nil {
					t.Fatal(err)
				}
				root := readResponse(t, resp)
				if root.FindElement("//Assertion") != nil || root.FindElement("//NameID") != nil {
					t.Error("something stands there in clear")
				}
				hidden := root.FindElement("./EncryptedAssertion")
				if beside := hidden.FindElement("./EncryptedKey") != nil; beside != encryption.KeyBeside || len(hidden.FindElements(".//EncryptedKey")) != 1 {
					t.Errorf("the key stands beside the data: %t", beside)
				}
				if got := attrOf(hidden.FindElement("./EncryptedData"), "Type"); got != xenc+"Element" {
					t.Errorf("type %q", got)
				}
				assertion, err := decrypt(t, hidden, key)
				if err != nil {
					t.Fatal(err)
				}
				signed, err := verify(assertion, idp.Certificate())
				if err != nil {
					t.Fatal(err)
				}
				if got := signed.FindElement("./Subject/NameID").Text(); got != "ann@example.com" {
					t.Errorf("for %q", got)
				}
			})
		}
	}
}

// The Response is signed around what is encrypted, and the assertion before it is.
func TestSignThenEncrypt(t *testing.T) {
	t.Parallel()
	key := newRSAKey(t)
	idp := encrypting(t, key, samltest.Options{
		SignResponse: true, SignAssertion: true, Encrypt: samltest.Encryption{Cipher: samltest.AES256GCM, NameID: true},
	})
	resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, ann())
	if err != nil {
		t.Fatal(err)
	}
	outer, err := verify(readResponse(t, resp), idp.Certificate())
	if err != nil {
		t.Fatal(err)
	}
	assertion, err := decrypt(t, outer.FindElement("./EncryptedAssertion"), key)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := verify(assertion, idp.Certificate())
	if err != nil {
		t.Fatal(err)
	}
	name, err := decrypt(t, inner.FindElement("./Subject/EncryptedID"), key)
	if err != nil {
		t.Fatal(err)
	}
	if name.Text() != "ann@example.com" || name.NamespaceURI() != "urn:oasis:names:tc:SAML:2.0:assertion" || attrOf(name, "Format") != emailFormat {
		t.Errorf("name %s %q", name.FullTag(), name.Text())
	}
}

func TestEncryptedNameAlone(t *testing.T) {
	t.Parallel()
	key := newRSAKey(t)
	for _, flavor := range append(samltest.Flavors(), "") {
		idp := encrypting(t, key, samltest.Options{
			Flavor: flavor, Encrypt: samltest.Encryption{Cipher: samltest.AES128GCM, NameID: true, ClearAssertion: true},
		})
		resp, err := idp.Respond(samltest.Request{ID: "id-request", Issuer: spEntity}, ann())
		if err != nil {
			t.Fatal(err)
		}
		root := readResponse(t, resp)
		if f := factsOf(root, idp); !f.AssertionSigned || f.NameID != "" {
			t.Errorf("%s: %+v", flavor, f)
		}
		name, err := decrypt(t, root.FindElement("./Assertion/Subject/EncryptedID"), key)
		if err != nil {
			t.Fatal(err)
		}
		if name.Text() != "ann@example.com" || name.NamespaceURI() != "urn:oasis:names:tc:SAML:2.0:assertion" {
			t.Errorf("%s: %s %q", flavor, name.FullTag(), name.Text())
		}
	}
}

func TestWhomIsEncryptedTo(t *testing.T) {
	t.Parallel()
	first, second, ec := newRSAKey(t), newRSAKey(t), newECKey(t)
	unsaid := func(k spKey) string { return strings.Replace(keyDescriptor(k.cert), ` use="signing"`, "", 1) }
	for name, tc := range map[string]struct {
		keys string
		to   *spKey
	}{
		"for encryption":       {keyDescriptor(second.cert) + forEncryption(first), &first},
		"for anything":         {keyDescriptor(second.cert) + unsaid(first), &first},
		"the first of two":     {forEncryption(first) + forEncryption(second), &first},
		"RSA alone":            {unsaid(ec) + forEncryption(first), &first},
		"for signing":          {keyDescriptor(first.cert), nil},
		"no key":               {"", nil},
		"no RSA key":           {forEncryption(ec), nil},
		"for something unsaid": {strings.Replace(keyDescriptor(first.cert), "signing", "", 1), &first},
	} {
		idp := newIdP(t, &samltest.Options{Signing: samltest.SignP256, Encrypt: samltest.Encryption{Cipher: samltest.AES128GCM}})
		if err := idp.Trust(spMetadata(spEntity, spACS, tc.keys, false)); err != nil {
			t.Fatal(err)
		}
		resp, err := idp.Unsolicited(spEntity, ann())
		if tc.to == nil {
			if !errors.Is(err, samltest.ErrUntrusted) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := decrypt(t, readResponse(t, resp).FindElement("./EncryptedAssertion"), *tc.to); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEncryptionThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]samltest.Encryption{
		"no cipher":      {NameID: true},
		"unknown cipher": {Cipher: "rot13"},
		"weak digest":    {Cipher: samltest.AES128GCM, Digest: crypto.MD5},
		"odd mask":       {Cipher: samltest.AES128GCM, MGF: crypto.SHA3_256},
		"nothing":        {Cipher: samltest.AES128GCM, ClearAssertion: true},
	} {
		if _, err := samltest.New(baseURL, nil, &samltest.Options{Encrypt: e}); err == nil || !strings.HasPrefix(err.Error(), "samltest: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each attack does the same to an assertion that is encrypted: who knows what is in it
// can change it and encrypt it again.
func TestAttacksWithinEncryption(t *testing.T) {
	t.Parallel()
	key := newRSAKey(t)
	honest, hidden := newIdP(t, &samltest.Options{Signing: samltest.SignP256}), encrypting(t, key, samltest.Options{Encrypt: samltest.Encryption{Cipher: samltest.AES128GCM}})
	req := samltest.Request{ID: "id-request", Issuer: spEntity}
	skip := map[samltest.Attack]string{
		samltest.UnknownRequest: "random", samltest.Deflated: "is no document", samltest.Replayed: "needs an answer before",
		samltest.EncryptedUnsigned: "below", samltest.EncryptedTampered: "below",
	}
	for _, attack := range samltest.Attacks() {
		if skip[attack] != "" {
			continue
		}
		t.Run(string(attack), func(t *testing.T) {
			t.Parallel()
			seen, err := honest.Respond(req, ann(), attack)
			if err != nil {
				t.Fatal(err)
			}
			sealed, err := hidden.Respond(req, ann(), attack)
			if err != nil {
				t.Fatal(err)
			}
			want, root := factsOf(readResponse(t, seen), honest), readResponse(t, sealed)
			if attack != samltest.XSW4 && root.FindElement("/Response/Assertion") != nil {
				t.Error("an assertion stands there in clear")
			}
			for _, el := range root.FindElements("//EncryptedAssertion") {
				plain, err := decrypt(t, el, key)
				if err != nil {
					t.Fatal(err)
				}
				parent, at := el.Parent(), el.Index()
				parent.RemoveChild(el)
				parent.InsertChildAt(at, plain)
			}
			got := factsOf(root, hidden)
			// The signature of a Response is around what was encrypted.
			if want.ResponseSigned {
				got.ResponseSigned = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("in clear and encrypted (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAttacksByEncryption(t *testing.T) {
	t.Parallel()
	key := newRSAKey(t)
	for _, c := range append(samltest.Ciphers(), "") {
		idp := encrypting(t, key, samltest.Options{SignResponse: true, SignAssertion: true, Encrypt: samltest.Encryption{Cipher: c}})
		resp, err := idp.Unsolicited(spEntity, ann(), samltest.EncryptedUnsigned)
		if err != nil {
			t.Fatal(err)
		}
		root := readResponse(t, resp)
		plain, err := decrypt(t, root.FindElement("./EncryptedAssertion"), key)
		if err != nil {
			t.Fatal(err)
		}
		if root.FindElement("//SignatureValue") != nil || plain.FindElement("//SignatureValue") != nil || plain.FindElement("./Subject/NameID") == nil {
			t.Errorf("%s: signed, or of nobody", c)
		}

		if resp, err = idp.Unsolicited(spEntity, ann(), samltest.EncryptedTampered); err != nil {
			t.Fatal(err)
		}
		if plain, err := decrypt(t, readResponse(t, resp).FindElement("./EncryptedAssertion"), key); err == nil {
			t.Errorf("%s: it can still be read: %s", c, plain.FullTag())
		}
	}
}

// Without a key to encrypt to, the attacks encrypt all the same.
func TestAttacksByEncryptionNeedNoKey(t *testing.T) {
	t.Parallel()
	idp := newIdP(t, nil)
	for _, attack := range []samltest.Attack{samltest.EncryptedUnsigned, samltest.EncryptedTampered} {
		resp, err := idp.Unsolicited(spEntity, ann(), attack)
		if err != nil {
			t.Fatal(err)
		}
		if readResponse(t, resp).FindElement("./EncryptedAssertion") == nil {
			t.Errorf("%s: nothing is encrypted", attack)
		}
	}
}
