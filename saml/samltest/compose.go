package samltest

import (
	"crypto"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// documentDraft is a response that is written and signed.
type documentDraft struct {
	root      *etree.Element
	assertion *etree.Element // nil when the status is a failure
}

var errNoAssertion = errors.New("samltest: this attack needs an assertion, and there is none")

// compose writes, signs, and lets the attacks have their way with what was signed.
func (d *draft) compose() ([]byte, error) {
	doc := &documentDraft{root: d.response()}
	if d.status == nil {
		doc.assertion = d.assertion(d.assertionID, d.claims)
		if err := d.finish(doc.assertion); err != nil {
			return nil, err
		}
		doc.root.AddChild(doc.assertion)
		if err := d.addSecond(doc.root); err != nil {
			return nil, err
		}
	}
	if d.signResponse {
		if err := d.signer.sign(doc.root); err != nil {
			return nil, err
		}
	}
	for _, change := range d.later {
		if doc.assertion == nil {
			return nil, errNoAssertion
		}
		if err := change(doc); err != nil {
			return nil, err
		}
	}
	data, err := render(doc.root)
	if err != nil || d.bytes == nil {
		return data, err
	}
	return d.bytes(data)
}

func (d *draft) finish(assertion *etree.Element) error {
	if !d.signAssertion {
		return nil
	}
	return d.signer.sign(assertion)
}

// signer signs elements. The zero hash is not usable.
type signer struct {
	key   crypto.Signer
	shown []byte // DER of the certificate in KeyInfo
	hash  crypto.Hash
	whole bool // the reference is URI="" instead of the ID
}

func newSigner(pair keyPair) signer {
	return signer{key: pair.signer, shown: pair.cert.Raw, hash: crypto.SHA256}
}

// sign puts an enveloped signature behind the issuer of el, where the schemas of
// assertions and of protocol messages want it.
func (s signer) sign(el *etree.Element) error {
	context, err := dsig.NewSigningContext(s.key, [][]byte{s.shown})
	if err != nil {
		return fmt.Errorf("samltest: sign: %w", err)
	}
	context.Hash = s.hash
	context.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if s.whole {
		context.IdAttribute = ""
	}
	signature, err := context.ConstructSignature(el.Copy(), true) // a copy, for it is canonicalised in place
	if err != nil {
		return fmt.Errorf("samltest: sign: %w", err)
	}
	el.InsertChildAt(1, signature)
	return nil
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
