package saml_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/accesssec/accesssec-go/saml"
)

var (
	digestValue    = regexp.MustCompile(`<ds:DigestValue>[^<]*`)
	signatureValue = regexp.MustCompile(`(<ds:SignatureValue[^>]*>)[^<]*`)
)

// resigned puts a new SignatureValue under a SignedInfo that was edited. It is the one of
// the first Signature.
func resigned(doc, by string) string {
	tree := etree.NewDocument()
	if err := tree.ReadFromString(doc); err != nil {
		panic(err)
	}
	info := tree.FindElement("//Signature/SignedInfo")
	list := ""
	if names := info.FindElement("./CanonicalizationMethod/InclusiveNamespaces"); names != nil {
		list = names.SelectAttrValue("PrefixList", "")
	}
	value, err := keys()[by].key.Sign(rand.Reader, hashOf(crypto.SHA256, canonical(withScope(info), list)), crypto.SHA256)
	if err != nil {
		panic(err)
	}
	at := signatureValue.FindStringSubmatchIndex(doc)
	return doc[:at[3]] + base64.StdEncoding.EncodeToString(value) + doc[at[1]:]
}

// defaultCovered is a document that goxmldsig cannot verify though it is sound: a default
// namespace that nothing uses is in the digest, because "#default" is in the PrefixList of
// the transform. doc is not signed; the mark says where it is to be.
func defaultCovered(t *testing.T, doc, mark, element string) string {
	t.Helper()
	doc = replace(t, doc, "<"+element+" ", "<"+element+` xmlns="urn:unused" `)
	signed := sign(doc, mark, signing{list: "#default"})
	// By the specification the declaration comes first of all. The forge's canonicalizer is
	// that of goxmldsig and leaves it out, so it is written into what it makes.
	tree := etree.NewDocument()
	if err := tree.ReadFromString(unmark(doc)); err != nil {
		t.Fatal(err)
	}
	el := tree.Root()
	if mark == "@A@" {
		el = el.FindElement(".//Assertion")
	}
	content := string(canonical(withScope(el), ""))
	if strings.Contains(content, "urn:unused") {
		t.Fatal("the forge writes the declaration already")
	}
	content = replace(t, content, "<"+element+" ", "<"+element+` xmlns="urn:unused" `)
	i := strings.Index(doc, mark)
	before, after := signed[:i], signed[i:]
	after = replace(t, after, digestValue.FindString(after), `<ds:DigestValue>`+base64.StdEncoding.EncodeToString(hashOf(crypto.SHA256, []byte(content))))
	return resigned(before+after, "idp")
}

// What only the second verifier refuses is refused, wherever the signature stands.
func TestOnlyTheSecondVerifierRefuses(t *testing.T) {
	t.Parallel()
	response := defaultCovered(t, strings.Replace(genuine(), "@A@", "", 1), "@R@", "samlp:Response")
	assertion := defaultCovered(t, strings.Replace(genuine(), "@R@", "", 1), "@A@", "saml:Assertion")
	inner := defaultCovered(t, genuine(), "@A@", "saml:Assertion")
	for name, doc := range map[string]string{
		"response":                   response,
		"assertion":                  assertion,
		"assertion, encrypted":       sealing{}.sealed(assertion),
		"assertion, encrypted, both": unmark(sign(sealing{}.sealed(inner), "@R@", signing{})),
		"response, around encrypted": defaultCovered(t, sealing{}.sealed(strings.Replace(genuine(), "@A@", "", 1)), "@R@", "samlp:Response"),
	} {
		id, err := opened(doc, engineOnly())
		if err != nil {
			t.Fatalf("%s: not sound: %s", name, explain(err))
		}
		sameAsGenuine(t, id)
		id, err = opened(doc, nil)
		if e := refused(t, id, err, saml.CodeSecondVerifier); e.Err == nil {
			t.Errorf("%s: no cause", name)
		}
	}
	for _, doc := range []string{logoutRequest(), logoutResponse()} {
		element := strings.Fields(doc[1:])[0]
		signed := defaultCovered(t, doc, "@R@", element)
		if err := takes(post(fieldOf(doc), signed, ""), doc, logoutIdP(), engineOnly()); err != nil {
			t.Fatal(explain(err))
		}
		notOver(t, takes(post(fieldOf(doc), signed, ""), doc, logoutIdP(), nil), saml.CodeSecondVerifier)
	}
}

// The second verifier believes nothing because the engine did: what it is shown may be
// another document, by another key.
func TestSecondOpinionIsOneOfItsOwn(t *testing.T) {
	t.Parallel()
	good, other := keys()["idp"].cert, keys()["attacker"].cert
	evilly := func(doc string) string { return strings.Replace(doc, "ann@victim.example", intruder, 1) }
	spaced := func(doc string) string {
		return strings.Replace(doc, "</ds:DigestValue>", " </ds:DigestValue>", 1)
	}
	for name, c := range map[string]struct {
		how  signing
		edit func(string) string
		late func(string) string // in SignedInfo, which is signed after that
	}{
		"by Validate":                     {},
		"prefixes of the transform":       {how: signing{list: "xs"}, edit: usesNoSamlp},
		"by parts: SignedInfo's prefixes": {how: signing{infoList: "samlp"}},
		"by parts: a digest with spaces":  {late: spaced},
		"by parts: attributes of two prefixes": {edit: func(doc string) string {
			return strings.NewReplacer(`<saml:Conditions `, `<saml:Conditions xmlns:b="urn:1" xmlns:a="urn:2" b:x="1" a:y="2" `).Replace(doc)
		}},
	} {
		for _, b := range []base{"response", "assertion"} {
			text := genuine()
			if c.edit != nil {
				text = c.edit(text)
			}
			doc := b.sign(text, c.how)
			byOther := b.sign(evilly(text), signing{by: "attacker", list: c.how.list, infoList: c.how.infoList})
			if c.late != nil {
				doc, byOther = resigned(c.late(doc), "idp"), resigned(c.late(byOther), "attacker")
			}
			opinion := func(what, doc string, cert *x509.Certificate, want bool) {
				t.Helper()
				whole, parts, err := saml.SecondOpinions(doc, cert)
				if err != nil {
					t.Fatalf("%s/%s: %s: %v", name, b, what, err)
				}
				if (whole == nil) != want || (parts == nil) != want {
					t.Errorf("%s/%s: %s: whole %v, by parts %v, want accepted %t", name, b, what, whole, parts, want)
				}
			}
			opinion("as it was signed", doc, good, true)
			opinion("another certificate", doc, other, false)
			opinion("another kind of key", doc, keys()["ec"].cert, false)
			opinion("the content changed", evilly(doc), good, false)
			opinion("an attribute changed", strings.Replace(doc, ` Recipient="`, ` Recipient="x`, 1), good, false)
			opinion("SignedInfo changed", strings.Replace(doc, "<ds:Reference ", `<ds:Reference Id="x" `, 1), good, false)
			opinion("of another signer", byOther, good, false)
			opinion("of another signer, by its key", byOther, other, true)
			opinion("the value of another signer", signatureValue.ReplaceAllLiteralString(doc, signatureValue.FindString(byOther)), good, false)
			opinion("the digest of another content", digestValue.ReplaceAllLiteralString(evilly(doc), digestValue.FindString(byOther)), good, false)
		}
	}
}
