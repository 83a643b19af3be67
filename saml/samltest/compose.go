package samltest

import (
	"errors"
	"maps"
	"slices"

	"github.com/beevik/etree"
)

// documentDraft is a message that is written and signed.
type documentDraft struct {
	root      *etree.Element
	assertion *etree.Element // nil when the status is a failure; of a logout request its root
	email     string         // of the person
	signer    signer
	encrypter *encrypter     // nil: in clear
	encrypted *etree.Element // stands in the place of assertion
}

var errNoAssertion = errors.New("samltest: this attack needs an assertion, and there is none")

// compose writes, signs, and lets the attacks have their way with what was signed.
func (d *draft) compose() ([]byte, error) {
	doc, err := d.signed()
	if err != nil {
		return nil, err
	}
	if err := d.change(doc); err != nil {
		return nil, err
	}
	return d.rendered(doc)
}

// signed is the response as it was meant.
func (d *draft) signed() (*documentDraft, error) {
	doc := &documentDraft{root: d.response(), email: d.claims.email, signer: d.signer}
	if d.encrypter != nil && !d.encrypter.ClearAssertion {
		doc.encrypter = d.encrypter
	}
	if d.status == nil {
		var err error
		if doc.assertion, err = d.finished(d.assertionID, d.claims); err != nil {
			return nil, err
		}
		for _, change := range d.inside {
			if err := change(doc); err != nil {
				return nil, err
			}
		}
		doc.root.AddChild(doc.assertion)
		if err := doc.conceal(); err != nil {
			return nil, err
		}
		if err := d.addSecond(doc); err != nil {
			return nil, err
		}
	}
	if d.signResponse {
		return doc, d.signer.sign(doc.root)
	}
	return doc, nil
}

// finished is an assertion with its signature.
func (d *draft) finished(id string, c claims) (*etree.Element, error) {
	assertion, err := d.assertion(id, c)
	if err != nil || !d.signAssertion {
		return assertion, err
	}
	return assertion, d.signer.sign(assertion)
}

// change carries out what comes behind the signature.
func (d *draft) change(doc *documentDraft) error {
	if len(d.later)+len(d.sent)+len(d.inside) > 0 && doc.assertion == nil {
		return errNoAssertion
	}
	if len(d.later) > 0 {
		original := doc.reveal()
		for _, change := range d.later {
			if err := change(doc); err != nil {
				return err
			}
		}
		if err := doc.conceal(); err != nil {
			return err
		}
		original.restore()
	}
	for _, change := range d.sent {
		if err := change(doc); err != nil {
			return err
		}
	}
	return nil
}

func (d *draft) rendered(doc *documentDraft) ([]byte, error) {
	data, err := render(doc.root)
	for _, change := range d.bytes {
		if err != nil {
			return nil, err
		}
		data, err = change(data)
	}
	return data, err
}

// conceal encrypts the assertion where it stands.
func (doc *documentDraft) conceal() error {
	if doc.encrypter == nil {
		return nil
	}
	encrypted, err := doc.encrypter.assertion(doc.assertion)
	if err != nil {
		return err
	}
	swap(doc.assertion, encrypted)
	doc.encrypted = encrypted
	return nil
}

// original is an assertion in clear and what stood in its place when it was signed.
type original struct{ plain, encrypted *etree.Element }

// reveal puts the assertion in clear back into its place. Whoever knows what was
// encrypted can change it, and encrypt it again.
func (doc *documentDraft) reveal() original {
	if doc.encrypted == nil {
		return original{}
	}
	o := original{doc.assertion, doc.encrypted}
	swap(doc.encrypted, doc.assertion)
	doc.encrypted = nil
	return o
}

// restore encrypts a signed Response again that was moved aside, to the byte.
func (o original) restore() {
	if o.plain != nil && o.plain.Parent() != nil && o.plain.Parent().Tag == "Response" && o.encrypted.Parent() == nil {
		swap(o.plain, o.encrypted)
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func clonePeople(people []Person) []Person {
	clones := slices.Clone(people)
	for i := range clones {
		p := &clones[i]
		p.Groups = slices.Clone(p.Groups)
		p.Attributes = maps.Clone(p.Attributes)
	}
	return clones
}
