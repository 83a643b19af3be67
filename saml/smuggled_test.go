package saml_test

import (
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/accesssec/accesssec-go/saml"
)

// What is wrapped can be encrypted as well: anybody has the key for that. A stranger
// takes the signed assertion of a login of his own, wraps it, and encrypts what he made,
// so that the checks on the message do not see it.
func TestWrappingsUnderEncryptionAreRefused(t *testing.T) {
	t.Parallel()
	d := dialect{name: "encrypted", where: "assertion", seal: &sealing{}}
	for _, name := range []string{"assertion signed", "assertion that declares its own namespaces", "assertion signed at its end"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := parsed(t, signedDialects()[name])
			mutants := 0
			wrappings(t, doc, "Assertion", 7, func(name, mutant string) { // each costs the use of a private key
				hidden, ok := sealAssertion(parsed(t, mutant))
				if !ok {
					return
				}
				mutants++
				id, err := d.login(hidden, engineOnly())
				judged(t, id, err)
				if err == nil {
					t.Errorf("%s: accepted as %s", name, id.NameID.Value)
				}
			})
			if mutants < 100 {
				t.Errorf("%d mutants only", mutants)
			}
			t.Logf("%d mutants, none accepted", mutants)
			whole, ok := sealAssertion(doc.Copy())
			if !ok {
				t.Fatal("nothing to encrypt")
			}
			id, err := d.login(whole, engineOnly())
			if err != nil {
				t.Fatal(explain(err))
			}
			sameAsGenuine(t, id)
		})
	}
}

// The encrypted assertion of another login, and one of the attacker's own making.
func TestEncryptedAssertionsCannotBeExchanged(t *testing.T) {
	t.Parallel()
	forged := sealing{}.seal("EncryptedAssertion", evil(cut(t, unmark(genuine())).assertion, "evil-1"))
	strangers := sealing{}.seal("EncryptedAssertion", evil(cut(t, base("assertion").sign(evil(genuine(), "asrt-1"), signing{by: "attacker"})).assertion, "asrt-1"))
	plain := evil(cut(t, unmark(genuine())).assertion, "evil-1")
	for _, d := range dialects() {
		if d.seal == nil {
			continue
		}
		doc := signedDialects()[d.name]
		i, j := strings.Index(doc, "<saml:EncryptedAssertion"), strings.Index(doc, "</saml:EncryptedAssertion>")+len("</saml:EncryptedAssertion>")
		genuineOne := doc[i:j]
		in := func(outer, inner string) string {
			return strings.Replace(outer, "</xenc:EncryptedData>", inner+"</xenc:EncryptedData>", 1)
		}
		for _, fake := range []string{forged, strangers, plain} {
			for name, part := range map[string]string{
				"in its place": fake, "before": fake + genuineOne, "after": genuineOne + fake, "around": strings.Replace(fake, ">", ">"+genuineOne, 1),
				"inside": in(genuineOne, fake), "in Extensions": `<samlp:Extensions>` + genuineOne + `</samlp:Extensions>` + fake,
				"the fake in Extensions": `<samlp:Extensions>` + fake + `</samlp:Extensions>` + genuineOne,
				"its data":               swapped(genuineOne, fake, "xenc:EncryptedData"), "its key": swapped(genuineOne, fake, "xenc:EncryptedKey"), "its value": swapped(genuineOne, fake, "xenc:CipherValue"),
			} {
				if part == genuineOne {
					continue // a plain assertion has none of these
				}
				for _, rules := range []*saml.Rules{nil, engineOnly()} {
					id, err := d.login(doc[:i]+part+doc[j:], rules)
					judged(t, id, err)
					if err == nil {
						t.Errorf("%s, %s: accepted as %s", d.name, name, id.NameID.Value)
					}
				}
			}
		}
	}
}

// swapped puts the first element of a name in other into its place in one.
func swapped(one, other, name string) string {
	piece := func(s string) string {
		i, j := strings.Index(s, "<"+name), strings.Index(s, "</"+name+">")
		if i < 0 || j < 0 {
			return ""
		}
		return s[i : j+len("</"+name+">")]
	}
	if piece(other) == "" {
		return one
	}
	return strings.Replace(one, piece(one), piece(other), 1)
}

// sealAssertion encrypts the assertion that readers would take, if there is one.
func sealAssertion(doc *etree.Document) (string, bool) {
	assertion := child(doc.Root(), "Assertion")
	if assertion == nil {
		return "", false
	}
	i := assertion.Index()
	content := withScope(assertion)
	doc.Root().RemoveChildAt(i)
	alone := etree.NewDocument()
	alone.SetRoot(content)
	text, err := alone.WriteToString()
	if err != nil {
		return "", false
	}
	mark := doc.Root().CreateElement("mark")
	doc.Root().RemoveChild(mark)
	doc.Root().InsertChildAt(i, mark)
	out, err := doc.WriteToString()
	return strings.Replace(out, "<mark/>", sealing{}.seal("EncryptedAssertion", text), 1), err == nil
}
