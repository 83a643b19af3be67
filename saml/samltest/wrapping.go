package samltest

import (
	"errors"

	"github.com/beevik/etree"
)

// The numbers are those of "On Breaking SAML: Be Whoever You Want to Be" (USENIX
// Security 2012), which gave these attacks their names.
func wrappingAttacks() []misbehaviour {
	response := func(park func(evil, signed *etree.Element)) func(*draft) error {
		return func(d *draft) error {
			d.signResponse = true
			d.later = append(d.later, func(doc *documentDraft) error { return doc.replaceResponse(park) })
			return nil
		}
	}
	assertion := func(arrange func(*wrapping)) func(*draft) error {
		return func(d *draft) error {
			// A signature of the whole Response would not survive any of these.
			d.signResponse, d.signAssertion = false, true
			d.later = append(d.later, func(doc *documentDraft) error { return doc.replaceAssertion(arrange) })
			return nil
		}
	}
	return []misbehaviour{
		{XSW1, "Wrap the signed Response into its own signature.", response(func(evil, signed *etree.Element) {
			child(evil, nsSignature, "Signature").AddChild(signed)
		})},
		{XSW2, "Put the signed Response in front of its signature.", response(func(evil, signed *etree.Element) {
			evil.InsertChildAt(child(evil, nsSignature, "Signature").Index(), signed)
		})},
		{XSW3, "Put a forged assertion in front of the signed one.", assertion(func(w *wrapping) {
			w.root.InsertChildAt(w.signed.Index(), w.evil)
		})},
		{XSW4, "Put the signed assertion into a forged one.", assertion(func(w *wrapping) {
			swap(w.signed, w.evil)
			w.evil.AddChild(w.signed)
		})},
		{XSW5, "Give the signature to a forged assertion, and put the signed one at the end.", assertion(func(w *wrapping) {
			swap(w.signed, w.evil)
			w.give()
			w.root.AddChild(w.signed)
		})},
		{XSW6, "Give the signature to a forged assertion, and put the signed one into the signature.", assertion(func(w *wrapping) {
			swap(w.signed, w.evil)
			w.give().AddChild(w.signed)
		})},
		{XSW7, "Put a forged assertion of the same ID into extensions.", assertion(func(w *wrapping) {
			w.evil.CreateAttr("ID", attribute(w.signed, "ID"))
			w.extensions().AddChild(w.evil)
		})},
		{XSW8, "Give the signature to a forged assertion, and put the signed one into an object of the signature.", assertion(func(w *wrapping) {
			swap(w.signed, w.evil)
			signature := w.give()
			signature.CreateElement(join(signature.Space, "Object")).AddChild(w.signed)
		})},
	}
}

// wrapping is a signed assertion, and an intruder's that is not.
type wrapping struct{ root, signed, evil *etree.Element }

// give moves the signature to the intruder's assertion.
func (w *wrapping) give() *etree.Element {
	signature := child(w.signed, nsSignature, "Signature")
	w.signed.RemoveChild(signature)
	w.evil.InsertChildAt(behindIssuer(w.evil), signature)
	return signature
}

// extensions are put behind the issuer, in front of the status.
func (w *wrapping) extensions() *etree.Element {
	el := etree.NewElement(join(w.root.Space, "Extensions"))
	w.root.InsertChildAt(behindIssuer(w.root), el)
	return el
}

// replaceAssertion makes an intruder's assertion without a signature, and lets arrange
// put both where it wants them.
func (doc *documentDraft) replaceAssertion(arrange func(*wrapping)) error {
	w := &wrapping{root: doc.root, signed: doc.assertion, evil: doc.assertion.Copy()}
	signature := child(w.evil, nsSignature, "Signature")
	if signature == nil {
		return errors.New("samltest: the assertion is not signed")
	}
	w.evil.RemoveChild(signature)
	w.evil.CreateAttr("ID", newID())
	if err := doc.intrude(w.evil); err != nil {
		return err
	}
	arrange(w)
	doc.assertion = w.evil
	return nil
}

// replaceResponse makes a Response around an intruder's assertion, with the signature
// that the signed Response had, and lets park put that one somewhere in it.
func (doc *documentDraft) replaceResponse(park func(evil, signed *etree.Element)) error {
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
	if err := doc.intrude(assertion); err != nil {
		return err
	}
	signed.RemoveChild(child(signed, nsSignature, "Signature"))
	park(evil, signed)
	doc.root, doc.assertion = evil, assertion
	return nil
}

// wrap moves what is signed to a place where a search by ID still finds it: an assertion
// into extensions, a Response into an object of its own signature.
func (doc *documentDraft) wrap() error {
	if child(doc.root, nsSignature, "Signature") == nil {
		return doc.replaceAssertion(func(w *wrapping) {
			swap(w.signed, w.evil)
			w.extensions().AddChild(w.signed)
		})
	}
	return doc.replaceResponse(func(evil, signed *etree.Element) {
		signature := child(evil, nsSignature, "Signature")
		signature.CreateElement(join(signature.Space, "Object")).AddChild(signed)
	})
}
