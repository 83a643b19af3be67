package samltest

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"
)

// hiddenEnd follows the comment of [CommentInNameID].
const hiddenEnd = ".attacker.example"

// places returns the elements below el that carry an address: the name identifier,
// unless it is encrypted, and the values of attributes that are the address.
func places(el *etree.Element, email string) []*etree.Element {
	found := el.FindElements(".//NameID")
	for _, value := range el.FindElements(".//AttributeValue") {
		if text(value) == email {
			found = append(found, value)
		}
	}
	return found
}

// intrude puts an intruder at the same domain into the assertion.
func (doc *documentDraft) intrude(assertion *etree.Element) error {
	found := places(assertion, doc.email)
	if len(found) == 0 {
		return errors.New("samltest: the assertion has no address in clear")
	}
	for _, el := range found {
		el.SetText(strangerAt(doc.email))
	}
	return nil
}

func (doc *documentDraft) tamper() error { return doc.intrude(doc.assertion) }

// comment splits the address. Canonicalisation drops comments, so the signature
// still holds; a reader of the first text node alone sees the shorter address.
func (doc *documentDraft) comment() error {
	for _, el := range places(doc.assertion, doc.email) {
		visible, found := strings.CutSuffix(text(el), hiddenEnd)
		if !found {
			continue
		}
		el.SetText(visible)
		el.CreateComment(" ")
		el.CreateText(hiddenEnd)
	}
	return nil
}

// instruct puts a processing instruction behind the address.
func (doc *documentDraft) instruct() error {
	found := places(doc.assertion, doc.email)
	if len(found) == 0 {
		return errors.New("samltest: the assertion has no address in clear")
	}
	for _, el := range found {
		el.CreateProcInst("as", hiddenEnd)
	}
	return nil
}

// signedPart is the outermost element that is signed, and its signature.
func (doc *documentDraft) signedPart() (el, signature *etree.Element, err error) {
	for _, el := range []*etree.Element{doc.root, doc.assertion} {
		if signature := child(el, nsSignature, "Signature"); signature != nil {
			return el, signature, nil
		}
	}
	return nil, nil, errors.New("samltest: nothing is signed that could be forged")
}

// forged changes the address, and returns the digest that would have to be signed.
func (doc *documentDraft) forged() (signature *etree.Element, digest string, err error) {
	el, signature, err := doc.signedPart()
	if err != nil {
		return nil, "", err
	}
	if err := doc.intrude(doc.assertion); err != nil {
		return nil, "", err
	}
	bare := el.Copy()
	bare.RemoveChild(child(bare, nsSignature, "Signature"))
	digest, err = doc.signer.digest(bare)
	return signature, digest, err
}

// commentDigest puts the wrong digest into a comment in front of the right one: no
// comment is signed, and a reader of the first node believes the wrong one.
func (doc *documentDraft) commentDigest() error {
	signature, digest, err := doc.forged()
	if err != nil {
		return err
	}
	value := signature.FindElement("./SignedInfo/Reference/DigestValue")
	value.InsertChildAt(0, etree.NewComment(digest))
	return nil
}

// secondSignedInfo puts another SignedInfo behind the one that is signed.
func (doc *documentDraft) secondSignedInfo() error {
	signature, digest, err := doc.forged()
	if err != nil {
		return err
	}
	info := signature.FindElement("./SignedInfo")
	second := info.Copy()
	second.FindElement("./Reference/DigestValue").SetText(digest)
	signature.InsertChildAt(info.Index()+1, second)
	return nil
}

// flip changes one bit of what is encrypted: of the nonce or the initialisation vector,
// so that also the first byte of what was enciphered by CBC comes out as another one.
func (doc *documentDraft) flip() error {
	if doc.encrypted == nil {
		return errors.New("samltest: nothing is encrypted")
	}
	value := doc.encrypted.FindElement("./EncryptedData/CipherData/CipherValue")
	data, err := decodeBase64(text(value))
	if err != nil {
		return fmt.Errorf("samltest: own ciphertext: %w", err)
	}
	data[0] ^= 1
	value.SetText(doc.encrypter.style.base64(data))
	return nil
}

// addSecond appends another assertion, signed and encrypted as the first one is.
func (d *draft) addSecond(doc *documentDraft) error {
	if !d.second {
		return nil
	}
	c := d.claims
	c.nameID.Value = c.email // so that it is the intruder's in both places
	c.rename(strangerAt(c.email))
	second, err := d.finished(newID(), c)
	if err != nil {
		return err
	}
	if doc.encrypter != nil {
		if second, err = doc.encrypter.assertion(second); err != nil {
			return err
		}
	}
	doc.root.AddChild(second)
	return nil
}

func prependDoctype(data []byte) ([]byte, error) {
	return append([]byte(`<!DOCTYPE Response [<!ENTITY who "intruder">]>`+"\n"), data...), nil
}

// twinID gives the element of an ID another one in front of it.
func twinID(data []byte, id, twin string) ([]byte, error) {
	old := []byte(` ID="` + id + `"`)
	if !bytes.Contains(data, old) {
		return nil, fmt.Errorf("samltest: the document has no%s", old)
	}
	return bytes.Replace(data, old, append([]byte(` ID="`+twin+`"`), old...), 1), nil
}

func deflate(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("samltest: compress: %w", err)
	}
	if _, err := w.Write(data); err != nil {
		return nil, fmt.Errorf("samltest: compress: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("samltest: compress: %w", err)
	}
	return b.Bytes(), nil
}
