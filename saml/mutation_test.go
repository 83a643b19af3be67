package saml_test

import (
	"testing"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
)

// TestMutatedTreesNeverChangeTheIdentity moves, copies and removes every element of a
// genuine document to many places, and changes every attribute. Each result is
// refused or says what the provider signed, by the word of our own engine alone.
func TestMutatedTreesNeverChangeTheIdentity(t *testing.T) {
	t.Parallel()
	for k, d := range dialects() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			o := oracle{t: t, dialect: d, source: parsed(t, signedDialects()[d.name])}
			o.try(func([]*etree.Element) {})
			stride := 11
			if k > 2 {
				stride = 29
			}
			n := len(o.elements(o.tree()))
			for i := 1; i < n; i++ {
				o.try(func(all []*etree.Element) { all[i].Parent().RemoveChild(all[i]) })
				for j := 1 + i%stride; j < n; j += stride {
					o.try(func(all []*etree.Element) { insertBefore(all[j], all[i].Copy()) })
					o.try(func(all []*etree.Element) {
						if moved := all[i].Copy(); !within(all[j], all[i]) {
							all[i].Parent().RemoveChild(all[i])
							insertBefore(all[j], moved)
						}
					})
					o.try(func(all []*etree.Element) { all[j].AddChild(forgedCopy(all[i])) })
				}
			}
			for i := range n {
				o.attributes(i)
			}
			if o.refused < 100 || o.accepted == 0 {
				t.Errorf("%d refused, %d accepted", o.refused, o.accepted)
			}
			t.Logf("%d refused, %d accepted unchanged", o.refused, o.accepted)
		})
	}
}

// TestMutatedBytesNeverChangeTheIdentity replaces, removes and inserts bytes that mean
// something in XML, all over every document.
func TestMutatedBytesNeverChangeTheIdentity(t *testing.T) {
	t.Parallel()
	pieces := []string{"", "<", ">", "&", "\"", "'", "/", "=", ":", ";", "#", "!", "?", " ", "\n", "\r", "\t", "\x00", "\u00e9", "\uFEFF", "\xff", "]]>", "<!---->", "<?p?>", "<![CDATA[]]>", "<x/>", "&amp;", "&#x41;", "a", "-", "xmlns=\"urn:x\" ", "ID=\"a\" "}
	for _, d := range dialects() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			doc := signedDialects()[d.name]
			o := oracle{t: t, dialect: d}
			step := 3
			if d.seal != nil {
				step = 23 // each costs the use of a private key
			}
			for at := 0; at < len(doc); at += step {
				piece := pieces[at/step%len(pieces)]
				o.judge(splice(doc, at, at/step%3, piece))
				o.judge(splice(doc, at, 1, doc[at/3:at/3+1]))
			}
			if o.refused < 100 {
				t.Errorf("%d refused only", o.refused)
			}
			t.Logf("%d refused, %d accepted unchanged", o.refused, o.accepted)
		})
	}
}

type oracle struct {
	t                 *testing.T
	dialect           dialect
	source            *etree.Document
	refused, accepted int
}

func (o *oracle) tree() *etree.Document { return o.source.Copy() }

// elements are all of them in document order.
func (o *oracle) elements(tree *etree.Document) []*etree.Element {
	return append([]*etree.Element{tree.Root()}, tree.Root().FindElements(".//*")...)
}

func (o *oracle) try(change func(all []*etree.Element)) {
	o.t.Helper()
	tree := o.tree()
	change(o.elements(tree))
	mutated, err := tree.WriteToString()
	if err != nil {
		o.t.Fatal(err)
	}
	o.judge(mutated)
}

// judge wants a refusal, or the identity that was signed.
func (o *oracle) judge(mutated string) {
	o.t.Helper()
	id, err := o.dialect.login(mutated, engineOnly())
	judged(o.t, id, err)
	if err != nil {
		o.refused++
		return
	}
	o.accepted++
	if diff := cmp.Diff(genuineIdentity(), id); diff != "" {
		o.t.Fatalf("%s\n%s", diff, mutated)
	}
}

// attributes removes, empties, swaps and shadows each attribute of element i.
func (o *oracle) attributes(i int) {
	for a := range o.elements(o.tree())[i].Attr {
		o.try(func(all []*etree.Element) { all[i].Attr = append(all[i].Attr[:a], all[i].Attr[a+1:]...) })
		for _, v := range []string{"", "owner@victim.example", acs, reqID, "2.0", "asrt-1", "resp-1", at(0)} {
			o.try(func(all []*etree.Element) { all[i].Attr[a].Value = v })
			o.try(func(all []*etree.Element) {
				all[i].CreateAttr("xmlns:shadow", "urn:shadow")
				all[i].CreateAttr("shadow:"+all[i].Attr[a].Key, v)
			})
		}
	}
}

func insertBefore(place, el *etree.Element) {
	place.Parent().InsertChildAt(place.Index(), el)
}

// within says whether el is top or below it.
func within(el, top *etree.Element) bool {
	for ; el != nil; el = el.Parent() {
		if el == top {
			return true
		}
	}
	return false
}

// forgedCopy is a copy in which every name and ID is the attacker's.
func forgedCopy(el *etree.Element) *etree.Element {
	c := el.Copy()
	for _, e := range append(c.FindElements(".//*"), c) {
		if e.SelectAttr("ID") != nil {
			e.CreateAttr("ID", "forged-"+e.SelectAttrValue("ID", ""))
		}
		if e.Tag == "NameID" || e.Tag == "AttributeValue" {
			e.SetText("owner@victim.example")
		}
	}
	return c
}
