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

// addresses returns the elements that carry the address: the name identifier, and
// the first attribute, which is the email.
func addresses(assertion *etree.Element) (nameID, email *etree.Element, err error) {
	nameID = assertion.FindElement("./Subject/NameID")
	email = assertion.FindElement("./AttributeStatement/Attribute[@Name='email']/AttributeValue")
	if nameID == nil || email == nil {
		return nil, nil, errors.New("samltest: the assertion has no address")
	}
	return nameID, email, nil
}

// intrude puts an intruder at the same domain into the assertion.
func intrude(assertion *etree.Element) error {
	nameID, email, err := addresses(assertion)
	if err != nil {
		return err
	}
	c := claims{email: text(email)}
	email.SetText(c.stranger())
	nameID.SetText(c.stranger())
	return nil
}

func (doc *documentDraft) tamper() error { return intrude(doc.assertion) }

// comment splits the address. Canonicalisation drops comments, so the signature
// still holds; a reader of the first text node alone sees the shorter address.
func (doc *documentDraft) comment() error {
	nameID, email, err := addresses(doc.assertion)
	if err != nil {
		return err
	}
	for _, el := range []*etree.Element{nameID, email} {
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

// wrap moves what is signed to a place where a search by ID still finds it.
func (doc *documentDraft) wrap() error {
	if child(doc.root, nsSignature, "Signature") != nil {
		return doc.wrapResponse()
	}
	return doc.wrapAssertion()
}

// wrapAssertion parks the signed assertion in Extensions.
func (doc *documentDraft) wrapAssertion() error {
	evil := doc.assertion.Copy()
	if signature := child(evil, nsSignature, "Signature"); signature != nil {
		evil.RemoveChild(signature)
	}
	evil.CreateAttr("ID", newID())
	if err := intrude(evil); err != nil {
		return err
	}
	doc.root.InsertChildAt(doc.assertion.Index(), evil)
	doc.root.RemoveChild(doc.assertion)
	extensions := etree.NewElement("samlp:Extensions")
	extensions.AddChild(doc.assertion)
	doc.root.InsertChildAt(1, extensions) // behind the issuer, in front of the status
	doc.assertion = evil
	return nil
}

// wrapResponse parks the signed Response in an Object of its own signature.
func (doc *documentDraft) wrapResponse() error {
	signed := doc.root
	evil := signed.Copy()
	evil.CreateAttr("ID", newID())
	assertion := child(evil, nsAssertion, "Assertion")
	if assertion == nil {
		return errNoAssertion
	}
	if signature := child(assertion, nsSignature, "Signature"); signature != nil {
		assertion.RemoveChild(signature)
	}
	assertion.CreateAttr("ID", newID())
	if err := intrude(assertion); err != nil {
		return err
	}
	signed.RemoveChild(child(signed, nsSignature, "Signature"))
	child(evil, nsSignature, "Signature").CreateElement("ds:Object").AddChild(signed)
	doc.root, doc.assertion = evil, assertion
	return nil
}

// addSecond appends another assertion, signed as the first one is.
func (d *draft) addSecond(root *etree.Element) error {
	if !d.second {
		return nil
	}
	c := d.claims
	c.attributes = append([]claim(nil), c.attributes...)
	c.nameID = c.email // so that it is the intruder's in both places
	c.rename(c.stranger())
	second := d.assertion(newID(), c)
	if err := d.finish(second); err != nil {
		return err
	}
	root.AddChild(second)
	return nil
}

func prependDoctype(data []byte) ([]byte, error) {
	return append([]byte(`<!DOCTYPE Response [<!ENTITY who "intruder">]>`+"\n"), data...), nil
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
