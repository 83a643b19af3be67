package engine_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

// signers are two keys, made once.
var signers = sync.OnceValue(func() (out [2]*ecdsa.PrivateKey) {
	for i := range out {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		out[i] = k
	}
	return out
})

func certOf(k *ecdsa.PrivateKey) *x509.Certificate { return &x509.Certificate{PublicKey: k.Public()} }

// lists are the prefix lists of a signature, and the namespace declarations that they
// bring into what is hashed: written down here by hand, so that nothing of the engine has
// a part in it.
type lists struct {
	info, content             string
	inInfo, inContent         string // declarations before and after those that are used
	afterInInfo, afterContent string
}

const (
	declaresDefault = ` xmlns="urn:default"`
	declaresX       = ` xmlns:x="urn:x"`
)

// signed is a message with its signature; what is in its canonical form is given, and its
// start tag declares more than it uses.
func (l lists) signed(content string) string {
	names := func(list string) string {
		if list == "" {
			return ""
		}
		return `<ec:InclusiveNamespaces xmlns:ec="` + engine.ExclusiveSpace + `" PrefixList="` + list + `"></ec:InclusiveNamespaces>`
	}
	canonical := `<p:m` + l.inContent + ` xmlns:p="urn:p"` + l.afterContent + ` ID="m-1">` + content + `</p:m>`
	digest := sha256.Sum256([]byte(canonical))
	inner := `<ds:CanonicalizationMethod Algorithm="` + engine.ExclusiveSpace + `">` + names(l.info) + `</ds:CanonicalizationMethod>` +
		`<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"></ds:SignatureMethod>` +
		`<ds:Reference URI="#m-1"><ds:Transforms><ds:Transform Algorithm="` + engine.SignatureSpace + `enveloped-signature"></ds:Transform>` +
		`<ds:Transform Algorithm="` + engine.ExclusiveSpace + `">` + names(l.content) + `</ds:Transform></ds:Transforms>` +
		`<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>` +
		`<ds:DigestValue>` + base64.StdEncoding.EncodeToString(digest[:]) + `</ds:DigestValue></ds:Reference></ds:SignedInfo>`
	sum := sha256.Sum256([]byte(`<ds:SignedInfo` + l.inInfo + ` xmlns:ds="` + engine.SignatureSpace + `"` + l.afterInInfo + `>` + inner))
	value, err := signers()[0].Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return `<p:m` + declaresDefault + ` xmlns:p="urn:p"` + declaresX + ` ID="m-1"><ds:Signature xmlns:ds="` + engine.SignatureSpace + `"><ds:SignedInfo>` + inner +
		`<ds:SignatureValue>` + base64.StdEncoding.EncodeToString(value) + `</ds:SignatureValue></ds:Signature>` + content + `</p:m>`
}

// verify is what the engine says of a message.
func verify(doc string, certs ...*x509.Certificate) (*engine.Document, engine.Verified, int, error) {
	d, err := engine.Parse(doc, engine.ResponseLimits())
	if err != nil {
		return nil, engine.Verified{}, 0, err
	}
	sig, err := engine.SignatureOf(d.Root(), false)
	if err != nil {
		return nil, engine.Verified{}, 0, err
	}
	if sig == nil {
		return nil, engine.Verified{}, 0, errors.New("no signature")
	}
	v, by, err := sig.Verify(certs)
	return d, v, by, err
}

const said = `<p:a ID="a-1"><p:b>ann</p:b></p:a><p:c></p:c>`

// The list of SignedInfo is for SignedInfo and that of the transform for the content.
// Who swaps them, or drops one, hashes something else.
func TestBothPrefixListsCount(t *testing.T) {
	t.Parallel()
	good := certOf(signers()[0])
	for name, c := range map[string]struct {
		l    lists
		want error
	}{
		"none":                                {lists{}, nil},
		"of SignedInfo":                       {lists{info: "x", afterInInfo: declaresX}, nil},
		"of the transform":                    {lists{content: "x", afterContent: declaresX}, nil},
		"the same in both":                    {lists{info: "x", afterInInfo: declaresX, content: "x", afterContent: declaresX}, nil},
		"each another":                        {lists{info: "x", afterInInfo: declaresX, content: "#default", inContent: declaresDefault}, nil},
		"each another, the other way":         {lists{info: "#default", inInfo: declaresDefault, content: "x", afterContent: declaresX}, nil},
		"two prefixes":                        {lists{info: "x #default", inInfo: declaresDefault, afterInInfo: declaresX, content: "#default nope x", inContent: declaresDefault, afterContent: declaresX}, nil},
		"a prefix that is used":               {lists{info: "ds", content: "p"}, nil},
		"one that nobody declares":            {lists{info: "nope", content: "nope"}, nil},
		"SignedInfo hashed without its list":  {lists{info: "x"}, engine.ErrKey},
		"SignedInfo hashed with one":          {lists{afterInInfo: declaresX}, engine.ErrKey},
		"SignedInfo hashed with the other's":  {lists{info: "#default", afterInInfo: declaresX, content: "x", afterContent: declaresX}, engine.ErrKey},
		"SignedInfo, the default left out":    {lists{info: "#default"}, engine.ErrKey},
		"the content hashed without its list": {lists{content: "x"}, engine.ErrContent},
		"the content hashed with one":         {lists{afterContent: declaresX}, engine.ErrContent},
		"the content hashed with the other's": {lists{info: "x", afterInInfo: declaresX, content: "#default", afterContent: declaresX}, engine.ErrContent},
		"the content, the default left out":   {lists{content: "#default"}, engine.ErrContent},
		"the content by SignedInfo's alone":   {lists{info: "x", afterInInfo: declaresX, afterContent: declaresX}, engine.ErrContent},
		"SignedInfo by the transform's alone": {lists{afterInInfo: declaresX, content: "x", afterContent: declaresX}, engine.ErrKey},
	} {
		doc := c.l.signed(said)
		_, v, by, err := verify(doc, certOf(signers()[1]), good)
		if !errors.Is(err, c.want) || (err == nil) == v.IsZero() || c.want == nil && by != 1 {
			t.Errorf("%s: %v by %d, want %v", name, err, by, c.want)
		}
		if c.want != nil {
			continue
		}
		if _, v, _, err = verify(doc, certOf(signers()[1])); !errors.Is(err, engine.ErrKey) || !v.IsZero() {
			t.Errorf("%s, another key: %v", name, err)
		}
		// Whoever carries it changes what a list covers, and nothing of what no list does.
		for declaration, covered := range map[string]error{
			declaresX:       coveredBy(c.l.afterInInfo, c.l.afterContent),
			declaresDefault: coveredBy(c.l.inInfo, c.l.inContent),
		} {
			other := strings.Replace(doc, declaration, strings.Replace(declaration, "urn:", "urn:other:", 1), 1)
			if _, _, _, err := verify(other, good); !errors.Is(err, covered) {
				t.Errorf("%s,%s changed: %v, want %v", name, declaration, err, covered)
			}
		}
	}
}

func coveredBy(info, content string) error {
	switch {
	case info != "":
		return engine.ErrKey
	case content != "":
		return engine.ErrContent
	}
	return nil
}

// What was signed is what is inside of it, and neither what is beside it nor its Signature.
func TestVerifiedInside(t *testing.T) {
	t.Parallel()
	doc := lists{}.signed(said)
	d, v, _, err := verify(doc, certOf(signers()[0]))
	if err != nil {
		t.Fatal(err)
	}
	if v.Element() != d.Root() {
		t.Fatalf("%s was verified", v.Element().Local())
	}
	inSignature := map[string]bool{} // by name
	for e := range d.Root().Walk() {
		within := false
		for p := e; !p.IsZero(); p = p.Parent() {
			within = within || p.Is(engine.SignatureSpace, "Signature")
		}
		got := v.Inside(e)
		if got.IsZero() != within || !within && got.Element() != e {
			t.Errorf("%s: within the Signature %t, verified %t", e.Local(), within, !got.IsZero())
		}
		inSignature[e.Local()] = within
	}
	for name, want := range map[string]bool{"m": false, "a": false, "b": false, "c": false, "Signature": true, "SignedInfo": true, "DigestValue": true, "SignatureValue": true} {
		if got, seen := inSignature[name]; !seen || got != want {
			t.Errorf("%s: seen %t, in the Signature %t", name, seen, got)
		}
	}
	a, err := d.Root().One("urn:p", "a")
	if err != nil || a.IsZero() {
		t.Fatal(err)
	}
	b, c := a.First(), a.Next()
	inner := v.Inside(a)
	for name, outside := range map[string]engine.Verified{
		"zero":                      v.Inside(engine.Element{}),
		"of nothing":                engine.Verified{}.Inside(a),
		"nothing of nothing":        engine.Verified{}.Inside(engine.Element{}),
		"what it is in":             inner.Inside(d.Root()),
		"what stands beside":        inner.Inside(c),
		"its Signature":             inner.Inside(d.Root().First()),
		"the same of a copy":        v.Inside(mustParse(t, doc).Root()),
		"a part of a copy":          v.Inside(mustParse(t, doc).Root().First().Next()),
		"decrypted of what is not":  engine.Verified{}.Decrypted(d),
		"of it, but for its parent": inner.Inside(c).Inside(a),
		"what the root is in":       v.Inside(d.Root().Parent()),
	} {
		if !outside.IsZero() {
			t.Errorf("%s is verified: %s", name, outside.Element().Local())
		}
	}
	if inner.Inside(b).Element() != b || inner.Inside(a).Element() != a {
		t.Error("what is inside of what was verified is not")
	}
	if other := mustParse(t, `<x/>`); v.Decrypted(other).Element() != other.Root() {
		t.Error("what was decrypted is not what it is")
	}
	// With two Signatures nobody knows which of them it was.
	twice := fmt.Sprintf(`<p:m xmlns:p="urn:p" xmlns:ds=%q><ds:Signature/><ds:Signature/><p:a/></p:m>`, engine.SignatureSpace)
	two := mustParse(t, twice)
	if got := v.Decrypted(two).Inside(two.Root().First().Next().Next()); !got.IsZero() {
		t.Error("inside of what has two Signatures")
	}
}

func mustParse(t *testing.T, doc string) *engine.Document {
	t.Helper()
	d, err := engine.Parse(doc, engine.ResponseLimits())
	if err != nil {
		t.Fatal(err)
	}
	return d
}
